#include "widgets/curve_view.h"

#include <QElapsedTimer>
#include <QLabel>
#include <QMainWindow>
#include <QSignalSpy>

#include "tests/support.h"
#include "widgets/theme.h"

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
}

QImage picture(Chart* chart) { return chart->grab().toImage(); }

/// An experiment of its own: better from the start.
CurveSource better(const QColor& colour) {
  auto made = evaluation();
  for (PrPoint& point : made->figures.curve) point.precision = 1, point.recall += 0.05;
  auto curves = std::make_shared<Curves>();
  for (int i = 0; i <= 10; ++i) curves->band.push_back({i / 10., 0.6, 0.7});
  curves->roc = {{{0.9, 0, 0.5}, {0.6, 0.5, 1}}, 4, 2, 0.875};
  curves->histogram = {0, 1, {0, 0, 1, 3}, {4, 1, 0, 0}};
  return {QStringLiteral("Better"), colour, made, curves, false};
}

QString figures_of(const CurveView& view) {
  for (const QLabel* label : view.findChildren<QLabel*>())
    if (label->accessibleName() == QStringLiteral("Figures")) return label->text();
  return {};
}

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
    const QImage picture = relocus::picture(view.scene());
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
    const QImage picture = relocus::picture(view.scene());
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
    view.grab();
    QCOMPARE(view.curve_points(), 0);
    QTest::mouseClick(view.scene(), Qt::LeftButton, {}, {100, 100});
    QTest::mouseMove(view.scene(), {120, 120});
    view.show_error(QStringLiteral("no pose"));
    view.grab();
    view.show_evaluation(nullptr);
    view.show_threshold(0.5);
    view.grab();
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
      return view->scene()->grab().toImage();
    };
    const QImage before = picture_in(first);
    for (QMainWindow* window : {&second, &first}) QCOMPARE(picture_in(*window), before);
  }

  void several_experiments_have_their_lines_and_bands() {
    CurveView view;
    const QColor colour(0xe0, 0x82, 0x14);
    view.show_experiments({{QStringLiteral("First"), {}, evaluation(), nullptr, true}, better(colour)});
    expose(view);
    const QImage picture = relocus::picture(view.scene());
    QVERIFY(is_seen(picture, view.scene()->pixel_of({45, 100}), colour, 2));  // along the top
    const QPointF in_band = view.scene()->pixel_of({30, 65}), beneath = view.scene()->pixel_of({30, 55});
    const QColor canvas = view_colours(view.palette()).canvas, seen = picture.pixelColor(in_band.toPoint());
    QVERIFY(seen != canvas && seen.blue() < canvas.blue());  // an orange veil
    QVERIFY(picture.pixelColor(beneath.toPoint()) == canvas);
    QCOMPARE(view.curve_points(), 4);  // the current one's
    QVERIFY(figures_of(view).contains(QStringLiteral("First")));
  }

  void a_drag_along_the_curve_moves_the_threshold() {
    CurveView view;
    view.show_evaluation(evaluation());
    expose(view);
    QSignalSpy chosen(&view, &CurveView::threshold_chosen);
    QTest::mousePress(view.scene(), Qt::LeftButton, {}, view.pixel_of(0).toPoint());
    QTest::mouseMove(view.scene(), view.pixel_of(2).toPoint());
    QMouseEvent move(QEvent::MouseMove, view.pixel_of(2), view.scene()->mapToGlobal(view.pixel_of(2)), Qt::NoButton,
                     Qt::LeftButton, {});
    QCoreApplication::sendEvent(view.scene(), &move);
    QTest::mouseRelease(view.scene(), Qt::LeftButton, {}, view.pixel_of(2).toPoint());
    QVERIFY(chosen.count() >= 1);
    QCOMPARE(chosen.back()[0].toDouble(), 0.6);
    QVERIFY(!view.scene()->is_zoomed());
  }

  void over_the_threshold_a_click_anywhere_chooses_and_the_line_can_be_dragged() {
    CurveView view;
    view.show_experiments({better(Qt::blue)});
    view.show_threshold(0.5);
    for (const CurvePage page : {CurvePage::Threshold, CurvePage::Scores}) {
      view.show_page(page);
      if (!view.isVisible()) expose(view);
      Chart* chart = view.chart(page);
      QVERIFY(chart->isVisible());
      QSignalSpy chosen(&view, &CurveView::threshold_chosen);
      const QPointF at = chart->pixel_of({0.3, chart->content().upwards.upper / 2});
      QTest::mouseClick(chart, Qt::LeftButton, {}, at.toPoint());
      QCOMPARE(chosen.count(), 1);
      QVERIFY(std::abs(chosen[0][0].toDouble() - 0.3) < 0.01);
      const QColor line = view_colours(view.palette()).query;
      const double top = chart->content().upwards.upper * 0.93;
      QVERIFY(is_seen(relocus::picture(chart), chart->pixel_of({0.5, top}), line, 2));
      QVERIFY(!is_seen(relocus::picture(chart), chart->pixel_of({0.3, top}), line, 2));
      view.show_threshold(0.3);
      QVERIFY(is_seen(relocus::picture(chart), chart->pixel_of({0.3, top}), line, 2));
      view.show_threshold(0.5);
    }
  }

  void a_distance_is_an_accepted_distance_on_the_axis() {
    auto by_distance = evaluation();
    by_distance->score_kind = ScoreKind::Distance;
    double threshold = -0.1;
    for (PrPoint& point : by_distance->figures.curve) point.threshold = threshold, threshold -= 0.2;
    CurveView view;
    view.show_evaluation(by_distance);
    view.show_page(CurvePage::Threshold);
    expose(view);
    Chart* chart = view.chart(CurvePage::Threshold);
    QVERIFY(chart->content().across.title.contains(QStringLiteral("distance")));
    QSignalSpy chosen(&view, &CurveView::threshold_chosen);
    QTest::mouseClick(chart, Qt::LeftButton, {}, chart->pixel_of({0.4, 20}).toPoint());
    QVERIFY(std::abs(chosen[0][0].toDouble() + 0.4) < 0.01);
  }

  void answers_that_all_have_one_score_are_drawn_too() {
    auto alike = evaluation();
    alike->figures.curve = {{.threshold = 1, .precision = .5, .recall = .5, .f1 = .5}};
    CurveView view;
    view.show_evaluation(alike);
    view.show_page(CurvePage::Threshold);
    expose(view);
    Chart* chart = view.chart(CurvePage::Threshold);
    QVERIFY(chart->plot_area().width() > 100);
    QSignalSpy chosen(&view, &CurveView::threshold_chosen);
    QTest::mouseClick(chart, Qt::LeftButton, {}, chart->plot_area().center().toPoint());
    QVERIFY(std::abs(chosen[0][0].toDouble() - 1) < 0.01);
  }

  void histogram_bars_are_as_high_as_their_counts() {
    CurveView view;
    view.show_experiments({better(Qt::blue)});
    view.show_threshold(2);
    view.show_page(CurvePage::Scores);
    expose(view);
    Chart* chart = view.chart(CurvePage::Scores);
    const QImage picture = relocus::picture(chart);
    const ViewColours colours = view_colours(view.palette());
    QVERIFY(is_seen(picture, chart->pixel_of({0.125, 4}), colours.wrong, 2));
    QVERIFY(is_seen(picture, chart->pixel_of({0.875, 3}), colours.right, 2));
    QVERIFY(picture.pixelColor(chart->pixel_of({0.125, 2.5}).toPoint()) != colours.canvas);
    QVERIFY(picture.pixelColor(chart->pixel_of({0.42, 2.5}).toPoint()) == colours.canvas);
  }

  void published_figures_are_marked_and_flagged() {
    CurveView view;
    view.show_evaluation(evaluation());
    view.show_published({{"Theirs", "kitti/00", "recall_at_2", .5, 4541, "overlap_netvlad", "a paper", ""},
                         {"Others", "kitti/00", "recall_at_3", .3, 4541, "ssc_pairs", "another", ""},
                         {"Best", "kitti/00", "max_f1", .4, 4541, "overlap_netvlad", "a paper", ""}},
                        4541);
    view.show_page(CurvePage::RecallAt);
    expose(view);
    Chart* chart = view.chart(CurvePage::RecallAt);
    const QImage picture = relocus::picture(chart);
    const ViewColours colours = view_colours(view.palette());
    QVERIFY(is_seen(picture, chart->pixel_of({2, 50}), colours.text, 3));
    QVERIFY(is_seen(picture, chart->pixel_of({3, 30}), colours.missed, 4));
    const auto tip_of = [&](const char* method) {
      for (const ChartMark& mark : chart->content().marks)
        if (mark.tip.startsWith(QLatin1String(method))) return mark.tip;
      return QString();
    };
    QVERIFY(tip_of("Theirs").contains(QStringLiteral("Same protocol: the figures compare")));
    QVERIFY(tip_of("Theirs").contains(QStringLiteral("a paper")));
    QVERIFY(tip_of("Others").contains(QStringLiteral("Not the same protocol: theirs is ssc_pairs")));
    view.show_page(CurvePage::PrecisionRecall);  // F1 is what P and R would be, were they equal
    QVERIFY(is_seen(relocus::picture(view.scene()), view.scene()->pixel_of({40, 40}), colours.text, 3));
    view.show_published({}, 300);
    QVERIFY(!is_seen(relocus::picture(view.scene()), view.scene()->pixel_of({40, 40}), colours.text, 3));
  }

  void the_wheel_and_a_drag_zoom_and_the_button_shows_all_again() {
    CurveView view;
    view.show_evaluation(evaluation());
    expose(view);
    Chart* chart = view.scene();
    const QPointF middle = chart->pixel_of({30, 30}), before = chart->pixel_of({90, 90});
    chart->zoom(2, middle);
    QVERIFY(chart->is_zoomed());
    QVERIFY((chart->pixel_of({30, 30}) - middle).manhattanLength() <
            8);  // stays under the pointer; axes take their room
    QVERIFY(chart->pixel_of({90, 90}).x() > before.x());
    chart->reset_zoom();
    QVERIFY((chart->pixel_of({90, 90}) - before).manhattanLength() < 1);
    const QPoint from = chart->pixel_of({5, 40}).toPoint(), to = chart->pixel_of({25, 10}).toPoint();
    QTest::mousePress(chart, Qt::LeftButton, {}, from);
    QMouseEvent move(QEvent::MouseMove, to, chart->mapToGlobal(to), Qt::NoButton, Qt::LeftButton, {});
    QCoreApplication::sendEvent(chart, &move);
    QTest::mouseRelease(chart, Qt::LeftButton, {}, to);
    QVERIFY(chart->is_zoomed());
    QVERIFY(std::abs(chart->value_of(chart->plot_area().bottomLeft()).x() - 5) < 1);
    QVERIFY(std::abs(chart->value_of(chart->plot_area().topRight()).x() - 25) < 1);
    QTest::keyClick(chart, Qt::Key_R);
    QVERIFY(!chart->is_zoomed());
  }

  void a_new_threshold_is_drawn_quickly() {
    auto many = evaluation();
    many->figures.curve.clear();
    for (int i = 0; i < 10000; ++i)
      many->figures.curve.push_back({.threshold = 1 - i / 1e4, .precision = 1 - i / 2e4, .recall = i / 1e4, .f1 = .5});
    CurveView view;
    view.show_evaluation(many);
    view.resize(1600, 1000);
    view.show_all_pages();
    expose(view);
    view.grab();
    QElapsedTimer clock;
    clock.start();
    constexpr int kTimes = 10;
    for (int i = 0; i < kTimes; ++i) {
      view.show_threshold(0.05 * i + 0.011);
      view.grab();
    }
    const double each = double(clock.nsecsElapsed()) / 1e6 / kTimes;
    qInfo("a threshold is shown on all pages in %.1f ms", each);
    QVERIFY(each < 50);
  }

  void every_size_can_be_drawn() {
    CurveView view;
    view.show_evaluation(evaluation());
    view.show();
    for (const QSize& size : {QSize(180, 140), QSize(300, 700), QSize(1500, 200), QSize(900, 600)}) {
      view.show_all_pages();
      view.resize(size);
      QCoreApplication::processEvents();
      QVERIFY(!view.grab().isNull());
    }
  }
};

}  // namespace relocus

QTEST_MAIN(relocus::CurveViewTest)
#include "curve_view_test.moc"
