#include "app/session.h"

#include <QSignalSpy>

#include "tests/app/home.h"
#include "tests/support.h"

using namespace relocus;

namespace fs = std::filesystem;

class SessionTest : public QObject {
  Q_OBJECT

  test::Home home_;
  fs::path laps_ = home_.two_laps();

 private Q_SLOTS:
  void opening_tells_the_sequence_its_check_and_its_revisits() {
    Session session;
    QSignalSpy checked(&session, &Session::check_changed), evaluated(&session, &Session::evaluation_changed);
    session.open(laps_);
    QTRY_VERIFY(session.opened());
    QCOMPARE(session.opened()->sequence.frames.size(), std::size_t(120));
    QCOMPARE(session.query(), 0);
    QCOMPARE(checked.count(), 1);
    QTRY_COMPARE(evaluated.count(), 2);  // nothing, then the revisits
    const auto revisits = evaluated.last()[0].value<std::shared_ptr<const Evaluation>>();
    QVERIFY(revisits->queries[90].answerable);
    QVERIFY(!revisits->queries[30].answerable);
    QVERIFY(!session.experiment());
  }

  void a_bad_path_is_told_and_changes_nothing() {
    Session session;
    session.open(laps_);
    QTRY_VERIFY(session.opened());
    const auto before = session.opened();
    QSignalSpy failed(&session, &Session::failed);
    session.open("/no/such/folder");
    QTRY_COMPARE(failed.count(), 1);
    QVERIFY(failed[0][0].toString().contains("/no/such/folder"));
    session.open(home_ / "cache");
    QTRY_COMPARE(failed.count(), 2);
    QCOMPARE(session.opened(), before);
  }

  void a_folder_of_several_sequences_asks_which() {
    const auto root = home_ / "dataset";
    for (const char* name : {"00", "01"}) test::write_two_laps(root / "sequences" / name, {.frames_per_lap = 2});
    Session session;
    QSignalSpy several(&session, &Session::several_sequences);
    session.open(root);
    QTRY_COMPARE(several.count(), 1);
    QCOMPARE(several[0][1].value<std::vector<fs::path>>().size(), std::size_t(2));
    QVERIFY(!session.opened());
  }

  void a_run_finds_the_second_lap_on_the_first() {
    Session session;
    session.open(laps_);
    QTRY_VERIFY(session.opened());
    session.choose_method({"scan_context", nullptr, {}});
    session.run();
    QTRY_VERIFY_WITH_TIMEOUT(session.experiment(), 60000);
    QVERIFY(session.experiment()->evaluation.figures.recall_at.at(0) > 0.9);
    QVERIFY(session.retrieval());  // a recognised place is selected by itself
    QVERIFY(session.candidate());
    QCOMPARE(*session.candidate(), session.retrieval()->candidates.front().frame);

    session.select_query(100);
    QCOMPARE(session.query(), 100);
    const auto first = *session.candidate();
    session.step_candidate(1);
    QVERIFY(*session.candidate() != first);
    session.step_candidate(-1);
    QCOMPARE(*session.candidate(), first);
    session.step_candidate(-1);  // there is none before the first
    QCOMPARE(*session.candidate(), first);
    session.select_query(10);  // too early: nothing lies 50 frames back
    QVERIFY(!session.candidate());
  }

  void a_sequence_without_poses_has_answers_and_no_figures() {
    const auto blind = home_ / "blind", saved = blind.parent_path() / "blind_saved";
    test::write_two_laps(blind);
    fs::remove(blind / "poses.txt");
    Session session;
    QSignalSpy failed(&session, &Session::failed);
    session.open(blind);
    QTRY_VERIFY(session.opened() && session.is_idle());
    session.choose_method({"scan_context", nullptr, {}});
    session.run();
    QTRY_VERIFY_WITH_TIMEOUT(session.experiment() || !failed.isEmpty(), 60000);
    QVERIFY2(failed.isEmpty(), qPrintable(failed.value(0).value(0).toString()));
    session.select_query(100);
    QVERIFY(session.candidate());
    QCOMPARE(*session.candidate() % 60, 40);
    QCOMPARE(session.experiment()->evaluation.figures.num_queries, 0);
    session.save_experiment(saved);
    QTRY_VERIFY(session.is_idle());
    session.open(saved);
    QTRY_VERIFY(session.is_idle());
    QVERIFY2(failed.isEmpty(), qPrintable(failed.value(0).value(0).toString()));
  }

