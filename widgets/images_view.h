#pragma once

#include <QStackedWidget>
#include <array>
#include <optional>
#include <vector>

#include "widgets/image_pair.h"
#include "widgets/image_strip.h"
#include "widgets/patch_bar.h"

class QLabel;

namespace relocus {

/// Camera images: those of query and candidate large, those of all candidates as a strip. Asks for images only while
/// it is seen.
class ImagesView : public QStackedWidget {
  Q_OBJECT

 public:
  static constexpr int largest_side = 2000;  ///< [px] of the large ones

  explicit ImagesView(QWidget* parent = nullptr);

  /// There are none: why, and what could be done.
  void show_nothing(const QString& sentence);
  /// The query's tile first, then the candidates by rank; images are asked for.
  void show_tiles(std::vector<ImageTile> tiles);
  void show_candidate(std::optional<FrameId> frame);
  void show_image(FrameId frame, bool large, const QImage& image);
  void show_error(FrameId frame, bool large, const QString& sentence);

  ImagePair* pair() const { return pair_; }
  ImageStrip* strip() const { return strip_; }
  PatchBar* patches() const { return patches_; }  ///< what the large ones have in common
  bool is_empty() const { return currentIndex() == 0; }
  QString text() const;  ///< of the empty view

 Q_SIGNALS:
  void images_wanted(const std::vector<relocus::FrameId>& large, const std::vector<relocus::FrameId>& small);
  void candidate_selected(relocus::FrameId frame);
  void seen(bool visible);  ///< for those who compute what is only to be seen here

 protected:
  void showEvent(QShowEvent* event) override;
  void hideEvent(QHideEvent* event) override;

 private:
  void ask();

  QLabel* nothing_;
  ImagePair* pair_;
  ImageStrip* strip_;
  PatchBar* patches_;
  std::array<std::optional<FrameId>, 2> large_;  // query, candidate
  bool asked_ = false;                           // for what is selected
};

}  // namespace relocus
