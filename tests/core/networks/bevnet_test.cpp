// BEVNet against the reference numbers of bevnet.npz, and its gradients against dense layers.

#include "core/networks/bevnet.h"

#include <torch/torch.h>

#include <map>

#include "core/networks/device.h"
#include "core/numpy.h"
#include "core/weights/golden_rule.h"
#include "core/weights/load.h"
#include "tests/core/networks/scans.h"

using namespace relocus;

namespace {

constexpr double feature_tolerance = 2e-4, score_tolerance = 1e-4;
constexpr const char* first_scan = "08_000720";
constexpr const char* second_scan = "08_001500";

torch::Tensor tensor_of(const Array& array) {
  return torch::from_blob(const_cast<float*>(array.values.data()), array.shape, torch::kFloat).clone();
}

double largest(const torch::Tensor& x) { return x.abs().max().item<double>(); }

/// Rows (scan, row, column) as they stand in a set of cells.
torch::Tensor rows_of(const torch::Tensor& places, const ActiveSet& cells) {
  const torch::Tensor numbers = torch::arange(cells.size(), torch::kFloat).unsqueeze(1) + 1;
  const torch::Tensor grid = cells.dense(numbers).select(1, 0);  // [B, H, W], 0: inactive
  return grid.index({places.select(1, 0), places.select(1, 1), places.select(1, 2)}).to(torch::kLong) - 1;
}

bool near(const torch::Tensor& a, const torch::Tensor& b, double tolerance) {
  const double difference = largest(a - b);
  if (difference > tolerance) qWarning("differs by %g, allowed %g", difference, tolerance);
  return a.sizes() == b.sizes() && difference <= tolerance;
}

SparseMap random_map(int scans, int channels, int height, int width) {
  const torch::Tensor mask = torch::rand({scans, height, width}) < 0.3;
  const auto cells = std::make_shared<ActiveSet>(mask.nonzero(), scans, height, width);
  return {torch::randn({cells->size(), channels}), cells};
}

torch::Tensor at_cells(const torch::Tensor& dense, const ActiveSet& cells) {
  const torch::Tensor& c = cells.cells();
  return dense.permute({0, 2, 3, 1}).index({c.select(1, 0), c.select(1, 1), c.select(1, 2)});
}

}  // namespace

class BevnetTest : public QObject {
  Q_OBJECT
  std::map<std::string, Array> golden_;
  BevNet network_;

 private Q_SLOTS:
  void initTestCase() {
    set_torch_threads(0);
    const char* suffix = std::getenv("RELOCUS_GOLDEN_SUFFIX");
    network_.eval();
    fill_by_golden_rule(network_, "bevnet.", suffix ? suffix : "");
    if (const auto file = test::golden_folder() / "lidar/bevnet.npz"; std::filesystem::exists(file))
      golden_ = read_npz(file);
  }

  void has_the_published_tensors() {
    std::int64_t scalars = 0;
    for (const auto& parameter : network_.parameters()) scalars += parameter.numel();
    QCOMPARE(scalars, std::int64_t(7453825));
    const Tensors state = state_of(network_, "");
    QCOMPARE(state.size(), std::size_t(369));
    for (const char* name : {"dconv_down1.conv.3.weight", "fusenet16.mutihead_attention.mlp.3.bias", "upsample3.weight",
                             "upblock2.conv1.shotcut_conv.1.running_var", "last_conv.bias", "weight_conv.weight"})
      QVERIFY2(state.contains(name), name);
  }

  void forward_gives_the_reference_numbers() {
    if (golden_.empty()) QSKIP("no reference numbers here");
    const torch::NoGradGuard no_gradient;
    const torch::Tensor pair = torch::cat({test::occupancy_of(first_scan), test::occupancy_of(second_scan)});
    const BevNet::Result result = network_.forward(pair, Statistics::Pooled);
    const BevNet::Local& local = result.local;
    QCOMPARE(float(local.cells->size()), golden_.at("fine.count").values.at(0));

    const torch::Tensor places = tensor_of(golden_.at("fine.rows")).to(torch::kLong);
    const torch::Tensor rows = rows_of(places, *local.cells);
    QVERIFY(rows.min().item<std::int64_t>() >= 0);
    const torch::Tensor wanted = tensor_of(golden_.at("fine.values"));  // [64, 65]
    const torch::Tensor descriptors = wanted.slice(1, 0, 32), heights = wanted.slice(1, 32, 64);
    QVERIFY(near(local.descriptors.index_select(0, rows), descriptors, feature_tolerance * largest(descriptors)));
    QVERIFY(near(local.heights.index_select(0, rows), heights, feature_tolerance));
    QVERIFY(near(local.scores.index_select(0, rows), wanted.select(1, 64), feature_tolerance));

    const OverlapHead::Overlap overlap = network_.overlap(result.coarse);
    const torch::Tensor means = torch::stack({overlap.query.mean(), overlap.candidate.mean()});
    QVERIFY(near(means, tensor_of(golden_.at("overlap.mean")), score_tolerance));
    const torch::Tensor scores =
        keypoint_scores(local, *result.coarse.cells, torch::cat({overlap.query, overlap.candidate}));
    QVERIFY(near(scores.index_select(0, rows), tensor_of(golden_.at("fine_eval.score")), 5e-4));
  }

