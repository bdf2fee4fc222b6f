#include "core/truth_summary.h"

#include <algorithm>
#include <cmath>

namespace relocus {
namespace {

constexpr std::size_t preview_pairs = 3000, told_pairs = 5000;
constexpr int bins = 20;

void count(std::vector<int>& histogram, double value, double upper) {
  if (histogram.empty()) histogram.assign(bins, 0);
  ++histogram[std::size_t(std::clamp(int(value / upper * bins), 0, bins - 1))];
}

/// Whole rows of pairs, evenly chosen, so that about as many pairs are left as a preview takes.
std::vector<WantedPair> thinned(const std::vector<WantedPair>& pairs) {
  const std::size_t step = (pairs.size() + preview_pairs - 1) / preview_pairs;
  if (step < 2) return pairs;
  std::vector<WantedPair> chosen;
  std::size_t row = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (i > 0 && pairs[i].query != pairs[i - 1].query) ++row;
    if (row % step == step / 2) chosen.push_back(pairs[i]);
  }
  return chosen.empty() ? pairs : chosen;
}

}  // namespace

TruthSummary summarise(const PairTruth& truth, const TruthOptions& options, std::size_t num_frames) {
  TruthSummary summary;
  summary.total_pairs = summary.measured_pairs = truth.pairs.size();
  summary.seconds = truth.seconds;
  summary.max_distance = options.max_distance;
  summary.threshold = options.threshold;
  summary.by_bev = options.overlap_column == "bev";
  summary.loops_of_frame.assign(num_frames, -1);
  summary.remarks = truth.remarks;
  const std::size_t step = (truth.pairs.size() + told_pairs - 1) / told_pairs;
  for (std::size_t i = 0; i < truth.pairs.size(); ++i) {
    const TruthPair& pair = truth.pairs[i];
    if (!std::isnan(pair.range)) count(summary.range_overlaps, double(pair.range), 1);
    if (!std::isnan(pair.bev())) count(summary.bev_overlaps, double(pair.bev()), 1);
    count(summary.distances, pair.distance, options.max_distance);
    const bool loop = double(summary.by_bev ? pair.bev() : pair.range) > options.threshold;
    int& loops = summary.loops_of_frame[std::size_t(pair.query)];
    loops = std::max(loops, 0) + loop;
    summary.loops += loop;
    if (i % step == 0) summary.pairs.push_back(pair);
  }
  return summary;
}

TruthSummary preview_truth(const Sequence& sequence, const TruthOptions& options, const Progress& progress) {
  const std::vector<WantedPair> all = wanted_pairs(trajectory(sequence), options, 0, progress);
  const PairTruth truth = measure_pairs(sequence, thinned(all), options, {}, 0, progress);
  TruthSummary summary = summarise(truth, options, sequence.frames.size());
  summary.total_pairs = all.size();
  return summary;
}

}  // namespace relocus
