#include "widgets/value_range.h"

#include <limits>
#include <vector>

#include "tests/support.h"

namespace relocus {

class ValueRangeTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void a_quantile_divides_the_values() {
    std::vector<float> values;
    for (int i = 100; i >= 0; --i) values.push_back(float(i));
    QCOMPARE(quantile(values, 0), 0.f);
    QCOMPARE(quantile(values, 0.5), 50.f);
    QCOMPARE(quantile(values, 1), 100.f);
  }

  void what_is_not_finite_does_not_count() {
    const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
    QCOMPARE(quantile(std::vector{nan, 3.f, inf, -inf}, 0.5), 3.f);
    QCOMPARE(quantile(std::vector{nan}, 0.5), 0.f);
    QCOMPARE(quantile({}, 0.5), 0.f);
  }

  void many_values_are_sampled_fairly() {
    std::vector<float> values(1000000);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = float(i) / float(values.size());
    QVERIFY(std::abs(quantile(values, 0.9) - 0.9f) < 0.01f);
  }

  void heights_about_a_car_have_one_range_and_others_their_own() {
    QCOMPARE(height_range(std::vector{-1.7f, -1.7f, 0.f, 1.f}), height_range(std::vector{-2.f, -1.8f, 0.f, 3.f}));
    const auto [lower, upper] = height_range(std::vector{50.f, 60.f, 80.f});
    QCOMPARE(lower, 50.f);
    QVERIFY(upper > lower);
    const auto [flat_lower, flat_upper] = height_range(std::vector{7.f, 7.f});
    QVERIFY(flat_upper > flat_lower);  // a range of nothing cannot be drawn
  }
};

}  // namespace relocus

QTEST_APPLESS_MAIN(relocus::ValueRangeTest)
#include "value_range_test.moc"
