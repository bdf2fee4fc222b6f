// Clusters and principal components of ClusVPR are learned from images, and come back from their files.

#include "core/files.h"
#include "core/hdf5_file.h"
#include "core/methods/registry.h"
#include "core/network_library.h"
#include "core/networks/clusvpr_widths.h"
#include "core/png.h"
#include "core/training.h"
#include "core/vlad_files.h"
#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;
using namespace relocus::test;
namespace fs = std::filesystem;

namespace {

constexpr ClusvprWidths small{.block1 = 4,
                              .block2 = 4,
                              .block3 = 6,
                              .block4 = 6,
                              .block5 = 8,
                              .blocks = 2,
                              .hidden = 4,
                              .mlp = 8,
                              .expansion = 2,
                              .groups = 4,
                              .clusters = 3,
                              .exponent_rows = 3,
                              .exponent_columns = 4,
                              .descriptor = 0};

}  // namespace

class ClusvprStagesTest : public QObject {
  Q_OBJECT
  MadeFolder folder_;

  TrainingJob job_of(const char* out) const {
    TrainingJob job;
    job.method = "clusvpr";
    job.sequences = {folder_ / "drive"};
    job.out = folder_ / out;
    job.start = folder_ / "start";
    job.device = "cpu";
    job.assignments = {"clusters=4", "descriptor=5", "image_width=64", "image_height=48", "features_per_image=9"};
    return job;
  }
  static Eigen::VectorXf descriptor(const fs::path& weights) {
    const MethodInfo& info = method("clusvpr");
    const auto options = info.options();
    set_option(*options, "image_width=0");
    Picture picture{64, 48, {}};
    for (int i = 0; i < 64 * 48 * 3; ++i) picture.pixels.push_back(std::uint8_t(i * 7 % 251));
    const Reading readings[] = {{{}, picture}};
    return info.create(*options, {.weights = weights, .device = "cpu"})->encode(readings).at(0).global;
  }

 private Q_SLOTS:
  void initTestCase() {
    for (int i = 0; i < 12; ++i) {
      std::vector<std::uint8_t> pixels;
      for (int p = 0; p < 64 * 48; ++p)
        for (int c = 0; c < 3; ++c) pixels.push_back(std::uint8_t((p * (i + 3) + c * 40 + p / 64 * i) % 251));
      write_file(folder_ / fmt::format("drive/image_2/{:06}.png", i), png_of(pixels, 64, 48));
    }
    write_file(folder_ / "drive/times.txt", "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n");
    network_library().write_golden_clusvpr_weights(folder_ / "start", {}, small);
  }

  void from_images_to_a_method_that_runs_the_same_for_the_same_seed() {
    const TrainingJob job = job_of("learned");
    const auto outcomes = train(job);
    QCOMPARE(outcomes.size(), std::size_t(2));
    QCOMPARE(outcomes[0].stage, std::string("clusters"));
    QCOMPARE(outcomes[1].stage, std::string("pca"));
    QCOMPARE(descriptor(job.out).size(), Eigen::Index(5));
    using Shape = std::vector<std::int64_t>;
    QCOMPARE(read_hdf5(job.out / "centres.hdf5").at("descriptors").shape, (Shape{12 * 9, 4}));
    QCOMPARE(read_hdf5(job.out / "centres.hdf5").at("centroids").shape, (Shape{4, 4}));
    QCOMPARE(read_hdf5(job.out / "pca.h5").at("U").shape, (Shape{16, 5}));
    QCOMPARE(read_pca(job.out / "pca.h5").eigenvalues.size(), Eigen::Index(5));
    const TrainingJob again = job_of("again");
    train(again);
    QCOMPARE(sha256_of_file(again.out / "weights.safetensors"), sha256_of_file(job.out / "weights.safetensors"));
  }

  void centres_and_components_come_back_from_their_files() {
    const TrainingJob first = job_of("first");
    train(first);
    TrainingJob second = job_of("second");
    second.assignments.push_back("centres=" + (first.out / "centres.hdf5").string());
    second.assignments.push_back("components=" + (first.out / "pca.h5").string());
    train(second);
    QVERIFY((descriptor(first.out) - descriptor(second.out)).norm() < 1e-4f);
  }

  void files_that_do_not_fit_are_named() {
    const TrainingJob job = job_of("wrong");
    const auto with = [&](const fs::path& file, const char* option) {
      TrainingJob changed = job;
      changed.assignments.push_back(std::string(option) + "=" + file.string());
      return error_of([&] { train(changed); });
    };
    const auto says = [](const std::string& text, const char* part) {
      if (text.find(part) == std::string::npos) qWarning("%s", text.c_str());
      return text.find(part) != std::string::npos;
    };
    QVERIFY(says(with(folder_ / "none.hdf5", "centres"), "there is no file"));
    write_centres(folder_ / "whole.hdf5", {Descriptors::Random(4, 8), Descriptors::Random(9, 8)});  // of cluster.py
    QVERIFY(says(with(folder_ / "whole.hdf5", "centres"), "centres of 8 numbers"));
    write_centres(folder_ / "many.hdf5", {Descriptors::Random(6, 4), Descriptors::Random(9, 4)});
    QVERIFY(says(with(folder_ / "many.hdf5", "centres"), "6 centres"));
    const PcaFile pca{Eigen::MatrixXd::Ones(9, 2), Eigen::VectorXd::Ones(2), Eigen::VectorXd::Zero(9),
                      Eigen::VectorXd::Zero(2)};
    write_pca(folder_ / "small.h5", pca);
    QVERIFY(says(with(folder_ / "small.h5", "components"), "components of 9 numbers"));
    QVERIFY(!fs::exists(job.out / "weights.safetensors"));
    TrainingJob bare = job;
    bare.start.clear();
    QVERIFY(says(error_of([&] { train(bare); }), "VGG-16's weights"));
  }
};

QTEST_APPLESS_MAIN(ClusvprStagesTest)
#include "clusvpr_stages_test.moc"
