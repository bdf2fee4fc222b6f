#include "widgets/compare_view.h"

#include <QAbstractItemModelTester>
#include <QComboBox>
#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QTableView>
#include <algorithm>

#include "tests/support.h"
#include "widgets/answer_pair.h"
#include "widgets/cloud_view.h"
#include "widgets/difference_model.h"

namespace relocus {
namespace {

ExperimentRow row(int id, const char* label, bool current = false) {
  auto evaluation = std::make_shared<Evaluation>();
  evaluation->figures.recall_at = {0.5 + id / 10.};
  evaluation->figures.max_f1 = 0.25;
  evaluation->figures.num_queries = 40;
  return {id, QString::fromLatin1(label), Qt::blue, true, current, evaluation};
}

/// B is right on two queries more.
std::shared_ptr<Comparison> comparison() {
  auto made = std::make_shared<Comparison>();
  made->num_common = 60;
  made->num_answerable = 40;
  made->recall_at_1_test = mcnemar(20, 1, 9, 10);
  made->recall_at_1 = {0.525, 0.725, {0.05, 0.35}};
  made->max_f1 = {0.6, 0.61, {-0.02, 0.04}};
  made->differences = {
      {3, 1, 2, 55, 0.5, false, true}, {4, 1, -1, 0.4, std::nan(""), true, false}, {7, 1, 2, 30, 40, false, false}};
  made->remarks = {"The protocols differ."};
  return made;
}

QTableView* list_of(CompareView& view) {
  for (auto* table : view.findChildren<QTableView*>())
    if (table != view.table()) return table;
  return nullptr;
}

}  // namespace

class CompareViewTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void the_models_keep_qts_rules() {
    ExperimentModel experiments;
    DifferenceModel differences;
    const QAbstractItemModelTester first(&experiments, QAbstractItemModelTester::FailureReportingMode::QtTest),
        second(&differences, QAbstractItemModelTester::FailureReportingMode::QtTest);
    experiments.show_experiments({row(1, "One"), row(2, "Two")});
    experiments.show_experiments({row(1, "Uno"), row(2, "Two")});
    experiments.show_experiments({row(2, "Two")});
    differences.show_differences(comparison()->differences, {}, true);
    QCOMPARE(differences.rowCount(), 2);
    differences.show_differences(comparison()->differences, {}, false);
    QCOMPARE(differences.rowCount(), 3);
    differences.show_differences({}, {}, false);
  }

  void figures_stand_in_the_table_and_ticks_and_names_can_be_changed() {
    ExperimentModel model;
    model.show_experiments({row(1, "One", true), row(2, "Two")});
    QCOMPARE(model.index(1, ExperimentModel::RecallAt1).data().toString(), QStringLiteral("70.0"));
    QCOMPARE(model.index(0, ExperimentModel::Queries).data().toInt(), 40);
    QVERIFY(model.index(0, ExperimentModel::ProtocolLine).data().toString().contains("positive_radius=10"));
    QVERIFY(model.index(0, 0).data(Qt::FontRole).value<QFont>().bold());
    QSignalSpy renamed(&model, &ExperimentModel::rename_wanted), shown(&model, &ExperimentModel::visibility_wanted);
    QVERIFY(model.setData(model.index(1, 0), QStringLiteral("  Zwei "), Qt::EditRole));
    QCOMPARE(renamed[0], QVariantList({2, QStringLiteral("Zwei")}));
    QVERIFY(!model.setData(model.index(1, 0), QStringLiteral("  "), Qt::EditRole));
    QVERIFY(model.setData(model.index(0, 0), Qt::Unchecked, Qt::CheckStateRole));
    QCOMPARE(shown[0], QVariantList({1, false}));
    QVERIFY(!model.setData(model.index(0, 1), 3, Qt::EditRole));
  }

  void without_two_experiments_it_says_what_to_do() {
    CompareView view;
    view.show();
    const auto said = [&] {
      for (auto* label : view.findChildren<QLabel*>())
        if (label->isVisible() && label->text().contains(QStringLiteral("Run a method"))) return true;
      return false;
    };
    QVERIFY(said());
    view.show_experiments({row(1, "One", true)});
    QVERIFY(said());
    view.show_experiments({row(1, "One", true), row(2, "Two")});
    QVERIFY(!said());
  }

  void the_first_two_are_compared_and_a_choice_stays() {
    CompareView view;
    QSignalSpy pairs(&view, &CompareView::pair_chosen);
    view.show_experiments({row(1, "One", true)});
    QCOMPARE(pairs.count(), 0);
    view.show_experiments({row(1, "One", true), row(2, "Two")});
    QCOMPARE(pairs.back(), QVariantList({1, 2}));
    view.show_experiments({row(1, "One"), row(2, "Two"), row(3, "Three", true)});
    QCOMPARE(view.a(), 1);
    QCOMPARE(view.b(), 2);
    QCOMPARE(pairs.count(), 1);
    auto* box = view.findChildren<QComboBox*>()[1];
    box->setCurrentIndex(2);
    QCOMPARE(pairs.back(), QVariantList({1, 3}));
    view.show_experiments({row(2, "Two"), row(3, "Three", true)});  // A is gone
    QCOMPARE(view.a(), 2);
    QCOMPARE(view.b(), 3);
  }

