// NetVLAD's network learns from images with poses: views, losses, choice of places, and a small network from nothing.

#include "core/training/image_task.h"

#include <torch/torch.h>

#include <cmath>
#include <map>
#include <stop_token>

#include "core/networks/device.h"
#include "core/networks/image_model.h"
#include "core/png.h"
#include "core/training/image_losses.h"
#include "core/training/image_places.h"
#include "core/weights/load.h"
#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;
using namespace relocus::test;

namespace {

constexpr int places_of_lap = 12, laps = 2;
constexpr double step = 20;  // [m]

/// A street scene of a place: a sky, a ground and houses that stand nowhere else; darker in the second lap.
Picture scene(int street, int place, int lap) {
  Random random{std::uint64_t(street), std::uint64_t(place)};
  Picture picture{80, 48, std::vector<std::uint8_t>(80 * 48 * 3)};
  const double light = lap == 0 ? 1 : 0.6;
  const auto fill = [&](int left, int top, int right, int bottom, std::array<int, 3> colour) {
    for (int y = top; y < bottom; ++y)
      for (int x = left; x < right; ++x)
        for (int c = 0; c < 3; ++c)
          picture.pixels[std::size_t((y * 80 + x) * 3 + c)] = std::uint8_t(light * colour[std::size_t(c)]);
  };
  fill(0, 0, 80, 24, {150, 180, 220}), fill(0, 24, 80, 48, {90, 90, 90});
  for (int i = 0; i < 7; ++i) {
    const int left = random.below(64) + lap, top = random.below(34);
    const std::array<int, 3> colour{random.below(255), random.below(255), random.below(255)};
    fill(left, top, left + 6 + random.below(10), std::min(48, top + 5 + random.below(18)), colour);
  }
  return picture;
}

/// A straight street that is driven twice in the same direction.
std::filesystem::path write_street(const std::filesystem::path& folder, int street) {
  std::string poses, times;
  for (int i = 0; i < places_of_lap * laps; ++i) {
    const int place = i % places_of_lap, lap = i / places_of_lap;
    const Picture picture = scene(street, place, lap);
    write_file(folder / fmt::format("image_2/{:06}.png", i), png_of(picture.pixels, picture.width, picture.height));
    poses += fmt::format("1 0 0 {} 0 1 0 0 0 0 1 {}\n", lap, step * place);
    times += fmt::format("{}\n", i);
  }
  write_file(folder / "poses.txt", poses), write_file(folder / "times.txt", times);
  return folder;
}

TrainingJob small_job(const MadeFolder& folder) {
  TrainingJob job;
  job.method = "netvlad", job.stages = {"vlad"}, job.device = "cpu", job.threads = 1;
  for (const int street : {1, 2, 3})
    job.sequences.push_back(write_street(folder / fmt::format("street_{}", street), street));
  job.validation = {write_street(folder / "street_9", 9)};
  job.out = folder / "trained";
  job.assignments = {"train_from=0", "block1=6",          "block2=8",       "block3=12",          "block4=16",
                     "block5=16",    "clusters=4",        "image_width=64", "image_height=48",    "places=6",
                     "steps=40",     "validate_every=20", "save_every=10",  "learning_rate=2e-3", "strength=0.4"};
  return job;
}

struct Told {
  std::map<std::int64_t, std::map<std::string, double>> learnt, held_out;
};

Told told_by(const TrainingJob& job, std::int64_t stop_after = -1) {
  Told told;
  std::stop_source stop;
  try {
    train(job, Progress({}, stop.get_token()), [&](const TrainingPoint& point) {
      auto& values = (point.validation ? told.held_out : told.learnt)[point.step];
      values = {point.values.begin(), point.values.end()};
      if (point.step == stop_after) stop.request_stop();
    });
  } catch (const Cancelled&) {
  }
  return told;
}

}  // namespace

class ImageTaskTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() { set_torch_threads(1); }

  void a_view_is_a_region_of_the_picture() {
    const Picture picture = scene(1, 2, 0);
    QCOMPARE(cut(picture, {}, 40, 24).pixels, resized(picture, 40, 24).pixels);
    const Picture right = cut(picture, {0.5, 0, 1, 1}, 40, 48), mirrored = cut(picture, {1, 0, 0.5, 1}, 40, 48);
    for (int y = 0; y < 48; ++y)
      for (int x = 0; x < 40; ++x)
        for (int c = 0; c < 3; ++c) {
          const auto at = [&](const Picture& p, int column) {
            return p.pixels[std::size_t((y * p.width + column) * 3 + c)];
          };
          QCOMPARE(at(right, x), at(picture, x + 40));
          QCOMPARE(at(mirrored, x), at(picture, 79 - x));
        }
    Picture same = picture, varied = picture, again = picture;
    Random none{1}, first{7}, second{7};
    vary(same, 0, none), vary(varied, 1, first), vary(again, 1, second);
    QCOMPARE(same.pixels, picture.pixels);
    QVERIFY(varied.pixels != picture.pixels);
    QCOMPARE(varied.pixels, again.pixels);
    Random random{3};
    for (int i = 0; i < 200; ++i) {
      const Region drawn = draw_region(picture, 64, 48, random);
      for (const Region& region : {drawn, jittered(drawn, 1, random)}) {
        for (const double share : {region.left, region.right, region.top, region.bottom})
          QVERIFY(share >= -1e-9 && share <= 1 + 1e-9);
        QCOMPARE(region.left > region.right, drawn.left > drawn.right);
        QVERIFY(std::abs(region.right - region.left) > 0.2 && region.bottom - region.top > 0.2);
      }
    }
  }

  void cells_of_two_views_correspond() {
    const torch::Tensor same = corresponding_cells({}, {}, 3, 4);
    QVERIFY(torch::allclose(same[2][3], torch::tensor({3.f, 2.f}), 1e-5, 1e-5));
    // The second view begins a cell farther right; its cells are as large.
    const torch::Tensor shifted = corresponding_cells({0, 0, 0.5, 0.5}, {0.125, 0, 0.625, 0.5}, 4, 4);
    QVERIFY(torch::allclose(shifted[1][2], torch::tensor({1.f, 1.f}), 1e-5, 1e-5));
    const torch::Tensor mirrored = corresponding_cells({0.5, 0, 0, 1}, {0.5, 0, 0, 1}, 4, 4);
    QVERIFY(torch::allclose(mirrored, corresponding_cells({}, {}, 4, 4), 1e-5, 1e-5));

    torch::manual_seed(1);
    torch::Tensor map = torch::randn({16, 6, 8});
    map = map / map.norm(2, {0}, true);
    const torch::Tensor moved = torch::roll(map, -1, 2);  // what was in cell 1 is in cell 0
    const auto at = corresponding_cells({0, 0, 0.8, 1}, {0.1, 0, 0.9, 1}, 6, 8);
    const ContrastLoss right = cell_contrast(map, moved, at, 0.05);
    QVERIFY(right.right > 0.99 && right.loss.item<double>() < 0.1);
    const ContrastLoss wrong = cell_contrast(map, map.flip({2}), at, 0.05);
    QVERIFY(wrong.right < 0.3 && wrong.loss.item<double>() > 3);
    QVERIFY(!cell_contrast(map, map, corresponding_cells({0, 0, 0.5, 1}, {0.45, 0, 1, 1}, 6, 8), 0.05).loss.defined());
  }

  void places_are_told_apart_but_for_those_that_may_be_the_same() {
    const torch::Tensor axes = torch::eye(3), none = torch::zeros({3, 3}, torch::kBool);
    const ContrastLoss good = place_contrast(torch::cat({axes, axes}), none, 0.1);
    QVERIFY(std::abs(good.loss.item<double>() - std::log(1 + 4 * std::exp(-10.0))) < 1e-5);
    QCOMPARE(good.right, 1.0);
    const torch::Tensor swapped = axes.index_select(0, torch::tensor({1, 0, 2}));
    const ContrastLoss bad = place_contrast(torch::cat({axes, swapped}), none, 0.1);
    QVERIFY(bad.loss.item<double>() > 5);
    QVERIFY(std::abs(bad.right - 1 / 3.0) < 1e-6);
    torch::Tensor same = none.clone();
    same[0][1] = true, same[1][0] = true;
    const double left = (4 * std::log(3.0) + 2 * std::log(1 + 4 * std::exp(-10.0))) / 6;  // place 2 is as far as any
    QVERIFY(std::abs(place_contrast(torch::cat({axes, swapped}), same, 0.1).loss.item<double>() - left) < 1e-5);
  }

  void pairs_are_of_another_visit_and_places_lie_apart() {
    MadeFolder folder;
    const auto sequences = open_image_sequences(
        {write_street(folder / "a", 1), write_street(folder / "b", 2), write_street(folder / "c", 3)});
    const ImagePlaces places(sequences, {});
    QCOMPARE(places.size(), 3 * places_of_lap * laps);
    QCOMPARE(places.revisits(3), std::vector<int>{3 + places_of_lap});
    QVERIFY(places.may_be_same(3, 4) && !places.may_be_same(3, 5));  // 20 and 40 m
    QVERIFY(!places.may_be_same(3, 3 + laps * places_of_lap));       // the other street
    Random random{5};
    int twins = 0, near = 0;
    for (int i = 0; i < 50; ++i) {
      const auto pairs = draw_pairs(places, 3, 0.25, random);
      for (const ImagePair& pair : pairs) {
        twins += pair.first == pair.second;
        QCOMPARE(pair.first % places_of_lap, pair.second % places_of_lap);
        for (const ImagePair& other : pairs) near += &pair != &other && places.may_be_same(pair.first, other.first);
      }
    }
    QVERIFY(twins > 20 && twins < 60);  // of 150, a quarter
    QCOMPARE(near, 0);
    write_file(folder / "d/image_2/000000.png", png_of(scene(1, 1, 0).pixels, 80, 48));
    write_file(folder / "d/times.txt", "0\n");
    RELOCUS_ERROR(open_image_sequences({folder / "d"}), "no poses", "");
  }

  void a_small_network_learns_from_nothing_and_goes_on_where_it_stopped() {
    MadeFolder folder;
    TrainingJob job = small_job(folder);
    const Told whole = told_by(job);
    QCOMPARE(whole.learnt.size(), std::size_t(4));
    QVERIFY(whole.learnt.at(40).at("loss") < 0.8 * whole.learnt.at(10).at("loss"));
    QVERIFY(whole.held_out.at(40).at("recall_at_1") > 0.5);
    const auto network = load_image_network({.weights = job.out, .device = "cpu"}, "patch_netvlad");
    QCOMPARE(network->widths().block5, 16);
    QCOMPARE(network->widths().length(), 64);

    TrainingJob stopped = job;
    stopped.out = folder / "stopped";
    told_by(stopped, 20);
    RELOCUS_ERROR(train(stopped), "holds a training", "--resume");
    stopped.resume = true;
    const Told rest = told_by(stopped);
    for (const std::int64_t step : {30, 40}) QCOMPARE(rest.learnt.at(step), whole.learnt.at(step));
    QCOMPARE(rest.held_out.at(40), whole.held_out.at(40));
    const auto resumed = load_image_network({.weights = stopped.out, .device = "cpu"}, "netvlad");
    for (const auto& entry : network->named_parameters())
      QVERIFY(torch::equal(entry.value(), resumed->named_parameters()[entry.key()]));
  }

  void layers_before_the_first_trained_one_stay() {
    MadeFolder folder;
    TrainingJob job = small_job(folder);
    job.assignments.push_back("steps=1");
    told_by(job);
    const auto before = load_image_network({.weights = job.out, .device = "cpu"}, "netvlad");
    job.start = job.out, job.out = folder / "fine";
    job.assignments.push_back("train_from=24");
    told_by(job);
    const auto after = load_image_network({.weights = job.out, .device = "cpu"}, "netvlad");
    for (const auto& entry : before->named_parameters()) {
      const bool learns = entry.key().starts_with("pool.") || entry.key().starts_with("encoder.24") ||
                          entry.key().starts_with("encoder.26") || entry.key().starts_with("encoder.28");
      QCOMPARE(torch::equal(entry.value(), after->named_parameters()[entry.key()]), !learns);
    }
    job.start.clear(), job.out = folder / "none";
    RELOCUS_ERROR(train(job), "stay random", "--weights");
  }
};

QTEST_APPLESS_MAIN(ImageTaskTest)
#include "image_task_test.moc"
