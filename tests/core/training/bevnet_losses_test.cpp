// The losses of BEVNet against the reference numbers of bevnet.npz and on pairs of known answer.

#include "core/training/bevnet_losses.h"

#include <torch/torch.h>

#include <map>
#include <numbers>

#include "core/networks/device.h"
#include "core/numpy.h"
#include "core/weights/golden_rule.h"
#include "tests/core/networks/scans.h"

using namespace relocus;

namespace {

torch::Tensor rule(const std::string& name, std::int64_t rows, std::int64_t columns) {
  torch::Tensor result = torch::empty({rows, columns});
  for (std::int64_t i = 0; i < result.numel(); ++i)
    result.data_ptr<float>()[i] = float(golden_number(name, std::uint64_t(i)));
  return result;
}

torch::Tensor unit_rows(const torch::Tensor& x) { return x / x.norm(2, {1}, true); }

bool near(double found, double wanted, double tolerance) {
  if (std::abs(found - wanted) > tolerance) qWarning("%.9g instead of %.9g", found, wanted);
  return std::abs(found - wanted) <= tolerance;
}
bool near(const torch::Tensor& found, double wanted, double tolerance) {
  return near(found.item<double>(), wanted, tolerance);
}

Eigen::Isometry3d turn(double degrees, const Eigen::Vector3d& shift) {
  Eigen::Isometry3d result = Eigen::Isometry3d::Identity();
  result.linear() = Eigen::AngleAxisd(degrees * std::numbers::pi / 180, Eigen::Vector3d::UnitZ()).toRotationMatrix();
  result.translation() = shift;
  return result;
}

}  // namespace

class BevnetLossesTest : public QObject {
  Q_OBJECT
  std::map<std::string, Array> golden_;

  double golden(const std::string& key, std::size_t i = 0) const { return double(golden_.at(key).values.at(i)); }

 private Q_SLOTS:
  void initTestCase() {
    set_torch_threads(0);
    if (const auto file = test::golden_folder() / "lidar/bevnet.npz"; std::filesystem::exists(file))
      golden_ = read_npz(file);
  }

  void circle_and_detector_losses_give_the_reference_numbers() {
    if (golden_.empty()) QSKIP("no reference numbers here");
    const torch::Tensor u = rule("circle.x", 40, 32), x = unit_rows(u),
                        y = unit_rows(u + 0.3 * rule("circle.y", 40, 32));
    const torch::Tensor p = 5 * rule("circle.p", 40, 2), q = p + 0.2 * rule("circle.q", 40, 2);
    const CircleLoss circle = circle_loss(x, y, p, q);
    QVERIFY(near(circle.loss, golden("circle_loss"), 1e-4));
    QVERIFY(near(circle.accuracy, golden("circle_loss", 1), 1e-6));
    const torch::Tensor scores = torch::linspace(0, 1, 40);
    QVERIFY(near(detector_loss(circle.distances, scores, scores.flip(0)), golden("detector_loss"), 1e-5));
  }

  void overlap_loss_gives_the_reference_numbers() {
    if (golden_.empty()) QSKIP("no reference numbers here");
    const torch::NoGradGuard no_gradient;
    const char* suffix = std::getenv("RELOCUS_GOLDEN_SUFFIX");
    BevNet network;
    network.eval();
    fill_by_golden_rule(network, "bevnet.", suffix ? suffix : "");
    const torch::Tensor pair = torch::cat({test::occupancy_of("08_000720"), test::occupancy_of("08_001500")});
    const SparseMap coarse = network.backbone()->forward(pair, Statistics::Pooled);
    const OverlapLoss loss =
        overlap_loss(network.overlap(coarse), *coarse.cells, turn(148.5, {3, 1, 0}), BevGrid{}, {CellCentre::Reference});
    QVERIFY(near(loss.loss, golden("overlap_loss"), 1e-4));
    QVERIFY(near(loss.precision, golden("overlap_loss", 1), 5e-3));
    QVERIFY(near(loss.recall, golden("overlap_loss", 2), 5e-3));
  }

