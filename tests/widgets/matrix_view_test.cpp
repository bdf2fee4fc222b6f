#include "widgets/matrix_view.h"

#include <QAction>
#include <QApplication>
#include <QComboBox>
#include <QPushButton>
#include <QSignalSpy>
#include <QToolButton>
#include <QWheelEvent>
#include <chrono>
#include <cmath>
#include <random>

#include "tests/support.h"
#include "widgets/matrix_canvas.h"
#include "widgets/theme.h"

using namespace relocus;

namespace {

constexpr int kFrames = 60;

/// A round of 30 frames driven twice: the descriptor is the place.
struct Made {
  std::shared_ptr<PairMatrices> matrices = std::make_shared<PairMatrices>();
  std::shared_ptr<Trajectory> trajectory = std::make_shared<Trajectory>();
};

Made twice_round(int lap = 30, bool reranked = false) {
  Made made;
  auto experiment = std::make_shared<Experiment>();
  experiment->descriptors.resize(2 * lap, 2);
  for (int i = 0; i < 2 * lap; ++i) {
    const double angle = 2 * M_PI * i / lap;
    experiment->descriptors.row(i) << float(std::cos(angle)), float(std::sin(angle));
    made.trajectory->positions.emplace_back(20 * std::cos(angle), 20 * std::sin(angle), 0);
    made.trajectory->headings.push_back(angle);
    made.trajectory->stamps.push_back(i);
    made.trajectory->travelled.push_back(i);
    made.trajectory->numbers.push_back(1000 + i);
  }
  experiment->protocol.positive_radius = 3;
  experiment->protocol.exclude_recent = 10;
  if (reranked) experiment->retrievals = {{45, {{.frame = 15, .similarity = 0.9f}, {.frame = 3, .similarity = 0.1f}}}};
  made.matrices->experiment = experiment;
  made.matrices->distances = std::make_shared<DistanceMatrix>(distance_matrix(experiment->descriptors));
  made.matrices->right = right_pairs(*made.trajectory, experiment->protocol);
  made.matrices->similarities = similarities(experiment->retrievals, 2 * lap);
  made.matrices->admitted = admitted_rows(*made.trajectory, experiment->protocol);
  return made;
}

QToolButton* button(QWidget& view, const QString& name) {
  for (QToolButton* each : view.findChildren<QToolButton*>())
    if (each->accessibleName() == name) return each;
  return nullptr;
}

QColor pixel(MatrixView& view, FrameId row, FrameId column) {
  return view.canvas()->grab().toImage().pixelColor(view.canvas()->pixel_of(row, column).toPoint());
}

/// The colour that a value has in the map.
QColor mapped(MatrixView& view, float value) {
  const auto [lower, upper] = view.canvas()->range();
  return QColor(colour(ColourMap::Viridis, value, lower, upper));
}

int apart(const QColor& a, const QColor& b) {
  return std::abs(a.red() - b.red()) + std::abs(a.green() - b.green()) + std::abs(a.blue() - b.blue());
}

}  // namespace

class MatrixViewTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void each_pair_has_the_colour_of_its_distance() {
    const Made made = twice_round();
    MatrixView view;
    view.resize(760, 760);
    view.show_matrices(made.matrices, made.trajectory);
    button(view, "Ground truth")->setChecked(false);
    const auto& descriptors = made.matrices->experiment->descriptors;
    // Admitted pairs far from the marks, the legend and the bar.
    for (const auto& [row, column] : {std::pair(40, 5), std::pair(50, 20), std::pair(55, 40), std::pair(58, 28)}) {
      const float distance = (descriptors.row(row) - descriptors.row(column)).norm();
      QVERIFY2(apart(pixel(view, row, column), mapped(view, distance)) < 12,
               qPrintable(QStringLiteral("pair %1, %2").arg(row).arg(column)));
    }
  }

  void pairs_that_may_not_answer_are_dimmed() {
    const Made made = twice_round();
    MatrixView view;
    view.resize(760, 760);
    view.show_matrices(made.matrices, made.trajectory);
    button(view, "Ground truth")->setChecked(false);
    const QColor canvas = view_colours(view.palette()).canvas;
    const auto& descriptors = made.matrices->experiment->descriptors;
    const QColor full = mapped(view, (descriptors.row(40) - descriptors.row(34)).norm());
    QVERIFY(apart(pixel(view, 40, 34), canvas) < apart(full, canvas) / 2);  // too recent
    QVERIFY(apart(pixel(view, 5, 40), canvas) < 400);                       // later than the query
    QVERIFY(apart(pixel(view, 40, 29), mapped(view, (descriptors.row(40) - descriptors.row(29)).norm())) < 12);
  }

  void the_ground_truth_tints_the_same_places_and_outlines_them_when_near() {
    const Made made = twice_round();
    MatrixView view;
    view.resize(400, 400);  // about 5 pixels for a pair
    view.show_matrices(made.matrices, made.trajectory);
    const QColor tint = view_colours(view.palette()).candidate;
    const QColor with = pixel(view, 45, 15), elsewhere = pixel(view, 45, 25);
    const QImage drawn = view.canvas()->grab().toImage();
    bool bordered = false;  // on the way out of the places that are the same
    for (double column = 15; column < 22; column += 0.1)
      bordered |= apart(drawn.pixelColor(view.canvas()->pixel_of(45, column).toPoint()), tint) < 150;
    QVERIFY(bordered);
    button(view, "Ground truth")->setChecked(false);
    QVERIFY(apart(with, tint) < apart(pixel(view, 45, 15), tint));
    QCOMPARE(pixel(view, 45, 25), elsewhere);

    button(view, "Ground truth")->setChecked(true);
    for (int i = 0; i < 10; ++i) view.canvas()->zoom(1.3, view.canvas()->pixel_of(45, 15));
    const double side = view.canvas()->pixels_per_frame();
    QVERIFY(side > 20);
    const QImage picture = view.canvas()->grab().toImage();
    const QPoint middle = view.canvas()->pixel_of(45, 15).toPoint();
    QVERIFY(apart(picture.pixelColor(middle), mapped(view, 0)) < 12);  // its own colour again
    bool outlined = false;
    for (int x = middle.x(); x < middle.x() + side; ++x)
      outlined |= picture.pixelColor(x, middle.y()).rgb() == tint.rgb();
    QVERIFY(outlined);
  }

  void a_click_selects_the_pair_and_hovering_tells_of_it() {
    const Made made = twice_round();
    MatrixView view;
    view.resize(700, 700);
    view.show_matrices(made.matrices, made.trajectory);
    QSignalSpy selected(&view, &MatrixView::pair_selected);
    QTest::mouseClick(view.canvas(), Qt::LeftButton, {}, view.canvas()->pixel_of(45, 15).toPoint());
    QCOMPARE(selected.count(), 1);
    QCOMPARE(selected[0][0].toInt(), 45);
    QCOMPARE(selected[0][1].toInt(), 15);
    QTest::mouseMove(view.canvas(), view.canvas()->pixel_of(45, 16).toPoint());
    QMouseEvent move(QEvent::MouseMove, view.canvas()->pixel_of(45, 16), view.canvas()->pixel_of(45, 16), Qt::NoButton,
                     Qt::NoButton, Qt::NoModifier);
    QApplication::sendEvent(view.canvas(), &move);
    QVERIFY2(view.reading().contains("query 1045") && view.reading().contains("candidate 1016"),
             qPrintable(view.reading()));
    QVERIFY(view.reading().contains("distance 0.20"));
    QVERIFY(view.reading().contains("4.2 m apart"));
    QVERIFY(!view.reading().contains("same place"));
    QTest::mouseClick(view.canvas(), Qt::LeftButton, {}, QPoint(2, 2));  // on the axis
    QCOMPARE(selected.count(), 1);
  }

  void the_wheel_zooms_about_the_pointer_until_a_pair_is_a_square() {
    const Made made = twice_round();
    MatrixView view;
    view.resize(600, 600);
    view.show_matrices(made.matrices, made.trajectory);
    const QPointF at = view.canvas()->pixel_of(45, 15);
    const double before = view.canvas()->pixels_per_frame();
    for (int i = 0; i < 30; ++i) {
      QWheelEvent wheel(at, at, {}, {0, 120}, Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase, false);
      QApplication::sendEvent(view.canvas(), &wheel);
    }
    QVERIFY(view.canvas()->pixels_per_frame() > 5 * before);
    QVERIFY(QLineF(view.canvas()->pixel_of(45, 15), at).length() < view.canvas()->pixels_per_frame());
    QCOMPARE(view.canvas()->pair_at(at)->first, 45);
    QCOMPARE(view.canvas()->pair_at(at)->second, 15);
    QTest::keyClick(view.canvas(), Qt::Key_Home);
    QVERIFY(std::abs(view.canvas()->pixels_per_frame() - before) < 1e-9);
  }

  void its_numbers_are_what_is_in_sight() {
    const Made made = twice_round();
    MatrixView view;
    view.resize(700, 700);
    view.show_matrices(made.matrices, made.trajectory);
    const auto lines = view.canvas()->csv().split('\n');
    QCOMPARE(lines.size(), 62);  // a header and an end
    QCOMPARE(lines[0].split(',')[1], "1000");
    const auto& descriptors = made.matrices->experiment->descriptors;
    const auto cells = lines[1 + 45].split(',');
    QCOMPARE(cells[0], "1045");
    QVERIFY(std::abs(cells[1 + 20].toFloat() - (descriptors.row(45) - descriptors.row(20)).norm()) < 1e-3);
  }

  void the_present_pair_is_marked() {
    const Made made = twice_round();
    MatrixView view;
    view.resize(700, 700);
    view.show_matrices(made.matrices, made.trajectory);
    const ViewColours colours = view_colours(view.palette());
    const auto is_seen = [&](const QColor& wanted, FrameId row, FrameId column) {
      const QImage picture = view.canvas()->grab().toImage();
      const QPoint at = view.canvas()->pixel_of(row, column).toPoint();
      for (int x = -2; x <= 2; ++x)
        for (int y = -2; y <= 2; ++y)
          if (apart(picture.pixelColor(at + QPoint(x, y)), wanted) < 60) return true;
      return false;
    };
    QVERIFY(!is_seen(colours.query, 40, 50));
    view.show_pair(40, 12);
    QVERIFY(is_seen(colours.query, 40, 50));
    QVERIFY(is_seen(colours.candidate, 5, 12));
    view.show_pair(-1, {});
    view.show_pair(4000, 9000);  // of another sequence
    view.canvas()->grab();
  }

  void similarities_are_offered_where_there_is_a_second_stage() {
    MatrixView view;
    view.resize(700, 700);
    const auto* values = view.findChild<QComboBox*>();
    view.show_matrices(twice_round().matrices, twice_round().trajectory);
    QCOMPARE(values->findData(int(MatrixShows::Similarity)), -1);
    const Made made = twice_round(30, true);
    view.show_matrices(made.matrices, made.trajectory);
    QVERIFY(values->findData(int(MatrixShows::Similarity)) >= 0);
    view.choose(MatrixShows::Similarity);
    button(view, "Ground truth")->setChecked(false);
    QCOMPARE(view.canvas()->range(), std::pair(0.1f, 0.9f));
    QVERIFY(apart(pixel(view, 45, 15), mapped(view, 0.9f)) < 12);
    QVERIFY(apart(pixel(view, 45, 3), mapped(view, 0.1f)) < 12);
    QVERIFY(apart(pixel(view, 45, 25), mapped(view, 0.1f)) > 60);  // was never asked
  }

  void without_a_matrix_it_says_what_to_do() {
    MatrixView view;
    view.resize(500, 400);
    view.show();
    QVERIFY(!view.canvas()->isVisible());
    view.show_empty("Not computed.", true);
    QPushButton* compute = nullptr;
    for (auto* each : view.findChildren<QPushButton*>())
      if (each->text().contains("Compute")) compute = each;
    QVERIFY(compute && compute->isVisible());
    QSignalSpy wanted(&view, &MatrixView::compute_wanted);
    compute->click();
    QCOMPARE(wanted.count(), 1);
    view.show_progress(0.5, "Comparing");
    QVERIFY(!compute->isVisible());
    const Made made = twice_round();
    view.show_matrices(made.matrices, made.trajectory);
    QVERIFY(view.canvas()->isVisible());
  }

  void frames_without_descriptors_or_poses_do_no_harm() {
    Made made = twice_round();
    auto experiment = std::make_shared<Experiment>(*made.matrices->experiment);
    experiment->descriptors(10, 0) = NAN;
    made.trajectory->positions[45].setConstant(NAN);
    made.matrices->experiment = experiment;
    made.matrices->distances = std::make_shared<DistanceMatrix>(distance_matrix(experiment->descriptors));
    made.matrices->right = right_pairs(*made.trajectory, experiment->protocol);
    made.matrices->admitted.clear();
    MatrixView view;
    view.resize(600, 600);
    view.show_matrices(made.matrices, made.trajectory);
    button(view, "Ground truth")->setChecked(false);
    QVERIFY(apart(pixel(view, 40, 10), view_colours(view.palette()).canvas) < 12);
    QMouseEvent move(QEvent::MouseMove, view.canvas()->pixel_of(45, 10), view.canvas()->pixel_of(45, 10), Qt::NoButton,
                     Qt::NoButton, Qt::NoModifier);
    QApplication::sendEvent(view.canvas(), &move);
    QVERIFY(view.reading().contains("no finite descriptor"));
  }

  void thousands_of_frames_are_drawn_at_once() {
    Made made = twice_round(2270);
    MatrixView view;
    view.resize(900, 800);
    view.show_matrices(made.matrices, made.trajectory);
    QVERIFY(view.canvas()->pixels_per_frame() < 0.2);
    double best = 1e9;
    for (int round = 0; round < 5; ++round) {
      view.canvas()->zoom(1.1, {300, 300});
      const auto before = std::chrono::steady_clock::now();
      view.canvas()->grab();
      const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - before;
      best = std::min(best, took.count());
    }
    qInfo("matrix of 4540 frames drawn in %.1f ms", best);
    QVERIFY(best < 150);
    // A pixel stands for many pairs: the nearest of them is told.
    view.canvas()->fit();
    const auto pair = view.canvas()->pair_at(view.canvas()->pixel_of(3270, 1000));
    QVERIFY(pair.has_value());
    QCOMPARE(pair->first - pair->second, 2270);
  }

  void pairs_of_a_long_sequence_are_seen_though_it_is_kept_in_blocks() {
    MatrixView view;
    view.resize(500, 560);
    const Made made = twice_round();
    const Descriptors& descriptors = made.matrices->experiment->descriptors;
    made.matrices->distances = std::make_shared<DistanceMatrix>(distance_matrix(descriptors, {}, 15));
    QCOMPARE(made.matrices->distances->levels.front().block, 4);
    view.show_matrices(made.matrices, made.trajectory);
    view.show();
    button(view, "Ground truth")->setChecked(false);
    for (int i = 0; i < 4; ++i) view.canvas()->zoom(1.5, view.canvas()->pixel_of(45, 12));
    for (const FrameId column : {10, 11, 12, 13}) {  // of two blocks
      const float distance = (descriptors.row(45) - descriptors.row(column)).norm();
      QVERIFY2(apart(pixel(view, 45, column), mapped(view, distance)) < 12, qPrintable(QString::number(column)));
    }
  }
};

QTEST_MAIN(MatrixViewTest)
#include "matrix_view_test.moc"
