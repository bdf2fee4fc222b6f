#include "core/imported.h"

#include <fstream>

#include "core/numpy.h"
#include "tests/support.h"

using namespace relocus;

namespace {

constexpr int kLap = 60;

/// Two laps on the same circle: frame i + kLap stands where frame i stood.
Sequence two_laps() {
  Sequence sequence;
  sequence.name = "laps";
  sequence.folder = "/nowhere/laps";
  for (int i = 0; i < 2 * kLap; ++i) {
    Frame frame;
    frame.id = i;
    frame.number = i;
    frame.stamp = i;
    frame.world_from_sensor = Eigen::Isometry3d::Identity();
    const double angle = 2 * M_PI * (i % kLap) / kLap;
    frame.world_from_sensor->translation() << 100 * std::cos(angle), 100 * std::sin(angle), 0;
    sequence.frames.push_back(frame);
  }
  return sequence;
}

}  // namespace

class ImportedTest : public QObject {
  Q_OBJECT

 private:
  QTemporaryDir folder_;
  std::filesystem::path path(const char* name) const { return folder_.filePath(name).toStdString(); }

  static bool says(const std::string& word, const auto& call) {
    return test::error_of(call).find(word) != std::string::npos;
  }

 private Q_SLOTS:
  void answers_of_others_are_counted_under_the_protocol() {
    std::ofstream file(path("answers.txt"));
    for (int i = kLap; i < 2 * kLap; ++i) file << i << ' ' << (i < kLap + 15 ? i - kLap + 30 : i - kLap) << '\n';
    file.close();
    const Experiment experiment = imported_experiment(path("answers.txt"), two_laps(), {});
    QVERIFY(experiment.method.empty());
    QCOMPARE(experiment.sequence_name, std::string("laps"));
    QCOMPARE(experiment.evaluation.figures.num_queries, kLap);
    QCOMPARE(experiment.evaluation.figures.recall_at.front(), 0.75);
  }

  void descriptors_are_searched() {
    Descriptors descriptors(2 * kLap, 2);
    for (int i = 0; i < 2 * kLap; ++i)
      descriptors.row(i) << float(std::cos(2 * M_PI * i / kLap)), float(std::sin(2 * M_PI * i / kLap));
    write_npy(path("descriptors.npy"), descriptors);
    const Experiment experiment = imported_experiment(path("descriptors.npy"), two_laps(), {});
    QCOMPARE(experiment.descriptors.rows(), 2 * kLap);
    QVERIFY(experiment.evaluation.figures.num_queries >= kLap);
    QCOMPARE(experiment.evaluation.figures.recall_at.front(), 1.);
  }

  void what_holds_no_answers_is_refused_by_name() {
    std::ofstream(path("scores.txt")) << "0.9 1\n0.2 0\n";
    QVERIFY(says("scores.txt", [&] { imported_experiment(path("scores.txt"), two_laps(), {}); }));
    std::ofstream(path("empty.txt")).close();
    QVERIFY(says("empty.txt", [&] { imported_experiment(path("empty.txt"), two_laps(), {}); }));
    QVERIFY(says("none.txt", [&] { imported_experiment(path("none.txt"), two_laps(), {}); }));
  }

  void frames_that_the_sequence_has_not_are_refused() {
    std::ofstream(path("far.txt")) << "70 9999\n71 11\n";
    QVERIFY(says("9999", [&] { imported_experiment(path("far.txt"), two_laps(), {}); }));
  }
};

QTEST_APPLESS_MAIN(ImportedTest)
#include "imported_test.moc"
