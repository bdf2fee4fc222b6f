// Verified loops in the window: the job, the table, the files that are kept and exported.
#include <QTableView>
#include <algorithm>

#include "core/files.h"
#include "core/verification.h"
#include "tests/app/desk.h"
#include "tests/app/home.h"
#include "tests/support.h"
#include "widgets/candidate_model.h"
#include "widgets/candidate_table.h"

using namespace relocus;

namespace fs = std::filesystem;

class VerifyWindowTest : public QObject {
  Q_OBJECT

  test::Home home_;
  fs::path laps_ = home_.two_laps();

 private Q_SLOTS:
  void loops_are_verified_shown_saved_and_read_again() {
    const fs::path folder = home_ / "verified";
    int fitting = 0;
    {
      test::Desk desk;
      QVERIFY(desk.open(laps_) && desk.run());
      QVERIFY(!desk.session.verified());
      QSignalSpy changed(&desk.session, &Session::verified_changed);
      desk.session.verify_loops();
      QVERIFY(desk.session.is_active(Activity::Verifying));
      QVERIFY(desk.idle());
      QCOMPARE(changed.size(), 1);
      const auto pairs = desk.session.verified();
      QVERIFY(pairs && !pairs->empty());
      for (const auto& [pair, pose] : *pairs) fitting += pose.verified;
      QVERIFY(fitting > 10);
      const auto best = std::ranges::find_if(*pairs, [](const auto& each) { return each.second.verified; });
      desk.session.select_query(best->first.first);
      auto* model = desk.view<CandidateTable>()->table()->model();
      QCOMPARE(model->index(0, CandidateModel::Verified).data().toString(), QString("Fits"));
      QVERIFY(!desk.view<CandidateTable>()->table()->isColumnHidden(CandidateModel::Verified));
      desk.session.export_experiment("g2o", false, home_ / "loops.g2o", true);
      QVERIFY(desk.idle());
      QVERIFY(read_text(home_ / "loops.g2o").find("loops: those whose scans fit") != std::string::npos);
      desk.session.save_experiment(folder);
      QVERIFY(desk.idle());
      QVERIFY(fs::exists(folder / "verified.csv"));
    }
    test::Desk desk;
    QVERIFY(desk.open(folder));
    QVERIFY(desk.session.verified());
    QCOMPARE(std::ranges::count_if(*desk.session.verified(), [](const auto& each) { return each.second.verified; }),
             fitting);
    QVERIFY(desk.open(laps_));
    QVERIFY(!desk.session.verified());
  }

  void a_verification_can_be_cancelled() {
    test::Desk desk;
    QVERIFY(desk.open(laps_) && desk.run());
    desk.session.verify_loops();
    desk.session.cancel(Activity::Verifying);
    QVERIFY(desk.idle());
    QVERIFY(!desk.session.is_active(Activity::Verifying));
    QVERIFY(!desk.session.verified());
  }

  void a_damaged_file_is_told_and_nothing_else_is_lost() {
    const fs::path folder = home_ / "damaged";
    test::Desk desk;
    QVERIFY(desk.open(laps_) && desk.run());
    desk.session.save_experiment(folder);
    QVERIFY(desk.idle());
    write_atomically(folder / "verified.csv", "nonsense\n1,2\n");
    QSignalSpy logged(&desk.session, &Session::logged);
    QVERIFY(desk.open(folder));
    QVERIFY(desk.session.experiment() && !desk.session.verified());
    QVERIFY(
        std::ranges::any_of(logged, [](const auto& line) { return line.at(1).toString().contains("verified.csv"); }));
  }
};

QTEST_MAIN(VerifyWindowTest)
#include "verify_window_test.moc"
