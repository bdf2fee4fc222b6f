#include "widgets/images_view.h"

#include <QSignalSpy>
#include <QWheelEvent>

#include "tests/support.h"
#include "widgets/theme.h"

namespace relocus {
namespace {

/// Left half dark blue, right half light yellow.
QImage two_halves(int width = 400, int height = 100) {
  QImage image(width, height, QImage::Format_RGB32);
  for (int x = 0; x < width; ++x)
    for (int y = 0; y < height; ++y) image.setPixel(x, y, x < width / 2 ? qRgb(0, 0, 120) : qRgb(255, 255, 160));
  return image;
}

std::vector<ImageTile> tiles() {
  return {{.frame = 9, .caption = "query · frame 9", .tip = "The query", .is_query = true},
          {.frame = 4, .caption = "1 · frame 4", .tip = "rank 1, right", .correct = true},
          {.frame = 2, .caption = "2 · frame 2", .tip = "rank 2, wrong", .correct = false},
          {.frame = 7, .caption = "3 · frame 7", .tip = "rank 3"}};
}

void expose(QWidget& widget, QSize size = {800, 400}) {
  widget.resize(size);
  widget.show();
  QVERIFY(QTest::qWaitForWindowExposed(&widget));
}

QRgb seen(const ImagePair& pair, PairSide side, QPointF pixel) {
  const auto place = pair.place_of(side, pixel);
  return const_cast<ImagePair&>(pair).grab().toImage().pixel(place->toPoint());
}

}  // namespace

class ImagesViewTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void a_sequence_without_images_says_so() {
    ImagesView view;
    view.show_nothing("This sequence has no images.");
    QVERIFY(view.is_empty());
    QVERIFY(view.text().contains("no images"));
  }

  void both_images_are_drawn_whole_and_their_pixels_are_where_they_say() {
    ImagePair pair;
    expose(pair);
    pair.show_image(PairSide::Query, two_halves());
    pair.show_image(PairSide::Candidate, two_halves(100, 100));
    QCOMPARE(seen(pair, PairSide::Query, {100, 70}), qRgb(0, 0, 120));
    QCOMPARE(seen(pair, PairSide::Query, {300, 70}), qRgb(255, 255, 160));
    QCOMPARE(seen(pair, PairSide::Candidate, {25, 70}), qRgb(0, 0, 120));
    QCOMPARE(seen(pair, PairSide::Candidate, {75, 70}), qRgb(255, 255, 160));
    QVERIFY(pair.place_of(PairSide::Query, {0, 0})->x() >= 0);
    QVERIFY(pair.place_of(PairSide::Query, {400, 0})->x() <= 400);
    QVERIFY(pair.place_of(PairSide::Candidate, {0, 0})->x() >= 400);
  }

  void the_wheel_zooms_both_about_the_pointer() {
    ImagePair pair;
    expose(pair);
    pair.show_image(PairSide::Query, two_halves());
    pair.show_image(PairSide::Candidate, two_halves());
    const QPointF pixel(300, 60);
    const QPointF before = *pair.place_of(PairSide::Query, pixel), other = *pair.place_of(PairSide::Candidate, pixel);
    for (int i = 0; i < 5; ++i) {
      QWheelEvent wheel(before, pair.mapToGlobal(before), {}, {0, 120}, {}, {}, Qt::NoScrollPhase, false);
      QCoreApplication::sendEvent(&pair, &wheel);
    }
    QVERIFY(pair.zoom() > 2.5);
    QVERIFY((*pair.place_of(PairSide::Query, pixel) - before).manhattanLength() < 2);
    QVERIFY((*pair.place_of(PairSide::Candidate, pixel) - other).manhattanLength() < 2);
    QTest::mousePress(&pair, Qt::LeftButton, {}, {200, 200});
    QTest::mouseMove(&pair, {230, 200});
    QTest::mouseRelease(&pair, Qt::LeftButton, {}, {230, 200});
    QVERIFY(std::abs(pair.place_of(PairSide::Query, pixel)->x() - before.x() - 30) < 2);
    QVERIFY(std::abs(pair.place_of(PairSide::Candidate, pixel)->x() - other.x() - 30) < 2);
    QTest::keyClick(&pair, Qt::Key_R);
    QCOMPARE(pair.zoom(), 1.);
    QVERIFY((*pair.place_of(PairSide::Query, pixel) - before).manhattanLength() < 1);
  }