  void cells_lie_where_they_gather() {
    const ActiveSet cells(torch::tensor({{0, 0, 31}}, torch::kLong), 1, 32, 32);
    const torch::Tensor gathered = coarse_centres(cells, BevGrid{}, CellCentre::Gathered);
    const torch::Tensor reference = coarse_centres(cells, BevGrid{}, {CellCentre::Reference});
    QVERIFY(near(gathered[0][0], -50 + 0.1953125, 1e-6));
    QVERIFY(near(reference[0][0], -50 + 1.5625, 1e-6));
    QVERIFY(near(reference[0][1] - gathered[0][1], 1.3671875, 1e-6));
  }

  void labels_follow_the_pose() {
    // One cell each, 10 cells apart along x.
    const ActiveSet cells(torch::tensor({{0, 4, 16}, {1, 14, 16}}, torch::kLong), 2, 32, 32);
    const OverlapHead::Overlap overlap{0.5f, torch::tensor({0.9f}), torch::tensor({0.9f})};
    const auto loss = [&](double x) { return overlap_loss(overlap, cells, turn(0, {x, 0, 0})); };
    QCOMPARE(loss(0).first.item<float>(), 0.f);
    QCOMPARE(loss(31.25).first.item<float>(), 1.f);
    QCOMPARE(loss(31.25).second.item<float>(), 1.f);
    QCOMPARE(loss(31.25 + 3.2).first.item<float>(), 0.f);
    QVERIFY(near(loss(31.25).loss, -0.1 * std::log(0.9), 1e-5));  // all positive: they weigh the least
    QVERIFY(near(loss(0).loss, -0.1 * std::log(0.1), 1e-5));      // no pair at all is learned from too
    QCOMPARE(loss(0).precision, 0.0);
    const ActiveSet one(torch::tensor({{0, 4, 16}}, torch::kLong), 1, 32, 32);
    QVERIFY(!test::error_of([&] { overlap_loss(overlap, one, turn(0, {0, 0, 0})); }).empty());
  }

  void gradients_of_the_circle_loss_are_those_of_a_small_step() {
    torch::manual_seed(5);
    const torch::Tensor x = torch::randn({6, 4}, torch::kDouble).set_requires_grad(true);
    const torch::Tensor y = torch::randn({6, 4}, torch::kDouble), p = torch::randn({6, 2}, torch::kDouble) * 2;
    // The weights of the exponents are constants to the gradient, so only a loss with those held can be stepped: here
    // the detector's.
    const torch::Tensor scores = torch::rand({6}, torch::kDouble);
    const auto loss = [&](const torch::Tensor& at) {
      return detector_loss(circle_loss(at, y, p, p).distances, scores, scores);
    };
    const torch::Tensor gradient = torch::autograd::grad({loss(x)}, {x})[0];
    torch::Tensor step = x.detach().clone();
    step[2][1] += 1e-6;
    const double slope = (loss(step).item<double>() - loss(x).item<double>()) / 1e-6;
    QVERIFY(near(gradient[2][1], slope, 1e-4));
    const torch::Tensor circle = circle_loss(x, y, p, p).loss;
    QVERIFY(torch::autograd::grad({circle}, {x})[0].isfinite().all().item<bool>());
    QVERIFY(circle_loss(x, x, p, p).accuracy == 100);
  }