  void a_scan_does_not_depend_on_its_companion() {
    const torch::NoGradGuard no_gradient;
    torch::manual_seed(1);
    const torch::Tensor grids = (torch::rand({2, 64, 64, 32}) < 0.02).to(torch::kByte);
    const BevNet::Local together = network_.forward(grids).local;
    const BevNet::Local alone = network_.forward(grids.slice(0, 1, 2).contiguous()).local;
    const std::int64_t first = together.cells->starts()[1];
    QVERIFY(near(together.descriptors.slice(0, first), alone.descriptors, 1e-4));
    QVERIFY(near(together.scores.slice(0, first), alone.scores, 1e-4));
    QVERIFY(test::error_of([&] { network_.forward(torch::zeros({1, 64, 64, 32})); }).size() > 0);
  }

  void heights_are_the_layers_centres() {
    const torch::Tensor layer = torch::one_hot(torch::tensor({0, 31}), 32).to(torch::kFloat);
    QVERIFY(near(height_of(layer, BevGrid{}), torch::tensor({-3.890625f, 2.890625f}), 1e-5));
  }

  void inverse_convolution_equals_a_transposed_dense_one() {
    torch::manual_seed(2);
    const SparseMap fine = random_map(2, 1, 20, 24);
    const auto coarse = fine.cells->pooled();
    const torch::Tensor features = torch::randn({coarse->size(), 5}, torch::requires_grad());
    InverseConv conv(5, 7);
    const torch::Tensor found = conv.forward(features, *fine.cells);
    const torch::Tensor gradient = torch::randn_like(found);
    const auto gradients = torch::autograd::grad({found}, {features, conv.weight, conv.bias}, {gradient});

    const torch::Tensor wanted = at_cells(
        torch::conv_transpose2d(coarse->dense(features), conv.weight.transpose(0, 1), conv.bias, 2, 1, 1), *fine.cells);
    QVERIFY(near(found, wanted, 1e-4));
    const auto expected = torch::autograd::grad({wanted}, {features, conv.weight, conv.bias}, {gradient});
    for (std::size_t i = 0; i < expected.size(); ++i) QVERIFY(near(gradients[i], expected[i], 1e-3));
  }

  void gradients_of_a_submanifold_convolution_are_those_of_a_masked_dense_one() {
    torch::manual_seed(3);
    for (const int kernel : {1, 3, 7}) {
      SparseMap map = random_map(2, 16, 20, 24);
      map.features.set_requires_grad(true);
      SubmanifoldConv conv(16, 32, kernel);
      const torch::Tensor found = conv.forward(map.features, *map.cells);
      const torch::Tensor gradient = torch::randn_like(found);
      const auto gradients = torch::autograd::grad({found}, {map.features, conv.weight, conv.bias}, {gradient});
      const torch::Tensor wanted =
          at_cells(torch::conv2d(map.cells->dense(map.features), conv.weight, conv.bias, 1, kernel / 2), *map.cells);
      const auto expected = torch::autograd::grad({wanted}, {map.features, conv.weight, conv.bias}, {gradient});
      for (std::size_t i = 0; i < expected.size(); ++i) QVERIFY(near(gradients[i], expected[i], 2e-3));
    }
  }

  void every_parameter_learns() {
    torch::manual_seed(4);
    const torch::Tensor grids = (torch::rand({2, 64, 64, 32}) < 0.02).to(torch::kByte);
    BevNet network(Widths{.base = 16, .features = 64, .overlap = 16});
    network.train();
    const BevNet::Result result = network.forward(grids, Statistics::Pooled);
    const OverlapHead::Overlap overlap = network.overlap(result.coarse);
    const torch::Tensor weights = torch::randn_like(result.local.descriptors);
    (overlap.query.sum() + overlap.candidate.square().sum() + (result.local.descriptors * weights).sum() +
     result.local.heights.square().sum() + result.local.scores.sum())
        .backward();
    for (const auto& parameter : network.named_parameters())
      QVERIFY2(parameter.value().grad().defined() && parameter.value().grad().isfinite().all().item<bool>(),
               parameter.key().c_str());
  }
};

QTEST_APPLESS_MAIN(BevnetTest)
#include "bevnet_test.moc"
