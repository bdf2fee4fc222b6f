#include "core/candidate_lists.h"

#include <cmath>
#include <fstream>

#include "core/numpy.h"
#include "core/poses.h"
#include "tests/support.h"

using namespace relocus;

class CandidateListsTest : public QObject {
  Q_OBJECT

 private:
  QTemporaryDir folder_;
  std::filesystem::path file(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = folder_.filePath(QString::fromStdString(name)).toStdString();
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  ImportedResults read(const std::string& text) const { return read_results(file("results.txt", text)); }
  static std::filesystem::path kitti() { return test::shared_folder() / "data/kitti_odometry"; }
  static Trajectory drive(const std::string& name) {
    return trajectory(sequence_of_poses(kitti() / "poses" / (name + ".txt")));
  }
  static std::vector<FrameId> frames(const Retrieval& retrieval) {
    std::vector<FrameId> ids;
    for (const Candidate& candidate : retrieval.candidates) ids.push_back(candidate.frame);
    return ids;
  }

 private Q_SLOTS:
  void lists_of_candidates() {
    const ImportedResults results = read("# made by somebody\r\n60 1 5 3\r\n\r\n61 2\n");
    QCOMPARE(results.layout, std::string("ssc"));
    QCOMPARE(int(results.retrievals.size()), 2);
    QCOMPARE(results.retrievals[0].query, 60);
    QCOMPARE(frames(results.retrievals[0]), (std::vector<FrameId>{1, 5, 3}));
    QCOMPARE(frames(results.retrievals[1]), (std::vector<FrameId>{2}));
  }

  void pairs_with_and_without_scores() {
    const ImportedResults plain = read("(60, 3)\n(60, 4)\n(61, 4)\n");
    QCOMPARE(plain.layout, std::string("pairs"));
    QCOMPARE(frames(plain.retrievals[0]), (std::vector<FrameId>{3, 4}));
    const ImportedResults scored = read("60 3 0.2\n61 7 0.5\n60 4 0.9\n");
    QCOMPARE(scored.layout, std::string("pair_scores"));
    QCOMPARE(frames(scored.retrievals[0]), (std::vector<FrameId>{4, 3}));
    QCOMPARE(scored.retrievals[0].candidates[0].similarity, 0.9f);
  }

  void labelled_pairs_and_scored_labels() {
    const ImportedResults labelled = read("60 3 1\n60 40 0\n");
    QCOMPARE(labelled.layout, std::string("labelled_pairs"));
    QVERIFY(labelled.labels[0].positive && !labelled.labels[1].positive);
    Descriptors descriptors = Descriptors::Zero(61, 2);
    descriptors.row(40) << 3, 4;
    const std::vector<ScoredPair> pairs = score(labelled.labels, descriptors);
    QCOMPARE(pairs[0].score, 0.0);
    QCOMPARE(pairs[1].score, -5.0);
    QVERIFY(!test::error_of([&] { score(labelled.labels, descriptors.topRows(50)); }).empty());

    const ImportedResults scores = read("0.9 1\n0.3 0\n0.2 1\n");
    QCOMPARE(scores.layout, std::string("score_label"));
    QCOMPARE(int(scores.pairs.size()), 3);
    QCOMPARE(evaluate_pairs(scores.pairs).max_f1, 0.8);  // all three accepted: 2 right of 3
  }

  void tables_are_read_by_their_header_and_sorted_by_rank() {
    const ImportedResults results = read(
        "# protocol "
        "{}\nquery,candidate,rank,distance,similarity,yaw_deg,correct\n9,4,2,0.5,,180,1\n9,3,1,0.7,0.25,,0\n");
    QCOMPARE(results.layout, std::string("csv"));
    QCOMPARE(frames(results.retrievals[0]), (std::vector<FrameId>{3, 4}));
    QCOMPARE(results.retrievals[0].candidates[0].similarity, 0.25f);
    QVERIFY(std::isnan(results.retrievals[0].candidates[1].similarity));
    QVERIFY(std::abs(results.retrievals[0].candidates[1].yaw - M_PI) < 1e-6);
  }

  void kapture_pairs_are_numbered_by_their_names() {
    const ImportedResults results = read(
        "# kapture format: 1.1\n# query_image, map_image, score\nq/000012.jpg, db/000003.jpg, 0.5\nq/000012.jpg, "
        "db/7.jpg, 0.75\n");
    QCOMPARE(results.layout, std::string("kapture"));
    QCOMPARE(results.retrievals[0].query, 12);
    QCOMPARE(frames(results.retrievals[0]), (std::vector<FrameId>{7, 3}));
    QVERIFY(test::error_of([&] { read("here.jpg, there.jpg, 1\n"); }).find(":1:") != std::string::npos);
  }

  void lidar_iris_counts_from_one() {
    const ImportedResults results = read("301 1 0.438702 90\n302 2 0.439248 0\n");
    QCOMPARE(results.layout, std::string("lidar_iris"));
    QCOMPARE(results.retrievals[0].query, 300);
    QCOMPARE(results.retrievals[0].candidates[0].frame, 0);
    QVERIFY(std::abs(results.retrievals[0].candidates[0].yaw - M_PI / 2) < 1e-6);
  }

  void arrays_of_overlap_transformer() {
    const std::filesystem::path path = folder_.filePath("predicted_des_L2_dis.npz").toStdString();
    write_npz(path, {{"arr_0", {{3, 3}, {150, 4, 0.1f, 150, 9, 0.4f, 151, 4, 0.2f}}}});
    const ImportedResults results = read_results(path);
    QCOMPARE(results.layout, std::string("overlap_transformer"));
    QCOMPARE(frames(results.retrievals[0]), (std::vector<FrameId>{4, 9}));
    QCOMPARE(results.retrievals[1].candidates[0].distance, 0.2f);

    const std::filesystem::path truth = folder_.filePath("ground_truth_overlap_yaw.npz").toStdString();
    write_npz(truth, {{"arr_0", {{2, 4}, {150, 4, 0.8f, 180, 150, 9, 0.1f, 90}}}});
    QCOMPARE(read_results(truth).overlaps.at({150, 4}), 0.8f);
  }

  void numbers_of_files_become_frames() {
    Trajectory trajectory;
    trajectory.positions.resize(3);
    trajectory.numbers = {720, 1500, 1501};
    const std::vector<Retrieval> found = with_frame_ids({{1500, {{720}}}}, trajectory);
    QCOMPARE(found[0].query, 1);
    QCOMPARE(found[0].candidates[0].frame, 0);
    QVERIFY(test::error_of([&] { with_frame_ids({{7, {}}}, trajectory); }).find("query 7") != std::string::npos);
    trajectory.numbers = {5, 6, 5};  // a map of two frames, and a query
    const std::vector<Retrieval> in_map = with_frame_ids({{5, {{5}}}}, trajectory, 2);
    QCOMPARE(in_map[0].query, 2);
    QCOMPARE(in_map[0].candidates[0].frame, 0);
  }

  void bad_files_are_named_with_the_line_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("says");
    QTest::newRow("empty") << QByteArray() << "empty";
    QTest::newRow("comments alone") << QByteArray("# nothing\n\n") << "empty";
    QTest::newRow("binary") << QByteArray("\0\1\2\3", 4) << "no text";
    QTest::newRow("prose") << QByteArray("these are not results\n") << ":1:";
    QTest::newRow("prose later") << QByteArray("60 1 2 3 4\nand so on\n") << ":2:";
    QTest::newRow("negative frame") << QByteArray("60 1 2 3 -4\n") << "no frame number";
    QTest::newRow("NaN frame") << QByteArray("nan 1 0.5 2\n") << "";
    QTest::newRow("huge frame") << QByteArray("60 1 2 3 99999999999999\n") << "no frame number";
    QTest::newRow("one column") << QByteArray("1.5\n2.5\n") << "known are";
    QTest::newRow("ragged") << QByteArray("60 1 0.5\n61 1\n") << ":2:";
    QTest::newRow("same query twice") << QByteArray("60 1 2 3\n60 4 5 6\n") << "second time";
    QTest::newRow("short row of a table") << QByteArray("query,rank,candidate\n5,1\n") << ":2:";
    QTest::newRow("word in a table") << QByteArray("query,rank,candidate\n5,1,x\n") << "candidate";
  }
  void bad_files_are_named_with_the_line() {
    QFETCH(QByteArray, text);
    QFETCH(QString, says);
    const QString error = QString::fromStdString(test::error_of([&] { read(text.toStdString()); }));
    QVERIFY2(error.contains("results.txt") && error.contains(says), qPrintable(error));
  }
  void missing_files_and_foreign_arrays_are_named() {
    QVERIFY(test::error_of([] { read_results("/nowhere/list.txt"); }).find("/nowhere/list.txt") != std::string::npos);
    const std::filesystem::path path = folder_.filePath("flat.npy").toStdString();
    write_npy(path, Array{{4}, {1, 2, 3, 4}});
    QVERIFY(test::error_of([&] { read_results(path); }).find("N x 3") != std::string::npos);
    write_npy(path, Array{{1, 3}, {-1, 2, 3}});
    QVERIFY(test::error_of([&] { read_results(path); }).find("row 0") != std::string::npos);
  }

