#include "core/patch_matching.h"

#include <QTest>
#include <cmath>
#include <random>

#include "tests/support.h"

using namespace relocus;

namespace {

/// Numerical Recipes' generator, as the published figures were made with.
std::vector<double> numbers(std::uint32_t seed, std::size_t count) {
  std::vector<double> values(count);
  for (double& value : values) value = double(seed = 1664525u * seed + 1013904223u) / 4294967296.0 - 0.5;
  return values;
}

Descriptors unit_rows(std::uint32_t seed, int rows, int columns) {
  const std::vector<double> values = numbers(seed, std::size_t(rows) * std::size_t(columns));
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> matrix =
      Eigen::Map<const decltype(matrix)>(values.data(), rows, columns);
  matrix.rowwise().normalize();
  return matrix.cast<float>();
}

/// The image that is seen one row and one column further, and not quite the same.
Descriptors moved(const Descriptors& patches, const PatchGrid& grid, float noise, std::uint32_t seed) {
  Descriptors result(patches.rows(), patches.cols());
  for (int i = 0; i < grid.rows; ++i) {
    for (int j = 0; j < grid.columns; ++j) {
      const int there = (i + grid.rows - 1) % grid.rows * grid.columns + (j + grid.columns - 1) % grid.columns;
      result.row(i * grid.columns + j) = patches.row(there);
    }
  }
  result += noise * unit_rows(seed, int(patches.rows()), int(patches.cols()));
  result.rowwise().normalize();
  return result;
}

std::vector<PatchPair> match(const Descriptors& query, const Descriptors& candidate) {
  const Descriptors products = query * candidate.transpose();
  MutualNearest nearest(int(query.rows()), int(candidate.rows()));
  nearest.add(0, int(products.rows()), products.data());
  return nearest.pairs();
}

}  // namespace

class PatchMatchingTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void patches_lie_where_the_published_program_puts_them() {
    const auto ends = [](int size) {
      const PatchGrid grid = patch_grid(30, 40, size, 1);
      return std::tuple(grid.count(), grid.keypoint(0), grid.keypoint(grid.count() - 1));
    };
    using Point = Eigen::Vector2i;
    QCOMPARE(ends(2), std::tuple(1131, Point(15, 15), Point(623, 463)));
    QCOMPARE(ends(5), std::tuple(936, Point(39, 39), Point(599, 439)));
    QCOMPARE(ends(8), std::tuple(759, Point(63, 63), Point(575, 415)));
  }

  void strides_move_the_patches_by_as_many_cells() {
    const PatchGrid grid = patch_grid(30, 40, 5, 2);
    QCOMPARE(grid.count(), 13 * 18);
    QCOMPARE(grid.keypoint(19), Eigen::Vector2i(39 + 32, 39 + 32));
    QCOMPARE(patch_grid(3, 40, 5, 1).count(), 0);
    QVERIFY(test::error_of([] { patch_grid(30, 40, 0, 1); }).find("patch of 0 cells") != std::string::npos);
  }

  void pairs_and_spatial_scores_are_the_reference_s() {
    const PatchGrid grid = patch_grid(6, 8, 2, 1);
    const Descriptors query = unit_rows(1, grid.count(), 16);
    struct Case {
      float noise;
      std::uint32_t seed;
      std::size_t pairs;
      double score;
    };
    std::vector<double> scores;
    for (const Case& each :
         {Case{0, 2, 35, -28.628571429}, Case{0.5f, 3, 35, -28.628571429}, Case{1, 4, 29, -24.859113300},
          Case{2, 5, 19, -17.900751880}, Case{5, 6, 16, -10.705357143}}) {
      const std::vector<PatchPair> pairs = match(query, moved(query, grid, each.noise, each.seed));
      QCOMPARE(pairs.size(), each.pairs);
      scores.push_back(spatial_score(grid, grid, pairs));
      QVERIFY2(std::abs(scores.back() - each.score) < 1e-8, qPrintable(QString::number(scores.back(), 'g', 12)));
    }
    const double wanted[] = {-.935278, -.935278, -.391565, .612122, 1.649998};
    const std::vector<double> z = standardised(scores);
    for (std::size_t i = 0; i < z.size(); ++i) QVERIFY(std::abs(z[i] - wanted[i]) < 1e-6);
  }

  void an_image_matches_itself_wholly() {
    const PatchGrid grid = patch_grid(30, 40, 5, 1);
    const Descriptors patches = unit_rows(7, grid.count(), 64);
    const std::vector<PatchPair> pairs = match(patches, patches);
    QCOMPARE(int(pairs.size()), grid.count());
    QCOMPARE(spatial_score(grid, grid, pairs), -1850.0);
    QCOMPARE(spatial_score(grid, grid, {}), 0.0);
  }

  void nearest_ones_do_not_depend_on_how_the_products_come() {
    constexpr int rows = 137, columns = 61;
    std::mt19937 random(3);
    std::vector<float> products(rows * columns);
    for (float& value : products) value = float(random() % 50) / 50;  // many equal ones
    MutualNearest at_once(rows, columns), in_parts(rows, columns);
    at_once.add(0, rows, products.data());
    for (int first = 0; first < rows; first += 30)
      in_parts.add(first, std::min(30, rows - first), products.data() + first * columns);
    std::vector<PatchPair> wanted;
    for (int c = 0; c < columns; ++c) {
      const auto best_row = [&] {
        int best = 0;
        for (int r = 1; r < rows; ++r) best = products[r * columns + c] > products[best * columns + c] ? r : best;
        return best;
      }();
      const float* const row = products.data() + best_row * columns;
      if (std::max_element(row, row + columns) - row == c) wanted.push_back({best_row, c, row[c]});
    }
    QVERIFY(!wanted.empty());
    for (const std::vector<PatchPair>& found : {at_once.pairs(), in_parts.pairs()}) {
      QCOMPARE(found.size(), wanted.size());
      for (std::size_t i = 0; i < found.size(); ++i) {
        QCOMPARE(found[i].query, wanted[i].query);
        QCOMPARE(found[i].candidate, wanted[i].candidate);
        QCOMPARE(found[i].similarity, wanted[i].similarity);
      }
    }
  }

  void nan_is_nobodys_nearest() {
    const float nan = std::nanf("");
    const float products[] = {nan, nan, nan, nan, 0.5f, 0.25f, nan, 0.75f, 0.1f};
    MutualNearest nearest(3, 3);
    nearest.add(0, 3, products);
    const auto pairs = nearest.pairs();
    QCOMPARE(pairs.size(), std::size_t(1));
    QCOMPARE(pairs[0].query, 2);
    QCOMPARE(pairs[0].candidate, 1);
    QVERIFY(std::isinf(nearest.query_best()[0]));
  }

  void scores_without_variance_say_nothing() {
    QCOMPARE(standardised(std::vector<double>{3, 3, 3}), (std::vector<double>{0, 0, 0}));
    QVERIFY(standardised({}).empty());
  }

  void fused_similarities_are_ordered_by_the_published_sum() {
    Eigen::MatrixXd scores(5, 3);
    scores << -.2, -.5, -.1, -.4, -.1, -.1, -.1, -.2, -.1, -.3, -.4, -.1, 0, 0, -.1;
    const std::vector<double> weights{0.45, 0.15, 0.4};
    std::vector<double> sums(5, 0);
    for (int size = 0; size < 3; ++size) {
      const Eigen::VectorXd column = scores.col(size);
      const auto z = standardised({column.data(), 5});
      for (std::size_t i = 0; i < 5; ++i) sums[i] += weights[std::size_t(size)] * z[i];
    }
    const std::vector<float> fused = fused_similarities(scores, weights);
    for (std::size_t i = 0; i < 5; ++i) {
      for (std::size_t k = 0; k < 5; ++k) QCOMPARE(fused[i] > fused[k], sums[i] < sums[k]);
    }
    // On the scores' own scale: their mean is that of the weighted scores.
    double mean = 0;
    for (int size = 0; size < 3; ++size) mean -= weights[std::size_t(size)] * scores.col(size).mean();
    QVERIFY(std::abs(std::accumulate(fused.begin(), fused.end(), 0.0) / 5 - mean) < 1e-6);
  }

  void one_candidate_has_the_similarity_of_the_pair() {
    const Eigen::MatrixXd one = Eigen::RowVector3d(-.5, -.25, -.125);
    const std::vector<float> fused = fused_similarities(one, std::vector<double>{0.45, 0.15, 0.4});
    QVERIFY(std::abs(fused[0] - (0.45 * .5 + 0.15 * .25 + 0.4 * .125)) < 1e-6);
    QVERIFY(!test::error_of([&] { fused_similarities(one, std::vector<double>{1}); }).empty());
  }

  void matches_travel_in_a_trace() {
    ScaleMatches matches;
    matches.query = patch_grid(4, 5, 2, 1), matches.candidate = patch_grid(4, 4, 2, 2);
    matches.weight = 0.5, matches.score = -0.25;
    matches.pairs = {{3, 1, 0.5f, true}, {7, 2, 0.25f, false}};
    matches.query_best.assign(12, 0.5f), matches.candidate_best.assign(4, 0.75f);
    const Array array = to_array(matches);
    const ScaleMatches again = scale_matches(array);
    QVERIFY(again.query == matches.query && again.candidate == matches.candidate);
    QCOMPARE(again.pairs.size(), std::size_t(2));
    QCOMPARE(again.num_agreeing(), 1);
    QCOMPARE(again.candidate_best, matches.candidate_best);
    Array cut = array;
    cut.values.pop_back();
    QVERIFY(!test::error_of([&] { scale_matches(cut); }).empty());
  }
};

QTEST_APPLESS_MAIN(PatchMatchingTest)
#include "patch_matching_test.moc"
