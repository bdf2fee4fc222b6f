#include "widgets/curve_view.h"

#include <QLabel>
#include <QMainWindow>
#include <QSignalSpy>

#include "tests/support.h"
#include "widgets/theme.h"
#include "widgets/vtk_widget.h"

namespace relocus {
namespace {

/// Four thresholds with known figures; F1 is best at 0.6.
std::shared_ptr<Evaluation> evaluation() {
  auto made = std::make_shared<Evaluation>();
  made->score_kind = ScoreKind::Similarity;
  Figures& figures = made->figures;
  figures.num_queries = 10;
  figures.num_asked = 25;
  figures.recall_at = {0.7, 0.8, 0.9, 0.95};
  figures.recall_at_1_percent = 0.9;
  figures.one_percent = 3;
  figures.curve = {
      {.threshold = 0.9, .precision = 1.0, .recall = 0.2, .f1 = 1 / 3., .true_positives = 2, .false_negatives = 8},
      {.threshold = 0.8, .precision = 0.9, .recall = 0.5, .f1 = 0.643, .true_positives = 5, .false_negatives = 5},
      {.threshold = 0.6, .precision = 0.8, .recall = 0.7, .f1 = 0.747, .true_positives = 7, .false_negatives = 3},
      {.threshold = 0.1, .precision = 0.4, .recall = 0.9, .f1 = 0.554, .true_positives = 9, .false_negatives = 1}};
  figures.max_f1 = 0.747;
  figures.max_f1_threshold = 0.6;
  figures.average_precision = 0.71;
  figures.extended_precision = 0.6;
  figures.max_f1_interval = Interval{0.6, 0.85};
  return made;
}

void expose(CurveView& view) {
  view.resize(900, 500);
  view.show();
  QVERIFY(QTest::qWaitForWindowExposed(&view));
  view.scene()->picture();
}

QString figures_of(const CurveView& view) { return view.findChild<QLabel*>()->text(); }

/// Whether `colour` is seen within `reach` pixels of a place of the scene.
bool is_seen(const QImage& picture, QPointF at, const QColor& colour, int reach) {
  for (int x = int(at.x()) - reach; x <= int(at.x()) + reach; ++x)
    for (int y = int(at.y()) - reach; y <= int(at.y()) + reach; ++y) {
      if (!picture.valid(x, y)) continue;
      const QColor seen = picture.pixelColor(x, y);
      if (std::abs(seen.red() - colour.red()) + std::abs(seen.green() - colour.green()) +
              std::abs(seen.blue() - colour.blue()) <
          40)
        return true;
    }
  return false;
}

}  // namespace

class CurveViewTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void the_chart_has_the_points_where_their_values_say() {
    CurveView view;
    view.show_evaluation(evaluation());
    expose(view);
    QCOMPARE(view.curve_points(), 4);
    const QPointF first = view.pixel_of(0), second = view.pixel_of(1), last = view.pixel_of(3);
    QVERIFY(first.x() < second.x() && first.y() < second.y());
    // Recall 0.2, 0.5 and 0.9 lie on one scale.
    QVERIFY(std::abs((last.x() - first.x()) / (second.x() - first.x()) - 0.7 / 0.3) < 1e-6);
    const QImage picture = view.scene()->picture();
    const QColor line = view_colours(view.palette()).right;
    for (const int point : {1, 3})
      QVERIFY2(is_seen(picture, view.pixel_of(point), line, 3), qPrintable(QString::number(point)));
    const QPointF middle = (view.pixel_of(0) + view.pixel_of(1)) / 2;  // the line itself, which VTK drew
    QVERIFY(is_seen(picture, middle, line, 3));
    QVERIFY(!is_seen(picture, middle + QPointF(0, 40), line, 3));
  }

  void the_best_point_is_marked() {
    CurveView view;
    view.show_evaluation(evaluation());
    expose(view);
    const QImage picture = view.scene()->picture();
    const QColor mark = view_colours(view.palette()).wrong;
    QVERIFY(is_seen(picture, view.pixel_of(2), mark, 7));
    QVERIFY(!is_seen(picture, view.pixel_of(1), mark, 7));
  }

