#include "core/training/image_held_out.h"

#include <torch/torch.h>

#include <cmath>
#include <numbers>

#include "core/error.h"
#include "core/networks/image_model.h"
#include "core/sequence_protocol.h"

namespace relocus {
namespace {

constexpr std::ptrdiff_t described_together = 16;
constexpr double widest = 4;                // times the size of training: panoramas are squeezed
constexpr double separation_weight = 1e-3;  // what tells between weights of the same Recall@1
constexpr double min_travel = 50;           // [m] that make a revisit
constexpr double most_turned = 45;          // [deg] that a camera may look elsewhere

Protocol protocol_of(const Sequence& sequence) {
  if (has_own_protocol(sequence)) return suggested_protocol(sequence);
  Protocol protocol;
  protocol.exclude_recent = 0, protocol.min_travel = min_travel;
  return protocol;
}

}  // namespace

HeldOutImages::HeldOutImages(const TrainingJob& job, const ImageVladOptions& options)
    : options_(options), pictures_(open_image_sequences(job.validation), options.memory) {
  for (const Sequence& sequence : pictures_.sequences()) {
    paths_.push_back(trajectory(sequence));
    protocols_.push_back(protocol_of(sequence));
  }
  for (std::size_t s = 0; s < paths_.size(); ++s)
    for (FrameId query = 0; query < FrameId(paths_[s].size()); ++query)
      if (!answers_to(s, query).right.empty()) return;
  throw Error("no sequence that is held out for validation comes back to a place with the same heading");
}

HeldOutImages::Answers HeldOutImages::answers_to(std::size_t sequence, FrameId query) const {
  const Trajectory& path = paths_[sequence];
  const Protocol& protocol = protocols_[sequence];
  const bool posed = needs_poses(protocol), one_drive = pictures_.sequences()[sequence].num_database == 0;
  Answers answers;
  if ((posed && !path.has_pose(query)) || !may_ask(path, protocol, query)) return answers;
  const Admitted frames = admitted(path, protocol, query);
  bool seen = false;
  for (FrameId frame = 0; frame < FrameId(path.size()); ++frame) {
    if (!frames.contains(frame) || (posed && !path.has_pose(frame))) continue;
    const Verdict verdict = judge(path, protocol, nullptr, query, frame);
    if (verdict == Verdict::Wrong) answers.wrong.push_back(frame);
    if (verdict != Verdict::Right) continue;
    answers.right.push_back(frame);
    seen = seen || !one_drive || !(heading_difference(path, query, frame) > most_turned / 180 * std::numbers::pi);
  }
  if (!seen) answers.right.clear();
  return answers;
}

torch::Tensor HeldOutImages::image(std::size_t sequence, FrameId frame) const {
  const auto picture = pictures_.picture(int(sequence), frame);
  int width = options_.image_width, height = options_.image_height;
  if (options_.is_contrast()) {  // whose views are regions that keep their aspect, more or less
    const double across = double(width) / picture->width, down = double(height) / picture->height;
    const double longest = std::min({std::max(across, down), widest * across, widest * down});
    width = std::max(width, int(std::lround(longest * picture->width)));
    height = std::max(height, int(std::lround(longest * picture->height)));
  }
  return pixels_of(resized(*picture, width, height));
}

torch::Tensor HeldOutImages::descriptors(std::size_t sequence, const Describe& describe,
                                         const Progress& progress) const {
  const auto count = FrameId(paths_[sequence].size());
  std::vector<torch::Tensor> parts, images;
  const auto finish = [&] {
    if (!images.empty()) parts.push_back(describe(torch::stack(images)).to(torch::kCPU, torch::kFloat));
    images.clear();
  };
  for (FrameId frame = 0; frame < count; ++frame) {
    progress("Validating", std::size_t(frame), std::size_t(count));
    torch::Tensor next = image(sequence, frame);
    const bool other_size = !images.empty() && next.sizes() != images.front().sizes();
    if (other_size || std::ssize(images) == described_together) finish();
    images.push_back(std::move(next));
  }
  finish();
  return torch::cat(parts);
}

TrainingTask::Validation HeldOutImages::validate(const Describe& describe, const Progress& progress) const {
  double queries = 0, first = 0, fifth = 0, separation = 0;
  for (std::size_t s = 0; s < paths_.size(); ++s) {
    const torch::Tensor all = descriptors(s, describe, progress);
    for (FrameId query = 0; query < FrameId(paths_[s].size()); ++query) {
      const Answers answers = answers_to(s, query);
      if (answers.right.empty()) continue;
      const torch::Tensor similarities = torch::mv(all, all[query]).contiguous();
      const auto* similarity = similarities.data_ptr<float>();
      float best_right = -2, best_wrong = -2;
      for (const FrameId frame : answers.right) best_right = std::max(best_right, similarity[frame]);
      int before = 0;
      for (const FrameId frame : answers.wrong) {
        best_wrong = std::max(best_wrong, similarity[frame]);
        before += similarity[frame] >= best_right;
      }
      ++queries, first += before == 0, fifth += before < 5, separation += best_right - best_wrong;
    }
  }
  return {first / queries + separation_weight * separation / queries,
          {{"recall_at_1", first / queries}, {"recall_at_5", fifth / queries}, {"separation", separation / queries}}};
}

}  // namespace relocus
