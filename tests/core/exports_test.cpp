#include <nlohmann/json.hpp>

#include "core/candidate_lists.h"
#include "core/exports/registry.h"
#include "core/files.h"
#include "core/numpy.h"
#include "tests/support.h"

using namespace relocus;

class ExportsTest : public QObject {
  Q_OBJECT

 private:
  QTemporaryDir folder_;
  Trajectory trajectory_;
  Experiment experiment_;

  std::filesystem::path write(const char* format) const {
    const ExportFormat& known = export_format(format);
    const std::filesystem::path path = folder_.filePath("out").toStdString() + known.extension;
    known.write(experiment_, trajectory_, path);
    return path;
  }

 private Q_SLOTS:
  /// Files are numbered 100, 110, 120 …; frames 60 and 61 stand where 3 and 4 stood.
  void initTestCase() {
    for (int i = 0; i < 62; ++i) {
      trajectory_.positions.emplace_back(i < 60 ? 20.0 * i : 20.0 * (i - 57), 0, 0);
      trajectory_.headings.push_back(0);
      trajectory_.stamps.push_back(i);
      trajectory_.travelled.push_back(20.0 * i);
      trajectory_.numbers.push_back(100 + 10 * i);
    }
    experiment_.method = "made_up";
    experiment_.options = R"({"rings": 20})";
    experiment_.sequence_name = "test/00";
    experiment_.frame_numbers = trajectory_.numbers;
    experiment_.protocol = protocol_preset("ssc_recall");
    experiment_.descriptors = Descriptors::Random(62, 4);
    experiment_.retrievals = {
        {60, {{3, .5f, .9f, 1.f}, {7, .1f, .2f}}}, {61, {{2, .3f, .4f}, {4, .2f, .3f}}}, {55, {}}};
    experiment_.retrieved = experiment_.retrievals;
    experiment_.evaluation = evaluate(trajectory_, experiment_.retrievals, experiment_.protocol);
  }

  void candidate_lists_can_be_read_back_and_give_the_same_figures_data() {
    QTest::addColumn<QByteArray>("format");
    QTest::newRow("csv") << QByteArray("csv");
    QTest::newRow("ssc") << QByteArray("ssc");
  }
  void candidate_lists_can_be_read_back_and_give_the_same_figures() {
    QFETCH(QByteArray, format);
    const std::filesystem::path path = write(format);
    const std::string stamp = format == "csv" ? read_text(path) : read_text(path.string() + ".protocol.json");
    QVERIFY(stamp.find("ssc_recall") != std::string::npos);
    const ImportedResults results = read_results(path);
    QCOMPARE(results.layout, format.toStdString());
    QCOMPARE(results.retrievals[0].query, 700);
    const Evaluation again =
        evaluate(trajectory_, with_frame_ids(results.retrievals, trajectory_), experiment_.protocol);
    QCOMPARE(again.figures.num_queries, 2);
    QCOMPARE(again.figures.recall_at, experiment_.evaluation.figures.recall_at);
    QCOMPARE(again.figures.recall_at[0], .5);
    QCOMPARE(again.figures.recall_at[1], 1.0);
    if (format == "csv") QCOMPARE(again.figures.max_f1_threshold, experiment_.evaluation.figures.max_f1_threshold);
  }

  void json_tells_everything() {
    const nlohmann::json json = nlohmann::json::parse(read_text(write("json")));
    QVERIFY(json["evaluation"]["protocol"]["preset"] == "ssc_recall");
    QVERIFY(json["evaluation"]["num_queries"] == 2);
    QVERIFY(json["options"]["rings"] == 20);
    QCOMPARE(int(json["queries"].size()), 3);
    QVERIFY(json["queries"][0]["candidates"][0]["frame"] == 130);
    QVERIFY(json["queries"][0]["correct"] == true);
    QVERIFY(json["queries"][2]["score"].is_null());
    QVERIFY(!json["evaluation"]["curve"].empty());
  }

  void descriptors_are_those_of_the_experiment() {
    QVERIFY(read_descriptors(write("npy")) == experiment_.descriptors);
    Experiment imported = experiment_;
    imported.descriptors.resize(0, 0);
    const std::string error =
        test::error_of([&] { export_format("npy").write(imported, trajectory_, "/tmp/none.npy"); });
    QVERIFY(error.find("test/00") != std::string::npos && error.find("csv") != std::string::npos);
  }

  void what_cannot_be_is_named() {
    QVERIFY(test::error_of([] { export_format("xls"); }).find("csv") != std::string::npos);
    for (const ExportFormat& format : exports()) {
      const std::string error = test::error_of([&] { format.write(experiment_, trajectory_, "/nowhere/at/all"); });
      QVERIFY2(error.find("/nowhere/at/all") != std::string::npos, format.name.c_str());
    }
  }
};

QTEST_APPLESS_MAIN(ExportsTest)
#include "exports_test.moc"
