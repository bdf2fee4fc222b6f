#include "app/training_desk.h"

#include <QCoreApplication>
#include <QProcess>
#include <csignal>

#include "core/files.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr int kLookEvery = 1000;             // [ms]
constexpr const char* kWords = "train.log";  // what the process says

QString text(const fs::path& path) { return QString::fromStdString(path.string()); }

/// The error that the command named on stderr; empty when it named none, or was only stopped.
std::string error_in(const fs::path& file) {
  const std::string begin = "relocus-cli: ";
  try {
    const std::string words = read_text(file);
    const auto found = words.rfind(begin);
    if (found == std::string::npos) return {};
    const std::string error = words.substr(found + begin.size());
    return error.starts_with("stopped") ? std::string() : error.substr(0, error.find('\n'));
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

TrainingDesk::TrainingDesk(QObject* parent) : QObject(parent) {
  timer_.setInterval(kLookEvery);
  connect(&timer_, &QTimer::timeout, this, [this] { look(); });
  connect(&reader_, &JobRunner::failed, this, &TrainingDesk::failed);
}

QStringList TrainingDesk::arguments(const TrainingJob& job) {
  QStringList all{"train", QString::fromStdString(job.method), "--json", "--quiet"};
  const auto add = [&](const char* option, const std::vector<fs::path>& folders) {
    all << option;
    for (const fs::path& folder : folders) all << text(folder);
  };
  add("--sequences", job.sequences);
  add("--validation", job.validation);
  all << "--out" << text(job.out);
  for (const std::string& stage : job.stages) all << "--stage" << QString::fromStdString(stage);
  if (!job.start.empty()) all << "--weights" << text(job.start);
  if (job.resume) all << "--resume";
  if (job.half) all << "--half";
  all << "--device" << QString::fromStdString(job.device) << "--threads" << QString::number(job.threads);
  for (const std::string& assignment : job.assignments) all << "--set" << QString::fromStdString(assignment);
  return all;
}

void TrainingDesk::start(const TrainingJob& job) {
  const QString program = QCoreApplication::applicationDirPath() + "/relocus-cli";
  try {
    fs::create_directories(job.out);
  } catch (const fs::filesystem_error& error) {
    Q_EMIT failed(tr("The folder %1 cannot be made: %2").arg(text(job.out), error.code().message().c_str()));
    return;
  }
  const QString words = text(job.out / kWords);
  QProcess process;
  process.setProgram(program);
  process.setArguments(arguments(job));
  process.setStandardInputFile(QProcess::nullDevice());
  std::error_code ignored;
  fs::remove(job.out / kWords, ignored);
  process.setStandardOutputFile(words, QIODevice::Append);
  process.setStandardErrorFile(words, QIODevice::Append);
  qint64 number = 0;
  if (!process.startDetached(&number)) {
    Q_EMIT failed(tr("%1 cannot be started: it belongs beside this program").arg(program));
    return;
  }
  reader_.cancel();
  folder_ = job.out;
  training_ = nullptr;
  process_ = int(number);
  running_ = own_ = true;
  timer_.start();
  Q_EMIT started(text(folder_));
  Q_EMIT changed();
}

void TrainingDesk::stop() {
  if (process_ > 0) ::kill(process_, SIGINT);
}

void TrainingDesk::watch(const fs::path& folder) {
  reader_.cancel();
  folder_ = folder;
  training_ = nullptr;
  process_ = 0;
  running_ = own_ = false;
  timer_.start();
  Q_EMIT changed();
  look();
}

TrainingDesk::View TrainingDesk::look(const fs::path& folder, int process) {
  View view;
  const bool lives = relocus::is_running(process);  // before it is read: what it wrote last is seen
  try {
    view.training = std::make_shared<const TrainingProgress>(read_training(folder));
    view.process = lives ? process : training_process(*view.training).value_or(0);
    view.running = view.process > 0;
    for (const StageProgress& stage : view.training->stages) view.running |= stage.alive;
  } catch (const Error& error) {
    view.problem = error.what();
    view.process = lives ? process : 0;
    view.running = lives;
  }
  if (!view.running) view.error = error_in(folder / kWords);
  return view;
}

void TrainingDesk::look() {
  if (reader_.is_running() || folder_.empty()) return;
  reader_.start([folder = folder_, process = own_ ? process_ : 0](const Progress&) { return look(folder, process); },
                [this](View view) { show(std::move(view)); });
}

void TrainingDesk::show(View view) {
  const bool ended_now = running_ && !view.running;
  running_ = view.running;
  process_ = view.process;
  if (view.training) training_ = view.training;
  Q_EMIT changed();
  const QString error = own_ ? QString::fromStdString(view.error) : QString();
  if (!view.training && !view.running) {
    timer_.stop();
    Q_EMIT failed(error.isEmpty() ? QString::fromStdString(view.problem) : error);
  } else if (ended_now) {
    const TrainRecord& record = training_->stages.back().record;
    const bool as_it_should = error.isEmpty() && (record.state == "finished" || record.state == "stopped");
    if (as_it_should)
      Q_EMIT ended(QString::fromStdString(record.state));
    else
      Q_EMIT failed(!error.isEmpty()           ? error
                    : record.state == "failed" ? QString::fromStdString(record.reason)
                                               : tr("The training ended without a word."));
  }
}

}  // namespace relocus
