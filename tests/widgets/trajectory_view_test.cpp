#include "widgets/trajectory_view.h"

#include <QSignalSpy>
#include <cmath>

#include "tests/support.h"
#include "widgets/plan_canvas.h"
#include "widgets/theme.h"

namespace relocus {
namespace {

/// Twice round a circle of 50 m, a frame a metre.
std::shared_ptr<Trajectory> two_rounds() {
  auto trajectory = std::make_shared<Trajectory>();
  for (int i = 0; i < 628; ++i) {
    const double angle = i / 50.;
    trajectory->positions.emplace_back(50 * std::cos(angle), 50 * std::sin(angle), 0);
    trajectory->headings.push_back(angle + M_PI / 2);
    trajectory->stamps.push_back(0.1 * i);
    trajectory->travelled.push_back(i);
    trajectory->numbers.push_back(i);
  }
  return trajectory;
}

/// Of the second round: a right answer, a wrong one and one that comes below the threshold.
std::shared_ptr<Evaluation> three_answers() {
  auto evaluation = std::make_shared<Evaluation>();
  evaluation->figures.max_f1_threshold = 0.5;
  evaluation->queries = {
      {.query = 400, .best = 86, .score = 0.9, .answerable = true, .correct = true, .nearest = 86},
      {.query = 450, .best = 10, .score = 0.8, .answerable = true, .correct = false, .nearest = 136},
      {.query = 500, .best = 186, .score = 0.2, .answerable = true, .correct = true, .nearest = 186},
      {.query = 100, .best = 20, .score = 0.1, .answerable = false, .correct = false, .nearest = 20},
  };
  return evaluation;
}

void click(TrajectoryView& view, const Eigen::Vector3d& place) {
  const QPointF pixel = view.canvas()->pixel_from_metre().map(QPointF(place.x(), place.y()));
  QTest::mouseClick(view.canvas(), Qt::LeftButton, {}, pixel.toPoint());
}

/// Whether `colour` is seen within a few pixels of a place.
bool is_seen(TrajectoryView& view, const QColor& colour, const Eigen::Vector3d& place) {
  const QImage picture = view.canvas()->grab().toImage();
  const QPoint at = view.canvas()->pixel_from_metre().map(QPointF(place.x(), place.y())).toPoint();
  for (int x = at.x() - 9; x <= at.x() + 9; ++x)
    for (int y = at.y() - 9; y <= at.y() + 9; ++y)
      if (picture.valid(x, y) && picture.pixelColor(x, y).rgb() == colour.rgb()) return true;
  return false;
}

}  // namespace

class TrajectoryViewTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void clicking_a_place_selects_its_frame() {
    const auto trajectory = two_rounds();
    TrajectoryView view;
    view.resize(600, 600);
    view.show_trajectory(trajectory);
    QSignalSpy selected(&view, &TrajectoryView::frame_selected);
    for (const FrameId frame : {30, 200, 300}) {
      selected.clear();
      click(view, trajectory->positions[std::size_t(frame)]);
      QCOMPARE(selected.count(), 1);
      const FrameId told = selected[0][0].toInt();
      const double apart = distance(*trajectory, told, frame, true);
      QVERIFY2(apart < 2, qPrintable(QStringLiteral("frame %1 instead of %2").arg(told).arg(frame)));
    }
  }

  void the_whole_drive_is_in_sight() {
    const auto trajectory = two_rounds();
    TrajectoryView view;
    view.resize(500, 300);
    view.show_trajectory(trajectory);
    for (const auto& position : trajectory->positions)
      QVERIFY(view.canvas()->plot_area().contains(
          view.canvas()->pixel_from_metre().map(QPointF(position.x(), position.y()))));
  }