  void lists_of_ssc_reach_their_published_recalls_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<QList<double>>("figures");  // queries, Recall@1, 5, 10, 25
    QTest::newRow("00") << "00" << QList<double>{804, .9925, .9988, 1, 1};
    QTest::newRow("02") << "02" << QList<double>{315, .9302, .9810, .9937, .9968};
    QTest::newRow("05") << "05" << QList<double>{503, .9960, 1, 1, 1};
    QTest::newRow("06") << "06" << QList<double>{270, 1, 1, 1, 1};
    QTest::newRow("07") << "07" << QList<double>{122, .9672, .9754, .9754, .9754};
    QTest::newRow("08") << "08" << QList<double>{345, .9681, .9971, 1, 1};
  }
  void lists_of_ssc_reach_their_published_recalls() {
    QFETCH(QString, name);
    QFETCH(QList<double>, figures);
    const std::filesystem::path path = kitti() / "loop_gt/ssc_script" / (name.toStdString() + ".txt");
    RELOCUS_NEED(path);
    const Trajectory trajectory = drive(name.toStdString());
    const std::vector<Retrieval> retrievals = with_frame_ids(read_results(path).retrievals, trajectory);
    const Figures found = evaluate(trajectory, retrievals, protocol_preset("ssc_recall")).figures;
    QCOMPARE(found.num_queries, int(figures[0]));
    const int ranks[] = {1, 5, 10, 25};
    for (int i = 0; i < 4; ++i) {
      const double recall = found.recall_at[ranks[i] - 1];
      QVERIFY2(std::abs(recall - figures[i + 1]) < .00006,
               qPrintable(QString("Recall@%1 %2").arg(ranks[i]).arg(recall)));
    }
  }

  void published_answers_of_lidar_iris_are_mostly_right() {
    const std::filesystem::path path = kitti() / "loop_gt/lidar_iris/test_res00.txt";
    RELOCUS_NEED(path);
    const Trajectory trajectory = drive("00");
    const ImportedResults results = read_results(path);
    QCOMPARE(results.layout, std::string("lidar_iris"));
    QCOMPARE(int(results.retrievals.size()), 4241);
    Protocol protocol = protocol_preset("E");
    protocol.exclude_recent = 298;
    const Figures figures = evaluate(trajectory, with_frame_ids(results.retrievals, trajectory), protocol).figures;
    QCOMPARE(figures.num_queries, 912);
    QVERIFY(figures.recall_at[0] > 0.85 && figures.max_f1 > 0.89);
  }

  void positives_of_lidar_iris_are_near() {
    const std::filesystem::path path = kitti() / "loop_gt/lidar_iris/gt00.txt";
    RELOCUS_NEED(path);
    const ImportedResults results = read_results(path);
    QCOMPARE(results.layout, std::string("positives"));
    const Trajectory trajectory = drive("00");
    double farthest = 0;
    for (const Retrieval& retrieval : with_frame_ids(results.retrievals, trajectory))
      for (const Candidate& candidate : retrieval.candidates)
        farthest = std::max(farthest, distance(trajectory, retrieval.query, candidate.frame, true));
    QVERIFY(farthest < 4 && farthest > 3.99);  // counted from 0 they would lie farther apart
  }
};

QTEST_APPLESS_MAIN(CandidateListsTest)
#include "candidate_lists_test.moc"
