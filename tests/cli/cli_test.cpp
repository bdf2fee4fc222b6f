#include <sys/resource.h>
#include <QElapsedTimer>
#include <QFile>
#include <QProcess>
#include <cmath>

#include <csignal>
#include <nlohmann/json.hpp>

#include "core/files.h"
#include "core/numpy.h"
#include "tests/app/made_sequence.h"
#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;
using test::contains;
using test::shared_folder;
using Json = nlohmann::json;

namespace {

struct Outcome {
  int code = -1;
  std::string out, err;

  Json last_line() const {
    const auto end = out.find_last_not_of('\n');
    const auto begin = out.rfind('\n', end);
    return Json::parse(out.substr(begin == std::string::npos ? 0 : begin + 1), nullptr, false);
  }
};

/// "run X --method …" as one would type it; arguments have no spaces.
Outcome call(const std::string& arguments) {
  QProcess process;
  process.start(RELOCUS_BINARY_DIR "/relocus-cli", QString::fromStdString(arguments).split(' ', Qt::SkipEmptyParts));
  process.waitForFinished(120000);
  Outcome outcome;
  outcome.code = process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -2;
  outcome.out = process.readAllStandardOutput().toStdString();
  outcome.err = process.readAllStandardError().toStdString();
  return outcome;
}

/// A named error: exit code 1, one sentence on stderr that holds `part`, nothing that looks like a result on stdout.
bool fails_with(const Outcome& outcome, std::string_view part) {
  const bool good = outcome.code == 1 && outcome.err.starts_with("relocus-cli: ") && contains(outcome.err, part);
  if (!good) qWarning("%d: %s", outcome.code, outcome.err.c_str());
  return good;
}

constexpr const char* kProtocol = " --exclude-recent 5 --candidates 4 --max-candidates-recall 4";

}  // namespace

class CliTest : public QObject {
  Q_OBJECT

 private:
  test::MadeFolder folder_;
  std::string laps_, whole_;

 private Q_SLOTS:
  void initTestCase() {
    qputenv("XDG_CACHE_HOME", (folder_ / "cache").c_str());
    laps_ = folder_ / "laps", whole_ = folder_ / "whole";
    test::write_two_laps(laps_, {.frames_per_lap = 30});
    const Outcome outcome = call("run " + laps_ + " --method scan_context --out " + whole_ + kProtocol);
    QVERIFY2(outcome.code == 0, outcome.err.c_str());
  }

  void every_command_explains_itself() {
    QCOMPARE(call("--help").code, 0);
    for (const char* verb :
         {"methods", "datasets", "info", "simulate", "run", "evaluate", "match", "export", "bench"}) {
      QVERIFY2(contains(call("--help").out, verb), verb);
      const Outcome help = call(std::string(verb) + " --help");
      QCOMPARE(help.code, 0);
      QVERIFY2(contains(help.out, "--json") && contains(help.out, "--help"), verb);
    }
    for (const char* flag :
         {"--positive-radius", "--exclude-recent", "--min-travel", "--candidates", "--max-candidates-recall",
          "--past-only", "--database", "--protocol", "--set", "--weights", "--device", "--threads"})
      QVERIFY2(contains(call("run --help").out, flag), flag);
  }

  void wrong_usage_is_code_2_data() {
    QTest::addColumn<QString>("arguments");
    for (const char* arguments : {"", "fly", "run", "run X --method scan_context", "info", "info X --deeep", "evaluate",
                                  "export X --format csv", "match A --method scan_context", "run X --out Y --method"})
      QTest::newRow(arguments) << arguments;
  }
  void wrong_usage_is_code_2() {
    QFETCH(QString, arguments);
    const Outcome outcome = call(arguments.toStdString());
    QCOMPARE(outcome.code, 2);
    QVERIFY(!outcome.err.empty());
    QVERIFY(outcome.out.empty());
  }

