#include "core/shares.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <QElapsedTimer>
#include <QProcess>
#include <nlohmann/json.hpp>

#include "core/files.h"
#include "core/network_library.h"
#include "tests/app/made_sequence.h"
#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;
namespace fs = std::filesystem;

namespace {

int free_port() {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  socklen_t size = sizeof address;
  ::bind(descriptor, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(descriptor);
  return ntohs(address.sin_port);
}

std::unique_ptr<QProcess> start(const std::string& arguments, int rank, int count, int port) {
  auto process = std::make_unique<QProcess>();
  QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
  if (count > 1) {
    environment.insert("RANK", QString::number(rank));
    environment.insert("WORLD_SIZE", QString::number(count));
    environment.insert("MASTER_ADDR", "127.0.0.1");
    environment.insert("MASTER_PORT", QString::number(port));
    environment.insert("RELOCUS_WORKER_SILENCE", "5");
  }
  process->setProcessEnvironment(environment);
  process->start(RELOCUS_BINARY_DIR "/relocus-cli", QString::fromStdString(arguments).split(' ', Qt::SkipEmptyParts));
  return process;
}

struct Outcome {
  int code = -1;
  std::string out, err;
};

Outcome outcome_of(QProcess& process) {
  constexpr int kLongest = 120000;  // [ms]
  process.waitForFinished(kLongest);
  return {process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -2,
          process.readAllStandardOutput().toStdString(), process.readAllStandardError().toStdString()};
}

std::vector<std::unique_ptr<QProcess>> start_all(const std::string& arguments, int count) {
  std::vector<std::unique_ptr<QProcess>> processes;
  const int port = count > 1 ? free_port() : 0;
  for (int rank = 0; rank < count; ++rank) processes.push_back(start(arguments, rank, count, port));
  return processes;
}

/// All succeed.
bool run_all(const std::string& arguments, int count) {
  bool good = true;
  for (const auto& process : start_all(arguments, count)) {
    const Outcome outcome = outcome_of(*process);
    if (outcome.code != 0) qWarning("%d: %s", outcome.code, outcome.err.c_str());
    good &= outcome.code == 0;
  }
  return good;
}

bool has_shares(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().find(".share-") != std::string::npos) return true;
  }
  return false;
}

/// What does not depend on how long it took.
bool same_answers(const fs::path& a, const fs::path& b) {
  for (const char* name : {"encodings.bin", "descriptors.npy", "candidates.csv", "recall.csv", "pr_curve.csv"}) {
    if (read_text(a / name) == read_text(b / name)) continue;
    qWarning("%s differs", name);
    return false;
  }
  return true;
}

}  // namespace

class SharesTest : public QObject {
  Q_OBJECT

 private:
  test::MadeFolder folder_;
  fs::path laps_;

  std::string command(const fs::path& sequence, const std::string& method, const std::string& out) const {
    return fmt::format("run {} --method {} --exclude-recent 5 --candidates 4 --out {}", sequence.string(), method,
                       (folder_ / out).string());
  }

 private Q_SLOTS:
  void initTestCase() {
    qputenv("XDG_CACHE_HOME", (folder_ / "cache").c_str());
    laps_ = folder_ / "laps";
    test::write_two_laps(laps_, {.frames_per_lap = 25, .poles = 60});
  }

  void shares_are_whole_batches_and_cover_all() {
    for (const int count : {1, 2, 3, 4, 7, 50}) {
      FrameId reached = 5;
      for (int rank = 0; rank < count; ++rank) {
        const Share share = share_of(5, 100, 8, {.rank = rank, .count = count});
        QCOMPARE(share.first, reached);
        QVERIFY(share.last >= share.first);
        QVERIFY((share.last - 5) % 8 == 0 || share.last == 100);
        reached = share.last;
      }
      QCOMPARE(reached, 100);
    }
    const Share none = share_of(100, 100, 8, {.rank = 1, .count = 2});
    QCOMPARE(none.first, none.last);
  }

