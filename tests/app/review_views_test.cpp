#include <QApplication>
#include <QMouseEvent>
#include <QSignalSpy>
#include <QTableView>
#include <QToolButton>
#include <fstream>

#include "core/files.h"
#include "core/reviews.h"
#include "tests/app/desk.h"
#include "tests/app/home.h"
#include "tests/support.h"
#include "widgets/failure_table.h"
#include "widgets/matrix_canvas.h"
#include "widgets/plan_canvas.h"
#include "widgets/review_form.h"
#include "widgets/trajectory_view.h"
#include "widgets/why_card.h"

using namespace relocus;

namespace fs = std::filesystem;

namespace {

/// On a sequence, as large as the tables of failures like it.
struct Desk : test::Desk {
  explicit Desk(const fs::path& path) : test::Desk({1440, 900}) { QVERIFY(open(path)); }
};

}  // namespace

class ReviewViewsTest : public QObject {
  Q_OBJECT

  test::Home home_;
  fs::path laps_ = home_.two_laps();

 private Q_SLOTS:
  void the_threshold_fills_the_table_and_keys_walk_through_it() {
    Desk desk(laps_);
    QVERIFY(desk.run());
    auto* table = desk.view<FailureTable>();
    desk.session.choose_threshold(1e6);  // nothing is accepted: every place that was seen again is missed
    QTRY_VERIFY(table->model()->count(FailureKind::Miss) > 20);
    QCOMPARE(table->model()->count(FailureKind::FalsePositive), 0);
    const auto trajectory = desk.view<TrajectoryView>();
    QCOMPARE(trajectory->counts().missed, table->model()->count(FailureKind::Miss));
    desk.session.select_query(0);
    desk.window.setFocus();
    QTest::keyClick(&desk.window, Qt::Key_F);
    const FrameId first = desk.session.query();
    QCOMPARE(first, table->model()->failure(0).query);
    QCOMPARE(desk.session.candidate(), std::optional(table->model()->failure(0).candidate));
    QTest::keyClick(&desk.window, Qt::Key_F);
    QCOMPARE(desk.session.query(), table->model()->failure(1).query);
    QTest::keyClick(&desk.window, Qt::Key_F, Qt::ShiftModifier);
    QCOMPARE(desk.session.query(), first);

    // What is selected on the map filters the table.
    Q_EMIT trajectory->frames_selected({first});
    QVERIFY(table->filtered()->rowCount() >= 1 && table->filtered()->rowCount() < 5);  // it may be an answer, too
    Q_EMIT trajectory->frames_selected({});
    QVERIFY(table->filtered()->rowCount() > 20);
  }

  void the_matrix_is_made_when_somebody_looks_and_selects_pairs() {
    Desk desk(laps_);
    desk.raise("trajectory");
    QVERIFY(desk.run());
    QVERIFY(!desk.session.matrices().matrices());  // nobody looked
    desk.raise("matrix");
    QTRY_VERIFY(desk.session.matrices().matrices());
    auto* canvas = desk.view<MatrixView>()->canvas();
    QTRY_VERIFY(canvas->isVisible());
    QTest::qWait(50);
    for (int i = 0; i < 4; ++i) canvas->zoom(1.5, canvas->pixel_of(100, 40));
    QTest::mouseClick(canvas, Qt::LeftButton, {}, canvas->pixel_of(100, 40).toPoint());
    QCOMPARE(desk.session.query(), 100);
    QCOMPARE(desk.session.candidate(), std::optional(40));
    QTRY_VERIFY(desk.session.is_idle());

    // Another protocol keeps the distances and judges anew.
    const auto before = desk.session.matrices().matrices();
    auto protocol = desk.session.protocol();
    protocol.positive_radius = 1;
    desk.session.choose_protocol(protocol);
    QTRY_VERIFY(desk.session.is_idle() && desk.session.matrices().matrices() != before);
    QCOMPARE(desk.session.matrices().matrices()->distances, before->distances);
    QVERIFY(desk.session.matrices().matrices()->right.columns.size() < before->right.columns.size());
  }

  void the_card_tells_why_with_what_the_scans_say() {
    Desk desk(laps_);
    auto* card = desk.view<WhyCard>();
    desk.raise("why");
    QVERIFY(desk.run());
    desk.session.select_query(100);
    desk.session.select_candidate(40);
    QTRY_VERIFY(desk.session.is_idle());
    QTRY_VERIFY(!card->text().contains("Comparing"));
    QVERIFY2(card->text().contains("Query 100") && card->text().contains("candidate 40"), qPrintable(card->text()));
    QVERIFY2(card->text().contains("True overlap") && card->text().contains("100 %"), qPrintable(card->text()));
    desk.session.choose_threshold(1e6);
    QVERIFY(card->text().contains("does not reach the threshold"));
  }

  void verdicts_are_given_by_keys_undone_and_saved_with_the_experiment() {
    Desk desk(laps_);
    QVERIFY(desk.run());
    desk.session.select_query(100);
    desk.session.select_candidate(40);
    desk.window.setFocus();
    QTest::keyClick(&desk.window, Qt::Key_X);
    QCOMPARE(desk.session.reviews().review(100, 40).opinion, Opinion::Rejected);
    QVERIFY(desk.view<ReviewForm>()->button(Opinion::Rejected)->isChecked());
    QTest::keyClick(&desk.window, Qt::Key_L);
    QCOMPARE(desk.session.reviews().loops(), (std::vector<FramePair>{{100, 40}}));
    QTest::keyClick(&desk.window, Qt::Key_Z, Qt::ControlModifier);
    QVERIFY(desk.session.reviews().loops().empty());
    QVERIFY(desk.view<ReviewForm>()->button(Opinion::Rejected)->isChecked());

    const fs::path saved = home_ / "saved";
    desk.session.save_experiment(saved);
    QTRY_VERIFY(fs::exists(saved / "reviews.json"));
    QTRY_VERIFY(desk.session.is_idle());
    desk.session.select_candidate(41);
    QTest::keyClick(&desk.window, Qt::Key_Y);
    desk.session.reviews().flush();
    QCOMPARE(read_reviews(saved / "reviews.json", desk.session.opened()->trajectory.numbers).size(), 2u);

    Desk again(saved);
    QCOMPARE(again.session.reviews().review(100, 40).opinion, Opinion::Rejected);
    QCOMPARE(again.session.reviews().review(100, 41).opinion, Opinion::Accepted);
  }

  void a_damaged_file_of_reviews_is_told_and_the_experiment_opens() {
    Desk desk(laps_);
    QVERIFY(desk.run());
    const fs::path saved = home_ / "damaged";
    desk.session.save_experiment(saved);
    QTRY_VERIFY(fs::exists(saved / "experiment.json") && desk.session.is_idle());
    write_atomically(saved / "reviews.json", "no json");
    Session other;
    QSignalSpy failed(&other, &Session::failed);
    other.open(saved);
    QTRY_VERIFY(other.experiment() && other.is_idle());
    QCOMPARE(failed.count(), 1);
    QVERIFY(failed[0][0].toString().contains("reviews.json"));
  }
};

QTEST_MAIN(ReviewViewsTest)
#include "review_views_test.moc"
