// Sparse layers against dense ones that are masked to the active cells.

#include "core/networks/bev_backbone.h"
#include "tests/support.h"

using namespace relocus;

namespace {

/// A batch of scans whose cells are active with probability 0.3: features on them, and the same as a dense map and
/// mask.
struct Scene {
  SparseMap sparse;
  torch::Tensor dense;  ///< [B, C, H, W]
  torch::Tensor mask;   ///< [B, 1, H, W]
};

Scene scene(int scans, int channels, int height = 20, int width = 24) {
  const torch::Tensor mask = (torch::rand({scans, height, width}) < 0.3).to(torch::kFloat);
  const auto cells = std::make_shared<ActiveSet>(mask.nonzero(), scans, height, width);
  const torch::Tensor features = torch::randn({cells->size(), channels});
  return {{features, cells}, cells->dense(features), mask.unsqueeze(1)};
}

/// Values of a dense map at the active cells: [M, C].
torch::Tensor at_cells(const torch::Tensor& dense, const ActiveSet& cells) {
  const torch::Tensor& c = cells.cells();
  return dense.permute({0, 2, 3, 1}).index({c.select(1, 0), c.select(1, 1), c.select(1, 2)});
}

bool near(const torch::Tensor& a, const torch::Tensor& b, double tolerance = 1e-4) {
  return a.sizes() == b.sizes() && (a.numel() == 0 || (a - b).abs().max().item<double>() <= tolerance);
}

/// The bottleneck with dense convolutions, its tensors taken by their published names.
torch::Tensor dense_bottleneck(const Bottleneck& network, const Scene& scene, Statistics statistics) {
  std::map<std::string, torch::Tensor> w;
  for (const auto& item : network.named_parameters()) w[item.key()] = item.value();
  for (const auto& item : network.named_buffers()) w[item.key()] = item.value();
  const auto conv = [&](const torch::Tensor& x, const std::string& name) {
    const torch::Tensor& weight = w.at(name + ".weight");
    return torch::conv2d(x, weight, w.at(name + ".bias"), 1, weight.size(2) / 2) * scene.mask;
  };
  const auto norm = [&](const torch::Tensor& x, const std::string& name) {
    torch::Tensor result = torch::zeros_like(x);
    const auto affine = [&](const torch::Tensor& part, const torch::Tensor& mask) {  // [B, C, H, W]
      const torch::Tensor n = mask.sum().clamp_min(1);
      torch::Tensor mean = (part * mask).sum({0, 2, 3}) / n;
      torch::Tensor variance = ((part - mean.view({1, -1, 1, 1})).square() * mask).sum({0, 2, 3}) / n;
      if (statistics == Statistics::Running)
        mean = w.at(name + ".running_mean"), variance = w.at(name + ".running_var");
      const torch::Tensor scale = w.at(name + ".weight") / torch::sqrt(variance + 1e-5);
      return ((part - mean.view({1, -1, 1, 1})) * scale.view({1, -1, 1, 1}) +
              w.at(name + ".bias").view({1, -1, 1, 1})) *
             mask;
    };
    if (statistics == Statistics::Pooled) return affine(x, scene.mask);
    for (std::int64_t b = 0; b < x.size(0); ++b)
      result.slice(0, b, b + 1).copy_(affine(x.slice(0, b, b + 1), scene.mask.slice(0, b, b + 1)));
    return result;
  };
  torch::Tensor y = torch::relu(norm(conv(scene.dense, "conv.0"), "conv.1")) * scene.mask;
  y = torch::relu(norm(conv(y, "conv.3"), "conv.4")) * scene.mask;
  y = norm(conv(y, "conv.6"), "conv.7") + norm(conv(scene.dense, "shotcut_conv.0"), "shotcut_conv.1");
  return torch::relu(y) * scene.mask;
}

void randomise(torch::nn::Module& network) {
  const torch::NoGradGuard no_gradient;
  for (auto& buffer : network.named_buffers())
    if (buffer.key().find("running") != std::string::npos) buffer.value().uniform_(0.5, 1.5);
  for (auto& parameter : network.parameters()) parameter.uniform_(-0.3, 0.3);
}

}  // namespace

class SubmanifoldTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void init() { torch::manual_seed(7); }

  void convolution_equals_a_masked_dense_one() {
    for (const auto& [in, out, kernel] :
         {std::array{16, 16, 11}, {32, 16, 7}, {64, 32, 5}, {16, 48, 3}, {5, 7, 3}, {16, 8, 1}}) {
      const Scene s = scene(3, in);
      SubmanifoldConv conv(in, out, kernel);
      const torch::Tensor wanted =
          at_cells(torch::conv2d(s.dense, conv.weight, conv.bias, 1, kernel / 2), *s.sparse.cells).detach();
      QVERIFY2(near(conv.forward(s.sparse.features, *s.sparse.cells).detach(), wanted), "through LibTorch");
      const torch::NoGradGuard no_gradient;
      QVERIFY2(near(conv.forward(s.sparse.features, *s.sparse.cells), wanted), "through the rule book");
    }
  }

  void new_weights_are_used_at_once() {
    const torch::NoGradGuard no_gradient;
    const Scene s = scene(1, 16);
    SubmanifoldConv conv(16, 16, 3);
    conv.forward(s.sparse.features, *s.sparse.cells);
    conv.weight.zero_();
    const torch::Tensor found = conv.forward(s.sparse.features, *s.sparse.cells);
    QVERIFY(near(found, conv.bias.expand_as(found)));
  }

  void the_tables_agree_on_who_is_a_neighbour() {
    const Scene s = scene(2, 1);
    for (const int kernel : {3, 5, 7, 11}) {
      const std::int64_t pairs =
          (s.sparse.cells->neighbours(kernel) < s.sparse.cells->size()).sum().item<std::int64_t>();
      QCOMPARE(std::int64_t(s.sparse.cells->rules(kernel)->pairs.size()), pairs);
    }
  }

  void max_pool_takes_the_largest_active_value() {
    const Scene s = scene(2, 16, 21, 24);
    const double low = -1e9;
    const torch::Tensor lowered = s.dense * s.mask + (1 - s.mask) * low;  // negative values win over inactive cells
    const torch::Tensor wanted = torch::max_pool2d(lowered, 3, 2, 1);
    const SparseMap with_gradient = max_pool(s.sparse);
    const torch::NoGradGuard no_gradient;
    const SparseMap pooled = max_pool(s.sparse);
    QCOMPARE(pooled.cells->size(), (wanted.select(1, 0) > low).sum().item<std::int64_t>());
    QVERIFY(torch::equal(pooled.cells->cells(), (wanted.select(1, 0) > low).nonzero()));
    QVERIFY(near(pooled.features, at_cells(wanted, *pooled.cells), 0));
    QVERIFY(near(with_gradient.features, pooled.features, 0));
  }

  void bottleneck_equals_a_masked_dense_one() {
    for (const Statistics statistics : {Statistics::PerScan, Statistics::Pooled, Statistics::Running}) {
      const Scene s = scene(2, 32);
      Bottleneck network(32, 64, 5);
      randomise(network);
      network.eval();
      const torch::Tensor wanted = at_cells(dense_bottleneck(network, s, statistics), *s.sparse.cells).detach();
      QVERIFY(near(network.forward(s.sparse, statistics).features.detach(), wanted, 1e-3));
      const torch::NoGradGuard no_gradient;
      QVERIFY(near(network.forward(s.sparse, statistics).features, wanted, 1e-3));
    }
  }

  void a_scan_does_not_depend_on_its_companions() {
    const torch::NoGradGuard no_gradient;
    const torch::Tensor grids = (torch::rand({3, 64, 64, 32}) < 0.02).to(torch::kByte);
    BevBackbone backbone;
    backbone.eval();
    const SparseMap together = backbone.forward(grids);
    const SparseMap alone = backbone.forward(grids.slice(0, 1, 2).contiguous());
    const auto& starts = together.cells->starts();
    QVERIFY(near(together.features.slice(0, starts[1], starts[2]), alone.features));
    const SparseMap pooled = backbone.forward(grids, Statistics::Pooled);
    QVERIFY(!near(pooled.features.slice(0, starts[1], starts[2]), alone.features));
  }

  void sparsify_finds_the_same_in_bytes_and_floats() {
    const torch::Tensor grid = (torch::rand({2, 9, 10, 12}) < 0.05).to(torch::kByte);
    const SparseMap bytes = sparsify(grid), floats = sparsify(grid.to(torch::kFloat));
    QVERIFY(torch::equal(bytes.cells->cells(), floats.cells->cells()));
    QVERIFY(torch::equal(bytes.features, floats.features));
  }

  void empty_and_lonely_scans_have_defined_features() {
    const torch::NoGradGuard no_gradient;
    torch::Tensor grids = torch::zeros({2, 64, 64, 32}, torch::kByte);
    grids[1][30][31][4] = 1;
    BevBackbone backbone;
    backbone.eval();
    QCOMPARE(backbone.forward(torch::zeros({1, 64, 64, 32}, torch::kByte)).features.size(0), std::int64_t(0));
    const SparseMap both = backbone.forward(grids);
    QCOMPARE(both.cells->starts()[1], std::int64_t(0));
    QVERIFY(both.features.size(0) > 0);
    QVERIFY(torch::isfinite(both.features).all().item<bool>());
  }

  void gradients_reach_every_weight_that_counts() {
    Bottleneck network(32, 64, 3);
    network.forward(scene(2, 32).sparse, Statistics::Running).features.square().sum().backward();
    for (const auto& item : network.named_parameters())
      QVERIFY2(item.value().grad().defined() && item.value().grad().abs().sum().item<double>() > 0, item.key().c_str());
  }
};

QTEST_APPLESS_MAIN(SubmanifoldTest)
#include "submanifold_test.moc"
