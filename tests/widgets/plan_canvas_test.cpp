#include "widgets/plan_canvas.h"

#include <QPainter>
#include <QSignalSpy>
#include <QTest>
#include <QWheelEvent>

namespace relocus {
namespace {

void show(PlanCanvas& canvas) {
  canvas.resize(500, 400);
  canvas.set_extent(QRectF(-50, -50, 100, 100));
  canvas.show();
  QVERIFY(QTest::qWaitForWindowExposed(&canvas));
}

void turn_wheel(PlanCanvas& canvas, QPointF at, int eighths) {
  QWheelEvent event(at, canvas.mapToGlobal(at), {}, {0, eighths}, Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase,
                    false);
  QCoreApplication::sendEvent(&canvas, &event);
}

bool is_near(QPointF a, QPointF b, double tolerance) { return QLineF(a, b).length() <= tolerance; }

}  // namespace

class PlanCanvasTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void a_map_has_x_to_the_right_and_y_up() {
    PlanCanvas canvas(PlanCanvas::Up::Y);
    show(canvas);
    const QPointF origin = canvas.pixel_from_metre().map(QPointF(0, 0));
    QVERIFY(is_near(origin, canvas.plot_area().center(), 0.5));
    QVERIFY(canvas.pixel_from_metre().map(QPointF(10, 0)).x() > origin.x());
    QVERIFY(canvas.pixel_from_metre().map(QPointF(0, 10)).y() < origin.y());
  }

  void seen_from_a_vehicle_x_is_up_and_y_to_the_left() {
    PlanCanvas canvas(PlanCanvas::Up::X);
    show(canvas);
    const QPointF origin = canvas.pixel_from_metre().map(QPointF(0, 0));
    QVERIFY(canvas.pixel_from_metre().map(QPointF(10, 0)).y() < origin.y());
    QVERIFY(canvas.pixel_from_metre().map(QPointF(0, 10)).x() < origin.x());
  }

  void a_fit_brings_the_whole_extent_into_sight() {
    for (const auto up : {PlanCanvas::Up::X, PlanCanvas::Up::Y}) {
      PlanCanvas canvas(up);
      canvas.resize(300, 600);
      canvas.set_extent(QRectF(100, -20, 400, 30));
      canvas.fit();
      QVERIFY(canvas.plot_area().contains(canvas.pixel_from_metre().mapRect(QRectF(100, -20, 400, 30))));
    }
  }

  void the_wheel_zooms_about_the_pointer() {
    PlanCanvas canvas(PlanCanvas::Up::Y);
    show(canvas);
    const QPointF pointer(300, 120), before = canvas.pixel_from_metre().inverted().map(pointer);
    const double scale = canvas.pixels_per_metre();
    turn_wheel(canvas, pointer, 240);
    QVERIFY(canvas.pixels_per_metre() > 1.3 * scale);
    QVERIFY(is_near(canvas.pixel_from_metre().inverted().map(pointer), before, 1e-6));
    canvas.fit();
    QVERIFY(qAbs(canvas.pixels_per_metre() - scale) < 1e-9);
  }

  void a_drag_moves_the_plan_and_is_no_click() {
    PlanCanvas canvas(PlanCanvas::Up::Y);
    show(canvas);
    QSignalSpy clicks(&canvas, &PlanCanvas::clicked);
    const QPointF grabbed = canvas.pixel_from_metre().inverted().map(QPointF(200, 200));
    QTest::mousePress(&canvas, Qt::LeftButton, {}, {200, 200});
    for (int i = 1; i <= 6; ++i) {
      QMouseEvent move(QEvent::MouseMove, QPointF(200 + 10 * i, 200), canvas.mapToGlobal(QPointF(200 + 10 * i, 200)),
                       Qt::NoButton, Qt::LeftButton, Qt::NoModifier);
      QCoreApplication::sendEvent(&canvas, &move);
    }
    QTest::mouseRelease(&canvas, Qt::LeftButton, {}, {260, 200});
    QCOMPARE(clicks.count(), 0);
    QVERIFY(is_near(canvas.pixel_from_metre().inverted().map(QPointF(260, 200)), grabbed, 1e-6));
  }

  void a_click_tells_its_place_in_metres() {
    PlanCanvas canvas(PlanCanvas::Up::Y);
    show(canvas);
    QSignalSpy clicks(&canvas, &PlanCanvas::clicked);
    const QPoint pixel = canvas.pixel_from_metre().map(QPointF(20, -10)).toPoint();
    QTest::mouseClick(&canvas, Qt::LeftButton, {}, pixel);
    QCOMPARE(clicks.count(), 1);
    QVERIFY(is_near(clicks[0][0].toPointF(), {20, -10}, 1 / canvas.pixels_per_metre()));
    QTest::mouseClick(&canvas, Qt::LeftButton, {}, QPoint(2, 2));  // outside the axes
    QCOMPARE(clicks.count(), 1);
  }

  void content_is_kept_until_it_must_be_drawn_again() {
    PlanCanvas canvas(PlanCanvas::Up::Y);
    int content = 0, overlay = 0;
    canvas.set_paint([&](QPainter&, const QTransform&) { ++content; });
    canvas.set_overlay([&](QPainter&, const QTransform&) { ++overlay; });
    show(canvas);
    canvas.repaint();
    content = overlay = 0;
    canvas.repaint();
    canvas.repaint();
    QCOMPARE(content, 0);
    QCOMPARE(overlay, 2);
    canvas.redraw();
    canvas.repaint();
    QCOMPARE(content, 1);
  }

  void without_content_it_says_so_in_words() {
    PlanCanvas canvas(PlanCanvas::Up::Y);
    bool painted = false;
    canvas.set_paint([&](QPainter&, const QTransform&) { painted = true; });
    canvas.set_empty_text(QStringLiteral("Nothing yet"));
    canvas.resize(300, 200);
    const QImage picture = canvas.grab().toImage();
    QVERIFY(!painted);
    int written = 0;
    for (int x = 0; x < picture.width(); ++x) written += picture.pixel(x, 100) != picture.pixel(0, 0);
    QVERIFY(written > 5);
  }

  void extreme_zooms_and_extents_stay_finite() {
    PlanCanvas canvas(PlanCanvas::Up::Y);
    canvas.resize(300, 200);
    canvas.set_extent(QRectF(0, 0, 0, 0));
    canvas.grab();
    canvas.set_extent(QRectF(-1e9, -1e9, 2e9, 2e9));
    canvas.fit();
    canvas.grab();
    for (int i = 0; i < 200; ++i) canvas.zoom(2, {100, 100});
    canvas.grab();
    QVERIFY(qIsFinite(canvas.pixels_per_metre()));
    for (int i = 0; i < 400; ++i) canvas.zoom(0.5, {100, 100});
    canvas.grab();
    QVERIFY(canvas.pixels_per_metre() > 0);
  }
};

}  // namespace relocus

QTEST_MAIN(relocus::PlanCanvasTest)
#include "plan_canvas_test.moc"