  void errors_are_named_and_code_1() {
    const std::string scan = laps_ + "/velodyne/000000.bin";
    QVERIFY(fails_with(call("info " + (folder_ / "nowhere").string()), "nowhere"));
    QVERIFY(fails_with(call("run " + laps_ + " --method nonsense --out " + (folder_ / "x").string()), "scan_context"));
    QVERIFY(fails_with(call("run " + laps_ + " --method scan_context --set ring=3 --out " + (folder_ / "x").string()),
                       "rings"));
    QVERIFY(fails_with(call("run " + laps_ + " --method scan_context --set rings=0 --out " + (folder_ / "x").string()),
                       "rings"));
    QVERIFY(fails_with(
        call("run " + laps_ + " --method scan_context --positive-radius near --out " + (folder_ / "x").string()),
        "positive_radius"));
    QVERIFY(fails_with(call("run " + laps_ + " --method scan_context --protocol Z --out " + (folder_ / "x").string()),
                       "Z"));
    QVERIFY(fails_with(call("evaluate " + laps_), "experiment.json"));
    QVERIFY(fails_with(call("export " + whole_ + " --format gif --out " + (folder_ / "x").string()), "csv"));
    QVERIFY(fails_with(call("match " + scan + " " + laps_ + "/calib.txt --method scan_context"), "calib.txt"));
    const Outcome json = call("evaluate " + laps_ + " --json");
    QCOMPARE(json.code, 1);
    QVERIFY(contains(json.last_line().at("error").get<std::string>(), "experiment.json"));
    QVERIFY(!std::filesystem::exists(folder_ / "x"));
  }

  void methods_and_datasets_are_listed() {
    const Json methods = call("methods --json").last_line().at("methods");
    QVERIFY(std::ranges::any_of(methods, [](const Json& each) { return each.at("name") == "scan_context"; }));
    const Json datasets = call("datasets --json").last_line().at("datasets");
    QVERIFY(std::ranges::any_of(datasets, [](const Json& each) { return each.at("name") == "kitti"; }));
    QVERIFY(contains(call("methods").out, "rings"));
  }

  void info_counts_frames_and_names_problems() {
    const Json good = call("info " + laps_ + " --json").last_line();
    QCOMPARE(good.at("frames").get<int>(), 60);
    QVERIFY(good.at("problems").empty());
    test::write_two_laps(folder_ / "bad", {.frames_per_lap = 5});
    test::write_file(folder_ / "bad/velodyne/000004.bin", "half");
    const Json bad = call("info " + (folder_ / "bad").string() + " --deep --json").last_line();
    QVERIFY(contains(bad.at("problems").dump(), "000004.bin"));
  }

  void run_tells_what_scripts_rely_on() {
    const Outcome outcome = call("run " + laps_ + " --method scan_context --json --out " + whole_ + kProtocol);
    QCOMPARE(outcome.code, 0);
    QVERIFY(contains(outcome.err, "Re-ranking"));
    const Json line = outcome.last_line();
    for (const char* key :
         {"num_queries", "recall_at", "recall_at_1_percent", "max_f1", "max_f1_threshold", "average_precision",
          "extended_precision", "recall_at_full_precision", "protocol", "strata", "milliseconds", "experiment"})
      QVERIFY2(line.contains(key), key);
    QCOMPARE(line["experiment"].get<std::string>(), whole_);
    QCOMPARE(line["recall_at"].size(), std::size_t(4));
    QVERIFY(line["recall_at"][0].get<double>() > 0.95);
    QCOMPARE(line["protocol"]["exclude_recent"].get<int>(), 5);
    QVERIFY(line["milliseconds"].contains("encode"));
    QVERIFY(call("run " + laps_ + " --method scan_context --quiet --out " + whole_ + kProtocol).err.empty());
  }

  void a_killed_run_gives_the_same_when_repeated() {
    test::write_two_laps(folder_ / "long", {.frames_per_lap = 300, .poles = 60});
    const std::string sequence = folder_ / "long", through = folder_ / "through", killed = folder_ / "killed";
    const std::string command = "run " + sequence + " --method scan_context --candidates 10 --out ";
    QCOMPARE(call(command + through).code, 0);
    int kills = 0;
    for (int attempt = 0; attempt < 4; ++attempt) {
      QProcess process;
      process.start(RELOCUS_BINARY_DIR "/relocus-cli", QString::fromStdString(command + killed).split(' '));
      const QString store = QString::fromStdString(killed + "/encodings.bin");
      const qint64 before = QFile(store).size();
      QElapsedTimer timer;
      timer.start();
      while (timer.elapsed() < 20000 && process.state() != QProcess::NotRunning &&
             QFile(store).size() <= before + 20000)
        process.waitForFinished(1);
      process.kill();
      process.waitForFinished();
      kills += process.exitStatus() == QProcess::CrashExit;
    }
    QVERIFY(kills > 0);
    QVERIFY(!std::filesystem::exists(killed + "/experiment.json"));
    QCOMPARE(call(command + killed).code, 0);
    for (const char* name : {"/candidates.csv", "/descriptors.npy", "/pr_curve.csv", "/recall.csv", "/encodings.bin"})
      QCOMPARE(read_text(killed + name), read_text(through + name));
  }

