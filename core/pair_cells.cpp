#include "core/pair_cells.h"

#include <algorithm>
#include <cmath>

namespace relocus {
namespace {

using Row = std::vector<std::pair<FrameId, float>>;

PairCells gathered(const std::vector<Row>& rows, bool with_values) {
  PairCells cells;
  std::size_t count = 0;
  for (const Row& row : rows) count += row.size();
  cells.starts.reserve(rows.size() + 1);
  cells.columns.reserve(count);
  cells.starts.push_back(0);
  for (const Row& row : rows) {
    for (const auto& [column, value] : row) {
      cells.columns.push_back(column);
      if (with_values) cells.values.push_back(value);
    }
    cells.starts.push_back(cells.columns.size());
  }
  return cells;
}

}  // namespace

bool PairCells::contains(FrameId of_row, FrameId column) const {
  if (of_row < 0 || of_row >= rows()) return false;
  return std::ranges::binary_search(row(of_row), column);
}

float PairCells::value(FrameId of_row, FrameId column) const {
  if (of_row < 0 || of_row >= rows() || values.empty()) return NAN;
  const auto in_row = row(of_row);
  const auto found = std::ranges::lower_bound(in_row, column);
  if (found == in_row.end() || *found != column) return NAN;
  return values[starts[of_row] + std::size_t(found - in_row.begin())];
}

PairCells right_pairs(const Trajectory& trajectory, const Protocol& protocol, const OverlapTable* overlaps) {
  const auto count = FrameId(trajectory.size());
  std::vector<Row> rows(trajectory.size());
  if (protocol.min_overlap > 0) {
    if (overlaps)
      for (const auto& [pair, overlap] : *overlaps) {
        const auto [a, b] = pair;
        if (overlap <= protocol.min_overlap || a < 0 || b < 0 || a >= count || b >= count || a == b) continue;
        rows[std::size_t(a)].emplace_back(b, overlap);
      }
  } else {
#pragma omp parallel for schedule(dynamic, 64)
    for (FrameId a = 0; a < count; ++a)
      for (FrameId b = 0; b < count; ++b)
        if (a != b && judge(trajectory, protocol, nullptr, a, b) == Verdict::Right)
          rows[std::size_t(a)].emplace_back(b, 1.f);
  }
  return gathered(rows, false);
}

PairCells similarities(std::span<const Retrieval> retrievals, FrameId num_frames) {
  std::vector<Row> rows{std::size_t(std::max(num_frames, 0))};
  for (const Retrieval& retrieval : retrievals) {
    if (retrieval.query < 0 || retrieval.query >= num_frames) continue;
    Row& row = rows[std::size_t(retrieval.query)];
    for (const Candidate& candidate : retrieval.candidates)
      if (std::isfinite(candidate.similarity) && candidate.frame >= 0 && candidate.frame < num_frames)
        row.emplace_back(candidate.frame, candidate.similarity);
    std::ranges::stable_sort(row, {}, &Row::value_type::first);
    const auto repeated = std::ranges::unique(row, {}, &Row::value_type::first);
    row.erase(repeated.begin(), repeated.end());
  }
  return gathered(rows, true);
}

std::vector<Admitted> admitted_rows(const Trajectory& trajectory, const Protocol& protocol) {
  std::vector<Admitted> rows(trajectory.size());
  for (FrameId frame = 0; frame < FrameId(trajectory.size()); ++frame)
    if (may_ask(trajectory, protocol, frame)) rows[std::size_t(frame)] = admitted(trajectory, protocol, frame);
  return rows;
}

}  // namespace relocus
