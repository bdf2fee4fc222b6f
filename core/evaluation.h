#pragma once

#include <map>
#include <span>

#include "core/ground_truth.h"
#include "core/options.h"
#include "core/progress.h"
#include "core/types.h"

namespace relocus {

/// Which frames may answer a query, which answers are right, and what is counted.
struct Protocol : Options {
  std::string preset = "overlap_netvlad";  ///< name of the preset it came from; "custom" once a value differs
  double positive_radius = 10;             ///< [m] nearer (strictly) is right
  double negative_radius = 0;              ///< [m] farther is wrong, between the two counts as neither; 0: no such band
  bool planar = true;                      ///< distances in the ground plane; otherwise in space
  double min_overlap = 0;                  ///< > 0: right means ground-truth overlap above it instead of distance
  int exclude_recent = 50;                 ///< [frames] candidates are j < i - exclude_recent
  double exclude_seconds = 0;              ///< [s] candidates are at least that much older
  double min_travel = 0;                   ///< [m] candidates lie at least that far back along the path
  bool past_only = true;                   ///< false: later frames are candidates too
  int database_frames = 0;                 ///< > 0: only the first so many frames are the database (map)
  double database_seconds = 0;             ///< > 0: [s] the same by time
  int first_query = 0;                     ///< [frames] queries start here
  int num_candidates = 25;                 ///< kept by retrieval, read by re-ranking
  int max_recall = 25;                     ///< Recall@N is given for N = 1 … this
  bool pairs = false;                      ///< PR over pairs (SSC) instead of the best answer of each query
  int negatives_per_positive = 100;        ///< of the pair protocol

  void visit(OptionVisitor& option) override;
};

/// A protocol of the literature, by name.
struct ProtocolPreset {
  std::string name;    ///< "overlap_netvlad"
  std::string letter;  ///< "E"; empty where the field has none
  std::string title;   ///< "OverlapNetVLAD / CFPR: 10 m, 50 frames, top 25"
  std::string source;  ///< paper or repository
  Protocol protocol;
};
std::span<const ProtocolPreset> protocol_presets();
const Protocol& protocol_preset(std::string_view name_or_letter);

/// How sure a figure is: 95 % bootstrap interval over queries.
struct Interval {
  double lower = 0, upper = 0;
};

struct PrPoint {
  double threshold = 0;  ///< accepted: score >= threshold
  double precision = 0, recall = 0, f1 = 0;
  int true_positives = 0, false_positives = 0, false_negatives = 0;
};

/// The figures of one set of queries.
struct Figures {
  int num_queries = 0;            ///< queries with a right answer: Recall@N counts these
  int num_asked = 0;              ///< queries with any candidate: the PR curve counts these
  std::vector<double> recall_at;  ///< [n - 1] is Recall@n
  double recall_at_1_percent = 0;
  int one_percent = 1;            ///< N of Recall@1 %
  std::vector<PrPoint> curve;     ///< distinct thresholds, from the highest score (recall ascends)
  double max_f1 = 0, max_f1_threshold = 0;
  double average_precision = 0;       ///< step-wise
  double auc = 0;                     ///< trapezoid under the PR curve
  double extended_precision = 0;      ///< (P at the smallest non-zero recall + R at P = 1) / 2
  double recall_at_full_precision = 0;
  Interval recall_at_1_interval, max_f1_interval, average_precision_interval;
};

/// What became of one query.
enum class Outcome { NoCandidates, TruePositive, FalsePositive, Unanswerable, Ignored };
struct QueryResult {
  FrameId query = -1;
  FrameId best = -1;                 ///< the first answer; -1 without candidates
  double score = 0;                  ///< of the first answer, higher is better
  bool answerable = false;           ///< some admitted frame is right
  bool correct = false;              ///< the first answer is right
  bool counted = true;               ///< false: falls between positive_radius and negative_radius
  int first_true_rank = 0;           ///< from 1; 0: no right answer among the candidates
  double best_distance = 0;          ///< [m] true distance of the first answer
  FrameId nearest = -1;              ///< the admitted frame that is truly nearest
  double nearest_distance = 0;       ///< [m]
  bool reverse = false;              ///< the nearest right answer is seen from more than 90 degrees
  bool standstill = false;           ///< every right answer lies less than 50 m back along the path
};

/// Score by which answers are accepted.
enum class ScoreKind { Similarity, Distance };  ///< Distance: score = -distance

struct Evaluation {
  Protocol protocol;
  ScoreKind score_kind = ScoreKind::Distance;
  Figures figures;
  std::map<std::string, Figures> strata;  ///< "same_direction", "reverse", "standstill", "moving", "within_3m", "3_to_5m", "5_to_10m", …
  std::vector<QueryResult> queries;       ///< one per retrieval
};

/// Frames that may answer `query`.
bool is_admitted(const Trajectory& trajectory, const Protocol& protocol, FrameId query, FrameId candidate);

/// True overlaps for protocols with min_overlap > 0: (query, candidate) -> overlap.
using OverlapTable = std::map<std::pair<FrameId, FrameId>, float>;

/// Figures of any method's answers. `retrievals` hold candidates best first, after re-ranking where there was one.
Evaluation evaluate(const Trajectory& trajectory, std::span<const Retrieval> retrievals, const Protocol& protocol,
                    const OverlapTable* overlaps = nullptr, const Progress& progress = {});

/// PR figures of scored pairs (SSC protocol, score-label text files).
struct ScoredPair {
  double score = 0;  ///< higher is better
  bool positive = false;
};
Figures evaluate_pairs(std::span<const ScoredPair> pairs);

/// The figures as design.md's command-line contract names them.
nlohmann::ordered_json to_json(const Figures& figures, bool with_curve = false);
nlohmann::ordered_json to_json(const Evaluation& evaluation, bool with_curves = false);

}  // namespace relocus