  void a_click_chooses_the_threshold() {
    CurveView view;
    view.show_evaluation(evaluation());
    expose(view);
    QSignalSpy chosen(&view, &CurveView::threshold_chosen);
    QTest::mouseClick(view.scene(), Qt::LeftButton, {}, view.pixel_of(1).toPoint() + QPoint(3, 2));
    QCOMPARE(chosen.count(), 1);
    QCOMPARE(chosen[0][0].toDouble(), 0.8);
    QTest::mouseClick(view.scene(), Qt::LeftButton, {}, (view.pixel_of(1) + QPointF(0, 80)).toPoint());
    QCOMPARE(chosen.count(), 1);  // nothing is there
  }

  void the_accepted_point_is_told() {
    CurveView view;
    view.resize(900, 500);
    view.show_evaluation(evaluation());
    QVERIFY(figures_of(view).contains(QStringLiteral("similarity 0.6")));
    view.show_threshold(0.7);  // between two points: the one that accepts no more
    QVERIFY(figures_of(view).contains(QStringLiteral("similarity 0.8")));
    QVERIFY(figures_of(view).contains(QStringLiteral("precision 90.0 %, recall 50.0 %")));
    auto by_distance = evaluation();
    by_distance->score_kind = ScoreKind::Distance;
    view.show_evaluation(by_distance);
    QVERIFY(figures_of(view).contains(QStringLiteral("up to distance -0.6")));  // the score is minus the distance
    view.show_threshold(2);                                                     // accepts nothing
    QVERIFY(!figures_of(view).contains(QStringLiteral("Accepted")));
  }

  void the_figures_carry_intervals_queries_and_the_protocol() {
    CurveView view;
    view.resize(900, 500);
    view.show_evaluation(evaluation());
    const QString text = figures_of(view);
    for (const char* part : {"74.7 %", "[60.0, 85.0]", "71.0 %", "10 of 25 queries", "overlap_netvlad", "within 10 m"})
      QVERIFY2(text.contains(QLatin1String(part)), part);
    QVERIFY(!text.contains(QStringLiteral("71.0 % [")));  // AP has no interval here
  }

  void without_answers_it_says_so() {
    CurveView view;
    expose(view);
    QCOMPARE(view.curve_points(), 0);
    view.show_evaluation(std::make_shared<Evaluation>());
    view.scene()->picture();
    QCOMPARE(view.curve_points(), 0);
    QTest::mouseClick(view.scene(), Qt::LeftButton, {}, {100, 100});
    QTest::mouseMove(view.scene(), {120, 120});
    view.show_error(QStringLiteral("no pose"));
    view.scene()->picture();
    view.show_evaluation(nullptr);
    view.show_threshold(0.5);
    view.scene()->picture();
  }

  void it_survives_being_moved_to_another_window() {
    QMainWindow first, second;
    auto* view = new CurveView;
    view->show_evaluation(evaluation());
    const auto picture_in = [&](QMainWindow& window) {
      window.setCentralWidget(view);
      window.resize(900, 500);
      window.show();
      [&] { QVERIFY(QTest::qWaitForWindowExposed(&window)); }();
      return view->scene()->picture();
    };
    const QImage before = picture_in(first);
    for (QMainWindow* window : {&second, &first}) QCOMPARE(picture_in(*window), before);
  }

  void every_size_can_be_drawn() {
    CurveView view;
    view.show_evaluation(evaluation());
    view.show();
    for (const QSize& size : {QSize(180, 140), QSize(300, 700), QSize(1500, 200), QSize(900, 600)}) {
      view.resize(size);
      QCoreApplication::processEvents();
      QVERIFY(!view.grab().isNull());
    }
  }
};

}  // namespace relocus

QTEST_MAIN(relocus::CurveViewTest)
#include "curve_view_test.moc"
