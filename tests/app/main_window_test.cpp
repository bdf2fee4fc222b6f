#include "app/main_window.h"

#include <QDockWidget>
#include <QDropEvent>
#include <QInputDialog>
#include <QLabel>
#include <QMimeData>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTableView>
#include <QTextBrowser>
#include <algorithm>
#include <cmath>
#include <fstream>

#include "app/message_bar.h"
#include "app/sequence_panel.h"
#include "app/welcome_page.h"
#include "tests/app/desk.h"
#include "tests/app/home.h"
#include "tests/support.h"
#include "widgets/bev_view.h"
#include "widgets/candidate_table.h"
#include "widgets/cloud_view.h"
#include "widgets/curve_view.h"
#include "widgets/frame_bar.h"
#include "widgets/log_view.h"
#include "widgets/plan_canvas.h"
#include "widgets/protocol_form.h"
#include "widgets/trajectory_view.h"
#include "widgets/vtk_widget.h"

using namespace relocus;

namespace fs = std::filesystem;

class MainWindowTest : public QObject {
  Q_OBJECT

  test::Home home_;
  fs::path laps_ = home_.two_laps();

 private Q_SLOTS:
  void an_empty_window_says_what_to_do() {
    test::Desk desk;
    auto* welcome = desk.window.findChild<WelcomePage*>();
    QVERIFY(welcome->isVisible());
    for (auto* dock : desk.window.findChildren<QDockWidget*>()) QVERIFY(!dock->isVisible());
    desk.session.run();
    QVERIFY(desk.window.findChild<MessageBar*>()->isVisible());
    QVERIFY(desk.window.findChild<MessageBar*>()->text().contains("Open"));
  }

  void a_sequence_fills_every_view() {
    test::Desk desk;
    QVERIFY(desk.open(laps_));
    QVERIFY(!desk.window.findChild<WelcomePage*>()->isVisible());
    QVERIFY(desk.window.windowTitle().contains("laps"));
    desk.raise("query");
    QTRY_VERIFY(desk.in_dock<CloudView>("query")->points_drawn() > 0);
    QCOMPARE(desk.dock("query")->windowTitle(), QString("Query · frame 0"));
    QCOMPARE(desk.window.findChild<FrameBar*>()->frame(), 0);
    QVERIFY(desk.window.findChild<QLabel*>("selection")->text().contains("query 0"));
  }

  void every_scan_can_be_read_before_a_run() {
    const auto damaged = home_ / "damaged";
    test::write_two_laps(damaged, {.frames_per_lap = 10});
    const float nowhere[4] = {std::nanf(""), 1, 1, 0};
    std::ofstream(damaged / "velodyne/000007.bin", std::ios::binary)
        .write(reinterpret_cast<const char*>(nowhere), sizeof nowhere);
    test::Desk desk;
    QVERIFY(desk.open(damaged));
    auto* panel = desk.window.findChild<SequencePanel*>();
    QTest::mouseClick(panel->findChild<QPushButton*>(), Qt::LeftButton);
    QVERIFY(desk.session.is_active(Activity::Checking));
    auto* sentences = panel->findChild<QTextBrowser*>("data_check");
    QTRY_VERIFY(sentences->toPlainText().contains("000007"));
  }

  void scan_context_runs_by_a_click_and_a_row_changes_the_candidate() {
    test::Desk desk;
    QVERIFY(desk.open(laps_));
    QVERIFY(desk.run());
    auto* table = desk.in_dock<CandidateTable>("candidates");
    desk.session.select_query(100);
    QTRY_VERIFY(table->model()->rowCount() > 2);
    QCOMPARE(desk.dock("candidate")->windowTitle(), QString("Candidate · frame %1").arg(*desk.session.candidate()));

    auto* view = table->table();
    const QModelIndex third = view->model()->index(2, 0);
    QTest::mouseClick(view->viewport(), Qt::LeftButton, {}, view->visualRect(third).center());
    QCOMPARE(*desk.session.candidate(), desk.session.retrieval()->candidates[2].frame);
    QCOMPARE(desk.dock("candidate")->windowTitle(), QString("Candidate · frame %1").arg(*desk.session.candidate()));
    QTRY_VERIFY(desk.session.is_idle());
    desk.raise("candidate");
    QTRY_VERIFY(desk.in_dock<CloudView>("candidate")->points_drawn() > 0);
    QVERIFY(desk.in_dock<CurveView>("curves")->curve_points() > 0);
  }

