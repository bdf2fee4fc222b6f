// Re-ranking by k-reciprocal neighbours against the reference numbers and a plain implementation.

#include "core/reciprocal.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "tests/support.h"

using namespace relocus;
using Eigen::Index;
using Eigen::MatrixXd;

namespace {

/// Rows of unit length of sin(a * i + b), i counting the elements.
Descriptors sines(int rows, int columns, double a, double b) {
  Descriptors result(rows, columns);
  for (int i = 0; i < rows * columns; ++i) result.data()[i] = float(std::sin(a * i + b));
  return result.rowwise().normalized();
}

/// As the program has it: all pairs, dense.
MatrixXd plain(const Descriptors& queries, const Descriptors& database, const ReciprocalOptions& options) {
  const Index q = queries.rows(), n = q + database.rows();
  MatrixXd rows(n, queries.cols());
  rows << queries.cast<double>(), database.cast<double>();
  MatrixXd distances(n, n);
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < n; ++j) distances(i, j) = std::pow((rows.row(i) - rows.row(j)).squaredNorm(), 2);
  const MatrixXd d = distances.array().colwise() / distances.rowwise().maxCoeff().array();
  const std::vector<Index> unsorted(static_cast<std::size_t>(n));
  std::vector<std::vector<Index>> rank(static_cast<std::size_t>(n), unsorted);
  for (Index i = 0; i < n; ++i) {
    std::iota(rank[i].begin(), rank[i].end(), 0);
    std::ranges::stable_sort(rank[i], [&](Index a, Index b) { return d(i, a) < d(i, b); });
  }
  const auto mutual = [&](Index i, int count) {
    std::set<Index> found;
    for (int a = 0; a < count; ++a)
      for (int b = 0; b < count; ++b)
        if (rank[rank[i][a]][b] == i) found.insert(rank[i][a]);
    return found;
  };
  const int half = int(std::nearbyint(options.k1 / 2.)) + 1;
  MatrixXd v = MatrixXd::Zero(n, n);
  for (Index i = 0; i < n; ++i) {
    const std::set<Index> own = mutual(i, options.k1 + 1);
    std::set<Index> all = own;
    for (const Index candidate : own) {
      const std::set<Index> theirs = mutual(candidate, half);
      const auto shared = std::ranges::count_if(theirs, [&](Index j) { return own.contains(j); });
      if (3 * shared > 2 * Index(theirs.size())) all.insert(theirs.begin(), theirs.end());
    }
    for (const Index j : all) v(i, j) = std::exp(-d(i, j));
    v.row(i) /= v.row(i).sum();
  }
  MatrixXd mean = MatrixXd::Zero(n, n);
  for (Index i = 0; i < n; ++i)
    for (int k = 0; k < options.k2; ++k) mean.row(i) += v.row(rank[i][k]) / options.k2;
  MatrixXd result(q, n - q);
  for (Index i = 0; i < q; ++i)
    for (Index j = q; j < n; ++j) {
      const double shared = mean.row(i).cwiseMin(mean.row(j)).sum();
      result(i, j - q) = (1 - shared / (2 - shared)) * (1 - options.lambda) + d(i, j) * options.lambda;
    }
  return result;
}

}  // namespace

class ReciprocalTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void the_reference_numbers_are_met() {
    const auto file = test::golden_folder() / "image/clusvpr_golden.json";
    RELOCUS_NEED(file);
    std::ifstream stream(file);
    const auto golden = nlohmann::json::parse(stream)["h_rerank"];
    const Descriptors queries = sines(3, 5, 0.9, 0.2), database = sines(8, 5, 0.47, 0.35);
    for (const auto& [name, options] : {std::pair{"k1=3,k2=1,l=0", ReciprocalOptions{3, 1, 0}},
                                        std::pair{"k1=4,k2=2,l=0.3", ReciprocalOptions{4, 2, 0.3}}}) {
      const Descriptors found = reciprocal_distances(queries, database, options);
      for (Index i = 0; i < 3; ++i)
        for (Index j = 0; j < 8; ++j) QVERIFY(std::abs(found(i, j) - golden[name][i][j].get<float>()) < 1e-5f);
    }
  }

  void blocks_and_lists_give_what_matrices_of_all_pairs_give() {
    std::srand(3);
    // More queries than a block has rows; places of a few views each, so that neighbours mean something.
    Descriptors queries(300, 12), database(500, 12);
    const Descriptors places = Descriptors::Random(60, 12);
    for (Index i = 0; i < queries.rows(); ++i)
      queries.row(i) = (places.row(i % 60) + 0.4f * Descriptors::Random(1, 12)).normalized();
    for (Index i = 0; i < database.rows(); ++i)
      database.row(i) = (places.row(i % 60) + 0.4f * Descriptors::Random(1, 12)).normalized();
    for (const ReciprocalOptions& options : {ReciprocalOptions{25, 1, 0}, ReciprocalOptions{6, 3, 0.2}}) {
      const MatrixXd wanted = plain(queries, database, options);
      const Descriptors found = reciprocal_distances(queries, database, options);
      const double error = (found.cast<double>() - wanted).cwiseAbs().maxCoeff();
      QVERIFY2(error < 1e-4, qPrintable(QString::number(error)));
    }
  }

  void answers_come_in_the_order_of_the_new_distances() {
    const Descriptors queries = sines(3, 5, 0.9, 0.2), database = sines(8, 5, 0.47, 0.35);
    Descriptors all(11, 5);
    all << database, queries;
    Trajectory trajectory;
    for (int i = 0; i < 11; ++i) {
      trajectory.numbers.push_back(i);
      trajectory.stamps.push_back(i);
      trajectory.travelled.push_back(i);
      trajectory.positions.emplace_back(i, 0, 0);
      trajectory.headings.push_back(0);
    }
    Protocol protocol;
    protocol.exclude_recent = 0;
    protocol.database_frames = 8;
    protocol.num_candidates = protocol.max_recall = 8;
    const ReciprocalOptions options{4, 2, 0.3};
    const auto retrievals = reciprocal_search(all, trajectory, protocol, options);
    const Descriptors distances = reciprocal_distances(queries, database, options);
    QCOMPARE(retrievals.size(), std::size_t(3));
    for (Index i = 0; i < 3; ++i) {
      const Retrieval& retrieval = retrievals[std::size_t(i)];
      QCOMPARE(retrieval.query, FrameId(8 + i));
      QCOMPARE(retrieval.candidates.size(), std::size_t(8));
      float last = 0;
      for (const Candidate& candidate : retrieval.candidates) {
        QCOMPARE(candidate.distance, distances(i, candidate.frame));
        QVERIFY(candidate.distance >= last);
        last = candidate.distance;
      }
    }
    protocol.database_frames = 0;
    const std::string error = test::error_of([&] { reciprocal_search(all, trajectory, protocol, options); });
    QVERIFY2(error.find("all ask the same frames") != std::string::npos, error.c_str());
  }

  void bad_input_is_named() {
    const Descriptors a = sines(3, 5, 0.9, 0.2), b = sines(8, 4, 0.47, 0.35);
    QVERIFY(test::error_of([&] { reciprocal_distances(a, b, {}); }).find("5 numbers") != std::string::npos);
    QVERIFY(!test::error_of([&] { reciprocal_distances(a, a, {0, 1, 0}); }).empty());
    QVERIFY(!test::error_of([&] { reciprocal_distances(a, a, {3, 1, 2}); }).empty());
    Descriptors bad = a;
    bad(1, 1) = std::nanf("");
    QVERIFY(!test::error_of([&] { reciprocal_distances(bad, a, {}); }).empty());
    // Few frames, all the same: no neighbour is a neighbour more than another.
    const Descriptors same = Descriptors::Ones(3, 2);
    QVERIFY(reciprocal_distances(same, same, {}).allFinite());
  }
};

QTEST_APPLESS_MAIN(ReciprocalTest)
#include "reciprocal_test.moc"
