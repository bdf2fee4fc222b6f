#include "core/training_folder.h"

#include <unistd.h>

#include <fstream>

#include "core/files.h"
#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;
using test::error_of;
namespace fs = std::filesystem;

namespace {

void write_stage(const fs::path& folder, const std::string& name, const std::string& started, int rows,
                 const std::string& state = "running") {
  TrainLog log(folder);
  for (int row = 1; row <= rows; ++row)
    log.add({.step = 10 * row, .seconds = 2.0 * row, .learning_rate = 1e-3, .values = {{"loss", 1.0 / row}}});
  TrainRecord record;
  record.method = "overlap_netvlad", record.stage = name, record.started = started, record.state = state;
  record.step = 10 * rows, record.num_steps = 100;
  save(record, folder);
}

void replace_in(const fs::path& file, const std::string& from, const std::string& to) {
  std::string text = read_text(file);
  text.replace(text.find(from), from.size(), to);
  std::ofstream(file) << text;
}

}  // namespace

class TrainingFolderTest : public QObject {
  Q_OBJECT

 private:
  test::MadeFolder made_;

 private Q_SLOTS:
  void stages_stand_in_the_order_in_which_they_began() {
    const fs::path folder = made_ / "two";
    write_stage(folder / "a_head", "head", "2026-11-21T12:00:00Z", 3);
    write_stage(folder / "bevnet", "bevnet", "2026-11-21T11:00:00Z", 7, "finished");
    const TrainingProgress training = read_training(folder);
    QCOMPARE(training.stages.size(), std::size_t(2));
    QCOMPARE(training.stages[0].record.stage, std::string("bevnet"));
    QVERIFY(!training.stages[0].alive);
    QCOMPARE(training.stages[1].rows.size(), std::size_t(3));
    QVERIFY(training.stages[1].alive);  // by this process
    QCOMPARE(training_process(training), std::optional<int>(::getpid()));
    QCOMPARE(read_training(folder / "bevnet").stages.size(), std::size_t(1));
  }

  void the_time_left_follows_the_pace() {
    const fs::path folder = made_ / "pace";
    write_stage(folder, "bevnet", "x", 4);
    const auto left = seconds_left(read_training(folder).stages[0]);
    QVERIFY(left && std::abs(*left - 0.2 * 60) < 1e-9);  // 0.2 s a step, 60 steps
    QVERIFY(!seconds_left(StageProgress()));
  }

  void who_ended_without_a_word_is_not_alive() {
    const fs::path folder = made_ / "dead";
    write_stage(folder, "bevnet", "x", 1);
    replace_in(folder / "train.json", fmt::format("\"process\": {}", ::getpid()), "\"process\": 999999999");
    QVERIFY(!read_training(folder).stages[0].alive);
    QVERIFY(!training_process(read_training(folder)));
    replace_in(folder / "train.json", "\"process\": 999999999", "\"process\": 1");  // lives, and trains nothing
    QVERIFY(!read_training(folder).stages[0].alive);
    QVERIFY(is_running(::getpid()) && !is_running(0) && !is_running(999999999));
  }

  void another_machine_is_believed_while_it_writes() {
    const fs::path folder = made_ / "far";
    write_stage(folder, "bevnet", "x", 1);
    replace_in(folder / "train.json", "\"host\": \"", "\"host\": \"far-");
    QVERIFY(read_training(folder).stages[0].alive);
    QVERIFY(!training_process(read_training(folder)));
    fs::last_write_time(folder / "train.json", fs::file_time_type::clock::now() - std::chrono::hours(1));
    QVERIFY(!read_training(folder).stages[0].alive);
  }

  void a_folder_without_a_training_is_named() {
    fs::create_directories(made_ / "empty/inner");
    QVERIFY(error_of([&] { read_training(made_ / "empty"); }).find("holds no training") != std::string::npos);
    QVERIFY(error_of([&] { read_training(made_ / "nowhere"); }).find("nowhere") != std::string::npos);
  }
};

QTEST_APPLESS_MAIN(TrainingFolderTest)
#include "training_folder_test.moc"
