#include "core/feature_maps.h"

#include <cmath>
#include <random>

#include "tests/support.h"

using namespace relocus;

namespace {

const float kNan = std::nanf("");

/// Two rows, three columns, two channels; the last cell holds nothing.
CellStack small() { return {{}, {{2, 3, 2}, {3, 4, 0, 1, -1, 0, 5, 5, 1, 2, kNan, kNan}}}; }

/// Cells whose features lie on a line in many dimensions, with a little noise.
CellStack on_a_line(int channels, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  CellStack stack{{}, {{8, 8, channels}, {}}};
  for (int cell = 0; cell < 64; ++cell) {
    const float along = 10 * normal(random);
    for (int c = 0; c < channels; ++c)
      stack.values.values.push_back(float(c % 2 ? 2 : -1) * along + 0.01f * normal(random) + 7);
  }
  return stack;
}

}  // namespace

class FeatureMapsTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void channels_magnitudes_and_greatest_channels_are_cell_by_cell() {
    const CellStack stack = small();
    QCOMPARE(channel(stack, 1).values.values[3], 5.f);
    QCOMPARE(channel(stack, 1).values.shape, (std::vector<std::int64_t>{2, 3}));
    QCOMPARE(magnitude(stack).values.values[0], 5.f);
    const auto greatest = greatest_channel(stack).values.values;
    QCOMPARE(std::vector<float>(greatest.begin(), greatest.begin() + 5), (std::vector<float>{1, 1, 1, 0, 1}));
    for (const CellMap& map : {channel(stack, 0), magnitude(stack), greatest_channel(stack)})
      QVERIFY(std::isnan(map.values.values[5]));
    QVERIFY(test::error_of([&] { channel(stack, 2); }).find("no channel 2") != std::string::npos);
  }

  void norms_are_over_the_cells_with_data_of_both_scans() {
    const CellStack stack = small();
    const CellStack* const both[] = {&stack, &stack};
    const auto norms = channel_norms(both);
    QVERIFY(std::abs(norms[0] - std::sqrt((9 + 0 + 1 + 25 + 1) / 5.f)) < 1e-6f);
    const CellStack other{{}, {{1, 1, 3}, {1, 2, 3}}};
    const CellStack* const unlike[] = {&stack, &other};
    QVERIFY(!test::error_of([&] { channel_norms(unlike); }).empty());
    QVERIFY(!test::error_of([&] { principal_basis(unlike); }).empty());
  }

  void shares_add_up_to_one() {
    const CellMap kinds{{}, {{1, 5}, {0, 2, 2, kNan, 2}}};
    QCOMPARE(shares(kinds, 3), (std::vector<double>{0.25, 0, 0.75}));
    QCOMPARE(shares({{}, {{1, 1}, {kNan}}}, 2), (std::vector<double>{0, 0}));
  }

  void means_and_counts_leave_out_what_is_not_known() {
    const CellMap map{{}, {{1, 4}, {0.25f, kNan, 0.75f, 0.5f}}};
    QCOMPARE(mean(map), 0.5);
    QVERIFY(std::isnan(mean({{}, {{1, 1}, {kNan}}})));
    const CellCount count = count_above(map, 0.5f);
    QCOMPARE(count.known, 3);
    QCOMPARE(count.above, 2);
    QCOMPARE(count_above({{}, {{1, 1}, {kNan}}}, 0).share(), 0.);
    const CellMap* const maps[] = {&map};
    QCOMPARE(range_of(maps), std::optional(std::pair(0.25f, 0.75f)));
  }

  void differences_are_taken_at_the_same_place() {
    const CellMap square{{CellGrid::Shape::Square, {-2, -2}, {2, 2}}, {{2, 2}, {0, 1, kNan, 1}}};
    const CellMap polar{{.shape = CellGrid::Shape::Polar, .max_range = 4}, {{1, 4}, {0.9f, 0.5f, 0.25f, 0.75f}}};
    const auto values = difference(polar, square).values.values;  // (-x, -y), (-x, y), (x, -y), (x, y)
    QCOMPARE(values[0], 0.25f);
    QCOMPARE(values[1], -0.5f);
    QVERIFY(std::isnan(values[2]));
    QVERIFY(std::abs(values[3] + 0.1f) < 1e-6f);
  }

  void a_mask_takes_cells_away() {
    const CellStack stack = masked(small(), {{}, {{2, 3}, {kNan, 1, 1, 1, 1, 1}}});
    QVERIFY(std::isnan(stack.values.values[0]) && std::isnan(stack.values.values[1]));
    QCOMPARE(stack.values.values[2], 0.f);
  }

  void the_first_axis_is_where_the_features_lie() {
    const CellStack a = on_a_line(6, 1), b = on_a_line(6, 2);
    const CellStack* const both[] = {&a, &b};
    const PrincipalBasis basis = principal_basis(both);
    QVERIFY(basis.share[0] > 0.999f);
    Eigen::VectorXf line(6);
    line << -1, 2, -1, 2, -1, 2;
    QVERIFY(std::abs(basis.axes.col(0).dot(line.normalized())) > 0.9999f);
    QVERIFY((basis.axes.transpose() * basis.axes - Eigen::Matrix3f::Identity()).norm() < 1e-4f);
  }

  void equal_features_get_equal_colours_in_both_scans() {
    CellStack a = on_a_line(6, 1), b = on_a_line(6, 2);
    std::copy_n(a.values.values.begin(), 6, b.values.values.end() - 6);
    std::fill_n(a.values.values.begin() + 6, 6, kNan);
    const CellStack* const both[] = {&a, &b};
    const PrincipalBasis basis = principal_basis(both);
    const CellStack colours_a = in_colours(a, basis), colours_b = in_colours(b, basis);
    for (int i = 0; i < 3; ++i) {
      QCOMPARE(colours_a.values.values[std::size_t(i)], colours_b.values.values[std::size_t(63 * 3 + i)]);
      QVERIFY(std::isnan(colours_a.values.values[std::size_t(3 + i)]));
    }
    for (const float value : colours_b.values.values) QVERIFY(value >= 0 && value <= 1);
  }

  void two_channels_or_one_cell_are_enough_for_colours() {
    const CellStack few = small(), one{{}, {{1, 1, 4}, {1, 2, 3, 4}}}, none{{}, {{1, 1, 2}, {kNan, kNan}}};
    for (const CellStack* stack : {&few, &one}) {
      const CellStack* const only[] = {stack};
      for (const float value : in_colours(*stack, principal_basis(only)).values.values)
        QVERIFY(std::isnan(value) || (value >= 0 && value <= 1));
    }
    const CellStack* const nothing[] = {&none};
    QVERIFY(!test::error_of([&] { principal_basis(nothing); }).empty());
  }
};

QTEST_APPLESS_MAIN(FeatureMapsTest)
#include "feature_maps_test.moc"
