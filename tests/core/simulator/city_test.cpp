#include "core/simulator/city.h"

#include <memory>
#include <set>

#include "core/simulator/drive.h"
#include "core/simulator/props.h"
#include "core/simulator/scene.h"
#include "core/simulator/traffic.h"
#include "tests/support.h"

using namespace relocus;
using Eigen::Vector2d;
using Eigen::Vector3f;

namespace {

Hit cast_one(const Moment& moment, const Vector3f& origin, const Vector3f& direction, float reach = 80) {
  std::array<Vector3f, Moment::batch> directions;
  directions.fill(direction.normalized());
  return moment.cast(origin, directions, 1, reach)[0];
}

}  // namespace

class CityTest : public QObject {
  Q_OBJECT
  Outing outing_;
  City city_;
  std::unique_ptr<StaticScene> scene_;

  Vector3f above(const Vector2d& p, double height) const {
    return {float(p.x()), float(p.y()), float(outing_.streets.terrain.height(p) + height)};
  }
  template <class Visit>
  void along_streets(Visit visit) const {
    for (const Street& street : outing_.streets.streets)
      for (std::size_t i = 14; i + 14 < street.centre.size(); i += 3)
        visit(street.centre[i], left_of(direction_at(street, i)), street);
  }

 private Q_SLOTS:
  void initTestCase() {
    outing_ = plan_outing(100, 1.0, 4);
    city_ = build_city(outing_.streets, 4);
    scene_ = std::make_unique<StaticScene>(city_);
  }

  void carriageways_are_clear_and_bordered_by_kerbs() {
    const Moment moment(*scene_);
    int places = 0, kerbs = 0;
    along_streets([&](const Vector2d& p, const Vector2d& left, const Street& street) {
      const Hit road = cast_one(moment, above(p + 0.23 * left, 2), -Vector3f::UnitZ());
      QVERIFY(road.surface.material == Material::Asphalt || road.surface.material == Material::Marking);
      QVERIFY(std::abs(road.distance - 2) < 0.12f);
      const auto depth = [&](double aside) {
        return cast_one(moment, above(p + aside * left, 1), -Vector3f::UnitZ()).distance;
      };
      const float step = depth(street.half_width - 0.15) - depth(street.half_width + 0.1);
      kerbs += step > 0.02f && step < 0.2f;
      ++places;
    });
    QVERIFY(places > 200);
    QVERIFY2(kerbs > 0.75 * places, qPrintable(QString("%1 of %2").arg(kerbs).arg(places)));
  }

  void streets_are_built_up_with_many_materials() {
    const Moment moment(*scene_);
    int rays = 0, ended = 0;
    std::set<Material> seen;
    along_streets([&](const Vector2d& p, const Vector2d& left, const Street&) {
      for (const double side : {1.0, -1.0})
        for (const float up : {-0.1f, 0.0f, 0.15f}) {
          const Vector2d out = side * left;
          const Hit hit = cast_one(moment, above(p, 1.7), {float(out.x()), float(out.y()), up}, 40);
          ++rays;
          ended += hit.found();
          if (hit.found()) seen.insert(hit.surface.material);
        }
    });
    QVERIFY2(ended > 0.6 * rays, qPrintable(QString("%1 of %2").arg(ended).arg(rays)));
    for (const Material material : {Material::Plaster, Material::Glass, Material::Leaf, Material::Concrete})
      QVERIFY2(seen.contains(material), qPrintable(QString("no material %1").arg(int(material))));
  }

  void rays_reach_into_trees_and_some_pass() {
    City grove;
    grove.stock.props.push_back(make_broadleaf(8, Random{1}));
    grove.placements.push_back({0, Eigen::Affine3f::Identity(), {}});
    const StaticScene scene(grove);
    const Moment moment(scene);
    int passed = 0, met = 0;
    float nearest = 80, farthest = 0;
    constexpr int rays = 1000;
    for (int i = 0; i < rays; ++i) {
      const Vector3f origin(-20, 1.5f * (float(i % 50) / 25 - 1), 4 + 3 * float(i) / rays);
      const Hit hit = cast_one(moment, origin, Vector3f::UnitX());
      passed += !hit.found();
      if (!hit.found()) continue;
      ++met;
      nearest = std::min(nearest, hit.distance);
      farthest = std::max(farthest, hit.distance);
    }
    QVERIFY2(passed > 0.02 * rays && met > 0.5 * rays, qPrintable(QString::number(passed)));
    QVERIFY(farthest - nearest > 1.5f);
  }

  void a_hit_just_at_the_end_of_the_reach_is_resolved() {
    // A moving thing whose distance equals the reach: it must not be taken for one that stays.
    City empty;
    TriangleMesh wall;
    wall.add_quad({0, -5, -5}, {0, 5, -5}, {0, 5, 5}, {0, -5, 5}, {Material::Paint, {1, 2, 3}});
    empty.stock.props.push_back(wall);
    const StaticScene scene(empty);
    Moment moment(scene);
    moment.set_moving({{0, Eigen::Affine3f(Eigen::Translation3f(80, 0, 0)), {}}});
    const Hit hit = cast_one(moment, Vector3f::Zero(), Vector3f::UnitX(), 80);
    if (hit.found()) QCOMPARE(hit.surface.material, Material::Paint);
    moment.set_moving({{0, Eigen::Affine3f(Eigen::Translation3f(30, 0, 0)), {}}});
    const Hit near_hit = cast_one(moment, Vector3f::Zero(), Vector3f(1, 1, 0), 80);
    QVERIFY(!near_hit.found());
    const Hit wall_hit = cast_one(moment, Vector3f::Zero(), Vector3f(1, 0.1f, 0), 80);
    QVERIFY(std::abs(wall_hit.distance - 30.15f) < 0.01f);
    QVERIFY(std::abs(wall_hit.incidence - 0.995f) < 0.001f);
  }

  void traffic_moves_and_parked_cars_change() {
    const Eigen::Isometry3d& here = outing_.drive.world_from_sensor[20];
    const auto at = [&](double time, double density) {
      return traffic_at(city_, outing_.streets, here, time, 10, density, 4);
    };
    const auto same_in = [](const std::vector<Placement>& a, const std::vector<Placement>& b) {
      int same = 0;
      for (const Placement& p : a)
        for (const Placement& q : b) same += p.world_from_prop.isApprox(q.world_from_prop, 0);
      return same;
    };
    const auto first = at(0, 1), again = at(0, 1), soon = at(0.1, 1), late = at(9, 1), still = at(0, 0);
    QVERIFY(first.size() > 10);
    QCOMPARE(same_in(first, again), int(first.size()));
    QVERIFY(same_in(first, soon) < int(first.size()));  // something moved
    QVERIFY(same_in(first, late) < same_in(first, soon));
    QVERIFY(same_in(still, late) > 0);  // most parked cars stay
    QVERIFY(same_in(still, first) == int(still.size()));
    QVERIFY(still.size() < first.size());
    for (const Placement& placement : first) {
      const Eigen::Vector3d p = here.inverse() * placement.world_from_prop.translation().cast<double>();
      QVERIFY(std::abs(p.x()) > 4 || std::abs(p.y()) > 1.9);  // not inside the sensor's own car
    }
  }
};

QTEST_APPLESS_MAIN(CityTest)
#include "city_test.moc"
