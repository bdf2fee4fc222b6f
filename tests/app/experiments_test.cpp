#include "app/experiments.h"

#include <QSignalSpy>
#include <set>

#include "app/session.h"
#include "app/shelter.h"
#include "core/pipeline.h"
#include "tests/app/home.h"
#include "tests/support.h"

using namespace relocus;

namespace fs = std::filesystem;

namespace {

std::shared_ptr<Experiment> experiment(const char* options, double radius = 10) {
  auto made = std::make_shared<Experiment>();
  made->method = "scan_context";
  made->options = options;
  made->protocol.positive_radius = radius;
  made->evaluation.queries = {
      {.query = 1, .best = 0, .score = .9, .answerable = true, .correct = true, .first_true_rank = 1}};
  return made;
}

bool open(Session& session, const fs::path& path) {
  session.open(path);
  return QTest::qWaitFor([&] { return session.opened() && session.is_idle(); }, 20000);
}

bool run(Session& session, int sectors) {
  session.choose_method({"scan_context", {{"sectors", sectors}}, {}});
  session.run();
  return QTest::qWaitFor([&] { return session.experiment() && session.is_idle(); }, 60000);
}

}  // namespace

class ExperimentsTest : public QObject {
  Q_OBJECT

  test::Home home_;
  fs::path laps_ = home_.two_laps(), saved_ = home_ / "saved";

 private Q_SLOTS:
  void each_has_a_label_and_a_colour_of_its_own() {
    Experiments experiments;
    std::set<QRgb> colours;
    std::set<QString> labels;
    for (const char* options : {"{1}", "{2}", "{3}", "{4}"}) experiments.add(experiment(options));
    for (const OpenExperiment& open : experiments.all()) {
      colours.insert(open.colour.rgb());
      labels.insert(open.label);
    }
    QCOMPARE(int(colours.size()), 4);
    QVERIFY(labels.contains("Scan Context") && labels.contains("Scan Context 4"));
    QCOMPARE(experiments.current()->label, QString("Scan Context 4"));
    experiments.rename(experiments.current()->id, " Scan Context ");
    QCOMPARE(experiments.current()->label, QString("Scan Context 4"));  // the first has that name
    experiments.rename(experiments.current()->id, "Mine");
    QCOMPARE(experiments.current()->label, QString("Mine"));
  }

  void a_label_tells_the_options_apart() {
    Experiments experiments;
    experiments.add(experiment(R"({"context":"polar","rings":20})"));
    experiments.add(experiment(R"({"context":"cart","rings":20})"));
    QCOMPARE(experiments.all()[0].label, QString("Scan Context"));
    QCOMPARE(experiments.all()[1].label, QString("Scan Context context=cart"));
  }

  void the_same_again_replaces_and_a_copy_is_kept() {
    Experiments experiments;
    const int first = experiments.add(experiment("{}"));
    QCOMPARE(experiments.add(experiment("{}")), first);
    QCOMPARE(int(experiments.all().size()), 1);
    const int copy = experiments.duplicate(first);
    QCOMPARE(experiments.current()->id, first);
    QVERIFY(experiments.find(copy)->kept);
    QVERIFY(experiments.find(copy)->label.contains("positive_radius=10"));
    QCOMPARE(experiments.add(experiment("{}")), first);  // not the copy
    QVERIFY(experiments.add(experiment("{}", 5)) != first);
    QCOMPARE(int(experiments.all().size()), 3);
  }

  void removing_the_current_one_takes_its_neighbour() {
    Experiments experiments;
    const int a = experiments.add(experiment("{1}")), b = experiments.add(experiment("{2}")),
              c = experiments.add(experiment("{3}"));
    experiments.set_current(b);
    experiments.remove(b);
    QCOMPARE(experiments.current()->id, c);
    experiments.remove(c);
    QCOMPARE(experiments.current()->id, a);
    experiments.remove(77);
    experiments.remove(a);
    QVERIFY(!experiments.current());
  }

