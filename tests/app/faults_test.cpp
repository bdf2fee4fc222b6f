#include <algorithm>
#include <fstream>

#include "app/message_bar.h"
#include "core/experiment.h"
#include "core/files.h"
#include "tests/app/desk.h"
#include "tests/app/home.h"
#include "tests/full_disk.h"
#include "tests/made_files.h"
#include "tests/support.h"
#include "widgets/cloud_view.h"
#include "widgets/frame_bar.h"
#include "widgets/log_view.h"

using namespace relocus;

namespace fs = std::filesystem;

/// What goes wrong while a person works: the window says so and goes on.
class FaultsTest : public QObject {
  Q_OBJECT

  test::Home home_;
  int next_ = 0;

  /// A sequence of its own, for tests that damage it.
  fs::path made(int frames_per_lap = 30) {
    return home_.two_laps({.frames_per_lap = frames_per_lap}, fmt::format("laps{}", next_++));
  }
  static bool told(test::Desk& desk, const QString& part) {
    auto* messages = desk.window.findChild<MessageBar*>();
    const bool said = QTest::qWaitFor([&] { return messages->isVisible() && messages->text().contains(part); }, 20000);
    if (!said) qWarning("told: \"%s\"", qPrintable(messages->text()));
    return said;
  }
  /// A scan is shown when another frame is selected: the window lives.
  static bool shows(test::Desk& desk, FrameId frame) {
    auto* view = desk.in_dock<CloudView>("query");
    desk.session.select_query(frame);
    return QTest::qWaitFor([&] { return desk.session.is_idle() && view->points_drawn() > 0; }, 10000);
  }

 private Q_SLOTS:
  void init() {  // nothing that one test computed helps the next
    home_.use_cache(fmt::format("cache{}", next_++));
  }

  void a_sequence_home_that_is_removed_while_open() {
    const fs::path laps = made();
    test::Desk desk;
    QVERIFY(desk.open(laps));
    QVERIFY(desk.run());
    fs::remove_all(laps);

    desk.session.select_query(50);
    QTRY_VERIFY(desk.window.findChild<LogView*>()->text().contains("000050"));
    desk.session.step_candidate(1);
    QTRY_VERIFY(desk.session.is_idle());
    // What is in memory still serves: answers, figures, exports; the report says which pictures it lacks.
    desk.session.choose_threshold(-1);
    desk.session.export_experiment("report", false, home_ / "without.html");
    QVERIFY(told(desk, "without.html"));
    QVERIFY(test::contains(read_text(home_ / "without.html"), "No picture: "));
    desk.session.export_experiment("g2o", false, home_ / "without.g2o");
    QVERIFY(told(desk, "without.g2o"));
    // What needs the scans fails by name.
    desk.session.check_every_scan();
    QTRY_VERIFY(desk.session.is_idle());
    QVERIFY(desk.window.findChild<LogView*>()->text().contains(QString::fromStdString(laps.string())));
    QVERIFY(desk.open(made()));
    QVERIFY(shows(desk, 3));
  }

  void a_disk_that_fills_during_an_export() {
    test::Desk desk;
    QVERIFY(desk.open(made()));
    QVERIFY(desk.run());
    for (const std::string format : {"csv", "json", "report", "g2o"}) {
      const fs::path file = home_ / ("full." + format);
      test::write_file(file, "of yesterday");
      {
        const test::FullDisk full(500);
        desk.session.export_experiment(format, false, file);
        QVERIFY2(told(desk, QString::fromStdString(file.string())), format.c_str());
      }
      QVERIFY(desk.window.findChild<MessageBar*>()->text().contains("make room"));
      QCOMPARE(read_text(file), std::string("of yesterday"));
      QVERIFY(std::ranges::none_of(fs::directory_iterator(home_.path()), [](const auto& entry) {
        return test::contains(entry.path().filename().string(), ".tmp");
      }));
      desk.session.export_experiment(format, false, file);  // room was made
      QVERIFY(told(desk, "Written"));
      QVERIFY(read_text(file) != "of yesterday");
    }
    QVERIFY(shows(desk, 3));
  }

  void a_disk_that_fills_while_an_experiment_is_saved() {
    test::Desk desk;
    QVERIFY(desk.open(made()));
    QVERIFY(desk.run());
    const fs::path folder = home_ / "saved";
    desk.session.save_experiment(folder);
    QTRY_VERIFY(desk.session.is_idle() && fs::exists(folder / "experiment.json"));
    const std::string before = read_text(folder / "experiment.json");
    desk.session.choose_protocol(protocol_preset("ssc_recall"));
    QTRY_VERIFY(desk.session.is_idle());
    {
      const test::FullDisk full(2000);
      desk.session.save_experiment(folder);
      QVERIFY(told(desk, QString::fromStdString(folder.string())));
    }
    QCOMPARE(read_text(folder / "experiment.json"), before);
    QCOMPARE(load_experiment(folder).protocol.preset, std::string("overlap_netvlad"));
  }

  void a_disk_that_fills_during_a_run() {
    test::Desk desk;
    QVERIFY(desk.open(made()));
    {
      desk.session.choose_method({"scan_context", nullptr, {}});
      const test::FullDisk full(20000);
      desk.session.run();
      QVERIFY(told(desk, "make room"));
    }
    QVERIFY(!desk.session.experiment());
    QVERIFY(desk.run());  // goes on from what was stored
    QVERIFY(desk.session.experiment());
  }

  void a_corrupt_session() {
    const fs::path file = test::write_file(home_ / "broken.relocus", "{\"relocus\": \"session\", \"quer");
    test::Desk desk;
    QVERIFY(desk.open(made()));
    desk.window.open_session(file, false);
    QVERIFY(told(desk, "broken.relocus"));
    QVERIFY(desk.session.opened());
    QVERIFY(shows(desk, 3));
  }

  void a_scan_that_fails_in_the_middle_of_playback() {
    const fs::path laps = made();
    std::ofstream(laps / "velodyne/000010.bin", std::ios::binary).write("torn", 4);
    fs::remove(laps / "velodyne/000012.bin");
    fs::create_directory(laps / "velodyne/000012.bin");
    test::Desk desk;
    QVERIFY(desk.open(laps));
    desk.session.select_query(5);
    QTRY_VERIFY(desk.session.is_idle());
    auto* view = desk.in_dock<CloudView>("query");
    auto* bar = desk.window.findChild<FrameBar*>();
    auto* play = desk.window.findChild<QAction*>("go.play");
    QSignalSpy failed(&desk.session, &Session::query_scan_failed);
    play->trigger();
    QVERIFY(bar->is_playing());
    QTRY_VERIFY_WITH_TIMEOUT(desk.session.query() > 16, 20000);  // it plays on behind both
    QVERIFY(bar->is_playing());
    play->trigger();
    QVERIFY(!bar->is_playing());
    QVERIFY(desk.window.findChild<LogView*>()->text().contains("000010.bin"));
    QVERIFY(failed.count() >= 1);
    QVERIFY(shows(desk, 20));
    // The bad frame itself shows why instead of points.
    desk.session.select_query(10);
    QTRY_VERIFY(desk.session.is_idle());
    QTRY_COMPARE(view->points_drawn(), 0);
    QVERIFY(shows(desk, 11));
  }
};

QTEST_MAIN(FaultsTest)
#include "faults_test.moc"
