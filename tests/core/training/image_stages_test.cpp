// Clusters and principal components of NetVLAD, of made features whose structure is known.

#include "core/training/image_stages.h"

#include <torch/torch.h>

#include <cmath>
#include <set>

#include "core/clusters.h"
#include "core/networks/image_model.h"
#include "core/png.h"
#include "core/weights/golden_rule.h"
#include "core/weights/load.h"
#include "core/weights/model_folder.h"
#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;
using namespace relocus::test;

namespace {

/// Rows around the unit vectors e_0 … e_{k-1}, of unit length.
torch::Tensor around_axes(std::int64_t clusters, std::int64_t each, std::int64_t width, double noise) {
  torch::manual_seed(5);
  const torch::Tensor rows =
      torch::eye(clusters, width).repeat_interleave(each, 0) + noise * torch::randn({clusters * each, width});
  return rows / rows.norm(2, {1}, true);
}

Descriptors rows_of(const torch::Tensor& rows) {
  return Eigen::Map<const Descriptors>(rows.contiguous().data_ptr<float>(), rows.size(0), rows.size(1));
}

/// n rows with covariance diag(9, 4, 1, 0.01, …) turned by a rotation.
torch::Tensor stretched(std::int64_t n, std::int64_t d, const torch::Tensor& rotation) {
  torch::manual_seed(7);
  torch::Tensor deviations = torch::full({d}, 0.1);
  deviations[0] = 3, deviations[1] = 2, deviations[2] = 1;
  return (torch::mm(torch::randn({n, d}) * deviations, rotation) + 5).to(torch::kFloat);
}

torch::Tensor rotation_of(std::int64_t d) {
  torch::manual_seed(11);
  return std::get<0>(torch::linalg_qr(torch::randn({d, d})));
}

}  // namespace

class ImageStagesTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void kmeans_finds_the_groups() {
    const torch::Tensor rows = around_axes(6, 50, 12, 0.05);
    const Descriptors centres = cluster_centres(rows_of(rows), 6, 50, 3);
    QCOMPARE(centres.rows(), Eigen::Index(6));
    std::set<Eigen::Index> found;
    for (int k = 0; k < 6; ++k) {
      Eigen::Index axis;
      QVERIFY(centres.row(k).maxCoeff(&axis) > 0.9f);
      found.insert(axis);
    }
    QCOMPARE(found, (std::set<Eigen::Index>{0, 1, 2, 3, 4, 5}));
    QCOMPARE(cluster_centres(rows_of(rows), 6, 50, 3), centres);  // the same seed
    RELOCUS_ERROR(cluster_centres(rows_of(rows.slice(0, 0, 5)), 6, 50, 3), "6 clusters", "5 samples");
    RELOCUS_ERROR(cluster_centres(rows_of(rows * std::nanf("")), 6, 50, 3), "not finite", "");
  }

  void the_second_best_cluster_gets_a_hundredth_of_the_best() {
    const torch::Tensor centres = torch::eye(4, 8) * 0.9, features = torch::eye(4, 8).repeat({5, 1});
    const VladStart first = vlad_of_clusters(centres, features, 1);
    QVERIFY(std::abs(first.alpha - 4.60517) < 1e-4);  // cosines 1 and 0
    QVERIFY(!first.bias.defined());
    QVERIFY(torch::allclose(first.weight, torch::eye(4, 8) * first.alpha));
    QVERIFY(torch::equal(first.centroids, centres));

    const VladStart second = vlad_of_clusters(centres, features, 2);  // squared distances 0.01 and 1.81
    QVERIFY(std::abs(second.alpha - 4.60517 / 1.8) < 1e-4);
    QVERIFY(torch::allclose(second.weight, 2 * second.alpha * centres));
    QVERIFY(torch::allclose(second.bias, torch::full({4}, -second.alpha * 0.81)));
    for (const VladStart& start : {first, second}) {
      torch::Tensor logits = torch::mm(features, start.weight.t());
      if (start.bias.defined()) logits = logits + start.bias;
      const torch::Tensor shares = std::get<0>(torch::softmax(logits, 1).topk(2, 1));
      QVERIFY(torch::allclose(shares.select(1, 1) / shares.select(1, 0), torch::full({20}, 0.01), 1e-4));
    }
    RELOCUS_ERROR(vlad_of_clusters(torch::ones({4, 8}), features, 1), "no clusters", "");
    RELOCUS_ERROR(vlad_of_clusters(torch::ones({1, 8}), features, 1), "at least 2", "");
  }

  void components_are_the_directions_of_greatest_variance() {
    const std::int64_t d = 10;
    const torch::Tensor rotation = rotation_of(d), rows = stretched(4000, d, rotation);
    const PrincipalComponents plain = principal_components(rows, 3, false, 0);
    const torch::Tensor along = torch::mm(plain.weight, rotation.t()).abs();  // [3, D]
    for (int i = 0; i < 3; ++i) QVERIFY(along[i][i].item<double>() > 0.99);
    QVERIFY(torch::allclose(plain.eigenvalues, torch::tensor({9.0, 4.0, 1.0}, torch::kDouble), 0.1));
    const torch::Tensor projected = torch::mm(rows, plain.weight.t()) + plain.bias;
    QVERIFY(projected.mean(0).abs().max().item<double>() < 1e-4);

    const PrincipalComponents white = principal_components(rows, 3, true, 0);
    const torch::Tensor w = (torch::mm(rows, white.weight.t()) + white.bias).to(torch::kDouble);
    QVERIFY(torch::allclose(torch::mm(w.t(), w) / double(rows.size(0) - 1), torch::eye(3, torch::kDouble), 1e-3, 1e-3));
    const PrincipalComponents alike = principal_components(rows, 3, true, 1);  // one scale for all
    QVERIFY(torch::allclose(alike.weight.norm(2, {1}), alike.weight.norm(2, {1}).mean().expand({3}), 1e-4));
  }

  void fewer_rows_than_numbers_give_the_same_components() {
    const std::int64_t d = 60, n = 40;
    const torch::Tensor rows = stretched(n, d, rotation_of(d)),
                        more = torch::cat({rows, rows});  // 80 > 60: by covariance
    for (const bool whiten : {false, true}) {
      const PrincipalComponents dual = principal_components(rows, 5, whiten, 0);
      const PrincipalComponents primal = principal_components(more, 5, whiten, 0);
      const double scale = double(2 * n - 1) / double(2 * (n - 1));  // of the variances
      QVERIFY(torch::allclose(dual.eigenvalues, primal.eigenvalues * scale, 1e-6));
      const torch::Tensor a = dual.weight / dual.weight.norm(2, {1}, true);
      const torch::Tensor b = primal.weight / primal.weight.norm(2, {1}, true);
      QVERIFY(torch::allclose((a * b).sum(1).abs(), torch::ones({5}), 1e-4));
    }
    RELOCUS_ERROR(principal_components(rows, 40, true, 0), "40 components", "40 descriptors of 60");
    RELOCUS_ERROR(principal_components(rows * std::nanf(""), 3, true, 0), "not finite", "");
  }

  void a_network_learns_both_from_images() {
    MadeFolder folder;
    const ImageWidths small{
        .block1 = 4, .block2 = 4, .block3 = 6, .block4 = 6, .block5 = 8, .clusters = 2, .descriptor = 0};
    write_golden_image_weights(folder / "start", {}, small);
    for (int i = 0; i < 12; ++i) write_image(folder / fmt::format("drive/image_2/{:06}.png", i), i);
    write_file(folder / "drive/times.txt", "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n");
    TrainingJob job;
    job.method = "netvlad";
    job.sequences = {folder / "drive"};
    job.stages = {"clusters", "pca"};
    job.out = folder / "learned";
    job.start = folder / "start";
    job.device = "cpu";
    job.assignments = {"clusters=3", "descriptor=5", "image_width=64", "image_height=48", "features_per_image=6"};
    const auto outcomes = train(job);
    QCOMPARE(outcomes.size(), std::size_t(2));
    QCOMPARE(outcomes[1].stage, std::string("pca"));
    const auto network = load_image_network({.weights = job.out, .device = "cpu"}, "netvlad");
    QCOMPARE(network->widths().clusters, 3);
    QCOMPARE(network->widths().length(), 5);
    const auto before = load_image_network({.weights = job.start, .device = "cpu"}, "netvlad");
    QVERIFY(torch::equal(network->named_parameters()["encoder.28.weight"],
                         before->named_parameters()["encoder.28.weight"]));

    job.start.clear();
    RELOCUS_ERROR(train(job), "VGG-16's weights", "--weights");
    job.start = folder / "start", job.assignments = {"clusters=3", "descriptor=50"}, job.stages = {"pca"};
    RELOCUS_ERROR(train(job), "50 components", "12 descriptors");
  }

 private:
  static void write_image(const std::filesystem::path& path, int seed) {
    std::vector<std::uint8_t> pixels;
    for (int y = 0; y < 48; ++y)
      for (int x = 0; x < 64; ++x)
        for (int c = 0; c < 3; ++c)
          pixels.push_back(
              std::uint8_t(128 + 100 * std::sin(0.05 * x * (1 + seed % 5) + 0.07 * y * (1 + seed % 3) + c * seed)));
    write_file(path, png_of(pixels, 64, 48));
  }
};

QTEST_APPLESS_MAIN(ImageStagesTest)
#include "image_stages_test.moc"
