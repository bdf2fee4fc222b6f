// What two scans have in common as a method sees it, with and without weights.
#include "core/inspection.h"

#include <cmath>
#include <numbers>

#include "core/network_library.h"
#include "tests/support.h"

using namespace relocus;

namespace {

constexpr Widths narrow{
    .height_layers = 16, .base = 64, .features = 64, .overlap = 32, .clusters = 8, .descriptor = 32};

/// Walls of different heights around the sensor, turned by `angle`.
Reading walls(double angle = 0) {
  PointCloud cloud;
  for (int i = 0; i < 6000; ++i) {
    const double a = i * 2 * std::numbers::pi / 6000;
    const double radius = 22 + 10 * std::sin(3 * a) + 7 * std::cos(2 * a + 1) + 3 * (i % 5);  // no two sectors alike
    const double top = 1 + i % 5 + std::fmod(std::floor(a * 60 / (2 * std::numbers::pi)) * 7.31, 5);
    cloud.points.emplace_back(radius * std::cos(a + angle), radius * std::sin(a + angle), top);
  }
  return {std::move(cloud), {}};
}

struct Compared {
  const MethodInfo& info;
  std::unique_ptr<Method> method;
  Inspection inspection;
};

Compared compare(const char* name, const Reading& a, const Reading& b, const Resources& resources = {},
                 std::initializer_list<const char*> settings = {}) {
  const MethodInfo& info = method(name);
  const auto options = info.options();
  for (const char* setting : settings) set_option(*options, setting);
  Compared result{info, info.create(*options, resources), {}};
  result.inspection = inspect(info, *result.method, a, b);
  return result;
}

double sum(const CellMap& map) {
  double total = 0;
  for (const float value : map.values.values) total += std::isnan(value) ? 0 : value;
  return total;
}

}  // namespace

