#pragma once

#include <QWidget>
#include <memory>

#include "core/types.h"
#include "widgets/point_colours.h"

class QComboBox;

namespace relocus {

class CloudActor;
class CloudBar;
class CloudScene;
class GroundRings;

/// One scan in 3-D. Dragging turns it about the vertical, the right button or Shift moves it, the wheel comes nearer;
/// fewer points are drawn while it moves. Keys: R resets the view, T looks from above.
class CloudView : public QWidget {
  Q_OBJECT

 public:
  explicit CloudView(QWidget* parent = nullptr);
  ~CloudView() override;

  /// Draws the scan straight from its points. `labels`: one SemanticKITTI class per point. The camera stays where the
  /// person put it.
  void show_cloud(std::shared_ptr<const PointCloud> cloud,
                  std::shared_ptr<const std::vector<std::uint16_t>> labels = {});
  /// Empties the view and says why in its middle.
  void show_error(const QString& sentence);
  /// Back to the empty state.
  void clear();

  void show_colour_by(ColourBy by);
  void show_colour_map(ColourMap map);
  void show_point_size(int pixels);

  void reset_view();  ///< from behind and above, the whole scan in sight
  void top_view();    ///< straight down, x upwards

  CloudScene* scene() const { return scene_; }
  ColourBy colour_by() const;
  ColourMap colour_map() const;
  int points_drawn() const;  ///< in the last rendering: all, or fewer while moving

 Q_SIGNALS:
  void colour_by_changed(ColourBy by);

 protected:
  void changeEvent(QEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  void make_bar();
  void dress();  ///< takes the palette's colours
  void recolour();
  void paint_overlay(QPainter& painter) const;

  std::unique_ptr<CloudActor> points_;
  std::unique_ptr<GroundRings> rings_;
  CloudScene* scene_;
  CloudBar* bar_;
  QComboBox* colour_by_;
  std::shared_ptr<const std::vector<std::uint16_t>> labels_;
  PointColours colours_;
  QString message_;
};

}  // namespace relocus
