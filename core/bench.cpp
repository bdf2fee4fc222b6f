#include "core/bench.h"

#include <fmt/format.h>

#include <random>

#include "core/evaluation.h"
#include "core/pipeline.h"

namespace relocus {
namespace {

constexpr double kLap = 1500;    // [frames] after which the synthetic drive is where it was
constexpr double kRadius = 240;  // [m] of its circle

/// A drive in a circle, about 1 m a frame, with descriptors that change slowly along it.
Trajectory circle(int num_frames) {
  Trajectory drive;
  for (int i = 0; i < num_frames; ++i) {
    const double angle = 2 * M_PI * i / kLap;
    drive.positions.emplace_back(kRadius * std::cos(angle), kRadius * std::sin(angle), 0);
    drive.headings.push_back(std::remainder(angle + M_PI / 2, 2 * M_PI));
    drive.stamps.push_back(0.1 * i);
    drive.travelled.push_back(kRadius * 2 * M_PI * i / kLap);
    drive.numbers.push_back(i);
  }
  return drive;
}

}  // namespace

std::vector<BenchStage> bench_search(int num_frames, int dimension, double rate) {
  const Trajectory drive = circle(num_frames);
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  Descriptors descriptors(num_frames, dimension);
  for (int i = 0; i < num_frames; ++i) {
    for (int k = 0; k < dimension; ++k) descriptors(i, k) = normal(random);
    if (i >= int(kLap)) descriptors.row(i) = descriptors.row(i - int(kLap)) + 0.1f * descriptors.row(i);
  }
  descriptors.rowwise().normalize();

  const Protocol protocol;
  std::vector<Retrieval> answers;
  BenchStage searching{fmt::format("search of {}x{}", num_frames, dimension), 0, {}};
  searching.milliseconds = best_milliseconds(3, [&] { answers = search(descriptors, drive, protocol); });
  searching.floor_milliseconds = 0.5 * num_frames * num_frames * dimension / (rate * 1e9) * 1e3;
  BenchStage evaluating{fmt::format("evaluation of {} queries", num_frames), 0, {}};
  evaluating.milliseconds = best_milliseconds(3, [&] { evaluate(drive, answers, protocol); });
  return {searching, evaluating};
}

}  // namespace relocus
