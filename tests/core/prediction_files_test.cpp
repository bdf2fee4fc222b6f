#include "core/prediction_files.h"

#include <cmath>

#include "core/files.h"
#include "core/numpy.h"
#include "core/pipeline.h"
#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;

namespace {

/// Frames of the lists of the toy set, the database's first.
Sequence toy_set() {
  Sequence sequence;
  for (const char* list : {"toyset_db.txt", "toyset_q.txt"}) {
    const std::string text = read_text(test::golden_folder() / "image" / list);
    for (std::size_t first = 0; first < text.size();) {
      const std::size_t end = std::min(text.find('\n', first), text.size());
      if (end > first) {
        Frame frame;
        frame.id = FrameId(sequence.frames.size());
        frame.image = std::filesystem::path("../shared/data/vpr/toy_dataset") / text.substr(first, end - first);
        sequence.frames.push_back(frame);
      }
      first = end + 1;
    }
  }
  return sequence;
}

std::vector<Retrieval> retrievals_of(const Array& order) {
  std::vector<Retrieval> retrievals;
  const std::int64_t num_db = order.shape[1];
  for (std::int64_t q = 0; q < order.shape[0]; ++q) {
    retrievals.push_back({FrameId(num_db + q), {}});
    for (std::int64_t k = 0; k < num_db; ++k)
      retrievals.back().candidates.push_back({FrameId(order.values[std::size_t(q * num_db + k)])});
  }
  return retrievals;
}

}  // namespace

class PredictionFilesTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void predictions_are_the_published_program_s_byte_for_byte() {
    const auto folder = test::golden_folder() / "image";
    RELOCUS_NEED(folder / "patchnetvlad_toyset.npz");
    const auto golden = read_npz(folder / "patchnetvlad_toyset.npz");
    const Sequence sequence = toy_set();
    for (const auto& [key, file] : {std::pair("netvlad_order", "toyset_NetVLAD_predictions.txt"),
                                    std::pair("patchnetvlad_order", "toyset_PatchNetVLAD_predictions.txt")})
      QCOMPARE(prediction_pairs({}, retrievals_of(golden.at(key)), &sequence), read_text(folder / file));
  }

  void predictions_can_be_read_again() {
    const auto file = test::golden_folder() / "image/toyset_PatchNetVLAD_predictions.txt";
    RELOCUS_NEED(file);
    const auto golden = read_npz(test::golden_folder() / "image/patchnetvlad_toyset.npz");
    const Sequence sequence = toy_set();
    QVERIFY(holds_prediction_pairs(file));
    const std::vector<Retrieval> wanted = retrievals_of(golden.at("patchnetvlad_order"));
    const std::vector<Retrieval> found =
        read_prediction_pairs(file, sequence, std::size_t(golden.at("patchnetvlad_order").shape[1]));
    QCOMPARE(found.size(), wanted.size());
    for (std::size_t q = 0; q < found.size(); ++q) {
      QCOMPARE(found[q].query, wanted[q].query);
      QCOMPARE(found[q].candidates.size(), wanted[q].candidates.size());
      for (std::size_t k = 0; k < found[q].candidates.size(); ++k)
        QCOMPARE(found[q].candidates[k].frame, wanted[q].candidates[k].frame);
    }
  }

  void images_of_another_sequence_are_named() {
    QTemporaryDir folder;
    const std::filesystem::path file = folder.filePath("pairs.txt").toStdString();
    Sequence sequence;
    sequence.name = "made";
    for (const char* image : {"/data/a/1.jpg", "/data/b/1.jpg", "/data/b/2.jpg"}) {
      sequence.frames.emplace_back();
      sequence.frames.back().image = image;
    }
    const auto error = [&](const std::string& lines) {
      write_atomically(file, "# kapture format: 1.0\n" + lines);
      return test::error_of([&] { read_prediction_pairs(file, sequence); });
    };
    QVERIFY(error("b/2.jpg, b/3.jpg\n").find("pairs.txt:2: \"b/3.jpg\" is no image of made") != std::string::npos);
    QVERIFY(error("b/2.jpg, 1.jpg\n").find("several images") != std::string::npos);
    QVERIFY(error("b/2.jpg\n").find("is no pair") != std::string::npos);
    QVERIFY(error("").find("empty") != std::string::npos);
    QVERIFY(error("elsewhere/b/2.jpg, a/1, 0.5\n").empty());
    const auto found = read_prediction_pairs(file, sequence);
    QCOMPARE(found[0].query, 2);
    QCOMPARE(found[0].candidates[0].frame, 0);
    QCOMPARE(found[0].candidates[0].similarity, 0.5f);
  }

  void submission_is_the_notebook_s_byte_for_byte() {
    const auto folder = test::golden_folder() / "image";
    RELOCUS_NEED(folder / "netvlad_colab.npz");
    const Array database = read_npz(folder / "netvlad_colab.npz", "submit_db_desc"),
                queries = read_npz(folder / "netvlad_colab.npz", "submit_q_desc");
    Descriptors all(database.shape[0] + queries.shape[0], database.shape[1]);
    std::ranges::copy(database.values, all.data());
    std::ranges::copy(queries.values, all.data() + database.values.size());
    Trajectory nowhere;
    for (Eigen::Index i = 0; i < all.rows(); ++i) {
      nowhere.positions.emplace_back(double(i), 0, 0);
      nowhere.headings.push_back(0);
      nowhere.stamps.push_back(double(i));
      nowhere.travelled.push_back(double(i));
      nowhere.numbers.push_back(i);
    }
    Protocol protocol;
    protocol.database_frames = int(database.shape[0]);
    protocol.exclude_recent = 0;
    const std::vector<Retrieval> found = search(all, nowhere, protocol);
    QCOMPARE(submission_json(found, protocol), read_text(folder / "submission.json"));
  }

  void recalls_can_be_read_again() {
    const test::MadeFolder folder;
    const std::filesystem::path file =
        test::write_file(folder / "recalls.txt",
                         "Recall NetVLAD@1: 0.8346\nRecall NetVLAD@100: 1.0000\r\nRecall PatchNetVLAD@5: 0.0000\n");
    const std::vector<RecallLine> lines = read_recall_lines(file);
    QCOMPARE(lines.size(), 3u);
    QCOMPARE(lines[0].stage, std::string("NetVLAD"));
    QCOMPARE(lines[0].recall, 0.8346);
    QCOMPARE(lines[1].n, 100);
    QCOMPARE(lines[2].stage, std::string("PatchNetVLAD"));
    for (const char* bad : {"Recall NetVLAD@0: 0.5", "Recall NetVLAD@1: 1.5", "Recall NetVLAD@1 0.5", "Recall @x: 0.5",
                            "Recall NetVLAD@1: nan", "score 3", ""}) {
      test::write_file(file, bad);
      const std::string error = test::error_of([&] { read_recall_lines(file); });
      QVERIFY2(error.find("recalls.txt") != std::string::npos, bad);
    }
  }

  void recalls_count_all_queries() {
    Trajectory trajectory;
    for (int i = 0; i < 8; ++i) {  // four places, of which the queries see the first three, and one elsewhere
      trajectory.positions.emplace_back(i == 7 ? 9000.0 : 100.0 * (i % 4), 0, 0);
      trajectory.headings.push_back(0);
      trajectory.stamps.push_back(i);
      trajectory.travelled.push_back(100.0 * i);
      trajectory.numbers.push_back(i);
    }
    Experiment experiment;
    experiment.protocol.database_frames = 4;
    experiment.protocol.exclude_recent = 0;
    const float similarity = 0.5f;
    for (int q = 4; q < 8; ++q) {
      const FrameId right = q - 4, wrong = (q - 3) % 4;
      experiment.retrieved.push_back({q, {{wrong, 0.1f}, {right, 0.2f}}});
      experiment.retrievals.push_back({q, {{right, 0.2f, similarity}, {wrong, 0.1f, similarity / 2}}});
      for (Retrieval* retrieval : {&experiment.retrieved.back(), &experiment.retrievals.back()})
        for (const FrameId more : {FrameId((q - 2) % 4), FrameId((q - 1) % 4)})
          retrieval->candidates.push_back({more, 1, 0});
    }
    experiment.evaluation = evaluate(trajectory, experiment.retrievals, experiment.protocol);
    QCOMPARE(recall_lines(experiment, trajectory), "Recall NetVLAD@1: 0.0000\nRecall PatchNetVLAD@1: 0.7500\n");
    for (auto* list : {&experiment.retrieved, &experiment.retrievals})
      for (Retrieval& retrieval : *list) retrieval.candidates.push_back({FrameId(0), 2, -1});
    QCOMPARE(recall_lines(experiment, trajectory),
             "Recall NetVLAD@1: 0.0000\nRecall NetVLAD@5: 0.7500\nRecall PatchNetVLAD@1: 0.7500\nRecall "
             "PatchNetVLAD@5: 0.7500\n");
  }
};

QTEST_APPLESS_MAIN(PredictionFilesTest)
#include "prediction_files_test.moc"
