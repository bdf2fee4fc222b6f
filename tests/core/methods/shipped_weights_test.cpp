// The weights that ship, on real scans that they were not learned from: what their card says of them.

#include "core/datasets/registry.h"
#include "core/methods/registry.h"
#include "tests/support.h"

using namespace relocus;
namespace fs = std::filesystem;

namespace {

/// A real scan: which one, where, and what the method makes of it.
struct Place {
  std::string name;
  int drive = 0;
  Eigen::Vector3d position;
  Encoding encoding;
  std::shared_ptr<const Prepared> prepared;
};

float squared_distance(const Place& a, const Place& b) { return (a.encoding.global - b.encoding.global).squaredNorm(); }

}  // namespace

class ShippedWeightsTest : public QObject {
  Q_OBJECT
  static constexpr double kNeighbours = 20;  ///< [m]
  static constexpr std::size_t kReranked = 10;

  std::unique_ptr<Method> method_;
  std::vector<Place> places_;

  bool are_neighbours(std::size_t a, std::size_t b) const {
    return a != b && places_[a].drive == places_[b].drive &&
           (places_[a].position - places_[b].position).norm() < kNeighbours;
  }
  bool has_neighbour(std::size_t a) const {
    for (std::size_t b = 0; b < places_.size(); ++b)
      if (are_neighbours(a, b)) return true;
    return false;
  }
  std::vector<std::size_t> others_by_descriptor(std::size_t query) const {
    std::vector<std::size_t> others;
    for (std::size_t i = 0; i < places_.size(); ++i)
      if (i != query) others.push_back(i);
    std::ranges::stable_sort(others, {},
                             [&](std::size_t other) { return squared_distance(places_[query], places_[other]); });
    return others;
  }
  std::vector<float> overlaps(std::size_t query, const std::vector<std::size_t>& candidates) {
    std::vector<std::shared_ptr<const Prepared>> prepared;
    for (const std::size_t candidate : candidates) prepared.push_back(places_[candidate].prepared);
    std::vector<float> overlaps;
    for (const Method::Score& score : method_->rerank(*places_[query].prepared, prepared))
      overlaps.push_back(score.similarity);
    return overlaps;
  }
  float overlap(const std::string& query, const std::string& candidate) {
    const auto place = [&](const std::string& name) {
      return std::size_t(std::ranges::find(places_, name, &Place::name) - places_.begin());
    };
    return overlaps(place(query), {place(candidate)}).front();
  }

 private Q_SLOTS:
  void initTestCase() {
    const fs::path data = test::shared_folder() / "data";
    const fs::path drives[] = {data / "kitti_odometry/sequences/00", data / "kitti_odometry/sequences/08",
                               data / "sc_aloam/KAIST03"};
    for (const fs::path& drive : drives) RELOCUS_NEED(drive);
    const MethodInfo& info = method("overlap_netvlad");
    Resources resources;
    resources.device = "cpu";
    method_ = info.create(*info.options(), resources);
    for (int drive = 0; drive < 3; ++drive) {
      const Sequence sequence = open_sequence(drives[drive]);
      for (const Frame& frame : sequence.frames) {
        Reading reading;
        reading.cloud = read_cloud(sequence, frame.id);
        Place place{fmt::format("{}/{}", drive == 2 ? "KAIST03" : drives[drive].filename().string(), frame.number),
                    drive,
                    frame.world_from_sensor->translation(),
                    method_->encode(std::span(&reading, 1)).front(),
                    {}};
        place.prepared = method_->prepare(place.encoding);
        places_.push_back(std::move(place));
      }
    }
    QCOMPARE(places_.size(), std::size_t(37));
  }

  void nine_of_ten_real_scans_find_their_neighbours_first() {
    int asked = 0, right = 0, right_by_descriptor = 0;
    for (std::size_t query = 0; query < places_.size(); ++query) {
      if (!has_neighbour(query)) continue;
      std::vector<std::size_t> candidates = others_by_descriptor(query);
      candidates.resize(kReranked);
      const std::vector<float> scores = overlaps(query, candidates);
      ++asked;
      right_by_descriptor += are_neighbours(query, candidates.front());
      right += are_neighbours(query, candidates[std::size_t(std::ranges::max_element(scores) - scores.begin())]);
    }
    qInfo("of %d scans with a neighbour %d have one first, %d by the descriptor alone", asked, right,
          right_by_descriptor);
    QVERIFY(asked >= 30);
    QVERIFY(10 * right >= 9 * asked);
    QVERIFY(10 * right_by_descriptor >= 9 * asked);
  }

  void the_place_passed_the_other_way_overlaps_more_than_every_other() {
    const auto query = std::size_t(std::ranges::find(places_, "08/720", &Place::name) - places_.begin());
    const std::vector<std::size_t> others = others_by_descriptor(query);
    const std::vector<float> scores = overlaps(query, others);
    const auto best = std::size_t(std::ranges::max_element(scores) - scores.begin());
    QCOMPARE(places_[others[best]].name, std::string("08/1500"));
    QVERIFY(scores[best] > 0.8);
  }

  void the_predicted_overlap_falls_with_the_distance() {
    // In the order of their true overlaps.
    const float overlaps[] = {overlap("00/0", "00/1"), overlap("00/0", "00/5"), overlap("08/720", "08/1500"),
                              overlap("00/5", "00/15"), overlap("00/0", "00/15")};
    for (std::size_t i = 1; i < std::size(overlaps); ++i) QVERIFY(overlaps[i] < overlaps[i - 1]);
  }
};

QTEST_APPLESS_MAIN(ShippedWeightsTest)
#include "shipped_weights_test.moc"
