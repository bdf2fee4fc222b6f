// Both methods for images through every command, on a simulated drive, with weights of the golden rule (which recognise
// nothing, so that no figure is expected to be good).

#include <QProcess>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/datasets/registry.h"
#include "core/files.h"
#include "core/image.h"
#include "core/network_library.h"
#include "core/numpy.h"
#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;
using namespace relocus::test;
using Json = nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr ImageWidths narrow{
    .block1 = 4, .block2 = 4, .block3 = 8, .block4 = 8, .block5 = 16, .clusters = 4, .descriptor = 24};
constexpr const char* kSize = " --set image_width=240 --set image_height=112";
constexpr const char* kProtocol = " --exclude-recent 10 --candidates 10 --max-candidates-recall 10";

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
  return {process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -2,
          process.readAllStandardOutput().toStdString(), process.readAllStandardError().toStdString()};
}

bool succeeds(const Outcome& outcome) {
  if (outcome.code != 0) qWarning("%d: %s", outcome.code, outcome.err.c_str());
  return outcome.code == 0;
}

/// A named error: exit code 1 and one sentence on stderr that holds `part`.
bool fails_with(const Outcome& outcome, std::string_view part) {
  const bool good = outcome.code == 1 && outcome.err.find("relocus-cli: ") != std::string::npos &&
                    outcome.err.find(part) != std::string::npos;
  if (!good) qWarning("%d: %s", outcome.code, outcome.err.c_str());
  return good;
}

void rows_of_both_methods() {
  QTest::addColumn<QString>("method");
  QTest::newRow("NetVLAD") << "netvlad";
  QTest::newRow("Patch-NetVLAD") << "patch_netvlad";
}

}  // namespace

class ImageCliTest : public QObject {
  Q_OBJECT

 private:
  MadeFolder folder_;
  fs::path city_ = folder_ / "city", list_ = folder_ / "list/toy.npz";

  std::string path(const fs::path& name) const { return (folder_ / name).string(); }
  std::string run_command(const std::string& sequence, const std::string& method, const std::string& out) const {
    return "run " + sequence + " --method " + method + " --weights " + path("golden") + " --out " + out + kSize +
           " --device cpu --json";
  }
  /// An experiment on the list, made when it is first asked for.
  std::string experiment(const std::string& method) const {
    const std::string out = path("of_list_" + method);
    if (!fs::exists(out) && !succeeds(call(run_command(list_.string(), method, out)))) return {};
    return out;
  }
  std::string image(int number) const { return (city_ / "image_2" / fmt::format("{:06d}.png", number)).string(); }

 private Q_SLOTS:
  /// A drive of 50 frames, and the same images as a list: the first 30 the database, the others queries.
  void initTestCase() {
    QVERIFY(succeeds(call("simulate " + city_.string() +
                          " --frames 50 --images --set scans=false --set image_width=320 --set lights=3")));
    network_library().write_golden_image_weights(folder_ / "golden", {}, narrow, "torch");
    const Sequence drive = open_sequence(city_);
    std::string index, query;
    Array utm_index{{30, 2}, {}}, utm_query{{20, 2}, {}};
    for (const Frame& frame : drive.frames) {
      const bool asks = frame.id >= 30;
      (asks ? query : index) += fs::relative(frame.image, folder_ / "list").string() + "\n";
      const Eigen::Vector3d position = frame.world_from_sensor->translation();
      auto& values = (asks ? utm_query : utm_index).values;
      values.insert(values.end(), {float(position.x()), float(position.y())});
    }
    fs::create_directories(folder_ / "list");
    write_file(folder_ / "list/toy_imageNames_index.txt", index);
    write_file(folder_ / "list/toy_imageNames_query.txt", query);
    write_npz(list_, {{"utmDb", utm_index}, {"utmQ", utm_query}, {"posDistThr", {{}, {8}}}});
  }

