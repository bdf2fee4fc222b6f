#include "widgets/frame_bar.h"

#include <QComboBox>
#include <QEvent>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QSignalBlocker>
#include <QSlider>
#include <QSpinBox>
#include <QToolButton>
#include <algorithm>
#include <cmath>

#include "widgets/icons.h"

namespace relocus {
namespace {

constexpr int kJump = 100;                 // [frames] of the page keys
constexpr double kUsualPeriod = 0.1;       // [s] where the stamps say nothing sensible
constexpr double kLongestPause = 2;        // [s] a gap in the recording is not waited for
constexpr double kShortestStep = 1. / 60;  // [s] faster playback leaves frames out
constexpr double kSpeeds[] = {0.25, 0.5, 1, 2, 5, 10};

}  // namespace

FrameBar::FrameBar(QWidget* parent) : QWidget(parent) {
  const auto button = [](const QString& tip) {
    auto* made = new QToolButton;
    made->setAutoRaise(true);
    made->setToolTip(tip);
    made->setAccessibleName(tip);
    made->setFocusPolicy(Qt::NoFocus);  // the bar itself has the keys
    return made;
  };
  first_ = button(tr("First frame (Home)"));
  back_ = button(tr("Previous frame (Left)"));
  play_ = button(tr("Play (Space)"));
  forward_ = button(tr("Next frame (Right)"));
  last_ = button(tr("Last frame (End)"));
  for (QToolButton* step : {back_, forward_}) step->setAutoRepeat(true);
  slider_ = new QSlider(Qt::Horizontal);
  slider_->setAccessibleName(tr("Frame"));
  slider_->setToolTip(tr("Drag to a frame"));
  slider_->setFocusPolicy(Qt::NoFocus);
  slider_->setMinimumWidth(60);
  number_ = new QSpinBox;
  number_->setAccessibleName(tr("Frame number"));
  number_->setToolTip(tr("Type a frame to go there"));
  number_->setKeyboardTracking(false);
  time_ = new QLabel;
  time_->setTextFormat(Qt::PlainText);
  speed_ = new QComboBox;
  for (const double speed : kSpeeds) speed_->addItem(QStringLiteral("%1×").arg(speed), speed);
  speed_->setCurrentIndex(speed_->findData(1.));
  speed_->setToolTip(tr("Speed of the playback"));
  speed_->setAccessibleName(tr("Speed of the playback"));
  speed_->setFocusPolicy(Qt::ClickFocus);

  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(6, 2, 6, 2);
  row->setSpacing(4);
  for (QToolButton* step : {first_, back_, play_, forward_, last_}) row->addWidget(step);
  row->addWidget(slider_, 1);
  row->addWidget(number_);
  row->addWidget(time_);
  row->addWidget(speed_);
  setFocusPolicy(Qt::StrongFocus);
  setAccessibleName(tr("Frames"));
  clock_.setSingleShot(true);

  connect(first_, &QToolButton::clicked, this, [this] { select(0); });
  connect(back_, &QToolButton::clicked, this, [this] { step(-1); });
  connect(play_, &QToolButton::clicked, this, [this] { play(!is_playing()); });
  connect(forward_, &QToolButton::clicked, this, [this] { step(1); });
  connect(last_, &QToolButton::clicked, this, [this] { select(FrameId(stamps_.size()) - 1); });
  connect(slider_, &QSlider::valueChanged, this, &FrameBar::select);
  connect(number_, &QSpinBox::valueChanged, this, &FrameBar::select);
  connect(&clock_, &QTimer::timeout, this, &FrameBar::advance);
  redraw_icons();
  clear();
}

void FrameBar::show_sequence(const Sequence& sequence) {
  play(false);
  stamps_.clear();
  numbers_.clear();
  for (const Frame& frame : sequence.frames) {
    stamps_.push_back(frame.stamp);
    numbers_.push_back(frame.number);
  }
  const QSignalBlocker silent_slider(slider_), silent_number(number_);
  const int last = std::max(0, int(stamps_.size()) - 1);
  slider_->setRange(0, last);
  slider_->setPageStep(kJump);
  number_->setRange(0, last);
  number_->setSuffix(stamps_.empty() ? QString() : tr(" of %1").arg(last));
  for (QWidget* widget :
       std::initializer_list<QWidget*>{first_, back_, play_, forward_, last_, slider_, number_, speed_})
    widget->setEnabled(!stamps_.empty());
  show_frame(0);
}

void FrameBar::clear() { show_sequence({}); }

FrameId FrameBar::frame() const { return stamps_.empty() ? -1 : slider_->value(); }

void FrameBar::show_frame(FrameId frame) {
  const QSignalBlocker silent_slider(slider_), silent_number(number_);
  slider_->setValue(frame);
  number_->setValue(slider_->value());
  tell();
}

void FrameBar::select(FrameId frame) {
  if (stamps_.empty()) return;
  frame = std::clamp(frame, 0, FrameId(stamps_.size()) - 1);
  if (frame == shown_) return;
  show_frame(frame);
  Q_EMIT frame_selected(frame);
}

void FrameBar::step(int frames) { select(frame() + frames); }

void FrameBar::tell() {
  shown_ = frame();
  if (stamps_.empty()) {
    time_->setText(tr("No sequence"));
    return;
  }
  const auto i = std::size_t(shown_);
  QString words = tr("%1 s").arg(stamps_[i] - stamps_.front(), 0, 'f', 1);
  if (numbers_[i] >= 0 && numbers_[i] != shown_) words += tr(", file %1").arg(numbers_[i], 6, 10, QLatin1Char('0'));
  time_->setText(words);
}

void FrameBar::play(bool on) {
  if (on && stamps_.size() > 1) {
    if (frame() + 1 >= FrameId(stamps_.size())) select(0);  // from the end it begins anew
    schedule();
  } else {
    clock_.stop();
  }
  redraw_icons();
}

double FrameBar::period(FrameId frame) const {
  const double gap = stamps_[std::size_t(frame) + 1] - stamps_[std::size_t(frame)];
  return std::isfinite(gap) && gap > 0 ? std::min(gap, kLongestPause) : kUsualPeriod;
}

void FrameBar::schedule() {
  const double wait = period(frame()) / speed_->currentData().toDouble();
  clock_.start(int(std::lround(1000 * std::max(wait, kShortestStep))));
}

void FrameBar::advance() {
  // As many frames as the time stands for, at least one: fast playback leaves frames out rather than lagging.
  const FrameId last = FrameId(stamps_.size()) - 1;
  const double span = clock_.interval() / 1000. * speed_->currentData().toDouble();
  FrameId next = frame();
  for (double passed = 0; next < last && passed < span * 0.999;) passed += period(next++);
  select(std::max(next, std::min(last, frame() + 1)));
  if (frame() < last)
    schedule();
  else
    redraw_icons();
}

void FrameBar::keyPressEvent(QKeyEvent* event) {
  switch (event->key()) {
    case Qt::Key_Space:
      return play(!is_playing());
    case Qt::Key_Left:
      return step(-1);
    case Qt::Key_Right:
      return step(1);
    case Qt::Key_PageUp:
      return step(-kJump);
    case Qt::Key_PageDown:
      return step(kJump);
    case Qt::Key_Home:
      return select(0);
    case Qt::Key_End:
      return select(FrameId(stamps_.size()) - 1);
    default:
      QWidget::keyPressEvent(event);
  }
}

void FrameBar::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange) redraw_icons();
  QWidget::changeEvent(event);
}

void FrameBar::redraw_icons() {
  first_->setIcon(icon(Icon::First, palette()));
  back_->setIcon(icon(Icon::Back, palette()));
  play_->setIcon(icon(is_playing() ? Icon::Pause : Icon::Play, palette()));
  play_->setToolTip(is_playing() ? tr("Pause (Space)") : tr("Play (Space)"));
  play_->setAccessibleName(play_->toolTip());
  forward_->setIcon(icon(Icon::Forward, palette()));
  last_->setIcon(icon(Icon::Last, palette()));
}

}  // namespace relocus
