// Patch-NetVLAD against the reference numbers: every image, size and pair that the files hold.

#include <cmath>
#include <set>

#include "core/networks/device.h"
#include "core/networks/homography.h"
#include "core/networks/image_netvlad.h"
#include "core/networks/patch_pooling.h"
#include "core/weights/golden_rule.h"
#include "tests/core/networks/image_golden.h"

using namespace relocus;
using test::Arrays;

namespace {

// Tolerances of the reference's README.
constexpr double kDescriptor = 2e-6, kCentredDescriptor = 5e-5, kSureMargin = 2e-6, kGlobal = 4e-5, kDistance = 5e-5;
constexpr int kInliersSlack = 3;

struct Described {
  torch::Tensor global;  ///< [P]
  PatchSet patches;
};

/// What stands between `before` and `after` in the names.
std::set<std::string> words(const Arrays& arrays, const std::string& before, const std::string& after = {}) {
  std::set<std::string> result;
  for (const auto& [key, array] : arrays) {
    if (key.starts_with(before) && key.ends_with(after) && key.size() >= before.size() + after.size())
      result.insert(key.substr(before.size(), key.size() - before.size() - after.size()));
  }
  return result;
}

std::vector<std::pair<int, int>> pairs_of(const Array& array) {
  std::vector<std::pair<int, int>> pairs;
  for (std::size_t i = 0; i + 1 < array.values.size(); i += 2)
    pairs.emplace_back(int(array.values[i]), int(array.values[i + 1]));
  return pairs;
}

std::vector<std::pair<int, int>> pairs_of(const ScaleMatches& matches) {
  std::vector<std::pair<int, int>> pairs;
  for (const PatchPair& pair : matches.pairs) pairs.emplace_back(pair.query, pair.candidate);
  return pairs;
}

/// Kendall's tau of two orders of the same things.
double kendall(const std::vector<int>& a, const std::vector<int>& b) {
  std::vector<int> rank(b.size());
  for (std::size_t i = 0; i < b.size(); ++i) rank[std::size_t(b[i])] = int(i);
  int sum = 0, count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t k = i + 1; k < a.size(); ++k, ++count)
      sum += rank[std::size_t(a[i])] < rank[std::size_t(a[k])] ? 1 : -1;
  }
  return double(sum) / count;
}

/// 0 … n - 1, the least value first, equal ones as they come.
template <class Values>
std::vector<int> order_of(const Values& values) {
  std::vector<int> order(std::size_t(values.size()));
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = int(i);
  std::ranges::stable_sort(order, {}, [&](int i) { return double(values[i]); });
  return order;
}

}  // namespace

class PatchGoldenTest : public QObject {
  Q_OBJECT
 private:
  torch::NoGradGuard no_gradient_;
  Arrays golden_, centred_;
  std::unique_ptr<ImageNetVlad> network_;
  std::map<std::string, VladCells> cells_;  ///< of golden_'s images

  const VladCells& cells(const std::string& image) {
    if (!cells_.contains(image)) cells_[image] = see(golden_.at("image_" + image));
    return cells_.at(image);
  }

  VladCells see(const Array& image) { return network_->forward(test::pixels_of(image)).cells; }

  PatchWhitening whitening(const Arrays* with_bias = nullptr) const {
    const auto parameters = network_->named_parameters();
    return {parameters["WPCA.0.weight"].flatten(1),
            with_bias ? test::tensor_of(with_bias->at("wpca_bias")) : parameters["WPCA.0.bias"]};
  }

  PatchGrid grid_of(const VladCells& cells, int size) const {
    return patch_grid(int(cells.map.size(2)), int(cells.map.size(3)), size, 1);
  }

  Described describe(const VladCells& cells, std::span<const int> sizes, const PatchWhitening& by, PatchSums sums) {
    Described result;
    const torch::Tensor vlad = network_->pool().normalised(network_->pool().residuals(cells));
    result.global = torch::addmm(by.bias, vlad, by.weight.t())[0];
    result.global /= result.global.norm();
    for (const int size : sizes) {
      result.patches.grids.push_back(grid_of(cells, size));
      result.patches.patches.push_back(
          patch_descriptors(network_->pool(), by, cells, 0, result.patches.grids.back(), sums));
    }
    return result;
  }

