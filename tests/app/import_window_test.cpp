// What others made, in the window: their results on a sequence, and sequences of images alone.
#include <QDialog>
#include <QLabel>
#include <QPlainTextEdit>
#include <QTextBrowser>
#include <fstream>

#include "app/importer.h"
#include "tests/app/desk.h"
#include "tests/app/home.h"
#include "tests/support.h"
#include "widgets/curve_view.h"
#include "widgets/log_view.h"

using namespace relocus;

class ImportWindowTest : public QObject {
  Q_OBJECT

  test::Home home_;
  std::filesystem::path laps_ = home_.two_laps();

 private Q_SLOTS:
  void results_of_others_join_the_experiments() {
    const std::filesystem::path file = home_ / "answers.txt";
    {
      std::ofstream answers(file);
      for (int i = 60; i < 120; ++i) answers << i << ' ' << i - 60 << '\n';
    }
    test::Desk desk;
    QVERIFY(desk.open(laps_));
    QVERIFY(desk.run());
    desk.view<Importer>()->import(file);
    QTRY_COMPARE(int(desk.session.experiments().all().size()), 2);
    QVERIFY(desk.idle());
    QVERIFY(desk.session.experiment()->method.empty());
    QCOMPARE(desk.session.experiment()->evaluation.figures.recall_at.front(), 1.);
    QVERIFY2(desk.window.windowTitle().contains("Imported"), qPrintable(desk.window.windowTitle()));
    desk.session.select_query(70);
    QCOMPARE(desk.session.candidate(), std::optional<FrameId>(10));
    QVERIFY(desk.idle());
  }

  void a_file_of_something_else_is_refused_and_loses_nothing() {
    const std::filesystem::path file = home_ / "poem.txt";
    std::ofstream(file) << "shall I compare thee\n";
    test::Desk desk;
    QVERIFY(desk.open(laps_));
    QSignalSpy failures(&desk.session, &Session::failed);
    desk.view<Importer>()->import(file);
    QVERIFY(failures.wait());
    QVERIFY2(failures.front().front().toString().contains("poem.txt"), qPrintable(failures.front().front().toString()));
    QVERIFY(desk.session.opened() && desk.session.experiments().all().empty());
  }

  void figures_are_told_by_kind_of_revisit() {
    test::Desk desk;
    QVERIFY(desk.open(laps_));
    QVERIFY(desk.run());
    desk.raise("curves");
    for (auto* label : desk.in_dock<CurveView>("curves")->findChildren<QLabel*>())
      if (label->text().contains("href='kinds'")) Q_EMIT label->linkActivated("kinds");
    auto* dialog = desk.window.findChild<QDialog*>("kinds");
    QVERIFY(dialog && dialog->isVisible());
    const QString table = dialog->findChild<QTextBrowser*>()->toPlainText();
    QVERIFY2(table.contains("Same direction") && table.contains("Recall@1 [%]"), qPrintable(table));
    QVERIFY(!table.contains("Reverse"));  // nobody drove back
  }

  void a_sequence_of_images_shows_images_and_complains_of_no_scan() {
    const std::filesystem::path corridor = test::shared_folder() / "data/vpr/corridor";
    RELOCUS_NEED(corridor);
    test::Desk desk;
    QVERIFY(desk.open(corridor));
    for (const char* layout : {"inspect", "browse"}) {
      desk.window.choose_layout(layout);
      QTRY_VERIFY(!desk.dock("images")->visibleRegion().isEmpty());
      for (const char* of_scans : {"query", "bev", "pair", "overlap"})
        QVERIFY2(desk.dock(of_scans)->isHidden(), of_scans);
    }
    desk.session.step(1);
    QVERIFY(desk.idle());
    for (const auto* text : desk.view<LogView>()->findChildren<QPlainTextEdit*>()) {
      QVERIFY2(!text->toPlainText().contains("Error"), qPrintable(text->toPlainText()));
      QVERIFY2(text->toPlainText().contains("222 images, no poses"), qPrintable(text->toPlainText()));
    }
  }
};

QTEST_MAIN(ImportWindowTest)
#include "import_window_test.moc"
