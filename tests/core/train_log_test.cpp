#include "core/train_log.h"

#include <cmath>
#include <cstring>
#include <fstream>

#include "core/environment.h"
#include "core/files.h"
#include "core/tensorboard.h"
#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;
using test::error_of;
namespace fs = std::filesystem;

namespace {

/// One value of one event, read back as TensorBoard would.
struct Scalar {
  std::int64_t step;
  std::string tag;
  float value;
  bool operator==(const Scalar&) const = default;
};

/// A reader of protobuf messages that knows nothing of the writer.
class Message {
 public:
  explicit Message(std::string_view bytes) : bytes_(bytes) {}
  bool next() {
    if (bytes_.empty()) return false;
    const std::uint64_t key = varint();
    number = int(key >> 3);
    switch (key & 7) {
      case 0:
        integer = varint();
        break;
      case 1:
        content = take(8);
        break;
      case 2:
        content = take(varint());
        break;
      case 5:
        content = take(4);
        break;
      default:
        throw Error("wire type {}", key & 7);
    }
    return true;
  }
  int number = 0;
  std::uint64_t integer = 0;
  std::string_view content;

 private:
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = std::uint8_t(take(1)[0]);
      value |= std::uint64_t(byte & 0x7f) << shift;
      if (!(byte & 0x80)) return value;
    }
  }
  std::string_view take(std::uint64_t size) {
    if (size > bytes_.size()) throw Error("too short");
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  std::string_view bytes_;
};

template <class T>
T number_at(std::string_view bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.substr(at, sizeof value).data(), sizeof value);
  return value;
}

std::uint32_t unmasked(std::uint32_t masked) {
  const std::uint32_t rotated = masked - 0xa282ead8u;
  return rotated >> 17 | rotated << 15;
}

std::vector<std::string> records(const std::string& bytes) {
  std::vector<std::string> found;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto size = number_at<std::uint64_t>(bytes, at);
    const std::string_view length(bytes.data() + at, 8), data(bytes.data() + at + 12, size);
    if (crc32c(length) != unmasked(number_at<std::uint32_t>(bytes, at + 8))) throw Error("checksum of a length");
    if (crc32c(data) != unmasked(number_at<std::uint32_t>(bytes, at + 12 + size))) throw Error("checksum of data");
    found.emplace_back(data);
    at += 16 + size;
  }
  return found;
}

struct Events {
  std::string version;
  std::vector<Scalar> scalars;
  std::vector<std::int64_t> session_starts;
};

Events read_events(const fs::path& file) {
  Events events;
  for (const std::string& record : records(read_text(file))) {
    std::int64_t step = 0;
    Message event(record);
    while (event.next()) {
      if (event.number == 2) step = std::int64_t(event.integer);
      if (event.number == 3) events.version = event.content;
      if (event.number == 7) events.session_starts.push_back(step);
      if (event.number != 5) continue;
      Message summary(event.content);
      while (summary.next()) {
        Scalar scalar{step, {}, 0};
        Message value(summary.content);
        while (value.next()) {
          if (value.number == 1) scalar.tag = value.content;
          if (value.number == 2) scalar.value = number_at<float>(value.content, 0);
        }
        events.scalars.push_back(scalar);
      }
    }
  }
  return events;
}

std::vector<fs::path> event_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().starts_with("events.out.tfevents.")) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

TrainRow row(std::int64_t step, std::vector<std::pair<std::string, double>> values) {
  return {step, double(step) * 0.5, 1e-3, std::move(values)};
}

}  // namespace

class TrainLogTest : public QObject {
  Q_OBJECT

 private:
  test::MadeFolder made_;
  int count_ = 0;
  fs::path folder_;

 private Q_SLOTS:
  void init() {
    folder_ = made_ / ("log" + std::to_string(++count_));
    fs::create_directories(folder_);
  }

