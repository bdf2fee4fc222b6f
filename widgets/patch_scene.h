#pragma once

#include <QPointF>
#include <QSizeF>
#include <functional>
#include <optional>

#include "core/patch_matching.h"
#include "widgets/pair_side.h"
#include "widgets/theme.h"

class QPainter;
class QRectF;

namespace relocus {

/// The patches of one size that two images have in common, as they are drawn over them.
struct PatchScene {
  ScaleMatches scale;
  QSizeF seen;                         ///< [px] of the images as the network saw them
  bool lines = true;                   ///< one for each pair
  bool similarity = false;             ///< how alike each patch's nearest one in the other image is
  std::optional<std::size_t> pointed;  ///< the pair under the pointer

  QPointF centre(PairSide side, std::size_t pair) const;  ///< as a share of the image
  QString words(std::size_t pair) const;                  ///< "cosine 0.83, agrees with the others"
};

/// The pair whose patch lies next to a place, given as a share of the image; nothing where none is near.
std::optional<std::size_t> pair_near(const PatchScene& scene, PairSide side, QPointF share);

/// `place` gives where a share of an image is on the screen, `pane` what part of the screen an image may cover.
void draw_patches(QPainter& painter, const PatchScene& scene, const std::function<QPointF(PairSide, QPointF)>& place,
                  const std::function<QRectF(PairSide)>& pane, const ViewColours& colours);

}  // namespace relocus