  void a_drive_goes_from_images_to_figures_data() { rows_of_both_methods(); }
  void a_drive_goes_from_images_to_figures() {
    QFETCH(QString, method);
    const std::string out = path("of_drive_" + method.toStdString());
    const Outcome first = call(run_command(city_.string(), method.toStdString(), out) + kProtocol);
    QVERIFY(succeeds(first));
    const Json line = first.last_line();
    QCOMPARE(line["experiment"].get<std::string>(), out);
    QCOMPARE(line["recall_at"].size(), 10u);
    QVERIFY(line["num_queries"].get<int>() > 0);
    for (const char* key : {"max_f1", "average_precision", "extended_precision", "recall_at_1_percent"})
      QVERIFY2(line[key].is_number(), key);
    QVERIFY(line["milliseconds"].is_object() && !line["milliseconds"].empty());
    // Again: nothing is encoded twice, and the figures are the same.
    Json again = call(run_command(city_.string(), method.toStdString(), out) + kProtocol).last_line();
    QVERIFY(again["recall_at"] == line["recall_at"]);
    // Another protocol needs no network.
    const Outcome other = call("evaluate " + out + " --positive-radius 3 --json");
    QVERIFY(succeeds(other));
    QCOMPARE(other.last_line()["protocol"]["positive_radius"].get<double>(), 3.);
  }

  void a_list_with_ground_truth_is_judged_by_it_data() { rows_of_both_methods(); }
  void a_list_with_ground_truth_is_judged_by_it() {
    QFETCH(QString, method);
    const std::string made = experiment(method.toStdString());
    QVERIFY(!made.empty());
    const Outcome outcome = call("evaluate " + made + " --json");
    QVERIFY(succeeds(outcome));
    QCOMPARE(outcome.last_line()["protocol"]["positive_radius"].get<double>(), 8.);
    QVERIFY(outcome.last_line()["num_queries"].get<int>() <= 20);
  }

  void every_file_can_be_written_data() { rows_of_both_methods(); }
  void every_file_can_be_written() {
    QFETCH(QString, method);
    const std::string made = experiment(method.toStdString());
    for (const char* format : {"csv", "json", "kapture", "npy", "predictions", "first_predictions", "recalls",
                               "submission", "ssc", "report", "failures"}) {
      const std::string file = path(fmt::format("files_{}/{}", method.toStdString(), format));
      fs::create_directories(fs::path(file).parent_path());
      const Outcome outcome = call("export " + made + " --format " + format + " --out " + file);
      QVERIFY2(succeeds(outcome), format);
      QVERIFY2(fs::exists(file) && fs::file_size(file) > 0, format);
    }
    const std::string recalls = read_text(path("files_" + method.toStdString() + "/recalls"));
    QVERIFY(recalls.starts_with("Recall NetVLAD@1: 0."));
    QCOMPARE(recalls.find("Recall PatchNetVLAD@1: 0.") != std::string::npos, method == "patch_netvlad");
    const Json submission = Json::parse(read_text(path("files_" + method.toStdString() + "/submission")));
    QCOMPARE(submission["Query"].size(), 20u);

    const Outcome patches = call("export " + made + " --format patch_features --out " + path("features"));
    if (method == "netvlad") {
      QVERIFY(fails_with(patches, "only experiments of patch_netvlad"));
    } else {
      QVERIFY(succeeds(patches));
      QCOMPARE(read_npy(folder_ / "features/globalfeats.npy").shape, (std::vector<std::int64_t>{50, 24}));
      QCOMPARE(read_npy(folder_ / "features/patchfeats_psize5_000007.npy").shape,
               (std::vector<std::int64_t>{24, 33}));  // 11 x 3 patches
    }
  }

  void written_files_can_be_read_again_and_give_the_same_recalls_data() { rows_of_both_methods(); }
  void written_files_can_be_read_again_and_give_the_same_recalls() {
    QFETCH(QString, method);
    const std::string made = experiment(method.toStdString());
    const Json expected = call("evaluate " + made + " --json").last_line()["recall_at"];
    for (const char* format : {"predictions", "csv"}) {
      const std::string file =
          path(fmt::format("again_{}.{}", method.toStdString(), std::string_view(format) == "csv" ? "csv" : "txt"));
      QVERIFY(succeeds(call("export " + made + " --format " + format + " --out " + file)));
      const Outcome outcome = call("evaluate --candidates " + file + " --sequence " + list_.string() + " --json");
      QVERIFY2(succeeds(outcome), format);
      const Json found = outcome.last_line()["recall_at"];
      for (std::size_t i = 0; i < std::min(found.size(), expected.size()); ++i) QVERIFY(found[i] == expected[i]);
    }
    const std::string recalls = path("recalls.txt");
    QVERIFY(succeeds(call("export " + made + " --format recalls --out " + recalls)));
    const Json lines = call("evaluate " + made + " --recalls " + recalls + " --json").last_line()["recalls"];
    QVERIFY(lines.size() >= 3);
    for (const Json& line : lines) QVERIFY(std::abs(line["file"].get<double>() - line["here"].get<double>()) <= 5.1e-5);
    QVERIFY(fails_with(call("evaluate " + made + " --recalls " + list_.string()), "toy.npz line 1"));
    if (method != "netvlad") return;
    const std::string descriptors = path("globalfeats.npy");
    QVERIFY(succeeds(call("export " + made + " --format npy --out " + descriptors)));
    const Outcome outcome = call("evaluate --descriptors " + descriptors + " --sequence " + list_.string() + " --json");
    QVERIFY(succeeds(outcome));
    QVERIFY(outcome.last_line()["recall_at"][0] == expected[0]);
  }

