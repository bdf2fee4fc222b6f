#include <QAbstractButton>
#include <QApplication>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QFileDialog>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTabBar>
#include <QTableView>
#include <QTimer>
#include <QToolBar>
#include <algorithm>
#include <chrono>
#include <cmath>

#include "app/export_dialog.h"
#include "app/message_bar.h"
#include "app/welcome_page.h"
#include "core/files.h"
#include "core/simulator/simulator.h"
#include "tests/app/desk.h"
#include "tests/app/home.h"
#include "tests/made_files.h"
#include "tests/support.h"
#include "widgets/cloud_view.h"
#include "widgets/compare_view.h"
#include "widgets/curve_view.h"
#include "widgets/failure_table.h"
#include "widgets/folding_tabs.h"
#include "widgets/method_form.h"
#include "widgets/overlap_view.h"
#include "widgets/trajectory_view.h"

using namespace relocus;

namespace fs = std::filesystem;

/// The way of somebody who has never seen the window, by mouse and keys alone: opens a simulated sequence, runs two
/// methods, finds the worst false positive, sees both heat maps, sets the threshold on the curve, exports a report.
/// RELOCUS_JOURNEY_FRAMES=1000 goes the whole way; otherwise the drive is short. It is made once, in the build folder.
class JourneyTest : public QObject {
  Q_OBJECT

  test::Home home_;
  fs::path drive_;
  int limit_ = 120000;  // [ms] for one thing that is computed
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();

  static int frames() {
    const int wanted = qEnvironmentVariableIntValue("RELOCUS_JOURNEY_FRAMES");
    return wanted > 0 ? wanted : 300;
  }
  void note(const char* step) {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start_;
    qInfo("%6.1f s  %s", passed.count(), step);
  }

  static void click(QWidget* widget) {
    QVERIFY(widget && widget->isVisible() && widget->isEnabled());
    QTest::mouseClick(widget, Qt::LeftButton);
  }
  /// The button of the layouts' bar with this word on it.
  static void choose_layout(test::Desk& desk, const QString& word) {
    for (auto* button : desk.window.findChild<QToolBar*>("layouts")->findChildren<QAbstractButton*>())
      if (button->isVisible() && button->text() == word) {
        click(button);
        QTest::qWait(100);  // the docks move
        return;
      }
    QFAIL(qPrintable("no layout " + word));
  }
  /// A click on the tab of a dock that is behind another.
  static void bring_forward(test::Desk& desk, const char* name) {
    auto* dock = desk.dock(name);
    QVERIFY(dock);
    if (!dock->visibleRegion().isEmpty()) return;
    for (auto* bar : desk.window.findChildren<QTabBar*>(Qt::FindDirectChildrenOnly))
      for (int i = 0; i < bar->count(); ++i)
        if (bar->isVisible() && bar->tabText(i) == dock->windowTitle()) {
          QTest::mouseClick(bar, Qt::LeftButton, {}, bar->tabRect(i).center());
          QTRY_VERIFY(!dock->visibleRegion().isEmpty());
          return;
        }
    QFAIL(qPrintable(QString("no tab leads to %1").arg(name)));
  }
  bool idle(test::Desk& desk) const {
    return QTest::qWaitFor([&] { return desk.session.is_idle(); }, limit_);
  }

  void open_by_keys(test::Desk& desk) {
    int ticks = 0;
    QTimer typist;  // the dialog has an event loop of its own
    connect(&typist, &QTimer::timeout, this, [&] {
      auto* dialog = qobject_cast<QFileDialog*>(QApplication::activeModalWidget());
      if (!dialog) return;
      auto* line = dialog->findChild<QLineEdit*>("fileNameEdit");
      if (ticks == 0 && !line->hasFocus()) {  // else the dialog keeps the folder that the first letter named selected
        dialog->activateWindow();
        return line->setFocus();
      }
      if (++ticks == 1) {
        line->selectAll();
        QTest::keyClicks(line, QString::fromStdString(drive_.string()));
      } else if (ticks == 3) {
        QTest::keyClick(line, Qt::Key_Return);
      } else if (ticks == 6) {
        QTest::mouseClick(dialog->findChild<QDialogButtonBox*>()->buttons().front(), Qt::LeftButton);
      } else if (ticks > 40) {
        dialog->reject();
      }
    });
    typist.start(50);
    QTest::keySequence(&desk.window, QKeySequence(QKeySequence::Open));
    typist.stop();
    QVERIFY2(ticks > 0 && ticks < 40, "the dialog took the folder");
    QTRY_VERIFY_WITH_TIMEOUT(desk.session.opened(), limit_);
    QVERIFY(idle(desk));
  }

