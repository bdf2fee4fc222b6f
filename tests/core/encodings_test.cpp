#include "core/encodings.h"

#include <cmath>
#include <fstream>
#include <limits>

#include "core/files.h"
#include "tests/full_disk.h"
#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;
using test::contains;
using test::error_of;

namespace {

const EncodingKey kKey{"scan_context", R"({"rings": 20})", "", "kitti/00, 3 frames, 0123"};

Encoding made(float seed, int dimension = 5) {
  Encoding encoding;
  encoding.global = Eigen::VectorXf::LinSpaced(dimension, seed, seed + 1);
  Array dense{{2, 3}, {}};
  for (int i = 0; i < 6; ++i) dense.values.push_back(seed + float(i) / 8);
  Array sparse{{10, 20}, std::vector<float>(200)};
  sparse.values[3] = seed, sparse.values[64] = -0.5f, sparse.values[199] = 2;
  encoding.local = {dense, sparse};
  return encoding;
}

bool same(const Encoding& a, const Encoding& b) {
  if (a.global != b.global || a.local.size() != b.local.size()) return false;
  for (std::size_t i = 0; i < a.local.size(); ++i) {
    if (a.local[i].shape != b.local[i].shape || a.local[i].values != b.local[i].values) return false;
  }
  return true;
}

}  // namespace

class EncodingsTest : public QObject {
  Q_OBJECT

 private:
  test::MadeFolder folder_;
  int next_ = 0;

  std::filesystem::path fresh() { return folder_ / fmt::format("store{}.bin", next_++); }
  std::filesystem::path store_of(int frames) {
    const auto file = fresh();
    EncodingStore store(file, kKey);
    for (int i = 0; i < frames; ++i) store.append(made(float(i)));
    return file;
  }

 private Q_SLOTS:
  void what_is_appended_is_there_after_reopening() {
    const auto file = store_of(3);
    const EncodingStore store(file, kKey);
    QCOMPARE(store.size(), 3);
    for (int i = 0; i < 3; ++i) QVERIFY(same(store.load(i), made(float(i))));
    QCOMPARE(store.descriptors().rows(), Eigen::Index(3));
    QVERIFY(store.descriptors().row(2).transpose() == made(2).global);
    QVERIFY(store.global(1) == made(1).global);
    QCOMPARE(store.bytes(), std::filesystem::file_size(file));
  }

  void a_full_disk_is_named_and_costs_no_record() {
    const auto file = store_of(2);
    const auto size = std::filesystem::file_size(file);
    {
      EncodingStore store(file, kKey);
      std::string said;
      {
        const test::FullDisk full(size + 100);  // room for half a record
        said = error_of([&] { store.append(made(2)); });
      }
      QVERIFY2(contains(said, file.string()) && contains(said, "make room"), said.c_str());
      QCOMPARE(std::filesystem::file_size(file), size);
      QCOMPARE(store.size(), 2);
      QVERIFY(same(store.load(1), made(1)));
      store.append(made(2));  // somebody made room
    }
    const EncodingStore again(file, kKey);
    QCOMPARE(again.size(), 3);
    QVERIFY(same(again.load(2), made(2)));
  }

  void a_batch_is_the_same_as_one_by_one() {
    const auto file = fresh();
    const std::vector<Encoding> batch{made(0), made(1), made(2)};
    EncodingStore(file, kKey).append(batch);
    QCOMPARE(sha256_of_file(file), sha256_of_file(store_of(3)));
  }

  void records_are_readable_while_others_are_appended() {
    const auto file = fresh();
    EncodingStore store(file, kKey);
    for (int i = 0; i < 20; ++i) {
      store.append(made(float(i)));
      QVERIFY(same(store.load(i / 2), made(float(i / 2))));
    }
  }

  void local_arrays_lose_no_more_than_half_precision() {
    Encoding encoding{Eigen::VectorXf::Constant(1, 0.1f), {{{4}, {0.1f, 1.f / 3, 65504.f, 1e-7f}}}};
    EncodingStore store(fresh(), kKey);
    store.append(encoding);
    const Encoding read = store.load(0);
    QCOMPARE(read.global[0], 0.1f);
    QVERIFY(std::abs(read.local[0].values[1] - 1.f / 3) < 1.f / 3 / 2048);
    QCOMPARE(read.local[0].values[2], 65504.f);
    store.append(read);
    QVERIFY(same(store.load(1), read));
  }

