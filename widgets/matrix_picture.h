#pragma once

#include <QImage>

#include "widgets/matrix_view.h"
#include "widgets/theme.h"

namespace relocus {

/// Which part of the matrix is drawn, and how.
struct MatrixPicture {
  MatrixShows shows = MatrixShows::NearestDistance;
  ColourMap map = ColourMap::Viridis;
  float lower = 0, upper = 1;  ///< values at the ends of the colour map
  bool truth = true;           ///< tints the pairs of the same place
  QPointF corner;              ///< (column, row) at the upper left
  double scale = 1;            ///< [px] of a frame
  QSize size;                  ///< [px]
  ViewColours colours;
};

/// Every pixel in the colour of its pair or block of pairs; dimmed where the protocol admits no answer.
QImage draw_matrix(const PairMatrices& matrices, const MatrixPicture& picture);

/// A colour as it is drawn where no answer is admitted.
QColor dimmed(const QColor& colour, const ViewColours& colours);

/// Of the pairs from `first` to `end` (row, column) the one with the least distance or highest similarity; `otherwise`
/// when none has a value.
std::pair<FrameId, FrameId> most_telling(const PairMatrices& matrices, MatrixShows shows,
                                         std::pair<FrameId, FrameId> otherwise, std::pair<FrameId, FrameId> first,
                                         std::pair<FrameId, FrameId> end);

}  // namespace relocus
