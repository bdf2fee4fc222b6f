// Training as a whole, on small drives through a simulated city: it learns, it can be stopped and resumed as if nothing
// had happened, and several processes learn what one does.

#include "core/training.h"

#include <torch/torch.h>

#include <QProcess>
#include <QTemporaryDir>
#include <fstream>

#include "core/files.h"
#include "core/simulator/simulator.h"
#include "core/train_log.h"
#include "core/training/optimiser.h"
#include "core/training/scan_pairs.h"
#include "core/training/train.h"
#include "core/training/trainer.h"
#include "core/training/workers.h"
#include "tests/support.h"

using namespace relocus;
using test::error_of;
namespace fs = std::filesystem;

namespace {

/// A small network: what is tested is the training, not the result.
TrainingJob small_job(const fs::path& folder, const std::string& out, int steps) {
  TrainingJob job;
  job.method = "overlap_netvlad";
  job.stages = {"bevnet"};
  job.sequences = {folder / "city"}, job.validation = {folder / "held_out"};
  job.out = folder / out;
  job.device = "cpu", job.threads = 1;
  job.assignments = {"steps=" + std::to_string(steps),
                     "base=16",
                     "features=32",
                     "overlap=16",
                     "refine_poses=false",
                     "decoder=false",
                     "save_every=2",
                     "validate_every=4",
                     "learning_rate=0.001",
                     "max_distance=20",
                     "negative_share=0"};
  return job;
}

std::vector<std::pair<std::int64_t, double>> losses(const std::vector<TrainingPoint>& points) {
  std::vector<std::pair<std::int64_t, double>> result;
  for (const TrainingPoint& point : points)
    if (!point.validation) result.emplace_back(point.step, point.values.front().second);
  return result;
}

std::vector<TrainingPoint> trained(const TrainingJob& job, const Progress& progress = {}) {
  std::vector<TrainingPoint> points;
  train_networks(job, progress, [&](const TrainingPoint& point) { points.push_back(point); });
  return points;
}

double largest_difference(const Tensors& a, const Tensors& b) {
  double largest = a.size() == b.size() ? 0 : 1e9;
  for (const auto& [name, tensor] : a)
    if (b.contains(name) && tensor.is_floating_point() && tensor.numel() > 0)
      largest = std::max(largest, (tensor - b.at(name)).abs().max().item<double>());
  return largest;
}

double mean_difference(const Tensors& a, const Tensors& b) {
  double sum = 0, count = 0;
  for (const auto& [name, tensor] : a) {
    if (!tensor.is_floating_point() || !name.starts_with("network.")) continue;
    sum += (tensor - b.at(name)).abs().sum().item<double>(), count += double(tensor.numel());
  }
  return sum / count;
}

}  // namespace

class TrainingTest : public QObject {
  Q_OBJECT
  QTemporaryDir temporary_;
  fs::path folder_;

 private Q_SLOTS:
  void initTestCase() {
    folder_ = temporary_.path().toStdString();
    SimulatorOptions options;
    options.frames = 50, options.seed = 5;
    simulate(folder_ / "city", options);
    options.frames = 50, options.seed = 6;
    simulate(folder_ / "held_out", options);
  }

  void adam_steps_as_the_library_s_does() {
    torch::manual_seed(3);
    torch::nn::Linear ours(5, 4), theirs(5, 4);
    {
      const torch::NoGradGuard no_gradient;
      theirs->weight.copy_(ours->weight), theirs->bias.copy_(ours->bias);
    }
    Optimiser adam(*ours, {.weight_decay = 0.01});
    torch::optim::Adam reference(theirs->parameters(), torch::optim::AdamOptions(0.02).weight_decay(0.01));
    for (int i = 0; i < 20; ++i) {
      const torch::Tensor input = torch::randn({8, 5});
      ours->forward(input).square().mean().backward(), adam.step(0.02);
      reference.zero_grad();
      theirs->forward(input).square().mean().backward(), reference.step();
    }
    torch::nn::Sequential both(torch::nn::Linear(2, 2), torch::nn::Linear(2, 2));
    Optimiser late(*both, {});
    const torch::Tensor before = both[1]->as<torch::nn::Linear>()->weight.detach().clone();
    for (int i = 0; i < 100; ++i) {
      both[0]->as<torch::nn::Linear>()->forward(torch::ones({1, 2})).sum().backward(), late.step(0.01);
    }
    both[1]->as<torch::nn::Linear>()->forward(torch::ones({1, 2})).sum().backward(), late.step(0.01);
    const torch::Tensor step = before - both[1]->as<torch::nn::Linear>()->weight.detach();
    QVERIFY((step - 0.01).abs().max().item<double>() < 1e-5);  // its first step, however many others have done
    QVERIFY((ours->weight - theirs->weight).abs().max().item<double>() < 1e-6);
    QVERIFY((ours->bias - theirs->bias).abs().max().item<double>() < 1e-6);
  }

