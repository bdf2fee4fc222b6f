#include "core/truth_files.h"

#include <zip.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <stop_token>

#include "core/datasets/registry.h"
#include "core/files.h"
#include "core/npy_writer.h"
#include "core/numpy.h"
#include "core/truth_rows.h"
#include "tests/app/made_sequence.h"
#include "tests/full_disk.h"
#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;
using test::contains;

namespace fs = std::filesystem;
using namespace std::string_literals;

class TruthFilesTest : public QObject {
  Q_OBJECT

 private:
  test::MadeFolder folder_;
  Sequence laps_;

  TruthRequest request(const char* name, std::vector<std::string> layouts) const {
    TruthRequest made;
    made.options.image_height = 16;
    made.options.image_width = 90;
    made.layouts = std::move(layouts);
    made.folder = folder_ / name;
    made.label = "07";
    return made;
  }
  static std::size_t num_files(const fs::path& folder) {
    std::size_t count = 0;
    if (fs::exists(folder))
      for (const auto& entry : fs::recursive_directory_iterator(folder)) count += entry.is_regular_file();
    return count;
  }
  static double at(const Array& array, std::size_t row, std::size_t column) {
    return double(array.values[row * std::size_t(array.shape[1]) + column]);
  }

 private Q_SLOTS:
  void initTestCase() {
    test::write_two_laps(folder_ / "laps");
    laps_ = open_sequence(folder_ / "laps");
  }

  // Numbers of the layouts

  void yaw_bins_are_overlapnets_data() {
    QTest::addColumn<double>("degrees");
    QTest::addColumn<int>("bin");
    // int(-(yaw / pi) * 360 // 2 + 180), worked out by hand; // rounds down.
    for (const auto& [degrees, bin] : {std::pair{0., 180},
                                       {.5, 179},
                                       {-.5, 180},
                                       {1.5, 178},
                                       {-1.5, 181},
                                       {90., 90},
                                       {-90., 270},
                                       {179.5, 0},
                                       {180., 0},
                                       {-179.5, 359},
                                       {-180., 0},
                                       {148.5, 31}})
      QTest::newRow(qPrintable(QString::number(degrees))) << degrees << bin;
  }
  void yaw_bins_are_overlapnets() {
    QFETCH(double, degrees);
    QFETCH(int, bin);
    QCOMPARE(yaw_bin(degrees / 180 * std::numbers::pi), bin);
    const int half = yaw_bin(degrees / 180 * std::numbers::pi, 180);
    QVERIFY(half >= 0 && half < 180 && std::abs(half - bin / 2) <= 1);
  }

  void labels_fall_with_distance_as_rinets_do() {
    QCOMPARE(rinet_label(0), 1.0);
    QCOMPARE(rinet_label(2.999), 1.0);
    QVERIFY(std::abs(rinet_label(3) - .9906842) < 1e-6);  // 1 - 1 / (1 + e^(7 / 1.5))
    QCOMPARE(rinet_label(10), .5);
    QVERIFY(std::abs(rinet_label(13) - .1192029) < 1e-6);  // 1 - 1 / (1 + e^-2)
    QVERIFY(rinet_label(1000) < 1e-12);
  }

  void rows_are_balanced_by_overlap() {
    // 100 pairs below 0.1, 10 in [0.4, 0.5), 30 above 0.9, one unknown.
    std::vector<double> overlaps(100, .05);
    overlaps.insert(overlaps.end(), 10, .45);
    overlaps.insert(overlaps.end(), 30, 1.);
    overlaps.push_back(NAN);
    const auto count = [&](const std::vector<std::size_t>& rows, double overlap) {
      return std::ranges::count_if(rows, [&](std::size_t row) { return overlaps[row] == overlap; });
    };
    const auto reference = balanced_rows(overlaps, "reference", 10, 1);
    QCOMPARE(count(reference, .05), 10);
    QCOMPARE(count(reference, .45), 10);
    QCOMPARE(count(reference, 1.), 30);
    QVERIFY(std::ranges::is_sorted(reference) && std::ranges::adjacent_find(reference) == reference.end());
    QVERIFY(balanced_rows(overlaps, "reference", 10, 1) == reference);
    QVERIFY(balanced_rows(overlaps, "reference", 10, 2) != reference);
    const auto even = balanced_rows(overlaps, "even", 10, 1);
    QCOMPARE(count(even, .05), 30);
    QCOMPARE(count(even, 1.), 30);
    QCOMPARE(balanced_rows(overlaps, "off", 10, 1).size(), 140u);
    QVERIFY(balanced_rows({}, "reference", 10, 1).empty());
    // Nothing just below a half: the bins are made even instead of empty.
    QCOMPARE(balanced_rows({.05, .05, .05, .95}, "reference", 10, 1).size(), 2u);
  }

