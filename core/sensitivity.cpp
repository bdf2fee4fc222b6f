#include "core/sensitivity.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <mutex>

#include "core/error.h"
#include "core/pipeline.h"
#include "core/reranking.h"

namespace relocus {
namespace {

template <class Value>
void put_in_order(std::vector<Value>& values, Value own) {
  values.push_back(own);
  std::ranges::sort(values);
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

bool is_reranked(const std::vector<Retrieval>& retrievals) {
  return std::ranges::any_of(retrievals, [](const Retrieval& retrieval) {
    return !retrieval.candidates.empty() && std::isfinite(retrieval.candidates.front().similarity);
  });
}

/// The answers under another gap, from what is stored.
std::vector<Retrieval> answers_under(const Experiment& experiment, const Trajectory& trajectory,
                                     const Protocol& protocol, std::size_t& not_reranked, const Progress& progress) {
  not_reranked = 0;
  if (experiment.descriptors.size() == 0) {  // imported answers: a protocol can only leave some out
    std::vector<Retrieval> answers = experiment.retrievals;
    for (Retrieval& answer : answers)
      std::erase_if(answer.candidates, [&](const Candidate& candidate) {
        return !is_admitted(trajectory, protocol, answer.query, candidate.frame);
      });
    return answers;
  }
  std::vector<Retrieval> answers = search(experiment.descriptors, trajectory, protocol, progress);
  if (is_reranked(experiment.retrievals)) {
    not_reranked = take_known_scores(experiment.retrievals, protocol, answers);
    sort_reranked(answers, protocol);
  }
  return answers;
}

/// Calls `work(i)` for i < count on all cores and `tell(done)` in turn; either may throw to end the work.
template <class Work, class Tell>
void for_each_on_all_cores(int count, const Work& work, const Tell& tell) {
  std::exception_ptr problem;
  std::mutex mutex;
  std::atomic<bool> stopped = false;
  std::atomic<int> done = 0;
#pragma omp parallel for schedule(dynamic, 1)
  for (int i = 0; i < count; ++i) {
    if (stopped) continue;
    try {
      work(i);
      ++done;
      const std::lock_guard lock(mutex);
      tell(std::size_t(done));
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!stopped.exchange(true)) problem = std::current_exception();
    }
  }
  if (problem) std::rethrow_exception(problem);
}

}  // namespace

Protocol varied(Protocol protocol, double radius, int gap) {
  protocol.positive_radius = radius;
  protocol.exclude_recent = gap;
  if (protocol.negative_radius <= radius) protocol.negative_radius = 0;
  return stamped(protocol);
}

Sensitivity sensitivity(const Experiment& experiment, const Trajectory& trajectory, SensitivityGrid grid,
                        const Progress& progress) {
  const Protocol& own = experiment.protocol;
  if (own.min_overlap > 0 || own.frame_tolerance >= 0)
    throw Error(
        "protocol {} does not judge answers by their distance, so no radius can be varied: choose one that does",
        stamped(own).preset);
  if (std::ranges::any_of(grid.radii, [](double radius) { return !(radius > 0) || !std::isfinite(radius); }) ||
      std::ranges::any_of(grid.gaps, [](int gap) { return gap < 0; }))
    throw Error("a sensitivity study needs radii above 0 m and gaps from 0 frames");
  put_in_order(grid.radii, own.positive_radius);
  put_in_order(grid.gaps, own.exclude_recent);

  Sensitivity result;
  result.protocol = stamped(own);
  result.radii = grid.radii;
  result.gaps = grid.gaps;
  result.cells.resize(grid.radii.size() * grid.gaps.size());
  result.not_reranked.resize(grid.gaps.size());
  const Descriptors* const descriptors = experiment.descriptors.size() > 0 ? &experiment.descriptors : nullptr;
  const std::size_t total = result.cells.size();
  for (std::size_t gap = 0; gap < grid.gaps.size(); ++gap) {
    const std::size_t first = gap * grid.radii.size();
    progress("Varying the protocol", first, total);
    const Progress step(
        [&](std::string_view, std::size_t, std::size_t) { progress("Varying the protocol", first, total); },
        {});  // a search can be ended too
    const std::vector<Retrieval> answers = answers_under(
        experiment, trajectory, varied(own, own.positive_radius, grid.gaps[gap]), result.not_reranked[gap], step);
    for_each_on_all_cores(
        int(grid.radii.size()),
        [&](int radius) {
          const Protocol protocol = varied(own, grid.radii[std::size_t(radius)], grid.gaps[gap]);
          const Figures figures = figures_alone(trajectory, answers, protocol, nullptr, descriptors);
          result.cells[first + std::size_t(radius)] = {figures.num_queries,
                                                       figures.recall_at.empty() ? 0 : figures.recall_at.front(),
                                                       figures.max_f1, figures.average_precision};
        },
        [&](std::size_t done) { progress("Varying the protocol", first + done, total); });
  }
  if (std::ranges::any_of(result.not_reranked, [](std::size_t pairs) { return pairs > 0; }))
    result.remarks.push_back(
        "Under other gaps the search finds candidates that were never re-ranked (marked *): they stand behind those "
        "that were. Choose such a protocol to have them re-ranked.");
  return result;
}

std::string sensitivity_csv(const Sensitivity& sensitivity) {
  std::string csv = "gap_frames,radius_m,num_queries,recall_at_1,max_f1,average_precision,not_reranked\n";
  for (std::size_t gap = 0; gap < sensitivity.gaps.size(); ++gap)
    for (std::size_t radius = 0; radius < sensitivity.radii.size(); ++radius) {
      const SensitivityCell& cell = sensitivity.at(radius, gap);
      csv += fmt::format("{},{},{},{},{},{},{}\n", sensitivity.gaps[gap], sensitivity.radii[radius], cell.num_queries,
                         cell.recall_at_1, cell.max_f1, cell.average_precision, sensitivity.not_reranked[gap]);
    }
  return csv;
}

}  // namespace relocus
