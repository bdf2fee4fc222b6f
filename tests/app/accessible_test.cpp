#include <QAbstractButton>
#include <QAbstractItemView>
#include <QAbstractSlider>
#include <QAbstractSpinBox>
#include <QAccessible>
#include <QComboBox>
#include <QDockWidget>
#include <QHeaderView>
#include <QLineEdit>
#include <QScrollBar>
#include <QTabBar>
#include <QToolButton>
#include <functional>

#include "app/keyboard_dialog.h"
#include "app/main_window.h"
#include "tests/app/home.h"
#include "tests/support.h"

using namespace relocus;

namespace {

bool is_control(const QWidget* widget) {
  if (qobject_cast<const QScrollBar*>(widget) || qobject_cast<const QHeaderView*>(widget)) return false;
  return qobject_cast<const QAbstractButton*>(widget) || qobject_cast<const QComboBox*>(widget) ||
         qobject_cast<const QAbstractSpinBox*>(widget) || qobject_cast<const QAbstractSlider*>(widget) ||
         qobject_cast<const QLineEdit*>(widget) || qobject_cast<const QAbstractItemView*>(widget);
}

/// Made by Qt for its own controls: the box's line, the list that pops up, buttons of docks, tabs and scroll areas.
bool is_part_of_a_control(const QWidget* widget) {
  if (widget->objectName().startsWith("qt_")) return true;
  for (const QWidget* parent = widget->parentWidget(); parent; parent = parent->parentWidget())
    if (qobject_cast<const QComboBox*>(parent) || qobject_cast<const QAbstractSpinBox*>(parent) ||
        qobject_cast<const QLineEdit*>(parent) || qobject_cast<const QTabBar*>(parent) ||
        qobject_cast<const QAbstractItemView*>(parent) || parent->inherits("QComboBoxPrivateContainer"))
      return true;
  return widget->inherits("QDockWidgetTitleButton") || widget->inherits("QToolBarExtension");
}

QString name_of(QWidget* widget) {
  if (!widget->accessibleName().isEmpty()) return widget->accessibleName();
  const auto* told = QAccessible::queryAccessibleInterface(widget);
  return told ? told->text(QAccessible::Name) : QString();
}

/// Words tell what a button does; what shows only a picture or a value needs a tip.
bool needs_tip(const QWidget* widget) {
  if (const auto* button = qobject_cast<const QAbstractButton*>(widget)) return button->text().isEmpty();
  return !qobject_cast<const QAbstractItemView*>(widget);
}

bool has_tip(const QWidget* widget) {
  for (; widget && !widget->isWindow(); widget = widget->parentWidget()) {
    if (!widget->toolTip().isEmpty()) return true;
    if (qobject_cast<const QDockWidget*>(widget)) break;
  }
  return false;
}

QString place_of(const QWidget* widget) {
  QString place = widget->metaObject()->className();
  for (; widget; widget = widget->parentWidget())
    if (!widget->objectName().isEmpty()) place += " in " + widget->objectName();
  return place;
}

QStringList without(QWidget& window, const std::function<bool(QWidget*)>& good) {
  QStringList bad;
  for (auto* widget : window.findChildren<QWidget*>())
    if (is_control(widget) && !is_part_of_a_control(widget) && !good(widget)) bad += place_of(widget);
  bad.removeDuplicates();
  return bad;
}

}  // namespace

class AccessibleTest : public QObject {
  Q_OBJECT

  test::Home home_;

 private Q_SLOTS:
  void initTestCase() {
    home_.two_laps({.frames_per_lap = 10});
    QAccessible::setActive(true);
  }

  void every_control_has_a_name_and_a_tip() {
    Session session;
    MainWindow window(session, false);
    window.resize(1280, 800);
    window.show();
    session.open(home_ / "laps");
    QTRY_VERIFY(session.opened() && session.is_idle());
    const QStringList nameless = without(window, [](QWidget* widget) { return !name_of(widget).isEmpty(); });
    QVERIFY2(nameless.isEmpty(), qPrintable("no name: " + nameless.join("\n         ")));
    const QStringList tipless = without(window, [](QWidget* widget) { return !needs_tip(widget) || has_tip(widget); });
    QVERIFY2(tipless.isEmpty(), qPrintable("no tip: " + tipless.join("\n        ")));
    for (auto* dock : window.findChildren<QDockWidget*>()) QVERIFY2(!dock->windowTitle().isEmpty(), "a dock's title");
  }

  void every_command_tells_what_it_does() {
    Session session;
    MainWindow window(session, false);
    QStringList silent;
    for (auto* action : window.findChildren<QAction*>())
      if (action->objectName().contains('.') && action->toolTip().isEmpty()) silent += action->objectName();
    QVERIFY2(silent.isEmpty(), qPrintable(silent.join(", ")));
  }
};

QTEST_MAIN(AccessibleTest)
#include "accessible_test.moc"
