#include "widgets/plot_export.h"

#include <QAction>
#include <QFile>
#include <QImageReader>
#include <QPainter>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QXmlStreamReader>

#include "tests/support.h"
#include "widgets/cell_map_view.h"
#include "widgets/curve_view.h"
#include "widgets/plan_canvas.h"

namespace relocus {
namespace {

const QString kStamp = QStringLiteral("kitti/00, Scan Context, protocol ssc_recall positive_radius=5");

/// A blue field that fills its place.
Plot field() {
  return {QStringLiteral("Blue & wide"),
          [](QPainter& painter, const QSizeF& size) { painter.fillRect(QRectF({}, size), Qt::blue); },
          [] { return QByteArray("x,y\n1,2.5\n"); }};
}

QByteArray bytes_of(const QString& path) {
  QFile file(path);
  return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

/// All words of an SVG; empty when it is no XML.
QString words_of(const QByteArray& svg) {
  QXmlStreamReader xml(svg);
  QString words;
  while (!xml.atEnd())
    if (xml.readNext() == QXmlStreamReader::Characters) words += xml.text().toString() + QLatin1Char(' ');
  return xml.hasError() ? QString() : words;
}

}  // namespace

class PlotExportTest : public QObject {
  Q_OBJECT

  QTemporaryDir folder_;

 private Q_SLOTS:
  void an_svg_is_xml_with_title_and_stamp() {
    const QString words = words_of(plot_bytes(field(), PlotFormat::Svg, kStamp, {800, 600}));
    QVERIFY(words.contains(QStringLiteral("Blue & wide")));
    QVERIFY(words.simplified().contains(QStringLiteral("ssc_recall positive_radius=5")));
  }

  void a_pdf_is_one() {
    const QByteArray pdf = plot_bytes(field(), PlotFormat::Pdf, kStamp, {800, 600});
    QVERIFY(pdf.startsWith("%PDF-"));
    QVERIFY(pdf.trimmed().endsWith("%%EOF"));
    QCOMPARE(pdf.count("/Type /Page\n"), 1);
  }

  void a_png_has_the_wanted_size_the_plot_and_the_stamp() {
    const QByteArray png = plot_bytes(field(), PlotFormat::Png, kStamp, {640, 480});
    const QImage image = QImage::fromData(png, "PNG");
    QCOMPARE(image.size(), QSize(640, 480));
    QCOMPARE(image.pixelColor(320, 240), QColor(Qt::blue));
    QVERIFY(image.pixelColor(2, 2) != QColor(Qt::blue));
    QCOMPARE(image.text("Description"), kStamp);
    const QImage bare = QImage::fromData(plot_bytes(field(), PlotFormat::Png, {}, {640, 480}), "PNG");
    bool written = false;  // where the stamp stands
    for (int x = 0; x < 640; ++x) written = written || image.pixel(x, 468) != image.pixel(1, 1);
    QVERIFY(written);
    QCOMPARE(bare.pixelColor(320, 460), QColor(Qt::blue));  // the plot takes its room
  }

  void numbers_are_those_of_the_view() {
    CurveView view;
    auto evaluation = std::make_shared<Evaluation>();
    evaluation->figures.curve = {
        {.threshold = 0.25, .precision = 1. / 3, .recall = 0.5, .f1 = 0.4, .true_positives = 7}};
    evaluation->figures.recall_at = {0.125, 0.5};
    view.show_evaluation(evaluation);
    view.show_published({{"A, B", "kitti/00", "max_f1", .75, 4541, "ssc_pairs", "paper", ""}}, 4541);
    const QByteArray csv = plot_bytes(view.plot(), PlotFormat::Csv, kStamp, {});
    const QList<QByteArray> lines = csv.split('\n');
    QVERIFY(lines[0].startsWith("# kitti/00, Scan Context"));
    QVERIFY(lines[1].startsWith("experiment,threshold,precision"));
    const QList<QByteArray> fields = lines[2].split(',');
    QCOMPARE(fields[1].toDouble(), 0.25);
    QVERIFY(std::abs(fields[2].toDouble() - 1. / 3) < 1e-8);
    QCOMPARE(fields[5].toInt(), 7);
    QVERIFY(csv.contains("# \"A, B\",max_f1,0.75"));
    view.show_page(CurvePage::RecallAt);
    QVERIFY(plot_bytes(view.plot(), PlotFormat::Csv, {}, {}).contains(",2,0.5\n"));
    view.show_all_pages();
    const QByteArray all = plot_bytes(view.plot(), PlotFormat::Csv, {}, {});
    QVERIFY(all.contains(",2,0.5\n") && all.contains("# Recall@N"));
  }