  // NumPy's files

  void numbers_come_back_from_an_npz() {
    const std::int64_t shape[] = {2, 3};
    const std::vector<double> values{1, 2.5, -3, 4, 1e6, 0};
    for (const bool deflated : {true, false}) {
      const fs::path path =
          test::write_file(folder_ / "numbers.npz",
                           npz_bytes({{"a", npy_bytes(shape, values)}, {"b", npy_bytes(shape, values)}}, deflated));
      const auto arrays = read_npz(path);
      QCOMPARE(arrays.size(), 2u);
      QVERIFY((arrays.at("b").shape == std::vector<std::int64_t>{2, 3}));
      QVERIFY(std::ranges::equal(arrays.at("b").values, values, {}, [](float value) { return double(value); }));
    }
    QCOMPARE(npz_bytes({{"a", npy_bytes(shape, values)}}), npz_bytes({{"a", npy_bytes(shape, values)}}));
    RELOCUS_ERROR(npy_bytes(shape, std::vector<double>(5)), "(2, 3)", "5");
    RELOCUS_ERROR(npz_bytes({}), "array", "");
  }

  void text_is_as_numpy_stores_it() {
    const std::int64_t shape[] = {2, 1};
    const std::string bytes = npy_text(shape, "07");
    QVERIFY(contains(bytes, "'descr': '<U2'") && contains(bytes, "'shape': (2, 1)"));
    QVERIFY(bytes.ends_with("0\0\0\0007\0\0\0000\0\0\0007\0\0\0"s));
    QCOMPARE(bytes.size() % 64, 16u);
    QVERIFY(contains(npy_text(shape, "Straße"), "<U6"));
    QVERIFY(contains(npy_text(shape, ""), "<U1"));
  }

  void lists_are_pickled_as_numpy_does() {
    // numpy.save of an object array of two int64 arrays, [5] and [], opcode by opcode (pickletools' names).
    const std::string expected =
        "\x80\x03"                                    // PROTO 3
        "cnumpy.core.multiarray\n_reconstruct\nq\0"s  // GLOBAL, BINPUT 0
        "cnumpy\nndarray\nq\1"                        // GLOBAL, BINPUT 1
        "K\0\x85"
        "B\1\0\0\0b"
        "\x87"
        "R"s                         // (0,), b"b", TUPLE3, REDUCE
        "(K\1K\2\x85"                // MARK, version, (2,)
        "cnumpy\ndtype\nq\2"         // GLOBAL, BINPUT 2
        "X\2\0\0\0O8\x89\x88\x87R"s  // dtype("O8", False, True)
        "(K\3X\1\0\0\0|NNNJ\xFF\xFF\xFF\xFFJ\xFF\xFF\xFF\xFFK?tb"s
        "\x89]("  // not Fortran's order; EMPTY_LIST, MARK
        "h\0h\1K\0\x85"
        "B\1\0\0\0b"
        "\x87"
        "R(K\1K\1\x85"s
        "h\2X\2\0\0\0i8\x89\x88\x87R(K\3X\1\0\0\0<NNNJ\xFF\xFF\xFF\xFFJ\xFF\xFF\xFF\xFFK\0tbq\3"s
        "\x89"
        "B\x8\0\0\0\5\0\0\0\0\0\0\0tb"s  // the numbers, TUPLE, BUILD
        "h\0h\1K\0\x85"
        "B\1\0\0\0b"
        "\x87"
        "R(K\1K\0\x85h\3\x89"
        "B\0\0\0\0tb"s
        "etb.";  // APPENDS, TUPLE, BUILD, STOP
    const std::vector<std::vector<std::int64_t>> lists{{5}, {}};
    const std::string bytes = npy_objects(lists);
    QVERIFY(contains(bytes, "'descr': '|O'") && contains(bytes, "'shape': (2,)"));
    QCOMPARE(QByteArray::fromStdString(bytes.substr(128)).toHex(' '), QByteArray::fromStdString(expected).toHex(' '));
    QVERIFY(contains(npy_objects(std::vector<std::vector<std::int64_t>>(4541)), "(K\1J\xBD\x11\0\0\x85"s));
  }

