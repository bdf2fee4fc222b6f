#include "core/index.h"

#include <limits>
#include <random>

#include "tests/support.h"

using namespace relocus;

namespace {

Descriptors random_descriptors(int rows, int columns, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Descriptors descriptors(rows, columns);
  for (Eigen::Index i = 0; i < descriptors.size(); ++i) descriptors.data()[i] = normal(random);
  return descriptors;
}

/// The definition: every distance in double, sorted by distance, then by entry.
std::vector<FrameId> nearest_by_hand(const Descriptors& all, const Eigen::VectorXf& query, int count, FrameId size) {
  std::vector<std::pair<double, FrameId>> entries;
  for (FrameId i = 0; i < size; ++i)
    entries.emplace_back((all.row(i).transpose().cast<double>() - query.cast<double>()).squaredNorm(), i);
  std::ranges::sort(entries);
  std::vector<FrameId> frames;
  for (int i = 0; i < std::min<int>(count, size); ++i) frames.push_back(entries[i].second);
  return frames;
}

std::vector<FrameId> frames_of(const std::vector<Candidate>& candidates) {
  std::vector<FrameId> frames;
  for (const Candidate& candidate : candidates) frames.push_back(candidate.frame);
  return frames;
}

}  // namespace

class IndexTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void finds_the_nearest_of_everything_older() {
    const Descriptors all = random_descriptors(1400, 24, 1);
    std::vector<FrameId> sizes;
    for (int i = 0; i < 1400; ++i) sizes.push_back(std::max(0, i - 50));
    const auto found = Index(all).search(all, 10, sizes);
    for (int i = 0; i < 1400; ++i) QCOMPARE(frames_of(found[i]), nearest_by_hand(all, all.row(i), 10, sizes[i]));
  }

  void distances_are_euclidean() {
    Descriptors two(2, 2);
    two << 0, 0, 3, 4;
    const auto found = Index(two).search(Eigen::Vector2f(0, 0), 2, 2);
    QCOMPARE(found[0].distance, 0.f);
    QCOMPARE(found[1].distance, 5.f);
    QVERIFY(std::isnan(found[0].similarity));
  }

  void one_query_and_many_give_the_same() {
    const Descriptors all = random_descriptors(600, 64, 2);
    const Index index(all);
    const auto many = index.search(all, 7, std::vector<FrameId>(600, 600));
    for (const int i : {0, 5, 299}) {
      const auto one = index.search(all.row(i), 7, 600);
      QCOMPARE(frames_of(one), frames_of(many[i]));
      for (int k = 0; k < 7; ++k) QCOMPARE(one[k].distance, many[i][k].distance);
    }
  }

  void equal_distances_come_in_the_order_of_entry() {
    Descriptors all = Descriptors::Zero(800, 16);
    all.col(0).setConstant(1000);  // a large norm: rounding of the matrix product is far larger than the differences
    const auto found = Index(all).search(all, 25, std::vector<FrameId>(800, 800));
    for (const auto& candidates : found) {
      for (int k = 0; k < 25; ++k) QCOMPARE(candidates[k].frame, k);
    }
  }

  void near_ties_far_from_the_origin_are_told_apart() {
    Descriptors all = Descriptors::Constant(600, 32, 100);
    for (int i = 0; i < 600; ++i) all(i, i % 32) += 0.01f * float(1 + (i * 7) % 600);
    const auto found = Index(all).search(all, 12, std::vector<FrameId>(600, 600));
    for (const int i : {0, 17, 311, 599}) QCOMPARE(frames_of(found[i]), nearest_by_hand(all, all.row(i), 12, 600));
  }

  void a_frame_is_found_as_soon_as_it_is_added() {
    const Descriptors all = random_descriptors(60, 8, 3);
    Index online(8);
    for (int i = 0; i < 60; ++i) {
      const auto before = online.search(all.row(i), 3, online.size());
      QCOMPARE(frames_of(before), nearest_by_hand(all, all.row(i), 3, i));
      online.add(all.row(i));
      QCOMPARE(online.size(), i + 1);
      QCOMPARE(online.search(all.row(i), 1, online.size())[0].frame, i);
    }
  }

  void fewer_are_found_where_there_are_fewer() {
    const Descriptors all = random_descriptors(5, 4, 4);
    const Index index(all);
    QCOMPARE(index.search(all.row(0), 25, 5).size(), std::size_t(5));
    QCOMPARE(index.search(all.row(0), 25, 2).size(), std::size_t(2));
    QCOMPARE(index.search(all.row(0), 25, 99).size(), std::size_t(5));
    QCOMPARE(index.search(all.row(0), 25, 0).size(), std::size_t(0));
    QCOMPARE(index.search(all.row(0), 0, 5).size(), std::size_t(0));
    QCOMPARE(Index(4).search(all.row(0), 3, 3).size(), std::size_t(0));
  }

  void misfits_are_named() {
    Index index(3);
    QVERIFY(error_of([&] { index.add(Eigen::VectorXf::Zero(4)); }).find("of 4 numbers") != std::string::npos);
    QVERIFY(error_of([&] { index.search(Eigen::VectorXf::Zero(2), 1, 0); }).find("of 2 numbers") != std::string::npos);
    QVERIFY(!test::error_of([] { Index(0); }).empty());
    Eigen::VectorXf bad = Eigen::VectorXf::Zero(3);
    bad[1] = std::numeric_limits<float>::quiet_NaN();
    QVERIFY(error_of([&] { index.add(bad); }).find("not finite") != std::string::npos);
    QVERIFY(error_of([&] { index.search(bad, 1, 0); }).find("not finite") != std::string::npos);
    Descriptors rows = Descriptors::Zero(3, 2);
    rows(2, 0) = std::numeric_limits<float>::infinity();
    QVERIFY(error_of([&] { Index{rows}; }).find("frame 2") != std::string::npos);
  }

 private:
  template <class Call>
  static std::string error_of(Call&& call) {
    return test::error_of(std::forward<Call>(call));
  }
};

QTEST_APPLESS_MAIN(IndexTest)
#include "index_test.moc"
