#include "core/loop_finder.h"

#include <QTest>

#include "core/datasets/registry.h"
#include "core/error.h"
#include "tests/app/made_sequence.h"
#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;
using test::contains;
using test::error_of;

class LoopFinderTest : public QObject {
  Q_OBJECT

 private:
  test::MadeFolder folder_;
  const test::TwoLaps laps_{.frames_per_lap = 20};
  Sequence drive_;

  LoopSettings settings(std::filesystem::path store = {}) const {
    LoopSettings settings;
    settings.exclude_recent = 5;
    settings.num_candidates = 3;
    settings.store = std::move(store);
    return settings;
  }

 private Q_SLOTS:
  void initTestCase() {
    test::write_two_laps(folder_ / "laps", laps_);
    drive_ = open_sequence(folder_ / "laps");
  }

  void the_second_lap_finds_the_first_frame_by_frame() {
    LoopFinder finder(settings());
    for (const Frame& frame : drive_.frames) {
      QCOMPARE(finder.add(read_cloud(drive_, frame.id)), frame.id);
      const auto loops = finder.loops(frame.id);
      QCOMPARE(int(loops.size()), std::clamp(frame.id - 5, 0, 3));
      for (const Candidate& loop : loops) QVERIFY(loop.frame < frame.id - 5);
      if (frame.id < laps_.frames_per_lap) continue;
      QCOMPARE(loops[0].frame, frame.id - laps_.frames_per_lap);
      QVERIFY(loops[0].similarity > 0.99f);
      QVERIFY(loops[0].similarity >= loops[1].similarity);
    }
    QCOMPARE(finder.size(), FrameId(drive_.frames.size()));
  }

  void a_store_is_gone_on_from() {
    const auto store = folder_ / "seen.bin";
    {
      LoopFinder first(settings(store));
      for (FrameId frame = 0; frame < 20; ++frame) first.add(read_cloud(drive_, frame));
    }
    LoopFinder second(settings(store));
    QCOMPARE(second.size(), 20);
    QCOMPARE(second.add(read_cloud(drive_, 20)), 20);
    QCOMPARE(second.loops(20).at(0).frame, 0);

    LoopSettings other = settings(store);
    other.options = {"rings=10"};
    QVERIFY(contains(error_of([&] { LoopFinder finder(other); }), "seen.bin"));
  }

  void what_is_wrong_is_said() {
    const auto with = [&](auto change) {
      LoopSettings changed = settings();
      change(changed);
      return error_of([&] { LoopFinder finder(changed); });
    };
    QVERIFY(contains(with([](LoopSettings& s) { s.method = "orb"; }), "scan_context"));
    QVERIFY(contains(with([](LoopSettings& s) { s.method = "netvlad"; }), "images"));
    QVERIFY(contains(with([](LoopSettings& s) { s.options = {"rigns=3"}; }), "rings"));
    QVERIFY(contains(with([](LoopSettings& s) { s.num_candidates = 0; }), "num_candidates"));
    QVERIFY(contains(with([](LoopSettings& s) { s.exclude_recent = -1; }), "exclude_recent"));
    LoopFinder finder(settings());
    QVERIFY(contains(error_of([&] { finder.add({}); }), "no points"));
    QVERIFY(contains(error_of([&] { finder.loops(0); }), "no frame 0"));
    finder.add(read_cloud(drive_, 0));
    QVERIFY(finder.loops(0).empty());
  }
};

QTEST_APPLESS_MAIN(LoopFinderTest)
#include "loop_finder_test.moc"