  std::vector<int> sizes() const {
    std::set<int> found;
    for (const std::string& size : words(golden_, "keypoints_p")) found.insert(std::stoi(size));
    return {found.begin(), found.end()};
  }

  /// Inliers lie in the bounds that RANSAC on the same pairs in other orders found.
  static void check_inliers(const std::vector<ScaleMatches>& found, const Array& bounds, double slack_pairs) {
    for (std::size_t i = 0; i < found.size(); ++i) {
      const float* const row = bounds.values.data() + 4 * i;  // OpenCV's, least, most, pairs
      const int inliers = found[i].num_agreeing();
      QVERIFY2(inliers >= row[1] - kInliersSlack - slack_pairs && inliers <= row[2] + kInliersSlack + slack_pairs,
               qPrintable(QString("%1 inliers, not %2 … %3").arg(inliers).arg(double(row[1])).arg(double(row[2]))));
      if (slack_pairs == 0 && found[i].pairs.size() == std::size_t(row[3])) QVERIFY(inliers <= row[3]);
    }
  }

 private Q_SLOTS:
  void initTestCase() {
    const auto folder = test::golden_folder() / "image";
    RELOCUS_NEED(folder / "patchnetvlad.npz");
    set_torch_threads(0);
    golden_ = read_npz(folder / "patchnetvlad.npz");
    centred_ = read_npz(folder / "patchnetvlad_pairs_centred.npz");
    network_ = std::make_unique<ImageNetVlad>(ImageWidths{.clusters = 16, .descriptor = 128});
    network_->eval();
    fill_by_golden_rule(*network_, "", test::golden_suffix());
    QVERIFY(!words(golden_, "image_").empty());
  }

  void patches_lie_where_the_reference_has_them() {
    const VladCells& seen = cells(*words(golden_, "image_").begin());
    for (const int size : sizes()) {
      const PatchGrid grid = grid_of(seen, size);
      const Array& points = golden_.at(fmt::format("keypoints_p{}", size));
      const Array& places = golden_.at(fmt::format("gridindices_p{}", size));
      QCOMPARE(points.shape[1], std::int64_t(grid.count()));
      for (int i = 0; i < grid.count(); ++i) {
        for (int axis = 0; axis < 2; ++axis) {
          const std::size_t at = std::size_t(axis * grid.count() + i);
          QCOMPARE(grid.keypoint(i)[axis], int(points.values[at]));
          QCOMPARE(grid.cell(i)[axis], int(places.values[at]));
        }
      }
    }
  }

  void descriptors_are_the_reference_s_whether_exact_or_by_its_integral_image() {
    const std::vector<int> all = sizes();
    for (const std::string& image : words(golden_, "image_")) {
      for (const auto& [sums, form, type] :
           {std::tuple(PatchSums::Exact, "exact", "_f64"), std::tuple(PatchSums::Reference, "compat", "_f32")}) {
        const Described found = describe(cells(image), all, whitening(), sums);
        RELOCUS_AT_MOST(
            test::max_difference(found.global, test::tensor_of(golden_.at("global_" + image + "_" + form + type))),
            kDescriptor);
        for (std::size_t i = 0; i < all.size(); ++i) {
          const std::string name = fmt::format("{}_p{}", image, all[i]);
          const torch::Tensor columns = found.patches.patches[i].t();  // [P, L], as the files are
          QCOMPARE(columns.sizes().vec(),
                   (std::vector<std::int64_t>{std::int64_t(golden_.at("shape_" + name).values[0]),
                                              std::int64_t(golden_.at("shape_" + name).values[1])}));
          RELOCUS_AT_MOST(test::max_difference(test::at_places(columns, golden_.at("idx_" + name)),
                                               test::tensor_of(golden_.at(form + ("_" + name)))),
                          kDescriptor);
          std::vector<torch::Tensor> vlads;
          patch_vlads(network_->pool(), cells(image), 0, found.patches.grids[i], sums,
                      [&](std::int64_t, const torch::Tensor& stretch) { vlads.push_back(stretch); });
          RELOCUS_AT_MOST(test::max_difference(test::at_places(torch::cat(vlads).t(), golden_.at("rawidx_" + name)),
                                               test::tensor_of(golden_.at(std::string("raw") + form + "_" + name))),
                          all[i] == 2 ? 3e-6 : 1e-6);
        }
      }
    }
  }

