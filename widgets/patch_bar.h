#pragma once

#include <QSizeF>
#include <QWidget>
#include <optional>
#include <vector>

#include "widgets/patch_scene.h"

class QCheckBox;
class QComboBox;
class QLabel;

namespace relocus {

/// Chooses what is shown of the patches that two images have in common: which size, lines, similarity.
class PatchBar : public QWidget {
  Q_OBJECT

 public:
  explicit PatchBar(QWidget* parent = nullptr);

  /// `seen` [px]: the images as the network saw them.
  void show_scales(std::vector<ScaleMatches> scales, QSizeF seen);
  /// There are none, and why; without a sentence the bar goes away.
  void show_nothing(const QString& sentence);

  std::optional<PatchScene> scene() const;  ///< what is chosen; nothing without patches
  QString text() const;                     ///< that stands instead of patches

 Q_SIGNALS:
  void changed();

 private:
  void fill();

  QComboBox* sizes_;
  QCheckBox *lines_, *similarity_;
  QLabel* sentence_;
  std::vector<ScaleMatches> scales_;
  QSizeF seen_;
};

}  // namespace relocus