  void contrast_knows_partners_and_cells_that_have_none() {
    const torch::Tensor places = torch::tensor({{0.f, 0.f}, {10.f, 0.f}, {20.f, 0.f}});
    const torch::Tensor others = torch::tensor({{0.5f, 0.f}, {14.f, 0.f}, {90.f, 0.f}});
    const CellMatches matches = match_cells(places, others, 3, 5);
    QCOMPARE(matches.same.sum().item<int>(), 1);
    QVERIFY(matches.same[0][0].item<bool>());
    QCOMPARE(matches.neither.sum().item<int>(), 1);  // 4 m: too far to be the place, too near to be another one
    QVERIFY(matches.neither[1][1].item<bool>());     // 6 m is another place: 20 beside 14
    const torch::Tensor axes = torch::eye(6);
    const auto rows = [&](std::vector<std::int64_t> which) { return axes.index_select(0, torch::tensor(which)); };

    const CircleLoss right = contrast_loss(rows({0, 1, 2}), rows({0, 3, 4}), matches);
    QCOMPARE(right.accuracy, 100.0);  // the first finds its partner, the others nobody
    const CircleLoss alike = contrast_loss(rows({0, 1, 2}), rows({0, 3, 2}), matches);
    QVERIFY(near(alike.accuracy, 100.0 * 4 / 6, 1e-9));  // the last of both sides look like each other
    QVERIFY(alike.loss.item<double>() > right.loss.item<double>() + 1);
    // By hand: a partner (cosine 1) and nobody (0.6) beside two others (0); four with nobody beside two or three (0).
    const double t = 0.07, with = std::log(1 + std::exp(-0.4 / t) + 2 * std::exp(-1 / t));
    const double three = std::log(1 + 3 * std::exp(-0.6 / t)), two = std::log(1 + 2 * std::exp(-0.6 / t));
    QVERIFY(near(right.loss, (2 * with + 2 * two + 2 * three) / 6, 1e-6));
    QVERIFY(!contrast_loss(rows({}), rows({1}), match_cells(torch::zeros({0, 2}), torch::zeros({1, 2}), 3, 6))
                 .loss.defined());
  }

  void a_step_along_the_gradient_makes_a_pair_fit_better() {
    torch::manual_seed(6);
    std::mt19937_64 random(1);
    const PointCloud cloud = test::street(1);
    TrainingPair pair;
    pair.input = sparsify(torch::cat({test::occupancy_of(cloud), test::occupancy_of(cloud)}));
    const torch::Tensor positions = pillar_positions(cloud, pair.grid, *scan_of(pair.input, 0).cells);
    pair.positions = torch::cat({positions, positions});
    BevNet network(Widths{.base = 16, .features = 64, .overlap = 16});
    network.train();
    torch::optim::Adam optimizer(network.parameters(), 1e-3);
    std::vector<double> totals;
    for (int step = 0; step < 3; ++step) {
      const BevNet::Result result = network.forward(pair.input, Statistics::Pooled);
      const BevNetLoss loss = bevnet_loss(result, network.overlap(result.coarse), pair, {}, random);
      QVERIFY(loss.coarse.loss.defined() && loss.fine.loss.defined() && loss.height.defined());
      totals.push_back(loss.total.item<double>());
      optimizer.zero_grad();
      loss.total.backward();
      optimizer.step();
    }
    QVERIFY(std::isfinite(totals.back()) && totals.back() < totals.front());
    QVERIFY((loss_labels(network, pair) == 1).all().item<bool>());

    pair.second_from_first = turn(0, {500, 0, 0});  // they do not meet: only the overlap is left to learn
    const BevNet::Result result = network.forward(pair.input, Statistics::Pooled);
    const BevNetLoss apart = bevnet_loss(result, network.overlap(result.coarse), pair, {}, random);
    QVERIFY(!apart.coarse.loss.defined() && !apart.fine.loss.defined());
    QVERIFY(near(apart.total, apart.overlap.loss.item<double>(), 0));
  }

 private:
  static torch::Tensor loss_labels(BevNet& network, const TrainingPair& pair) {
    const torch::NoGradGuard no_gradient;
    const SparseMap coarse = network.forward(pair.input, Statistics::Pooled).coarse;
    return overlap_loss(network.overlap(coarse), *coarse.cells, pair.second_from_first).first;
  }
};

QTEST_APPLESS_MAIN(BevnetLossesTest)
#include "bevnet_losses_test.moc"
