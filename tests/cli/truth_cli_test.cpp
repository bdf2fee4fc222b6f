#include <QProcess>
#include <nlohmann/json.hpp>

#include "tests/app/made_sequence.h"
#include "tests/made_files.h"
#include "tests/support.h"

using test_json = nlohmann::json;
using namespace relocus;

/// relocus-cli truth, as scripts call it.
class TruthCliTest : public QObject {
  Q_OBJECT

 private:
  struct Outcome {
    int code;
    QString out, err;
    test_json last_line() const {
      return test_json::parse(out.trimmed().section('\n', -1).toStdString(), nullptr, false);
    }
  };
  static Outcome call(const QStringList& arguments) {
    QProcess process;
    process.start(RELOCUS_BINARY_DIR "/relocus-cli", QStringList{"truth"} + arguments);
    process.waitForFinished(60000);
    return {process.exitCode(), process.readAllStandardOutput(), process.readAllStandardError()};
  }
  QString path(const char* name) const { return QString::fromStdString((folder_ / name).string()); }

  test::MadeFolder folder_;

 private Q_SLOTS:
  void initTestCase() { test::write_two_laps(folder_ / "laps", {.frames_per_lap = 20}); }

  void help_tells_every_layout_and_option() {
    const Outcome help = call({"--help"});
    QCOMPARE(help.code, 0);
    for (const char* word : {"overlapnet", "overlaptransformer", "rinet", "allow_pickle", "max_distance",
                             "cell_centres", "--json", "--format", "--set"})
      QVERIFY2(help.out.contains(word), word);
  }

  void files_are_written_and_told() {
    const Outcome made = call({path("laps"), "--out", path("made"), "--format", "csv,overlapnet", "--format", "rinet",
                               "--name", "03", "--set", "image_height=16", "--set", "image_width=90", "--json"});
    QVERIFY2(made.code == 0, qPrintable(made.err));
    const auto line = made.last_line();
    QCOMPARE(line.at("files").size(), 6u);
    for (const auto& file : line.at("files")) QVERIFY(std::filesystem::exists(file.get<std::string>()));
    QVERIFY(std::filesystem::exists(folder_ / "made/gt_kitti/03.npz"));
    QVERIFY(line.at("pairs").get<int>() > 100 && line.at("pairs_per_second").get<double>() > 0);
    QCOMPARE(line.at("options").at("image_width").get<int>(), 90);
    QVERIFY(made.err.contains("Measuring pairs"));
    const Outcome words = call({path("laps"), "--out", path("words"), "--set", "overlaps=bev", "--quiet"});
    QVERIFY(words.code == 0 && words.out.contains("pairs per second") && words.out.contains("pairs.csv"));
  }

  void errors_have_codes_and_names() {
    QCOMPARE(call({path("laps")}).code, 2);
    QCOMPARE(call({"--out", path("x")}).code, 2);
    const auto fails = [&](const QStringList& arguments, const char* word) {
      const Outcome outcome = call(arguments);
      return outcome.code == 1 && outcome.err.contains(word);
    };
    QVERIFY(fails({path("nowhere"), "--out", path("x")}, "nowhere"));
    QVERIFY(fails({path("laps"), "--out", path("x"), "--format", "gif"}, "overlapnet"));
    QVERIFY(fails({path("laps"), "--out", path("x"), "--set", "max_distance=-1"}, "max_distance"));
    QVERIFY(fails({path("laps"), "--out", path("x"), "--set", "distance=1"}, "max_distance"));
    QVERIFY(fails({path("laps"), "--out", path("laps/poses.txt")}, "poses.txt"));
    test::write_two_laps(folder_ / "no_poses", {.frames_per_lap = 3});
    std::filesystem::remove(folder_ / "no_poses/poses.txt");
    QVERIFY(fails({path("no_poses"), "--out", path("x")}, "poses"));
    std::filesystem::remove(folder_ / "laps/velodyne/000007.bin");
    test::write_file(folder_ / "laps/velodyne/000007.bin", "half");
    QVERIFY(fails({path("laps"), "--out", path("x"), "--set", "max_distance=8"}, "000007.bin"));
    QVERIFY(!std::filesystem::exists(folder_ / "x/pairs.csv"));
  }
};

QTEST_APPLESS_MAIN(TruthCliTest)
#include "truth_cli_test.moc"
