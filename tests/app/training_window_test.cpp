// Training in the window: what a person enters, the process that trains, its curves, and trainings of others.

#include <unistd.h>

#include <QComboBox>
#include <QFile>
#include <QListWidget>
#include <QTableWidget>

#include "app/training_desk.h"
#include "core/files.h"
#include "tests/app/desk.h"
#include "tests/app/home.h"
#include "tests/support.h"
#include "widgets/chart.h"
#include "widgets/options_form.h"
#include "widgets/training_form.h"
#include "widgets/training_view.h"

using namespace relocus;
namespace fs = std::filesystem;

namespace {

/// A folder as a training leaves it behind.
void write_training(const fs::path& folder, int rows, const std::string& state) {
  TrainLog log(folder / "bevnet");
  for (int i = 1; i <= rows; ++i) {
    TrainRow row{10 * i, 4.0 * i, 1e-4, {{"total", 3.0 / i}, {"overlap", 1.0 / i}}};
    if (i % 5 == 0) row.values.emplace_back("validation/recall_at_1", 1 - 1.0 / i);
    log.add(row);
  }
  TrainRecord record;
  record.method = "overlap_netvlad", record.stage = "bevnet", record.state = state, record.started = time_stamp();
  record.num_steps = 1000, record.step = 10 * rows, record.best_step = 50, record.best = {{"recall_at_1", 0.8}};
  record.device = "cpu";
  save(record, folder / "bevnet");
}

QString cell(const QTableWidget* table, const QString& name, int column) {
  for (int row = 0; row < table->rowCount(); ++row)
    if (table->item(row, 0)->text() == name) return table->item(row, column)->text();
  return {};
}

}  // namespace

class TrainingWindowTest : public QObject {
  Q_OBJECT

  test::Home home_;
  fs::path laps_ = home_.two_laps({.frames_per_lap = 12, .poles = 80});
  fs::path other_ = home_.two_laps({.frames_per_lap = 12, .poles = 80, .seed = 9}, "other");

  TrainingJob job(const char* out) const {
    TrainingJob job;
    job.method = "overlap_netvlad";
    job.stages = {"bevnet"};
    job.sequences = {laps_}, job.validation = {other_};
    job.out = home_ / out;
    job.device = "cpu", job.threads = 1;
    job.assignments = {"steps=12",    "validate_every=6", "save_every=4", "base=16",
                       "features=16", "overlap=16",       "decoder=off",  "refine_poses=off"};
    return job;
  }

 private Q_SLOTS:
  void the_preset_is_a_command() {
    test::Desk desk;
    QVERIFY(desk.open(laps_));
    QVERIFY(desk.window.layouts().contains("train"));
    QTest::keyClick(&desk.window, Qt::Key_4, Qt::ControlModifier);
    QTest::qWait(50);
    QVERIFY(!desk.dock("train")->visibleRegion().isEmpty());
    QVERIFY(desk.window.size() == QSize(1280, 800));
  }

  void the_form_keeps_what_was_entered() {
    TrainingForm form;
    form.show_methods({{"overlap_netvlad", "OverlapNetVLAD"}});
    TrainingJob wanted = job("kept");
    wanted.start = "/weights", wanted.half = true;
    form.show_job(wanted);
    const TrainingJob found = form.job();
    QCOMPARE(found.method, wanted.method);
    QVERIFY(found.stages == wanted.stages && found.sequences == wanted.sequences);
    QVERIFY(found.validation == wanted.validation && found.out == wanted.out && found.start == wanted.start);
    QVERIFY(found.half && found.threads == 1 && found.device == "cpu");
    const auto stages = training_stages("overlap_netvlad");
    QVERIFY(to_json(*stage_options(stages.front(), found.assignments)) ==
            to_json(*stage_options(stages.front(), wanted.assignments)));
  }

  void what_is_missing_is_said_and_nothing_starts_without_it() {
    TrainingForm form;
    form.show_methods({{"overlap_netvlad", "OverlapNetVLAD"}});
    QVERIFY(!form.start_button()->isEnabled());
    form.add_sequences({"/a", "/a", "/b"}, false);
    QCOMPARE(form.list(false)->count(), 2);
    QVERIFY(!form.start_button()->isEnabled());
    form.add_sequences({"/a"}, true);
    TrainingJob there = form.job();
    there.out = "/out";
    form.show_job(there);
    QVERIFY(!form.start_button()->isEnabled());  // learned from and held out
    there.validation = {"/c"};
    form.show_job(there);
    QVERIFY(form.start_button()->isEnabled() && !form.stop_button()->isEnabled());
    form.show_running(true, true);
    QVERIFY(!form.start_button()->isEnabled() && form.stop_button()->isEnabled());
    form.show_running(true, false);
    QVERIFY(!form.stop_button()->isEnabled());
  }

  void the_command_line_holds_all_of_a_job() {
    TrainingJob resumed = job("line");
    resumed.resume = true;
    const QString line = TrainingDesk::arguments(resumed).join(' ');
    for (const char* part : {"train overlap_netvlad", "--stage bevnet", "--resume", "--set steps=12", "--device cpu"})
      QVERIFY2(line.contains(part), qPrintable(line));
    QVERIFY(!line.contains("--half") && !line.contains("--weights"));
  }

