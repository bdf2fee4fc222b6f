#pragma once

#include <QObject>
#include <QTimer>
#include <deque>
#include <functional>

#include "app/session.h"

namespace relocus {

/// What the command line asked of the window, step after step: each begins when the session has finished the last.
class Errand : public QObject {
  Q_OBJECT

 public:
  explicit Errand(Session& session, QObject* parent = nullptr);

  void then(std::function<void()> step) { steps_.push_back(std::move(step)); }
  void start() { clock_.start(); }
  void give_up(const QString& message);  ///< and tells why

 Q_SIGNALS:
  void done();
  void failed(const QString& message);  ///< nothing more is done

 private:
  void go_on();

  Session& session_;
  QTimer clock_;
  std::deque<std::function<void()>> steps_;
};

}  // namespace relocus
