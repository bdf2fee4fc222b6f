#include "core/published.h"

#include <set>

#include "tests/support.h"

using namespace relocus;

class PublishedTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void every_figure_is_whole() {
    const std::set<std::string> figures{"recall_at_1",        "recall_at_5", "recall_at_10",
                                        "recall_at_25",       "max_f1",      "recall_at_1_percent",
                                        "extended_precision", "auc",         "average_precision",
                                        "recall_at_20"};
    QVERIFY(published_figures().size() > 100);
    for (const PublishedFigure& published : published_figures()) {
      QVERIFY(figures.contains(published.figure));
      QVERIFY(published.value > 0 && published.value <= 1);
      QVERIFY(!published.method.empty() && !published.source.empty() && published.num_frames > 100);
      if (!published.preset.empty()) protocol_preset(published.preset);  // throws on an unknown one
    }
  }

  void only_those_of_the_sequence_are_given() {
    const auto of_08 = published_on("kitti/08");
    QVERIFY(!of_08.empty());
    for (const PublishedFigure& published : of_08) QCOMPARE(published.sequence, std::string("kitti/08"));
    QVERIFY(published_on("kitti/99").empty());
    QVERIFY(published_on("mulran/kaist").empty());
  }

  void the_same_figure_under_another_protocol_is_flagged() {
    const auto of_00 = published_on("kitti/00");
    const auto ssc = std::ranges::find_if(of_00, [](const auto& p) {
      return p.method == "Scan Context" && p.figure == "max_f1" && p.preset == "ssc_pairs";
    });
    QVERIFY(ssc != of_00.end());
    QCOMPARE(ssc->value, .75);
    QVERIFY(same_protocol(*ssc, protocol_preset("ssc_pairs")));
    QVERIFY(!same_protocol(*ssc, protocol_preset("overlap_netvlad")));
    Protocol tuned = protocol_preset("ssc_pairs");
    tuned.positive_radius = 4;  // its preset's name alone does not make it the same
    QVERIFY(!same_protocol(*ssc, tuned));
    QVERIFY(same_frames(*ssc, 4541) && !same_frames(*ssc, 300));
    const auto unknown = std::ranges::find(of_00, std::string(), &PublishedFigure::preset);
    QVERIFY(unknown != of_00.end() && !unknown->remark.empty());
    QVERIFY(!same_protocol(*unknown, protocol_preset("lcdnet_p1")));
  }

  void ranks_of_recalls_are_read_from_their_names() {
    QCOMPARE(recall_rank({.figure = "recall_at_25"}), 25);
    QCOMPARE(recall_rank({.figure = "recall_at_1"}), 1);
    QCOMPARE(recall_rank({.figure = "recall_at_1_percent"}), 0);
    QCOMPARE(recall_rank({.figure = "max_f1"}), 0);
  }
};

QTEST_APPLESS_MAIN(PublishedTest)
#include "published_test.moc"
