#include "core/readable.h"

#include "core/datasets/registry.h"
#include "core/error.h"

namespace relocus {

std::vector<FrameId> unreadable_frames(const Sequence& sequence, Modality modality, const Progress& progress) {
  std::vector<char> bad(sequence.frames.size(), 0);
  constexpr std::size_t kTogether = 64;
  for (std::size_t first = 0; first < bad.size(); first += kTogether) {
    progress("Looking for files that cannot be read", first, bad.size());
    const auto end = std::int64_t(std::min(bad.size(), first + kTogether));
#pragma omp parallel for schedule(dynamic)
    for (std::int64_t frame = std::int64_t(first); frame < end; ++frame) {
      try {
        if (modality == Modality::Image)
          read_picture(sequence, FrameId(frame));
        else
          read_cloud(sequence, FrameId(frame));
      } catch (const Error&) {
        bad[std::size_t(frame)] = 1;
      }
    }
  }
  progress("Looking for files that cannot be read", bad.size(), bad.size());
  std::vector<FrameId> frames;
  for (std::size_t frame = 0; frame < bad.size(); ++frame)
    if (bad[frame]) frames.push_back(FrameId(frame));
  return frames;
}

Sequence without_frames(const Sequence& sequence, std::span<const FrameId> frames) {
  std::vector<FrameId> id_of(sequence.frames.size(), 0);
  for (const FrameId frame : frames) {
    if (frame < 0 || std::size_t(frame) >= id_of.size())
      throw Error("{} has no frame {} to be left out; was it changed since?", sequence.name, frame);
    id_of[std::size_t(frame)] = -1;
  }
  Sequence rest = sequence;
  rest.frames.clear();
  rest.num_database = 0;
  for (std::size_t frame = 0; frame < id_of.size(); ++frame) {
    if (id_of[frame] < 0) continue;
    id_of[frame] = FrameId(rest.frames.size());
    rest.frames.push_back(sequence.frames[frame]);
    rest.frames.back().id = id_of[frame];
    rest.num_database += frame < sequence.num_database;
  }
  if (sequence.num_database > 0 && (rest.num_database == 0 || rest.num_database == rest.frames.size()))
    throw Error("none of the {} of {} can be read; copy the missing files",
                rest.num_database == 0 ? "database's frames" : "queries", sequence.name);
  if (!sequence.truth.listed.empty()) {
    rest.truth.listed.assign(rest.frames.size(), {});
    for (std::size_t query = 0; query < id_of.size(); ++query)
      for (const FrameId right : sequence.truth.listed[query])
        if (id_of[query] >= 0 && id_of[std::size_t(right)] >= 0)
          rest.truth.listed[std::size_t(id_of[query])].push_back(id_of[std::size_t(right)]);
  }
  if (!frames.empty())
    rest.remarks.push_back(
        fmt::format("{} of {} frames were left out: they cannot be read", frames.size(), sequence.frames.size()));
  return rest;
}

}  // namespace relocus
