#include "widgets/curtain.h"

#include <vtkCallbackCommand.h>
#include <vtkGenericOpenGLRenderWindow.h>
#include <vtkNew.h>
#include <vtkRenderer.h>
#include <vtkRendererCollection.h>

#include <QOpenGLContext>
#include <QOpenGLFunctions>
#include <QSignalSpy>
#include <QTest>
#include <array>
#include <cmath>

#include "widgets/pair_scene.h"

namespace relocus {
namespace {

constexpr std::size_t kMany = 100'000;  // two scans are more than are drawn at once

std::shared_ptr<const PointCloud> ground(std::size_t points) {
  auto cloud = std::make_shared<PointCloud>();
  const std::size_t side = std::size_t(std::sqrt(double(points)));
  for (std::size_t i = 0; i < side * side; ++i)
    cloud->points.emplace_back(float(i % side) / float(side) * 40 - 20, float(i / side) / float(side) * 40 - 20, -1.7f);
  return cloud;
}

/// A pair of scenes in a window, with the number of times that each pane was drawn.
struct Stage {
  PairScene scene;
  std::array<int, 2> drawn{};

  Stage() {
    scene.resize(600, 300);
    scene.reset_view();
    for (const PairSide side : {PairSide::Query, PairSide::Candidate}) {
      scene.actor(side).show_colour(Qt::red);
      vtkNew<vtkCallbackCommand> count;
      count->SetClientData(&drawn[std::size_t(side)]);
      count->SetCallback([](vtkObject*, unsigned long, void* times, void*) { ++*static_cast<int*>(times); });
      renderer(side).AddObserver(vtkCommand::EndEvent, count);
    }
    scene.show();
    QVERIFY(QTest::qWaitForWindowExposed(&scene));
  }
  vtkRenderer& renderer(PairSide side) {
    vtkRendererCollection* all = scene.render_window()->GetRenderers();
    return *static_cast<vtkRenderer*>(all->GetItemAsObject(side == PairSide::Query ? 0 : 1));
  }
  void show_both(std::size_t points) {
    scene.show_cloud(PairSide::Query, ground(points));
    scene.show_cloud(PairSide::Candidate, ground(points));
  }
  /// Until nothing more is painted; then the counts begin anew.
  void settle() {
    QSignalSpy frames(&scene, &QOpenGLWidget::frameSwapped);
    do frames.clear();
    while (frames.wait(300));
    drawn = {};
  }
  /// Of the screen as it is: nothing is rendered for it.
  int red_pixels(PairSide side) {
    const QSize size = scene.size() * scene.devicePixelRatioF();
    QImage image(size, QImage::Format_RGBA8888);
    scene.makeCurrent();
    scene.context()->functions()->glReadPixels(0, 0, size.width(), size.height(), GL_RGBA, GL_UNSIGNED_BYTE,
                                               image.bits());
    scene.doneCurrent();
    return red_pixels(image, side);
  }
  static int red_pixels(const QImage& image, PairSide side) {
    int count = 0;
    const int half = image.width() / 2;
    for (int y = 0; y < image.height(); ++y)
      for (int x = side == PairSide::Query ? 0 : half; x < (side == PairSide::Query ? half : image.width()); ++x)
        if (const QColor colour = image.pixelColor(x, y); colour.red() > 200 && colour.green() < 60) ++count;
    return count;
  }
};

}  // namespace

class CurtainTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void what_has_not_changed_is_not_drawn_again();
  void a_scan_that_changes_leaves_the_other_pane_alone();
  void large_scans_come_one_after_the_other();
  void a_turn_of_the_camera_draws_both();
  void what_is_grabbed_is_complete_at_once();
};

void CurtainTest::what_has_not_changed_is_not_drawn_again() {
  Stage stage;
  stage.show_both(10000);
  stage.settle();
  const int before = stage.red_pixels(PairSide::Query);
  QVERIFY(before > 1000);
  QSignalSpy frames(&stage.scene, &QOpenGLWidget::frameSwapped);
  stage.scene.update();  // as when words above it change
  QVERIFY(frames.wait());
  QCOMPARE(stage.drawn[0] + stage.drawn[1], 0);
  QCOMPARE(stage.red_pixels(PairSide::Query), before);  // and is still to be seen
  QVERIFY(stage.red_pixels(PairSide::Candidate) > 1000);
}

void CurtainTest::a_scan_that_changes_leaves_the_other_pane_alone() {
  Stage stage;
  stage.show_both(10000);
  stage.settle();
  stage.scene.show_cloud(PairSide::Candidate, ground(kMany));
  QTRY_COMPARE(stage.drawn[1], 1);
  QTest::qWait(50);
  QCOMPARE(stage.drawn[0], 0);
  QVERIFY(stage.red_pixels(PairSide::Query) > 1000);
}

void CurtainTest::large_scans_come_one_after_the_other() {
  Stage stage;
  stage.show_both(10000);  // their looks are known then
  stage.settle();
  stage.show_both(kMany);
  int turns = 0;
  std::array<int, 2> last{};
  connect(&stage.scene, &QOpenGLWidget::frameSwapped, &stage.scene, [&] {
    ++turns;
    QVERIFY2(stage.drawn[0] + stage.drawn[1] - last[0] - last[1] <= 1, "both in one turn");
    last = stage.drawn;
  });
  QTRY_COMPARE(stage.drawn, (std::array{1, 1}));
  stage.settle();
  QVERIFY(turns >= 2);
  QVERIFY(stage.red_pixels(PairSide::Query) > 1000);
  QVERIFY(stage.red_pixels(PairSide::Candidate) > 1000);
}

void CurtainTest::a_turn_of_the_camera_draws_both() {
  Stage stage;
  stage.show_both(10000);
  stage.settle();
  stage.scene.top_view();
  QTRY_COMPARE(stage.drawn, (std::array{1, 1}));
}

void CurtainTest::what_is_grabbed_is_complete_at_once() {
  Stage stage;
  stage.show_both(kMany);
  const QImage picture = stage.scene.picture();
  QVERIFY(Stage::red_pixels(picture, PairSide::Query) > 1000);
  QVERIFY(Stage::red_pixels(picture, PairSide::Candidate) > 1000);
}

}  // namespace relocus

QTEST_MAIN(relocus::CurtainTest)
#include "curtain_test.moc"
