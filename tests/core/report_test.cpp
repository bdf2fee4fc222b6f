#include "core/report.h"

#include <QRegularExpression>
#include <QXmlStreamReader>
#include <cmath>

#include "core/datasets/registry.h"
#include "core/files.h"
#include "core/pipeline.h"
#include "core/report_plots.h"
#include "tests/app/made_sequence.h"
#include "tests/full_disk.h"
#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;

namespace {

/// What is read in a page: its text without marks, and what it refers to.
struct Page {
  bool well_formed = false;
  QString problem, text;
  QStringList ids, references, paths;
};

Page read(const std::string& html) {
  Page page;
  QXmlStreamReader reader(QByteArray::fromStdString(html));
  while (!reader.atEnd()) {
    reader.readNext();
    if (reader.isCharacters()) page.text += reader.text();
    if (!reader.isStartElement()) continue;
    const auto attributes = reader.attributes();
    for (const auto& attribute : attributes) {
      if (attribute.name() == u"id") page.ids += attribute.value().toString();
      if (attribute.name() == u"src" || attribute.name() == u"href") page.references += attribute.value().toString();
      if (attribute.name() == u"d") page.paths += attribute.value().toString();
    }
  }
  page.well_formed = !reader.hasError();
  page.problem = reader.errorString();
  return page;
}

}  // namespace

class ReportTest : public QObject {
  Q_OBJECT

  test::MadeFolder folder_;
  std::shared_ptr<const Sequence> sequence_;
  Trajectory trajectory_;
  Experiment experiment_;

  /// Everything is accepted: the method is too good for wrong answers otherwise.
  ExportOptions options() const {
    ExportOptions options;
    options.sequence = sequence_;
    options.acceptance.threshold = -1;
    return options;
  }

 private Q_SLOTS:
  void initTestCase() {
    test::write_two_laps(folder_ / "laps", {.frames_per_lap = 40});
    sequence_ = std::make_shared<Sequence>(open_sequence(folder_ / "laps"));
    trajectory_ = trajectory(*sequence_);
    Job job;
    job.method = "scan_context";
    job.protocol.exclude_recent = 5;
    job.protocol.positive_radius = 4;
    job.protocol.num_candidates = 5;
    job.protocol = stamped(job.protocol);
    job.out = folder_ / "experiment";
    experiment_ = run(*sequence_, job);
    QVERIFY(experiment_.evaluation.figures.num_queries > 30);
  }

  void is_one_well_formed_page_without_anything_outside() {
    const std::string html = report_html(experiment_, trajectory_, options());
    const Page page = read(html);
    QVERIFY2(page.well_formed, qPrintable(page.problem));
    for (const QString& reference : page.references)
      QVERIFY2(reference.startsWith("data:image/png;base64,"), qPrintable(reference.left(80)));
    QVERIFY(!page.references.isEmpty());
    QVERIFY(html.find("@import") == std::string::npos && html.find("url(") == std::string::npos);
    for (const char* id : {"figures", "curves", "strata", "false_positives", "misses", "candidates", "protocol", "made",
                           "environment", "hashes"})
      QVERIFY2(page.ids.contains(id), id);
    QVERIFY(html.find("prefers-color-scheme: dark") != std::string::npos);
    QVERIFY(html.find("@media print") != std::string::npos);
  }

  void tells_the_figures_that_were_measured() {
    const Figures& figures = experiment_.evaluation.figures;
    const QString text = read(report_html(experiment_, trajectory_, options())).text;
    for (const double value : {figures.recall_at[0], figures.max_f1, figures.average_precision, figures.auc,
                               figures.recall_at_1_interval->lower, figures.max_f1_interval->upper})
      QVERIFY2(text.contains(QString::number(value, 'f', 4)), qPrintable(QString::number(value, 'f', 4)));
    QVERIFY(text.contains(QString("%1 queries that have a right answer").arg(figures.num_queries)));
    QVERIFY(text.contains(QString::fromStdString(one_line(experiment_.evaluation.protocol))));
    QVERIFY(text.contains("relocus-cli run") && text.contains("--exclude-recent 5") && text.contains("LibTorch"));
    QVERIFY(text.contains(QString::fromStdString(experiment_.sequence_identity)));
  }

