#pragma once

#include <QElapsedTimer>
#include <QUndoCommand>
#include <functional>

namespace relocus {

/// A value of the session that a person changed, and how to set it to and fro. Changes of the same value that follow
/// at once (a drag, typing) are one step. `about` tells of which experiment it is (0: of none).
class ValueChange : public QUndoCommand {
 public:
  enum Value { Method = 1, Protocol, Threshold };

  /// `turn_to` is asked before the value is set, and says whether it still can be.
  ValueChange(Value value, int about, const QString& text, std::function<bool(int about)> turn_to,
              std::function<void()> set, std::function<void()> set_back)
      : QUndoCommand(text),
        value_(value),
        about_(about),
        turn_to_(std::move(turn_to)),
        set_(std::move(set)),
        set_back_(std::move(set_back)) {
    since_.start();
  }

  int id() const override { return value_; }
  void redo() override { apply(set_); }
  void undo() override { apply(set_back_); }
  bool mergeWith(const QUndoCommand* later) override {
    constexpr int kOneGesture = 700;  // [ms]
    const auto* other = static_cast<const ValueChange*>(later);
    if (since_.elapsed() > kOneGesture || other->about_ != about_) return false;
    set_ = other->set_;
    since_.restart();
    return true;
  }

 private:
  void apply(const std::function<void()>& set) { turn_to_(about_) ? set() : setObsolete(true); }

  Value value_;
  int about_;
  std::function<bool(int)> turn_to_;
  std::function<void()> set_, set_back_;
  QElapsedTimer since_;
};

}  // namespace relocus
