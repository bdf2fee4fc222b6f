// OverlapNetVLAD against the reference numbers: every scan, pair and array that overlapnetvlad.npz holds.

#include <cmath>
#include <set>

#include "core/networks/bev_backbone.h"
#include "core/networks/device.h"
#include "core/networks/netvlad.h"
#include "core/networks/overlap_head.h"
#include "core/numpy.h"
#include "core/weights/golden_rule.h"
#include "tests/core/networks/scans.h"

using namespace relocus;

namespace {

using Arrays = std::map<std::string, Array>;

// Tolerances of the reference's README for float32.
constexpr double feature_tolerance = 2e-4, cosine_tolerance = 1e-5, score_tolerance = 1e-4, map_tolerance = 5e-4;

std::string suffix() {
  const char* value = std::getenv("RELOCUS_GOLDEN_SUFFIX");
  return value ? value : "";
}

torch::Tensor tensor_of(const Array& array) {
  return torch::from_blob(const_cast<float*>(array.values.data()), array.shape, torch::kFloat).clone();
}

/// What the file holds: the scans "SS_FFFFFF", or the pairs "A__B".
std::set<std::string> names(const Arrays& arrays, bool pairs) {
  std::set<std::string> result;
  for (const auto& [key, array] : arrays) {
    const std::string name = key.substr(0, key.find('.'));
    if (name != "rule" && (name.find("__") != std::string::npos) == pairs) result.insert(name);
  }
  return result;
}

double cosine(const torch::Tensor& a, const torch::Tensor& b) {
  const torch::Tensor x = a.to(torch::kDouble), y = b.to(torch::kDouble);
  return ((x * y).sum() / (x.norm() * y.norm())).item<double>();
}

double max_difference(const torch::Tensor& a, const torch::Tensor& b) { return (a - b).abs().max().item<double>(); }

}  // namespace

class OverlapNetvladGoldenTest : public QObject {
  Q_OBJECT
 private:
  torch::NoGradGuard no_gradient_;
  Arrays golden_;
  std::map<std::string, SparseMap> features_;
  std::unique_ptr<BevBackbone> backbone_;

  const SparseMap& features(const std::string& name) {
    if (!features_.contains(name)) features_[name] = backbone_->forward(test::occupancy_of(name));
    return features_.at(name);
  }

 private Q_SLOTS:
  void initTestCase() {
    const auto file = test::golden_folder() / "lidar/overlapnetvlad.npz";
    RELOCUS_NEED(file);
    set_torch_threads(0);
    golden_ = read_npz(file);
    QVERIFY(!names(golden_, false).empty());
    backbone_ = std::make_unique<BevBackbone>();
    backbone_->eval();
    fill_by_golden_rule(*backbone_, "backbone.", suffix());
  }

  void the_rule_gives_its_numbers() {
    int rules = 0;
    for (const auto& [key, array] : golden_) {
      if (!key.starts_with("rule.")) continue;
      ++rules;
      for (std::size_t i = 0; i < array.values.size(); ++i)
        QCOMPARE(float(golden_number(key.substr(5) + suffix(), i)), array.values[i]);
    }
    QVERIFY(rules > 0);
  }

  void cells_are_active_where_the_reference_has_them() {
    for (const std::string& name : names(golden_, false)) {
      const Array& counts = golden_.at(name + ".occupied");
      const torch::Tensor grid = test::occupancy_of(name);
      const SparseMap fine = sparsify(grid);
      const auto coarse = fine.cells->pooled()->pooled()->pooled();
      QCOMPARE(float(grid.sum().item<double>()), counts.values.at(0));
      QCOMPARE(float(fine.cells->size()), counts.values.at(1));
      QCOMPARE(float(coarse->size()), counts.values.at(2));
      const torch::Tensor active = coarse->dense(torch::ones({coarse->size(), 1})).view({32, 32});
      QVERIFY(torch::equal(active, tensor_of(golden_.at(name + ".active32"))));
    }
  }

