#include <nlohmann/json.hpp>

#include "core/candidate_lists.h"
#include "core/datasets/check.h"
#include "core/datasets/registry.h"
#include "core/evaluation.h"
#include "core/files.h"
#include "core/numpy.h"
#include "core/pipeline.h"
#include "core/poses.h"
#include "core/sequence_protocol.h"
#include "tests/support.h"

using namespace relocus;
namespace fs = std::filesystem;

namespace {

fs::path lists() { return test::shared_folder() / "data/vpr_lists"; }
fs::path golden() { return test::golden_folder() / "image"; }

/// Answers of anybody to the queries of a sequence, by the numbers of their images.
Figures figures_of_results(const Sequence& sequence, std::vector<Retrieval> answers, int max_recall = 100) {
  Protocol protocol = suggested_protocol(sequence);
  protocol.max_recall = max_recall;
  const Trajectory truth = trajectory(sequence);
  return figures_alone(truth, with_frame_ids(std::move(answers), truth, int(sequence.num_database)), protocol);
}

/// pred[q][k] = (37 q + 101 k) mod numDb
std::vector<Retrieval> by_rule(const Sequence& sequence) {
  const auto num_database = FrameId(sequence.num_database);
  std::vector<Retrieval> answers;
  for (FrameId query = 0; query < FrameId(sequence.frames.size()) - num_database; ++query) {
    Retrieval& answer = answers.emplace_back(Retrieval{query, {}});
    for (int k = 0; k < 100; ++k)
      answer.candidates.push_back({FrameId((37LL * query + 101LL * k) % num_database), float(k)});
  }
  return answers;
}

bool close(double a, double b, double tolerance = 1e-12) { return std::abs(a - b) <= tolerance; }

/// netvlad_tf_open's area under the curve: steps, without that of the first frame.
double area_of_steps(const Figures& figures) {
  return figures.average_precision - (figures.curve.front().precision == 1 ? 1. / figures.num_queries : 0.);
}

/// The KITTI 00 protocol with a descriptor made of each frame's true pose; distances are taken in double precision.
template <class Describe>
Figures kitti00(const Describe& describe) {
  const Sequence sequence = sequence_of_poses(lists() / "kitti00_gt_poses.txt", PoseFrame::Camera);
  const Trajectory truth = trajectory(sequence);
  const Protocol& protocol = protocol_preset("netvlad_tf");
  const Eigen::Isometry3d sensor_from_reference = sequence.reference_from_sensor.inverse();
  std::vector<Eigen::Vector3d> descriptors;
  for (const Frame& frame : sequence.frames)
    descriptors.push_back(describe(Eigen::Isometry3d(*frame.world_from_sensor * sensor_from_reference)));
  std::vector<Retrieval> answers;
  for (const Frame& query : sequence.frames) {
    const Admitted open = admitted(truth, protocol, query.id);
    Candidate best;
    double nearest = INFINITY;
    for (FrameId frame = 0; frame < FrameId(descriptors.size()); ++frame) {
      const double distance = (descriptors[std::size_t(frame)] - descriptors[std::size_t(query.id)]).squaredNorm();
      if (open.contains(frame) && distance < nearest) nearest = distance, best = {frame, float(distance)};
    }
    answers.push_back({query.id, {best}});
  }
  return figures_alone(truth, answers, protocol);
}

}  // namespace

class ImageProtocolsTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void published_predictions_have_their_published_recalls_data() {
    QTest::addColumn<QString>("truth");
    QTest::addColumn<QString>("predictions");
    QTest::addColumn<QList<double>>("recalls");
    QTest::newRow("Berlin") << "heaputil_berlin.mat"
                            << "mr1L_berlin" << QList<double>{.4464, .5929, .7071, .7893};
    QTest::newRow("Tokyo 24/7") << "tokyo247.npz"
                                << "mr1L_tokyo247" << QList<double>{.6698, .7905, .8254, .8667};
    QTest::newRow("Berlin, ten levels") << "heaputil_berlin.mat"
                                        << "mr10L_berlin" << QList<double>();
  }
  void published_predictions_have_their_published_recalls() {
    QFETCH(QString, truth);
    QFETCH(QString, predictions);
    QFETCH(QList<double>, recalls);
    const fs::path file = lists() / (predictions.toStdString() + ".json");
    RELOCUS_NEED(file);
    const ImportedResults results = read_results(file);
    QCOMPARE(results.layout, std::string("predictions"));
    const Figures figures = figures_of_results(open_sequence(lists() / truth.toStdString()), results.retrievals);
    const auto stored = nlohmann::json::parse(nlohmann::json::parse(read_text(file)).get<std::string>())["recalls"];
    QCOMPARE(figures.recall_at.size(), stored.size());
    for (std::size_t n = 0; n < stored.size(); ++n)
      QVERIFY2(close(figures.recall_at[n], stored[n].get<double>()), qPrintable(QString("Recall@%1").arg(n + 1)));
    const int ranks[] = {1, 5, 10, 20};
    for (int i = 0; i < recalls.size(); ++i)
      QVERIFY(close(figures.recall_at[std::size_t(ranks[i] - 1)], recalls[i], 5e-5));
  }

  void positives_and_recalls_are_those_of_the_reference_data() {
    QTest::addColumn<QString>("file");
    QTest::newRow("berlin") << "heaputil_berlin.mat";
    QTest::newRow("nordland_heap") << "heaputil_nordland.mat";
    QTest::newRow("oxford") << "heaputil_oxford.mat";
    QTest::newRow("pitts30k") << "pitts30k_test.npz";
    QTest::newRow("tokyo247") << "tokyo247.npz";
  }
  void positives_and_recalls_are_those_of_the_reference() {
    QFETCH(QString, file);
    const fs::path path = golden() / "evaluator" / file.toStdString();
    RELOCUS_NEED(path);
    const std::string name = QTest::currentDataTag();
    const auto expected = nlohmann::json::parse(read_text(golden() / "evaluator/expected.json"))["rule"][name];
    const Sequence sequence = open_sequence(path);
    QCOMPARE(sequence.truth.radius, expected["thr"].get<double>());
    const Protocol protocol = suggested_protocol(sequence);
    const std::vector<Revisit> truth = revisits(trajectory(sequence), protocol);
    const auto arrays = read_npz_doubles(golden() / "netvlad_colab.npz");
    const Doubles& counts = arrays.at("positives_count_" + name);
    QCOMPARE(counts.values.size(), sequence.frames.size() - sequence.num_database);
    std::int64_t total = 0;
    for (std::size_t query = 0; query < counts.values.size(); ++query) {
      QCOMPARE(truth[sequence.num_database + query].num_right, int(counts.values[query]));
      total += truth[sequence.num_database + query].num_right;
    }
    QCOMPARE(total, expected["positives_total"].get<std::int64_t>());

    const Figures figures = figures_of_results(sequence, by_rule(sequence));
    const Doubles& recalls = arrays.at("recall_rule_" + name);
    for (std::size_t i = 0; i < expected["ns"].size(); ++i) {
      const double recall = figures.recall_at[expected["ns"][i].get<std::size_t>() - 1];
      QVERIFY(close(recall, expected["recall"][i].get<double>()));
      QVERIFY(close(recall, recalls.values[i]));
    }
  }

  void nordlands_radius_of_ten_reaches_seven_frames_and_says_so() {
    RELOCUS_NEED(lists() / "nordland.npz");
    const Sequence sequence = open_sequence(lists() / "nordland.npz");
    QCOMPARE(sequence.num_database, std::size_t(27592));
    Protocol protocol = suggested_protocol(sequence);
    QCOMPARE(protocol.positive_radius, 10.);
    const Trajectory truth = trajectory(sequence);
    const FrameId query = 27592 + 1000;
    QCOMPARE(judge(truth, protocol, nullptr, query, 1007), Verdict::Right);
    QCOMPARE(judge(truth, protocol, nullptr, query, 1008), Verdict::Wrong);
    const std::string trap = counter_trap(sequence);
    QVERIFY2(trap.find("±7 frames, not ±10") != std::string::npos, trap.c_str());
    protocol.frame_tolerance = 10;
    QCOMPARE(judge(truth, protocol, nullptr, query, 1010), Verdict::Right);
    QVERIFY(counter_trap(open_sequence(lists() / "pitts30k_test.npz")).empty());
  }

  void corridors_matrices_have_their_published_recalls_data() {
    QTest::addColumn<double>("recall");
    for (const auto& [name, recall] : {std::pair{"HybridNet", .901},
                                       {"AMOSNet", .847},
                                       {"denseVLAD", .703},
                                       {"AlexNet_VPR", .685},
                                       {"NetVLAD", .676},
                                       {"CoHOG", .622},
                                       {"AP-GeM", .532},
                                       {"HOG", .477},
                                       {"RegionVLAD", .432},
                                       {"CALC", .324}})
      QTest::newRow(name) << recall;
  }
  void corridors_matrices_have_their_published_recalls() {
    QFETCH(double, recall);
    const fs::path corridor = test::shared_folder() / "data/vpr/corridor";
    const fs::path file = corridor / "precomputed_matches" / QTest::currentDataTag() / "precomputed_data_corrected.npy";
    RELOCUS_NEED(file);
    const Sequence sequence = open_sequence(corridor);
    QCOMPARE(sequence.num_database, std::size_t(111));
    QVERIFY(suggested_protocol(sequence).listed);
    QCOMPARE(suggested_protocol(sequence).preset, std::string("listed"));
    const ImportedResults results = read_results(file);
    QCOMPARE(results.layout, std::string("similarities"));
    const Figures figures = figures_of_results(sequence, results.retrievals, 1);
    QCOMPARE(figures.num_queries, 111);
    QVERIFY2(close(figures.recall_at[0], recall, 5.1e-4), qPrintable(QString::number(figures.recall_at[0])));
  }

  void kitti00_is_judged_as_netvlad_tf_does() {
    RELOCUS_NEED(lists() / "kitti00_gt_poses.txt");
    const Figures oracle = kitti00([](const Eigen::Isometry3d& pose) { return Eigen::Vector3d(pose.translation()); });
    QCOMPARE(oracle.num_queries, 1706);
    QCOMPARE(oracle.num_asked, 4541);
    QVERIFY(close(area_of_steps(oracle), .999413834, 1e-6));
    QVERIFY(close(oracle.curve.back().precision, .375688, 1e-6));
    QCOMPARE(oracle.curve.back().recall, 1.);
    // The camera looks along the sensor's x axis; camera axes are z forward.
    const Figures forward =
        kitti00([](const Eigen::Isometry3d& pose) { return Eigen::Vector3d(pose.linear().col(2)); });
    QVERIFY2(close(area_of_steps(forward), .004370359, 2e-4),
             qPrintable(QString::number(area_of_steps(forward), 'g', 9)));
    QVERIFY(close(forward.curve.back().recall, .113716, 2e-3));
  }

  void views_of_one_panorama_answer_once() {
    Trajectory truth;
    for (int i = 0; i < 7; ++i) {
      truth.positions.emplace_back(i < 3 ? 100 : i < 6 ? 1 : 0, 0, 0);
      truth.headings.push_back(0);
      truth.stamps.push_back(i);
      truth.travelled.push_back(i);
      truth.numbers.push_back(i);
      truth.places.push_back(i < 6 ? i / 3 : -1);
    }
    Protocol protocol = protocol_preset("tokyo247");
    protocol.database_frames = protocol.first_query = 6;
    const std::vector<Retrieval> answers{{6, {{0, .1f}, {1, .2f}, {2, .3f}, {4, .4f}}}};
    QCOMPARE(figures_alone(truth, answers, protocol).recall_at[0], 0.);
    QCOMPARE(figures_alone(truth, answers, protocol).recall_at[1], 1.);
    protocol.one_per_place = false;
    QCOMPARE(figures_alone(truth, answers, protocol).recall_at[2], 0.);

    Descriptors descriptors(7, 1);
    descriptors << .1f, .2f, .3f, .5f, .4f, .6f, 0;
    protocol.one_per_place = true;
    protocol.num_candidates = protocol.max_recall = 2;
    const auto found = search(descriptors, truth, protocol);
    QCOMPARE(found.size(), std::size_t(1));
    QCOMPARE(found[0].candidates.size(), std::size_t(2));
    QCOMPARE(found[0].candidates[0].frame, 0);
    QCOMPARE(found[0].candidates[1].frame, 4);
  }

  void a_sequence_with_a_database_fits_any_protocol_to_itself() {
    Sequence sequence;
    for (int i = 0; i < 10; ++i) {
      Frame& frame = sequence.frames.emplace_back();
      frame.id = i;
      frame.number = i % 6;
      frame.world_from_sensor = Eigen::Isometry3d(Eigen::Translation3d(10. * (i % 6), 0, 0));
    }
    QCOMPARE(suggested_protocol(sequence).preset, std::string("overlap_netvlad"));
    sequence.num_database = 6;
    sequence.truth.radius = 25;
    const Protocol protocol = suggested_protocol(sequence);
    QCOMPARE(protocol.preset, std::string("vpr_25m"));
    QCOMPARE(protocol.database_frames, 6);
    QVERIFY(protocol.inclusive);
    const Trajectory truth = trajectory(sequence);
    for (FrameId query = 6; query < 10; ++query) {
      QVERIFY(may_ask(truth, protocol, query));
      QCOMPARE(admitted(truth, protocol, query).count(), 6);
    }
    QVERIFY(!may_ask(truth, protocol, 5));
    QCOMPARE(fitted(protocol_preset("frame_tolerance"), sequence).database_frames, 6);
    Protocol own;
    own.database_frames = 3;
    QCOMPARE(fitted(own, sequence).database_frames, 3);
  }

  void submissions_and_matrices_are_read() {
    const QTemporaryDir folder;
    const fs::path path = folder.path().toStdString();
    const auto write = [&](const char* name, const std::string& text) {
      write_atomically(path / name, text);
      return path / name;
    };
    const ImportedResults submission = read_results(
        write("submission.json", R"({"Query": [{"id": 1, "positive": [4, 2]}, {"id": 0, "positive": []}]})"));
    QCOMPARE(submission.layout, std::string("submission"));
    QCOMPARE(submission.retrievals[0].query, 1);
    QCOMPARE(submission.retrievals[0].candidates[1].frame, 2);
    const ImportedResults matrix = read_results(write("matrix.txt", ".1 .5 .2 .3 .4\n.9 .8 .7 .6 .5\n"));
    QCOMPARE(matrix.layout, std::string("similarities"));
    QCOMPARE(matrix.retrievals[0].candidates[0].frame, 1);
    QCOMPARE(matrix.retrievals[1].candidates[4].frame, 4);
    const auto error = [&](const std::string& text) {
      return test::error_of([&] { read_results(write("bad.json", text)); });
    };
    for (const char* text :
         {"", "{", "[1, 2]", R"({"Query": 3})", R"({"Query": [{"id": 0}]})", R"({"predictions": [3]})",
          R"({"predictions": [["a"]]})", R"({"predictions": [[-1]]})", R"({"predictions": []})"})
      QVERIFY2(error(text).find("bad.json") != std::string::npos, text);
    const fs::path real = golden() / "submission.json";
    RELOCUS_NEED(real);
    const ImportedResults results = read_results(real);
    QCOMPARE(results.retrievals.size(), std::size_t(12));
    const Doubles expected = read_npz_doubles(golden() / "netvlad_colab.npz").at("submit_predictions");
    for (std::size_t q = 0; q < 12; ++q)
      for (std::size_t k = 0; k < 20; ++k)
        QCOMPARE(double(results.retrievals[q].candidates[k].frame), expected.values[q * 20 + k]);
  }
};

QTEST_APPLESS_MAIN(ImageProtocolsTest)
#include "image_protocols_test.moc"
