#include "app/matrix_maker.h"

#include <QElapsedTimer>
#include <QSignalSpy>
#include <cmath>
#include <random>

#include "tests/support.h"

using namespace relocus;

namespace {

/// A drive in a circle with descriptors that change along it.
struct Made {
  std::shared_ptr<OpenedSequence> opened = std::make_shared<OpenedSequence>();
  std::shared_ptr<Experiment> experiment = std::make_shared<Experiment>();

  explicit Made(int frames, int dimension) {
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    experiment->descriptors.resize(frames, dimension);
    for (Eigen::Index i = 0; i < experiment->descriptors.size(); ++i)
      experiment->descriptors.data()[i] = normal(random);
    auto& trajectory = opened->trajectory;
    for (int i = 0; i < frames; ++i) {
      const double angle = 2 * M_PI * i / 1500;
      trajectory.positions.emplace_back(240 * std::cos(angle), 240 * std::sin(angle), 0);
      trajectory.headings.push_back(angle);
      trajectory.stamps.push_back(0.1 * i);
      trajectory.travelled.push_back(i);
      trajectory.numbers.push_back(i);
    }
    experiment->evaluation.protocol = experiment->protocol;
  }
};

}  // namespace

class MatrixMakerTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void it_waits_until_somebody_looks() {
    const Made made(200, 16);
    MatrixMaker maker;
    QSignalSpy done(&maker, &MatrixMaker::made), unavailable(&maker, &MatrixMaker::unavailable);
    maker.show_sequence(made.opened);
    QCOMPARE(unavailable.count(), 1);
    maker.show_experiment(made.experiment);
    QVERIFY(!maker.is_busy());
    maker.want(true);
    QVERIFY(maker.is_busy());
    QTRY_COMPARE(done.count(), 1);
    QCOMPARE(maker.matrices()->distances->size, 200);
    QVERIFY(maker.matrices()->right.contains(5, 7));
    maker.want(true);  // it is there already
    QVERIFY(!maker.is_busy());
  }

  void cancelling_offers_to_compute_later() {
    const Made made(3000, 256);
    MatrixMaker maker;
    maker.show_sequence(made.opened);
    QSignalSpy done(&maker, &MatrixMaker::made), unavailable(&maker, &MatrixMaker::unavailable);
    maker.want(true);
    maker.show_experiment(made.experiment);
    maker.cancel();
    QCOMPARE(unavailable.count(), 1);
    QVERIFY(unavailable[0][1].toBool());
    maker.want(false);
    maker.want(true);  // looking again does not begin it
    QVERIFY(!maker.is_busy());
    maker.compute();
    QTRY_COMPARE_WITH_TIMEOUT(done.count(), 1, 20000);
  }

  void what_cannot_be_compared_is_said() {
    const Made made(100, 8);
    MatrixMaker maker;
    maker.want(true);
    maker.show_sequence(made.opened);
    QSignalSpy unavailable(&maker, &MatrixMaker::unavailable);
    auto imported = std::make_shared<Experiment>();
    maker.show_experiment(imported);
    QVERIFY(unavailable.back()[0].toString().contains("no descriptors"));
    QVERIFY(!unavailable.back()[1].toBool());
    maker.show_experiment(Made(50, 8).experiment);
    QVERIFY(unavailable.back()[0].toString().contains("do not belong together"));
    QVERIFY(!maker.is_busy());
    maker.show_experiment(nullptr);
    QVERIFY(unavailable.back()[0].toString().contains("Run a method"));
  }

  void a_long_drive_is_there_in_time() {
    const Made made(4541, 1024);
    MatrixMaker maker;
    maker.want(true);
    maker.show_sequence(made.opened);
    QSignalSpy done(&maker, &MatrixMaker::made);
    QElapsedTimer timer;
    timer.start();
    maker.show_experiment(made.experiment);
    QTRY_COMPARE_WITH_TIMEOUT(done.count(), 1, 30000);
    qInfo("4541 frames: distances and ground truth after %lld ms", static_cast<long long>(timer.elapsed()));
    QVERIFY(timer.elapsed() < 15000);  // 1.5 s on a quiet machine
  }
};

QTEST_GUILESS_MAIN(MatrixMakerTest)
#include "matrix_maker_test.moc"