  // Files

  void overlapnets_files_hold_what_its_programs_read() {
    TruthRequest wanted = request("overlapnet", {"overlapnet"});
    wanted.options.balance = "even";
    const TruthFiles made = generate_truth(laps_, wanted);
    QCOMPARE(made.files.size(), 3u);
    const Array all = read_npz(wanted.folder / "ground_truth_overlap_yaw.npz", "overlaps");
    QCOMPARE(std::size_t(all.shape[0]), made.truth->pairs.size());
    QCOMPARE(all.shape[1], 4);
    int loops = 0, again = 0;
    for (std::size_t row = 0; row < std::size_t(all.shape[0]); ++row) {
      const TruthPair& pair = made.truth->pairs[row];
      QVERIFY(at(all, row, 0) == pair.query && at(all, row, 1) == pair.reference);
      QCOMPARE(at(all, row, 2), double(pair.range));
      QVERIFY(at(all, row, 3) == yaw_bin(pair.yaw));
      loops += pair.range > .3f;
      again += at(all, row, 0) - at(all, row, 1) == 60 && at(all, row, 2) > .99;
    }
    QCOMPARE(std::size_t(loops), made.loops);
    QCOMPARE(again, 60);
    const Array train = read_npz(wanted.folder / "train_set.npz", "overlaps");
    const Array validation = read_npz(wanted.folder / "validation_set.npz", "overlaps");
    const auto balanced = train.shape[0] + validation.shape[0];
    std::vector<double> overlaps;
    for (const TruthPair& pair : made.truth->pairs) overlaps.push_back(double(pair.range));
    QCOMPARE(std::size_t(balanced), balanced_rows(overlaps, "even", 10, 1).size());
    QCOMPARE(validation.shape[0], balanced / 10);
    // The names of the sequence are text of fixed width, beside the numbers.
    int code = 0;
    zip_t* zip = zip_open((wanted.folder / "train_set.npz").c_str(), ZIP_RDONLY, &code);
    QVERIFY(zip && zip_get_num_entries(zip, 0) == 2 && zip_name_locate(zip, "seq.npy", 0) >= 0);
    zip_discard(zip);

    wanted.options.keys = "arr_0";
    wanted.options.overlap_column = "bev";
    const TruthFiles older = generate_truth(laps_, wanted);
    const auto arrays = read_npz(wanted.folder / "train_set.npz");
    QVERIFY(arrays.size() == 1 && arrays.contains("arr_0"));
    QCOMPARE(at(read_npz(wanted.folder / "ground_truth_overlap_yaw.npz", "arr_0"), 7, 2),
             double(older.truth->pairs[7].bev()));
  }