  void ctrl_c_stops_cleanly_and_the_next_run_finishes() {
    test::write_two_laps(folder_ / "interrupted", {.frames_per_lap = 400, .poles = 60});
    const std::string out = folder_ / "interrupted out";
    const QStringList arguments{"run",      QString::fromStdString(folder_ / "interrupted"),
                                "--method", "scan_context",
                                "--out",    QString::fromStdString(out)};
    QProcess process;
    process.start(RELOCUS_BINARY_DIR "/relocus-cli", arguments);
    while (process.state() != QProcess::NotRunning &&
           QFile(QString::fromStdString(out + "/encodings.bin")).size() < 20000)
      process.waitForFinished(1);
    ::kill(pid_t(process.processId()), SIGINT);
    QVERIFY(process.waitForFinished(20000));
    QCOMPARE(process.exitStatus(), QProcess::NormalExit);
    QCOMPARE(process.exitCode(), 130);
    QVERIFY(process.readAllStandardError().contains("what was stored stays"));
    process.start(RELOCUS_BINARY_DIR "/relocus-cli", arguments);
    QVERIFY(process.waitForFinished(60000));
    QCOMPARE(process.exitCode(), 0);
  }

  void options_may_stand_anywhere() {
    const std::string out = folder_ / "anywhere";
    const Outcome outcome =
        call("run --set rings=10 --set sectors=30 " + laps_ + " --out " + out + " --method scan_context" + kProtocol);
    QVERIFY2(outcome.code == 0, outcome.err.c_str());
    const Json saved = Json::parse(read_text(out + "/experiment.json"));
    QCOMPARE(saved["options"]["rings"].get<int>(), 10);
    QCOMPARE(saved["options"]["sectors"].get<int>(), 30);
  }

  void experiments_are_evaluated_again_without_their_sequence() {
    test::write_two_laps(folder_ / "moved", {.frames_per_lap = 20});
    const std::string out = folder_ / "of_moved";
    QCOMPARE(call("run " + (folder_ / "moved").string() + " --method scan_context --out " + out + kProtocol).code, 0);
    std::filesystem::remove_all(folder_ / "moved");
    const Json same = call("evaluate " + out + " --json").last_line();
    QCOMPARE(same["protocol"]["exclude_recent"].get<int>(), 5);
    const Json near = call("evaluate " + out + " --json --positive-radius 2 --exclude-recent 8").last_line();
    QCOMPARE(near["protocol"]["positive_radius"].get<double>(), 2.0);
    QCOMPARE(near["protocol"]["preset"].get<std::string>(), "custom");
    QCOMPARE(near["num_queries"].get<int>(), 20);
  }

  void a_separate_database_answers() {
    const std::string out = folder_ / "separate";
    const Outcome outcome =
        call("run " + laps_ + " --method scan_context --json --database " + laps_ + " --out " + out + kProtocol);
    QVERIFY2(outcome.code == 0, outcome.err.c_str());
    QCOMPARE(outcome.last_line()["num_queries"].get<int>(), 60);
    QCOMPARE(outcome.last_line()["recall_at"][0].get<double>(), 1.0);
  }