  void several_processes_give_the_same_as_one_data() {
    QTest::addColumn<QString>("method");
    QTest::addColumn<int>("count");
    QTest::newRow("Scan Context, two") << "scan_context" << 2;
    QTest::newRow("Scan Context, four") << "scan_context" << 4;
    QTest::newRow("OverlapNetVLAD, two") << "overlap_netvlad" << 2;
  }
  void several_processes_give_the_same_as_one() {
    QFETCH(QString, method);
    QFETCH(int, count);
    std::string text = method.toStdString();
    if (method == "overlap_netvlad") {
      network_library().write_golden_weights(
          folder_ / "golden", {}, {.base = 16, .features = 64, .overlap = 32, .clusters = 8, .descriptor = 128});
      text += " --weights " + (folder_ / "golden").string();
    }
    const std::string first = "one_" + method.toStdString(), many = fmt::format("{}_{}", count, method.toStdString());
    if (!fs::exists(folder_ / first)) QVERIFY(run_all(command(laps_, text, first), 1));
    QVERIFY(run_all(command(laps_, text, many), count));
    QVERIFY(same_answers(folder_ / many, folder_ / first));
    QVERIFY(!has_shares(folder_ / many));
  }

  void only_the_first_tells_figures() {
    std::vector<Outcome> outcomes;
    for (const auto& process : start_all(command(laps_, "scan_context", "told") + " --json", 2))
      outcomes.push_back(outcome_of(*process));
    QVERIFY(nlohmann::json::parse(outcomes[0].out).contains("recall_at"));
    QCOMPARE(nlohmann::json::parse(outcomes[1].out).at("rank").get<int>(), 1);
    QVERIFY(!nlohmann::json::parse(outcomes[1].out).contains("recall_at"));
    QVERIFY(run_all(command(laps_, "scan_context", "told"), 2));  // once more: all is there
  }

  void a_lost_worker_is_told_and_nothing_is_encoded_twice() {
    const fs::path sequence = folder_ / "long";
    test::write_two_laps(sequence, {.frames_per_lap = 400, .poles = 60});
    QVERIFY(run_all(command(sequence, "scan_context", "whole"), 1));
    const auto processes = start_all(command(sequence, "scan_context", "lost"), 2);
    const fs::path share = share_file(folder_ / "lost/encodings.bin", {400, 800});
    QElapsedTimer clock;
    clock.start();
    constexpr std::uintmax_t some_frames = 30000;  // [bytes]
    while (clock.elapsed() < 30000 && !(fs::exists(share) && fs::file_size(share) > some_frames)) QTest::qWait(2);
    processes[1]->kill();
    const Outcome first = outcome_of(*processes[0]), last = outcome_of(*processes[1]);
    QCOMPARE(last.code, -2);
    QCOMPARE(first.code, 1);
    QVERIFY2(first.err.find("rank 1 of 2 (") != std::string::npos, first.err.c_str());
    QVERIFY2(first.err.find("is lost") != std::string::npos, first.err.c_str());
    QVERIFY(fs::file_size(share) > some_frames);
    // as many workers go on where these were; another number begins its shares anew
    fs::copy(folder_ / "lost", folder_ / "other", fs::copy_options::recursive);
    QVERIFY(run_all(command(sequence, "scan_context", "lost"), 2));
    QVERIFY(same_answers(folder_ / "lost", folder_ / "whole"));
    QVERIFY(run_all(command(sequence, "scan_context", "other"), 1));
    QVERIFY(same_answers(folder_ / "other", folder_ / "whole"));
    QVERIFY(!has_shares(folder_ / "lost") && !has_shares(folder_ / "other"));
  }

  void workers_with_other_options_are_refused() {
    const int port = free_port();
    const auto first = start(command(laps_, "scan_context", "differ"), 0, 2, port);
    const auto last = start(command(laps_, "scan_context --set rings=30", "differ"), 1, 2, port);
    for (QProcess* process : {first.get(), last.get()}) {
      const Outcome outcome = outcome_of(*process);
      QCOMPARE(outcome.code, 1);
      QVERIFY2(outcome.err.find("rank 1 of 2 has another sequence, other options") != std::string::npos,
               outcome.err.c_str());
    }
  }

  void a_rank_without_a_number_of_workers_is_named() {
    qputenv("RANK", "1");
    const Outcome outcome = outcome_of(*start(command(laps_, "scan_context", "odd"), 0, 1, 0));
    qunsetenv("RANK");
    QCOMPARE(outcome.code, 1);
    QVERIFY2(outcome.err.find("WORLD_SIZE") != std::string::npos, outcome.err.c_str());
  }
};

QTEST_GUILESS_MAIN(SharesTest)
#include "shares_test.moc"