  void a_chart_is_vectors_with_words() {
    CurveView view;
    auto evaluation = std::make_shared<Evaluation>();
    for (int i = 0; i < 50; ++i)
      evaluation->figures.curve.push_back({.threshold = 1 - i / 50., .precision = 0.9, .recall = i / 50.});
    evaluation->figures.recall_at = {0.5, 0.6};
    view.show_evaluation(evaluation);
    for (int page = 0; page < 2; ++page) {
      const QByteArray svg = plot_bytes(view.plot(), PlotFormat::Svg, kStamp, {1600, 1200});
      const QString words = words_of(svg);
      QVERIFY(words.contains(QStringLiteral("Recall [%]")) && words.contains(QStringLiteral("Precision [%]")));
      QVERIFY(!svg.contains("<image"));
      view.show_all_pages();
    }
  }

  void a_canvas_is_drawn_as_it_is_seen() {
    PlanCanvas canvas(PlanCanvas::Up::Y);
    canvas.resize(400, 300);
    canvas.set_axis_titles(QStringLiteral("East [m]"), QStringLiteral("North [m]"));
    canvas.set_paint([](QPainter& painter, const QTransform& to_pixel) {
      painter.setPen(QPen(Qt::red, 3));
      painter.drawLine(to_pixel.map(QPointF(-1, -1)), to_pixel.map(QPointF(1, 1)));
    });
    const QByteArray svg = plot_bytes(plot_of(canvas, QStringLiteral("Drive")), PlotFormat::Svg, kStamp, {1600, 1200});
    QVERIFY(words_of(svg).contains(QStringLiteral("East [m]")));
    QVERIFY(svg.contains("#ff0000") && !svg.contains("<image"));
    QVERIFY(test::error_of([&] {
              plot_bytes(plot_of(canvas, QStringLiteral("Drive")), PlotFormat::Csv, {}, {});
            }).find("no numbers") != std::string::npos);
  }

  void numbers_are_those_of_the_view_around_a_canvas() {
    CellMapView cells;
    cells.show_map({{CellGrid::Shape::Square, {-1, -1}, {1, 1}}, {{2, 2}, {0.5f, std::nanf(""), 2, 3}}}, {});
    const QByteArray values = numbers_of(*cells.canvas())();
    QCOMPARE(int(values.count('\n')), 4);
    QVERIFY(values.contains("\n0,0,-0.5,-0.5,0.5\n"));
    QWidget plain;
    QVERIFY(!numbers_of(plain));
  }

  void files_are_written_by_their_suffix_and_problems_are_named() {
    const QString svg = folder_.filePath("plot.SVG"), png = folder_.filePath("plot.png");
    save_plot(field(), svg, kStamp);
    save_plot(field(), png, kStamp, {300, 200});
    QVERIFY(!words_of(bytes_of(svg)).isEmpty());
    QCOMPARE(QImageReader(png).size(), QSize(300, 200));
    QVERIFY(test::error_of([&] { save_plot(field(), folder_.filePath("plot.gif"), kStamp); }).find(".svg") !=
            std::string::npos);
    const QString nowhere = folder_.filePath("missing/plot.svg");
    QVERIFY(test::error_of([&] { save_plot(field(), nowhere, kStamp); }).find("missing/plot.svg") != std::string::npos);
    if (QFile::exists("/dev/full"))
      QVERIFY(!test::error_of([&] { save_plot(field(), "/dev/full/plot.svg", kStamp); }).empty());
    QCOMPARE(QDir(folder_.path()).entryList(QDir::Files).size(), 2);  // nothing half written is left
  }

  void a_view_tells_what_became_of_its_file() {
    QWidget view;
    PlotExport plot(&view, field);
    plot.set_stamp(kStamp);
    QSignalSpy saved(&plot, &PlotExport::saved), failed(&plot, &PlotExport::failed);
    plot.save(folder_.filePath("numbers.csv"));
    QCOMPARE(saved.count(), 1);
    QCOMPARE(bytes_of(folder_.filePath("numbers.csv")), "# " + kStamp.toUtf8() + "\nx,y\n1,2.5\n");
    plot.save(folder_.filePath("missing/numbers.csv"));
    QCOMPARE(failed.count(), 1);
    QVERIFY(failed[0][0].toString().contains(QStringLiteral("missing/numbers.csv")));
    QCOMPARE(int(view.actions().size()), 7);  // the menu
  }
};

}  // namespace relocus

QTEST_MAIN(relocus::PlotExportTest)
#include "plot_export_test.moc"
