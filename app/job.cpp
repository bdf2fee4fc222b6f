#include "app/job.h"

#include <new>

#include "core/option_error.h"

namespace relocus {
namespace {

using namespace std::chrono_literals;

constexpr auto kTellEvery = 50ms;     // progressed(): smooth for the eye, nothing for the processor
constexpr auto kPaceWindow = 15s;     // the pace is that of so long
constexpr auto kMarkEvery = 200ms;    // marks in the window
constexpr double kEnoughSeconds = 1;  // before that no estimate is worth showing

double seconds(RemainingTime::Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

std::optional<double> RemainingTime::update(std::string_view stage, std::size_t done, std::size_t total,
                                            Clock::time_point now) {
  if (stage != stage_ || (!marks_.empty() && done < marks_.back().done)) {
    stage_ = stage;
    marks_.clear();
  }
  if (marks_.empty() || now - marks_.back().when >= kMarkEvery) marks_.push_back({done, now});
  while (marks_.size() > 1 && now - marks_.front().when > kPaceWindow) marks_.pop_front();
  const auto& [first_done, first_when] = marks_.front();
  const double elapsed = seconds(now - first_when);
  if (elapsed < kEnoughSeconds || done <= first_done || done > total) return std::nullopt;
  return elapsed / double(done - first_done) * double(total - done);
}

JobRunner::JobRunner(QObject* parent) : QObject(parent) {
  pool_.setMaxThreadCount(1);
  pool_.setExpiryTimeout(-1);  // OpenMP keeps a team of threads for each thread that ever computed
  timer_.setInterval(kTellEvery);
  connect(&timer_, &QTimer::timeout, this, &JobRunner::tell_newest_step);
}

JobRunner::~JobRunner() {
  if (job_) job_->stop.request_stop();
  pool_.waitForDone();
}

void JobRunner::cancel() {
  if (!job_) return;
  job_->stop.request_stop();
  end(job_.get());
  Q_EMIT cancelled();
}

std::shared_ptr<JobRunner::Job> JobRunner::begin() {
  cancel();
  job_ = std::make_shared<Job>();
  timer_.start();
  Q_EMIT running_changed(true);
  return job_;
}

void JobRunner::end(const Job* job) {
  if (job_.get() != job) return;
  job_.reset();
  timer_.stop();
  Q_EMIT running_changed(false);
}

void JobRunner::tell_newest_step() {
  if (!job_) return;
  const auto step = [&] {
    const std::lock_guard lock(job_->mutex);
    return std::exchange(job_->newest, std::nullopt);
  }();
  if (!step) return;
  const auto remaining = job_->remaining.update(step->stage, step->done, step->total, RemainingTime::Clock::now());
  Q_EMIT progressed(
      {QString::fromUtf8(step->stage.data(), qsizetype(step->stage.size())), step->done, step->total, remaining});
}

QString message_of(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error))
    return QStringLiteral("There is not enough memory for this. Close other programs or take a shorter sequence.");
  if (const auto* wrong = dynamic_cast<const OptionError*>(&error)) {
    QString row = QString::fromStdString(wrong->option);
    row[0] = row[0].toUpper();
    return QStringLiteral("%1; %2 in the row “%3” of Method.")
        .arg(QString::fromStdString(wrong->problem), QString::fromStdString(wrong->cure), row);
  }
  return QString::fromUtf8(error.what());
}

}  // namespace relocus