  void stretches_and_strides_give_the_same_patches() {
    const VladCells& seen = cells(*words(golden_, "image_").begin());
    const PatchGrid dense = grid_of(seen, 5), sparse = patch_grid(int(seen.map.size(2)), int(seen.map.size(3)), 5, 3);
    const auto describe_all = [&](const PatchGrid& grid) {
      return patch_descriptors(network_->pool(), whitening(), seen, 0, grid, PatchSums::Exact);
    };
    const torch::Tensor all = describe_all(dense).view({dense.rows, dense.columns, -1});
    const torch::Tensor some = describe_all(sparse).view({sparse.rows, sparse.columns, -1});
    RELOCUS_AT_MOST(test::max_difference(some, all.slice(0, 0, c10::nullopt, 3).slice(1, 0, c10::nullopt, 3)), 2e-6);
    const torch::Tensor other = patch_descriptors(network_->pool(), whitening(), seen, 0, sparse, PatchSums::Reference);
    RELOCUS_AT_MOST(test::max_difference(some.flatten(0, 1), other), 1e-3);
  }

  void pairs_and_scores_of_the_plain_bias_are_the_reference_s_where_margins_are_sure() {
    const std::vector<int> all = sizes();
    const std::vector<double> weights{.45, .15, .4};
    for (const std::string& pair : words(golden_, "score_spatial_", "_exact")) {
      const Described query = describe(cells(pair + "1"), all, whitening(), PatchSums::Exact);
      const Described other = describe(cells(pair + "2"), all, whitening(), PatchSums::Exact);
      const PatchSet* const candidates[] = {&other.patches};
      const std::vector<ScaleMatches> found = match_patches(query.patches, candidates, weights, false)[0];
      for (std::size_t i = 0; i < all.size(); ++i) {
        const auto wanted = pairs_of(golden_.at(fmt::format("mutual_{}_exact_p{}", pair, all[i])));
        const auto got = pairs_of(found[i]);
        std::vector<std::pair<int, int>> differ;
        std::ranges::set_symmetric_difference(std::set(wanted.begin(), wanted.end()), std::set(got.begin(), got.end()),
                                              std::back_inserter(differ));
        QVERIFY(double(differ.size()) <= std::max(2.0, 0.05 * double(wanted.size())));
        const Array& forward = golden_.at(fmt::format("nnmargin_fw_{}_p{}", pair, all[i]));
        const Array& backward = golden_.at(fmt::format("nnmargin_bw_{}_p{}", pair, all[i]));
        for (const auto& [q, d] : differ)
          QVERIFY(forward.values[std::size_t(d)] <= kSureMargin || backward.values[std::size_t(q)] <= kSureMargin);
        const double score = golden_.at("score_spatial_" + pair + "_exact").values[i];
        RELOCUS_AT_MOST(std::abs(found[i].score / score - 1), pair == "A" ? 0.02 : 0.08);
      }
      check_inliers(match_patches(query.patches, candidates, weights, true)[0],
                    golden_.at("ransac_inliers_" + pair + "_exact"), 2);
    }
  }

