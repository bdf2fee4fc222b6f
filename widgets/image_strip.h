#pragma once

#include <QListWidget>
#include <optional>
#include <vector>

#include "core/types.h"

namespace relocus {

/// One frame of a strip.
struct ImageTile {
  FrameId frame = -1;
  QString caption;  ///< "1 · frame 45"
  QString tip;      ///< "rank 1, right, 3.2 m away"
  bool is_query = false;
  std::optional<bool> correct;  ///< of a candidate: whether it is right; nothing where that is not known
};

/// Small images of the query and its candidates in the order of their ranks. Right and wrong are told by shape and
/// colour; a click or the arrows select a candidate.
class ImageStrip : public QListWidget {
  Q_OBJECT

 public:
  static constexpr int largest_side = 200;  ///< [px] of an image that is worth loading

  explicit ImageStrip(QWidget* parent = nullptr);

  void show_tiles(std::vector<ImageTile> tiles);  ///< images follow
  void show_image(FrameId frame, const QImage& image);
  void show_candidate(std::optional<FrameId> frame);  ///< selects it without telling

  const std::vector<ImageTile>& tiles() const { return tiles_; }

 Q_SIGNALS:
  void candidate_selected(relocus::FrameId frame);

 protected:
  void changeEvent(QEvent* event) override;

 private:
  QIcon picture(const ImageTile& tile, const QImage& image) const;

  std::vector<ImageTile> tiles_;
  std::vector<QImage> images_;  // of the tiles; null until they come
  bool telling_ = true;
};

}  // namespace relocus