  /// Figures of the shared data's README: published Scan Context row means, 5 m, candidates j <= i - 100.
  void published_descriptors_give_the_published_recall_data() {
    QTest::addColumn<QString>("sequence");
    QTest::addColumn<double>("recall");
    QTest::addColumn<int>("queries");
    QTest::newRow("00") << "00" << 0.935 << 804;
    QTest::newRow("02") << "02" << 0.740 << 315;
    QTest::newRow("05") << "05" << 0.866 << 448;
  }
  void published_descriptors_give_the_published_recall() {
    QFETCH(QString, sequence);
    QFETCH(double, recall);
    QFETCH(int, queries);
    const std::string kitti = shared_folder() / "data/kitti_odometry", name = sequence.toStdString();
    RELOCUS_NEED(kitti + "/sc_row_descriptors/" + name + ".npz");
    const Outcome outcome =
        call("evaluate --json --descriptors " + kitti + "/sc_row_descriptors/" + name + ".npz --key row_avg" +
             " --poses " + kitti + "/poses/" + name + ".txt --positive-radius 5 --exclude-recent 99");
    QVERIFY2(outcome.code == 0, outcome.err.c_str());
    const Json line = outcome.last_line();
    QCOMPARE(line["num_queries"].get<int>(), queries);
    QVERIFY2(std::abs(line["recall_at"][0].get<double>() - recall) < 6e-4, line["recall_at"][0].dump().c_str());
  }

  void the_wrong_key_or_length_of_descriptors_is_named() {
    write_npz(folder_ / "two.npz", {{"a", {{4, 2}, std::vector<float>(8)}}, {"b", {{9, 2}, std::vector<float>(18)}}});
    const std::string poses = test::write_file(folder_ / "poses.txt", test::lidar_poses(9));
    const std::string start = "evaluate --descriptors " + (folder_ / "two.npz").string();
    QVERIFY(fails_with(call(start + " --key c --poses " + poses), "a, b"));
    QVERIFY(fails_with(call(start + " --key a --poses " + poses), "4 descriptors"));
    QVERIFY(fails_with(call(start + " --key b"), "--poses"));
    QCOMPARE(call(start + " --key b --poses " + poses).code, 0);
  }

  void candidate_lists_are_evaluated() {
    const std::string csv = whole_ + "/candidates.csv";
    const std::string rest = " --poses " + laps_ + "/poses.txt --json" + kProtocol;
    const Json ours = call("evaluate " + whole_ + " --json").last_line();
    const Outcome outcome = call("evaluate --candidates " + csv + rest);
    QVERIFY2(outcome.code == 0, outcome.err.c_str());
    QVERIFY(outcome.last_line()["recall_at"] == ours["recall_at"]);
    QVERIFY(outcome.last_line()["num_queries"] == ours["num_queries"]);

    const std::string list = folder_ / "list.txt";
    QCOMPARE(call("export " + whole_ + " --format ssc --out " + list).code, 0);
    QVERIFY(call("evaluate --candidates " + list + rest).last_line()["recall_at"] == ours["recall_at"]);
    const std::string far = test::write_file(folder_ / "far.txt", "700 1 2\n");
    QVERIFY(fails_with(call("evaluate --candidates " + far + rest), "700"));
  }

  void published_lists_give_what_they_gave() {
    const std::string kitti = shared_folder() / "data/kitti_odometry";
    RELOCUS_NEED(kitti + "/loop_gt/ssc_script/00.txt");
    const Outcome outcome = call("evaluate --json --candidates " + kitti + "/loop_gt/ssc_script/00.txt --poses " +
                                 kitti + "/poses/00.txt --protocol ssc_recall");
    QVERIFY2(outcome.code == 0, outcome.err.c_str());
    QVERIFY(outcome.last_line()["recall_at"][0].get<double>() > 0.9);
  }

  void experiments_are_exported() {
    const Outcome listed = call("export --list --json");
    QCOMPARE(listed.code, 0);
    const Json formats = listed.last_line()["formats"];
    QVERIFY(formats.size() >= 7);
    for (const Json& each : formats) {
      const std::string format = each["name"];
      if (each["method"] != "") {
        QVERIFY(contains(call("export " + whole_ + " --format " + format + " --out " + (folder_ / "none").string()).err,
                         each["method"].get<std::string>()));
        continue;
      }
      QVERIFY(contains(call("export --list").out, format));
      const std::string out = folder_ / (std::string("export.") + format);
      QCOMPARE(call("export " + whole_ + " --json --format " + format + " --out " + out)
                   .last_line()["path"]
                   .get<std::string>(),
               out);
      QVERIFY(std::filesystem::file_size(out) > 0);
    }
    QCOMPARE(read_npy(folder_ / "export.npy").shape, (std::vector<std::int64_t>{60, 20}));
  }

