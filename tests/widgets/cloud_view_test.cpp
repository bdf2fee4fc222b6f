#include "widgets/cloud_view.h"

#include <vtkCamera.h>
#include <vtkRenderer.h>

#include <QElapsedTimer>
#include <QHBoxLayout>
#include <QMainWindow>
#include <QSignalSpy>
#include <QVBoxLayout>

#include "core/datasets/registry.h"
#include "tests/support.h"
#include "widgets/cloud_scene.h"
#include "widgets/ground_rings.h"
#include "widgets/theme.h"

namespace relocus {
namespace {

constexpr double kHalf = 20;  // [m] of the test scan's square

/// A flat square of points about the sensor, at z = 0, all but a few of them white with intensity.
std::shared_ptr<const PointCloud> square(std::size_t points) {
  auto cloud = std::make_shared<PointCloud>();
  const auto side = std::size_t(std::sqrt(double(points)));
  for (std::size_t i = 0; i < side * side; ++i)
    cloud->points.emplace_back(-kHalf + 2 * kHalf * double(i % side) / double(side - 1),
                               -kHalf + 2 * kHalf * double(i / side) / double(side - 1), 0);
  return cloud;
}

/// Where a point of the world is to be seen [px].
QPoint pixel_of(const CloudView& view, double x, double y, double z) {
  vtkRenderer* renderer = view.scene()->renderer();
  renderer->SetWorldPoint(x, y, z, 1);
  renderer->WorldToDisplay();
  const double* display = renderer->GetDisplayPoint();
  return QPoint(int(display[0]), view.scene()->height() - 1 - int(display[1]));
}

QImage picture_of(CloudView& view) {
  QCoreApplication::processEvents();
  return view.scene()->picture();
}

/// Pixels about `at` that are not the canvas.
int coloured(const QImage& picture, QPoint at, const QColor& canvas, int reach = 4) {
  int count = 0;
  for (int x = at.x() - reach; x <= at.x() + reach; ++x)
    for (int y = at.y() - reach; y <= at.y() + reach; ++y)
      count += picture.valid(x, y) && picture.pixelColor(x, y).rgb() != canvas.rgb();
  return count;
}

void expose(QWidget& window) {
  window.resize(640, 480);
  window.show();
  QVERIFY(QTest::qWaitForWindowExposed(&window));
}

}  // namespace

class CloudViewTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void points_are_drawn_where_they_are() {
    CloudView view;
    expose(view);
    view.show_cloud(square(40000));
    view.top_view();
    const QImage picture = picture_of(view);
    const QColor canvas = view_colours(view.palette()).canvas;
    QVERIFY(coloured(picture, pixel_of(view, 10, 5, 0), canvas) > 20);
    QCOMPARE(coloured(picture, pixel_of(view, 27, 5, 0), canvas), 0);  // between two rings, beyond the points
    QCOMPARE(view.points_drawn(), 40000);
  }

  void from_above_ahead_is_up_and_left_is_left() {
    CloudView view;
    expose(view);
    view.top_view();
    picture_of(view);
    QVERIFY(pixel_of(view, 10, 0, 0).y() < pixel_of(view, 0, 0, 0).y());
    QVERIFY(pixel_of(view, 0, 10, 0).x() < pixel_of(view, 0, 0, 0).x());
  }

  void the_colour_of_a_point_tells_its_value() {
    auto cloud = std::make_shared<PointCloud>(*square(40000));
    for (const auto& point : cloud->points) cloud->intensities.push_back(point.y() > 0 ? 1.f : 0.f);
    CloudView view;
    expose(view);
    view.show_colour_by(ColourBy::Intensity);
    view.show_colour_map(ColourMap::Viridis);
    view.show_point_size(5);
    view.show_cloud(cloud);
    view.top_view();
    const QImage picture = picture_of(view);
    const QColor low = picture.pixelColor(pixel_of(view, 7, -7, 0)), high = picture.pixelColor(pixel_of(view, 7, 7, 0));
    QCOMPARE(low.rgb(), colour_table(ColourMap::Viridis).front());
    QCOMPARE(high.rgb(), colour_table(ColourMap::Viridis).back());
  }

