#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "core/cell_map.h"
#include "core/image.h"
#include "core/options.h"
#include "core/types.h"

namespace relocus {

enum class Modality { Lidar, Image };

/// What the sensors gave for one frame; a method reads what its modality names.
struct Reading {
  PointCloud cloud;
  Picture picture;  ///< in 8 bits, as published code resizes it before it makes floats of it
};

/// What an intermediate result is: all that a view must know to show it, whatever the method.
struct TraceLabel {
  std::string name;              ///< "features"
  std::string title;             ///< for people: "Backbone features"
  std::string unit;              ///< "m"; empty: a pure number
  std::optional<CellGrid> grid;  ///< the first two axes are its cells, a third one the channels; nothing: no map
  std::string channel;           ///< what one channel is called: "layer", "cluster"; empty without channels
  std::optional<std::pair<float, float>> range;  ///< that all values lie in, where that is known
  bool zero_is_nothing = false;                  ///< cells whose channels are all 0 hold nothing
  bool is_evidence = false;  ///< cell by cell, from 0 to 1, what speaks for the two scans showing the same place
  bool is_share = false;     ///< the channels of a cell are shares of it: they add up to 1
  Side side = Side::Query;   ///< of what is traced while a pair is compared
};

/// Called with every intermediate result in the order of the computation. An empty one costs one test.
using Trace = std::function<void(const TraceLabel& label, const Array& array)>;

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

  /// Where one cell of the query looks in the candidate while the two are compared: traces a map of the candidate's
  /// cells. Row and column are those of the map that rerank() traces as evidence. Traces nothing where there is no such
  /// thing, or nothing in that cell.
  virtual void attend(const Prepared& query, const Prepared& candidate, int row, int column, const Trace& trace);
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
  bool reranks = false;                               ///< has a second stage
  std::function<std::unique_ptr<Options>()> options;  ///< the defaults
  /// Throws, with the cure, when weights are needed and missing or misfit; never runs on random numbers.
  std::function<std::unique_ptr<Method>(const Options&, const Resources&)> create;
  /// sha256 of the weights that create() would use; empty for a method without.
  std::function<std::string(const Options&, const Resources&)> weights_hash;
};

std::span<const MethodInfo> methods();

/// Whether some frame has what a method of that modality reads.
bool can_read(Modality modality, const Sequence& sequence);

/// The method that is offered first for a sequence: of those that can read it (scans come first) one whose weights ship
/// with the program, or else one that needs none.
const MethodInfo& first_method(const Sequence& sequence);

/// The method of that name. Throws on an unknown one, naming the known.
const MethodInfo& method(std::string_view name);

}  // namespace relocus
