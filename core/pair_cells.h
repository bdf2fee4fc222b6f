#pragma once

#include <span>

#include "core/experiment.h"

namespace relocus {

/// Some pairs of a square matrix of frames, row by row; perhaps with a value each.
struct PairCells {
  std::vector<std::size_t> starts;  ///< pairs of row i are starts[i] … starts[i + 1]; empty: no rows
  std::vector<FrameId> columns;     ///< ascending within a row
  std::vector<float> values;        ///< as many, or empty

  FrameId rows() const { return starts.empty() ? 0 : FrameId(starts.size() - 1); }
  std::span<const FrameId> row(FrameId frame) const {
    return std::span(columns).subspan(starts[frame], starts[frame + 1] - starts[frame]);
  }
  bool contains(FrameId row, FrameId column) const;
  /// The value of a pair; NaN where the pair is not among them.
  float value(FrameId row, FrameId column) const;
};

/// All pairs that would be right answers of each other under the protocol, admitted or not; without the diagonal.
PairCells right_pairs(const Trajectory& trajectory, const Protocol& protocol, const OverlapTable* overlaps = nullptr);

/// Second-stage scores of the pairs that have one: row = query, column = candidate.
PairCells similarities(std::span<const Retrieval> retrievals, FrameId num_frames);

/// admitted() of every frame; nothing is admitted for frames that do not ask.
std::vector<Admitted> admitted_rows(const Trajectory& trajectory, const Protocol& protocol);

}  // namespace relocus
