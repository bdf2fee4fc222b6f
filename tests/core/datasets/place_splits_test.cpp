// OpenIBL's and ClusVPR's meta.json and splits.json.

#include <fstream>

#include "core/datasets/registry.h"
#include "core/evaluation.h"
#include "core/ground_truth.h"
#include "core/sequence_protocol.h"
#include "tests/support.h"

using namespace relocus;
namespace fs = std::filesystem;

namespace {

constexpr const char* kMeta = R"({"name": "Pittsburgh_30k",
  "identities": [["queries/b.jpg", "queries/a.jpg"], ["queries/c.jpg"],
                 ["db/010_x.jpg", "db/009_x.jpg"], ["db/020_x.jpg"], ["db/030_x.jpg"]],
  "utm": [[100.5, 200.25], [500, 200], [110, 200], [490, 210], [900, 900]]})";
constexpr const char* kSplits = R"({"q_train": [], "db_train": [], "q_val": [1], "db_val": [4],
  "q_test": [0, 1], "db_test": [2, 3, 4]})";

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

class PlaceSplitsTest : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  fs::path root_;

  void write(const char* name, const std::string& text) const { std::ofstream(root_ / name) << text; }

 private Q_SLOTS:
  void init() {
    root_ = fs::path(folder_.filePath("pitts").toStdString());
    fs::remove_all(root_);
    fs::create_directories(root_ / "raw/db");
    write("meta_30k.json", kMeta);
    write("splits_30k.json", kSplits);
    write("raw/db/009_x.jpg", "");
  }

  void a_folder_holds_three_sequences_and_each_is_opened_by_name() {
    const auto& format = dataset("place_splits");
    QCOMPARE(format.sequences(root_).size(), std::size_t(3));
    QVERIFY(format.recognises(root_ / "splits_30k.json") && format.recognises(root_ / "splits_30k.json/test"));
    QVERIFY(!format.recognises(root_ / "meta_30k.json") && !format.recognises(root_ / "splits_30k.json/other"));
    const std::string error = test::error_of([&] { open_sequence(root_); });
    QVERIFY2(contains(error, "splits_30k.json/test") || contains(error, "test"), error.c_str());

    const Sequence sequence = open_sequence(root_ / "splits_30k.json/test");
    QCOMPARE(sequence.name, std::string("vpr/pitts30k_test"));
    QCOMPARE(sequence.num_database, std::size_t(4));
    std::vector<std::string> names;
    for (const Frame& frame : sequence.frames) names.push_back(frame.image.filename().string());
    QCOMPARE(names,
             (std::vector<std::string>{"009_x.jpg", "010_x.jpg", "020_x.jpg", "030_x.jpg", "a.jpg", "b.jpg", "c.jpg"}));
    QCOMPARE(sequence.frames[0].image, fs::absolute(root_ / "raw/db/009_x.jpg"));
    QCOMPARE(sequence.frames[4].world_from_sensor->translation().y(), 200.25);
    QCOMPARE(sequence.frames[0].place, std::int64_t(-1));
    const Sequence validation = open_sequence(root_ / "splits_30k.json/val");
    QCOMPARE(validation.frames.size(), std::size_t(2));
    QCOMPARE(validation.name, std::string("vpr/pitts30k_val"));
    const std::string empty = test::error_of([&] { open_sequence(root_ / "splits_30k.json/train"); });
    QVERIFY2(contains(empty, "splits_30k.json"), empty.c_str());
  }

  void answers_are_right_within_25_metres() {
    const Sequence sequence = open_sequence(root_ / "splits_30k.json/test");
    const Protocol protocol = fitted(suggested_protocol(sequence), sequence);
    QCOMPARE(protocol.positive_radius, 25.0);
    QVERIFY(protocol.inclusive);
    QCOMPARE(protocol.database_frames, 4);
    const std::vector<Retrieval> answers{{4, {{0, .1f}}}, {5, {{3, .1f}, {1, .2f}}}, {6, {{3, .1f}, {2, .2f}}}};
    const Evaluation evaluation = evaluate(trajectory(sequence), answers, protocol);
    QCOMPARE(evaluation.figures.num_queries, 3);
    QVERIFY(std::abs(evaluation.figures.recall_at.at(0) - 1. / 3) < 1e-9);
    QCOMPARE(evaluation.figures.recall_at.at(1), 1.0);
  }

  void tokyos_panoramas_answer_once() {
    fs::rename(root_ / "meta_30k.json", root_ / "meta.json");
    fs::rename(root_ / "splits_30k.json", root_ / "splits.json");
    std::string meta = kMeta;
    meta.replace(meta.find("Pittsburgh_30k"), 14, "Tokyo");
    write("meta.json", meta);
    const Sequence sequence = open_sequence(root_ / "splits.json/test");
    QCOMPARE(sequence.name, std::string("vpr/tokyo247"));
    QCOMPARE(sequence.frames[0].place, std::int64_t(2));
    QCOMPARE(sequence.frames[1].place, std::int64_t(2));
    QCOMPARE(sequence.frames[2].place, std::int64_t(3));
    QVERIFY(fitted(suggested_protocol(sequence), sequence).one_per_place);
    QCOMPARE(open_sequence(root_ / "splits.json/val").name, std::string("vpr/tokyoTM_val"));
  }

  void what_does_not_fit_is_named() {
    const auto error = [&](const char* file, const std::string& text) {
      write("meta_30k.json", kMeta);
      write("splits_30k.json", kSplits);
      write(file, text);
      return test::error_of([&] { open_sequence(root_ / "splits_30k.json/test"); });
    };
    const auto says = [](const std::string& text, const char* first, const char* second) {
      if (!contains(text, first) || !contains(text, second)) qWarning("%s", text.c_str());
      return contains(text, first) && contains(text, second);
    };
    QVERIFY(says(error("meta_30k.json", "{"), "no JSON object", "meta_30k.json"));
    QVERIFY(says(error("splits_30k.json", "{}"), "db_test", "splits_30k.json"));
    QVERIFY(says(error("splits_30k.json", R"({"q_test": [0], "db_test": [5]})"), "place 5", "0 to 4"));
    QVERIFY(says(error("splits_30k.json", R"({"q_test": [0], "db_test": [-1]})"), "place -1", "db_test"));
    QVERIFY(says(error("meta_30k.json", R"({"identities": [["a"]], "utm": []})"), "1 places", "0 positions"));
    QVERIFY(says(error("meta_30k.json", R"({"identities": [["a"], ["b"]], "utm": [[1], [1, 2]]})"), "place", "meta"));
  }
};

QTEST_APPLESS_MAIN(PlaceSplitsTest)
#include "place_splits_test.moc"
