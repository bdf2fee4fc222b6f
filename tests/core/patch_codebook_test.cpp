#include "core/patch_codebook.h"

#include <random>

#include "core/numpy.h"
#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;
using test::error_of;

namespace {

/// Unit vectors of `length` numbers around `count` directions.
Descriptors patches_around(int count, int rows, int length, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Descriptors directions(count, length), result(rows, length);
  for (float& value : directions.reshaped()) value = normal(random);
  for (int row = 0; row < rows; ++row) {
    result.row(row) = directions.row(row % count);
    for (float& value : result.row(row)) value += 0.05f * normal(random);
    result.row(row).normalize();
  }
  return result;
}

Array array_of(const Descriptors& rows) {
  return {{rows.rows(), rows.cols()}, {rows.data(), rows.data() + rows.size()}};
}

double mean_cosine(const Descriptors& rows, const Array& others) {
  const Eigen::Map<const Descriptors> found(others.values.data(), rows.rows(), rows.cols());
  return rows.cwiseProduct(found).rowwise().sum().mean();
}

}  // namespace

class PatchCodebookTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void descriptors_like_those_it_learned_from_come_back_nearly_as_they_were() {
    const Descriptors all = patches_around(40, 2000, 64, 1);
    const Descriptors learned = all.topRows(1500), others = all.bottomRows(500);
    const PatchCodebook codebook = PatchCodebook::learned(learned);
    QCOMPARE(codebook.length(), 64);
    QCOMPARE(codebook.bytes(), 8);  // a sixteenth of half precision
    const Array codes = codebook.codes(array_of(others));
    QCOMPARE(codes.shape, (std::vector<std::int64_t>{500, 8}));
    QVERIFY(std::ranges::all_of(codes.values, [](float code) { return code == std::floor(code) && code < 256; }));
    const Array back = codebook.patches(codes);
    QVERIFY2(mean_cosine(others, back) > 0.97, qPrintable(QString::number(mean_cosine(others, back))));
    QVERIFY(std::abs(Eigen::Map<const Eigen::VectorXf>(back.values.data(), 64).norm() - 1) < 1e-5f);
    // A codebook of other patches does worse.
    const PatchCodebook foreign = PatchCodebook::learned(patches_around(40, 1500, 64, 2));
    QVERIFY(mean_cosine(others, foreign.patches(foreign.codes(array_of(others)))) < mean_cosine(others, back) - 0.02);
  }

  void a_file_holds_it_whole() {
    const test::MadeFolder folder;
    const Descriptors all = patches_around(10, 600, 30, 3);
    const PatchCodebook codebook = PatchCodebook::learned(all);
    QCOMPARE(codebook.bytes(), 5);  // 30 = 5 pieces of 6: 8 does not divide it
    codebook.write(folder / "book.npy");
    const PatchCodebook again = PatchCodebook::read(folder / "book.npy");
    QCOMPARE(again.codes(array_of(all)).values, codebook.codes(array_of(all)).values);
    QCOMPARE(again.patches(again.codes(array_of(all))).values, codebook.patches(codebook.codes(array_of(all))).values);
  }

  void what_does_not_fit_is_named() {
    const test::MadeFolder folder;
    QVERIFY(error_of([] { PatchCodebook::learned(patches_around(4, 255, 16, 1)); }).find("255") != std::string::npos);
    Descriptors bad = patches_around(4, 300, 16, 1);
    bad(7, 3) = std::numeric_limits<float>::quiet_NaN();
    QVERIFY(error_of([&] { PatchCodebook::learned(bad); }).find("not finite") != std::string::npos);
    write_npy(folder / "flat.npy", Array{{4, 4}, std::vector<float>(16, 1)});
    QVERIFY(error_of([&] { PatchCodebook::read(folder / "flat.npy"); }).find("flat.npy") != std::string::npos);
    QVERIFY(!error_of([&] { PatchCodebook::read(folder / "none.npy"); }).empty());
    const PatchCodebook codebook = PatchCodebook::learned(patches_around(4, 300, 16, 1));
    QVERIFY(error_of([&] {
              codebook.codes(Array{{1, 8}, std::vector<float>(8, 1)});
            }).find("of 16 numbers") != std::string::npos);
    QVERIFY(!error_of([&] { codebook.patches(Array{{1, 2}, {0, 256}}); }).empty());
    QVERIFY(!error_of([&] { codebook.patches(Array{{1, 1}, {0}}); }).empty());
  }
};

QTEST_APPLESS_MAIN(PatchCodebookTest)
#include "patch_codebook_test.moc"