  /// Scan Context on this grid, by the form and the button.
  void run_scan_context(test::Desk& desk, const QString& context) {
    bring_forward(desk, "method");
    auto* form = desk.window.findChild<MethodForm*>();
    auto* method = form->findChild<QComboBox*>(QString(), Qt::FindDirectChildrenOnly);
    QTest::keyClicks(method, "Scan");
    QCOMPARE(method->currentText(), QString("Scan Context"));
    QTest::keyClicks(form->findChild<QComboBox*>("context"), context);
    QCOMPARE(desk.session.method_choice().options["context"].get<std::string>(), context.toStdString());
    const auto before = desk.session.experiment();
    click(desk.window.findChild<RunPanel*>()->run_button());
    QVERIFY(QTest::qWaitFor([&] { return desk.session.experiment() != before && desk.session.is_idle(); }, limit_));
  }

  /// Where the PR curve has this point, as a click.
  void click_on_curve(test::Desk& desk, int point) {
    auto* curves = desk.in_dock<CurveView>("curves");
    const double before = desk.session.threshold();
    QTest::mouseClick(curves->scene(), Qt::LeftButton, {}, curves->pixel_of(point).toPoint());
    QTRY_VERIFY(desk.session.threshold() != before);
  }

 private Q_SLOTS:
  void initTestCase() {
    QApplication::setAttribute(Qt::AA_DontUseNativeDialogs);
    if (frames() > 300) limit_ = 1200000;
    drive_ = fs::path(RELOCUS_BINARY_DIR).parent_path() / "journey" / fmt::format("city{}", frames());
    fs::create_directories(drive_.parent_path());
    SimulatorOptions options;
    options.frames = frames();
    options.seed = 7;
    simulate(drive_, options);  // kept from the last time
    start_ = std::chrono::steady_clock::now();
  }

