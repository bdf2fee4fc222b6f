#pragma once

#include <QElapsedTimer>
#include <QUndoCommand>
#include <functional>

namespace relocus {

/// A value of the session that a person changed, and how to set it to and fro. Changes of the same value that follow
/// at once (a drag, typing) are one step.
class ValueChange : public QUndoCommand {
 public:
  enum Value { Method = 1, Protocol, Threshold };

  ValueChange(Value value, const QString& text, std::function<void()> set, std::function<void()> set_back)
      : QUndoCommand(text), value_(value), set_(std::move(set)), set_back_(std::move(set_back)) {
    since_.start();
  }

  int id() const override { return value_; }
  void redo() override { set_(); }
  void undo() override { set_back_(); }
  bool mergeWith(const QUndoCommand* later) override {
    constexpr int kOneGesture = 700;  // [ms]
    if (since_.elapsed() > kOneGesture) return false;
    set_ = static_cast<const ValueChange*>(later)->set_;
    since_.restart();
    return true;
  }

 private:
  Value value_;
  std::function<void()> set_, set_back_;
  QElapsedTimer since_;
};

}  // namespace relocus
