#pragma once

#include <QWidget>
#include <array>
#include <memory>

#include "core/types.h"

class QLabel;

namespace relocus {

class CloudView;

/// What two experiments answer to the same query, side by side in 3-D, each with a caption.
class AnswerPair : public QWidget {
  Q_OBJECT

 public:
  explicit AnswerPair(QWidget* parent = nullptr);

  void show_captions(const QString& a, const QString& b);
  void show_clouds(const std::shared_ptr<const PointCloud>& a,
                   const std::shared_ptr<const PointCloud>& b);  ///< null: no answer
  void show_error(const QString& sentence);                      ///< instead of both

  CloudView* view(bool of_b) const { return views_[of_b]; }

 private:
  std::array<CloudView*, 2> views_;
  std::array<QLabel*, 2> captions_;
};

}  // namespace relocus