  void the_verdict_tells_test_intervals_and_remarks() {
    CompareView view;
    view.show_experiments({row(1, "One", true), row(2, "Two")});
    view.show_comparison(comparison());
    const QString verdict = view.verdict();
    for (const char* part : {"Two is right on 9 queries where One is not", "reverse on 1", "p = 0.021", "52.5 %",
                             "+20.0", "[+5.0, +35.0]", "may be chance", "The protocols differ.", "60 common queries"})
      QVERIFY2(verdict.contains(QLatin1String(part)), part);
    view.show_error(QStringLiteral("different <sequences>"));
    QCOMPARE(view.verdict(), QStringLiteral("different &lt;sequences&gt;"));
  }

  void a_line_selects_its_query_and_buttons_show_both_answers() {
    CompareView view;
    view.resize(600, 700);
    view.show();
    view.show_experiments({row(1, "One", true), row(2, "Two")});
    view.show_frame_numbers({100, 101, 102, 103, 104, 105, 106, 107});
    view.show_comparison(comparison());
    QCOMPARE(view.table()->model()->rowCount(), 2);  // where one is right
    const QModelIndex first = view.table()->model()->index(0, DifferenceModel::Query);
    QCOMPARE(first.data().toString(), QStringLiteral("103"));  // the file's number
    QCOMPARE(view.table()->model()->index(0, DifferenceModel::Right).data().toString(), QStringLiteral("B"));
    QCOMPARE(view.table()->model()->index(1, DifferenceModel::DistanceB).data().toString(), QStringLiteral("–"));
    QSignalSpy queries(&view, &CompareView::query_selected), answers(&view, &CompareView::answer_wanted);
    QTest::mouseClick(view.table()->viewport(), Qt::LeftButton, {}, view.table()->visualRect(first).center());
    QCOMPARE(queries.back()[0].value<FrameId>(), 3);
    QTest::mouseClick(view.show_a_button(), Qt::LeftButton);
    QCOMPARE(answers.back()[0].value<FrameId>(), 3);
    QCOMPARE(answers.back()[1].value<FrameId>(), 1);
    QTest::mouseClick(view.show_b_button(), Qt::LeftButton);
    QCOMPARE(answers.back()[1].value<FrameId>(), 2);
    view.show_query(4);
    QCOMPARE(queries.count(), 1);  // told from outside, it is not told again
    QVERIFY(view.show_a_button()->isEnabled() && !view.show_b_button()->isEnabled());  // B has no answer
  }

  void both_answers_are_seen_in_3d_with_captions() {
    CompareView view;
    view.resize(700, 800);
    view.show();
    view.show_experiments({row(1, "One", true), row(2, "Two")});
    view.show_comparison(comparison());
    QVERIFY(!view.both_in_3d());  // made when they are wanted
    QSignalSpy wanted(&view, &CompareView::scans_wanted);
    view.show_query(3);
    QCOMPARE(wanted.count(), 0);
    view.show_both_in_3d(true);
    QCOMPARE(wanted.count(), 1);
    QCOMPARE(wanted[0][0].value<FrameId>(), 1);
    QCOMPARE(wanted[0][1].value<FrameId>(), 2);
    const auto captions = view.both_in_3d()->findChildren<QLabel*>();
    const auto said = [&](const char* words) {
      return std::ranges::any_of(captions, [&](QLabel* label) { return label->text() == QLatin1String(words); });
    };
    QVERIFY(said("A: frame 1, 55.0 m from the query: wrong"));
    QVERIFY(said("B: frame 2, 0.5 m from the query: right"));
    auto cloud = std::make_shared<PointCloud>();
    for (int i = 0; i < 500; ++i) cloud->points.emplace_back(float(i % 20), float(i / 20), 0.f);
    view.show_scans(cloud, nullptr);
    view.grab();
    QVERIFY(view.both_in_3d()->view(false)->points_drawn() > 0);
    view.show_query(4);
    QVERIFY(said("B: no answer"));
    view.show_scan_error(QStringLiteral("gone"));
    view.show_both_in_3d(false);
    view.show_query(3);
    QCOMPARE(wanted.count(), 2);
  }

  void the_table_sorts_by_numbers_with_unknown_ones_last() {
    CompareView view;
    view.show_experiments({row(1, "One", true), row(2, "Two")});
    view.show_comparison(comparison());
    view.findChildren<QComboBox*>()[2]->setCurrentIndex(1);
    auto* table = view.table();
    const auto column = [&] {
      QStringList texts;
      for (int i = 0; i < table->model()->rowCount(); ++i)
        texts << table->model()->index(i, DifferenceModel::DistanceB).data().toString();
      return texts;
    };
    table->sortByColumn(DifferenceModel::DistanceB, Qt::AscendingOrder);
    QCOMPARE(column(), QStringList({"0.5", "40.0", "–"}));
    table->sortByColumn(DifferenceModel::DistanceB, Qt::DescendingOrder);
    QCOMPARE(column(), QStringList({"40.0", "0.5", "–"}));
  }

  void buttons_ask_for_the_selected_experiment() {
    CompareView view;
    view.resize(600, 700);
    view.show();
    view.show_experiments({row(1, "One", true), row(5, "Five")});
    QSignalSpy current(&view, &CompareView::current_wanted), removed(&view, &CompareView::remove_wanted),
        copied(&view, &CompareView::copy_wanted);
    list_of(view)->selectRow(1);
    for (auto* button : view.findChildren<QPushButton*>())
      if (button->isVisible() && button->isEnabled() && !button->isCheckable() && !button->text().startsWith("Show"))
        QTest::mouseClick(button, Qt::LeftButton);
    QCOMPARE(current[0][0].toInt(), 5);
    QCOMPARE(removed[0][0].toInt(), 5);
    QCOMPARE(copied[0][0].toInt(), 5);
  }
};

}  // namespace relocus

QTEST_MAIN(relocus::CompareViewTest)
#include "compare_view_test.moc"