  void overlap_transformers_files_hold_what_its_programs_read() {
    TruthRequest wanted = request("transformer", {"overlaptransformer"});
    wanted.options.loop_gap = 50;
    wanted.options.validation_step = 40;
    const TruthFiles made = generate_truth(laps_, wanted);
    const Array train = read_npz(wanted.folder / "overlaps/train_set.npz", "overlaps");
    QVERIFY(train.shape[0] > 100 && train.shape[1] == 3);
    for (std::size_t row = 0; row < std::size_t(train.shape[0]); ++row) QVERIFY(at(train, row, 0) > at(train, row, 1));
    for (const int frame : {0, 40, 80}) {
      const Array whole = read_npy(wanted.folder / "07" / fmt::format("overlap_{}.npy", frame));
      QVERIFY((whole.shape == std::vector<std::int64_t>{120, 4}));
      for (std::size_t row = 0; row < 120; ++row)
        QVERIFY(at(whole, row, 0) == frame && at(whole, row, 1) == double(row));
      QVERIFY(at(whole, std::size_t(frame), 2) == 1 && at(whole, std::size_t(frame), 3) == 180);
      QVERIFY(at(whole, std::size_t(frame + 60) % 120, 2) > .99);  // the other lap, before or after
      QCOMPARE(at(whole, std::size_t(frame + 30) % 120, 2), 0.);   // the other side of the lap is 60 m away
    }
    QCOMPARE(made.files.size(), 5u);
    // Loops: one list a frame, which our reader leaves out as it must.
    const fs::path loops = wanted.folder / "loop_gt_seq07_0.3overlap_inactive.npz";
    QVERIFY(fs::exists(loops) && read_npz(loops).empty());
    std::vector<std::vector<std::int64_t>> expected(120);
    for (const TruthPair& pair : made.truth->pairs)
      if (pair.query - pair.reference > 50 && pair.range > .3f)
        expected[std::size_t(pair.query)].push_back(pair.reference);
    QVERIFY(expected[50].empty() && std::ranges::find(expected[100], 40) != expected[100].end());
    QCOMPARE(read_text(loops), npz_bytes({{"arr_0", npy_objects(expected)}}));
  }

  void rinets_files_hold_all_pairs_by_distance() {
    TruthRequest wanted = request("rinet", {"rinet"});
    wanted.options.negatives_per_positive = 2;
    const TruthFiles made = generate_truth(laps_, wanted);
    QCOMPARE(made.truth->scans, 0u);
    const auto arrays = read_npz(wanted.folder / "gt_kitti/07.npz");
    const Array &positive = arrays.at("pos"), &negative = arrays.at("neg");
    QCOMPARE(positive.shape[0] + negative.shape[0], 120 * 121 / 2);
    const Trajectory truth = trajectory(laps_);
    for (const Array* array : {&positive, &negative})
      for (std::size_t row = 0; row < std::size_t(array->shape[0]); ++row) {
        const auto i = FrameId(at(*array, row, 0)), j = FrameId(at(*array, row, 1));
        QVERIFY(i >= j && (at(*array, row, 2) > .1) == (array == &positive));
        QVERIFY(std::abs(at(*array, row, 2) - rinet_label(distance(truth, i, j, true))) < 1e-6);
      }
    const std::string lines = read_text(wanted.folder / "pairs_kitti/neg_2/07.txt");
    QCOMPARE(std::ranges::count(lines, '\n'), 60 * 3);
    QVERIFY(lines.starts_with("60 0 1\n61 1 1\n"));
    QVERIFY(lines.ends_with(" 0\n"));

    wanted.options.max_negatives = 1000;
    QVERIFY(test::any_contains(generate_truth(laps_, wanted).remarks, "max_negatives"));
    QCOMPARE(read_npz(wanted.folder / "gt_kitti/07.npz", "neg").shape[0], 1000);
  }

  void the_table_names_its_columns_and_units() {
    const TruthRequest wanted = request("csv", {"csv"});
    const TruthFiles made = generate_truth(laps_, wanted);
    const std::string text = read_text(wanted.folder / "pairs.csv");
    QVERIFY(text.starts_with("query,reference,query_number,reference_number,distance_m,bev_overlap,"));
    QCOMPARE(std::size_t(std::ranges::count(text, '\n')), made.truth->pairs.size() + 1);
    QVERIFY(contains(text, "\n60,0,60,0,0.0000,1.000000,1.000000,1.000000,"));
    QVERIFY(!fs::exists(wanted.folder / "unfinished_pairs.log"));
    QCOMPARE(num_files(wanted.folder), 1u);
    PairTruth unknown;
    unknown.pairs.push_back({1, 0, 2, 0});
    QVERIFY(contains(truth_csv(unknown, trajectory(laps_), {}), "1,0,1,0,2.0000,,,,,0.0000,180,\n"));
  }

