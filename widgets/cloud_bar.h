#pragma once

#include <QWidget>

#include "widgets/colour_map.h"

class QComboBox;
class QSlider;
class QToolButton;

namespace relocus {

class FlowLayout;

/// The row above a scene of scans: room for a view's own boxes, then colour map, size of the points, and where to look
/// from.
class CloudBar : public QWidget {
  Q_OBJECT

 public:
  explicit CloudBar(QWidget* parent = nullptr);

  void add(QWidget* widget);  ///< behind those that were added, before the others
  QComboBox* add_box(const QString& name, const QString& tip);

  ColourMap colour_map() const;
  void show_colour_map(ColourMap map);
  int point_size() const;  ///< [px]
  void show_point_size(int pixels);

 Q_SIGNALS:
  void colour_map_changed(relocus::ColourMap map);
  void point_size_changed(int pixels);
  void reset_wanted();
  void top_wanted();

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void dress();

  FlowLayout* row_;
  QComboBox* colour_map_;
  QSlider* point_size_;
  QToolButton *reset_, *top_;
  int added_ = 0;
};

}  // namespace relocus