  void fewer_points_are_drawn_while_it_turns_and_all_once_it_is_still() {
    CloudView view;
    expose(view);
    view.show_cloud(square(120000));
    picture_of(view);
    const int all = view.points_drawn();
    QVERIFY(all > 100000);
    QTest::mousePress(view.scene(), Qt::LeftButton, {}, {300, 200});
    QTest::mouseMove(view.scene(), {340, 210});
    QVERIFY(view.points_drawn() <= 40000);
    QVERIFY(coloured(picture_of(view), pixel_of(view, 5, 3, 0), view_colours(view.palette()).canvas) > 0);
    QTest::mouseRelease(view.scene(), Qt::LeftButton, {}, {340, 210});
    QTRY_COMPARE(view.points_drawn(), all);
  }

  void dragging_turns_about_the_vertical() {
    CloudView view;
    expose(view);
    view.show_cloud(square(10000));
    picture_of(view);
    vtkCamera* camera = view.scene()->renderer()->GetActiveCamera();
    const double distance = camera->GetDistance(), height = camera->GetPosition()[2];
    QTest::mousePress(view.scene(), Qt::LeftButton, {}, {300, 200});
    QTest::mouseMove(view.scene(), {360, 200});
    QTest::mouseRelease(view.scene(), Qt::LeftButton, {}, {360, 200});
    QVERIFY(std::abs(camera->GetPosition()[1]) > 5);
    QVERIFY(std::abs(camera->GetPosition()[2] - height) < 1e-6);
    QVERIFY(std::abs(camera->GetDistance() - distance) < 1e-6);
    QVERIFY(camera->GetViewUp()[2] > 0.99);
    QTest::keyClick(view.scene(), Qt::Key_R);
    QVERIFY(std::abs(camera->GetPosition()[1]) < 1e-9);
  }

  void the_camera_stays_when_the_next_scan_comes() {
    CloudView view;
    expose(view);
    view.show_cloud(square(10000));
    vtkCamera* camera = view.scene()->renderer()->GetActiveCamera();
    camera->SetPosition(1, 2, 30);
    view.show_cloud(square(20000));
    picture_of(view);
    QCOMPARE(camera->GetPosition()[2], 30.);
  }

  void the_rings_lie_on_the_ground() {
    PointCloud cloud;
    for (int i = 0; i < 1000; ++i) cloud.points.emplace_back(i % 15, i % 9, i % 3 ? -2.2f : 0.004f * float(i));
    QVERIFY(std::abs(ground_height(cloud) + 2.2) < 0.11);
    QCOMPARE(ground_height({}), typical_ground_height);
  }

  void the_old_scan_is_let_go_of() {
    CloudView view;
    expose(view);
    auto first = square(10000);
    const std::weak_ptr<const PointCloud> watched = first;
    view.show_cloud(std::move(first));
    picture_of(view);
    view.show_cloud(square(20000));
    QVERIFY(watched.expired());
    picture_of(view);
  }

  void a_scan_without_points_is_named_and_draws_nothing() {
    CloudView view;
    expose(view);
    view.show_cloud(square(10000));
    view.show_cloud(std::make_shared<PointCloud>());
    QCOMPARE(view.points_drawn(), 0);
    view.show_cloud(nullptr);
    view.show_error(QStringLiteral("cannot open 000123.bin: its size is no multiple of 16 bytes"));
    picture_of(view);
    QCOMPARE(view.points_drawn(), 0);
  }

  void broken_points_do_no_harm() {
    auto cloud = std::make_shared<PointCloud>(*square(10000));
    const float nan = std::numeric_limits<float>::quiet_NaN();
    cloud->points[5] = {nan, nan, nan};
    cloud->points[6] = {1e30f, 0, std::numeric_limits<float>::infinity()};
    CloudView view;
    expose(view);
    for (const ColourBy by : all_colour_by) {
      view.show_colour_by(by);
      view.show_cloud(cloud);
      view.reset_view();
      QVERIFY(coloured(picture_of(view), pixel_of(view, 5, 3, 0), view_colours(view.palette()).canvas) > 0);
    }
  }

