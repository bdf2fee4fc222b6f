#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/pair_truth.h"

namespace relocus {

/// Everything that a ground truth hangs on: its pairs, and how files tell them.
struct TruthOptions : PairOptions {
  double threshold = 0.3;                ///< overlaps above it are loops
  std::string overlap_column = "range";  ///< which overlap stands in OverlapNet's and OverlapTransformer's files
  std::string balance = "reference";     ///< of training rows: see balanced_rows()
  int balance_bins = 10;                 ///< of overlap, over [0, 1]
  double validation_share = 0.1;         ///< of the balanced rows
  int seed = 1;                          ///< of all that is drawn
  int yaw_bins = 360;                    ///< of a full turn
  std::string keys = "overlaps";         ///< of OverlapNet's files: "overlaps" (and seq) or "arr_0"
  int loop_gap = 100;                    ///< [frames] loops of OverlapTransformer are older by more than that
  int validation_step = 10;              ///< [frames] OverlapTransformer validates with every n-th frame
  int negatives_per_positive = 100;      ///< rows of RINet's pairs_kitti
  int max_negatives = 2000000;           ///< rows "neg" of RINet's gt_kitti; 0: all

  void visit(OptionVisitor& option) override;
};

/// A layout of files that other programs read.
struct TruthLayout {
  std::string name;   ///< "overlapnet": as the command line says it
  std::string title;  ///< "OverlapNet"
  std::string help;   ///< its files and what stands in them, exactly
};
std::span<const TruthLayout> truth_layouts();

/// By name. Throws on an unknown one, naming the known.
const TruthLayout& truth_layout(std::string_view name);

struct TruthRequest {
  TruthOptions options;
  std::vector<std::string> layouts{"csv"};
  std::filesystem::path folder;  ///< made when it is not there
  std::string label;             ///< the sequence's name in files; empty: the last part of its own ("00")
  int threads = 0;               ///< 0: all of the machine
};

/// The pairs that the request's files need. Throws when layouts and options contradict each other, naming the cure.
std::vector<WantedPair> needed_pairs(const Trajectory& trajectory, const TruthRequest& request,
                                     const Progress& progress = {});

/// What was written.
struct TruthFiles {
  std::shared_ptr<const PairTruth> truth;
  std::size_t loops = 0;  ///< pairs above the threshold
  std::vector<std::filesystem::path> files;
  std::vector<std::string> remarks;
};

/// Measures what is needed and writes all files, which appear together: after a cancel, an error or a crash the folder
/// holds what it held, and a file "unfinished_pairs.log" from which the same request goes on.
TruthFiles generate_truth(const Sequence& sequence, const TruthRequest& request, const Progress& progress = {});

/// One line per pair: query,reference,query_number,reference_number,distance_m,bev_overlap,bev_overlap_query,
/// bev_overlap_reference,range_overlap,yaw_deg,yaw_bin,loop. Empty: not measured.
std::string truth_csv(const PairTruth& truth, const Trajectory& trajectory, const TruthOptions& options);

}  // namespace relocus
