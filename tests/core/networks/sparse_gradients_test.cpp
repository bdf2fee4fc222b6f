// Gradients by the CPU's kernels against those of LibTorch in float64, and those against finite differences.

#include "core/networks/bevnet.h"
#include "core/networks/device.h"
#include "core/networks/netvlad.h"
#include "core/networks/overlap_head.h"
#include "tests/support.h"

using namespace relocus;

namespace {

/// A batch of scans whose cells are active with probability 0.3; the second scan is `empty` if asked.
SparseMap made_map(int scans, int channels, int height = 20, int width = 24, bool empty = false) {
  torch::Tensor mask = torch::rand({scans, height, width}) < 0.3;
  if (empty) mask[1].zero_();
  const auto cells = std::make_shared<ActiveSet>(mask.nonzero(), scans, height, width);
  return {torch::randn({cells->size(), channels}), cells};
}

/// Gradients of a loss by the input and by all parameters (undefined where there is none).
using Loss = std::function<torch::Tensor(const torch::Tensor& x)>;
std::vector<torch::Tensor> gradients_of(torch::nn::Module& network, const torch::Tensor& input, const Loss& loss) {
  for (torch::Tensor& parameter : network.parameters()) parameter.mutable_grad() = torch::Tensor();
  const torch::Tensor x = input.detach().clone().set_requires_grad(true);
  loss(x).backward();
  std::vector<torch::Tensor> gradients{x.grad()};
  for (const torch::Tensor& parameter : network.parameters())
    gradients.push_back(parameter.grad().defined() ? parameter.grad().clone() : torch::Tensor());
  return gradients;
}

/// The largest difference beside the largest value of each gradient; some are zero but for rounding (a bias before a
/// norm), which is small beside the others.
double difference(const std::vector<torch::Tensor>& found, const std::vector<torch::Tensor>& wanted) {
  double worst = found.size() == wanted.size() ? 0 : 1e9, least = 0;
  for (const torch::Tensor& gradient : wanted)
    if (gradient.defined() && gradient.numel() > 0) least = std::max(least, 0.01 * gradient.abs().max().item<double>());
  for (std::size_t i = 0; i < wanted.size() && i < found.size(); ++i) {
    if (found[i].defined() != wanted[i].defined() || (found[i].defined() && found[i].sizes() != wanted[i].sizes()))
      return 1e9;
    if (!found[i].defined() || found[i].numel() == 0) continue;
    const double size = std::max(wanted[i].abs().max().item<double>(), least);
    worst = std::max(worst, (found[i].to(torch::kDouble) - wanted[i]).abs().max().item<double>() / size);
  }
  return worst;
}

/// How far the kernels' gradients are from LibTorch's in float64.
double kernel_error(torch::nn::Module& network, const torch::Tensor& input, const Loss& loss) {
  const std::vector<torch::Tensor> found = gradients_of(network, input, loss);
  for (torch::Tensor& parameter : network.parameters()) parameter.mutable_grad() = torch::Tensor();
  network.to(torch::kDouble);
  return difference(found, gradients_of(network, input.to(torch::kDouble), loss));
}

/// How far LibTorch's gradients are from finite differences in float64, at some places of each tensor.
double finite_error(torch::nn::Module& network, const torch::Tensor& input, const Loss& loss) {
  network.to(torch::kDouble);
  torch::Tensor x = input.to(torch::kDouble);
  const std::vector<torch::Tensor> known = gradients_of(network, x, loss);
  std::vector<torch::Tensor> tensors{x};
  for (const torch::Tensor& parameter : network.parameters()) tensors.push_back(parameter);
  const torch::NoGradGuard no_gradient;
  double worst = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (!known[i].defined()) continue;
    const double size = std::max(known[i].abs().max().item<double>(), 1e-3);
    torch::Tensor flat = tensors[i].view({-1});
    for (std::int64_t k = 0; k < flat.size(0); k += flat.size(0) / 7 + 1) {
      constexpr double step = 1e-5;
      const double middle = flat[k].item<double>();
      flat[k] = middle + step;
      const double above = loss(x).item<double>();
      flat[k] = middle - step;
      const double below = loss(x).item<double>();
      flat[k] = middle;
      const double wanted = (above - below) / (2 * step);
      worst = std::max(worst, std::abs(known[i].reshape({-1})[k].item<double>() - wanted) / size);
    }
  }
  return worst;
}

