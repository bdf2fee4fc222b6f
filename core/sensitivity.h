#pragma once

#include <string>

#include "core/experiment.h"

namespace relocus {

/// What a sensitivity study varies.
struct SensitivityGrid {
  std::vector<double> radii{2, 3, 4, 5, 7.5, 10, 15, 20, 25};  ///< [m] positive radius
  std::vector<int> gaps{0, 25, 50, 100, 150, 200, 300, 500};   ///< [frames] exclude_recent
};

/// The figures under one protocol of the grid.
struct SensitivityCell {
  int num_queries = 0;  ///< queries with a right answer
  double recall_at_1 = 0, max_f1 = 0, average_precision = 0;
};

/// How much figures owe to the protocol.
struct Sensitivity {
  Protocol protocol;  ///< all but radius and gap; stamped()
  std::vector<double> radii;
  std::vector<int> gaps;
  std::vector<SensitivityCell> cells;     ///< gap-major
  std::vector<std::size_t> not_reranked;  ///< per gap: answers that the second stage never saw; they stand behind
  std::vector<std::string> remarks;

  const SensitivityCell& at(std::size_t radius, std::size_t gap) const { return cells[gap * radii.size() + radius]; }
};

/// The experiment's protocol with another radius and gap; a band that the radius swallows is dropped.
Protocol varied(Protocol protocol, double radius, int gap);

/// The figures of what is stored, searched again for every gap and judged for every radius, on all cores. Nothing is
/// encoded or re-ranked. The experiment's own radius and gap are put into the grid. Throws when the protocol does not
/// judge by distance.
Sensitivity sensitivity(const Experiment& experiment, const Trajectory& trajectory, SensitivityGrid grid = {},
                        const Progress& progress = {});

/// gap_frames,radius_m,num_queries,recall_at_1,max_f1,average_precision,not_reranked
std::string sensitivity_csv(const Sensitivity& sensitivity);

}  // namespace relocus