  void values_beyond_half_precision_stay_floats() {
    Encoding encoding{Eigen::VectorXf::Zero(1), {{{3}, {1e9f, 0.1f, -70000.f}}}};
    EncodingStore store(fresh(), kKey);
    store.append(encoding);
    QVERIFY(same(store.load(0), encoding));
  }

  void infinities_and_nan_survive() {
    const float inf = std::numeric_limits<float>::infinity();
    EncodingStore store(fresh(), kKey);
    store.append({Eigen::VectorXf::Zero(1), {{{3}, {inf, -inf, std::nanf("")}}}});
    const auto values = store.load(0).local[0].values;
    QCOMPARE(values[0], inf);
    QCOMPARE(values[1], -inf);
    QVERIFY(std::isnan(values[2]));
  }

  void empty_encodings_and_arrays_are_kept() {
    EncodingStore store(fresh(), kKey);
    const Encoding empty{Eigen::VectorXf(), {{{0, 7}, {}}, {{}, {1.f}}}};
    store.append(empty);
    QVERIFY(same(store.load(0), empty));
  }

  /// 512 x 32 x 32 features after a ReLU, six of ten cells active: what OverlapNetVLAD keeps of a scan.
  void a_scan_of_sparse_features_takes_less_than_600_kB() {
    Array features{{512, 32, 32}, std::vector<float>(512 * 1024)};
    unsigned random = 1;
    for (std::size_t i = 0; i < features.values.size(); ++i) {
      random = random * 1664525 + 1013904223;
      const bool active_cell = (i % 1024) % 10 < 6;
      features.values[i] = active_cell ? std::max(0.f, float(random >> 8) / (1 << 23) - 1.f) : 0;
    }
    EncodingStore store(fresh(), kKey);
    store.append({Eigen::VectorXf::Zero(1024), {features}});
    QVERIFY2(store.bytes() < 600000, std::to_string(store.bytes()).c_str());
    QCOMPARE(store.load(0).local[0].shape, features.shape);
  }

  void a_truncated_tail_is_dropped_wherever_it_was_cut() {
    const auto whole = store_of(3);
    const auto two = std::filesystem::file_size(store_of(2)), three = std::filesystem::file_size(whole);
    for (auto size = two; size < three; size += 13) {
      const auto cut = fresh();
      std::filesystem::copy_file(whole, cut);
      std::filesystem::resize_file(cut, size);
      EncodingStore store(cut, kKey);
      QCOMPARE(store.size(), 2);
      store.append(made(2));
      QVERIFY(same(store.load(2), made(2)));
      QCOMPARE(sha256_of_file(cut), sha256_of_file(whole));
    }
  }

  void room_that_was_never_written_is_dropped() {
    const auto file = store_of(2);
    std::filesystem::resize_file(file, std::filesystem::file_size(file) + 4096);
    QCOMPARE(EncodingStore(file, kKey).size(), 2);
  }

  void a_torn_last_record_is_dropped() {
    const auto file = store_of(3);
    std::string bytes = read_text(file);
    bytes[bytes.size() - 20] = char(bytes[bytes.size() - 20] ^ 1);
    QCOMPARE(EncodingStore(test::write_file(fresh(), bytes), kKey).size(), 2);
  }

  void damage_in_the_middle_is_named() {
    const auto file = store_of(3);
    const auto one = std::filesystem::file_size(store_of(1));
    std::string bytes = read_text(file);
    bytes[one - 20] = char(bytes[one - 20] ^ 1);  // in the first record's arrays
    const auto damaged = test::write_file(fresh(), bytes);
    const EncodingStore store(damaged, kKey);
    QCOMPARE(store.size(), 3);
    const std::string error = error_of([&] { store.load(0); });
    QVERIFY(contains(error, "record 0"));
    QVERIFY(contains(error, damaged.string()));
    QVERIFY(same(store.load(1), made(1)));

    bytes[one + 4] = 77;  // the second record's header
    const auto header = test::write_file(fresh(), bytes);
    QVERIFY(contains(error_of([&] { EncodingStore(header, kKey); }), "damaged at record 1"));
  }