  void it_survives_being_moved_to_another_window() {
    QMainWindow first, second;
    auto* view = new CloudView;
    first.setCentralWidget(view);
    expose(first);
    view->show_cloud(square(40000));
    const QImage before = picture_of(*view);
    for (QMainWindow* window : {&second, &first, &second}) {
      window->setCentralWidget(view);
      expose(*window);
      const QImage after = picture_of(*view);  // points, rings, axes, words
      QCOMPARE(after.size(), before.size());
      QCOMPARE(after, before);
    }
    view->show_cloud(square(30000));
    view->top_view();
    const QColor canvas = view_colours(view->palette()).canvas;
    QVERIFY(coloured(picture_of(*view), pixel_of(*view, 10, 5, 0), canvas) > 15);
  }

  void two_views_in_one_window_do_not_disturb_each_other() {
    QWidget window;
    auto* row = new QHBoxLayout(&window);
    auto *left = new CloudView, *right = new CloudView;
    row->addWidget(left);
    row->addWidget(right);
    expose(window);
    for (CloudView* view : {left, right}) {
      view->show_cloud(square(40000));
      view->top_view();
    }
    for (CloudView* view : {left, right, left}) {
      view->scene()->update();
      const QImage picture = picture_of(*view);
      QVERIFY(coloured(picture, pixel_of(*view, 10, 5, 0), view_colours(view->palette()).canvas) > 5);
    }
  }

  void it_can_be_rendered_without_ever_being_shown() {
    CloudView view;
    view.resize(640, 480);
    view.show_cloud(square(40000));
    const QImage picture = view.grab().toImage();
    const QRgb corner = picture.pixel(320, 470);
    int other = 0;
    for (int x = 0; x < picture.width(); ++x) other += picture.pixel(x, 300) != corner;
    QVERIFY(other > 50);
  }

  void themes_change_the_canvas() {
    CloudView view;
    expose(view);
    view.show_cloud(square(1000));
    apply_theme(Theme::Dark);
    QVERIFY(picture_of(view).pixelColor(view.scene()->width() / 2, 2).lightness() < 60);
    apply_theme(Theme::Light);
    QVERIFY(picture_of(view).pixelColor(view.scene()->width() / 2, 2).lightness() > 220);
    apply_theme(Theme::System);
  }

  void choosing_colours_is_told() {
    CloudView view;
    QSignalSpy told(&view, &CloudView::colour_by_changed);
    view.show_colour_by(ColourBy::Ring);
    QCOMPARE(told.count(), 1);
    QCOMPARE(view.colour_by(), ColourBy::Ring);
  }

  void a_real_scan_changes_within_the_time_of_a_blink() {
    const auto folder = test::shared_folder() / "data/kitti_odometry/sequences/00/velodyne";
    RELOCUS_NEED(folder / "000005.bin");
    const auto read = [&](const char* name) {
      return std::make_shared<PointCloud>(dataset("kitti").cloud(folder / name));
    };
    const std::array clouds = {read("000000.bin"), read("000005.bin")};
    CloudView view;
    expose(view);
    double best = 1e9;
    for (int i = 0; i < 12; ++i) {
      QElapsedTimer clock;
      clock.start();
      view.show_cloud(clouds[std::size_t(i % 2)]);
      view.scene()->picture();
      best = std::min(best, double(clock.nsecsElapsed()) / 1e6);
    }
    qInfo("a scan of %zu points is shown in %.1f ms", clouds[0]->points.size(), best);
    QVERIFY2(best < 250, "the aim is 60 ms; the rest is left to busy machines");
  }
};

}  // namespace relocus

QTEST_MAIN(relocus::CloudViewTest)
#include "cloud_view_test.moc"