  void somebody_elses_training_is_watched() {
    test::Desk desk;
    QVERIFY(desk.open(laps_));
    desk.window.choose_layout("train");
    auto* trainings = desk.window.findChild<TrainingDesk*>();
    auto* view = desk.view<TrainingView>();
    trainings->look_every(50);
    const fs::path folder = home_ / "watched";
    write_training(folder, 20, "running");  // by this process: it lives
    trainings->watch(folder);
    QVERIFY(QTest::qWaitFor([&] { return trainings->training() && trainings->is_running(); }, 5000));
    QCOMPARE(view->losses_chart()->content().lines.size(), std::size_t(2));
    QCOMPARE(view->losses_chart()->content().lines[0].points.size(), qsizetype(20));
    QCOMPARE(view->held_out_chart()->content().lines.size(), std::size_t(2));  // and where the best one is
    QVERIFY2(view->headline().contains("5 min 20 s left"), qPrintable(view->headline()));
    QCOMPARE(cell(view->table(), "total", 1), QString("0.15"));
    QCOMPARE(cell(view->table(), "held out: recall at 1", 1), QString("0.95"));
    QCOMPARE(cell(view->table(), "held out: recall at 1", 2), QString("0.8"));
    QVERIFY(!desk.view<TrainingForm>()->start_button()->isEnabled());

    write_training(folder, 30, "finished");
    QVERIFY(QTest::qWaitFor([&] { return !trainings->is_running(); }, 5000));
    QCOMPARE(view->losses_chart()->content().lines[0].points.size(), qsizetype(30));
    QVERIFY(view->headline().contains("finished"));
  }

  void a_folder_without_a_training_is_named() {
    test::Desk desk;
    QVERIFY(desk.open(laps_));
    auto* trainings = desk.window.findChild<TrainingDesk*>();
    QSignalSpy failed(trainings, &TrainingDesk::failed);
    trainings->watch(laps_);
    QVERIFY(failed.wait(5000));
    QVERIFY(failed[0][0].toString().contains("holds no training"));
  }

  void a_process_that_cannot_train_says_why() {
    test::Desk desk;
    auto* trainings = desk.window.findChild<TrainingDesk*>();
    trainings->look_every(50);
    QSignalSpy failed(trainings, &TrainingDesk::failed);
    TrainingJob wrong = job("wrong");
    wrong.sequences = {home_ / "nowhere"};
    trainings->start(wrong);
    QVERIFY(trainings->is_running());
    QVERIFY(failed.wait(60000));
    QVERIFY2(failed[0][0].toString().contains("nowhere"), qPrintable(failed[0][0].toString()));
    QVERIFY(!trainings->is_running());
  }

  void a_small_training_starts_stops_and_goes_on() {
    test::Desk desk;
    QVERIFY(desk.open(laps_));
    desk.window.choose_layout("train");
    auto* trainings = desk.window.findChild<TrainingDesk*>();
    auto* form = desk.view<TrainingForm>();
    auto* view = desk.view<TrainingView>();
    trainings->look_every(50);
    QSignalSpy ended(trainings, &TrainingDesk::ended), failed(trainings, &TrainingDesk::failed);
    TrainingJob small = job("small");
    small.assignments[0] = "steps=100000";
    form->show_job(small);
    QTest::mouseClick(form->start_button(), Qt::LeftButton);
    QVERIFY(
        QTest::qWaitFor([&] { return !failed.isEmpty() || !view->losses_chart()->content().lines.empty(); }, 120000));
    QVERIFY2(failed.isEmpty(), failed.isEmpty() ? "" : qPrintable(failed[0][0].toString()));
    QVERIFY(trainings->can_be_stopped());
    QTest::mouseClick(form->stop_button(), Qt::LeftButton);
    QVERIFY(QTest::qWaitFor([&] { return !ended.isEmpty() || !failed.isEmpty(); }, 60000));
    QVERIFY2(failed.isEmpty(), failed.isEmpty() ? "" : qPrintable(failed[0][0].toString()));
    QCOMPARE(ended[0][0].toString(), QString("stopped"));
    const std::int64_t stopped = trainings->training()->stages.back().record.step;
    QVERIFY(stopped > 0);

    small.assignments[0] = fmt::format("steps={}", stopped + 12);
    form->show_job(small);
    QTest::mouseClick(form->resume_button(), Qt::LeftButton);
    QVERIFY(QTest::qWaitFor([&] { return ended.size() > 1 || !failed.isEmpty(); }, 120000));
    QVERIFY2(failed.isEmpty(), failed.isEmpty() ? "" : qPrintable(failed[0][0].toString()));
    QCOMPARE(ended[1][0].toString(), QString("finished"));
    QCOMPARE(trainings->training()->stages.back().record.step, stopped + 12);
    QVERIFY(fs::exists(home_ / "small/weights.safetensors"));
    QVERIFY(!view->held_out_chart()->content().lines.empty());
  }
};

QTEST_MAIN(TrainingWindowTest)
#include "training_window_test.moc"