  void sgd_steps_as_the_library_s_does() {
    torch::manual_seed(4);
    torch::nn::Linear ours(5, 4), theirs(5, 4);
    {
      const torch::NoGradGuard no_gradient;
      theirs->weight.copy_(ours->weight), theirs->bias.copy_(ours->bias);
    }
    Optimiser sgd(*ours, {.sgd = true, .weight_decay = 0.01, .momentum = 0.9});
    torch::optim::SGD reference(theirs->parameters(), torch::optim::SGDOptions(0.02).momentum(0.9).weight_decay(0.01));
    Tensors kept;
    for (int i = 0; i < 20; ++i) {
      const torch::Tensor input = torch::randn({8, 5});
      ours->forward(input).square().mean().backward(), sgd.step(0.02);
      reference.zero_grad();
      theirs->forward(input).square().mean().backward(), reference.step();
      if (i == 9) {  // as a resumed training
        kept = sgd.state();
        sgd = Optimiser(*ours, {.sgd = true, .weight_decay = 0.01, .momentum = 0.9});
        sgd.restore(kept);
      }
    }
    QVERIFY((ours->weight - theirs->weight).abs().max().item<double>() < 1e-6);
    QVERIFY((ours->bias - theirs->bias).abs().max().item<double>() < 1e-6);
    kept.erase("momentum.weight");
    QVERIFY(error_of([&] { sgd.restore(kept); }).find("momentum.weight is missing") != std::string::npos);
  }

  void a_pair_lies_as_its_pose_says() {
    const TrainingSequences from = open_training_sequences({folder_ / "city"});
    for (int number = 0; number < 5; ++number) {
      const ScanPair turned = scan_pair(from, {.max_distance = 20, .sector_share = 0, .disturbance = 0.5}, 9, number);
      const ScanPair again = scan_pair(from, {.max_distance = 20, .sector_share = 0, .disturbance = 0.5}, 9, number);
      QCOMPARE(turned.first.points.size(), again.first.points.size());
      QVERIFY(turned.first.points.back() == again.first.points.back());
      // The road lies under both sensors: its points near the second one, seen from the first, lie at the same height.
      const Eigen::Isometry3d by = turned.second_from_first;
      double error = 0, count = 0;
      for (const Eigen::Vector3f& point : turned.first.points) {
        const Eigen::Vector3d moved = by * point.cast<double>();
        if (moved.head<2>().norm() > 6 || moved.z() > -1) continue;
        double best = 1e9;
        for (std::size_t i = 0; i < turned.second.points.size(); i += 3)
          best = std::min(best, (turned.second.points[i].cast<double>() - moved).squaredNorm());
        error += std::sqrt(best), ++count;
        if (count >= 20) break;
      }
      if (count > 5) QVERIFY2(error / count < 0.6, qPrintable(QString::number(error / count)));
    }
  }

  void isotropic_kernels_stay_so() {
    TrainingJob job = small_job(folder_, "isotropic", 4);
    job.assignments.push_back("isotropic=true");
    trained(job);
    const torch::Tensor kernel = best_weights(job.out / "bevnet").at("dconv_down1.conv.3.weight");  // [4, 4, 11, 11]
    QCOMPARE((kernel - kernel.rot90(1, {2, 3})).abs().max().item<double>(), 0.0);
    QCOMPARE((kernel.select(2, 5).select(2, 10) - kernel.select(2, 8).select(2, 9)).abs().max().item<double>(), 0.0);
    QVERIFY((kernel.select(2, 5).select(2, 5) - kernel.select(2, 5).select(2, 6)).abs().max().item<double>() > 1e-4);
  }

  void the_overlap_head_begins_when_there_are_features_to_compare() {
    TrainingJob job = small_job(folder_, "later", 6);
    job.assignments.insert(job.assignments.end(), {"contrast=true", "overlap_from=3"});
    const Tensors whole = (trained(job), best_weights(job.out / "bevnet"));

    job.out = folder_ / "later_resumed";
    job.assignments.front() = "steps=3";
    for (const TrainingPoint& point : trained(job))
      for (const auto& [name, value] : point.values) QVERIFY2(!name.starts_with("overlap"), name.c_str());
    job.assignments.front() = "steps=6", job.resume = true;
    bool compares = false;
    for (const TrainingPoint& point : trained(job))
      for (const auto& [name, value] : point.values) compares |= name == "overlap_correlation";
    QVERIFY(compares);
    QCOMPARE(largest_difference(whole, best_weights(job.out / "bevnet")), 0.0);
    QVERIFY(whole.at("last_conv16.1.running_var").sub(1).abs().max().item<float>() > 1e-3);

    job.out = folder_ / "later_wrong", job.resume = false;
    job.assignments.push_back("contrast=false");
    QVERIFY(error_of([&] { trained(job); }).find("overlap_from needs contrast") != std::string::npos);
  }

