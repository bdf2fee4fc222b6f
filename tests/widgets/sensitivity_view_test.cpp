#include "widgets/sensitivity_view.h"

#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QToolButton>

#include "tests/support.h"
#include "widgets/chart.h"
#include "widgets/plot_export.h"
#include "widgets/theme.h"

namespace relocus {
namespace {

/// Recall grows with the radius, queries shrink with the gap.
std::shared_ptr<Sensitivity> study() {
  auto made = std::make_shared<Sensitivity>();
  made->radii = {2, 5, 10};
  made->gaps = {0, 50};
  made->cells = {{90, .1, .2, .15}, {95, .5, .6, .55}, {100, .9, .95, .92},
                 {40, .2, .3, .25}, {45, .4, .5, .45}, {50, .8, .85, .82}};
  made->not_reranked = {7, 0};
  made->remarks = {"Some were never re-ranked (marked *)."};
  return made;
}

void expose(QWidget& view) {
  view.resize(900, 500);
  view.show();
  QVERIFY(QTest::qWaitForWindowExposed(&view));
}

int apart(const QColor& a, const QColor& b) {
  return std::abs(a.red() - b.red()) + std::abs(a.green() - b.green()) + std::abs(a.blue() - b.blue());
}

}  // namespace

class SensitivityViewTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void cells_have_the_colour_of_their_value_and_print_it() {
    SensitivityView view;
    view.show_sensitivity(study());
    expose(view);
    const QImage picture = view.map()->grab().toImage();
    for (std::size_t gap = 0; gap < 2; ++gap)
      for (std::size_t radius = 0; radius < 3; ++radius) {
        const QRectF cell = view.map()->cell(radius, gap);
        const QColor wanted = view.map()->colour_of(study()->at(radius, gap).recall_at_1);
        QVERIFY(apart(picture.pixelColor((cell.topLeft() + QPointF(6, 6)).toPoint()), wanted) < 8);
        bool written = false;
        for (double x = cell.left() + 6; x < cell.right() - 6; ++x)
          written = written || apart(picture.pixelColor(int(x), int(cell.center().y())), wanted) > 120;
        QVERIFY(written);
      }
    // More is to the right and a larger gap is higher up.
    QVERIFY(view.map()->cell(1, 0).left() > view.map()->cell(0, 0).left());
    QVERIFY(view.map()->cell(0, 1).top() < view.map()->cell(0, 0).top());
    view.show_figure(SensitivityFigure::Queries);
    QVERIFY(apart(view.map()->colour_of(100), view.map()->colour_of(40)) > 200);  // the scale follows
  }

  void without_queries_a_cell_is_empty_and_not_zero() {
    auto made = study();
    made->cells[3] = {};
    SensitivityView view;
    view.show_sensitivity(made);
    expose(view);
    const QImage picture = view.map()->grab().toImage();
    const QColor seen = picture.pixelColor((view.map()->cell(0, 1).topLeft() + QPointF(6, 6)).toPoint());
    QVERIFY(apart(seen, view_colours(view.palette()).grid) < 8);
    QVERIFY(apart(view.map()->colour_of(.1), view.map()->colour_of(0)) == 0);  // 0 is below the scale
    view.show_figure(SensitivityFigure::Queries);
    QVERIFY(apart(view.map()->colour_of(0), view.map()->colour_of(50)) > 50);  // no queries is a number of queries
  }

  void the_present_protocol_has_a_frame() {
    SensitivityView view;
    view.show_sensitivity(study());
    expose(view);
    const QPoint corner = view.map()->cell(1, 1).topLeft().toPoint() + QPoint(1, 10);
    const QColor frame = view_colours(view.palette()).text;
    QVERIFY(apart(view.map()->grab().toImage().pixelColor(corner), frame) > 100);
    Protocol protocol;
    protocol.positive_radius = 5;
    protocol.exclude_recent = 50;
    view.show_present(protocol);
    QVERIFY(apart(view.map()->grab().toImage().pixelColor(corner), frame) < 60);
  }

