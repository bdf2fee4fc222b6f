#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QImage>
#include <QLabel>
#include <QLineEdit>
#include <QProcess>
#include <QPushButton>
#include <QSpinBox>

#include "app/export_dialog.h"
#include "app/message_bar.h"
#include "core/exports/registry.h"
#include "core/files.h"
#include "tests/app/desk.h"
#include "tests/app/home.h"
#include "tests/made_files.h"
#include "tests/support.h"
#include "widgets/bev_view.h"

using namespace relocus;

namespace fs = std::filesystem;

/// Exports as a person makes them in the window: by keys and the mouse.
class ExportTest : public QObject {
  Q_OBJECT

  test::Home home_;

  /// Asks for the dialog of `key` and gives it back.
  template <class Dialog>
  static Dialog* ask(test::Desk& desk, const QKeySequence& key) {
    QTest::keySequence(&desk.window, key);
    Dialog* dialog = nullptr;
    static_cast<void>(
        QTest::qWaitFor([&] { return (dialog = desk.window.findChild<Dialog*>()) && dialog->isVisible(); }));
    return dialog;
  }
  static void type(QDialog* dialog, const fs::path& path) {
    auto* line = dialog->findChild<QLineEdit*>("file");
    line->selectAll();
    QTest::keyClicks(line, QString::fromStdString(path.string()));
  }
  static void agree(QDialog* dialog) {
    QTest::mouseClick(dialog->findChild<QDialogButtonBox*>()->button(QDialogButtonBox::Ok), Qt::LeftButton);
  }
  static bool told(test::Desk& desk, const QString& part) {
    auto* messages = desk.window.findChild<MessageBar*>();
    return QTest::qWaitFor([&] { return messages->isVisible() && messages->text().contains(part); }, 20000);
  }

 private Q_SLOTS:
  void initTestCase() { home_.two_laps({.frames_per_lap = 40}); }

  void the_window_and_the_command_line_write_the_same_bytes() {
    test::Desk desk;
    QVERIFY(desk.open(home_ / "laps"));
    QVERIFY(desk.run());
    desk.session.save_experiment(home_ / "experiment");
    QTRY_VERIFY(desk.session.is_idle() && fs::exists(home_ / "experiment/experiment.json"));
    for (const bool chosen : {false, true})
      for (const ExportFormat& format : exports()) {
        if (!format.suits(*desk.session.experiment())) continue;
        QStringList arguments{"export",   QString::fromStdString((home_ / "experiment").string()),
                              "--format", QString::fromStdString(format.name),
                              "--out",    QString::fromStdString((home_ / "by_cli").string())};
        if (chosen) {
          desk.session.choose_threshold(0.875);
          arguments += {"--threshold", "0.875", "--accepted"};
        }
        QSignalSpy written(&desk.session, &Session::exported);
        desk.session.export_experiment(format.name, chosen, home_ / "by_window");
        QVERIFY2(written.wait(20000), format.name.c_str());
        QCOMPARE(QProcess::execute(RELOCUS_BINARY_DIR "/relocus-cli", arguments), 0);
        QVERIFY2(read_text(home_ / "by_window") == read_text(home_ / "by_cli"), format.name.c_str());
      }
  }

