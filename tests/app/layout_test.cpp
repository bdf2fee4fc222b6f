#include <QDockWidget>
#include <QLabel>
#include <QSettings>
#include <QStatusBar>
#include <QTabBar>
#include <QToolBar>
#include <functional>

#include "app/layout_presets.h"
#include "tests/app/desk.h"
#include "tests/app/home.h"
#include "tests/support.h"

using namespace relocus;

namespace {

bool in_front(test::Desk& desk, const char* name) { return !desk.dock(name)->visibleRegion().isEmpty(); }

}  // namespace

class LayoutTest : public QObject {
  Q_OBJECT

  test::Home home_;
  std::filesystem::path laps_ = home_.two_laps({.frames_per_lap = 10});

 private Q_SLOTS:
  void initTestCase() {
    QApplication::setOrganizationName("relocus");
    QApplication::setApplicationName("layout_test");
  }
  void init() { QSettings().clear(); }

  void every_preset_fits_into_the_smallest_window() {
    test::Desk desk;
    QVERIFY(desk.open(laps_));
    QTest::qWait(20);
    for (const QString& name : desk.window.layouts()) {
      QVERIFY(desk.window.choose_layout(name));
      QTest::qWait(50);
      QVERIFY2(desk.window.size() == QSize(1280, 800), qPrintable(name));
      for (auto* dock : desk.window.findChildren<QDockWidget*>()) {
        if (dock->visibleRegion().isEmpty()) continue;
        const QByteArray who = (name + "/" + dock->objectName()).toUtf8();
        QVERIFY2(desk.window.rect().contains(dock->geometry()), who);
        const QSize least = dock->minimumSizeHint();
        QVERIFY2(dock->width() >= least.width() && dock->height() >= least.height(), who);
        QVERIFY2(dock->width() >= 200 && dock->height() >= 60, who);
        QVERIFY2(dock->fontMetrics().horizontalAdvance(dock->windowTitle()) < dock->width() - 40, who);
      }
      for (auto* bar : desk.window.findChildren<QTabBar*>()) {
        if (!bar->isVisible() || bar->parentWidget() != &desk.window) continue;
        int wanted = 0;
        for (int i = 0; i < bar->count(); ++i) {
          const QString text = bar->tabText(i);
          wanted += bar->tabRect(i).width();
          QVERIFY2(bar->tabRect(i).width() > bar->fontMetrics().horizontalAdvance(text),
                   qPrintable(name + ": " + text));
        }
        QVERIFY2(wanted <= bar->width() + 1, qPrintable(name + ": the tabs of " + bar->tabText(0)));
      }
    }
  }

  void presets_name_only_docks_that_exist_and_put_the_first_in_front() {
    test::Desk desk;
    QVERIFY(desk.open(laps_));
    QTest::qWait(20);
    for (const auto& preset : layout_presets()) {
      if (preset.needs && !desk.dock(preset.needs)) continue;
      QVERIFY(desk.window.choose_layout(QString(preset.name).toUpper()));
      QTest::qWait(20);
      std::function<void(const Pane&)> look = [&](const Pane& pane) {
        for (const char* name : pane.tabs)
          if (desk.dock(name) && QString(name) != "images") {  // this sequence has none
            QVERIFY2(in_front(desk, name), name);
            break;
          }
        for (const Pane& part : pane.parts) look(part);
      };
      look(preset.window);
    }
    QVERIFY(!desk.window.choose_layout("no such layout"));
    desk.window.choose_layout("browse");
    QVERIFY(desk.dock("curves")->isHidden());
  }

  void a_layout_of_ones_own_is_saved_chosen_and_forgotten() {
    test::Desk desk;
    QVERIFY(desk.open(laps_));
    QTest::qWait(20);
    desk.dock("trajectory")->hide();
    desk.window.save_layout("mine");
    QVERIFY(desk.window.layouts().contains("mine"));
    desk.window.choose_layout("inspect");
    QVERIFY(!desk.dock("trajectory")->isHidden());
    {
      test::Desk other;
      other.window.choose_layout("mine");  // before anything is open
      QVERIFY(other.open(laps_));
      QTest::qWait(20);
      QVERIFY(other.dock("trajectory")->isHidden());
      QVERIFY(!other.dock("query")->isHidden());
    }
    desk.window.findChild<QAction*>("layout.saved/mine")->trigger();
    QVERIFY(desk.dock("trajectory")->isHidden());
    desk.window.forget_layout("mine");
    QVERIFY(!desk.window.layouts().contains("mine"));
    QVERIFY(!desk.window.findChild<QAction*>("layout.saved/mine"));
    desk.window.save_layout("inspect");
    QCOMPARE(QSettings().childGroups().contains("layouts"), false);
  }

  void the_chosen_layout_survives_a_restart() {
    {
      test::Desk desk({1280, 800}, /*remember=*/true);
      QVERIFY(desk.open(laps_));
      QTest::qWait(20);
      desk.window.choose_layout("evaluate");
      desk.dock("run")->hide();
      desk.window.close();
    }
    test::Desk desk({1280, 800}, /*remember=*/true);
    QVERIFY(desk.open(laps_));
    QTest::qWait(20);
    QVERIFY(desk.dock("run")->isHidden());
    QVERIFY(desk.dock("bev")->isHidden());
    QVERIFY(in_front(desk, "curves"));
    desk.window.findChild<QAction*>("window.reset_layout")->trigger();
    QVERIFY(!desk.dock("run")->isHidden());
    QVERIFY(desk.dock("bev")->isHidden());
  }

  void keys_choose_presets() {
    test::Desk desk;
    QVERIFY(desk.open(laps_));
    QTest::qWait(20);
    desk.window.activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(&desk.window));
    QTest::keyClick(&desk.window, Qt::Key_1, Qt::ControlModifier);
    QVERIFY(desk.dock("curves")->isHidden());
    QTest::keyClick(&desk.window, Qt::Key_3, Qt::ControlModifier);
    QVERIFY(in_front(desk, "curves"));
    QVERIFY(desk.window.findChild<QAction*>("layout.evaluate")->isChecked());
  }

  void the_status_line_names_the_device_that_is_used() {
    if (QFile::exists("/dev/nvidiactl")) QSKIP("an accelerator may be there");
    test::Desk desk;
    QStringList texts;
    for (auto* label : desk.window.statusBar()->findChildren<QLabel*>()) texts += label->text();
    QVERIFY2(texts.join("|").contains("cpu ("), qPrintable(texts.join("|")));
  }
};

QTEST_MAIN(LayoutTest)
#include "layout_test.moc"