  void a_click_takes_a_cells_protocol() {
    SensitivityView view;
    view.show_sensitivity(study());
    expose(view);
    QSignalSpy chosen(&view, &SensitivityView::protocol_chosen);
    QTest::mouseClick(view.map(), Qt::LeftButton, {}, view.map()->cell(2, 0).center().toPoint());
    QCOMPARE(chosen.count(), 1);
    QCOMPARE(chosen[0][0].toDouble(), 10.);
    QCOMPARE(chosen[0][1].toInt(), 0);
    QTest::mouseClick(view.map(), Qt::LeftButton, {}, {2, 2});  // beside the map
    QCOMPARE(chosen.count(), 1);
  }

  void curves_are_the_row_through_the_present_protocol_with_the_queries_beside() {
    SensitivityView view;
    view.show_sensitivity(study());
    expose(view);
    Protocol protocol;
    protocol.positive_radius = 10;
    protocol.exclude_recent = 50;
    view.show_present(protocol);
    const ChartContent& figures = view.figures_chart()->content();
    QCOMPARE(int(figures.lines.size()), 3);
    QCOMPARE(figures.lines[0].points, QPolygonF({{2, 20}, {5, 40}, {10, 80}}));
    QCOMPARE(view.queries_chart()->content().lines[0].points, QPolygonF({{2, 40}, {5, 45}, {10, 50}}));
    const QImage picture = view.figures_chart()->grab().toImage();
    const QColor blue = view_colours(view.palette()).right;
    QVERIFY(apart(picture.pixelColor(view.figures_chart()->pixel_of({5, 40}).toPoint()), blue) < 60);
    protocol.exclude_recent = 0;
    view.show_present(protocol);
    QCOMPARE(view.figures_chart()->content().lines[0].points[2], QPointF(10, 90));
  }

  void it_says_what_to_do_and_what_went_wrong() {
    SensitivityView view;
    expose(view);
    const auto says = [&](const char* words) {
      for (auto* label : view.findChildren<QLabel*>())
        if (label->isVisible() && label->text().contains(QLatin1String(words))) return true;
      return false;
    };
    QVERIFY(says("Run a method first"));
    QVERIFY(!view.compute_button()->isEnabled());
    view.show_possible(true);
    QVERIFY(view.compute_button()->isEnabled());
    QSignalSpy wanted(&view, &SensitivityView::compute_wanted), cancelled(&view, &SensitivityView::cancel_wanted);
    QTest::mouseClick(view.compute_button(), Qt::LeftButton);
    QCOMPARE(wanted.count(), 1);
    view.show_running(true);
    QVERIFY(!view.compute_button()->isVisible());
    view.show_step(QStringLiteral("Varying"), 3, 9, 2.);
    view.show_running(false);
    view.show_error(QStringLiteral("no radius can be varied"));
    QVERIFY(says("no radius can be varied"));
    view.show_sensitivity(study());
    QVERIFY(says("never re-ranked"));
    view.show_sensitivity(nullptr);
    QVERIFY(says("Compute shows"));
    view.resize(300, 300);
    QVERIFY(!view.grab().isNull());
  }

  void its_plot_is_saved_with_the_numbers() {
    SensitivityView view;
    view.show_sensitivity(study());
    view.resize(900, 500);
    QTemporaryDir folder;
    auto* plot = view.map()->findChild<PlotExport*>();
    QVERIFY(plot);
    QSignalSpy saved(plot, &PlotExport::saved);
    plot->set_stamp(QStringLiteral("made"));
    for (const char* name : {"map.svg", "map.csv"}) plot->save(folder.filePath(QLatin1String(name)));
    QCOMPARE(saved.count(), 2);
    QFile csv(folder.filePath("map.csv"));
    QVERIFY(csv.open(QIODevice::ReadOnly));
    QVERIFY(csv.readAll().contains("\n50,10,50,0.8,0.85,0.82,0\n"));
    QFile svg(folder.filePath("map.svg"));
    QVERIFY(svg.open(QIODevice::ReadOnly));
    const QByteArray drawn = svg.readAll();
    QVERIFY(drawn.contains("Positive radius [m]") && drawn.contains("made"));
  }
};

}  // namespace relocus

QTEST_MAIN(relocus::SensitivityViewTest)
#include "sensitivity_view_test.moc"
