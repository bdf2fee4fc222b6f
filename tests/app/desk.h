#pragma once

#include <QDockWidget>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/main_window.h"
#include "app/run_panel.h"
#include "app/session.h"

namespace relocus::test {

/// A window that a person has open, and the shortest ways to its parts.
struct Desk {
  Session session;
  MainWindow window;

  explicit Desk(QSize size = {1280, 800}, bool remember = false) : window(session, remember) {
    window.resize(size);
    window.show();
    window.activateWindow();  // no window manager does it under a virtual display
    QVERIFY(QTest::qWaitForWindowActive(&window));
  }
  bool idle(int limit_ms = 60000) {
    return QTest::qWaitFor([&] { return session.is_idle(); }, limit_ms);
  }
  bool open(const std::filesystem::path& path) {
    session.open(path);
    return QTest::qWaitFor([&] { return session.opened() && session.is_idle(); }, 20000);
  }
  /// Scan Context, by the button.
  bool run(const nlohmann::ordered_json& options = nullptr) {
    session.choose_method({"scan_context", options, {}});
    QTest::mouseClick(window.findChild<RunPanel*>()->run_button(), Qt::LeftButton);
    return QTest::qWaitFor([&] { return session.experiment() && session.is_idle(); }, 60000);
  }
  QDockWidget* dock(const char* name) { return window.findChild<QDockWidget*>(name); }
  template <class T>
  T* in_dock(const char* name) {
    return dock(name)->findChild<T*>();
  }
  template <class T>
  T* view() {
    return window.findChild<T*>();
  }
  /// In front of those that share its place; keys go to the window.
  QDockWidget* raise(const char* name) {
    auto* found = dock(name);
    found->show();
    found->raise();
    window.setFocus();
    QTest::qWait(30);
    return found;
  }
};

}  // namespace relocus::test