  void curves_are_counted_in_the_background() {
    Experiments experiments;
    QSignalSpy changed(&experiments, &Experiments::changed);
    const int a = experiments.add(experiment("{1}")), b = experiments.add(experiment("{2}"));
    QTRY_VERIFY(experiments.find(a)->curves && experiments.find(b)->curves);
    QCOMPARE(experiments.find(a)->curves->roc.num_right, 1);
    QTRY_VERIFY(!experiments.is_busy());
    experiments.replace(a, experiment("{1}", 3));
    QVERIFY(!experiments.find(a)->curves);
    QTRY_VERIFY(experiments.find(a)->curves);
    QVERIFY(changed.count() >= 5);
  }

  void each_run_adds_one_and_all_follow_the_protocol() {
    Session session;
    QVERIFY(open(session, laps_));
    QVERIFY(run(session, 60));
    QVERIFY(run(session, 30));
    QCOMPARE(int(session.experiments().all().size()), 2);
    const int first = session.experiments().all()[0].id, second = session.experiments().all()[1].id;
    QCOMPARE(session.experiments().current()->id, second);
    session.keep_copy(second);

    Protocol nearer = session.protocol();
    nearer.positive_radius = 3;
    session.choose_protocol(nearer);
    QTRY_VERIFY_WITH_TIMEOUT(session.is_idle(), 20000);
    QCOMPARE(session.experiments().find(first)->experiment->protocol.positive_radius, 3.);
    QCOMPARE(session.experiments().find(second)->experiment->protocol.positive_radius, 3.);
    QCOMPARE(session.experiments().all()[2].experiment->protocol.positive_radius, 10.);
    QCOMPARE(session.experiment(), session.experiments().find(second)->experiment);

    const int copy = session.experiments().all()[2].id;
    session.select_experiment(copy);
    QCOMPARE(session.protocol().positive_radius, 10.);  // the window takes its protocol
    QCOMPARE(session.experiment(), session.experiments().find(copy)->experiment);
    session.remove_experiment(copy);
    QCOMPARE(session.experiment(), session.experiments().current()->experiment);
    session.remove_experiment(second);
    session.remove_experiment(first);
    QVERIFY(!session.experiment());
    QTRY_VERIFY(session.is_idle());
  }

  void a_change_is_undone_in_its_experiment_and_each_has_its_threshold_and_reviews() {
    Session session;
    QVERIFY(open(session, laps_));
    QVERIFY(run(session, 60));
    const int first = session.experiments().current()->id;
    const double best = session.threshold();
    session.choose_threshold(best + 1);
    session.reviews().edit(100, 40, {Opinion::Accepted, {}, "", false});
    QVERIFY(run(session, 30));
    const int second = session.experiments().current()->id;
    QVERIFY2(session.reviews().all().empty(), "neither is saved, and each has its own");
    QVERIFY(!session.chosen_threshold());
    session.reviews().edit(100, 41, {Opinion::Rejected, {}, "", false});
    session.select_experiment(first);
    QCOMPARE(session.threshold(), best + 1);
    QCOMPARE(session.reviews().review(100, 40).opinion, Opinion::Accepted);

    QUndoStack& undo = session.undo_stack();
    undo.undo();  // the review of the second: the window turns to it
    QCOMPARE(session.experiments().current()->id, second);
    QVERIFY(session.reviews().all().empty());
    undo.undo();  // the choice of its method, which is of no experiment
    undo.undo();
    QCOMPARE(session.experiments().current()->id, first);
    QVERIFY(session.reviews().all().empty());
    undo.undo();
    QCOMPARE(session.threshold(), best);
    for (int i = 0; i < 4; ++i) undo.redo();
    QCOMPARE(session.experiments().current()->id, second);
    QCOMPARE(session.reviews().review(100, 41).opinion, Opinion::Rejected);
    session.remove_experiment(second);
    undo.undo();  // of what is closed nothing is left
    QCOMPARE(session.experiments().current()->id, first);
    QCOMPARE(session.threshold(), best + 1);
  }

