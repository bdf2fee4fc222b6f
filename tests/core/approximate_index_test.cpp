#include "core/approximate_index.h"

#include <cmath>
#include <random>

#include "core/index.h"
#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;

namespace {

/// Points around 40 centres.
Descriptors made(int count, int dimension, unsigned seed) {
  std::mt19937 centres(3), random(seed);
  std::normal_distribution<float> normal;
  Descriptors places(40, dimension), rows(count, dimension);
  for (Eigen::Index i = 0; i < places.size(); ++i) places.data()[i] = 3 * normal(centres);
  for (int i = 0; i < count; ++i)
    for (int k = 0; k < dimension; ++k) rows(i, k) = places(i % 40, k) + normal(random);
  return rows;
}

ApproximateOptions kind(const std::string& name) {
  ApproximateOptions options;
  options.kind = name;
  options.lists = 32;
  options.code_bytes = 16;
  return options;
}

double recall(const std::vector<std::vector<Candidate>>& found, const Descriptors& entries,
              const Descriptors& queries) {
  const Index exact(entries);
  int right = 0;
  for (Eigen::Index i = 0; i < queries.rows(); ++i) {
    const auto best = exact.search(Eigen::VectorXf(queries.row(i)), 1, exact.size()).front();
    const auto& candidates = found[std::size_t(i)];
    right += std::ranges::find(candidates, best.frame, &Candidate::frame) != candidates.end();
  }
  return double(right) / double(queries.rows());
}

}  // namespace

class ApproximateIndexTest : public QObject {
  Q_OBJECT
  const Descriptors entries_ = made(12000, 32, 1), queries_ = made(100, 32, 2);

 private Q_SLOTS:
  void a_graph_finds_nearly_all_and_tells_true_distances() {
    ApproximateIndex index(kind("hnsw"), 32, entries_.rows());
    QVERIFY(!index.needs_training());
    index.add(entries_.topRows(5000));
    index.add(entries_.bottomRows(7000));
    QCOMPARE(index.size(), FrameId(12000));
    const auto found = index.search(queries_, 10, 128);
    QVERIFY(recall(found, entries_, queries_) > 0.95);
    QVERIFY(recall(index.search(queries_, 1, 1), entries_, queries_) < recall(found, entries_, queries_));
    for (Eigen::Index i = 0; i < queries_.rows(); ++i) {
      const Candidate& best = found[std::size_t(i)].front();
      const float distance = (queries_.row(i) - entries_.row(best.frame)).norm();
      QVERIFY(std::abs(best.distance - distance) < 1e-3f * distance);
    }
  }

  void lists_of_codes_find_most_in_a_fraction_of_the_memory_and_the_same_from_a_file() {
    ApproximateIndex index(kind("ivfpq"), 32, entries_.rows());
    QVERIFY(index.needs_training());
    index.train(entries_);
    index.add(entries_);
    const auto found = index.search(queries_, 20, 16);
    QVERIFY(recall(found, entries_, queries_) > 0.7);
    QVERIFY(index.bytes() < std::size_t(entries_.size()) * sizeof(float) / 4);
    const test::MadeFolder folder;
    const std::size_t in_memory = index.bytes();
    index.move_lists_to(folder / "lists");
    QVERIFY(index.bytes() < in_memory / 10);
    const auto from_file = index.search(queries_, 20, 16);
    for (std::size_t i = 0; i < found.size(); ++i) {
      QCOMPARE(from_file[i].size(), found[i].size());
      for (std::size_t k = 0; k < found[i].size(); ++k) QCOMPARE(from_file[i][k].distance, found[i][k].distance);
    }
  }

  void shards_answer_together() {
    ApproximateIndex index(kind("hnsw"), 32, entries_.rows());
    index.add(entries_);
    const auto alone = join_workers({});
    const auto found = search_shards(index, 1000, *alone, queries_, 5, 64);
    const auto own = index.search(queries_, 5, 64);
    for (std::size_t i = 0; i < own.size(); ++i)
      for (std::size_t k = 0; k < own[i].size(); ++k) QCOMPARE(found[i][k].frame, own[i][k].frame + 1000);
  }

  void what_does_not_fit_is_named() {
    using test::error_of;
    const auto says = [](const std::string& error, const char* part) { return error.find(part) != std::string::npos; };
    ApproximateOptions odd = kind("ivfpq");
    odd.code_bytes = 5;
    QVERIFY(says(error_of([&] { ApproximateIndex(odd, 32, 100); }), "5 bytes do not divide"));
    ApproximateIndex index(kind("ivfpq"), 32, 100);
    QVERIFY(says(error_of([&] { index.add(entries_); }), "learn from a sample"));
    QVERIFY(says(error_of([&] { index.train(entries_.topRows(10)); }), "too few"));
    ApproximateIndex graph(kind("hnsw"), 32, 100);
    QVERIFY(says(error_of([&] { graph.add(made(3, 16, 1)); }), "16 numbers"));
    QVERIFY(says(error_of([&] { graph.move_lists_to("x"); }), "stays in memory"));
    Descriptors bad = entries_.topRows(2);
    bad(1, 3) = std::nanf("");
    QVERIFY(says(error_of([&] { graph.add(bad); }), "not finite"));
    QVERIFY(graph.search(queries_, 5, 10).front().empty());
  }
};

QTEST_APPLESS_MAIN(ApproximateIndexTest)
#include "approximate_index_test.moc"