  // What can go wrong

  void wrong_wishes_are_named_before_anything_is_measured() {
    TruthRequest wanted = request("wrong", {"numpy"});
    RELOCUS_ERROR(generate_truth(laps_, wanted), "numpy", "overlapnet");
    wanted.layouts = {};
    RELOCUS_ERROR(generate_truth(laps_, wanted), "layout", "csv");
    wanted.layouts = {"overlapnet"};
    wanted.options.overlaps = "bev";
    RELOCUS_ERROR(generate_truth(laps_, wanted), "range", "overlap_column");
    wanted.options.overlaps = "none";
    RELOCUS_ERROR(generate_truth(laps_, wanted), "range", "overlaps");
    wanted.layouts = {"csv"};
    wanted.label = "../07";
    RELOCUS_ERROR(generate_truth(laps_, wanted), "../07", "name");
    wanted.label = "07";
    Sequence lost = laps_;
    for (Frame& frame : lost.frames) frame.world_from_sensor.reset();
    RELOCUS_ERROR(generate_truth(lost, wanted), "poses", "poses.txt");
    QVERIFY(!fs::exists(wanted.folder));
  }

  void a_folder_that_cannot_be_written_is_named() {
    test::write_file(folder_ / "occupied", "");
    TruthRequest wanted = request("occupied/truth", {"csv"});
    RELOCUS_ERROR(generate_truth(laps_, wanted), "occupied", "write");
  }

  void a_lost_scan_or_a_full_disk_leaves_the_old_files() {
    TruthRequest wanted = request("kept", {"csv", "overlapnet"});
    generate_truth(laps_, wanted);
    const std::string before = read_text(wanted.folder / "pairs.csv");
    Sequence broken = laps_;
    broken.frames[100].cloud = folder_ / "gone.bin";
    RELOCUS_ERROR(generate_truth(broken, wanted), "gone.bin", "");
    QCOMPARE(read_text(wanted.folder / "pairs.csv"), before);
    fs::remove(wanted.folder / "unfinished_pairs.log");
    {
      const test::FullDisk full(40000);
      RELOCUS_ERROR(generate_truth(laps_, wanted), "cannot write", "room");
    }
    QCOMPARE(read_text(wanted.folder / "pairs.csv"), before);
    const TruthFiles whole = generate_truth(laps_, wanted);  // goes on where there was room to
    QVERIFY(whole.truth->measured < whole.truth->pairs.size());
    QCOMPARE(read_text(wanted.folder / "pairs.csv"), before);
    QCOMPARE(num_files(wanted.folder), 4u);
  }

  void a_stopped_request_goes_on_and_gives_the_same_files() {
    const TruthRequest straight = request("straight", {"csv", "overlapnet", "overlaptransformer", "rinet"});
    generate_truth(laps_, straight);
    TruthRequest stopped = request("stopped", straight.layouts);
    std::stop_source stop;
    const Progress stopping(
        [&](std::string_view stage, std::size_t done, std::size_t) {
          if (stage == "Measuring pairs" && done > 1000) stop.request_stop();
        },
        stop.get_token());
    QVERIFY_THROWS_EXCEPTION(Cancelled, generate_truth(laps_, stopped, stopping));
    QCOMPARE(num_files(stopped.folder), 1u);  // the log alone
    const TruthFiles rest = generate_truth(laps_, stopped);
    QVERIFY(rest.truth->measured < rest.truth->pairs.size());
    QCOMPARE(num_files(stopped.folder), num_files(straight.folder));
    for (const fs::path& file : rest.files)
      QCOMPARE(read_text(file), read_text(straight.folder / fs::relative(file, stopped.folder)));
  }
};

QTEST_APPLESS_MAIN(TruthFilesTest)
#include "truth_files_test.moc"