  void mixed_precision_learns_nearly_the_same() {
    for (const std::string decoder : {"false", "true"}) {
      TrainingJob job = small_job(folder_, "whole_" + decoder, 3);
      job.assignments.push_back("decoder=" + decoder);
      const auto whole = losses(trained(job));
      job.out = folder_ / ("mixed_" + decoder);
      job.assignments.push_back("mixed_precision=true");
      const auto mixed = losses(trained(job));
      QVERIFY(whole.size() == mixed.size() && !mixed.empty());
      for (std::size_t i = 0; i < mixed.size(); ++i) {
        const double difference = std::abs(mixed[i].second - whole[i].second);
        QVERIFY2(difference < 0.03 * whole[i].second, qPrintable(QString::number(difference)));
        QVERIFY(difference > 0);  // the products were rounded
      }
      for (const auto& [name, tensor] : best_weights(job.out / "bevnet"))
        if (tensor.is_floating_point()) QVERIFY2(tensor.scalar_type() == torch::kFloat, name.c_str());
    }
  }

  void it_learns_and_leaves_weights_that_a_method_takes() {
    const TrainingJob job = small_job(folder_, "learned", 40);
    const auto points = trained(job);
    const auto found = losses(points);
    QCOMPARE(found.back().first, std::int64_t(40));
    QVERIFY2(found.back().second < found.front().second - 0.05,
             qPrintable(QString("%1 to %2").arg(found.front().second).arg(found.back().second)));
    QCOMPARE(read_train_csv(job.out / "bevnet/train.csv").back().step, std::int64_t(40));
    const TrainRecord record = load_train_record(job.out / "bevnet");
    QCOMPARE(record.state, std::string("finished"));
    QVERIFY(record.best.contains("overlap_correlation"));
    QVERIFY(fs::exists(job.out / "model.json") && fs::exists(job.out / "weights.safetensors"));
  }

  void a_training_that_was_stopped_goes_on_as_if_it_had_not_been() {
    const auto whole = losses(trained(small_job(folder_, "whole", 20)));

    TrainingJob job = small_job(folder_, "parts", 20);
    std::stop_source stop;
    const Progress until_thirteen(
        [&](std::string_view stage, std::size_t done, std::size_t) {
          if (stage == "Training" && done == 13) stop.request_stop();
        },
        stop.get_token());
    bool cancelled = false;
    try {
      trained(job, until_thirteen);
    } catch (const Cancelled&) {
      cancelled = true;
    }
    QVERIFY(cancelled);
    QCOMPARE(load_train_record(job.out / "bevnet").state, std::string("stopped"));
    QVERIFY(error_of([&] { trained(job); }).find("--resume") != std::string::npos);
    job.resume = true;
    const auto rest = losses(trained(job));
    QCOMPARE(rest.back().first, whole.back().first);
    const Tensors a = read_safetensors(folder_ / "whole/bevnet/last.safetensors").tensors;
    const Tensors b = read_safetensors(folder_ / "parts/bevnet/last.safetensors").tensors;
    QCOMPARE(largest_difference(a, b), 0.0);  // bit for bit

    job.assignments.push_back("learning_rate=0.5");
    QVERIFY(error_of([&] { trained(job); }).find("other options") != std::string::npos);
  }

  void a_killed_training_goes_on_from_its_last_checkpoint() {
    TrainingJob job = small_job(folder_, "killed", 20);
    struct Killed {};
    const Progress dies(
        [&](std::string_view stage, std::size_t done, std::size_t) {
          if (stage == "Training" && done == 13) throw Killed();  // nothing is saved on the way out
        },
        {});
    try {
      trained(job, dies);
    } catch (const Killed&) {
    }
    job.resume = true;
    const auto rest = trained(job);
    const Tensors a = read_safetensors(folder_ / "whole/bevnet/last.safetensors").tensors;
    const Tensors b = read_safetensors(folder_ / "killed/bevnet/last.safetensors").tensors;
    QCOMPARE(largest_difference(a, b), 0.0);
    const auto rows = read_train_csv(folder_ / "killed/bevnet/train.csv");
    const auto wanted = read_train_csv(folder_ / "whole/bevnet/train.csv");
    QCOMPARE(rows.back().step, wanted.back().step);
    std::ofstream(job.out / "bevnet/last.safetensors", std::ios::trunc) << "half of it";
    QVERIFY(error_of([&] { trained(job); }).find("last.safetensors") != std::string::npos);
  }