  void a_threshold_says_what_is_accepted() {
    const auto accepted = [&](const std::string& flags) {
      const std::string out = folder_ / "accepted.txt";
      QStringList lines;
      if (call("export " + whole_ + " --format kapture --accepted --out " + out + flags).code == 0)
        lines = QString::fromStdString(read_text(out)).split('\n', Qt::SkipEmptyParts);
      return std::ranges::count_if(lines, [](const QString& line) { return !line.startsWith('#'); });
    };
    QCOMPARE(accepted(" --threshold 2"), 0);  // no similarity is above 1
    QVERIFY(accepted("") > 20);
    QVERIFY(accepted(" --threshold 0.1") >= accepted(""));
    QCOMPARE(call("export " + whole_ + " --format csv --out x --threshold high").code, 2);
  }

  void a_full_disk_is_a_named_error() {
    const std::string out = folder_ / "report.html";
    QProcess process;
    process.setChildProcessModifier([] {
      const rlimit tight{4096, 4096};
      ::setrlimit(RLIMIT_FSIZE, &tight);
    });
    process.start(RELOCUS_BINARY_DIR "/relocus-cli", {"export", QString::fromStdString(whole_), "--format", "report",
                                                      "--out", QString::fromStdString(out)});
    QVERIFY(process.waitForFinished(60000));
    QCOMPARE(process.exitStatus(), QProcess::NormalExit);
    QCOMPARE(process.exitCode(), 1);
    QVERIFY(contains(process.readAllStandardError().toStdString(), "report.html"));
    QVERIFY(!std::filesystem::exists(out));
  }

  /// The command that a report names makes the same experiment again.
  void a_report_tells_how_it_was_made() {
    const std::string out = folder_ / "made.html";
    QCOMPARE(call("export " + whole_ + " --format report --out " + out).code, 0);
    const std::string page = read_text(out), mark = "relocus-cli run ";
    const auto start = page.find(mark);
    QVERIFY(start != std::string::npos);
    std::string command = page.substr(start + 12, page.find(" --out ", start) - start - 12);
    const std::string again = folder_ / "again";
    QVERIFY2(call(command + " --out " + again).code == 0, command.c_str());
    const std::string second = folder_ / "again.html";
    QCOMPARE(call("export " + again + " --format report --out " + second).code, 0);
    const auto without_times = [](std::string text) {  // and without the line that holds the folder
      const auto from = text.find("id=\"environment\""), to = text.find("id=\"hashes\"");
      return text.erase(from, to - from);
    };
    QCOMPARE(without_times(read_text(second)), without_times(page));
  }

  /// Frames 5 and 35 stand on the same spot; the query is turned by 90 degrees of the lap, a quarter of 30 frames.
  void match_tells_score_and_yaw() {
    const std::string scan = laps_ + "/velodyne/0000", picture = folder_ / "pair.png";
    const Json same =
        call("match " + scan + "05.bin " + scan + "35.bin --method scan_context --json --figure " + picture)
            .last_line();
    QVERIFY(same["score"].get<double>() > 0.99);
    QVERIFY(std::abs(same["yaw_deg"].get<double>()) < 1);
    QVERIFY(read_text(picture).starts_with("\x89PNG"));
    QVERIFY(same["verified"].get<bool>());
    QCOMPARE(same["a_from_b"].size(), std::size_t(4));
    QVERIFY(std::abs(same["a_from_b"][0][3].get<double>()) < 0.1);
    QCOMPARE(same["information"].size(), std::size_t(6));
    QVERIFY(same["fitness"].get<double>() > 0.9 && same["rmse"].get<double>() < 0.3);
    QVERIFY(contains(call("match " + scan + "05.bin " + scan + "35.bin --method scan_context").out, "pose verified"));
    const Json other = call("match " + scan + "05.bin " + scan + "20.bin --method scan_context --json").last_line();
    QVERIFY(other["score"].get<double>() < same["score"].get<double>() - 0.2);
  }

