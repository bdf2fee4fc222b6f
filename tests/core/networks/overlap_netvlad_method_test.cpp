// OverlapNetVLAD as the pipeline sees it, with weights of the golden rule (which recognise nothing).

#include <cmath>
#include <map>

#include "core/methods/registry.h"
#include "core/networks/bench.h"
#include "core/weights/golden_rule.h"
#include "tests/support.h"

using namespace relocus;

namespace {

constexpr Widths narrow{
    .height_layers = 16, .base = 64, .features = 64, .overlap = 32, .clusters = 8, .descriptor = 32};

/// A ring of walls around the sensor, turned by `angle` and dented.
PointCloud ring(float angle, int points = 4000) {
  PointCloud cloud;
  for (int i = 0; i < points; ++i) {
    const float a = angle + float(i) * 0.0015708f, radius = 20 + 12 * std::sin(3 * a) + float(i % 7);
    cloud.points.emplace_back(radius * std::cos(a), radius * std::sin(a), float(i % 40) * 0.1f - 2);
  }
  return cloud;
}

}  // namespace

class OverlapNetvladMethodTest : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  Resources resources_;
  const MethodInfo& info_ = method("overlap_netvlad");

  std::unique_ptr<Method> create(std::initializer_list<const char*> settings = {}) {
    const auto options = info_.options();
    for (const char* setting : settings) set_option(*options, setting);
    return info_.create(*options, resources_);
  }

 private Q_SLOTS:
  void initTestCase() {
    resources_.weights = folder_.filePath("golden").toStdString();
    resources_.device = "cpu";
    write_golden_weights(resources_.weights, {}, narrow);
  }

  void without_weights_it_says_so_and_how_to_get_them() {
    Resources none = resources_;
    none.weights = folder_.filePath("none").toStdString();
    const std::string error = test::error_of([&] { info_.create(*info_.options(), none); });
    for (const char* part : {"overlap_netvlad needs weights", "none", "--weights"})
      QVERIFY2(error.find(part) != std::string::npos, error.c_str());
    QVERIFY(!test::error_of([&] { info_.weights_hash(*info_.options(), none); }).empty());
  }

  void the_hash_tells_weights_apart() {
    Resources others = resources_;
    others.weights = folder_.filePath("others").toStdString();
    write_golden_weights(others.weights, "other", narrow);
    const auto hash = [&](const Resources& resources) { return info_.weights_hash(*info_.options(), resources); };
    QCOMPARE(hash(resources_).size(), std::size_t(64));
    QCOMPARE(hash(resources_), hash(resources_));
    QVERIFY(hash(resources_) != hash(others));
  }

  void descriptors_do_not_depend_on_the_companions() {
    for (const char* head : {"head=v2", "head=v1"}) {
      const auto method = create({head});
      const Reading a{ring(0), {}}, b{ring(1, 2500), {}};
      const Reading both[] = {b, a}, one[] = {a};
      const Encoding together = method->encode(both).at(1), alone = method->encode(one).at(0);
      QCOMPARE(together.global.size(), Eigen::Index(narrow.descriptor));
      QCOMPARE((together.global - alone.global).cwiseAbs().maxCoeff(), 0.f);
      QCOMPARE(together.local.at(1).values, alone.local.at(1).values);
    }
  }

  void the_reference_statistics_mix_a_batch() {
    const auto method = create({"backbone_statistics=reference", "batch_size=2"});
    const Reading both[] = {{ring(1, 2500), {}}, {ring(0), {}}}, one[] = {{ring(0), {}}};
    QVERIFY((method->encode(both).at(1).global - method->encode(one).at(0).global).norm() > 1e-6f);
  }

  void similarities_are_overlaps_and_every_intermediate_is_offered() {
    const auto method = create();
    std::map<std::string, std::vector<Array>> seen;
    const Trace trace = [&](const TraceLabel& label, const Array& array) {
      seen[label.name + (label.side == Side::Candidate ? " of the candidate" : "")].push_back(array);
    };
    const Reading readings[] = {{ring(0), {}}, {ring(0.5f), {}}, {PointCloud{}, {}}};
    const std::vector<Encoding> encodings = method->encode(readings, trace);
    std::vector<std::shared_ptr<const Prepared>> prepared;
    for (const Encoding& encoding : encodings) prepared.push_back(method->prepare(encoding));
    QVERIFY(prepared[0]->bytes > 0);
    const auto scores = method->rerank(*prepared[0], std::span(prepared).subspan(1), trace);

    QVERIFY(scores.at(0).similarity > 0 && scores.at(0).similarity < 1);
    QVERIFY(std::isnan(scores.at(0).yaw));
    QCOMPARE(scores.at(1).similarity, 0.f);  // the empty scan
    QVERIFY(method->rerank(*prepared[0], {}).empty());
    using Shape = std::vector<std::int64_t>;
    QCOMPARE(seen.at("bev").at(0).shape, (Shape{256, 256, 16}));
    QCOMPARE(seen.at("features").at(0).shape, (Shape{32, 32, 64}));
    QCOMPARE(seen.at("assignment").at(2).shape, (Shape{32, 32, 8}));
    QCOMPARE(seen.at("overlap").size(), std::size_t(2));
    const Array& map = seen.at("overlap").at(0);
    QCOMPARE(map.shape, (Shape{32, 32}));
    const auto known = std::count_if(map.values.begin(), map.values.end(), [](float v) { return !std::isnan(v); });
    QCOMPARE(std::int64_t(known), encodings[0].local[0].shape[0]);
    for (const float value : seen.at("overlap of the candidate").at(1).values) QVERIFY(std::isnan(value));
  }

  void scans_of_nothing_one_point_or_no_numbers_are_encoded() {
    const auto method = create();
    const float nan = std::nanf("");
    PointCloud lonely, broken = ring(0);
    lonely.points.emplace_back(1, 2, 0);
    broken.points.emplace_back(nan, nan, nan);
    const Reading readings[] = {{PointCloud{}, {}}, {lonely, {}}, {broken, {}}, {ring(0), {}}};
    const auto encodings = method->encode(readings);
    for (const Encoding& encoding : encodings) QVERIFY(encoding.global.allFinite());
    QCOMPARE(encodings[0].local.at(0).shape.at(0), std::int64_t(0));
    QCOMPARE(encodings[2].local.at(1).values, encodings[3].local.at(1).values);
    const auto one = method->prepare(encodings[1]);
    const float self = method->rerank(*one, std::array{one}).at(0).similarity;
    QVERIFY(self > 0 && self < 1);
  }

  void foreign_encodings_are_refused() {
    const auto method = create();
    const Reading readings[] = {{ring(0), {}}};
    const Encoding good = method->encode(readings).at(0);
    const auto refused = [&](auto change) {
      Encoding bad = good;
      change(bad);
      return test::error_of([&] { method->prepare(bad); }).find("does not fit OverlapNetVLAD") != std::string::npos;
    };
    QVERIFY(refused([](Encoding& e) { e.local.clear(); }));
    QVERIFY(refused([](Encoding& e) { e.local[0].values[0] = 32; }));
    QVERIFY(refused([](Encoding& e) { e.local[0].values[0] = std::nanf(""); }));
    QVERIFY(refused(
        [](Encoding& e) { e.local[0].values[2] = e.local[0].values[0], e.local[0].values[3] = e.local[0].values[1]; }));
    QVERIFY(refused([](Encoding& e) { e.local[1].shape[1] /= 2; }));
    struct Foreign : Prepared {};
    QVERIFY(!test::error_of([&] { method->rerank(Foreign(), {}); }).empty());
  }

  void every_stage_can_be_measured() {
    const PointCloud clouds[] = {ring(0), ring(1)};
    const auto stages = bench_networks(clouds, resources_.weights, 0, 1);
    QCOMPARE(stages.size(), std::size_t(6));
    for (const StageTime& stage : stages) QVERIFY(stage.min_milliseconds > 0 && stage.giga_multiply_adds > 0);
  }
};

QTEST_APPLESS_MAIN(OverlapNetvladMethodTest)
#include "overlap_netvlad_method_test.moc"
