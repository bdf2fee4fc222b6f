#include <QCheckBox>
#include <QComboBox>
#include <QMouseEvent>
#include <QSignalSpy>
#include <QTest>

#include "widgets/images_view.h"

using namespace relocus;

namespace {

QImage plain(QSize size, QColor colour) {
  QImage image(size, QImage::Format_RGB32);
  image.fill(colour);
  return image;
}

/// Two sizes of patches on images of 320 x 240; the query's patch 0 matches the candidate's last one.
std::vector<ScaleMatches> two_sizes() {
  std::vector<ScaleMatches> scales(2);
  for (std::size_t i = 0; i < 2; ++i) {
    scales[i].query = scales[i].candidate = patch_grid(15, 20, i == 0 ? 2 : 5, 1);
    const int count = scales[i].query.count();
    scales[i].pairs = {{0, count - 1, 0.875f, true}, {count / 2, count / 2, 0.5f, i == 1}};
    scales[i].query_best.assign(std::size_t(count), 0.25f);
    scales[i].candidate_best.assign(std::size_t(count), 0.75f);
  }
  return scales;
}

}  // namespace

class PatchViewTest : public QObject {
  Q_OBJECT

 private:
  static void show(ImagesView& view) {
    view.resize(800, 400);
    view.show_tiles({{.frame = 1, .caption = "query", .is_query = true}, {.frame = 2, .caption = "1"}});
    view.show_candidate(2);
    view.show_image(1, true, plain({640, 480}, Qt::darkGray));
    view.show_image(2, true, plain({640, 480}, Qt::darkGray));
  }

 private Q_SLOTS:
  void without_patches_there_is_no_bar() {
    ImagesView view;
    show(view);
    QVERIFY(view.patches()->isHidden());
    QVERIFY(!view.pair()->patches());
  }

  void a_reason_stands_where_patches_would() {
    ImagesView view;
    show(view);
    view.patches()->show_nothing("Comparing patches …");
    QVERIFY(!view.patches()->isHidden());
    QCOMPARE(view.patches()->text(), "Comparing patches …");
    QVERIFY(!view.pair()->patches());
  }

  void sizes_can_be_switched() {
    ImagesView view;
    show(view);
    view.patches()->show_scales(two_sizes(), {320, 240});
    auto* const sizes = view.patches()->findChild<QComboBox*>("patch_sizes");
    QCOMPARE(sizes->count(), 2);
    QCOMPARE(sizes->itemText(0), "2 cells: 1 of 2 pairs agree");
    QCOMPARE(sizes->itemText(1), "5 cells: 2 pairs");
    sizes->setCurrentIndex(1);
    QCOMPARE(view.pair()->patches()->scale.query.size, 5);
    view.patches()->show_scales(two_sizes(), {320, 240});  // of another pair
    QCOMPARE(view.pair()->patches()->scale.query.size, 5);
  }

  void the_pointer_shows_the_pair_below_it() {
    ImagesView view;
    show(view);
    view.patches()->show_scales(two_sizes(), {320, 240});
    view.grab();  // lays out
    const ImagePair& pair = *view.pair();
    const auto point = [&](PairSide side, QPointF pixel) {
      QMouseEvent move(QEvent::MouseMove, *pair.place_of(side, pixel), QPointF(), Qt::NoButton, Qt::NoButton,
                       Qt::NoModifier);
      QCoreApplication::sendEvent(view.pair(), &move);
    };
    point(PairSide::Query, {30, 30});  // the first patch's centre, (15, 15), in an image twice as large
    QCOMPARE(pair.patches()->pointed, std::optional<std::size_t>(0));
    QCOMPARE(pair.patches()->words(0), "cosine 0.875, agrees with the others");
    point(PairSide::Candidate, {606, 446});  // the last one's
    QCOMPARE(pair.patches()->pointed, std::optional<std::size_t>(0));
    point(PairSide::Query, {600, 30});
    QVERIFY(!pair.patches()->pointed);
  }

  void lines_and_similarity_are_drawn() {
    ImagesView view;
    show(view);
    view.show();
    view.patches()->show_scales(two_sizes(), {320, 240});
    const QImage lines = view.pair()->grab().toImage();
    QList<QCheckBox*> boxes = view.patches()->findChildren<QCheckBox*>();
    QCOMPARE(boxes.size(), 2);
    boxes[1]->setChecked(true);
    const QImage map = view.pair()->grab().toImage();
    QVERIFY(lines != map);
    boxes[0]->setChecked(false);
    QVERIFY(view.pair()->grab().toImage() != map);
    view.patches()->show_nothing({});
    QVERIFY(view.pair()->grab().toImage() != lines);
  }
};

QTEST_MAIN(PatchViewTest)
#include "patch_view_test.moc"
