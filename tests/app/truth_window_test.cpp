#include <QLabel>
#include <QTabWidget>
#include <QTableView>

#include "app/truth_maker.h"
#include "tests/app/desk.h"
#include "tests/app/home.h"
#include "widgets/options_form.h"
#include "widgets/truth_view.h"

using namespace relocus;

namespace fs = std::filesystem;

class TruthWindowTest : public QObject {
  Q_OBJECT

  test::Home home_;

 private Q_SLOTS:
  void initTestCase() {
    home_.two_laps({.frames_per_lap = 20});
    fs::remove(home_.two_laps({.frames_per_lap = 3}, "lost") / "poses.txt");
  }

  void a_preview_shows_pairs_that_can_be_selected_and_files_are_made() {
    test::Desk desk;
    QVERIFY(desk.open(home_ / "laps"));
    desk.raise("truth");
    auto* view = desk.in_dock<TruthView>("truth");
    auto* maker = desk.window.findChild<TruthMaker*>();
    QVERIFY(view && maker);
    QVERIFY(view->preview_button()->isEnabled());
    QTest::mouseClick(view->preview_button(), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(view->table()->model()->rowCount() > 0 && !maker->is_busy(), 30000);
    QVERIFY(view->words()->text().contains("loops"));

    view->pages()->setCurrentWidget(view->table());
    QTest::qWait(20);
    const QModelIndex cell = view->table()->model()->index(3, 0);
    QTest::mouseClick(view->table()->viewport(), Qt::LeftButton, {}, view->table()->visualRect(cell).center());
    QCOMPARE(desk.session.query(), FrameId(cell.data().toInt()));
    QCOMPARE(desk.session.candidate(), std::optional(FrameId(cell.siblingAtColumn(1).data().toInt())));

    maker->generate({view->options(), {"csv", "rinet"}, home_ / "made", {}, 0});
    QTRY_VERIFY_WITH_TIMEOUT(view->words()->text().contains("made") && !maker->is_busy(), 30000);
    QVERIFY(fs::exists(home_ / "made/pairs.csv") && fs::exists(home_ / "made/gt_kitti/laps.npz"));
    maker->generate({view->options(), {"csv"}, home_ / "laps/poses.txt", {}, 0});
    QTRY_VERIFY_WITH_TIMEOUT(view->words()->text().contains("poses.txt"), 30000);
  }

  void a_sequence_without_poses_says_what_is_missing() {
    test::Desk desk;
    QVERIFY(desk.open(home_ / "lost"));
    auto* view = desk.in_dock<TruthView>("truth");
    QVERIFY(!view->preview_button()->isEnabled() && !view->generate_button()->isEnabled());
    QVERIFY(view->words()->text().contains("poses.txt"));
  }
};

QTEST_MAIN(TruthWindowTest)
#include "truth_window_test.moc"
