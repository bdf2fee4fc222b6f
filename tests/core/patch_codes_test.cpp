#include "core/patch_codes.h"

#include <cmath>
#include <random>

#include "core/encoding_codec.h"
#include "core/patch_matching.h"
#include "tests/support.h"

using namespace relocus;

namespace {

Array unit_patches(int seed, int count, int length) {
  std::mt19937 random{std::uint32_t(seed)};
  std::normal_distribution<float> normal;
  Array patches{{count, length}, std::vector<float>(std::size_t(count * length))};
  for (int row = 0; row < count; ++row) {
    float* const values = patches.values.data() + row * length;
    double sum = 0;
    for (int i = 0; i < length; ++i)
      values[i] = normal(random) + 0.5f * float(i % 3), sum += double(values[i]) * values[i];
    for (int i = 0; i < length; ++i) values[i] /= float(std::sqrt(sum));
  }
  return patches;
}

double cosine(const Array& a, const Array& b, int row) {
  double sum = 0;
  for (std::int64_t i = 0; i < a.shape[1]; ++i)
    sum += double(a.values[std::size_t(row * a.shape[1] + i)]) * b.values[std::size_t(row * a.shape[1] + i)];
  return sum;
}

}  // namespace

class PatchCodesTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void descriptors_come_back_nearly_as_they_were() {
    for (const int length : {128, 33}) {
      const Array patches = unit_patches(1, 200, length);
      const std::vector<Array> codes = quantised(patches);
      QCOMPARE(codes[0].shape, (std::vector<std::int64_t>{200, (length + 1) / 2}));
      const Array again = dequantised(codes[0], codes[1]);
      double sum = 0;
      for (int row = 0; row < 200; ++row) sum += cosine(patches, again, row);
      QVERIFY2(sum / 200 > 0.995, qPrintable(QString::number(sum / 200)));
    }
  }

  void they_take_a_quarter_of_half_precision() {
    const Array patches = unit_patches(2, 936, 512);
    const std::size_t halves = encode_arrays({patches}).size(), codes = encode_arrays(quantised(patches)).size();
    QVERIFY2(codes * 3.9 < halves, qPrintable(QString("%1 of %2 bytes").arg(codes).arg(halves)));
    const std::vector<Array> stored = decode_arrays(encode_arrays(quantised(patches)), "them");
    QCOMPARE(stored[0].values, quantised(patches)[0].values);
  }

  void a_number_that_never_varies_stays_what_it_is() {
    Array patches{{3, 2}, {0.6f, 0.8f, 0.6f, -0.8f, 0.6f, 0.8f}};
    const std::vector<Array> codes = quantised(patches);
    const Array again = dequantised(codes[0], codes[1]);
    for (int row = 0; row < 3; ++row) QVERIFY(cosine(patches, again, row) > 0.95);
    QCOMPARE(quantised(Array{{0, 4}, {}})[0].values.size(), std::size_t(0));
  }

  void what_does_not_fit_is_an_error() {
    const std::vector<Array> codes = quantised(unit_patches(3, 4, 6));
    QVERIFY(!test::error_of([&] { dequantised(codes[1], codes[0]); }).empty());
    Array bad = codes[0];
    bad.values[0] = std::nanf("");
    QVERIFY(!test::error_of([&] { dequantised(bad, codes[1]); }).empty());
  }

  void whole_numbers_are_stored_as_bytes_and_others_are_not() {
    const Array bytes{{300}, std::vector<float>(300, 7)}, others{{300}, std::vector<float>(300, 7.5f)},
        more{{300}, std::vector<float>(300, 256)};
    QVERIFY(encode_arrays({bytes}).size() < 340);
    for (const Array& array : {bytes, others, more})
      QCOMPARE(decode_arrays(encode_arrays({array}), "them")[0].values, array.values);
    QVERIFY(encode_arrays({others}).size() >= 600);
  }
};

QTEST_APPLESS_MAIN(PatchCodesTest)
#include "patch_codes_test.moc"