  void stored_descriptors_match_as_in_the_reference() {
    const std::vector<int> all = sizes();
    PatchSet sets[2];
    for (const int side : {0, 1}) {
      for (const int size : all) {
        sets[side].grids.push_back(grid_of(cells(fmt::format("A{}", side + 1)), size));
        sets[side].patches.push_back(
            test::tensor_of(golden_.at(fmt::format("full_A{}_p{}", side + 1, size))).t().contiguous());
      }
    }
    const PatchSet* const candidates[] = {&sets[1]};
    const std::vector<ScaleMatches> found =
        match_patches(sets[0], candidates, std::vector<double>{.45, .15, .4}, false)[0];
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto wanted = pairs_of(golden_.at(fmt::format("mutual_A_exact_p{}", all[i])));
      const auto got = pairs_of(found[i]);
      int same = 0;
      for (const auto& each : got) same += std::ranges::count(wanted, each);
      QVERIFY(same >= int(wanted.size()) - 2);
    }
  }

  void pairs_of_spread_descriptors_are_exactly_the_reference_s() {
    const std::vector<int> all = sizes();
    const std::vector<double> weights{.45, .15, .4};
    const std::set<std::string> pairs = words(centred_, "score_spatial_", "_f64");
    QVERIFY(!pairs.empty());
    for (const std::string& pair : pairs) {
      const PatchWhitening by = whitening(&centred_);
      std::vector<Described> sides;
      for (const char* side : {"1", "2"}) {
        sides.push_back(describe(cells(pair + side), all, by, PatchSums::Exact));
        for (std::size_t i = 0; i < all.size(); ++i) {
          const std::string name = fmt::format("{}{}_p{}", pair, side, all[i]);
          RELOCUS_AT_MOST(
              test::max_difference(test::at_places(sides.back().patches.patches[i].t(), centred_.at("idx_" + name)),
                                   test::tensor_of(centred_.at("exact_" + name))),
              kCentredDescriptor);
        }
      }
      const PatchSet* const candidates[] = {&sides[1].patches};
      const std::vector<ScaleMatches> spatial = match_patches(sides[0].patches, candidates, weights, false)[0];
      const std::vector<ScaleMatches> ransac = match_patches(sides[0].patches, candidates, weights, true)[0];
      const Array& bounds = centred_.at("ransac_inliers_" + pair + "_f64");
      double similarity = 0, least = 0, most = 0;
      for (std::size_t i = 0; i < all.size(); ++i) {
        QCOMPARE(pairs_of(spatial[i]), pairs_of(centred_.at(fmt::format("mutual_{}_p{}", pair, all[i]))));
        RELOCUS_AT_MOST(std::abs(spatial[i].score / centred_.at("score_spatial_" + pair + "_f64").values[i] - 1), 1e-6);
        similarity -= weights[i] * spatial[i].score;
        const double share = weights[i] / sides[0].patches.grids[i].count();
        least += share * (bounds.values[4 * i + 1] - kInliersSlack);
        most += share * (bounds.values[4 * i + 2] + kInliersSlack);
      }
      check_inliers(ransac, bounds, 0);
      const auto fused = [&](const std::vector<ScaleMatches>& scales) {
        Eigen::MatrixXd scores(1, Eigen::Index(scales.size()));
        for (std::size_t i = 0; i < scales.size(); ++i) scores(0, Eigen::Index(i)) = scales[i].score;
        return double(fused_similarities(scores, weights)[0]);
      };
      const Array& wanted = centred_.at("match_two_" + pair + "_f64");  // RANSAC, spatial
      RELOCUS_AT_MOST(std::abs(fused(spatial) - similarity), 1e-4);
      RELOCUS_AT_MOST(std::abs(fused(spatial) / wanted.values[1] - 1), 1e-6);
      QVERIFY(fused(ransac) >= least - 1e-6 && fused(ransac) <= most + 1e-6);
    }
  }

  void two_stages_order_the_toy_set_as_the_reference_does() {
    const auto folder = test::golden_folder() / "image";
    Arrays images = read_npz(folder / "patchnetvlad_toyset_images_a.npz");
    images.merge(read_npz(folder / "patchnetvlad_toyset_images_b.npz"));
    std::map<std::string, VladCells> seen;
    for (const auto& [name, image] : images) seen[name] = see(image);

    for (const bool strict : {true, false}) {
      const Arrays golden = read_npz(folder / (strict ? "patchnetvlad_toyset_centred.npz" : "patchnetvlad_toyset.npz"));
      const PatchWhitening by = whitening(&golden);
      const auto describe_all = [&](const std::string& prefix, std::size_t count) {
        std::vector<Described> result;
        const int sizes[] = {5};
        for (std::size_t i = 1; i <= count; ++i)
          result.push_back(describe(seen.at(prefix + std::to_string(i)), sizes, by, PatchSums::Exact));
        return result;
      };
      const std::int64_t num_queries = golden.at("netvlad_order").shape[0],
                         num_db = golden.at("netvlad_order").shape[1];
      const auto queries = describe_all("queries_q", std::size_t(num_queries));
      const auto database = describe_all("database_db", std::size_t(num_db));
      std::vector<const PatchSet*> candidates;
      for (const Described& each : database) candidates.push_back(&each.patches);
      const auto row = [&](const char* name, std::int64_t q) {
        const float* const first = golden.at(name).values.data() + q * num_db;
        return std::vector<double>(first, first + num_db);
      };
      int within = 0;
      for (std::int64_t q = 0; q < num_queries; ++q) {
        const Described& query = queries[std::size_t(q)];
        if (strict)
          RELOCUS_AT_MOST(test::max_difference(query.global, test::tensor_of(golden.at("globalfeats_q_f64"))[q]),
                          kGlobal);
        std::vector<double> distances, scores;
        for (const Described& each : database)
          distances.push_back((query.global - each.global).square().sum().item<double>());
        for (const auto& scales : match_patches(query.patches, candidates, std::vector<double>{1}, false))
          scores.push_back(scales[0].score);
        const auto wanted_distances = row("netvlad_sqdist_f64", q), wanted_scores = row("spatial_raw_score_f64", q);
        const auto by_distance = order_of(distances);
        const auto by_score = [&] {  // equal ones as the first stage had them
          std::vector<int> order = by_distance;
          std::ranges::stable_sort(order, {}, [&](int i) { return scores[std::size_t(i)]; });
          return order;
        }();
        const auto as_order = [](const std::vector<double>& values) {
          return std::vector<int>(values.begin(), values.end());
        };
        if (strict) {
          QCOMPARE(by_distance, as_order(row("netvlad_order", q)));
          QCOMPARE(by_score, as_order(row("patchnetvlad_order", q)));
          const std::vector<double> z = standardised(scores), wanted_z = row("spatial_zscore_f64", q);
          for (std::size_t i = 0; i < scores.size(); ++i) {
            RELOCUS_AT_MOST(std::abs(distances[i] - wanted_distances[i]), kDistance);
            RELOCUS_AT_MOST(std::abs(scores[i] / wanted_scores[i] - 1), 1e-6);
            RELOCUS_AT_MOST(std::abs(z[i] - wanted_z[i]), 1e-5);
          }
          continue;
        }
        const auto wanted_order = as_order(row("netvlad_order", q));
        for (std::size_t i = 0; i < by_distance.size(); ++i)
          RELOCUS_AT_MOST(
              std::abs(wanted_distances[std::size_t(by_distance[i])] - wanted_distances[std::size_t(wanted_order[i])]),
              1e-6);
        QVERIFY(kendall(by_score, as_order(row("patchnetvlad_order_f64", q))) >= 0.9);
        for (std::size_t i = 0; i < scores.size(); ++i) {
          RELOCUS_AT_MOST(std::abs(scores[i] / wanted_scores[i] - 1), 0.1);
          within += std::abs(scores[i] / wanted_scores[i] - 1) <= 0.01;
        }
      }
      if (!strict) {  // at least as near as the published program in float32 (0.79) is to itself in float64
        const Array &single = golden.at("spatial_raw_score"), &exact = golden.at("spatial_raw_score_f64");
        int reference = 0;
        for (std::size_t i = 0; i < single.values.size(); ++i)
          reference += std::abs(double(single.values[i]) / double(exact.values[i]) - 1) <= 0.01;
        qInfo("%d of %d scores lie within 1 %%, of the reference in float32 %d", within, int(single.values.size()),
              reference);
        QVERIFY(within >= reference);
      }
      RELOCUS_AT_MOST(
          test::max_difference(database[0].patches.patches[0].t(), test::tensor_of(golden.at("patchfeats_psize5_db0"))),
          strict ? kCentredDescriptor : kDescriptor);
    }
  }
};

QTEST_APPLESS_MAIN(PatchGoldenTest)
#include "patch_golden_test.moc"