  void a_dialog_asks_for_format_and_place() {
    test::Desk desk;
    QVERIFY(desk.open(home_ / "laps"));
    QVERIFY(desk.run());
    auto* dialog = ask<ExportDialog>(desk, QKeySequence("Ctrl+Shift+E"));
    QVERIFY(dialog);
    auto* format = dialog->findChild<QComboBox*>("format");
    const auto suits = [&](const ExportFormat& each) { return each.suits(*desk.session.experiment()); };
    QCOMPARE(format->count(), int(std::ranges::count_if(exports(), suits)));
    auto* accepted = dialog->findChild<QCheckBox*>("accepted_only");
    auto* line = dialog->findChild<QLineEdit*>("file");
    dialog->choose_format("kapture");
    QVERIFY(accepted->isEnabled() && line->text().endsWith("laps_scan_context.txt"));
    dialog->choose_format("g2o");  // always the accepted loops
    QVERIFY(!accepted->isEnabled() && line->text().endsWith("laps_scan_context.g2o"));
    dialog->choose_format("kapture");
    QTest::mouseClick(accepted, Qt::LeftButton, {}, QPoint(8, accepted->height() / 2));
    QVERIFY(dialog->accepted_only());
    type(dialog, home_ / "pairs.txt");
    agree(dialog);
    QVERIFY(told(desk, "pairs.txt"));
    QVERIFY(read_text(home_ / "pairs.txt").starts_with("# kapture format: 1.0"));
    auto* remedy = desk.window.findChild<MessageBar*>()->findChild<QPushButton*>();
    QVERIFY(remedy->isVisible() && remedy->text().contains("folder"));
  }

  void what_is_there_is_not_replaced_unseen() {
    test::write_file(home_ / "taken.csv", "mine");
    ExportDialog dialog("/tmp", "x", Experiment(), 0.5);
    const auto remark = [&](const fs::path& path) {
      type(&dialog, path);
      return dialog.findChild<QLabel*>("remark")->text();
    };
    QVERIFY(remark(home_ / "taken.csv").contains("replaced"));
    QVERIFY(remark(home_ / "no/such/file.csv").contains("does not exist"));
    QVERIFY(remark(home_.path()).contains("folder"));
    QVERIFY(!dialog.findChild<QDialogButtonBox*>()->button(QDialogButtonBox::Ok)->isEnabled());
    QVERIFY(remark(home_ / "new.csv").isEmpty());
  }

  void a_home_that_is_not_there_is_named() {
    test::Desk desk;
    QVERIFY(desk.open(home_ / "laps"));
    QVERIFY(desk.run());
    auto* dialog = ask<ExportDialog>(desk, QKeySequence("Ctrl+Shift+R"));
    QVERIFY(dialog);
    QCOMPARE(dialog->format(), QString("report"));
    type(dialog, home_ / "no/such/report.html");
    agree(dialog);
    QVERIFY(told(desk, "no/such/report.html"));
    QVERIFY(desk.session.is_idle());
  }

  void a_view_becomes_a_picture_of_the_chosen_size_data() {
    QTest::addColumn<QString>("view");
    QTest::addColumn<QSize>("size");
    QTest::newRow("a scan, large") << "query" << QSize(1500, 1100);
    QTest::newRow("a plan") << "trajectory" << QSize(800, 600);
    QTest::newRow("behind another view") << "log" << QSize(640, 400);
    QTest::newRow("smaller than it can be") << "candidates" << QSize(80, 64);
  }
  void a_view_becomes_a_picture_of_the_chosen_size() {
    QFETCH(QString, view);
    QFETCH(QSize, size);
    test::Desk desk;
    QVERIFY(desk.open(home_ / "laps"));
    auto* dialog = ask<PictureDialog>(desk, QKeySequence("Ctrl+Shift+P"));
    QVERIFY(dialog);
    dialog->choose_view(view);
    QCOMPARE(dialog->view(), view);
    dialog->findChild<QSpinBox*>("width")->setValue(size.width());
    dialog->findChild<QSpinBox*>("height")->setValue(size.height());
    const fs::path path = home_ / (view.toStdString() + ".png");
    type(dialog, path);
    agree(dialog);
    QVERIFY(told(desk, view + ".png"));
    const QImage picture(QString::fromStdString(path.string()));
    QCOMPARE(picture.size(), size);
    QSet<QRgb> colours;
    for (int y = 0; y < picture.height(); ++y)
      for (int x = 0; x < picture.width(); ++x) colours.insert(picture.pixel(x, y));
    QVERIFY2(colours.size() > 8, "something is drawn");
    auto* dock = desk.dock(view.toLatin1().constData());
    QVERIFY(dock->rect().contains(dock->widget()->geometry()));  // it is back in its place
  }
};

QTEST_MAIN(ExportTest)
#include "export_test.moc"