  void keys_step_through_frames_candidates_and_failures() {
    test::Desk desk;
    QVERIFY(desk.open(laps_));
    QVERIFY(desk.run());
    desk.session.select_query(100);
    desk.window.setFocus();
    QTest::keyClick(&desk.window, Qt::Key_Right);
    QCOMPARE(desk.session.query(), 101);
    QTest::keyClick(&desk.window, Qt::Key_Left);
    QTest::keyClick(&desk.window, Qt::Key_Left);
    QCOMPARE(desk.session.query(), 99);
    const auto first = *desk.session.candidate();
    QTest::keyClick(&desk.window, Qt::Key_N);
    QVERIFY(*desk.session.candidate() != first);
    QTest::keyClick(&desk.window, Qt::Key_P);
    QCOMPARE(*desk.session.candidate(), first);
    QTest::keyClick(&desk.window, Qt::Key_Space);
    auto* frames = desk.window.findChild<FrameBar*>();
    QVERIFY(frames->is_playing());
    QTRY_VERIFY(desk.session.query() > 100);
    QTest::keyClick(&desk.window, Qt::Key_Space);
    QVERIFY(!frames->is_playing());
    QTest::keyClick(&desk.window, Qt::Key_F);  // no failures here, or the next one; never a crash
  }

  void selecting_in_the_trajectory_selects_everywhere() {
    test::Desk desk;
    QVERIFY(desk.open(laps_));
    auto* trajectory = desk.in_dock<TrajectoryView>("trajectory");
    const auto& positions = desk.session.opened()->trajectory.positions;
    const QPointF there = trajectory->canvas()->pixel_from_metre().map(QPointF(positions[20].x(), positions[20].y()));
    QTest::mouseClick(trajectory->canvas(), Qt::LeftButton, {}, there.toPoint());
    QVERIFY(desk.session.query() % 60 >= 19 && desk.session.query() % 60 <= 21);
    QCOMPARE(desk.window.findChild<FrameBar*>()->frame(), desk.session.query());
    QCOMPARE(desk.dock("query")->windowTitle(), QString("Query · frame %1").arg(desk.session.query()));
  }

  void escape_cancels_a_run() {
    test::Desk desk;
    QVERIFY(desk.open(laps_));
    home_.use_cache("other_cache");
    desk.session.choose_method({"scan_context", nullptr, {}});
    QTest::mouseClick(desk.window.findChild<RunPanel*>()->run_button(), Qt::LeftButton);
    QVERIFY(desk.session.is_active(Activity::Running));
    QTest::keyClick(&desk.window, Qt::Key_Escape);
    QVERIFY(!desk.session.is_active(Activity::Running));
    QVERIFY(desk.window.findChild<RunPanel*>()->run_button()->isEnabled());
    QTest::qWait(50);
    QVERIFY(!desk.session.experiment());
    home_.use_cache("cache");
  }

  void a_value_of_the_protocol_evaluates_again() {
    test::Desk desk;
    QVERIFY(desk.open(laps_));
    QVERIFY(desk.run());
    const auto before = desk.session.experiment();
    auto* box = desk.window.findChild<ProtocolForm*>()->findChild<QSpinBox*>("exclude_recent");
    QVERIFY(box);
    box->setValue(80);
    QTRY_VERIFY_WITH_TIMEOUT(desk.session.experiment() != before, 20000);
    QCOMPARE(desk.session.experiment()->evaluation.protocol.exclude_recent, 80);
    QCOMPARE(box->value(), 80);  // the form is not filled while somebody types
  }

  void a_bad_folder_shows_an_error_and_the_window_goes_on() {
    test::Desk desk;
    desk.session.open(home_ / "nothing_here");
    auto* messages = desk.window.findChild<MessageBar*>();
    QTRY_VERIFY(messages->isVisible());
    QVERIFY(messages->text().contains("nothing_here"));
    QVERIFY(desk.window.findChild<WelcomePage*>()->isVisible());
    QVERIFY(desk.open(laps_));
    QVERIFY(!messages->isVisible());
    QVERIFY(desk.window.findChild<LogView*>()->text().contains("nothing_here"));
  }

  void a_sequence_that_goes_away_while_open_is_told_in_the_view() {
    const auto vanishing = home_ / "vanishing";
    test::write_two_laps(vanishing);
    test::Desk desk;
    QVERIFY(desk.open(vanishing));
    fs::remove_all(vanishing);
    desk.session.select_query(60);
    QTRY_VERIFY(desk.window.findChild<LogView*>()->text().contains("000060"));
    desk.session.run();
    QTRY_VERIFY_WITH_TIMEOUT(desk.window.findChild<MessageBar*>()->isVisible(), 20000);
    QVERIFY(desk.open(laps_));
  }

  void a_root_of_several_sequences_asks_which() {
    const auto root = home_ / "dataset";
    for (const char* name : {"00", "01"}) test::write_two_laps(root / "sequences" / name, {.frames_per_lap = 2});
    test::Desk desk;
    desk.session.open(root);
    QTRY_VERIFY(desk.window.findChild<QInputDialog*>("which_sequence"));
    auto* dialog = desk.window.findChild<QInputDialog*>("which_sequence");
    dialog->setTextValue(dialog->comboBoxItems()[1]);
    dialog->accept();
    QTRY_VERIFY(desk.session.opened());
    QVERIFY(QString::fromStdString(desk.session.opened()->sequence.folder.string()).endsWith("01"));
  }