  void no_flipped_byte_goes_unseen() {
    const auto file = store_of(2);
    const std::string bytes = read_text(file);
    for (std::size_t i = 0; i < bytes.size(); i += 7) {
      std::string flipped = bytes;
      flipped[i] = char(flipped[i] ^ 0x10);
      const auto path = test::write_file(folder_ / "flipped.bin", flipped);
      bool unseen = false;
      const std::string error = error_of([&] {
        const EncodingStore store(path, kKey, EncodingStore::Access::Read);
        unseen = store.size() == 2 && !(same(store.load(0), made(0)) && same(store.load(1), made(1)));
      });
      QVERIFY2(!unseen, std::to_string(i).c_str());
    }
  }

  void another_key_is_refused_with_both_named() {
    const auto file = store_of(1);
    EncodingKey other = kKey;
    other.options = R"({"rings": 40})";
    const std::string error = error_of([&] { EncodingStore(file, other); });
    QVERIFY(contains(error, file.string()));
    QVERIFY(contains(error, R"("rings":20)"));
    QVERIFY(contains(error, R"("rings":40)"));
  }

  void the_spelling_of_options_does_not_matter() {
    EncodingKey spaced = kKey;
    spaced.options = R"({  "rings":20 })";
    QCOMPARE(EncodingStore(store_of(1), spaced).size(), 1);
  }

  void foreign_empty_and_missing_files_are_named() {
    const auto foreign = test::write_file(fresh(), std::string(5000, 'x'));
    QVERIFY(contains(error_of([&] { EncodingStore(foreign, kKey); }), "is no store of encodings"));
    const auto small = test::write_file(fresh(), "RELO");
    QVERIFY(contains(error_of([&] { EncodingStore(small, kKey); }), small.string()));
    const auto empty = test::write_file(fresh(), "");
    QVERIFY(contains(error_of([&] { EncodingStore(empty, kKey, EncodingStore::Access::Read); }), "empty"));
    QCOMPARE(EncodingStore(empty, kKey).size(), 0);  // killed before the first byte
    const auto missing = fresh();
    QVERIFY(contains(error_of([&] { EncodingStore(missing, kKey, EncodingStore::Access::Read); }), missing.string()));
    QVERIFY(contains(error_of([&] { EncodingStore(folder_.path(), kKey); }), "cannot open"));
  }

  void two_programs_do_not_append_to_one_store() {
    const auto file = fresh();
    EncodingStore writer(file, kKey);
    writer.append(made(0));
    QVERIFY(contains(error_of([&] { EncodingStore(file, kKey); }), "another run"));
    EncodingStore reader(file, kKey, EncodingStore::Access::Read);
    QVERIFY(same(reader.load(0), made(0)));
    QVERIFY(contains(error_of([&] { reader.append(made(1)); }), "reading only"));
  }

  void frames_that_are_not_there_are_named() {
    const EncodingStore store(store_of(2), kKey);
    QVERIFY(contains(error_of([&] { store.load(2); }), "frame 2"));
    QVERIFY(contains(error_of([&] { store.load(-1); }), "frame -1"));
  }

  void shapes_that_do_not_fit_their_values_are_refused() {
    EncodingStore store(fresh(), kKey);
    QVERIFY(contains(error_of([&] { store.append({Eigen::VectorXf::Zero(1), {{{2, 2}, {1, 2, 3}}}}); }), "shape"));
    QCOMPARE(store.size(), 0);
  }

  void a_sequence_is_known_by_its_files() {
    Sequence sequence{"kitti/00", "kitti", {}, {}};
    for (int i = 0; i < 2; ++i) {
      Frame frame;
      frame.cloud = test::write_scan(folder_ / fmt::format("scans/{:06}.bin", i));
      sequence.frames.push_back(frame);
    }
    const std::string before = sequence_identity(sequence);
    QCOMPARE(sequence_identity(sequence), before);
    test::write_scan(folder_ / "scans/000001.bin", 5);
    QVERIFY(sequence_identity(sequence) != before);
    sequence.frames.pop_back();
    QVERIFY(sequence_identity(sequence) != before);
  }
};

QTEST_APPLESS_MAIN(EncodingsTest)
#include "encodings_test.moc"
