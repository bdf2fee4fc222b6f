#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/protocol.h"

namespace relocus {

/// A figure that somebody published, with what must be known to set it beside one's own.
struct PublishedFigure {
  std::string method;    ///< "Scan Context"
  std::string sequence;  ///< as Sequence::name: "kitti/00"
  std::string figure;    ///< "recall_at_1", "recall_at_5", …, "recall_at_1_percent", "max_f1", "extended_precision",
                         ///< "average_precision", "auc"
  double value = 0;      ///< share, 0 to 1
  int num_frames = 0;    ///< that the whole sequence has
  std::string preset;    ///< the protocol's name among protocol_presets(); empty: none of them, or not told which
  std::string source;    ///< paper and table, or repository
  std::string remark;    ///< what a reader should know: "trained on this sequence"; may be empty
};

/// All that this program knows of.
std::span<const PublishedFigure> published_figures();

/// Those of a sequence, by Sequence::name.
std::vector<PublishedFigure> published_on(const std::string& sequence);

/// Whether a published figure was counted as `protocol` counts: only then may the two be compared. How many recalls
/// are printed does not matter.
bool same_protocol(const PublishedFigure& published, const Protocol& protocol);

/// Whether `num_frames` are the whole sequence that the figure is of, and not a part of it.
inline bool same_frames(const PublishedFigure& published, std::size_t num_frames) {
  return std::size_t(published.num_frames) == num_frames;
}

/// N of "recall_at_N"; 0 for other figures and for "recall_at_1_percent".
int recall_rank(const PublishedFigure& published);

}  // namespace relocus