  /// Every frame of the second lap stands where one of the first did.
  void loops_are_verified_and_handed_over_with_their_poses() {
    const std::string out = folder_ / "verified", graph = folder_ / "verified.g2o";
    QCOMPARE(call("run " + laps_ + " --method scan_context --exclude-recent 20 --out " + out).code, 0);
    QVERIFY(fails_with(call("export " + out + " --format g2o --verified --out " + graph), "relocus-cli verify"));
    const Json some = call("verify " + out + " --max-pairs 10 --json").last_line();
    QCOMPARE(some["measured"].get<int>(), 10);
    const Json all = call("verify " + out + " --json").last_line();  // goes on
    QCOMPARE(all["measured"].get<int>() + 10, all["pairs"].get<int>());
    QVERIFY(all["verified"].get<int>() >= 30);
    // Scans a little farther apart than the protocol's radius fit each other, too, and are no right answers.
    QVERIFY(all["figures"]["precision"].get<double>() > 0.85);
    QVERIFY(all["figures"]["recall"].get<double>() > 0.95);
    QVERIFY(contains(read_text(out + "/verified.csv"), "\n30,0,1,"));
    const Json figures = call("evaluate " + out + " --json").last_line();
    QCOMPARE(figures["verified"]["recall"].get<double>(), all["figures"]["recall"].get<double>());
    QCOMPARE(call("export " + out + " --format g2o --verified --out " + graph).code, 0);
    QVERIFY(contains(read_text(graph), "loops: those whose scans fit"));
    QVERIFY(contains(read_text(graph), " loops were measured"));
    QVERIFY(call("verify " + laps_).code == 1);
  }

  void bench_tells_each_stage_beside_its_floor() {
    const Outcome outcome = call("bench --method scan_context --json --sequence " + laps_);
    QVERIFY2(outcome.code == 0, outcome.err.c_str());
    const Json line = outcome.last_line();
    QVERIFY(line.at("gmacs_per_second").get<double>() > 0);
    std::string names;
    for (const Json& stage : line.at("stages")) {
      names += stage.at("name").get<std::string>() + ", ";
      QVERIFY(stage.at("ms").get<double>() > 0);
      QVERIFY(stage.at("floor_ms").is_null() == stage.at("ratio").is_null());
    }
    for (const char* name :
         {"load", "voxelise", "scan context", "pose: whole pair", "search of 4541x1024", "evaluation of 4541 queries"})
      QVERIFY2(contains(names, name), names.c_str());
  }

  void the_reverse_pair_of_kitti_08() {
    const std::string scans = shared_folder() / "data/kitti_odometry/sequences/08/velodyne";
    RELOCUS_NEED(scans + "/001500.bin");
    const Json line =
        call("match " + scans + "/000720.bin " + scans + "/001500.bin --method scan_context --json").last_line();
    QVERIFY2(std::abs(line["yaw_deg"].get<double>() + 148.5) < 1, line.dump().c_str());
    QVERIFY(line["verified"].get<bool>());
    QVERIFY(std::abs(line["a_from_b"][0][3].get<double>() + 1.80) < 0.3);
    QVERIFY(std::abs(line["a_from_b"][1][3].get<double>() + 1.71) < 0.3);
    const std::string out = folder_ / "kitti08";
    const Json run =
        call("run " + scans + "/.. --method scan_context --exclude-recent 0 --json --out " + out).last_line();
    QCOMPARE(run["num_queries"].get<int>(), 1);
    QCOMPARE(run["recall_at"][0].get<double>(), 1.0);
    QVERIFY(contains(read_text(out + "/candidates.csv"), "\n1500,1,720,"));
  }

  void real_scans_find_their_neighbours() {
    const std::string sequence = shared_folder() / "data/kitti_odometry/sequences/00";
    RELOCUS_NEED(sequence + "/velodyne/000000.bin");
    const Json line = call("run " + sequence + " --method scan_context --exclude-recent 0 --json --out " +
                           (folder_ / "kitti00").string())
                          .last_line();
    QVERIFY(line["num_queries"].get<int>() >= 9);
    QCOMPARE(line["recall_at"][0].get<double>(), 1.0);
  }
};

QTEST_GUILESS_MAIN(CliTest)
#include "cli_test.moc"