  void another_protocol_evaluates_again_without_running() {
    Session session;
    session.open(laps_);
    QTRY_VERIFY(session.opened());
    session.choose_method({"scan_context", nullptr, {}});
    session.run();
    QTRY_VERIFY_WITH_TIMEOUT(session.experiment(), 60000);
    const auto before = session.experiment();
    QSignalSpy activity(&session, &Session::activity_changed);
    Protocol protocol = session.protocol();
    protocol.preset = "custom";
    protocol.exclude_recent = 80;  // a lap and a third: the last lap is too near
    session.choose_protocol(protocol);
    QTRY_VERIFY_WITH_TIMEOUT(session.experiment() != before, 60000);
    QVERIFY(session.experiment()->evaluation.figures.num_queries < before->evaluation.figures.num_queries);
    for (const auto& change : activity) QVERIFY(change[0].value<Activity>() != Activity::Running);
  }

  void a_cancelled_run_leaves_what_was() {
    Session session;
    session.open(laps_);
    QTRY_VERIFY(session.opened());
    QTRY_VERIFY(session.is_idle());
    QSignalSpy progressed(&session, &Session::progressed);
    MethodChoice choice{"scan_context", nullptr, {}};
    session.choose_method(choice);
    session.run();
    QVERIFY(session.is_active(Activity::Running));
    session.cancel_something();
    QVERIFY(!session.is_active(Activity::Running));
    QTRY_VERIFY(session.is_idle());
    QTest::qWait(50);
    QVERIFY(!session.experiment());
  }

  void a_run_that_was_cancelled_midway_is_taken_up_again() {
    home_.use_cache("other_cache");
    Session session;
    QSignalSpy failed(&session, &Session::failed);
    session.open(laps_);
    QTRY_VERIFY(session.opened() && session.is_idle());
    session.choose_method({"scan_context", nullptr, {}});
    const auto cancelling =
        connect(&session, &Session::progressed, &session, [&](Activity activity, const JobStep& step) {
          if (activity == Activity::Running && step.done > 0) session.cancel(activity);
        });
    for (int i = 0; i < 3; ++i) {
      session.run();
      QTRY_VERIFY_WITH_TIMEOUT(session.is_idle(), 20000);
    }
    disconnect(cancelling);
    session.run();
    QTRY_VERIFY_WITH_TIMEOUT(session.experiment() || !failed.isEmpty(), 60000);
    QVERIFY2(failed.isEmpty(), qPrintable(failed.value(0).value(0).toString()));
    QVERIFY(session.experiment()->evaluation.figures.recall_at.at(0) > 0.9);
    home_.use_cache("cache");
  }

  void an_unknown_method_is_named_with_the_known() {
    Session session;
    QSignalSpy failed(&session, &Session::failed);
    session.choose_method({"magic", nullptr, {}});
    QCOMPARE(failed.count(), 1);
    QVERIFY(failed[0][0].toString().contains("magic"));
    QVERIFY(failed[0][0].toString().contains("scan_context"));
  }

