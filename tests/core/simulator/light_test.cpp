#include "core/simulator/light.h"

#include <map>
#include <ranges>
#include <set>

#include "core/image.h"
#include "core/simulator/camera.h"
#include "core/simulator/city.h"
#include "tests/support.h"

using namespace relocus;

namespace {

struct Look {
  double mean = 0, spread = 0;  ///< of all bytes
  double red = 0, blue = 0;     ///< mean of each
};

Look look_of(const std::string& png) {
  const Picture picture = picture_of(png, "picture");
  const auto count = double(picture.pixels.size());
  Look look;
  double squares = 0;
  for (std::size_t i = 0; i < picture.pixels.size(); ++i) {
    const double value = picture.pixels[i];
    look.mean += value / count;
    squares += value * value / count;
    if (i % 3 == 0) look.red += 3 * value / count;
    if (i % 3 == 2) look.blue += 3 * value / count;
  }
  look.spread = std::sqrt(squares - look.mean * look.mean);
  return look;
}

double difference(const std::string& a, const std::string& b) {
  const Picture first = picture_of(a, "a"), second = picture_of(b, "b");
  double sum = 0;
  for (std::size_t i = 0; i < first.pixels.size(); ++i) sum += std::abs(first.pixels[i] - second.pixels[i]);
  return sum / double(first.pixels.size());
}

}  // namespace

class LightTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void a_seed_has_ten_kinds_of_light_in_an_order_of_its_own() {
    std::vector<std::string> first, second;
    for (int i = 0; i < 10; ++i) {
      first.emplace_back(changing_light(i, 0, 1).name);
      second.emplace_back(changing_light(i, 0, 2).name);
    }
    QCOMPARE(std::set<std::string>(first.begin(), first.end()).size(), 10u);
    QCOMPARE(std::set<std::string>(second.begin(), second.end()).size(), 10u);
    QVERIFY(first != second);
    // Further ones are of the same kinds, and yet others.
    const auto kind =
        std::ranges::find_if(std::views::iota(10, 20), [&](int i) { return changing_light(i, 0, 1).name == first[0]; });
    QVERIFY(changing_light(*kind, 0, 1).exposure != changing_light(0, 0, 1).exposure);
  }

  void light_does_not_jump_while_it_lasts() {
    for (int number = 0; number < 10; ++number) {
      const Light now = changing_light(number, 0.5, 3), soon = changing_light(number, 0.501, 3);
      QVERIFY(now.to_sun.isApprox(soon.to_sun));
      QVERIFY(std::abs(now.exposure / soon.exposure - 1) < 0.02f);
      QVERIFY((now.drift - soon.drift).norm() < 0.01f);
      QCOMPARE(now.which, soon.which);
    }
  }

  void places_are_seen_again_under_another_light() {
    for (const std::uint64_t seed : {1, 5, 401}) {
      const Drive drive = plan_outing(400, 1.5, seed).drive;
      const std::vector<int> lights = lights_along(drive, 8, seed);
      QCOMPARE(lights.size(), 400u);
      QCOMPARE(lights, lights_along(drive, 8, seed));
      QCOMPARE(std::set<int>(lights.begin(), lights.end()).size(), 8u);
      int again = 0, other = 0, changes = 0;
      for (std::size_t i = 0; i < lights.size(); ++i) {
        changes += i > 0 && lights[i] != lights[i - 1];
        for (std::size_t j = 0; j + 50 < i; ++j) {
          const Eigen::Vector3d way =
              drive.world_from_sensor[i].translation() - drive.world_from_sensor[j].translation();
          if (way.norm() > 5) continue;
          ++again;
          other += lights[i] != lights[j];
        }
      }
      QVERIFY(changes >= 8 && changes <= 20);
      QVERIFY(again > 100);
      QVERIFY2(other > 0.95 * again, qPrintable(QStringLiteral("%1 of %2").arg(other).arg(again)));
    }
  }

  void one_light_is_enough_for_a_drive() {
    const Drive drive = plan_outing(50, 1, 1).drive;
    QCOMPARE(lights_along(drive, 1, 1), std::vector<int>(50, 0));
  }

  void a_place_looks_different_under_each_light_and_the_same_under_one() {
    const Outing outing = plan_outing(50, 1, 4);
    const City city = build_city(outing.streets, 4);
    const StaticScene scene(city);
    const Moment moment(scene);
    const CameraRig rig(160);
    std::map<std::string, std::string> pictures;
    for (int number = 0; number < 10; ++number) {
      const Light light = changing_light(number, 0, 4);
      const auto take = [&] {
        return photograph(moment, outing.drive.world_from_sensor[10], rig, light, Random{4, 10});
      };
      const std::string picture = take();
      QVERIFY(picture == take());
      const Look look = look_of(picture);
      const std::string told = fmt::format("{}: mean {:.0f}, spread {:.0f}", light.name, look.mean, look.spread);
      QVERIFY2(look.mean > 12 && look.mean < 230, told.c_str());
      QVERIFY2(look.spread > 8, told.c_str());
      pictures[std::string(light.name)] = picture;
    }
    QCOMPARE(pictures.size(), 10u);
    for (const auto& [name, picture] : pictures)
      for (const auto& [other_name, other] : pictures) {
        const double distance = difference(picture, other);
        QVERIFY2(name >= other_name || distance > 6, fmt::format("{} {} {}", name, other_name, distance).c_str());
      }
    const Look noon = look_of(pictures["noon"]);
    QVERIFY(look_of(pictures["night"]).mean < 0.6 * noon.mean);
    QVERIFY(look_of(pictures["snow"]).mean > look_of(pictures["night"]).mean + 40);
    QVERIFY(look_of(pictures["fog"]).spread < noon.spread);
    QVERIFY(look_of(pictures["autumn"]).red / look_of(pictures["autumn"]).blue >
            look_of(pictures["snow"]).red / look_of(pictures["snow"]).blue);
  }
};

QTEST_APPLESS_MAIN(LightTest)
#include "light_test.moc"