/// A scalar that weighs every value differently.
torch::Tensor weighed(const torch::Tensor& y) {
  const torch::Tensor weights = torch::cos(torch::arange(y.numel(), torch::kDouble) * 0.37);
  return (y * weights.to(y.scalar_type()).view(y.sizes())).sum();
}

void randomise(torch::nn::Module& network) {
  const torch::NoGradGuard no_gradient;
  for (torch::Tensor& parameter : network.parameters()) parameter.uniform_(-0.5, 0.5);
}

}  // namespace

class SparseGradientsTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void init() {
    torch::manual_seed(11);
    set_torch_threads(2);
  }

  void convolutions_have_the_gradients_of_gathered_ones() {
    for (const auto& [in, out, kernel] :
         {std::array{16, 16, 11}, {32, 16, 7}, {16, 48, 3}, {48, 64, 3}, {64, 32, 5}, {64, 16, 1}, {32, 80, 1}}) {
      const SparseMap map = made_map(3, in);
      SubmanifoldConv conv(in, out, kernel);
      const double error = kernel_error(conv, map.features,
                                        [&](const torch::Tensor& x) { return weighed(conv.forward(x, *map.cells)); });
      QVERIFY2(error < 2e-5, qPrintable(QString("%1x%1, %2 to %3: %4").arg(kernel).arg(in).arg(out).arg(error)));
    }
  }

  void a_convolution_of_fixed_features_learns_too() {
    const SparseMap map = made_map(1, 16);
    SubmanifoldConv conv(16, 32, 3);
    weighed(conv.forward(map.features, *map.cells)).backward();
    QVERIFY(!map.features.grad().defined());
    QVERIFY(conv.weight.grad().abs().sum().item<double>() > 0);
  }

  void the_way_back_from_pooling_has_the_gradients_of_libtorch() {
    const SparseMap map = made_map(2, 16, 21, 24);
    const torch::Tensor coarse = torch::randn({map.cells->pooled()->size(), 32});
    InverseConv conv(32, 16);
    const Loss loss = [&](const torch::Tensor& x) { return weighed(conv.forward(x, *map.cells)); };
    const torch::Tensor found = conv.forward(coarse, *map.cells).detach();
    QVERIFY(kernel_error(conv, coarse, loss) < 2e-5);
    QVERIFY((conv.forward(coarse.to(torch::kDouble), *map.cells) - found).abs().max().item<double>() < 1e-5);
    QVERIFY(finite_error(conv, coarse, loss) < 1e-6);
  }

  void pooling_gives_the_gradient_to_the_largest() {
    const SparseMap map = made_map(2, 24, 21, 24);
    torch::nn::Module none;
    const Loss loss = [&](const torch::Tensor& x) { return weighed(max_pool({x, map.cells}).features); };
    QVERIFY(kernel_error(none, map.features, loss) < 1e-6);
    QVERIFY(finite_error(none, map.features, loss) < 1e-6);
    const std::vector<torch::Tensor> equal = gradients_of(none, torch::zeros_like(map.features), [&](const auto& x) {
      return max_pool({x, map.cells}).features.sum();
    });
    QCOMPARE(equal[0].sum().item<std::int64_t>(), map.cells->pooled()->size() * 24);  // each window has one winner
  }

  void norms_and_shortcuts_have_the_gradients_of_libtorch() {
    for (const bool empty : {false, true})
      for (const Statistics statistics : {Statistics::PerScan, Statistics::Pooled, Statistics::Running}) {
        const SparseMap map = made_map(3, 32, 12, 14, empty);
        Bottleneck network(32, 64, 3);
        randomise(network);
        const Loss loss = [&](const torch::Tensor& x) {
          return weighed(network.forward({x, map.cells}, statistics).features);
        };
        network.eval();
        const double error = kernel_error(network, map.features, loss);
        QVERIFY2(error < 1e-3, qPrintable(QString::number(error)));
        const double finite = finite_error(network, map.features, loss);
        QVERIFY2(finite < 1e-5, qPrintable(QString::number(finite)));
      }
  }

  void keypoint_scores_are_those_of_dense_maps() {
    torch::Tensor grids = (torch::rand({2, 48, 48, 16}) < 0.02).to(torch::kByte);
    grids.slice(1, 0, 12).slice(2, 0, 12).select(3, 0).fill_(1);  // windows that are full, in the corner too
    BevNet network({.height_layers = 16, .base = 16, .features = 16});
    network.eval();
    SparseMap input = sparsify(grids);
    const Loss loss = [&](const torch::Tensor& x) {
      return weighed(network.forward(SparseMap{x, input.cells}).local.scores);
    };
    const torch::Tensor peaks = network.forward(input).local.peaks;
    const double error = kernel_error(network, input.features, loss);
    QVERIFY2(error < 1e-3, qPrintable(QString::number(error)));
    input.features = input.features.to(torch::kDouble);
    QVERIFY(torch::equal(network.forward(input).local.peaks, peaks.to(torch::kDouble)));
    QVERIFY(peaks.sum().item<double>() > 0 && peaks.sum().item<double>() < peaks.size(0));
  }

  void heads_have_the_gradients_of_libtorch() {
    const Widths narrow{.features = 32, .overlap = 16, .clusters = 4, .descriptor = 16};
    const SparseMap first = made_map(1, 32, 10, 12), second = made_map(1, 32, 10, 12);
    AttentionHead global(narrow);
    global.eval();
    const double described = kernel_error(global, first.features, [&](const torch::Tensor& x) {
      return weighed(global.describe({x, first.cells}).descriptor);
    });
    QVERIFY2(described < 1e-4, qPrintable(QString::number(described)));

    OverlapHead overlap(narrow);
    overlap.eval();
    const double compared = kernel_error(overlap, first.features, [&](const torch::Tensor& x) {
      const OverlapHead::Prepared a = overlap.prepare({x, first.cells}),
                                  b = overlap.prepare({second.features.to(x.scalar_type()), second.cells});
      const OverlapHead::Prepared* const candidates[] = {&b};
      const OverlapHead::Overlap result = overlap.compare(a, candidates).at(0);
      return weighed(result.query) + weighed(result.candidate);
    });
    QVERIFY2(compared < 1e-4, qPrintable(QString::number(compared)));
  }

  void gradients_do_not_depend_on_the_number_of_threads() {
    const torch::Tensor grids = (torch::rand({2, 64, 64, 32}) < 0.02).to(torch::kByte);
    BevBackbone network({.base = 64, .features = 64});
    network.train();
    std::vector<torch::Tensor> first;
    for (const int threads : {1, 2, 3}) {
      set_torch_threads(threads);
      const SparseMap input = sparsify(grids);
      const std::vector<torch::Tensor> gradients = gradients_of(network, input.features, [&](const torch::Tensor& x) {
        return weighed(network.forward(SparseMap{x, input.cells}).features);
      });
      if (threads == 1) first = gradients;
      for (std::size_t i = 0; i < first.size(); ++i)
        QVERIFY2(torch::equal(first[i], gradients[i]),
                 qPrintable(QString("tensor %1, %2 threads").arg(i).arg(threads)));
    }
  }
};

QTEST_APPLESS_MAIN(SparseGradientsTest)
#include "sparse_gradients_test.moc"