  void runs_wait_in_the_cache_until_they_are_saved() {
    Session session;
    session.shelter_runs();
    QVERIFY(open(session, laps_));
    QVERIFY(run(session, 60));
    const fs::path shelter = session.experiments().current()->shelter;
    QVERIFY(is_shelter(shelter) && fs::exists(shelter / "experiment.json"));
    session.reviews().edit(100, 40, {Opinion::Accepted, {}, "", false});
    session.reviews().flush();
    QVERIFY(fs::exists(shelter / "reviews.json"));
    const fs::path folder = home_ / "sheltered";
    session.save_experiment(folder);
    QTRY_VERIFY(session.is_idle());
    QVERIFY(!fs::exists(shelter));
    QVERIFY(fs::exists(folder / "reviews.json"));
    QCOMPARE(session.experiments().current()->place(), folder);
    QVERIFY(run(session, 30));
    const fs::path other = session.experiments().current()->shelter;
    QVERIFY(fs::exists(other));
    session.forget_unsaved_runs();
    QVERIFY(!fs::exists(other) && fs::exists(folder));
    QVERIFY(!is_shelter(folder));
    remove_shelter(folder);
    QVERIFY2(fs::exists(folder), "a person's folder is not touched");
  }

  void an_opened_experiment_of_the_sequence_joins_the_others() {
    Session session;
    QVERIFY(open(session, laps_));
    QVERIFY(run(session, 60));
    session.save_experiment(saved_);
    QTRY_VERIFY(session.is_idle());
    QVERIFY(run(session, 30));
    session.select_query(7);
    const auto opened = session.opened();
    session.open(saved_);
    QTRY_VERIFY_WITH_TIMEOUT(session.is_idle(), 20000);
    QCOMPARE(session.opened(), opened);  // nothing was opened anew
    QCOMPARE(session.query(), 7);
    QCOMPARE(int(session.experiments().all().size()), 2);  // it is the first one, again
    QCOMPARE(session.experiments().current()->label, QString("Scan Context"));
    session.open(laps_);  // the sequence itself starts afresh
    QTRY_VERIFY_WITH_TIMEOUT(session.is_idle(), 20000);
    QVERIFY(session.experiments().all().empty() && !session.experiment());
  }

  void a_comparison_and_a_study_are_worked_out_and_can_be_ended() {
    Session session;
    QVERIFY(open(session, laps_));
    QVERIFY(run(session, 60));
    QVERIFY(run(session, 6));
    const auto& all = session.experiments().all();
    Studies& studies = session.studies();
    studies.compare(all[0].experiment, all[1].experiment);
    QTRY_VERIFY(studies.comparison());
    QVERIFY(studies.comparison()->num_common > 10);
    const auto& opened = session.opened();
    studies.vary(session.experiment(), {opened, &opened->trajectory});
    QVERIFY(!session.is_idle());
    QTRY_VERIFY_WITH_TIMEOUT(studies.sensitivity(), 20000);
    QSignalSpy varied(&studies, &Studies::varied), failed(&studies, &Studies::varying_failed);
    studies.vary(session.experiment(), {opened, &opened->trajectory});
    studies.cancel_varying();
    QTest::qWait(50);
    QCOMPARE(varied.count(), 0);
    auto by_overlap = std::make_shared<Experiment>(*session.experiment());
    by_overlap->protocol.min_overlap = 0.3;
    studies.vary(by_overlap, {opened, &opened->trajectory});
    QTRY_COMPARE(failed.count(), 1);
    studies.forget_comparison();
    QVERIFY(!studies.comparison());
  }
};

QTEST_GUILESS_MAIN(ExperimentsTest)
#include "experiments_test.moc"