  void right_and_wrong_are_told_by_colour_and_by_words() {
    ImageStrip strip;
    expose(strip);
    strip.show_tiles(tiles());
    QCOMPARE(strip.count(), 4);
    const ViewColours colours = view_colours(strip.palette());
    const auto frame_of = [&](int row) {
      return strip.item(row)->icon().pixmap(strip.iconSize()).toImage().pixelColor(80, 1).rgb();
    };
    QCOMPARE(frame_of(0), colours.query.rgb());
    QCOMPARE(frame_of(1), colours.right.rgb());
    QCOMPARE(frame_of(2), colours.wrong.rgb());
    QCOMPARE(frame_of(3), colours.missed.rgb());
    QVERIFY(strip.item(1)->toolTip().contains("right") && strip.item(2)->toolTip().contains("wrong"));
    strip.show_image(2, two_halves());
    const QImage thumbnail = strip.item(2)->icon().pixmap(strip.iconSize()).toImage();
    QCOMPARE(thumbnail.pixel(40, 40), qRgb(0, 0, 120));
    QCOMPARE(thumbnail.pixel(120, 40), qRgb(255, 255, 160));
    QCOMPARE(frame_of(2), colours.wrong.rgb());
  }

  void a_click_selects_a_candidate_and_being_shown_one_tells_nobody() {
    ImagesView view;
    expose(view);
    view.show_tiles(tiles());
    QSignalSpy selected(&view, &ImagesView::candidate_selected);
    view.show_candidate(4);
    QCOMPARE(selected.count(), 0);
    QCOMPARE(view.strip()->currentRow(), 1);
    QTest::mouseClick(view.strip()->viewport(), Qt::LeftButton, {},
                      view.strip()->visualItemRect(view.strip()->item(2)).center());
    QCOMPARE(selected.count(), 1);
    QCOMPARE(selected[0][0].value<FrameId>(), 2);
    QTest::mouseClick(view.strip()->viewport(), Qt::LeftButton, {},
                      view.strip()->visualItemRect(view.strip()->item(0)).center());
    QCOMPARE(selected.count(), 1);  // the query is no candidate
    view.show_candidate(std::nullopt);
    QCOMPARE(selected.count(), 1);
  }

  void images_are_wanted_only_while_it_is_seen() {
    ImagesView view;
    QSignalSpy wanted(&view, &ImagesView::images_wanted);
    view.show_tiles(tiles());
    view.show_candidate(4);
    QCOMPARE(wanted.count(), 0);
    expose(view);
    QCOMPARE(wanted.count(), 1);
    QCOMPARE(wanted[0][0].value<std::vector<FrameId>>(), (std::vector<FrameId>{9, 4}));
    QCOMPARE(wanted[0][1].value<std::vector<FrameId>>(), (std::vector<FrameId>{9, 4, 2, 7}));
    view.show_candidate(2);
    QCOMPARE(wanted.count(), 2);
  }

  void late_images_of_another_pair_are_not_shown() {
    ImagesView view;
    expose(view);
    view.show_tiles(tiles());
    view.show_candidate(4);
    view.show_image(9, true, two_halves());
    view.show_image(2, true, two_halves());
    QVERIFY(view.pair()->place_of(PairSide::Query, {0, 0}));
    QVERIFY(!view.pair()->place_of(PairSide::Candidate, {0, 0}));
    view.show_error(4, true, "cannot read 000004.png");
    view.show_error(4, false, "cannot read 000004.png");
    view.grab();
    view.show_image(4, true, two_halves());
    QVERIFY(view.pair()->place_of(PairSide::Candidate, {0, 0}));
    view.show_image(4, true, QImage());
    view.grab();
  }

  void themes_change_the_canvas() {
    ImagePair pair;
    expose(pair);
    apply_theme(Theme::Dark);
    QTRY_VERIFY(pair.grab().toImage().pixelColor(200, 390).lightness() < 60);
    apply_theme(Theme::Light);
    QTRY_VERIFY(pair.grab().toImage().pixelColor(200, 390).lightness() > 220);
    apply_theme(Theme::System);
  }
};

}  // namespace relocus

QTEST_MAIN(relocus::ImagesViewTest)
#include "images_view_test.moc"
