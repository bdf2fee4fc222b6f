#pragma once

#include <QObject>
#include <QString>
#include <QThreadPool>
#include <QTimer>
#include <atomic>
#include <chrono>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <type_traits>

#include "core/error.h"
#include "core/progress.h"

namespace relocus {

/// Estimates how long a stage still takes from the pace of its last seconds.
class RemainingTime {
 public:
  using Clock = std::chrono::steady_clock;

  /// `done` of `total` at `now`. Returns [s], or nothing while too little is known.
  std::optional<double> update(std::string_view stage, std::size_t done, std::size_t total, Clock::time_point now);

 private:
  struct Mark {
    std::size_t done;
    Clock::time_point when;
  };
  std::string stage_;
  std::deque<Mark> marks_;  // of the present stage, oldest first
};

/// How far a job is.
struct JobStep {
  QString stage;  ///< "Encoding"
  std::size_t done = 0, total = 0;
  std::optional<double> remaining;  ///< [s] of this stage
};

/// Runs one computation at a time away from the GUI thread; starting another cancels the last. Every signal and every
/// `done` arrives on the thread of this object. The result of a cancelled job is dropped, however late it comes.
class JobRunner : public QObject {
  Q_OBJECT

 public:
  explicit JobRunner(QObject* parent = nullptr);
  ~JobRunner() override;  ///< cancels, and waits until the worker has noticed

  bool is_running() const { return job_ != nullptr; }

  /// `work(const Progress&)` runs on the worker; `done(its result)` is called here. An exception of either becomes
  /// `failed`.
  template <class Work, class Done>
  void start(Work work, Done done);

  void cancel();

 Q_SIGNALS:
  void running_changed(bool running);
  void progressed(const relocus::JobStep& step);  ///< the newest step only, a few times a second
  void cancelled();
  void failed(const QString& message);

 private:
  struct Step {
    std::string_view stage;  // a literal
    std::size_t done = 0, total = 0;
  };
  struct Job {
    std::stop_source stop;
    std::mutex mutex;
    std::optional<Step> newest;  // what progressed() has not told yet
    RemainingTime remaining;
  };

  std::shared_ptr<Job> begin();
  void end(const Job* job);
  void tell_newest_step();
  template <class Call>
  void post(std::shared_ptr<Job> job, Call call);

  QThreadPool pool_;
  QTimer timer_;
  std::shared_ptr<Job> job_;  // null: nothing runs
};

/// What went wrong, as a sentence for a person.
QString message_of(const std::exception& error);

// ---------------------------------------------------------------------------------------------------------------------

template <class Work, class Done>
void JobRunner::start(Work work, Done done) {
  using Result = std::invoke_result_t<Work&, const Progress&>;
  auto job = begin();
  pool_.start([this, job, work = std::move(work), done = std::move(done)]() mutable {
    if (job->stop.stop_requested()) return;
    const Progress progress(
        [&](std::string_view stage, std::size_t now, std::size_t total) {
          const std::lock_guard lock(job->mutex);
          job->newest = Step{stage, now, total};
        },
        job->stop.get_token());
    try {
      if constexpr (std::is_void_v<Result>) {
        work(progress);
        post(job, [done = std::move(done)]() mutable { done(); });
      } else {
        auto result = std::make_shared<Result>(work(progress));
        post(job, [done = std::move(done), result]() mutable { done(std::move(*result)); });
      }
    } catch (const Cancelled&) {
      post(job, [this] { Q_EMIT cancelled(); });  // nobody listens any more, unless the work ended itself
    } catch (const std::exception& error) {
      post(job, [this, message = message_of(error)] { Q_EMIT failed(message); });
    }
  });
}

template <class Call>
void JobRunner::post(std::shared_ptr<Job> job, Call call) {
  QMetaObject::invokeMethod(
      this,
      [this, job, call = std::move(call)]() mutable {
        if (job_ != job) return;  // cancelled or replaced
        tell_newest_step();
        end(job.get());
        try {
          call();
        } catch (const std::exception& error) {
          Q_EMIT failed(message_of(error));
        }
      },
      Qt::QueuedConnection);
}

}  // namespace relocus
