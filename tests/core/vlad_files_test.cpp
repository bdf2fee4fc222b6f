// Centres of clusters and principal components in HDF5 files, as OpenIBL's and ClusVPR's programs keep them.

#include "core/vlad_files.h"

#include <fstream>

#include "core/files.h"
#include "core/hdf5_file.h"
#include "tests/support.h"

using namespace relocus;
namespace fs = std::filesystem;

namespace {

PcaFile some_pca() {
  PcaFile pca;
  pca.axes = Eigen::MatrixXd::Random(7, 3);
  pca.eigenvalues = Eigen::Vector3d(0.5, 0.25, 1e-12);
  pca.mean = Eigen::VectorXd::Random(7);
  pca.shift = pca.axes.transpose() * pca.mean;
  return pca;
}

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

#define RELOCUS_ERROR(call, first, second)                                                     \
  do {                                                                                         \
    const std::string error_text = test::error_of([&] { call; });                              \
    QVERIFY2(contains(error_text, first) && contains(error_text, second), error_text.c_str()); \
  } while (false)

class VladFilesTest : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  fs::path file(const char* name) const { return folder_.filePath(name).toStdString(); }

 private Q_SLOTS:
  void centres_survive_a_round_trip() {
    const CentresFile centres{Descriptors::Random(4, 6), Descriptors::Random(20, 6)};
    write_centres(file("vgg16_pitts_4_desc_cen.hdf5"), centres);
    const CentresFile found = read_centres(file("vgg16_pitts_4_desc_cen.hdf5"));
    QCOMPARE(found.centroids, centres.centroids);
    QCOMPARE(found.descriptors, centres.descriptors);
  }

  void components_survive_a_round_trip_in_the_programs_shapes() {
    const PcaFile pca = some_pca();
    write_pca(file("pca.h5"), pca);
    const auto datasets = read_hdf5(file("pca.h5"));
    using Shape = std::vector<std::int64_t>;
    QCOMPARE(datasets.at("U").shape, (Shape{7, 3}));
    QCOMPARE(datasets.at("lams").shape, Shape{3});
    QCOMPARE(datasets.at("mu").shape, (Shape{7, 1}));
    QCOMPARE(datasets.at("Utmu").shape, (Shape{3, 1}));
    const PcaFile found = read_pca(file("pca.h5"));
    QVERIFY((found.axes - pca.axes).norm() < 1e-6 && (found.mean - pca.mean).norm() < 1e-6);
    QCOMPARE(found.axes.cast<float>(), pca.axes.cast<float>());
    QCOMPARE(found.eigenvalues.cast<float>(), pca.eigenvalues.cast<float>());
  }

  void a_layer_projects_what_is_left_of_the_mean_and_whitens() {
    const PcaFile pca = some_pca();
    const Eigen::VectorXd x = Eigen::VectorXd::Random(7);
    const PcaLayer plain = pca_layer(pca, 2, false);
    const Eigen::VectorXd wanted = pca.axes.leftCols(2).transpose() * (x - pca.mean);
    QVERIFY((plain.weight * x.cast<float>() + plain.bias - wanted.cast<float>()).norm() < 1e-5f);
    const PcaLayer white = pca_layer(pca, 0, true);
    const Eigen::VectorXf y = white.weight * x.cast<float>() + white.bias;
    QVERIFY(std::abs(y(1) - wanted(1) / 0.5) < 1e-5);
    // An eigenvalue of next to nothing is bounded.
    QVERIFY(std::abs(y(2) / (pca.axes.col(2).dot(x - pca.mean) / std::sqrt(1e-9)) - 1) < 1e-3);
    RELOCUS_ERROR(pca_layer(pca, 4, true), "4 components", "only 3");
  }

  void files_that_do_not_fit_are_named() {
    RELOCUS_ERROR(read_centres(file("none.hdf5")), "there is no file", "none.hdf5");
    write_atomically(file("text.hdf5"), "centroids, descriptors");
    RELOCUS_ERROR(read_centres(file("text.hdf5")), "no HDF5 file", "text.hdf5");
    write_pca(file("pca.h5"), some_pca());
    RELOCUS_ERROR(read_centres(file("pca.h5")), "\"centroids\"", "U, Utmu, lams, mu");
    write_hdf5(file("other.h5"),
               {{"centroids", {{2, 3}, std::vector<float>(6)}}, {"descriptors", {{2, 4}, std::vector<float>(8)}}});
    RELOCUS_ERROR(read_centres(file("other.h5")), "3 numbers", "4");
    RELOCUS_ERROR(read_pca(file("other.h5")), "\"U\"", "centroids, descriptors");
    write_hdf5(file("flat.h5"), {{"centroids", {{6}, std::vector<float>(6)}}});
    RELOCUS_ERROR(read_centres(file("flat.h5")), "[6]", "matrix");
    write_hdf5(file("nan.h5"), {{"centroids", {{1, 1}, {std::nanf("")}}}});
    RELOCUS_ERROR(read_centres(file("nan.h5")), "not finite", "nan.h5");

    PcaFile bad = some_pca();
    bad.eigenvalues(0) = 0;
    write_pca(file("bad.h5"), bad);
    RELOCUS_ERROR(read_pca(file("bad.h5")), "lams", "positive");
    bad = some_pca();
    bad.shift *= 2;
    write_pca(file("bad.h5"), bad);
    RELOCUS_ERROR(read_pca(file("bad.h5")), "Utmu", "other components");
    bad = some_pca();
    bad.mean.conservativeResize(5);
    write_pca(file("bad.h5"), bad);
    RELOCUS_ERROR(read_pca(file("bad.h5")), "mu", "7 numbers");
  }

  void files_that_are_cut_off_or_damaged_do_no_harm() {
    write_pca(file("whole.h5"), some_pca());
    const std::string whole = read_text(file("whole.h5"));
    const auto write = [&](const std::string& bytes) { std::ofstream(file("cut.h5"), std::ios::binary) << bytes; };
    for (std::size_t length = 0; length + 400 < whole.size(); length += 61) {
      write(whole.substr(0, length));
      RELOCUS_ERROR(read_pca(file("cut.h5")), "cut.h5", "");
    }
    for (std::size_t at = 8; at < whole.size(); at += 13) {
      std::string flipped = whole;
      flipped[at] = char(flipped[at] ^ 0x55);
      write(flipped);
      test::error_of([&] { read_pca(file("cut.h5")); });  // some bytes are spare; none may do harm
    }
  }
};

QTEST_APPLESS_MAIN(VladFilesTest)
#include "vlad_files_test.moc"
