#include "widgets/truth_view.h"

#include <QAbstractItemModelTester>
#include <QCheckBox>
#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QTabWidget>
#include <QTableView>
#include <QTest>
#include <cmath>
#include <nlohmann/json.hpp>

#include "widgets/chart.h"
#include "widgets/options_form.h"
#include "widgets/theme.h"
#include "widgets/truth_model.h"

using namespace relocus;

class TruthViewTest : public QObject {
  Q_OBJECT

 private:
  static std::shared_ptr<const Trajectory> line(int frames) {
    auto made = std::make_shared<Trajectory>();
    for (int i = 0; i < frames; ++i) {
      made->positions.emplace_back(i, 0, 0);
      made->headings.push_back(0);
      made->stamps.push_back(i);
      made->travelled.push_back(i);
      made->numbers.push_back(i + 100);
    }
    return made;
  }
  /// Three pairs: overlaps 0.96, 0.25 and unknown.
  static std::shared_ptr<const TruthSummary> three_pairs() {
    PairTruth truth;
    truth.pairs = {{2, 0, 2.5, .5, .96f, 1.f, .96f}, {2, 1, 1, -.5, .2f, .3f, .25f}, {3, 0, 29.9, M_PI}};
    truth.seconds = 1;
    truth.remarks = {"1 of 5 frames have no scan"};
    return std::make_shared<const TruthSummary>(summarise(truth, {}, 5));
  }

 private Q_SLOTS:
  void a_summary_counts_pairs_by_overlap_and_distance() {
    const auto summary = three_pairs();
    QCOMPARE(summary->range_overlaps.at(19), 1);  // bins of 0.05
    QCOMPARE(summary->range_overlaps.at(5), 1);
    QCOMPARE(summary->bev_overlaps.at(19), 1);
    QCOMPARE(summary->distances.at(19), 1);  // bins of 1.5 m
    QCOMPARE(summary->distances.at(1), 1);
    QCOMPARE(summary->distances.at(0), 1);
    QCOMPARE(summary->loops, 1u);
    QVERIFY((summary->loops_of_frame == std::vector<int>{-1, -1, 1, 0, -1}));
    QCOMPARE(summary->pairs.size(), 3u);
    PairTruth many;
    many.pairs.assign(20001, {1, 0, 1, 0});
    QVERIFY(summarise(many, {}, 2).pairs.size() <= 5000);
    QCOMPARE(summarise({}, {}, 2).measured_pairs, 0u);
  }

  void the_table_shows_numbers_of_files_and_unknown_overlaps() {
    TruthModel model;
    QAbstractItemModelTester tester(&model);
    model.show_pairs(three_pairs()->pairs, line(5)->numbers);
    QCOMPARE(model.index(0, TruthModel::Query).data().toString(), "102");
    QCOMPARE(model.index(0, TruthModel::Reference).data().toString(), "100");
    QCOMPARE(model.index(0, TruthModel::RangeOverlap).data().toString(), "0.960");
    QCOMPARE(model.index(0, TruthModel::Yaw).data().toString(), "28.6");
    QCOMPARE(model.index(2, TruthModel::BevOverlap).data().toString(), "–");
    QVERIFY(std::isnan(model.index(2, TruthModel::RangeOverlap).data(Qt::UserRole).toDouble()));
    model.show_pairs({}, {});
  }

  void it_says_what_to_do_and_why_it_cannot() {
    TruthView view;
    QVERIFY(!view.preview_button()->isEnabled() && !view.generate_button()->isEnabled());
    view.show_sequence(line(5), "This sequence has no poses.");
    QVERIFY(!view.preview_button()->isEnabled());
    QCOMPARE(view.words()->text(), "This sequence has no poses.");
    view.show_sequence(line(5), {});
    QVERIFY(view.preview_button()->isEnabled() && view.generate_button()->isEnabled());
    QVERIFY(view.words()->text().contains("Preview"));
    QVERIFY(view.layouts() == std::vector<std::string>{"csv"});
    view.findChild<QCheckBox*>("layout_csv")->setChecked(false);
    QVERIFY(!view.generate_button()->isEnabled());
    view.findChild<QCheckBox*>("layout_overlapnet")->setChecked(true);
    QVERIFY(view.generate_button()->isEnabled());
    QVERIFY(view.layouts() == std::vector<std::string>{"overlapnet"});
    view.show_running(true);
    QVERIFY(!view.preview_button()->isVisibleTo(&view));
    view.show_step("Measuring pairs", 5, 10, 3.2);
    view.show_running(false);
    view.show_message("scan 7 is broken");
    QCOMPARE(view.words()->text(), "scan 7 is broken");
  }

  void a_summary_is_drawn_and_a_click_selects_its_pair() {
    TruthView view;
    view.resize(700, 450);
    view.show();
    QVERIFY(QTest::qWaitForWindowExposed(&view));
    view.show_sequence(line(5), {});
    view.show_summary(three_pairs());
    QVERIFY(view.words()->text().contains("3 of 3 pairs, 1 of them loops"));
    QVERIFY(view.words()->text().contains("no scan"));
    const auto* chart = qobject_cast<Chart*>(view.pages()->widget(0));
    QVERIFY(chart);
    QCOMPARE(chart->content().lines.size(), 2u);
    for (int page = 0; page < view.pages()->count(); ++page) {
      view.pages()->setCurrentIndex(page);
      QTest::qWait(10);
      QVERIFY(!view.grab().isNull());
    }
    QSignalSpy selected(&view, &TruthView::pair_selected);
    const QModelIndex cell = view.table()->model()->index(1, 0);
    QTest::mouseClick(view.table()->viewport(), Qt::LeftButton, {}, view.table()->visualRect(cell).center());
    QCOMPARE(selected.count(), 1);
    QCOMPARE(selected[0][0].value<FrameId>(), 2);
    QCOMPARE(selected[0][1].value<FrameId>(), 1);
    for (const Theme theme : {Theme::Dark, Theme::Light}) {
      apply_theme(theme);
      QVERIFY(!view.grab().isNull());
    }
    view.show_summary(nullptr);
    QCOMPARE(view.table()->model()->rowCount(), 0);
  }

  void options_are_those_of_the_form() {
    TruthView view;
    QCOMPARE(view.options().max_distance, 30.0);
    QVERIFY(view.form()->is_default());
    QVERIFY(view.form()->values().contains("overlap_column") && view.form()->values().contains("cell_centres"));
  }
};

QTEST_MAIN(TruthViewTest)
#include "truth_view_test.moc"