  void backbone_gives_the_reference_features() {
    for (const std::string& name : names(golden_, false)) {
      const torch::Tensor index = tensor_of(golden_.at(name + ".features.index")).to(torch::kLong);
      const auto compare = [&](const SparseMap& map, const torch::Tensor& wanted) {
        const torch::Tensor dense = map.cells->dense(map.features).contiguous();
        const double error = max_difference(dense.view({-1}).index_select(0, index), wanted);
        const double largest = wanted.abs().max().item<double>();
        QVERIFY2(error <= feature_tolerance * largest, qPrintable(QString::number(error / largest)));
      };
      const SparseMap& map = features(name);
      compare(map, tensor_of(golden_.at(name + ".features.value")));
      compare(backbone_->forward(test::occupancy_of(name), Statistics::Running),
              tensor_of(golden_.at(name + ".features_running.value")));
      if (QTest::currentTestFailed()) return;

      const double norm = golden_.at(name + ".features.norm").values.at(0);
      QVERIFY(std::abs(map.features.norm().item<double>() - norm) <= feature_tolerance * norm);
      const torch::Tensor mean = tensor_of(golden_.at(name + ".features.channel_mean"));
      QVERIFY(max_difference(map.features.mean(0), mean) <=
              feature_tolerance * map.features.abs().max().item<double>());
    }
  }

  void both_heads_give_the_reference_descriptors() {
    ConvolutionalHead v1;
    AttentionHead v2;
    fill_by_golden_rule(v1, "vlad.", suffix());
    fill_by_golden_rule(v2, "attnvlad.", suffix());
    v1.eval(), v2.eval();
    for (const std::string& name : names(golden_, false)) {
      const auto check = [&](const char* key, GlobalHead& head) {
        const torch::Tensor wanted = tensor_of(golden_.at(name + key));
        const torch::Tensor found = head.describe(features(name)).descriptor;
        QVERIFY2(cosine(found, wanted) >= 1 - cosine_tolerance, key);
        QVERIFY2(std::abs(found.norm().item<double>() / wanted.norm().item<double>() - 1) < 1e-4, key);
      };
      check(".vlad_v1", v1);
      check(".vlad_v2", v2);
    }
  }

  void overlap_head_gives_the_reference_scores_and_maps() {
    OverlapHead head;
    fill_by_golden_rule(head, "overlap.", suffix());
    head.eval();
    QVERIFY(!names(golden_, true).empty());
    for (const std::string& pair : names(golden_, true)) {
      const std::string first = pair.substr(0, pair.find("__")), second = pair.substr(pair.find("__") + 2);
      const OverlapHead::Prepared query = head.prepare(features(first)), candidate = head.prepare(features(second));
      const OverlapHead::Prepared* const candidates[] = {&candidate};
      const OverlapHead::Overlap overlap = head.compare(query, candidates).at(0);
      const double score = golden_.at(pair + ".score").values.at(0);
      QVERIFY2(std::abs(overlap.score - score) <= score_tolerance,
               qPrintable(QString("%1 instead of %2").arg(double(overlap.score)).arg(score)));

      const torch::Tensor maps = tensor_of(golden_.at(pair + ".heatmaps"));  // [2, 32, 32], NaN where inactive
      const auto compare = [&](const torch::Tensor& wanted, const ActiveSet& cells, const torch::Tensor& values) {
        const torch::Tensor known = wanted.isfinite();
        const torch::Tensor active = cells.dense(torch::ones({cells.size(), 1})).view({32, 32}) > 0;
        QVERIFY(torch::equal(known, active));
        const torch::Tensor found = cells.dense(values.unsqueeze(1)).view({32, 32});
        QVERIFY(max_difference(found.masked_select(known), wanted.masked_select(known)) <= map_tolerance);
      };
      compare(maps[0], *query.cells, overlap.query);
      compare(maps[1], *candidate.cells, overlap.candidate);
    }
  }
};

QTEST_APPLESS_MAIN(OverlapNetvladGoldenTest)
#include "overlap_netvlad_golden_test.moc"
