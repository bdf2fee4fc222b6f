#pragma once

#include "widgets/cell_map_view.h"

namespace relocus {

/// The narrow colour bar of several maps beside it, with what a cell without data looks like.
class ColourScale : public QWidget {
  Q_OBJECT

 public:
  explicit ColourScale(QWidget* parent = nullptr);
  void show_look(const MapLook& look);
  QSize sizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QString number(double value) const;

  MapLook look_;
};

}  // namespace relocus