  void features_of_the_published_program_take_the_place_of_weights() {
    const std::string made = experiment("patch_netvlad");
    const Json expected = call("evaluate " + made + " --json").last_line()["recall_at"];
    QVERIFY(succeeds(call("export " + made + " --format patch_features --out " + path("all_features"))));
    // As feature_extract leaves them: a folder of the database's and one of the queries'.
    const Array globals = read_npy(folder_ / "all_features/globalfeats.npy");
    const auto part = [&](const char* name, int first, int last) {
      fs::create_directories(folder_ / "features_by_list" / name);
      write_npy(folder_ / "features_by_list" / name / "globalfeats.npy",
                Array{{last - first, 24}, {globals.values.begin() + 24 * first, globals.values.begin() + 24 * last}});
      for (int i = first; i < last; ++i) {
        const std::string file = fmt::format("patchfeats_psize5_{:06d}.npy", i);
        fs::copy(folder_ / "all_features" / file, folder_ / "features_by_list" / name / file);
      }
    };
    part("toy_index", 0, 30);
    part("toy_query", 30, 50);
    const auto run_with = [&](const std::string& features, const std::string& out, const std::string& more = {}) {
      return call("run " + list_.string() + " --method patch_netvlad --weights " + path(features) + " --out " +
                  path(out) + kSize + more + " --device cpu --json");
    };
    for (const char* features : {"all_features", "features_by_list"}) {
      const Outcome outcome = run_with(features, std::string("of_") + features);
      QVERIFY(succeeds(outcome));
      const Json found = outcome.last_line()["recall_at"];
      for (std::size_t i = 0; i < std::min(found.size(), expected.size()); ++i) QVERIFY(found[i] == expected[i]);
    }
    QVERIFY(fails_with(run_with("all_features", "of_other_size", " --set image_height=160"), "image_height"));
    QVERIFY(fails_with(call("run " + city_.string() + " --method patch_netvlad --weights " + path("features_by_list") +
                            " --out " + path("of_drive_by_files") + kSize),
                       "is one drive"));
    QVERIFY(fails_with(
        call("match " + image(1) + " " + image(2) + " --method patch_netvlad --weights " + path("all_features")),
        "give weights"));
    fs::remove(folder_ / "features_by_list/toy_query/patchfeats_psize5_000040.npy");
    QVERIFY(fails_with(run_with("features_by_list", "of_hole"), "patchfeats_psize5_000040.npy"));
  }

  void patches_can_be_stored_by_a_codebook_that_was_learned_from_others() {
    const std::string made = experiment("patch_netvlad"), codebook = path("codebook.npy");
    QVERIFY(succeeds(call("export " + made + " --format patch_codebook --out " + codebook)));
    QCOMPARE(read_npy(codebook).shape, (std::vector<std::int64_t>{3, 256, 8}));
    const std::string command = "run " + list_.string() + " --method patch_netvlad --weights " + path("golden") +
                                kSize + " --device cpu --json --set storage=codebook";
    const Outcome outcome = call(command + " --set codebook=" + codebook + " --out " + path("by_codebook"));
    QVERIFY(succeeds(outcome));
    QVERIFY(5 * fs::file_size(path("by_codebook") + "/encodings.bin") < 4 * fs::file_size(made + "/encodings.bin"));
    const Json expected = call("evaluate " + made + " --json").last_line()["recall_at"];
    QVERIFY(std::abs(outcome.last_line()["recall_at"][0].get<double>() - expected[0].get<double>()) < 0.2);
    QVERIFY(fails_with(call(command + " --out " + path("never")), "patch_codebook"));
    QVERIFY(
        fails_with(call(command + " --set codebook=" + path("features/globalfeats.npy") + " --out " + path("never")),
                   "globalfeats.npy"));
  }

