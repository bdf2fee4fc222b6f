#pragma once

#include <map>

#include "core/feature_maps.h"
#include "core/methods/registry.h"
#include "core/progress.h"

namespace relocus {

/// An intermediate result of a method with what it means.
struct TracedValue {
  TraceLabel label;
  Array array;

  bool is_map() const { return label.grid && array.shape.size() == 2; }
  bool is_stack() const { return label.grid && array.shape.size() == 3; }
  CellMap map() const;      ///< throws unless is_map()
  CellStack stack() const;  ///< throws unless is_stack()
};

/// What the channels of a map are like in both scans together.
struct ChannelSummary {
  std::vector<float> norms;             ///< of each channel, see channel_norms()
  std::optional<PrincipalBasis> basis;  ///< nothing where no cell holds anything
};

/// Everything that a method computed to compare two scans.
struct Inspection {
  float similarity = std::numeric_limits<float>::quiet_NaN();  ///< of the second stage; NaN without one
  float yaw = std::numeric_limits<float>::quiet_NaN();  ///< [rad] of the candidate seen from the query; NaN: unknown
  float distance = 0;                                   ///< L2 between the global descriptors
  std::vector<TracedValue> values;                      ///< in the order of the computation; cells without data are NaN
  std::map<std::string, ChannelSummary, std::less<>> channels;  ///< of the values with channels, by name
  std::shared_ptr<const Prepared> query, candidate;             ///< null without a second stage

  const TracedValue* find(std::string_view name, Side side) const;  ///< null: there is none
  const TracedValue* evidence(Side side) const;                     ///< what speaks cell by cell for the match
};

/// Compares two scans and keeps every intermediate result. Throws Cancelled between the steps.
Inspection inspect(const MethodInfo& info, Method& method, const Reading& query, const Reading& candidate,
                   const Progress& progress = {});

/// Where one cell of the query (or, with Side::Candidate, of the candidate) looks in the other scan. Row and column are
/// those of the evidence. Nothing where the method has no such thing, or the cell no data.
std::optional<TracedValue> attention(Method& method, const Inspection& inspection, Side from, int row, int column);

}  // namespace relocus