  void losses_that_are_not_finite_stop_it_and_name_the_batch() {
    TrainingJob job = small_job(folder_, "diverged", 50);
    job.assignments.push_back("learning_rate=1");
    job.assignments.push_back("accumulate=1");
    struct Task : TrainingTask {
      torch::nn::Linear layer{2, 1};
      torch::nn::Module& network() override { return *layer; }
      std::unique_ptr<Sample> load(std::int64_t number) const override {
        auto sample = std::make_unique<Sample>();
        sample->name = "pair " + std::to_string(number);
        return sample;
      }
      Losses losses(const Sample& sample) override {
        const double value = sample.name == "pair 7" ? std::nan("") : 1.0;
        return {layer->forward(torch::ones({1, 2})).sum(), {{"loss", value}}};
      }
      Validation validate(const Progress&) override { return {1, {}}; }
    } task;
    TrainingOptions options;
    options.steps = 20;
    Workers workers = Workers::from_environment();
    const std::string error = error_of([&] {
      run_training(task, options, {.method = "m", .stage = "s", .folder = folder_ / "diverged"}, workers, {}, {});
    });
    QVERIFY2(error.find("pair 7") != std::string::npos && error.find("step 8") != std::string::npos, error.c_str());
    QCOMPARE(load_train_record(folder_ / "diverged").state, std::string("failed"));
  }

  void two_and_four_processes_learn_what_one_does() {
    TrainingJob alone = small_job(folder_, "alone", 3);
    alone.assignments.push_back("accumulate=4");
    trained(alone);
    const Tensors wanted = read_safetensors(alone.out / "bevnet/last.safetensors").tensors;
    for (const int count : {2, 4}) {
      const std::string out = "workers" + std::to_string(count);
      std::vector<std::unique_ptr<QProcess>> workers;
      for (int rank = 0; rank < count; ++rank) {
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert("RANK", QString::number(rank));
        environment.insert("WORLD_SIZE", QString::number(count));
        environment.insert("MASTER_ADDR", "127.0.0.1");
        environment.insert("MASTER_PORT", QString::number(29610 + count + int(getpid() % 300) * 8));
        environment.insert("RELOCUS_TRAINING_TEST", QString::fromStdString(folder_.string() + "|" + out));
        workers.push_back(std::make_unique<QProcess>());
        workers.back()->setProcessEnvironment(environment);
        workers.back()->setProcessChannelMode(QProcess::ForwardedChannels);
        workers.back()->start(QCoreApplication::applicationFilePath(), {});
      }
      for (const auto& worker : workers) {
        QVERIFY(worker->waitForFinished(120000));
        QCOMPARE(worker->exitCode(), 0);
      }
      const Tensors found = read_safetensors(folder_ / out / "bevnet/last.safetensors").tensors;
      // Where a gradient is nothing but rounding, Adam makes a whole step of it: the mean tells.
      const double difference = mean_difference(wanted, found);
      QVERIFY2(difference < 1e-5, qPrintable(QString::number(difference)));
    }
  }

  void wrong_orders_are_told() {
    const auto told = [&](auto change) {
      TrainingJob job = small_job(folder_, "wrong", 4);
      change(job);
      return error_of([&] { train(job); });
    };
    QVERIFY(told([](TrainingJob& job) { job.method = "scan_context"; }).find("nothing to train") != std::string::npos);
    QVERIFY(told([](TrainingJob& job) { job.stages = {"middle"}; }).find("middle") != std::string::npos);
    QVERIFY(told([](TrainingJob& job) { job.assignments.push_back("stepz=3"); }).find("stepz") != std::string::npos);
    QVERIFY(!told([](TrainingJob& job) { job.validation.clear(); }).empty());
    QVERIFY(!told([](TrainingJob& job) { job.sequences = {"/nowhere"}; }).empty());
    const fs::path bare = folder_ / "bare";
    fs::create_directories(bare / "velodyne");
    fs::copy_file(folder_ / "city/velodyne/000000.bin", bare / "velodyne/000000.bin");
    QVERIFY(told([&](TrainingJob& job) { job.sequences = {bare}; }).find("bare") != std::string::npos);
  }
};

int main(int argc, char** argv) {
  const QCoreApplication app(argc, argv);
  if (const char* role = std::getenv("RELOCUS_TRAINING_TEST")) {
    const std::string text = role;
    const auto bar = text.find('|');
    TrainingJob job = small_job(text.substr(0, bar), text.substr(bar + 1), 3);
    job.assignments.push_back("accumulate=" + std::to_string(4 / std::atoi(std::getenv("WORLD_SIZE"))));
    train_networks(job, {}, {});
    return 0;
  }
  TrainingTest test;
  return QTest::qExec(&test, argc, argv);
}

#include "training_test.moc"