  void two_images_are_compared_data() { rows_of_both_methods(); }
  void two_images_are_compared() {
    QFETCH(QString, method);
    const std::string common = " --method " + method.toStdString() + " --weights " + path("golden") + kSize + " --json";
    const Outcome same = call("match " + image(3) + " " + image(3) + common);
    const Outcome other = call("match " + image(3) + " " + image(40) + common);
    QVERIFY(succeeds(same) && succeeds(other));
    QVERIFY(same.last_line()["score"].get<double>() > other.last_line()["score"].get<double>());
    QVERIFY(std::abs(same.last_line()["distance"].get<double>()) < 1e-3);

    const std::string figure = path("pairs.png");
    const Outcome drawn = call("match " + image(3) + " " + image(5) + common + " --figure " + figure +
                               (method == "netvlad" ? "" : " --set configuration=performance"));
    if (method == "netvlad") {
      QVERIFY(fails_with(drawn, "patch_netvlad does"));
      return;
    }
    // 7 rows of cells hold no patch of 8.
    QVERIFY(succeeds(drawn));
    QCOMPARE(drawn.last_line()["scales"][2]["patches"].get<int>(), 0);
    const Outcome smaller = call("match " + image(3) + " " + image(5) + common + " --figure " + figure +
                                 " --set configuration=custom --set patch_sizes=2,5 --set strides=1,1" +
                                 " --set patch_weights=0.5,0.5 --set scorer=ransac");
    QVERIFY(succeeds(smaller));
    const Json scales = smaller.last_line()["scales"];
    QCOMPARE(scales.size(), 2u);
    for (const Json& scale : scales) QVERIFY(scale["inliers"].get<int>() <= scale["pairs"].get<int>());
    QVERIFY(read_picture(figure).width > 400);
  }

  void checkpoints_are_taken_over_data() { rows_of_both_methods(); }
  void checkpoints_are_taken_over() {
    QFETCH(QString, method);
    const std::string out = path("imported_" + method.toStdString());
    const Outcome import = call("import " + path("golden/weights.safetensors") + " --method " + method.toStdString() +
                                " --out " + out + " --json");
    QVERIFY(succeeds(import));
    const auto score = [&](const std::string& weights) {
      return call("match " + image(3) + " " + image(9) + " --method " + method.toStdString() + " --weights " + weights +
                  kSize + " --json")
          .last_line()["score"];
    };
    QVERIFY(score(out).is_number());
    QVERIFY(score(out) == score(path("golden")));
  }

  void clusters_and_components_are_learned() {
    const std::string out = path("trained");
    const Outcome outcome = call("train netvlad --sequences " + city_.string() + " --weights " + path("golden") +
                                 " --stage clusters pca --out " + out + kSize + " --set images=40 --set clusters=4" +
                                 " --set descriptor=16 --device cpu --json");
    QVERIFY(succeeds(outcome));
    const Outcome match = call("match " + image(3) + " " + image(3) + " --method netvlad --weights " + out + kSize);
    QVERIFY(succeeds(match));
  }

  void weights_that_are_missing_are_named() {
    for (const char* method : {"netvlad", "patch_netvlad"}) {
      const Outcome outcome = call("run " + city_.string() + " --method " + method + " --weights " + path("nowhere") +
                                   " --out " + path("never"));
      QVERIFY(fails_with(outcome, path("nowhere")));
      QVERIFY(!fs::exists(path("never") + "/experiment.json"));
    }
  }