  void from_an_empty_window_to_a_report() {
    test::Desk desk({1600, 1000});
    QVERIFY(desk.window.findChild<WelcomePage*>()->isVisible());
    open_by_keys(desk);
    QVERIFY(!desk.window.findChild<WelcomePage*>()->isVisible());
    QCOMPARE(QString::fromStdString(desk.session.opened()->sequence.folder.string()),
             QString::fromStdString(drive_.string()));
    QTRY_VERIFY(desk.in_dock<CloudView>("query")->points_drawn() > 10000);
    note("the sequence is open and its first scan is seen");

    // Two methods.
    run_scan_context(desk, "cart");
    const auto first = desk.session.experiment();
    run_scan_context(desk, "polar");
    const auto second = desk.session.experiment();
    QVERIFY(first->options != second->options);
    QCOMPARE(desk.session.experiments().all().size(), 2u);
    note("two methods were run");
    choose_layout(desk, "Evaluate");
    bring_forward(desk, "curves");
    auto* curves = desk.in_dock<CurveView>("curves");
    QTRY_VERIFY(curves->curve_points() > 4);
    QCOMPARE(curves->curves().sources.size(), 2u);

    // The threshold by a click on the curve: to its end, so that wrong answers are accepted.
    click_on_curve(desk, curves->curve_points() - 1);
    const double lax = desk.session.threshold();
    QVERIFY(lax < second->evaluation.figures.max_f1_threshold);
    note("the threshold was chosen on the curve");

    // The worst false positive: sorted by score, the first row.
    bring_forward(desk, "failures");
    auto* failures = desk.in_dock<FailureTable>("failures");
    auto* kinds = failures->kinds();
    for (int i = 0; i < kinds->count(); ++i)
      if (kinds->tabText(i).startsWith("False positives"))
        QTest::mouseClick(kinds, Qt::LeftButton, {}, kinds->tabRect(i).center());
    auto* table = failures->table();
    QTRY_VERIFY(table->model()->rowCount() > 0);
    const QueryResult* worst = nullptr;
    for (const QueryResult& result : second->evaluation.queries)
      if (outcome(result, lax) == Outcome::FalsePositive && (!worst || result.score > worst->score)) worst = &result;
    QVERIFY(worst);
    auto* header = table->horizontalHeader();
    const QPoint on_score(header->sectionViewportPosition(FailureModel::Score) + 8, header->height() / 2);
    const auto sorted = [&] {
      return header->sortIndicatorSection() == FailureModel::Score &&
             header->sortIndicatorOrder() == Qt::DescendingOrder;
    };
    for (int i = 0; i < 3 && !sorted(); ++i) QTest::mouseClick(header->viewport(), Qt::LeftButton, {}, on_score);
    QVERIFY(sorted());
    QTest::mouseClick(table->viewport(), Qt::LeftButton, {},
                      table->visualRect(table->model()->index(0, FailureModel::Score)).center());
    QCOMPARE(desk.session.query(), worst->query);
    QCOMPARE(*desk.session.candidate(), worst->best);
    QVERIFY(idle(desk));
    note("the worst false positive is selected");

    // Both heat maps of the pair.
    choose_layout(desk, "Inspect");
    bring_forward(desk, "overlap");
    auto* overlap = desk.in_dock<OverlapView>("overlap");
    for (const Side side : {Side::Query, Side::Candidate}) {
      auto* map = overlap->map(OverlapView::True, side);
      QTRY_VERIFY_WITH_TIMEOUT(!map->is_empty() && map->isVisible(), limit_);
      const auto known = [](float value) { return std::isfinite(value); };
      QVERIFY(std::ranges::count_if(map->map().values.values, known) > 100);
      const QImage picture = map->grab().toImage();
      QSet<QRgb> colours;
      for (int y = 0; y < picture.height(); ++y)
        for (int x = 0; x < picture.width(); ++x) colours.insert(picture.pixel(x, y));
      QVERIFY2(colours.size() > 8, "a heat map has colours");
    }
    note("both heat maps are seen");

    // Another threshold: views follow.
    bring_forward(desk, "curves");
    QTest::qWait(100);
    click_on_curve(desk, curves->curve_points() / 3);
    const double strict = desk.session.threshold();
    QVERIFY(strict > lax);
    int accepted = 0;
    for (const QueryResult& result : second->evaluation.queries)
      accepted += outcome(result, strict) == Outcome::FalsePositive;
    QTRY_COMPARE(failures->model()->count(FailureKind::FalsePositive), accepted);
    note("the threshold was changed, the failures followed");

    // The report.
    desk.window.activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(&desk.window));
    desk.window.setFocus();
    QTest::keySequence(&desk.window, QKeySequence("Ctrl+Shift+R"));
    QTRY_VERIFY(desk.window.findChild<ExportDialog*>());
    auto* dialog = desk.window.findChild<ExportDialog*>();
    QCOMPARE(dialog->format(), QString("report"));
    auto* line = dialog->findChild<QLineEdit*>("file");
    line->selectAll();
    QTest::keyClicks(line, QString::fromStdString((home_ / "report.html").string()));
    QTest::keyClick(line, Qt::Key_Return);
    auto* messages = desk.window.findChild<MessageBar*>();
    QVERIFY(QTest::qWaitFor([&] { return messages->isVisible() && messages->text().contains("report.html"); }, limit_));
    const std::string report = read_text(home_ / "report.html");
    QVERIFY(test::contains(report, fmt::format("{:.4f}", second->evaluation.figures.average_precision)));
    QVERIFY(test::contains(report, fmt::format("--threshold {}", strict)));
    QVERIFY(test::contains(report, fmt::format("{} right, {} wrong",
                                               std::ranges::count_if(second->evaluation.queries,
                                                                     [&](const QueryResult& r) {
                                                                       return outcome(r, strict) ==
                                                                              Outcome::TruePositive;
                                                                     }),
                                               accepted)));
    note("the report is written");
  }
};

QTEST_MAIN(JourneyTest)
#include "journey_test.moc"