  void answers_are_sorted_by_the_threshold() {
    TrajectoryView view;
    view.show_trajectory(two_rounds());
    view.show_evaluation(three_answers());
    QCOMPARE(view.counts().right, 1);
    QCOMPARE(view.counts().wrong, 1);
    QCOMPARE(view.counts().missed, 1);
    view.show_threshold(0.85);
    QCOMPARE(view.counts().right, 1);
    QCOMPARE(view.counts().wrong, 0);
    QCOMPARE(view.counts().missed, 2);
    view.show_threshold(0);
    QCOMPARE(view.counts().right, 2);
    QCOMPARE(view.counts().wrong, 2);
    view.show_evaluation({});
    QCOMPARE(view.counts().right + view.counts().wrong + view.counts().missed, 0);
  }

  void right_and_wrong_answers_are_drawn_at_their_queries() {
    const auto trajectory = two_rounds();
    TrajectoryView view;
    view.resize(900, 900);
    view.show_trajectory(trajectory);
    const ViewColours colours = view_colours(view.palette());
    QVERIFY(!is_seen(view, colours.right, trajectory->positions[400]));
    view.show_evaluation(three_answers());
    QVERIFY(is_seen(view, colours.right, trajectory->positions[400]));
    QVERIFY(is_seen(view, colours.wrong, trajectory->positions[450]));
    QVERIFY(!is_seen(view, colours.wrong, trajectory->positions[400]));
  }

  void the_current_frame_and_the_candidate_are_marked() {
    const auto trajectory = two_rounds();
    TrajectoryView view;
    view.resize(900, 900);
    view.show_trajectory(trajectory);
    view.show_frame(80);
    view.show_retrieval({.query = 80, .candidates = {{.frame = 160}}});
    view.show_candidate(160);
    const ViewColours colours = view_colours(view.palette());
    QVERIFY(is_seen(view, colours.query, trajectory->positions[80]));
    QVERIFY(is_seen(view, colours.candidate, trajectory->positions[160]));
    view.show_candidate({});
    view.show_retrieval({});
    QVERIFY(!is_seen(view, colours.candidate, trajectory->positions[160]));
  }

  void frames_without_a_pose_are_left_out() {
    auto trajectory = two_rounds();
    for (int i = 100; i < 200; ++i) trajectory->positions[std::size_t(i)].setConstant(NAN);
    TrajectoryView view;
    view.resize(500, 500);
    view.show_trajectory(trajectory);
    view.show_frame(150);
    view.show_candidate(150);
    view.show_evaluation(three_answers());
    view.grab();
    const auto nearest = view.nearest_frame({50, 0});
    QVERIFY(nearest.has_value());
    for (auto& position : trajectory->positions) position.setConstant(NAN);
    view.show_trajectory(trajectory);
    view.grab();
    QVERIFY(!view.nearest_frame({50, 0}).has_value());
  }

  void frames_that_do_not_exist_do_no_harm() {
    TrajectoryView view;
    view.resize(500, 500);
    view.show_frame(3);
    view.grab();
    view.show_trajectory(two_rounds());
    view.show_frame(99999);
    view.show_candidate(-4);
    view.show_retrieval({.query = 99999, .candidates = {{.frame = 123456}, {.frame = -1}}});
    auto foreign = three_answers();
    foreign->queries.push_back({.query = 100000, .best = 3, .score = 1});
    foreign->queries.push_back({.query = 5, .best = 100000, .score = 1});
    view.show_evaluation(foreign);
    view.grab();
    view.clear();
    view.grab();
  }

  void a_standing_vehicle_still_gets_a_plan() {
    auto trajectory = std::make_shared<Trajectory>();
    trajectory->positions.assign(5, Eigen::Vector3d(7, 7, 0));
    trajectory->headings.assign(5, 0);
    TrajectoryView view;
    view.resize(400, 300);
    view.show_trajectory(trajectory);
    view.show_frame(2);
    QVERIFY(is_seen(view, view_colours(view.palette()).query, {7, 7, 0}));
  }
};

}  // namespace relocus

QTEST_MAIN(relocus::TrajectoryViewTest)
#include "trajectory_view_test.moc"