class InspectionTest : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  Resources golden_;
  std::unique_ptr<Compared> network_;  // OverlapNetVLAD with two scans

 private Q_SLOTS:
  void initTestCase() {
    golden_.weights = folder_.filePath("golden").toStdString();
    golden_.device = "cpu";
    network_library().write_golden_weights(golden_.weights, {}, narrow);
    network_ = std::make_unique<Compared>(compare("overlap_netvlad", walls(), walls(0.5), golden_));
  }

  void every_map_of_every_method_tells_what_it_is() {
    const Compared without_weights = compare("scan_context", walls(), walls(0.5));
    for (const Inspection& inspection : {network_->inspection, without_weights.inspection}) {
      for (const TracedValue& value : inspection.values) {
        QVERIFY2(!value.label.title.empty(), value.label.name.c_str());
        QVERIFY2(value.is_map() || value.is_stack(), value.label.name.c_str());
        QVERIFY2(value.is_map() || !value.label.channel.empty(), value.label.name.c_str());
      }
      for (const Side side : {Side::Query, Side::Candidate}) QVERIFY(inspection.evidence(side));
      QVERIFY(!inspection.find("nothing", Side::Query));
    }
  }

  void the_mean_of_both_overlap_maps_is_the_similarity() {
    const Inspection& inspection = network_->inspection;
    const CellMap query = inspection.find("overlap", Side::Query)->map();
    const CellMap candidate = inspection.find("overlap", Side::Candidate)->map();
    QVERIFY(std::abs((mean(query) + mean(candidate)) / 2 - inspection.similarity) < 1e-5);
    QVERIFY(inspection.distance > 0);
    QVERIFY(count_above(query, 0).known > 100);
    QVERIFY(count_above(query, 0).known < 32 * 32);
  }

  void cells_without_features_hold_nothing() {
    const Inspection& inspection = network_->inspection;
    const CellMap overlap = inspection.find("overlap", Side::Query)->map();
    const CellMap norms = magnitude(inspection.find("features", Side::Query)->stack());
    for (std::size_t cell = 0; cell < overlap.values.values.size(); ++cell)
      QCOMPARE(std::isnan(norms.values.values[cell]), std::isnan(overlap.values.values[cell]));
    const CellStack assignment = inspection.find("assignment", Side::Query)->stack();
    QCOMPARE(assignment.channels(), narrow.clusters);
    float total = 0;
    for (int k = 0; k < narrow.clusters; ++k) total += assignment.values.values[std::size_t(k)];
    QVERIFY(std::abs(total - 1) < 1e-5f);
  }

  void attention_of_a_cell_adds_up_to_one_over_the_other_scan() {
    const Inspection& inspection = network_->inspection;
    const CellMap overlap = inspection.find("overlap", Side::Query)->map();
    const CellMap other = inspection.find("overlap", Side::Candidate)->map();
    int looked = 0;
    for (int cell = 0; cell < 32 * 32; cell += 7) {
      const auto seen = attention(*network_->method, inspection, Side::Query, cell / 32, cell % 32);
      QCOMPARE(seen.has_value(), !std::isnan(overlap.values.values[std::size_t(cell)]));
      if (!seen) continue;
      ++looked;
      QCOMPARE(seen->label.side, Side::Candidate);
      QVERIFY(std::abs(sum(seen->map()) - 1) < 1e-4);
      for (std::size_t i = 0; i < other.values.values.size(); ++i)
        QCOMPARE(std::isnan(seen->array.values[i]), std::isnan(other.values.values[i]));
    }
    QVERIFY(looked > 10);
    QVERIFY(!attention(*network_->method, inspection, Side::Candidate, -1, 99));
  }

  void scan_context_adds_up_too() {
    for (const double turn : {0., 1.0, -2.4}) {
      const auto [info, method, inspection] = compare("scan_context", walls(), walls(turn));
      for (const Side side : {Side::Query, Side::Candidate}) {
        QVERIFY(std::abs(sum(inspection.find("contribution", side)->map()) - inspection.similarity) < 1e-4);
        QVERIFY(std::abs(mean(inspection.find("column_similarity", side)->map()) - inspection.similarity) < 1e-4);
      }
    }
  }

  void the_same_place_is_alike_everywhere_however_it_is_turned() {
    const double sectors = 60, turn = 2 * std::numbers::pi * 12 / sectors;
    const auto [info, method, inspection] = compare("scan_context", walls(), walls(turn));
    const CellMap query = inspection.evidence(Side::Query)->map(),
                  candidate = inspection.evidence(Side::Candidate)->map();
    QVERIFY(mean(query) > 0.9);
    QVERIFY(std::abs(mean(query) - mean(candidate)) < 1e-5);
    // What the candidate has in a sector stands in the query turned back by as many sectors.
    const auto at = [](const CellMap& map, int ring, int sector) {
      return map.values.values[std::size_t(ring * 60 + (sector + 60) % 60)];
    };
    for (int sector = 0; sector < 60; ++sector)
      for (int ring = 0; ring < 20; ++ring) {
        const float a = at(candidate, ring, sector), b = at(query, ring, sector - 12);
        QVERIFY(a == b || (std::isnan(a) && std::isnan(b)));
      }
    // The best turn is the highest of all.
    const auto by_turn = inspection.find("similarity_by_shift", Side::Both)->array.values;
    QCOMPARE(by_turn.size(), std::size_t(60));
    QCOMPARE(*std::ranges::max_element(by_turn), inspection.similarity);
    QCOMPARE(std::ranges::max_element(by_turn) - by_turn.begin(), 60 - 12);
  }

  void what_only_one_scan_has_speaks_against_it() {
    Reading full = walls(), half = walls();
    std::erase_if(half.cloud.points, [](const Eigen::Vector3f& point) { return point.y() < 1e-3f; });
    const auto [info, method, inspection] = compare("scan_context", full, half);
    const CellMap query = inspection.evidence(Side::Query)->map();
    for (std::size_t cell = 0; cell < query.values.values.size(); ++cell) {
      const bool left = cell % 60 < 30;
      if (!std::isnan(query.values.values[cell])) QCOMPARE(query.values.values[cell] > 0, left);
    }
  }

  void a_sector_of_scan_context_finds_itself() {
    const auto [info, method, inspection] = compare("scan_context", walls(), walls());
    const auto seen = attention(*method, inspection, Side::Query, 3, 17);
    QVERIFY(seen && seen->is_map());
    QCOMPARE(std::ranges::max_element(seen->array.values) - seen->array.values.begin(), 17);
    QVERIFY(std::abs(seen->array.values[17] - 1) < 1e-5f);
  }

  void other_grids_of_scan_context_are_maps_too() {
    const auto [info, method, inspection] =
        compare("scan_context", walls(), walls(std::numbers::pi), {}, {"context=cart", "augment=on"});
    QVERIFY(std::abs(std::abs(inspection.yaw) - std::numbers::pi) < 1e-3);
    const CellMap query = inspection.evidence(Side::Query)->map();
    QVERIFY(query.grid.shape == CellGrid::Shape::Square);
    QVERIFY(mean(query) > 0.8);
    // The query's map lies as the query does, although it was compared turned round.
    const CellMap context = inspection.find("context", Side::Query)->map();
    for (std::size_t cell = 0; cell < query.values.values.size(); ++cell)
      if (!std::isnan(context.values.values[cell])) QVERIFY(!std::isnan(query.values.values[cell]));
  }

  void empty_scans_are_inspected_without_evidence() {
    for (const char* name : {"overlap_netvlad", "scan_context"}) {
      const auto [info, method, inspection] = compare(name, {}, walls(), golden_);
      QCOMPARE(inspection.similarity, 0.f);
      const TracedValue* evidence = inspection.evidence(Side::Query);
      if (evidence) QVERIFY(std::isnan(mean(evidence->map())));
      QVERIFY(!attention(*method, inspection, Side::Query, 3, 3));
    }
  }

  void it_can_be_cancelled() {
    const MethodInfo& info = method("scan_context");
    const auto scan_context = info.create(*info.options(), {});
    std::stop_source stop;
    stop.request_stop();
    QVERIFY_EXCEPTION_THROWN(inspect(info, *scan_context, walls(), walls(), Progress({}, stop.get_token())), Cancelled);
  }
};

QTEST_APPLESS_MAIN(InspectionTest)
#include "inspection_test.moc"
