#include "core/training/workers.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <torch/torch.h>
#include <unistd.h>

#include <QElapsedTimer>
#include <QProcess>
#include <chrono>
#include <csignal>
#include <memory>
#include <thread>

#include "tests/support.h"

using namespace relocus;
using test::error_of;

namespace {

// ------------------------------------------------- what a worker does; the test starts this program again as several

constexpr int kSamples = 32;

/// Gradients of a small network over the samples of this worker's share, added up over all.
std::vector<float> gradients(Workers& workers) {
  torch::manual_seed(7);
  const torch::Tensor inputs = torch::randn({kSamples, 40}), targets = torch::randn({kSamples, 3});
  torch::manual_seed(100 + workers.rank());  // each begins with numbers of its own
  torch::nn::Sequential network(torch::nn::Linear(40, 50), torch::nn::Tanh(), torch::nn::Linear(50, 3));
  workers.broadcast(network->parameters());
  const int share = kSamples / workers.count(), first = workers.rank() * share;
  const torch::Tensor error = network->forward(inputs.narrow(0, first, share)) - targets.narrow(0, first, share);
  (error.square().sum() / kSamples).backward();
  std::vector<torch::Tensor> all;
  for (const torch::Tensor& parameter : network->parameters()) all.push_back(parameter.grad());
  workers.add_up(all);
  std::vector<float> values;
  for (const torch::Tensor& gradient : all) {
    const torch::Tensor flat = gradient.reshape({-1});
    values.insert(values.end(), flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel());
  }
  return values;
}

std::string hexadecimal(const std::vector<float>& values) {
  const auto* const bytes = reinterpret_cast<const char*>(values.data());
  return QByteArray(bytes, int(values.size() * sizeof(float))).toHex().toStdString();
}

void work_on(Workers& workers) {
  for (int step = 0; step < 400; ++step) {
    workers.add_up({torch::ones({1000})});
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
  }
}

void play(const std::string& role) {
  Workers workers = Workers::from_environment();
  const int last = workers.count() - 1, rank = workers.rank();
  if (role == "gradients") {
    fmt::print("{}\n", hexadecimal(gradients(workers)));
  } else if (role == "values") {
    std::vector<torch::Tensor> tensors{torch::full({5}, rank), torch::full({3, 2}, rank + 0.5).t(),
                                       torch::full({}, rank, torch::kInt64), torch::empty({0}),
                                       torch::full({10'000'000}, 1.0f)};  // longer than one message
    workers.add_up(tensors);
    fmt::print("{} {} {} {} ", tensors[0].sum().item<float>(), tensors[1].sum().item<float>(),
               tensors[2].item<std::int64_t>(), std::int64_t(tensors[4].sum().item<float>()));
    workers.broadcast(tensors = {torch::full({2}, rank + 4)});
    const std::vector<std::string> names = workers.gather(std::string(std::size_t(rank), 'x'));
    fmt::print("{} {} {}\n", tensors[0].sum().item<float>(), fmt::join(names, ","),
               fmt::join(workers.gather_numbers(rank * 0.25), ","));
  } else if (role == "last is killed" || role == "first is killed" || role == "last hangs" || role == "last fails") {
    workers.barrier();
    const bool mine = rank == (role == "first is killed" ? 0 : last);
    if (mine && role == "last hangs") ::raise(SIGSTOP);
    if (mine && role == "last fails") throw Error("the disk of this one is full");
    if (mine) ::raise(SIGKILL);
    work_on(workers);
  } else if (role == "last is killed before all meet") {
    if (rank == last) ::raise(SIGKILL);
    workers.barrier();
  } else if (role == "last is slow") {
    if (rank == last) std::this_thread::sleep_for(std::chrono::milliseconds(2500));
    workers.barrier();
    fmt::print("fine\n");
  } else if (role == "first goes on alone") {
    workers.barrier();
    if (rank == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    workers.check();
    fmt::print("fine\n");
  } else if (role == "last has another network") {
    workers.broadcast({torch::ones({rank == last ? 4 : 5})});
  }
}

int run_as_worker(const std::string& role) {
  torch::set_num_threads(1);
  try {
    play(role);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}

// ------------------------------------------------------------------------------------------------------------ the test

struct Outcome {
  int code = -1;
  std::string out, err;
};

/// Listens at a free port for as long as it lives.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_, any, size) == 0 && ::listen(socket_, 1) == 0 && ::getsockname(socket_, any, &size) == 0)
      port_ = ntohs(address.sin_port);
  }
  ~Listener() { ::close(socket_); }
  int port() const { return port_; }

 private:
  int socket_, port_ = 0;
};

int free_port() { return Listener().port(); }

std::unique_ptr<QProcess> start(const char* role, int rank, int count, int port) {
  auto process = std::make_unique<QProcess>();
  QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
  if (count > 1) {
    environment.insert("RANK", QString::number(rank));
    environment.insert("WORLD_SIZE", QString::number(count));
    environment.insert("MASTER_ADDR", "127.0.0.1");
    environment.insert("MASTER_PORT", QString::number(port));
  }
  process->setProcessEnvironment(environment);
  process->start(QCoreApplication::applicationFilePath(), {"as-worker", role});
  return process;
}

Outcome outcome_of(QProcess& process) {
  constexpr int kLongest = 60000;  // [ms]
  if (!process.waitForFinished(kLongest)) return {};
  return {process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -2,
          process.readAllStandardOutput().trimmed().toStdString(),
          process.readAllStandardError().trimmed().toStdString()};
}

std::vector<Outcome> run_all(const char* role, int count) {
  const int port = free_port();
  std::vector<std::unique_ptr<QProcess>> processes;
  for (int rank = 0; rank < count; ++rank) processes.push_back(start(role, rank, count, port));
  std::vector<Outcome> outcomes;
  for (const auto& process : processes) outcomes.push_back(outcome_of(*process));
  return outcomes;
}

std::vector<float> floats(const std::string& text) {
  const QByteArray bytes = QByteArray::fromHex(QByteArray::fromStdString(text));
  std::vector<float> values(std::size_t(bytes.size()) / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

}  // namespace

class WorkersTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() {
    for (const char* name : {"RELOCUS_WORKER_JOIN", "RELOCUS_WORKER_SILENCE"}) qunsetenv(name);
  }

  void one_process_adds_up_nothing() {
    Workers workers((WorkerPlace()));
    const torch::Tensor tensor = torch::full({3}, 2.0f);
    workers.add_up({tensor});
    workers.broadcast({tensor});
    QCOMPARE(tensor.sum().item<float>(), 6.0f);
    QCOMPARE(workers.gather_numbers(0.5), std::vector<double>{0.5});
  }

  void gradients_of_shares_add_up_to_those_of_one_process_data() {
    QTest::addColumn<int>("count");
    QTest::newRow("two") << 2;
    QTest::newRow("four") << 4;
  }
  void gradients_of_shares_add_up_to_those_of_one_process() {
    QFETCH(int, count);
    Workers alone((WorkerPlace()));
    const std::vector<float> expected = gradients(alone);
    const std::vector<Outcome> outcomes = run_all("gradients", count);
    for (const Outcome& outcome : outcomes) {
      QVERIFY2(outcome.code == 0, outcome.err.c_str());
      QVERIFY(outcome.out == outcomes.front().out);  // the same in all to the last bit
    }
    const std::vector<float> found = floats(outcomes.front().out);
    QCOMPARE(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) QVERIFY(std::abs(found[i] - expected[i]) < 1e-5f);
  }

  void all_kinds_of_tensors_and_texts_are_exchanged() {
    for (const Outcome& outcome : run_all("values", 4))
      QCOMPARE(outcome.out, std::string("30 48 6 40000000 8 ,x,xx,xxx 0,0.25,0.5,0.75"));
  }

  void a_lost_worker_ends_all_others_with_its_name() {
    struct Case {
      const char* role;
      int count, lost;
      const char* reason;
      std::vector<std::unique_ptr<QProcess>> processes = {};
    };
    Case cases[] = {{"last is killed", 2, 1, "nothing was heard of it"},
                    {"last is killed", 4, 3, "nothing was heard of it"},
                    {"first is killed", 4, 0, "its connection broke"},
                    {"last hangs", 2, 1, "nothing was heard of it"},
                    {"last fails", 4, 3, "it ended with an error"},
                    {"last is killed before all meet", 2, 1, "nothing was heard of it"}};
    qputenv("RELOCUS_WORKER_SILENCE", "5");
    QElapsedTimer clock;
    clock.start();
    for (Case& each : cases) {  // at a time: most of it is waiting
      const int port = free_port();
      for (int rank = 0; rank < each.count; ++rank) each.processes.push_back(start(each.role, rank, each.count, port));
    }
    for (Case& each : cases) {
      for (int rank = 0; rank < each.count; ++rank) {
        if (rank == each.lost) continue;
        const Outcome outcome = outcome_of(*each.processes[std::size_t(rank)]);
        const std::string text = fmt::format("{}: {}", each.role, outcome.err);
        QVERIFY2(outcome.code == 1, text.c_str());
        QVERIFY2(outcome.err.starts_with(fmt::format("rank {} of {} (", each.lost, each.count)), text.c_str());
        QVERIFY2(outcome.err.find(fmt::format("is lost: {}", each.reason)) != std::string::npos, text.c_str());
        QVERIFY2(outcome.err.find("start all") != std::string::npos, text.c_str());
      }
      QProcess& own = *each.processes[std::size_t(each.lost)];
      const std::string role = each.role;
      if (role == "last hangs") own.kill();
      const Outcome outcome = outcome_of(own);
      if (role == "last fails") QCOMPARE(outcome.err, std::string("the disk of this one is full"));
    }
    QVERIFY2(clock.elapsed() < 40000, qPrintable(QString::number(clock.elapsed())));
  }

  void long_work_is_no_loss() {
    qputenv("RELOCUS_WORKER_SILENCE", "1.5");
    for (const char* role : {"last is slow", "first goes on alone"}) {
      for (const Outcome& outcome : run_all(role, 2)) {
        QVERIFY2(outcome.code == 0, outcome.err.c_str());
        QCOMPARE(outcome.out, std::string("fine"));
      }
    }
  }

  void who_does_not_come_is_named() {
    qputenv("RELOCUS_WORKER_JOIN", "2");
    const Outcome first = outcome_of(*start("values", 0, 3, free_port()));
    QCOMPARE(first.code, 1);
    QVERIFY2(first.err.find("rank 1, 2 did not appear within 2 s") != std::string::npos, first.err.c_str());
    const Outcome last = outcome_of(*start("values", 2, 3, free_port()));
    QCOMPARE(last.code, 1);
    QVERIFY2(last.err.find("does not reach rank 0 at 127.0.0.1") != std::string::npos, last.err.c_str());
  }

  void a_port_in_use_is_named() {
    const Listener other;
    const Outcome outcome = outcome_of(*start("values", 0, 2, other.port()));
    QCOMPARE(outcome.code, 1);
    QVERIFY2(outcome.err.find("MASTER_PORT") != std::string::npos, outcome.err.c_str());
  }

  void all_must_work_on_one_network() {
    for (const Outcome& outcome : run_all("last has another network", 2)) {
      QCOMPARE(outcome.code, 1);
      QVERIFY2(outcome.err.find("rank 1 of 2 works on another network") != std::string::npos, outcome.err.c_str());
    }
  }
};

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "as-worker") return run_as_worker(argv[2]);
  const QCoreApplication app(argc, argv);
  WorkersTest test;
  return QTest::qExec(&test, argc, argv);
}
#include "workers_test.moc"
