#include "core/loop_finder.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/encodings.h"
#include "core/error.h"
#include "core/index.h"
#include "core/methods/registry.h"
#include "core/reranking.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

/// A file that nobody else uses, for a store that is forgotten.
fs::path scratch_file() {
  static std::atomic<int> count = 0;
  return fs::temp_directory_path() / fmt::format("relocus-loops-{}-{}.bin", ::getpid(), count++);
}

const MethodInfo& method_of(const LoopSettings& settings) {
  const MethodInfo& info = method(settings.method);
  if (info.modality != Modality::Lidar) throw Error("{} reads images; loops are found in scans", info.title);
  if (settings.num_candidates < 1) throw Error("num_candidates is {}; at least one is needed", settings.num_candidates);
  if (settings.exclude_recent < 0) throw Error("exclude_recent is {}; it cannot be negative", settings.exclude_recent);
  return info;
}

}  // namespace

struct LoopFinder::Impl {
  explicit Impl(const LoopSettings& given)
      : settings(given), info(method_of(given)), options(info.options()), forgotten(given.store.empty()) {
    for (const std::string& assignment : given.options) set_option(*options, assignment);
    const Resources resources{given.weights, given.device, given.threads};
    method = info.create(*options, resources);
    const EncodingKey key{given.method, to_json(*options).dump(), info.weights_hash(*options, resources), "online"};
    store.emplace(forgotten ? scratch_file() : given.store, key);
    for (FrameId frame = 0; frame < store->size(); ++frame) remember(store->global(frame));
  }

  ~Impl() {
    const fs::path file = store ? store->file() : fs::path();
    store.reset();
    std::error_code ignored;
    if (forgotten && !file.empty()) fs::remove(file, ignored);
  }

  void remember(const Eigen::VectorXf& descriptor) {
    if (!index) index.emplace(int(descriptor.size()));
    index->add(descriptor);
  }

  LoopSettings settings;
  const MethodInfo& info;
  std::unique_ptr<Options> options;
  bool forgotten;
  std::unique_ptr<Method> method;
  std::optional<EncodingStore> store;
  std::optional<Index> index;
};

LoopFinder::LoopFinder(const LoopSettings& settings) : impl_(std::make_unique<Impl>(settings)) {}
LoopFinder::~LoopFinder() = default;
LoopFinder::LoopFinder(LoopFinder&&) noexcept = default;
LoopFinder& LoopFinder::operator=(LoopFinder&&) noexcept = default;

FrameId LoopFinder::size() const { return impl_->store->size(); }

FrameId LoopFinder::add(const PointCloud& scan) {
  if (scan.points.empty()) throw Error("scan {} has no points", size());
  const Reading reading{scan, {}};
  const std::vector<Encoding> encodings = impl_->method->encode(std::span(&reading, 1));
  impl_->store->append(encodings.at(0));
  impl_->remember(encodings[0].global);
  return size() - 1;
}

std::vector<Candidate> LoopFinder::loops(FrameId frame) const {
  if (frame < 0 || frame >= size()) throw Error("there is no frame {}; {} were added", frame, size());
  const FrameId open = frame - impl_->settings.exclude_recent;
  if (open <= 0) return {};
  const int count = impl_->settings.num_candidates;
  std::vector<Retrieval> asked{{frame, impl_->index->search(impl_->store->global(frame), count, open)}};
  if (impl_->info.reranks) {
    Protocol protocol;
    protocol.num_candidates = count;
    rerank(asked, protocol, *impl_->method, *impl_->store, nullptr, {});
  }
  return asked.front().candidates;
}

}  // namespace relocus
