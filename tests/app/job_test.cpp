#include "app/job.h"

#include <QSignalSpy>
#include <QTest>
#include <new>
#include <thread>

#include "core/option_error.h"

using namespace relocus;
using namespace std::chrono_literals;

class JobTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void the_cure_names_the_row_of_the_window_and_not_the_flag() {
    const OptionError error("m needs weights", "name a file of yours", "weights");
    QVERIFY(QString(error.what()).contains("--weights"));
    QVERIFY(message_of(error).contains("“Weights”") && !message_of(error).contains("--"));
  }

  void a_result_arrives_on_the_thread_of_the_runner() {
    JobRunner runner;
    std::thread::id worked, received;
    int result = 0;
    runner.start(
        [&](const Progress&) {
          worked = std::this_thread::get_id();
          return 42;
        },
        [&](int value) {
          received = std::this_thread::get_id();
          result = value;
        });
    QVERIFY(runner.is_running());
    QTRY_COMPARE(result, 42);
    QVERIFY(!runner.is_running());
    QCOMPARE(received, std::this_thread::get_id());
    QVERIFY(worked != received);
  }

  void a_job_without_a_result_says_that_it_is_done() {
    JobRunner runner;
    bool done = false;
    runner.start([](const Progress&) {}, [&] { done = true; });
    QTRY_VERIFY(done);
  }

  void a_result_that_cannot_be_copied_is_moved() {
    JobRunner runner;
    std::unique_ptr<int> result;
    runner.start([](const Progress&) { return std::make_unique<int>(7); },
                 [&](std::unique_ptr<int> value) { result = std::move(value); });
    QTRY_VERIFY(result);
    QCOMPARE(*result, 7);
  }

  void the_result_of_a_cancelled_job_is_dropped() {
    JobRunner runner;
    std::atomic<bool> begun = false, go = false, finished = false;
    bool received = false;
    QSignalSpy cancelled(&runner, &JobRunner::cancelled);
    runner.start(
        [&](const Progress&) {
          begun = true;
          while (!go) std::this_thread::yield();
          finished = true;
          return 1;
        },
        [&](int) { received = true; });
    QTRY_VERIFY(begun);
    runner.cancel();
    QVERIFY(!runner.is_running());
    QCOMPARE(cancelled.count(), 1);
    go = true;
    QTRY_VERIFY(finished);
    QTest::qWait(20);
    QVERIFY(!received);
  }

  void a_result_that_is_already_waiting_is_dropped_too() {
    JobRunner runner;
    std::atomic<bool> finished = false;
    bool received = false;
    runner.start(
        [&](const Progress&) {
          finished = true;
          return 1;
        },
        [&](int) { received = true; });
    while (!finished) std::this_thread::yield();
    std::this_thread::sleep_for(20ms);  // the event lies in the queue; nobody has read it
    runner.cancel();
    QTest::qWait(20);
    QVERIFY(!received);
  }

  void cancelling_ends_a_computation_at_its_next_step() {
    JobRunner runner;
    std::atomic<bool> left = false;
    runner.start(
        [&](const Progress& progress) {
          struct Leave {
            std::atomic<bool>& flag;
            ~Leave() { flag = true; }
          } leave{left};
          for (std::size_t i = 0;; ++i) progress("Endless", i % 100, 100);
          return 0;
        },
        [](int) { QFAIL("an endless job ended"); });
    QTest::qWait(20);
    runner.cancel();
    QTRY_VERIFY(left);
  }

  void starting_another_job_replaces_the_last() {
    JobRunner runner;
    std::vector<int> received;
    for (int i = 0; i < 5; ++i)
      runner.start([i](const Progress& progress) { return progress("Counting", 0, 1), i; },
                   [&](int value) { received.push_back(value); });
    QTRY_VERIFY(!runner.is_running());
    QCOMPARE(received, std::vector<int>{4});
  }

  void an_error_is_told_with_its_words() {
    JobRunner runner;
    QSignalSpy failed(&runner, &JobRunner::failed);
    runner.start([](const Progress&) -> int { throw Error("cannot open {}", "x.bin"); },
                 [](int) { QFAIL("no result was made"); });
    QTRY_COMPARE(failed.count(), 1);
    QCOMPARE(failed[0][0].toString(), QString("cannot open x.bin"));
    QVERIFY(!runner.is_running());
    runner.start([](const Progress&) -> int { throw std::bad_alloc(); }, [](int) {});
    QTRY_COMPARE(failed.count(), 2);
    QVERIFY(failed[1][0].toString().contains("memory"));
  }

  void an_error_while_receiving_is_told_too() {
    JobRunner runner;
    QSignalSpy failed(&runner, &JobRunner::failed);
    runner.start([](const Progress&) { return 1; }, [](int) { throw Error("cannot show it"); });
    QTRY_COMPARE(failed.count(), 1);
    QVERIFY(!runner.is_running());
  }

  void progress_is_coalesced_to_the_newest_step() {
    JobRunner runner;
    std::vector<JobStep> steps;
    connect(&runner, &JobRunner::progressed, this, [&](const JobStep& step) { steps.push_back(step); });
    bool done = false;
    runner.start(
        [](const Progress& progress) {
          for (std::size_t i = 1; i <= 200000; ++i) progress("Counting", i, 200000);
        },
        [&] { done = true; });
    QTRY_VERIFY(done);
    QVERIFY(!steps.empty());
    QVERIFY2(steps.size() < 200, qPrintable(QString::number(steps.size())));
    QCOMPARE(steps.back().done, std::size_t(200000));
    QCOMPARE(steps.back().stage, QString("Counting"));
  }

  void a_runner_that_goes_away_takes_its_job_along() {
    std::atomic<bool> left = false;
    {
      JobRunner runner;
      runner.start(
          [&](const Progress& progress) {
            try {
              for (std::size_t i = 0;; ++i) progress("Endless", i % 100, 100);
            } catch (const Cancelled&) {
              left = true;
              throw;
            }
          },
          [] { QFAIL("an endless job ended"); });
      QTest::qWait(20);
    }
    QVERIFY(left);
  }

  void remaining_time_follows_the_pace() {
    RemainingTime remaining;
    const RemainingTime::Clock::time_point start{};
    QVERIFY(!remaining.update("Encoding", 0, 100, start));
    QVERIFY(!remaining.update("Encoding", 1, 100, start + 100ms));  // too early to say
    QCOMPARE(remaining.update("Encoding", 20, 100, start + 2s).value(), 8.0);
    for (int s = 3; s <= 60; ++s)
      remaining.update("Encoding", 20 + std::size_t(s - 2), 200, start + std::chrono::seconds(s));
    QCOMPARE(remaining.update("Encoding", 79, 200, start + 61s).value(), 121.0);  // slower now: the last seconds count
    QVERIFY(!remaining.update("Searching", 1, 10, start + 62s));                  // another stage begins anew
  }

  void resumed_work_does_not_flatter_the_estimate() {
    RemainingTime remaining;
    const RemainingTime::Clock::time_point start{};
    QVERIFY(!remaining.update("Encoding", 4000, 4541, start));  // was stored already
    QCOMPARE(remaining.update("Encoding", 4041, 4541, start + 4100ms).value(), 50.0);
  }
};

QTEST_GUILESS_MAIN(JobTest)
#include "job_test.moc"
