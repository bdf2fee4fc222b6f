#pragma once

#include <map>
#include <set>
#include <span>
#include <utility>

#include "core/ground_truth.h"
#include "core/options.h"
#include "core/progress.h"
#include "core/types.h"

namespace relocus {

/// Which frames may answer a query, which answers are right, and what is counted.
struct Protocol : Options {
  std::string preset = "overlap_netvlad";  ///< the preset it came from; see stamped()
  double positive_radius = 10;             ///< [m] nearer is right
  bool inclusive = false;                  ///< exactly at the radius is right too
  double negative_radius = 0;              ///< [m] farther is wrong, between the two counts as neither; 0: no such band
  bool planar = true;                      ///< distances in the ground plane; otherwise in space
  double min_overlap = 0;                  ///< > 0: right means ground-truth overlap above it instead of distance
  int frame_tolerance = -1;     ///< >= 0: right means file numbers that differ by at most this, instead of distance
  bool listed = false;          ///< right means what the data set lists (KnownTruth::listed), instead of distance
  bool one_per_place = false;   ///< of the views of one panorama (Frame::place) only the best answers
  int exclude_recent = 50;      ///< [frames] candidates are j < i - exclude_recent
  double exclude_seconds = 0;   ///< [s] candidates are at least that much older
  double min_travel = 0;        ///< [m] candidates lie at least that far back along the path
  bool past_only = true;        ///< false: later frames are candidates too, with the same gaps
  int database_frames = 0;      ///< > 0: only the first so many frames are the database (map); the others ask
  double database_seconds = 0;  ///< > 0: [s] the same by time
  int first_query = 0;          ///< [frames] queries start here
  int num_candidates = 25;      ///< kept by retrieval, read by re-ranking
  int max_recall = 25;          ///< Recall@N is given for N = 1 … this
  std::string wrong_answers = "both";  ///< see below
  bool pairs = false;                  ///< PR over pairs (SSC) instead of the best answer of each query
  int negatives_per_positive = 100;    ///< of the pair protocol, drawn at random; 0: all

  void visit(OptionVisitor& option) override;
};
// wrong_answers says what an accepted wrong answer to a query that has a right one is in the PR curve:
//   "both"            a false positive, and its right answer is missed: recall = true positives / answerable queries
//   "false_positive"  a false positive alone (LoGG3D-Net, OverlapTransformer, LCDNet's second variant)
//   "missed"          a false negative alone (LCDNet's first variant)

/// A protocol of the literature, by name.
struct ProtocolPreset {
  std::string name;    ///< "overlap_netvlad"
  std::string letter;  ///< "E"; empty where the field has none
  std::string title;   ///< "OverlapNetVLAD / CFPR: 10 m, 50 frames, top 25"
  std::string source;  ///< paper or repository
  Protocol protocol;
  bool separate_map = false;  ///< meant for a map of its own: see joined_protocol()
};
std::span<const ProtocolPreset> protocol_presets();

/// By name or by letter where only one preset has it. Throws on an unknown one, naming the known.
const Protocol& protocol_preset(std::string_view name_or_letter);

/// The same protocol with `preset` telling the truth: the preset that has these values, or "custom".
Protocol stamped(Protocol protocol);

/// The protocol in one line without commas, for titles and table columns: its name, the radius and the gap, and
/// whatever else differs from the defaults: "logg3d positive_radius=3 exclude_recent=0 negative_radius=20 planar=false
/// …".
std::string one_line(const Protocol& protocol);

/// How the command line names one of its values: "min_travel" -> "--min-travel".
std::string flag_of(std::string_view value);

/// Frames j < `before` and frames `from` <= j < `end` may answer. With past_only the second range is empty.
struct Admitted {
  FrameId before = 0, from = 0, end = 0;
  bool contains(FrameId frame) const { return frame >= 0 && (frame < before || (frame >= from && frame < end)); }
  FrameId count() const { return before + end - from; }
};
Admitted admitted(const Trajectory& trajectory, const Protocol& protocol, FrameId query);

/// Whether the protocol lets `frame` ask: it is no part of the map and not before first_query.
bool may_ask(const Trajectory& trajectory, const Protocol& protocol, FrameId frame);

/// Frames that may answer `query`.
bool is_admitted(const Trajectory& trajectory, const Protocol& protocol, FrameId query, FrameId candidate);

/// N of Recall@1 %: one percent of the sequence (of the map where there is one), at least 1.
int one_percent(const Trajectory& trajectory, const Protocol& protocol);

/// Whether answers are judged by distance, for which poses are needed.
bool needs_poses(const Protocol& protocol);

/// Leaves of the views of one panorama the first, where the protocol wants it so. Reusable: it remembers one query's.
class PlaceFilter {
 public:
  PlaceFilter(const Trajectory& trajectory, const Protocol& protocol);
  void start() { seen_.clear(); }                 ///< with the next query
  bool is_new(FrameId frame);                     ///< false: a view of the same panorama has answered
  int most_views() const { return most_views_; }  ///< that one panorama has; 1 where all stand alone

 private:
  const Trajectory& trajectory_;
  int most_views_ = 1;
  std::set<std::int64_t> seen_;
};

/// How many candidates a search keeps so that every figure can be counted; re-ranking reads the first num_candidates of
/// them.
int candidates_needed(const Trajectory& trajectory, const Protocol& protocol);

/// True overlaps for protocols with min_overlap > 0: (query, candidate) -> overlap.
using OverlapTable = std::map<std::pair<FrameId, FrameId>, float>;

/// What the ground truth says about one frame as a query.
struct Revisit {
  bool asked = false;           ///< it may ask, has a pose where one is needed, and somebody may answer
  int num_right = 0;            ///< admitted frames that are right answers
  FrameId nearest = -1;         ///< the admitted frame that is truly nearest; -1: unknown
  double nearest_distance = 0;  ///< [m]; 0 where unknown
  FrameId nearest_right = -1;   ///< the nearest right answer
  bool reverse = false;         ///< the place was driven the other way: heading differs by more than 90 degrees
  bool standstill = false;      ///< every right answer lies less than 50 m back along the path
};

/// One per frame. Throws when the protocol needs poses or overlaps that are not there.
std::vector<Revisit> revisits(const Trajectory& trajectory, const Protocol& protocol,
                              const OverlapTable* overlaps = nullptr);

/// Whether an answer is right, or (between the radii) neither right nor wrong. Both frames need poses where the
/// protocol does.
enum class Verdict { Right, Neither, Wrong };
Verdict judge(const Trajectory& trajectory, const Protocol& protocol, const OverlapTable* overlaps, FrameId query,
              FrameId candidate);

/// Range-image overlaps (range_overlap() of the default settings) of all admitted pairs nearer than `max_distance` [m],
/// read from the scans of the sequence. For protocols with min_overlap; takes milliseconds a pair, so keep the result.
OverlapTable overlap_table(const Sequence& sequence, const Protocol& protocol, double max_distance = 30,
                           const Progress& progress = {});

}  // namespace relocus
