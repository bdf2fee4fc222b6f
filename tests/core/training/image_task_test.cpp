// NetVLAD's network learns from images with poses: views, losses, choice of places, and a small network from nothing.

#include "core/training/image_task.h"

#include <torch/torch.h>

#include <QCoreApplication>
#include <QProcess>
#include <cmath>
#include <map>
#include <stop_token>

#include "core/image_sets.h"
#include "core/networks/device.h"
#include "core/networks/image_model.h"
#include "core/png.h"
#include "core/training/image_losses.h"
#include "core/training/image_mining.h"
#include "core/training/train.h"
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

TrainingJob small_job(const std::filesystem::path& folder) {
  TrainingJob job;
  job.method = "netvlad", job.stages = {"vlad"}, job.device = "cpu", job.threads = 1;
  for (const int street : {1, 2, 3})
    job.sequences.push_back(write_street(folder / fmt::format("street_{}", street), street));
  job.validation = {write_street(folder / "street_9", 9)};
  job.out = folder / "trained";
  job.assignments = {"loss=contrast",      "optimiser=adam", "train_from=0", "block1=6",          "block2=8",
                     "block3=12",          "block4=16",      "block5=16",    "clusters=4",        "image_width=64",
                     "image_height=48",    "places=6",       "steps=40",     "validate_every=20", "save_every=10",
                     "learning_rate=2e-3", "strength=0.4"};
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

/// The same samples a step, shared by so many processes; SGD, as Adam makes a step of every rounding.
TrainingJob worker_job(const std::filesystem::path& folder, const std::string& out, int workers) {
  TrainingJob job = small_job(folder);
  job.out = folder / out;
  job.assignments.insert(job.assignments.end(), {"optimiser=sgd", "learning_rate=0.01", "steps=3", "places=3",
                                                 fmt::format("accumulate={}", 2 / workers)});
  return job;
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
    QCOMPARE(int(places.queries().size()), places.size());
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
    RELOCUS_ERROR(ImagePlaces(sequences, {.positive_radius = 0.5}), "another one of the same place", "0.5 m");
    RELOCUS_ERROR(ImagePlaces(sequences, {.positive_radius = 0}), "does not say how near", "positive_radius");
    RELOCUS_ERROR(ImagePlaces({sequences[0]}, {.negative_radius = 1e4}), "may show the same place", "10000 m");
  }

  void of_a_database_and_queries_each_has_its_role() {
    ImageSet database, queries;  // at 0, 10, 20, … m; the queries at 2, 32, 62 m
    for (int i = 0; i < 9; ++i)
      database.images.push_back(fmt::format("{}.png", i)), database.positions.emplace_back(10 * i, 0);
    for (int i = 0; i < 3; ++i)
      queries.images.push_back(fmt::format("q{}.png", i)), queries.positions.emplace_back(30 * i + 2, 0);
    Sequence sequence = sequence_of_sets(database, queries, {});
    const ImagePlaces apart({sequence}, {.positive_radius = 9, .negative_radius = 25, .roles = ImageRoles::Apart});
    QCOMPARE(apart.queries(), (std::vector<int>{9, 10, 11}));
    QCOMPARE(apart.positives(10), (std::vector<int>{3, 4}));  // 2 and 8 m
    QCOMPARE(int(apart.answers().size()), 9);
    sequence.truth.radius = 10;  // as the data set says it, the border included
    const ImagePlaces own({sequence}, {.positive_radius = 0, .negative_radius = 0, .roles = ImageRoles::Database});
    QCOMPARE(own.size(), 9);
    QCOMPARE(own.positives(4), (std::vector<int>{3, 5}));
    QVERIFY(own.may_be_same(4, 4) && own.may_be_same(4, 5) && !own.may_be_same(4, 6));
    sequence.truth = {.frame_tolerance = 1};
    const ImagePlaces counted({sequence}, {.positive_radius = 0, .roles = ImageRoles::Apart});
    QCOMPARE(counted.positives(10), (std::vector<int>{0, 1, 2}));
    sequence.truth = {};
    sequence.truth.listed.resize(12);
    sequence.truth.listed[11] = {0, 8};
    const ImagePlaces listed({sequence}, {.positive_radius = 0, .roles = ImageRoles::Apart});
    QCOMPARE(listed.queries(), std::vector<int>{11});
    QCOMPARE(listed.positives(11), (std::vector<int>{0, 8}));

    Random random{3};
    bool itself = false;
    for (int i = 0; i < 40; ++i) {
      const ImageTuple tuple = random_tuple(own, 4, 2, i % 2 == 1, random);
      itself = itself || tuple.positive == 4;
      QVERIFY(tuple.positive != 4 || i % 2 == 1);
      for (const int negative : tuple.negatives) QVERIFY(negative < 3 || negative > 5);
    }
    QVERIFY(itself);
  }

  void the_hardest_are_those_within_the_margin() {
    ImageSet database, queries;
    for (int i = 0; i < 6; ++i)
      database.images.push_back(fmt::format("{}.png", i)), database.positions.emplace_back(100 * i, 0);
    database.positions[1] = {4, 0};
    queries.images = {"q.png"}, queries.positions = {{0, 0}};
    const ImagePlaces places({sequence_of_sets(database, queries, {})}, {.roles = ImageRoles::Apart});
    KnownImages known{{0, 1, 2, 3, 4, 6}, Descriptors::Zero(6, 2)};  // image 5 is not known
    const double degrees[] = {40, 30, 45, 60, 120, 0};               // from the query, which is the last
    for (int i = 0; i < 6; ++i)
      known.descriptors.row(i) << float(std::cos(degrees[i] / 180 * M_PI)), float(std::sin(degrees[i] / 180 * M_PI));
    const std::vector<int> all{0, 1, 2, 3, 4, 5};
    // The positive at 0.518; the margin is 0.316: those nearer than 0.834, which is 49.3 degrees.
    const auto found = hardest_tuple(places, 6, known, all, {});
    QVERIFY(found);
    QCOMPARE(found->positive, 1);
    QCOMPARE(found->negatives, std::vector<int>{2});
    const auto more = hardest_tuple(places, 6, known, all, {.negatives = 1, .margin = 0.3});  // up to 1.065: 64.4
    QCOMPARE(more->negatives, std::vector<int>{2});
    QCOMPARE(hardest_tuple(places, 6, known, all, {.margin = 0.3})->negatives, (std::vector<int>{2, 3}));
    QVERIFY(!hardest_tuple(places, 6, known, std::vector<int>{3, 4}, {}));
    // The published program takes all of them, for cosines, if there are more than are asked for.
    QCOMPARE(hardest_tuple(places, 6, known, all, {.negatives = 2, .reference = true})->negatives,
             (std::vector<int>{2, 3}));
    QVERIFY(!hardest_tuple(places, 6, known, all, {.negatives = 3, .reference = true}));
  }

  void a_small_network_learns_from_nothing_and_goes_on_where_it_stopped() {
    MadeFolder folder;
    TrainingJob job = small_job(folder.path());
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

  void triplets_are_learned_and_go_on_where_they_stopped() {
    MadeFolder folder;
    TrainingJob job = small_job(folder.path());
    job.assignments.insert(job.assignments.end(), {"steps=20"});
    told_by(job);
    for (const std::string mining : {"hardest", "random"}) {
      TrainingJob fine = job;
      fine.start = job.out, fine.out = folder / mining;
      fine.assignments = {"mining=" + mining, "train_from=0",      "image_width=64",     "image_height=48",
                          "steps=30",         "queries=2",         "negatives=3",        "refresh_every=8",
                          "save_every=5",     "validate_every=30", "learning_rate=0.02", "decay_epochs=0",
                          "decay=1",          "weight_decay=0"};
      const Told whole = told_by(fine);
      QCOMPARE(whole.learnt.size(), std::size_t(3));
      if (mining == "random") QVERIFY(whole.learnt.at(30).at("loss") < whole.learnt.at(10).at("loss"));
      TrainingJob stopped = fine;
      stopped.out = folder / (mining + " stopped");
      told_by(stopped, 10);  // in the middle of what was mined at 8
      stopped.resume = true;
      const Told rest = told_by(stopped);
      for (const std::int64_t step : {20, 30}) QCOMPARE(rest.learnt.at(step), whole.learnt.at(step));
      stopped.assignments.push_back("negatives=2");
      RELOCUS_ERROR(train(stopped), "other options", "");
    }
  }

  void epochs_become_steps() {
    MadeFolder folder;
    const TrainingJob job = small_job(folder.path());
    ImageVladOptions options;
    options.epochs = 3, options.decay_epochs = 2, options.queries = 4, options.accumulate = 2;
    options.train_from = 0, options.image_width = 64, options.image_height = 48;
    options.block1 = options.block2 = options.block3 = options.block4 = options.block5 = 8, options.clusters = 2;
    make_image_task(job, options, {}, 1, {});  // 72 images ask
    QCOMPARE(options.steps, 27);
    QCOMPARE(options.decay_every, 18);
    QCOMPARE(options.rate_after(17), 1e-4);
    QCOMPARE(options.rate_after(18), 5e-5);
    options.mining = "random";
    make_image_task(job, options, {}, 2, {});  // 4 whole steps of 16
    QCOMPARE(options.steps, 12);
    options.cosine = true, options.warm_up = 2, options.steps = 100;
    QCOMPARE(options.rate_after(0), 5e-5);
    QVERIFY(std::abs(options.rate_after(50) - 5e-5) < 1e-12 && options.rate_after(100) < 1e-12);
  }

  void all_stages_in_one_go_give_a_whole_model() {
    MadeFolder folder;
    TrainingJob job = small_job(folder.path());
    job.stages.clear();
    job.assignments.insert(job.assignments.end(), {"steps=4", "descriptor=8"});
    const auto outcomes = train(job);
    QCOMPARE(outcomes.size(), std::size_t(2));
    QCOMPARE(outcomes[0].stage + " " + outcomes[1].stage, std::string("vlad pca"));
    const auto network = load_image_network({.weights = job.out, .device = "cpu"}, "patch_netvlad");
    QCOMPARE(network->widths().length(), 8);
    job.resume = true;
    train(job);
    QVERIFY(torch::equal(
        network->named_parameters()["WPCA.0.weight"],
        load_image_network({.weights = job.out, .device = "cpu"}, "netvlad")->named_parameters()["WPCA.0.weight"]));
  }

  void two_processes_learn_what_one_does() {
    MadeFolder folder;
    TrainingJob alone = worker_job(folder.path(), "alone", 1);
    train_networks(alone, {}, {});
    std::vector<std::unique_ptr<QProcess>> workers;
    for (int rank = 0; rank < 2; ++rank) {
      QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
      environment.insert("RANK", QString::number(rank));
      environment.insert("WORLD_SIZE", "2");
      environment.insert("MASTER_ADDR", "127.0.0.1");
      environment.insert("MASTER_PORT", QString::number(27000 + int(getpid() % 2000)));
      environment.insert("RELOCUS_IMAGE_TASK_TEST", QString::fromStdString(folder.path().string()));
      workers.push_back(std::make_unique<QProcess>());
      workers.back()->setProcessEnvironment(environment);
      workers.back()->setProcessChannelMode(QProcess::ForwardedChannels);
      workers.back()->start(QCoreApplication::applicationFilePath(), {});
    }
    for (const auto& worker : workers) {
      QVERIFY(worker->waitForFinished(120000));
      QCOMPARE(worker->exitCode(), 0);
    }
    const Tensors wanted = read_safetensors(alone.out / "vlad/last.safetensors").tensors;
    const Tensors found = read_safetensors(folder / "two/vlad/last.safetensors").tensors;
    for (const auto& [name, tensor] : wanted)
      if (name.starts_with("network."))
        QVERIFY2((tensor - found.at(name)).abs().max().item<double>() < 1e-5, name.c_str());
  }

  void layers_before_the_first_trained_one_stay() {
    MadeFolder folder;
    TrainingJob job = small_job(folder.path());
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

int main(int argc, char** argv) {
  const QCoreApplication app(argc, argv);
  if (const char* folder = std::getenv("RELOCUS_IMAGE_TASK_TEST")) {
    train_networks(worker_job(folder, "two", 2), {}, {});
    return 0;
  }
  ImageTaskTest test;
  return QTest::qExec(&test, argc, argv);
}
#include "image_task_test.moc"