  void images_that_are_missing_or_damaged_are_named_and_can_be_left_out_data() { rows_of_both_methods(); }
  void images_that_are_missing_or_damaged_are_named_and_can_be_left_out() {
    QFETCH(QString, method);
    const fs::path copy = folder_ / ("damaged_" + method.toStdString());
    fs::copy(city_, copy, fs::copy_options::recursive);
    const std::string bytes = read_text(image(12));
    write_file(copy / "image_2/000012.png", bytes.substr(0, bytes.size() / 3));
    const std::string out = path("of_damaged_" + method.toStdString());
    const std::string command = run_command(copy.string(), method.toStdString(), out) + kProtocol;
    QVERIFY(fails_with(call(command), "000012.png"));
    QVERIFY(succeeds(
        call(run_command(copy.string(), method.toStdString(), out + "_rest") + kProtocol + " --skip-unreadable")));
    QVERIFY(fails_with(call("match " + (copy / "image_2/000012.png").string() + " " + image(1) + " --method " +
                            method.toStdString() + " --weights " + path("golden")),
                       "000012.png"));
    QVERIFY(fails_with(call("match " + path("none.png") + " " + image(1) + " --method " + method.toStdString() +
                            " --weights " + path("golden")),
                       "none.png"));

    write_file(folder_ / "gone/toy_imageNames_index.txt", "db/a.png\ndb/b.png\n");
    write_file(folder_ / "gone/toy_imageNames_query.txt", "q/a.png\n");
    write_npz(folder_ / "gone/toy.npz",
              {{"utmDb", {{2, 2}, {0, 0, 10, 0}}}, {"utmQ", {{1, 2}, {0, 0}}}, {"posDistThr", {{}, {10}}}});
    QVERIFY(fails_with(call(run_command(path("gone/toy.npz"), method.toStdString(), path("never"))), "a.png"));
  }

  void ground_truth_that_does_not_fit_is_named() {
    const auto evaluated = [&](const std::string& name) {
      const std::string predictions = path("again_netvlad.txt");
      return call("evaluate --candidates " + predictions + " --sequence " + path(name));
    };
    const auto make = [&](const std::string& name, const std::map<std::string, Array>& arrays) {
      for (const char* end : {"index", "query"})
        write_file(folder_ / name / fmt::format("toy_imageNames_{}.txt", end),
                   read_text(folder_ / "list" / fmt::format("toy_imageNames_{}.txt", end)));
      write_npz(folder_ / name / "toy.npz", arrays);
      return name + "/toy.npz";
    };
    const Array thirty{{30, 2}, std::vector<float>(60, 1)}, twenty{{20, 2}, std::vector<float>(40, 1)};
    QVERIFY(fails_with(evaluated(make("keys", {{"utmDatabase", thirty}, {"utmQ", twenty}, {"posDistThr", {{}, {8}}}})),
                       "utmDb"));
    QVERIFY(fails_with(
        evaluated(make("length",
                       {{"utmDb", {{29, 2}, std::vector<float>(58, 1)}}, {"utmQ", twenty}, {"posDistThr", {{}, {8}}}})),
        "30 images"));
    QVERIFY(fails_with(
        evaluated(make("columns",
                       {{"utmDb", {{20, 3}, std::vector<float>(60, 1)}}, {"utmQ", twenty}, {"posDistThr", {{}, {8}}}})),
        "two columns"));
    const std::string whole = read_text(list_);
    write_file(folder_ / "cut/toy.npz", whole.substr(0, whole.size() / 2));
    QCOMPARE(evaluated("cut/toy.npz").code, 1);

    // Descriptors of another number of images.
    Array rows{{7, 2}, std::vector<float>(14, 1)};
    write_npy(folder_ / "seven.npy", rows);
    QVERIFY(fails_with(call("evaluate --descriptors " + path("seven.npy") + " --sequence " + list_.string()), "7"));
  }

  void files_of_matlab_that_are_cut_off_are_named() {
    const fs::path network = golden_folder() / "image/netvlad_small.mat";
    const fs::path berlin = shared_folder() / "data/vpr_lists/heaputil_berlin.mat";
    RELOCUS_NEED(berlin);
    for (const fs::path& file : {network, berlin}) {
      if (!fs::exists(file)) continue;
      const std::string whole = read_text(file);
      for (const double share : {0.0, 0.01, 0.5, 0.99}) {
        write_file(folder_ / "cut.mat", whole.substr(0, std::size_t(share * double(whole.size()))));
        QVERIFY(fails_with(call("import " + path("cut.mat") + " --method netvlad --out " + path("never")), "cut.mat"));
        QVERIFY(fails_with(call("info " + path("cut.mat")), "cut.mat"));
      }
    }
    QVERIFY(!fs::exists(path("never")));
  }
};

QTEST_GUILESS_MAIN(ImageCliTest)
#include "image_cli_test.moc"