  void a_folder_is_dropped_on_the_window() {
    test::Desk desk;
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile(QString::fromStdString(laps_.string()))});
    const QPoint place = desk.window.rect().center();
    QDragEnterEvent enter(place, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(&desk.window, &enter);
    QVERIFY(enter.isAccepted());
    QDropEvent drop(place, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(&desk.window, &drop);
    QTRY_VERIFY(desk.session.opened());
  }

  void a_click_on_the_curve_sets_the_threshold() {
    test::Desk desk;
    QVERIFY(desk.open(laps_));
    QVERIFY(desk.run());
    QTest::qWait(50);  // the charts lay themselves out when drawn
    auto* curves = desk.in_dock<CurveView>("curves");
    QTRY_VERIFY(curves->curve_points() > 4);
    const int point = curves->curve_points() / 3;
    const auto& wanted = desk.session.experiment()->evaluation.figures.curve[std::size_t(point)];
    QVERIFY(wanted.threshold != desk.session.threshold());
    QTest::mouseClick(curves->scene(), Qt::LeftButton, {}, curves->pixel_of(point).toPoint());
    const auto& curve = desk.session.experiment()->evaluation.figures.curve;
    const auto chosen = std::ranges::find(curve, desk.session.threshold(), &PrPoint::threshold);
    QVERIFY(chosen != curve.end());
    QVERIFY(std::abs(chosen->recall - wanted.recall) < 0.1);
  }

  void what_cannot_be_done_yet_is_disabled() {
    test::Desk desk;
    const auto enabled = [&](const QString& text) {
      for (auto* action : desk.window.findChildren<QAction*>())
        if (action->text() == text) return action->isEnabled();
      return false;
    };
    QVERIFY(!enabled("&Run the method") && !enabled("&Save experiment as …") && !enabled("&Cancel"));
    QVERIFY(desk.open(laps_));
    QVERIFY(enabled("&Run the method") && !enabled("&Save experiment as …") && !enabled("&Cancel"));
    QVERIFY(desk.run());
    QVERIFY(enabled("&Save experiment as …") && enabled("Next f&ailure"));
  }

  void a_dark_theme_can_be_chosen() {
    test::Desk desk;
    desk.window.choose_theme(Theme::Dark);
    QTRY_VERIFY(is_dark(desk.window.palette()));
    QVERIFY(desk.open(laps_));
    desk.window.choose_theme(Theme::Light);
    QTRY_VERIFY(!is_dark(desk.window.palette()));
  }

  void docks_float_hide_and_come_back() {
    test::Desk desk;
    QVERIFY(desk.open(laps_));
    auto* query = desk.window.findChild<QDockWidget*>("query");
    auto* view = query->findChild<CloudView*>();
    query->setFloating(true);
    QTest::qWait(100);
    desk.session.select_query(5);
    QTRY_VERIFY(desk.session.is_idle());
    QTRY_VERIFY(view->points_drawn() > 0);
    query->setFloating(false);
    query->hide();
    for (auto* action : desk.window.findChildren<QAction*>())
      if (action->text() == "&Reset layout") action->trigger();
    QVERIFY(query->isVisible());
    QVERIFY(!query->isFloating());
    desk.session.select_query(6);
    QTRY_VERIFY(desk.session.is_idle());
    QVERIFY(!view->grab().toImage().isNull());
  }

  void the_layout_is_kept_between_sessions() {
    {
      Session session;
      MainWindow window(session);
      window.show();
      session.open(laps_);
      QTRY_VERIFY(session.opened() && session.is_idle());
      window.findChild<QDockWidget*>("log")->hide();
      window.close();
    }
    Session session;
    MainWindow window(session);
    window.show();
    session.open(laps_);
    QTRY_VERIFY(session.opened() && session.is_idle());
    QVERIFY(window.findChild<QDockWidget*>("log")->isHidden());
    QVERIFY(!window.findChild<QDockWidget*>("query")->isHidden());
  }

  void nothing_is_cut_off_at_the_smallest_size() {
    test::Desk desk;
    QVERIFY(desk.open(laps_));
    QVERIFY(desk.run());
    QTest::qWait(50);
    QCOMPARE(desk.window.size(), QSize(1280, 800));
    const QRect inside = desk.window.rect();
    for (auto* dock : desk.window.findChildren<QDockWidget*>()) {
      if (dock->visibleRegion().isEmpty()) continue;
      QVERIFY2(inside.contains(dock->geometry()), qPrintable(dock->objectName()));
      QVERIFY2(dock->width() >= 200 && dock->height() >= 60, qPrintable(dock->objectName()));
    }
  }
};

QTEST_MAIN(MainWindowTest)
#include "main_window_test.moc"
