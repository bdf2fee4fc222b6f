#include "app/actions.h"

#include <QAbstractItemModelTester>
#include <QKeySequenceEdit>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSettings>
#include <QTreeView>
#include <set>

#include "app/command_palette.h"
#include "app/keyboard_dialog.h"
#include "app/main_window.h"
#include "tests/support.h"

using namespace relocus;

class ActionsTest : public QObject {
  Q_OBJECT

  QTemporaryDir folder_;

 private Q_SLOTS:
  void initTestCase() {
    QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, folder_.path());
    QApplication::setOrganizationName("relocus");
    QApplication::setApplicationName("actions_test");
  }
  void init() { QSettings().clear(); }

  void one_call_adds_a_command_everywhere() {
    QMainWindow window;
    Actions actions(window, false);
    int fired = 0;
    auto* action = actions.add(
        {"go.home", "Go &home …", QKeySequence("Ctrl+H"), "The first frame", "Go", Needs::Nothing, "open", true},
        [&] { ++fired; });
    QVERIFY(actions.menu("Go")->actions().contains(action));
    QCOMPARE(actions["go.home"], action);
    QCOMPARE(action->toolTip(), QString("The first frame (Ctrl+H)"));
    window.show();
    window.activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(&window));
    QTest::keyClick(&window, Qt::Key_H, Qt::ControlModifier);
    QCOMPARE(fired, 1);
    CommandModel model(actions, false);
    QCOMPARE(model.index(0, CommandModel::Name).data().toString(), QString("Go: Go home"));
    QVERIFY(QString::fromStdString(test::error_of([&] { actions.add({"go.home", "Again"}); })).contains("go.home"));
    QVERIFY(!test::error_of([&] { actions["go.nowhere"]; }).empty());
  }

  void what_is_not_possible_tells_why() {
    QMainWindow window;
    Actions actions(window, false);
    auto* action = actions.add({"go.failure", "Next failure", {}, {}, "Go", Needs::Experiment});
    QVERIFY(!action->isEnabled());
    actions.show_state(true, false);
    QCOMPARE(actions.entries().front().why_not, QString("Run a method first."));
    actions.show_state(true, true);
    QVERIFY(action->isEnabled() && actions.entries().front().why_not.isEmpty());
  }

  void letters_find_commands_begins_of_words_first() {
    QCOMPARE(fuzzy_score("xyz", "Next frame"), 0);
    QVERIFY(fuzzy_score("nf", "Next failure") > fuzzy_score("nf", "Go inside of it"));
    QVERIFY(fuzzy_score("next c", "Next candidate") > fuzzy_score("next c", "Next frame in the car"));
    QMainWindow window;
    Actions actions(window, false);
    for (const char* text : {"Play or pause", "Next candidate", "Next failure", "Reset layout"})
      actions.add({text, text, {}, {}, "Go"});
    CommandModel model(actions, true);
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.show_filter("nfail");
    QCOMPARE(model.index(0, 0).data().toString(), QString("Go: Next failure"));
    model.show_filter("qqq");
    QCOMPARE(model.rowCount(), 0);
  }

  void a_changed_key_is_kept_and_can_be_reset() {
    {
      QMainWindow window;
      Actions actions(window, true);
      actions.add({"a", "First", QKeySequence("A")});
      actions.add({"b", "Second", QKeySequence("B")});
      QCOMPARE(actions.owner_of(QKeySequence("B"), "a"), QString("Second"));
      actions.choose_key("a", QKeySequence("B"));
      QVERIFY(actions["b"]->shortcut().isEmpty());
    }
    QMainWindow window;
    Actions actions(window, true);
    actions.add({"a", "First", QKeySequence("A")});
    actions.add({"b", "Second", QKeySequence("B")});
    QCOMPARE(actions["a"]->shortcut(), QKeySequence("B"));
    QVERIFY(actions["b"]->shortcut().isEmpty());
    actions.reset_keys();
    QCOMPARE(actions["a"]->shortcut(), QKeySequence("A"));
    QCOMPARE(actions["b"]->shortcut(), QKeySequence("B"));
    QVERIFY(QSettings().allKeys().isEmpty());
  }

  void the_keyboard_dialog_tells_conflicts_and_sets_keys() {
    QMainWindow window;
    Actions actions(window, true);
    actions.add({"a", "First", QKeySequence("A")});
    actions.add({"b", "Second", QKeySequence("B")});
    KeyboardDialog dialog(actions);
    dialog.show();
    dialog.activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(&dialog));
    dialog.choose("a");
    auto* key = dialog.findChild<QKeySequenceEdit*>();
    key->setFocus();
    QTest::keyClick(key, Qt::Key_B);
    const auto says = [&](const QString& words) {
      for (auto* label : dialog.findChildren<QLabel*>())
        if (label->text().contains(words)) return true;
      return false;
    };
    QTRY_VERIFY(says("Second"));
    for (auto* button : dialog.findChildren<QPushButton*>())
      if (button->text() == "&Use this key") QTest::mouseClick(button, Qt::LeftButton);
    QCOMPARE(actions["a"]->shortcut(), QKeySequence("B"));
    QVERIFY(actions["b"]->shortcut().isEmpty());
    QCOMPARE(QSettings().value("keys/a").toString(), QString("B"));
    dialog.findChild<QLineEdit*>()->setText("second");
    QCOMPARE(dialog.findChild<QTreeView*>()->model()->rowCount(), 1);
  }

  void the_palette_runs_a_command_by_keys() {
    Session session;
    MainWindow window(session, false);
    window.resize(1280, 800);
    window.show();
    window.activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(&window));
    QTest::keyClick(&window, Qt::Key_K, Qt::ControlModifier);
    auto* palette = window.findChild<CommandPalette*>();
    QTRY_VERIFY(palette->isVisible());
    QTest::keyClicks(palette->letters(), "dark");
    QCOMPARE(palette->model().index(0, 0).data().toString(), QString("View: Dark colours"));
    QTest::keyClick(palette->letters(), Qt::Key_Return);
    QVERIFY(!palette->isVisible());
    QTRY_VERIFY(is_dark(window.palette()));
    window.choose_theme(Theme::Light);

    QTest::keyClick(&window, Qt::Key_K, Qt::ControlModifier);
    QTest::keyClicks(palette->letters(), "next failure");
    QTest::keyClick(palette->letters(), Qt::Key_Return);
    QVERIFY2(palette->isVisible(), "what is not possible does not run");
    bool told = false;
    for (auto* label : palette->findChildren<QLabel*>()) told |= label->text().contains("Open a sequence first");
    QVERIFY(told);
    QTest::keyClick(palette->letters(), Qt::Key_Escape);
    QVERIFY(!palette->isVisible());
  }

  void no_two_commands_want_the_same_key() {
    Session session;
    MainWindow window(session, false);
    std::set<QString> taken;
    for (auto* action : window.findChildren<QAction*>()) {
      const QString key = action->shortcut().toString();
      if (key.isEmpty()) continue;
      QVERIFY2(taken.insert(key).second, qPrintable(key + ": " + action->text()));
    }
    QVERIFY(taken.size() > 10);
  }
};

QTEST_MAIN(ActionsTest)
#include "actions_test.moc"
