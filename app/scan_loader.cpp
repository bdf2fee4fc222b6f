#include "app/scan_loader.h"

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

Scan read(const Sequence& sequence, FrameId frame) {
  Scan scan{.frame = frame, .cloud = read_cloud(sequence, frame)};
  const auto& labels = sequence.frames.at(std::size_t(frame)).labels;
  if (!labels.empty()) scan.labels = read_labels(labels, scan.cloud.points.size());
  return scan;
}

}  // namespace

ScanLoader::ScanLoader(QObject* parent, std::size_t bytes_kept) : QObject(parent), scans_(bytes_kept) {
  scans_.reader = [this](FrameId frame) {
    return [sequence = sequence_, frame] { return std::make_shared<const Scan>(read(*sequence, frame)); };
  };
  scans_.bytes_of = bytes_of;
  scans_.loaded = [this](FrameId, const std::shared_ptr<const Scan>& scan) { Q_EMIT loaded(scan); };
  scans_.failed = [this](FrameId frame, const QString& message) { Q_EMIT failed(frame, message); };
  scans_.idle = [this] { Q_EMIT idle(); };
}

void ScanLoader::show_sequence(std::shared_ptr<const Sequence> sequence) {
  scans_.forget_all();
  sequence_ = std::move(sequence);
}

void ScanLoader::want(const std::vector<FrameId>& frames) {
  if (sequence_) scans_.want(frames);
}

}  // namespace relocus
