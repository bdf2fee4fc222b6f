#include "app/selection_history.h"

#include "app/session.h"
#include "tests/app/home.h"
#include "tests/support.h"

using namespace relocus;

class SelectionHistoryTest : public QObject {
  Q_OBJECT

  test::Home home_;

 private Q_SLOTS:
  void jumps_are_places_and_steps_are_one() {
    SelectionHistory history;
    QVERIFY(!history.can_go_back() && !history.back());
    history.visit(10);
    history.visit(100);
    for (FrameId frame = 101; frame < 140; ++frame) history.visit(frame);
    QCOMPARE(history.back()->query, 100);
    QCOMPARE(history.back()->query, 10);
    QVERIFY(!history.can_go_back());
    QCOMPARE(history.forward()->query, 100);
    QCOMPARE(history.forward()->query, 139);
    QVERIFY(!history.can_go_forward());
  }

  void a_jump_after_going_back_begins_a_new_way() {
    SelectionHistory history;
    for (FrameId frame : {10, 200, 400}) history.visit(frame);
    history.back();
    history.visit(300);
    QVERIFY(!history.can_go_forward());
    QCOMPARE(history.back()->query, 200);
  }

  void the_candidate_that_was_looked_at_comes_back() {
    SelectionHistory history;
    history.visit(100);
    history.choose(7);
    history.visit(200);
    QCOMPARE(history.back()->candidate, std::optional<FrameId>(7));
  }

  void a_session_goes_back_and_forward() {
    home_.two_laps();
    Session session;
    session.open(home_ / "laps");
    QTRY_VERIFY(session.opened() && session.is_idle());
    session.choose_method({"scan_context", nullptr, {}});
    session.run();
    QTRY_VERIFY_WITH_TIMEOUT(session.experiment() && session.is_idle(), 60000);
    session.select_query(100);
    session.step_candidate(2);
    const auto candidate = session.candidate();
    session.select_query(70);
    session.go_back();
    QCOMPARE(session.query(), 100);
    QCOMPARE(session.candidate(), candidate);
    session.go_forward();
    QCOMPARE(session.query(), 70);
    session.go_forward();
    QCOMPARE(session.query(), 70);
  }

  void what_was_chosen_is_undone_and_done_again() {
    Session session;
    session.open(home_ / "laps");
    QTRY_VERIFY(session.opened() && session.is_idle());
    const auto before = session.protocol();
    Protocol wider = before;
    wider.positive_radius = 20;
    session.choose_protocol(wider);
    session.choose_protocol(wider);
    QCOMPARE(session.undo_stack().count(), 1);
    session.choose_threshold(-0.5);
    session.choose_threshold(-0.25);  // of the same drag
    QCOMPARE(session.undo_stack().count(), 2);
    session.choose_method({"scan_context", nullptr, {"", "cpu", 1}});
    session.undo_stack().undo();
    QVERIFY(session.method_choice().resources.threads != 1);
    session.undo_stack().undo();
    QVERIFY(session.threshold() != -0.5 && session.threshold() != -0.25);
    session.undo_stack().undo();
    QCOMPARE(session.protocol().positive_radius, before.positive_radius);
    session.undo_stack().redo();
    QCOMPARE(session.protocol().positive_radius, 20.);
    session.undo_stack().redo();
    QCOMPARE(session.threshold(), -0.25);
    QTRY_VERIFY(session.is_idle());
    session.open(home_ / "laps");
    QTRY_VERIFY(session.is_idle() && session.opened());
    QCOMPARE(session.undo_stack().count(), 0);
  }
};

QTEST_GUILESS_MAIN(SelectionHistoryTest)
#include "selection_history_test.moc"
