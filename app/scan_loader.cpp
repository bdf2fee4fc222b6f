#include "app/scan_loader.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/datasets/registry.h"
#include "core/files.h"

namespace relocus {
namespace {

std::size_t bytes_of(const Scan& scan) {
  return scan.cloud.points.size() * sizeof(Eigen::Vector3f) + scan.cloud.intensities.size() * sizeof(float) +
         scan.labels.size() * sizeof(std::uint16_t);
}

/// SemanticKITTI's .label: one little-endian 32-bit number per point, the class in its lower half. Labels that do not
/// fit the scan are none.
std::vector<std::uint16_t> read_labels(const std::filesystem::path& path, std::size_t num_points) {
  static_assert(std::endian::native == std::endian::little);
  const std::string bytes = read_text(path);
  if (bytes.size() != num_points * sizeof(std::uint32_t)) return {};
  std::vector<std::uint16_t> labels(num_points);
  for (std::size_t i = 0; i < num_points; ++i) std::memcpy(&labels[i], bytes.data() + i * sizeof(std::uint32_t), 2);
  return labels;
}

}  // namespace

ScanLoader::ScanLoader(QObject* parent, std::size_t bytes_kept) : QObject(parent), bytes_kept_(bytes_kept) {}

void ScanLoader::show_sequence(std::shared_ptr<const Sequence> sequence) {
  runner_.cancel();
  wishes_.clear();
  at_hand_.clear();
  recent_.clear();
  bytes_ = 0;
  sequence_ = std::move(sequence);
}

std::shared_ptr<const Scan> ScanLoader::find(FrameId frame) {
  const auto found = at_hand_.find(frame);
  if (found == at_hand_.end()) return nullptr;
  recent_.splice(recent_.begin(), recent_, found->second);
  return recent_.front();
}

void ScanLoader::want(const std::vector<FrameId>& frames) {
  wishes_.assign(frames.rbegin(), frames.rend());
  for (const FrameId frame : frames)
    if (const auto scan = find(frame)) Q_EMIT loaded(scan);
  if (!runner_.is_running()) load_next();
}

void ScanLoader::load_next() {
  std::erase_if(wishes_, [this](FrameId frame) { return at_hand_.contains(frame); });
  if (wishes_.empty() || !sequence_) return Q_EMIT idle();
  const FrameId frame = wishes_.back();
  wishes_.pop_back();
  runner_.start([sequence = sequence_, frame](const Progress&) { return read(*sequence, frame); },
                [this, frame](const Outcome& outcome) {
                  if (outcome.scan) {
                    keep(outcome.scan);
                    Q_EMIT loaded(outcome.scan);
                  } else {
                    Q_EMIT failed(frame, outcome.message);
                  }
                  if (!runner_.is_running()) load_next();
                });
}

ScanLoader::Outcome ScanLoader::read(const Sequence& sequence, FrameId frame) {
  try {
    auto scan = std::make_shared<Scan>();
    scan->frame = frame;
    scan->cloud = read_cloud(sequence, frame);
    const auto& labels = sequence.frames.at(std::size_t(frame)).labels;
    if (!labels.empty()) scan->labels = read_labels(labels, scan->cloud.points.size());
    return {std::move(scan), {}};
  } catch (const std::exception& error) {
    return {nullptr, message_of(error)};
  }
}

void ScanLoader::keep(std::shared_ptr<const Scan> scan) {
  bytes_ += bytes_of(*scan);
  recent_.push_front(scan);
  at_hand_[scan->frame] = recent_.begin();
  while (bytes_ > bytes_kept_ && recent_.size() > 2) {  // query and candidate are always kept
    bytes_ -= bytes_of(*recent_.back());
    at_hand_.erase(recent_.back()->frame);
    recent_.pop_back();
  }
}

}  // namespace relocus
