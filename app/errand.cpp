#include "app/errand.h"

#include <chrono>

namespace relocus {
namespace {

using namespace std::chrono_literals;

constexpr auto kLookEvery = 20ms;

}  // namespace

Errand::Errand(Session& session, QObject* parent) : QObject(parent), session_(session) {
  clock_.setInterval(kLookEvery);
  connect(&clock_, &QTimer::timeout, this, &Errand::go_on);
  connect(&session, &Session::failed, this, &Errand::give_up);
}

void Errand::go_on() {
  if (!session_.is_idle()) return;
  if (steps_.empty()) {
    clock_.stop();
    session_.disconnect(this);
    return Q_EMIT done();
  }
  const auto step = std::move(steps_.front());
  steps_.pop_front();
  step();
}

void Errand::give_up(const QString& message) {
  clock_.stop();
  steps_.clear();
  session_.disconnect(this);
  Q_EMIT failed(message);
}

}  // namespace relocus