  void checksums_are_castagnolis() {  // RFC 3720, B.4
    QCOMPARE(crc32c("123456789"), 0xe3069283u);
    QCOMPARE(crc32c(std::string(32, '\0')), 0x8a9136aau);
    QCOMPARE(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
    QCOMPARE(crc32c(""), 0u);
  }

  void a_row_each_step_and_a_column_each_value() {
    TrainLog log(folder_);
    log.add(row(10, {{"loss", 0.5}, {"overlap", 0.25}}));
    log.add(row(20, {{"loss", 0.125}}));
    log.add({21, 12.3456, 0.0005, {{"loss", std::nan("")}, {"validation/recall_at_1", 1.0 / 3}}});
    QCOMPARE(read_text(folder_ / "train.csv"),
             std::string("step,seconds,learning_rate,loss,overlap,validation/recall_at_1\n"
                         "10,5.000,0.001,0.5,0.25,\n"
                         "20,10.000,0.001,0.125,,\n"
                         "21,12.346,0.0005,nan,,0.3333333333333333\n"));
    const std::vector<TrainRow> rows = read_train_csv(folder_ / "train.csv");
    QCOMPARE(rows.size(), std::size_t(3));
    QCOMPARE(rows[1].step, std::int64_t(20));
    QCOMPARE(rows[1].values.size(), std::size_t(1));
    QCOMPARE(rows[2].values[1].second, 1.0 / 3);
    QVERIFY(std::isnan(rows[2].values[0].second));
  }

  void a_resumed_log_forgets_what_comes_again() {
    {
      TrainLog log(folder_);
      for (const std::int64_t step : {10, 20, 30, 40}) log.add(row(step, {{"loss", double(step)}}));
    }
    TrainLog log(folder_, 25);
    QCOMPARE(log.rows().size(), std::size_t(2));
    log.add(row(30, {{"loss", -1.0}}));
    const std::vector<TrainRow> rows = read_train_csv(folder_ / "train.csv");
    QCOMPARE(rows.size(), std::size_t(3));
    QCOMPARE(rows[2].values[0].second, -1.0);
    // and TensorBoard is told to forget it, too
    const std::vector<fs::path> files = event_files(folder_);
    QCOMPARE(files.size(), std::size_t(2));
    QCOMPARE(read_events(files[1]).session_starts, std::vector<std::int64_t>{26});
    TrainLog anew(folder_);
    QVERIFY(read_train_csv(folder_ / "train.csv").empty());
  }

  void tensorboard_reads_the_same() {
    TrainLog log(folder_);
    log.add(row(10, {{"loss", 0.5}}));
    log.add(row(300, {{"loss", 0.25}, {"überlappung", -3e30}}));
    const std::vector<fs::path> files = event_files(folder_);
    QCOMPARE(files.size(), std::size_t(1));
    const Events events = read_events(files[0]);
    QCOMPARE(events.version, std::string("brain.Event:2"));
    QVERIFY(events.session_starts.empty());
    const std::vector<Scalar> expected{{10, "loss", 0.5f},
                                       {10, "learning_rate", 0.001f},
                                       {300, "loss", 0.25f},
                                       {300, "überlappung", -3e30f},
                                       {300, "learning_rate", 0.001f}};
    QVERIFY(events.scalars == expected);
  }

  void steps_ascend_and_names_are_names() {
    TrainLog log(folder_);
    log.add(row(10, {{"loss", 1}}));
    QVERIFY(error_of([&] { log.add(row(10, {{"loss", 1}})); }).find("step 10") != std::string::npos);
    QVERIFY(error_of([&] { log.add(row(11, {{"a,b", 1}})); }).find("a,b") != std::string::npos);
    QCOMPARE(read_train_csv(folder_ / "train.csv").size(), std::size_t(1));
  }

  void a_line_that_is_being_written_is_left_out() {
    const fs::path file = folder_ / "train.csv";
    std::ofstream(file) << "step,seconds,learning_rate,loss\n1,0.1,0.01,3\n2,0.2,0.0";
    QCOMPARE(read_train_csv(file).size(), std::size_t(1));
    std::ofstream(file) << "step,sec";
    QVERIFY(read_train_csv(file).empty());
  }

  void foreign_files_are_named() {
    const fs::path file = folder_ / "train.csv";
    std::ofstream(file) << "a,b\n1,2\n";
    QVERIFY(error_of([&] { read_train_csv(file); }).find("is no train.csv") != std::string::npos);
    std::ofstream(file) << "step,seconds,learning_rate,loss\n1,0.1,0.01\n";
    QVERIFY(error_of([&] { read_train_csv(file); }).find("line 2") != std::string::npos);
    std::ofstream(file) << "step,seconds,learning_rate,loss\n1,0.1,0.01,x\n";
    QVERIFY(error_of([&] { read_train_csv(file); }).find("'x' is no number") != std::string::npos);
    QVERIFY(error_of([&] { TrainLog(folder_, 1); }).find("'x' is no number") != std::string::npos);
    QVERIFY(error_of([&] { read_train_csv(folder_ / "none.csv"); }).find("none.csv") != std::string::npos);
  }

  void a_record_tells_all_of_a_training() {
    TrainRecord record;
    record.method = "overlap_netvlad", record.stage = "bevnet";
    record.options = {{"learning_rate", 1e-4}, {"seed", 3}};
    record.seed = 3;
    record.sequences = {"/data/101", "/data/102"}, record.validation = {"/data/201"};
    record.step = 1200, record.num_steps = 5000, record.seconds = 77.5;
    record.best_step = 1000, record.best = {{"recall_at_1", 0.5}, {"worst", std::nan("")}};
    record.hashes = {{"best", "abc"}};
    record.device = "cpu", record.num_workers = 2, record.started = time_stamp();
    save(record, folder_);
    const TrainRecord read = load_train_record(folder_);
    QCOMPARE(read.method, record.method);
    QVERIFY(read.options == record.options);
    QCOMPARE(read.sequences, record.sequences);
    QCOMPARE(read.state, std::string("running"));
    QCOMPARE(read.step, record.step);
    QCOMPARE(read.best.at("recall_at_1"), 0.5);
    QVERIFY(std::isnan(read.best.at("worst")));
    QCOMPARE(read.hashes, record.hashes);
    QCOMPARE(read.num_workers, 2);
    QVERIFY(!read.updated.empty());
    const auto json = nlohmann::json::parse(read_text(folder_ / "train.json"));
    QCOMPARE(json.at("relocus").get<std::string>(), version());
    QVERIFY(json.at("libraries").contains("LibTorch"));
    QVERIFY(json.at("machine").at("cores").get<int>() > 0);
    QVERIFY(!json.at("machine").at("memory").get<std::string>().empty());

    std::ofstream(folder_ / "train.json") << "{";
    QVERIFY(error_of([&] { load_train_record(folder_); }).find("train.json") != std::string::npos);
    std::ofstream(folder_ / "train.json") << "{}";
    QVERIFY(error_of([&] { load_train_record(folder_); }).find("tells of no training") != std::string::npos);
  }
};

QTEST_APPLESS_MAIN(TrainLogTest)
#include "train_log_test.moc"
