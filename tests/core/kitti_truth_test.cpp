#include <nlohmann/json.hpp>

#include "core/evaluation.h"
#include "core/index.h"
#include "core/numpy.h"
#include "core/poses.h"
#include "tests/support.h"

using namespace relocus;

/// What is known about the real KITTI drives from their published poses.
class KittiTruthTest : public QObject {
  Q_OBJECT

 private:
  static std::filesystem::path kitti() { return test::shared_folder() / "data/kitti_odometry"; }
  static Trajectory drive(const std::string& name, const char* folder = "poses") {
    return trajectory(sequence_of_poses(kitti() / folder / (name + ".txt")));
  }
  static int num_queries(const Trajectory& trajectory, int exclude_recent, double radius) {
    Protocol protocol;
    protocol.exclude_recent = exclude_recent;
    protocol.positive_radius = radius;
    const std::vector<Revisit> all = revisits(trajectory, protocol);
    return std::ranges::count_if(all, [](const Revisit& revisit) { return revisit.num_right > 0; });
  }

 private Q_SLOTS:
  void revisits_are_those_of_the_literature_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<QList<int>>("counts");
    const auto row = [](const char* name, QList<int> counts) { QTest::newRow(name) << QString(name) << counts; };
    // skip 50 10 m, skip 50 5 m, skip 100 10 m, skip 150 10 m, right pairs, standstill only, reversed
    row("00", {944, 804, 912, 912, 30102, 32, 53});
    row("01", {0, 0, 0, 0, 0, 0, 0});
    row("02", {341, 315, 341, 341, 7420, 0, 61});
    row("03", {4, 0, 0, 0, 10, 4, 0});
    row("04", {0, 0, 0, 0, 0, 0, 0});
    row("05", {581, 503, 581, 581, 19522, 0, 14});
    row("06", {274, 270, 274, 274, 5458, 0, 0});
    row("07", {161, 122, 111, 78, 6166, 83, 0});
    row("08", {454, 345, 405, 405, 9997, 49, 388});
    row("09", {26, 19, 26, 26, 598, 0, 0});
    row("10", {41, 28, 0, 0, 776, 41, 0});
  }
  void revisits_are_those_of_the_literature() {
    QFETCH(QString, name);
    QFETCH(QList<int>, counts);
    RELOCUS_NEED(kitti() / "poses" / (name.toStdString() + ".txt"));
    const Trajectory trajectory = drive(name.toStdString());
    QList<int> found{num_queries(trajectory, 50, 10), num_queries(trajectory, 50, 5), num_queries(trajectory, 100, 10),
                     num_queries(trajectory, 150, 10)};
    int pairs = 0, standstill = 0, reversed = 0;
    for (const Revisit& revisit : revisits(trajectory, protocol_preset("E"))) {
      pairs += revisit.num_right;
      standstill += revisit.standstill;
      reversed += revisit.reverse;
    }
    found << pairs << standstill << reversed;
    QCOMPARE(found, counts);
  }

  void other_poses_give_other_counts() {
    RELOCUS_NEED(kitti() / "semantickitti_poses/00.txt");
    QCOMPARE(num_queries(drive("00", "semantickitti_poses"), 50, 10), 937);
  }

  void short_lists_of_08_are_known() {
    RELOCUS_NEED(kitti() / "poses/08.txt");
    const Trajectory trajectory = drive("08");
    const Protocol protocol = protocol_preset("E");
    const std::vector<Revisit> all = revisits(trajectory, protocol);
    int few = 0;
    for (FrameId frame = 0; frame < FrameId(all.size()); ++frame)
      few += all[frame].num_right > 0 && admitted(trajectory, protocol, frame).count() < 25;
    QCOMPARE(few, 17);
  }

  void row_statistics_of_scan_context_reach_their_published_figures_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<QList<double>>("figures");
    QTest::newRow("00") << "00" << QList<double>{804, .935, .781, .824};
    QTest::newRow("02") << "02" << QList<double>{315, .740, .683, .584};
    QTest::newRow("05") << "05" << QList<double>{448, .866, .703, .714};
  }
  void row_statistics_of_scan_context_reach_their_published_figures() {
    QFETCH(QString, name);
    QFETCH(QList<double>, figures);
    const std::filesystem::path file = kitti() / "sc_row_descriptors" / (name.toStdString() + ".npz");
    RELOCUS_NEED(file);
    const Descriptors rows = read_descriptors(file, "row_avg");
    const Trajectory trajectory = drive(name.toStdString());
    const Protocol protocol = protocol_preset("scan_context");
    std::vector<FrameId> sizes;
    for (FrameId query = 0; query < rows.rows(); ++query) sizes.push_back(admitted(trajectory, protocol, query).before);
    const auto found_rows = Index(rows).search(rows, 1, sizes);
    std::vector<Retrieval> retrievals;
    for (FrameId query = 0; query < rows.rows(); ++query) retrievals.push_back({query, found_rows[query]});
    const Evaluation evaluation = evaluate(trajectory, retrievals, protocol);
    const Figures& found = evaluation.figures;
    QCOMPARE(found.num_queries, int(figures[0]));
    const QByteArray all = QByteArray::fromStdString(to_json(found).dump());
    QVERIFY2(std::abs(found.recall_at[0] - figures[1]) <= .0005 && std::abs(found.max_f1 - figures[2]) <= .0005 &&
                 std::abs(found.average_precision - figures[3]) <= .0005,
             all);
  }
};

QTEST_APPLESS_MAIN(KittiTruthTest)
#include "kitti_truth_test.moc"
