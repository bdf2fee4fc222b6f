#pragma once

#include <QTimer>
#include <QWidget>
#include <vector>

#include "core/types.h"

class QComboBox;
class QLabel;
class QSlider;
class QSpinBox;
class QToolButton;

namespace relocus {

/// Walks through the frames of a sequence: slider, playback at the sequence's own pace times a factor, steps. Keys:
/// Space plays, Left and Right step, Page keys jump 100, Home and End.
class FrameBar : public QWidget {
  Q_OBJECT

 public:
  explicit FrameBar(QWidget* parent = nullptr);

  /// Frame numbers and times to walk through; stops the playback.
  void show_sequence(const Sequence& sequence);
  void show_frame(FrameId frame);  ///< says nothing
  void clear();

  FrameId frame() const;
  bool is_playing() const { return clock_.isActive(); }
  void play(bool on);
  void step(int frames);

 Q_SIGNALS:
  void frame_selected(FrameId frame);

 protected:
  void keyPressEvent(QKeyEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void select(FrameId frame);
  void tell();
  void schedule();  ///< the next step of the playback
  void advance();
  double period(FrameId frame) const;  ///< [s] until the next frame
  void redraw_icons();

  std::vector<double> stamps_;         ///< [s]
  std::vector<std::int64_t> numbers_;  ///< as the files are numbered
  FrameId shown_ = -1;
  QSlider* slider_;
  QSpinBox* number_;
  QToolButton *first_, *back_, *play_, *forward_, *last_;
  QComboBox* speed_;
  QLabel* time_;
  QTimer clock_;
};

}  // namespace relocus