  void the_threshold_makes_the_cases() {
    ExportOptions strict = options(), lax = options();
    strict.acceptance.threshold = 2;  // no similarity is above 1
    lax.acceptance.threshold = -1;
    const QString nothing = read(report_html(experiment_, trajectory_, strict)).text;
    QVERIFY(nothing.contains("None: no wrong answer reaches the threshold") && nothing.contains("Query"));
    const QString all = read(report_html(experiment_, trajectory_, lax)).text;
    QVERIFY(all.contains("None: every place that was seen before is recognised"));
    // The worst wrong answer comes first.
    double worst = -1;
    FrameId query = -1;
    for (const QueryResult& result : experiment_.evaluation.queries)
      if (outcome(result, -1) == Outcome::FalsePositive && result.score > worst)
        worst = result.score, query = result.query;
    QVERIFY(query >= 0);
    const auto first = QRegularExpression("Query (\\d+) → ").match(all);
    QCOMPARE(first.captured(1).toInt(), query);
  }

  void the_curve_that_is_drawn_is_the_curve() {
    Figures figures;
    for (int i = 0; i <= 4; ++i) figures.curve.push_back({1 - 0.25 * i, 1 - 0.1 * i, 0.25 * i, 0.2 * i, 0, 0, 0});
    const Page page = read(precision_recall_figure(figures, 0.5));
    QVERIFY2(page.well_formed, qPrintable(page.problem));
    const QString line = page.paths.last();
    // Recall 0 … 1 spans from x = 52 to 446, precision 1 … 0 from y = 12 to 256.
    QVERIFY2(line.startsWith("M52.0 12.0L150.5 36.4"), qPrintable(line));
    QVERIFY2(line.endsWith("446.0 109.6"), qPrintable(line));
    QCOMPARE(working_point(figures, 0.5)->recall, 0.5);
    QVERIFY(!working_point(figures, 1.5));
  }

  void equal_experiments_make_equal_pages() {
    QVERIFY(report_html(experiment_, trajectory_, options()) == report_html(experiment_, trajectory_, options()));
    const Experiment loaded = load_experiment(folder_ / "experiment");
    const Trajectory saved = load_trajectory(folder_ / "experiment");
    QVERIFY(report_html(loaded, saved, options()) == report_html(experiment_, trajectory_, options()));
  }

  void what_is_gone_is_said() {
    const std::string blind = report_html(experiment_, trajectory_, {});
    QVERIFY(read(blind).well_formed && read(blind).references.isEmpty());
    QVERIFY(read(blind).text.contains("could not be opened any more"));
    auto moved = std::make_shared<Sequence>(*sequence_);
    for (Frame& frame : moved->frames) frame.cloud = "/gone/" + frame.cloud.filename().string();
    ExportOptions without = options();
    without.sequence = moved;
    const Page page = read(report_html(experiment_, trajectory_, without));
    QVERIFY(page.well_formed && page.text.contains("No picture: ") && page.text.contains("/gone/"));
  }

  void answers_without_ground_truth_are_reported_unjudged() {
    Trajectory blind = trajectory_;
    for (auto& position : blind.positions) position.setConstant(NAN);
    Experiment unjudged = experiment_;
    unjudged.evaluation = evaluate_if_known(blind, unjudged.retrievals, unjudged.protocol);
    const Page page = read(report_html(unjudged, blind, options()));
    QVERIFY2(page.well_formed, qPrintable(page.problem));
    QVERIFY(page.text.contains("unjudged") && page.ids.contains("candidates") && !page.ids.contains("figures"));
  }

  void names_that_look_like_marks_stay_text() {
    Experiment strange = experiment_;
    strange.sequence_name = "<script>alert(\"1\") & co</script>";
    strange.sequence = "/data/it's <here>";
    const std::string html = report_html(strange, trajectory_, options());
    const Page page = read(html);
    QVERIFY2(page.well_formed, qPrintable(page.problem));
    QVERIFY(html.find("<script") == std::string::npos && page.text.contains(strange.sequence_name.c_str()));
    QVERIFY(page.text.contains("'/data/it'\\''s <here>'"));
  }

  void can_be_cancelled() {
    std::stop_source stop;
    ExportOptions cancelled = options();
    cancelled.acceptance.threshold = 2;
    cancelled.progress = Progress({}, stop.get_token());
    stop.request_stop();
    QVERIFY_EXCEPTION_THROWN(
        export_format("report").write(experiment_, trajectory_, cancelled, folder_ / "cancelled.html"), Cancelled);
    QVERIFY(!std::filesystem::exists(folder_ / "cancelled.html"));
  }
};

QTEST_APPLESS_MAIN(ReportTest)
#include "report_test.moc"
