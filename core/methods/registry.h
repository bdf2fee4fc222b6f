#pragma once

#include <functional>
#include <memory>
#include <span>

#include "core/options.h"
#include "core/types.h"

namespace relocus {

enum class Modality { Lidar, Image };

/// What the sensors gave for one frame; a method reads what its modality names.
struct Reading {
  PointCloud cloud;
  Array image;  ///< [3, height, width], RGB, [0, 1]
};

/// Called with every intermediate result, by name, in the order of the computation. An empty one costs one test.
using Trace = std::function<void(std::string_view name, const Array& array)>;

/// What re-ranking needs of one frame, on the method's device; computed once from a stored Encoding.
struct Prepared {
  virtual ~Prepared() = default;
  std::size_t bytes = 0;  ///< memory that it holds, for caches
};

/// One way of recognising places. One thread uses one method at a time; a method uses all cores by itself.
class Method {
 public:
  virtual ~Method() = default;

  /// A batch of readings; the result of one does not depend on its companions.
  virtual std::vector<Encoding> encode(std::span<const Reading> readings, const Trace& trace = {}) = 0;

  /// Whatever of the second stage depends on one frame alone. One-stage methods keep this.
  virtual std::shared_ptr<const Prepared> prepare(const Encoding& encoding);

  /// The second stage: similarity (higher is better) and, where the method knows it, yaw [rad] of each candidate.
  struct Score {
    float similarity;
    float yaw = std::numeric_limits<float>::quiet_NaN();
  };
  virtual std::vector<Score> rerank(const Prepared& query, std::span<const std::shared_ptr<const Prepared>> candidates,
                                    const Trace& trace = {});
};

/// Where and with what a method computes.
struct Resources {
  std::filesystem::path weights;  ///< file or folder; empty: models/<method>/ as shipped
  std::string device = "auto";    ///< auto, cpu, cuda, cuda:1
  int threads = 0;                ///< 0: as many as the machine has
};

struct MethodInfo {
  std::string name;   ///< "overlap_netvlad": as --method says it
  std::string title;  ///< "OverlapNetVLAD"
  std::string help;   ///< one sentence with the paper
  Modality modality = Modality::Lidar;
  bool needs_weights = false;
  bool reranks = false;  ///< has a second stage
  std::function<std::unique_ptr<Options>()> options;  ///< the defaults
  /// Throws, with the cure, when weights are needed and missing or misfit; never runs on random numbers.
  std::function<std::unique_ptr<Method>(const Options&, const Resources&)> create;
  /// sha256 of the weights that create() would use; empty for a method without.
  std::function<std::string(const Options&, const Resources&)> weights_hash;
};

std::span<const MethodInfo> methods();

/// The method of that name. Throws on an unknown one, naming the known.
const MethodInfo& method(std::string_view name);

}  // namespace relocus
