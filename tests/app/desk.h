#pragma once

#include <QDockWidget>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>
#include <filesystem>

#include "app/main_window.h"
#include "app/run_panel.h"
#include "app/session.h"

namespace relocus::test {

/// A window that a person has open, and the shortest ways to its parts.
struct Desk {
  Session session;
  MainWindow window{session, false};

  explicit Desk(QSize size = {1280, 800}) {
    window.resize(size);
    window.show();
    window.activateWindow();  // no window manager does it under a virtual display
    QVERIFY(QTest::qWaitForWindowActive(&window));
  }
  bool open(const std::filesystem::path& path) {
    session.open(path);
    return QTest::qWaitFor([&] { return session.opened() && session.is_idle(); }, 20000);
  }
  bool run(int limit_ms = 60000) {
    session.choose_method({"scan_context", nullptr, {}});
    QTest::mouseClick(window.findChild<RunPanel*>()->run_button(), Qt::LeftButton);
    return QTest::qWaitFor([&] { return session.experiment() && session.is_idle(); }, limit_ms);
  }
  QDockWidget* dock(const char* name) { return window.findChild<QDockWidget*>(name); }
  template <class T>
  T* in_dock(const char* name) {
    return dock(name)->findChild<T*>();
  }
};

}  // namespace relocus::test