  void an_experiment_comes_back_as_it_was_saved() {
    const auto saved = home_ / "experiment";
    Session session;
    session.open(laps_);
    QTRY_VERIFY(session.opened());
    session.choose_method({"scan_context", nullptr, {}});
    session.run();
    QTRY_VERIFY_WITH_TIMEOUT(session.experiment(), 60000);
    session.save_experiment(saved);
    QTRY_VERIFY(session.is_idle());
    Session another;
    QSignalSpy failed(&another, &Session::failed);
    another.open(saved);
    QTRY_VERIFY2(another.experiment() || failed.count(), "neither opened nor failed");
    QVERIFY2(failed.isEmpty(), qPrintable(failed.value(0).value(0).toString()));
    QCOMPARE(another.opened()->sequence.frames.size(), std::size_t(120));
    QCOMPARE(another.experiment()->evaluation.figures.recall_at, session.experiment()->evaluation.figures.recall_at);
    QCOMPARE(another.method_choice().name, std::string("scan_context"));
  }

  void an_experiment_whose_sequence_is_gone_says_so() {
    const auto gone = home_ / "gone", saved = fs::path(gone.string() + "_experiment");
    test::write_two_laps(gone);
    Session session;
    session.open(gone);
    QTRY_VERIFY(session.opened());
    session.choose_method({"scan_context", nullptr, {}});
    session.run();
    QTRY_VERIFY_WITH_TIMEOUT(session.experiment(), 60000);
    session.save_experiment(saved);
    QTRY_VERIFY(session.is_idle());
    fs::remove_all(gone);
    QSignalSpy failed(&session, &Session::failed);
    session.open(saved);
    QTRY_COMPARE(failed.count(), 1);
    QVERIFY(failed[0][0].toString().contains(QString::fromStdString(gone.string())));
    session.open(saved, laps_);  // where it is now
    QTRY_VERIFY_WITH_TIMEOUT(session.experiment() && session.is_idle(), 20000);
    QCOMPARE(session.opened()->sequence.folder, laps_);
  }

  void an_experiment_of_another_sequence_does_not_fit() {
    const auto shorter = home_ / "shorter", saved = shorter.parent_path() / "longer";
    test::write_two_laps(shorter, {.frames_per_lap = 5});
    Session session;
    session.open(laps_);
    QTRY_VERIFY(session.opened());
    session.choose_method({"scan_context", nullptr, {}});
    session.run();
    QTRY_VERIFY_WITH_TIMEOUT(session.experiment(), 60000);
    session.save_experiment(saved);
    QTRY_VERIFY(session.is_idle());
    QSignalSpy failed(&session, &Session::failed);
    session.open(saved, shorter);
    QTRY_COMPARE(failed.count(), 1);
    QVERIFY(failed[0][0].toString().contains("10 frames"));
  }

  void scans_that_vanish_are_told_and_the_rest_goes_on() {
    const auto vanishing = home_ / "vanishing";
    test::write_two_laps(vanishing);
    Session session;
    QSignalSpy shown(&session, &Session::query_scan_changed), failed(&session, &Session::query_scan_failed);
    session.open(vanishing);
    QTRY_COMPARE(shown.count(), 1);
    fs::remove(vanishing / "velodyne" / "000060.bin");
    session.select_query(60);
    QTRY_COMPARE(failed.count(), 1);
    QVERIFY(failed[0][0].toString().contains("000060"));
    session.select_query(61);
    QTRY_COMPARE(shown.count(), 2);
    QCOMPARE(shown[1][0].value<std::shared_ptr<const Scan>>()->frame, 61);
    fs::remove_all(vanishing);
    session.select_query(110);
    QTRY_COMPARE(failed.count(), 2);
    QVERIFY(session.opened());
  }

  void only_the_newest_scan_of_a_quick_walk_must_arrive() {
    Session session;
    QSignalSpy shown(&session, &Session::query_scan_changed);
    session.open(laps_);
    QTRY_VERIFY(session.opened());
    for (int i = 0; i < 100; ++i) session.step(1);
    QTRY_VERIFY(session.is_idle());
    QVERIFY(shown.count() < 20);  // not one for each step
    QCOMPARE(shown.last()[0].value<std::shared_ptr<const Scan>>()->frame, 100);
  }
};

QTEST_MAIN(SessionTest)
#include "session_test.moc"
