// The pair and its images in the window: keys, faults, and that everything follows the selection.
#include <QLabel>
#include <algorithm>
#include <fstream>

#include "tests/app/desk.h"
#include "tests/app/home.h"
#include "tests/support.h"
#include "widgets/images_view.h"
#include "widgets/log_view.h"
#include "widgets/pair_view.h"

using namespace relocus;

namespace fs = std::filesystem;

namespace {

/// With the pair in front.
struct Desk : test::Desk {
  PairView* pair = view<PairView>();
  ImagesView* images = view<ImagesView>();

  bool open_and_run(const fs::path& path, FrameId query) {
    if (!open(path) || !run()) return false;
    session.select_query(query);
    raise("pair");
    return idle();
  }
};

}  // namespace

class PairWindowTest : public QObject {
  Q_OBJECT

  test::Home home_;
  fs::path laps_ = home_.two_laps();

 private Q_SLOTS:
  void the_pair_follows_the_selection_and_a_key_aligns_it() {
    Desk desk;
    QVERIFY(desk.open_and_run(laps_, 100));
    QVERIFY(desk.pair->scene()->actor(PairSide::Query).size() > 0);
    QVERIFY(desk.pair->scene()->actor(PairSide::Candidate).size() > 0);
    QVERIFY(desk.pair->facts_text().contains(" m"));
    QCOMPARE(desk.pair->alignment(), Alignment::None);
    QTest::keyClick(&desk.window, Qt::Key_A);
    QCOMPARE(desk.pair->alignment(), Alignment::Truth);
    desk.pair->show_alignment(Alignment::Icp);
    QVERIFY(desk.idle());
    QVERIFY2(desk.pair->facts_text().contains("rmse"), qPrintable(desk.pair->facts_text()));
    QTest::keyClick(&desk.window, Qt::Key_O);
    QVERIFY(desk.pair->is_overlaid());
    desk.pair->show_colour_by(PairView::ColourBy::Cells, "True overlap");
    QCOMPARE(desk.pair->colour_by(), PairView::ColourBy::Cells);  // the maps are there
  }

  void home_and_end_go_to_the_first_and_the_last_candidate() {
    Desk desk;
    QVERIFY(desk.open_and_run(laps_, 100));
    const auto& candidates = desk.session.retrieval()->candidates;
    QVERIFY(candidates.size() > 2);
    QTest::keyClick(&desk.window, Qt::Key_End);
    QCOMPARE(*desk.session.candidate(), candidates.back().frame);
    QTest::keyClick(&desk.window, Qt::Key_P);
    QCOMPARE(*desk.session.candidate(), candidates[candidates.size() - 2].frame);
    QTest::keyClick(&desk.window, Qt::Key_Home);
    QCOMPARE(*desk.session.candidate(), candidates.front().frame);
    QTest::keyClick(&desk.window, Qt::Key_N);
    QCOMPARE(*desk.session.candidate(), candidates[1].frame);
  }

  void a_scan_that_fails_in_the_middle_is_told_in_the_view_and_the_next_is_shown() {
    const fs::path damaged = home_ / "damaged";
    test::write_two_laps(damaged);
    Desk desk;
    QVERIFY(desk.open_and_run(damaged, 90));
    std::ofstream(damaged / "velodyne/000100.bin") << "broken";
    fs::remove(damaged / "velodyne/000101.bin");
    for (const FrameId frame : {100, 101}) {
      desk.session.select_query(frame);
      QVERIFY(desk.idle());
      QCOMPARE(desk.pair->scene()->actor(PairSide::Query).size(), std::size_t(0));
      QVERIFY(desk.window.findChild<LogView*>()->text().contains(QString("000%1").arg(frame)));
      desk.pair->grab();
    }
    desk.session.select_query(110);
    QVERIFY(desk.idle());
    QVERIFY(desk.pair->scene()->actor(PairSide::Query).size() > 0);
  }

  void a_folder_that_is_removed_while_open_leaves_a_window_that_works() {
    const fs::path vanishing = home_ / "vanishing";
    test::write_two_laps(vanishing);
    Desk desk;
    QVERIFY(desk.open_and_run(vanishing, 90));
    desk.pair->show_alignment(Alignment::Icp);
    desk.pair->show_colour_by(PairView::ColourBy::Distance);
    fs::remove_all(vanishing);
    desk.session.select_query(70);
    QVERIFY(desk.idle());
    QCOMPARE(desk.pair->scene()->actor(PairSide::Query).size(), std::size_t(0));
    desk.pair->grab();
    QVERIFY(desk.open_and_run(laps_, 100));
    QVERIFY(desk.pair->scene()->actor(PairSide::Query).size() > 0);
  }

  void images_are_shown_beside_the_scans() {
    const fs::path pictured = home_ / "pictured";
    test::write_two_laps(pictured);
    fs::create_directories(pictured / "image_2");
    QImage image(120, 40, QImage::Format_RGB32);
    for (int i = 0; i < 120; ++i) {
      image.fill(QColor(2 * i, 100, 50));
      if (i != 40)
        QVERIFY(
            image.save(QString::fromStdString((pictured / "image_2").string()) + QString::asprintf("/%06d.png", i)));
    }
    Desk desk;
    QVERIFY(desk.open_and_run(pictured, 100));
    desk.raise("images");
    QVERIFY(desk.idle());
    QVERIFY(!desk.images->is_empty());
    QTRY_VERIFY(desk.images->pair()->place_of(PairSide::Query, {60, 20}));
    const auto place = desk.images->pair()->place_of(PairSide::Query, {60, 20});
    QCOMPARE(desk.images->pair()->grab().toImage().pixelColor(place->toPoint()), QColor(200, 100, 50));
    const auto& candidates = desk.session.retrieval()->candidates;
    QCOMPARE(desk.images->strip()->count(), int(candidates.size()) + 1);
    auto* strip = desk.images->strip();
    strip->scrollToItem(strip->item(2));
    QTest::mouseClick(strip->viewport(), Qt::LeftButton, {}, strip->visualItemRect(strip->item(2)).center());
    QCOMPARE(*desk.session.candidate(), candidates[1].frame);
    desk.session.select_query(40);  // which has no image
    QVERIFY(desk.idle());
    QVERIFY(!desk.images->pair()->place_of(PairSide::Query, {60, 20}));
  }

  void a_sequence_without_images_says_so() {
    Desk desk;
    desk.session.open(laps_);
    QTRY_VERIFY(desk.session.opened() && desk.session.is_idle());
    QVERIFY(desk.images->is_empty());
    QVERIFY(desk.images->text().contains("no images"));
  }
};

QTEST_MAIN(PairWindowTest)
#include "pair_window_test.moc"
