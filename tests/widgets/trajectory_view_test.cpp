#include "widgets/trajectory_view.h"

#include <QApplication>
#include <QMouseEvent>
#include <QSignalSpy>
#include <QToolButton>
#include <chrono>
#include <cmath>

#include "tests/support.h"
#include "widgets/height_profile.h"
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

void drag(QWidget* on, const std::vector<QPointF>& pixels) {
  const auto send = [&](QEvent::Type type, QPointF at, Qt::MouseButton button, Qt::MouseButtons held) {
    QMouseEvent event(type, at, on->mapToGlobal(at), button, held, Qt::NoModifier);
    QApplication::sendEvent(on, &event);
  };
  send(QEvent::MouseButtonPress, pixels.front(), Qt::LeftButton, Qt::LeftButton);
  for (const QPointF& at : pixels) send(QEvent::MouseMove, at, Qt::NoButton, Qt::LeftButton);
  send(QEvent::MouseButtonRelease, pixels.back(), Qt::LeftButton, Qt::NoButton);
}

QToolButton* button(TrajectoryView& view, const QString& name) {
  for (QToolButton* each : view.findChildren<QToolButton*>())
    if (each->accessibleName() == name) return each;
  return nullptr;
}

/// Share of the pixels on the way between two places that are nearer to `colour` than to the background.
double share_on_the_way(TrajectoryView& view, const QColor& colour, const Eigen::Vector3d& a,
                        const Eigen::Vector3d& b) {
  const QImage picture = view.canvas()->grab().toImage();
  const QColor ground = view_colours(view.palette()).canvas;
  const auto apart = [](const QColor& x, const QColor& y) {
    return std::abs(x.red() - y.red()) + std::abs(x.green() - y.green()) + std::abs(x.blue() - y.blue());
  };
  const QPointF from = view.canvas()->pixel_from_metre().map(QPointF(a.x(), a.y()));
  const QPointF to = view.canvas()->pixel_from_metre().map(QPointF(b.x(), b.y()));
  int hit = 0, all = 0;
  for (double part = 0.1; part < 0.9; part += 0.002, ++all) {
    const QPoint at = (from + part * (to - from)).toPoint();
    bool found = false;
    for (const QPoint step : {QPoint(0, 0), QPoint(1, 0), QPoint(0, 1), QPoint(-1, 0), QPoint(0, -1)}) {
      const QColor pixel = picture.pixelColor(at + step);
      // A faint line lies between the background and its colour.
      found = found || (apart(pixel, colour) < apart(ground, colour) * 0.75);
    }
    hit += found;
  }
  return double(hit) / all;
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

  void edges_lead_to_the_answer_and_tell_right_from_wrong_by_dashes() {
    const auto trajectory = two_rounds();
    TrajectoryView view;
    view.resize(900, 900);
    view.show_trajectory(trajectory);
    auto evaluation = three_answers();
    evaluation->queries = {
        {.query = 400, .best = 250, .score = 0.9, .answerable = true, .correct = true, .nearest = 250}};
    const auto& at = trajectory->positions;
    const ViewColours colours = view_colours(view.palette());
    button(view, "Revisits")->setChecked(false);
    view.show_evaluation(evaluation);
    QVERIFY(share_on_the_way(view, colours.right, at[400], at[250]) > 0.95);  // solid

    evaluation = std::make_shared<Evaluation>(*evaluation);
    evaluation->queries[0].correct = false;
    view.show_evaluation(evaluation);
    const double dashed = share_on_the_way(view, colours.wrong, at[400], at[250]);
    QVERIFY2(dashed > 0.3 && dashed < 0.95, qPrintable(QString::number(dashed)));

    evaluation = std::make_shared<Evaluation>(*evaluation);
    evaluation->queries[0].best = 10;
    view.show_evaluation(evaluation);
    view.show_threshold(0.95);  // missed: dots lead to where it was
    const double dotted = share_on_the_way(view, colours.missed, at[400], at[250]);
    QVERIFY2(dotted > 0.2 && dotted < 0.98, qPrintable(QString::number(dotted)));
    button(view, "Answers")->setChecked(false);
    QVERIFY(share_on_the_way(view, colours.missed, at[400], at[250]) < 0.1);
  }

  void reverse_and_standing_queries_have_marks_of_their_own() {
    const auto trajectory = two_rounds();
    TrajectoryView view;
    view.resize(900, 900);
    view.show_trajectory(trajectory);
    const ViewColours colours = view_colours(view.palette());
    const auto corner_of_the_mark = [&] {  // filled in a square, empty in a disc
      const QImage picture = view.canvas()->grab().toImage();
      const auto& place = trajectory->positions[400];
      const QPoint at = view.canvas()->pixel_from_metre().map(QPointF(place.x(), place.y())).toPoint();
      int corners = 0;
      for (const QPoint step : {QPoint(-2, -2), QPoint(2, -2), QPoint(-2, 2), QPoint(2, 2)})
        corners += picture.pixelColor(at + step).rgb() == colours.right.rgb();
      return corners;
    };
    auto evaluation = three_answers();
    evaluation->queries.resize(1);
    view.show_evaluation(evaluation);
    QVERIFY(corner_of_the_mark() <= 2);
    evaluation = std::make_shared<Evaluation>(*evaluation);
    evaluation->queries[0].reverse = true;
    view.show_evaluation(evaluation);
    QVERIFY(corner_of_the_mark() >= 3);

    const Eigen::Vector3d beside = [&] {
      const auto& place = trajectory->positions[400];
      const QPointF pixel = view.canvas()->pixel_from_metre().map(QPointF(place.x(), place.y())) + QPointF(6, -6);
      const QPointF metre = view.canvas()->pixel_from_metre().inverted().map(pixel);
      return Eigen::Vector3d(metre.x(), metre.y(), 0);
    }();
    const auto bars = [&] {
      const QImage picture = view.canvas()->grab().toImage();
      const QPoint at = view.canvas()->pixel_from_metre().map(QPointF(beside.x(), beside.y())).toPoint();
      int found = 0;
      for (int x = at.x() - 4; x <= at.x() + 4; ++x)
        for (int y = at.y() - 4; y <= at.y() + 4; ++y) found += picture.pixelColor(x, y).rgb() == colours.text.rgb();
      return found;
    };
    QVERIFY(bars() < 6);
    evaluation = std::make_shared<Evaluation>(*evaluation);
    evaluation->queries[0].standstill = true;
    view.show_evaluation(evaluation);
    QVERIFY(bars() >= 8);
  }

  void a_box_and_a_lasso_select_the_frames_in_them() {
    const auto trajectory = two_rounds();
    TrajectoryView view;
    view.resize(700, 700);
    view.show_trajectory(trajectory);
    QSignalSpy selected(&view, &TrajectoryView::frames_selected), clicked(&view, &TrajectoryView::frame_selected);
    const auto pixel = [&](double x, double y) { return view.canvas()->pixel_from_metre().map(QPointF(x, y)); };

    button(view, "Select by box")->click();
    drag(view.canvas(), {pixel(30, -30), pixel(45, 0), pixel(55, 30)});  // the right side of the circle
    QCOMPARE(selected.count(), 1);
    QCOMPARE(clicked.count(), 0);
    const auto in_box = selected[0][0].value<std::vector<FrameId>>();
    QCOMPARE(in_box, view.selection());
    for (FrameId frame = 0; frame < FrameId(trajectory->size()); ++frame) {
      const auto& at = trajectory->positions[std::size_t(frame)];
      const bool inside = at.x() > 30.5 && std::abs(at.y()) < 29.5;
      if (inside || at.x() < 29.5 || std::abs(at.y()) > 30.5)
        QCOMPARE(std::ranges::find(in_box, frame) != in_box.end(), inside);
    }
    QVERIFY(is_seen(view, selection_colour(view.palette()), {50, 0, 0}));
    QVERIFY(!is_seen(view, selection_colour(view.palette()), {-50, 0, 0}));

    button(view, "Select by lasso")->click();
    drag(view.canvas(), {pixel(-60, -20), pixel(-30, 0), pixel(-60, 20)});  // a triangle on the left
    QCOMPARE(selected.count(), 2);
    QVERIFY(!view.selection().empty());
    for (const FrameId frame : view.selection()) QVERIFY(trajectory->positions[std::size_t(frame)].x() < -40);

    button(view, "Remove the selection")->click();
    QCOMPARE(selected.count(), 3);
    QVERIFY(view.selection().empty());
    QVERIFY(button(view, "Remove the selection")->isHidden());
  }

  void a_click_selects_a_frame_with_every_tool_and_dragging_moves_with_one() {
    const auto trajectory = two_rounds();
    TrajectoryView view;
    view.resize(600, 600);
    view.show_trajectory(trajectory);
    QSignalSpy selected(&view, &TrajectoryView::frames_selected), clicked(&view, &TrajectoryView::frame_selected);
    button(view, "Select by lasso")->click();
    click(view, trajectory->positions[200]);
    QCOMPARE(clicked.count(), 1);
    button(view, "Move")->click();
    const QTransform before = view.canvas()->pixel_from_metre();
    drag(view.canvas(), {{300, 300}, {320, 310}, {350, 320}});
    QCOMPARE(view.canvas()->pixel_from_metre().dx(), before.dx() + 50);
    QCOMPARE(selected.count(), 0);
  }

  void its_numbers_say_what_became_of_each_frame() {
    TrajectoryView view;
    view.show_trajectory(two_rounds());
    view.show_evaluation(three_answers());
    const auto lines = view.csv().split('\n');
    QCOMPARE(lines.size(), 630);
    QVERIFY(lines[1 + 400].endsWith(",right,86"));
    QVERIFY(lines[1 + 450].endsWith(",wrong,10"));
    QVERIFY(lines[1 + 500].endsWith(",missed,186"));
    QVERIFY(lines[1 + 3].startsWith("3,") && lines[1 + 3].endsWith(",,"));
  }

  void loops_added_by_hand_are_drawn() {
    const auto trajectory = two_rounds();
    TrajectoryView view;
    view.resize(900, 900);
    view.show_trajectory(trajectory);
    const QColor ink = view_colours(view.palette()).text;
    view.show_loops({{400, 250}, {-1, 99999}});
    QVERIFY(share_on_the_way(view, ink, trajectory->positions[400], trajectory->positions[250]) > 0.95);
  }

  void thousands_of_edges_stay_fluid() {
    auto trajectory = std::make_shared<Trajectory>();
    auto evaluation = std::make_shared<Evaluation>();
    constexpr int kFrames = 4541;
    for (int i = 0; i < kFrames; ++i) {
      const double angle = 2 * M_PI * i / 1500;
      trajectory->positions.emplace_back((240 + i / 50.) * std::cos(angle), (240 + i / 50.) * std::sin(angle), 0);
      trajectory->headings.push_back(angle);
      trajectory->stamps.push_back(0.1 * i);
      trajectory->travelled.push_back(i);
      trajectory->numbers.push_back(i);
      if (i < kFrames - 4000) continue;
      evaluation->queries.push_back({.query = i,
                                     .best = i % 3 ? i - 541 : (i * 7) % 541,
                                     .score = (i % 10) / 10.,
                                     .answerable = true,
                                     .correct = i % 3 != 0,
                                     .nearest = i - 540,
                                     .reverse = i % 2 == 0});
    }
    TrajectoryView view;
    view.resize(900, 700);
    view.show_trajectory(trajectory);
    view.show_evaluation(evaluation);
    view.show_frame(3000);
    view.canvas()->grab();
    double best = 1e9;
    for (int round = 0; round < 10; ++round) {
      view.show_threshold(round / 10.);
      const auto before = std::chrono::steady_clock::now();
      view.canvas()->redraw();
      view.canvas()->grab();
      const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - before;
      best = std::min(best, took.count());
    }
    qInfo("4541 frames with 4000 edges: %.1f ms", best);
    QVERIFY(best < 90);  // 30 ms on a quiet machine
  }

  void the_profile_shows_heights_and_selects() {
    auto trajectory = two_rounds();
    for (std::size_t i = 0; i < trajectory->size(); ++i) trajectory->positions[i].z() = i > 300 ? 20 : 0;
    TrajectoryView view;
    view.resize(800, 800);
    view.show_trajectory(trajectory);
    view.show();
    QVERIFY(!view.profile()->isVisible());
    button(view, "Height profile")->click();
    QTRY_VERIFY(view.profile()->isVisible());
    QTest::qWait(20);
    const auto canvas = view.profile()->canvas();
    const auto pixel = [&](double travelled, double z) {
      return canvas->pixel_from_metre().map(QPointF(travelled, z)).toPoint();
    };
    const QImage picture = canvas->grab().toImage();
    const auto is_path = [&](QPoint at) {
      for (int y = -2; y <= 2; ++y)
        if (picture.pixelColor(at + QPoint(0, y)).rgb() == view_colours(view.palette()).path.rgb()) return true;
      return false;
    };
    QVERIFY(is_path(pixel(150, 0)));
    QVERIFY(!is_path(pixel(150, 10)));
    QVERIFY(is_path(pixel(500, 20)));
    QSignalSpy selected(&view, &TrajectoryView::frame_selected);
    QTest::mouseClick(canvas, Qt::LeftButton, {}, pixel(400, 10));
    QCOMPARE(selected.count(), 1);
    QVERIFY(std::abs(selected[0][0].toInt() - 400) <= 2);
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
