// Stage 2 of OverlapNetVLAD: losses, mining, stored features, and a small head that learns.

#include "core/training/head_task.h"

#include <QTemporaryDir>
#include <QTest>
#include <cmath>

#include "core/index.h"
#include "core/networks/device.h"
#include "core/training/head_losses.h"
#include "core/training/mining.h"
#include "core/training/workers.h"
#include "tests/support.h"

using namespace relocus;

namespace {

constexpr int places = 40, cells = 12, grid = 8, channels = 16, variants = 2;
const Widths narrow{.features = channels, .overlap = 16, .clusters = 4, .descriptor = 16};

/// A street that is driven twice, the second time the other way round: place k lies at 20 k m.
Trajectory there_and_back(double aside) {
  Trajectory path;
  for (int i = 0; i < 2 * places; ++i) {
    const bool back = i >= places;
    const int place = back ? 2 * places - 1 - i : i;
    path.positions.emplace_back(20.0 * place, aside + (back ? 2 : 0), 0);
    path.headings.push_back(back ? M_PI : 0);
    path.stamps.push_back(i);
    path.travelled.push_back(20.0 * i);
    path.numbers.push_back(i);
  }
  return path;
}

int place_of(int frame) { return frame < places ? frame : 2 * places - 1 - frame; }

/// What a scan shows: half of the channels tell the place, the others are louder and tell nothing.
SparseMap made_scan(int street, int place, std::uint64_t noise) {
  Random scene{std::uint64_t(street), std::uint64_t(place)}, loud{noise};
  torch::Tensor where = torch::zeros({cells, 3}, torch::kLong);
  torch::Tensor features = torch::zeros({cells, channels});
  for (int i = 0; i < cells; ++i) {
    const int cell = i * grid * grid / cells + scene.below(grid * grid / cells);  // distinct
    where[i][1] = cell / grid, where[i][2] = cell % grid;
    for (int c = 0; c < channels; ++c)
      features[i][c] = c < channels / 2 ? scene.normal() + 0.3 * loud.normal() : 0.7 * loud.normal();
  }
  return {features, std::make_shared<ActiveSet>(where, 1, grid, grid)};
}

StoredFeatures made_street(const std::filesystem::path& folder, int street, int variants) {
  const EncodingKey key{"made", "{}", std::to_string(variants), std::to_string(street)};
  const auto file = folder / fmt::format("street_{}.encodings", street);
  if (!std::filesystem::exists(file)) {
    EncodingStore store(file, key);
    std::vector<Encoding> all;
    for (int frame = 0; frame < 2 * places; ++frame)
      for (int v = 0; v < variants; ++v)
        all.push_back(encoding_of(made_scan(street, place_of(frame), std::uint64_t(1000 * frame + v))));
    store.append(all);
  }
  return {fmt::format("street {}", street), there_and_back(0), EncodingStore(file, key, EncodingStore::Access::Read),
          variants};
}

HeadFeatures made_features(const std::filesystem::path& folder) {
  HeadFeatures features;
  for (const int street : {1, 2, 3}) features.training.push_back(made_street(folder, street, variants));
  features.validation.push_back(made_street(folder, 9, 1));
  return features;
}

HeadOptions short_training() {
  HeadOptions options;
  options.steps = 150, options.learning_rate = 1e-2, options.queries = 4, options.rotations = variants;
  options.mine_from = 60, options.refresh_every = 20, options.validate_every = 150, options.save_every = 20;
  options.loaders = 2, options.mined_share = 0.2;
  return options;
}

struct Trained {
  TrainingOutcome outcome;
  std::map<std::int64_t, double> losses;
  std::map<std::string, double> validation;
};

/// Trains; stops as if somebody had asked for it once `stop_after` steps are done.
Trained trained(const std::filesystem::path& folder, const std::filesystem::path& features, const HeadOptions& options,
                bool resume = false, std::int64_t stop_after = -1) {
  const auto task = make_head_task(made_features(features), options, narrow, "cpu", {});
  Workers alone = Workers::from_environment();
  Trained result;
  std::stop_source stop;
  const TrainingRun run{
      .method = "overlap_netvlad", .stage = "head", .folder = folder, .resume = resume, .device = "cpu"};
  try {
    result.outcome =
        run_training(*task, options, run, alone, Progress({}, stop.get_token()), [&](const TrainingPoint& p) {
          for (const auto& [name, value] : p.values) {
            if (p.validation) result.validation[name] = value;
            if (!p.validation && name == "loss") result.losses[p.step] = value;
          }
          if (p.step == stop_after) stop.request_stop();
        });
  } catch (const Cancelled&) {
  }
  return result;
}

torch::Tensor row(std::initializer_list<float> values) { return torch::tensor(std::vector<float>(values)); }

}  // namespace

class HeadTaskTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() { set_torch_threads(1); }

  void the_quadruplet_loss_is_the_published_one() {
    // Query at 0; positives at 0.5 and 1; negatives at 1.1 and 2; the other 0.6 from the nearest negative.
    const torch::Tensor queries = torch::zeros({2, 1});
    const torch::Tensor positives = torch::stack({row({0.5f, 1.f}), row({0.1f, 0.f})}).unsqueeze(2);
    const torch::Tensor negatives = torch::stack({row({2.f, 1.1f}), row({3.f, 4.f})}).unsqueeze(2);
    const torch::Tensor others = torch::stack({row({1.7f}), row({-3.f})});
    // First: 0.5 + 1 - 1.21 and 0.2 + 1 - 0.36. Second: 0.5 + 0.01 - 9 and 0.2 + 0.01 - 36 are nothing.
    const DescriptorLoss loss = quadruplet_loss(queries, positives, negatives, others);
    QVERIFY(std::abs(loss.loss.item<double>() - (0.29 + 0.84) / (1 + 1e-6)) < 1e-5);
    QVERIFY(std::abs(loss.positive_distance - (1 + 0.01) / 2) < 1e-5);
    QVERIFY(std::abs(loss.negative_distance - (1.21 + 9) / 2) < 1e-5);
    QCOMPARE(loss.violated, 0.5);
  }

  void the_triplet_loss_is_the_published_one() {
    const torch::Tensor queries = torch::zeros({2, 1});
    const torch::Tensor positives = torch::stack({row({0.5f, 1.f}), row({0.1f, 0.f})}).unsqueeze(2);
    const torch::Tensor negatives = torch::stack({row({1.1f, 1.f, 2.f}), row({3.f, 4.f, 0.2f})}).unsqueeze(2);
    // First: 0.3 + 1 - 1.21, 0.3 + 1 - 1, nothing. Second: nothing, nothing, 0.3 + 0.01 - 0.04.
    const DescriptorLoss loss = triplet_loss(queries, positives, negatives);
    QVERIFY(std::abs(loss.loss.item<double>() - (0.09 + 0.3 + 0.27) / 2) < 1e-5);
    QCOMPARE(loss.violated, 0.5);
  }

  void the_same_place_is_near_in_the_plane_with_any_heading() {
    const PlaceMap map({there_and_back(0), there_and_back(0)});
    QCOMPARE(map.size(), 4 * places);
    QCOMPARE(map.positives(3), std::vector<int>{2 * places - 4});  // the other pass; of the same sequence only
    QVERIFY(!map.is_negative(3, 5));                               // 40 m away: neither
    QVERIFY(map.is_negative(3, 6));                                // 60 m
    QVERIFY(map.is_negative(3, 2 * places + 3));                   // another sequence, though at the same position
    QCOMPARE(map.num_not_negative(10), 10);                        // five places, driven twice
    QCOMPARE(int(map.queries().size()), 4 * places);
  }

  void mining_takes_the_nearest_negatives_and_the_farthest_positives() {
    const PlaceMap map({there_and_back(0), there_and_back(0)}, 50, 50);
    std::vector<int> frames, of_variant;
    for (int i = 0; i < map.size(); ++i)
      if (i % 5 != 1) frames.push_back(i), of_variant.push_back(i % variants);  // some are not in the cache
    Random random{3};
    Descriptors descriptors(Eigen::Index(frames.size()), 4);
    for (Eigen::Index i = 0; i < descriptors.size(); ++i) descriptors.data()[i] = float(random.normal());
    const DescriptorCache cache(frames, of_variant, descriptors);
    for (const int query : {0, 7, 47, 100}) {
      std::vector<std::pair<float, int>> negatives, positives;
      for (const int other : frames) {
        const float d = (descriptors.row(cache.row_of(query)) - descriptors.row(cache.row_of(other))).squaredNorm();
        if (map.is_negative(query, other)) negatives.emplace_back(d, other);
        if (std::ranges::count(map.positives(query), other)) positives.emplace_back(-d, other);
      }
      std::ranges::sort(negatives), std::ranges::sort(positives);
      const std::vector<int> near = cache.nearest_negatives(map, query, 10),
                             far = cache.farthest_positives(map, query, 2);
      QCOMPARE(near.size(), std::size_t(10));
      QCOMPARE(far.size(), std::size_t(2));
      for (int k = 0; k < 10; ++k) QCOMPARE(near[std::size_t(k)], negatives[std::size_t(k)].second);
      for (int k = 0; k < 2; ++k) QCOMPARE(far[std::size_t(k)], positives[std::size_t(k)].second);

      Random lot{5};
      const Tuple tuple = choose_tuple(map, query, &cache, {2, 10, 10, variants, true}, lot);
      for (int k = 0; k < 10; ++k) {
        QCOMPARE(tuple.negatives[std::size_t(k)].frame, near[std::size_t(k)]);
        QCOMPARE(tuple.negatives[std::size_t(k)].variant, near[std::size_t(k)] % variants);  // as it was cached
      }
      QCOMPARE(tuple.positives[0].frame, far[0]);
      QVERIFY(map.is_negative(tuple.other.frame, query) && map.is_negative(tuple.other.frame, near[0]));
    }
    QVERIFY(cache.nearest_negatives(map, 1, 10).empty());  // not in the cache
  }

  void without_a_cache_company_is_drawn_by_lot() {
    const PlaceMap map({there_and_back(0)});
    std::set<int> seen;
    for (std::uint64_t i = 0; i < 50; ++i) {
      Random random{i};
      const Tuple tuple = choose_tuple(map, 4, nullptr, {2, 10, 10, variants, false}, random);
      QCOMPARE(tuple.positives.size(), std::size_t(2));
      QCOMPARE(tuple.negatives.size(), std::size_t(10));
      for (const ScanChoice& negative : tuple.negatives) {
        QVERIFY(map.is_negative(4, negative.frame));
        seen.insert(negative.frame);
      }
    }
    QVERIFY(seen.size() > 40);
  }

  void stored_features_come_back_in_half_precision() {
    const SparseMap scan = made_scan(1, 2, 3);
    const SparseMap back = features_of(encoding_of(scan));
    QVERIFY(torch::equal(back.cells->cells(), scan.cells->cells()));
    QVERIFY(torch::equal(back.features, scan.features));
    QTemporaryDir folder;
    const StoredFeatures street = made_street(folder.path().toStdString(), 1, variants);
    const SparseMap stored = street.load(5, 1);
    const SparseMap made = made_scan(1, 5, 5001);
    QVERIFY(torch::equal(stored.cells->cells(), made.cells->cells()));
    QVERIFY((stored.features - made.features).abs().max().item<double>() < 0.01);
    const SparseMap both[] = {scan, stored};
    const SparseMap batch = batch_of(both);
    QCOMPARE(batch.cells->scans(), std::int64_t(2));
    QVERIFY(torch::equal(scan_of(batch, 1).features, stored.features));
    QVERIFY(!test::error_of([&] { features_of({}); }).empty());
  }

  void descriptors_learn_to_tell_places() {
    QTemporaryDir folder;
    const std::filesystem::path path = folder.path().toStdString();
    HeadOptions options = short_training();
    const auto untrained = make_head_task(made_features(path), options, narrow, "cpu", {});
    untrained->network().eval();
    const double before = untrained->validate({}).values.at(0).second;
    const Trained after = trained(path / "v2", path, options);
    QCOMPARE(after.outcome.step, std::int64_t(options.steps));
    QVERIFY2(after.losses.at(options.steps) < 0.5 * after.losses.at(10),
             qPrintable(QString("%1 -> %2").arg(after.losses.at(10)).arg(after.losses.at(options.steps))));
    QVERIFY2(before < 0.7, qPrintable(QString::number(before)));
    for (const char* figure : {"recall_at_1", "reverse_recall_at_1"})
      QVERIFY2(after.validation.at(figure) > 0.8, qPrintable(QString::number(after.validation.at(figure))));

    options.head = "v1", options.steps = 10;
    QCOMPARE(trained(path / "v1", path, options).losses.size(), std::size_t(1));
  }

  void a_resumed_training_has_the_same_losses() {
    QTemporaryDir folder;
    const std::filesystem::path path = folder.path().toStdString();
    HeadOptions options = short_training();
    options.steps = 60, options.mine_from = 10,
    options.refresh_every = 15;  // read ahead of refreshes, resumed amid two
    const Trained whole = trained(path / "whole", path, options);
    const Trained first = trained(path / "parts", path, options, false, 30);
    QCOMPARE(first.losses.rbegin()->first, std::int64_t(30));
    const Trained second = trained(path / "parts", path, options, true);
    for (const auto& [step, loss] : whole.losses) QCOMPARE((step <= 30 ? first : second).losses.at(step), loss);
    QCOMPARE(second.outcome.best_figure, whole.outcome.best_figure);
  }

  void what_cannot_be_learned_from_is_refused() {
    QTemporaryDir folder;
    const std::filesystem::path path = folder.path().toStdString();
    HeadOptions options = short_training();
    options.positive_radius = 1;
    QVERIFY(test::error_of([&] { make_head_task(made_features(path), options, narrow, "cpu", {}); }).find("1 m") !=
            std::string::npos);
    HeadFeatures lonely = made_features(path);
    lonely.validation.clear();
    QVERIFY(test::error_of([&] {
              make_head_task(std::move(lonely), short_training(), narrow, "cpu", {});
            }).find("validation") != std::string::npos);
  }
};

QTEST_GUILESS_MAIN(HeadTaskTest)
#include "head_task_test.moc"
