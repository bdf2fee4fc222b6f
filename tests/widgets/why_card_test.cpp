#include "widgets/why_card.h"

#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QToolButton>

#include "tests/support.h"
#include "widgets/review_form.h"

using namespace relocus;

class WhyCardTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void the_card_says_reasons_and_figures_with_units() {
    PairFacts facts;
    facts.translation = 3.24;
    facts.yaw_difference = 178;
    facts.height_difference = 0.3;
    facts.positive_radius = 10;
    facts.right = true;
    facts.answerable = facts.admitted = facts.reranked = true;
    facts.rank = 2;
    facts.rank_before = 1;
    facts.first_true_rank = 2;
    facts.first_true_rank_before = 1;
    facts.distance = 0.4f;
    facts.similarity = 0.31f;
    facts.true_overlap = 0.82;
    facts.missing_in_candidate = MissingSectors{70, 12, 60, 90};
    facts.missing_in_query = MissingSectors{70, 0, 0, NAN};
    facts.occlusion = Occlusion{5000, 0.4, 0.1};
    WhyCard card;
    card.show_facts(facts, 1120, 1020);
    const QString text = card.text();
    for (const QString words :
         {"Query 1120", "candidate 1020", "Right, but not accepted", "does not reach the threshold",
          "driven the other way", "178°", "lacks a sector of 60° (on the left)",
          "40 % of the candidate's points are hidden", "3.2 m", "0.310", "82 %", "0.3 m"})
      QVERIFY2(text.contains(words), qPrintable(words + "\n" + text));
    QVERIFY(!text.contains("Comparing"));
    card.show_facts(facts, 1120, 1020, true);
    QVERIFY(card.text().contains("Comparing"));
  }

  void every_reason_has_a_sentence() {
    PairFacts facts;
    facts.missing_in_query = MissingSectors{70, 12, 60, -90};
    for (int reason = 0; reason <= int(Reason::NothingUnusual); ++reason)
      QVERIFY2(sentence_of(Reason(reason), facts).size() > 15, qPrintable(QString::number(reason)));
    QVERIFY(sentence_of(Reason::MissingSector, facts).contains("on the right"));
  }

  void unknown_figures_are_said_to_be_unknown() {
    WhyCard card;
    card.show_facts({}, 5, 6);
    QVERIFY(card.text().contains("unknown"));
    QVERIFY(!card.text().contains("nan", Qt::CaseInsensitive));
    card.show_empty("Nothing <here> & there");
    QVERIFY(card.text().contains("<here> & there"));
  }

  void the_form_tells_what_a_person_edits() {
    ReviewForm form;
    QVERIFY(!form.isEnabled());
    form.show_review({});
    QVERIFY(form.isEnabled());
    QSignalSpy edited(&form, &ReviewForm::edited);
    const auto last = [&] { return edited.back()[0].value<Review>(); };
    form.button(Opinion::Rejected)->click();
    QCOMPARE(last().opinion, Opinion::Rejected);
    QTest::keyClicks(form.tags(), "rain, lorry");
    QCOMPARE(last().tags, (std::vector<std::string>{"rain", "lorry"}));
    QTest::keyClicks(form.note(), "hm");
    QCOMPARE(last().note, std::string("hm"));
    form.loop_button()->click();
    QVERIFY(last().added);
    QCOMPARE(last().opinion, Opinion::Accepted);
    form.loop_button()->click();
    QVERIFY(!last().added);
  }

  void showing_never_tells_and_never_takes_the_comma_that_is_being_typed() {
    ReviewForm form;
    form.show_review({});
    QTest::keyClicks(form.tags(), "rain,");
    QSignalSpy edited(&form, &ReviewForm::edited);
    form.show_review(form.review());
    QCOMPARE(form.tags()->text(), "rain,");
    form.show_review({Opinion::Accepted, {"a", "b"}, "note", true});
    QCOMPARE(edited.count(), 0);
    QCOMPARE(form.tags()->text(), "a, b");
    QCOMPARE(form.review(), (Review{Opinion::Accepted, {"a", "b"}, "note", true}));
    form.show_no_pair();
    QVERIFY(form.review().is_empty());
  }
};

QTEST_MAIN(WhyCardTest)
#include "why_card_test.moc"
