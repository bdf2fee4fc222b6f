#include "core/truth_files.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"
#include "core/files.h"
#include "core/npy_writer.h"
#include "core/truth_rows.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;
constexpr double label_split = 0.1;                      ///< of RINet's rows
constexpr double pair_positive = 3, pair_negative = 20;  ///< [m] of pairs_kitti
constexpr int pair_gap = 50;                             ///< [frames]

constexpr std::string_view column_choices[] = {"range", "bev"};
constexpr std::string_view balance_choices[] = {"reference", "even", "off"};
constexpr std::string_view key_choices[] = {"overlaps", "arr_0"};

/// What the writers of files share.
struct Writing {
  const Sequence& sequence;
  const Trajectory trajectory;
  const PairTruth& truth;
  const TruthOptions& options;
  const std::string label;
  const Progress& progress;
  std::vector<std::pair<fs::path, std::string>> files = {};  ///< path in the folder, bytes
  std::vector<std::string> remarks = {};

  double overlap(const TruthPair& pair) const {
    return double(options.overlap_column == "bev" ? pair.bev() : pair.range);
  }
  double number(FrameId frame) const { return double(trajectory.numbers[frame]); }
};

std::string npz_of_rows(const std::vector<double>& rows, std::int64_t columns, const std::string& label,
                        const std::string& keys) {
  const std::int64_t shape[] = {std::int64_t(rows.size()) / columns, columns};
  const std::string numbers = npy_bytes(shape, rows);
  if (keys == "arr_0") return npz_bytes({{"arr_0", numbers}});
  const std::int64_t pairs_of_names[] = {shape[0], 2};
  return npz_bytes({{"overlaps", numbers}, {"seq", npy_text(pairs_of_names, label)}});
}

/// The rows that the options want and whose overlap is known; what else is in the table belongs to whole rows.
struct TrainingRows {
  std::vector<TruthPair> all;
  std::vector<std::size_t> train, validation;  ///< of the balanced ones
};

TrainingRows training_rows(Writing& writing) {
  TrainingRows rows;
  std::vector<double> overlaps;
  for (const TruthPair& pair : writing.truth.pairs) {
    if (!is_wanted(writing.options, {pair.query, pair.reference}) || std::isnan(writing.overlap(pair))) continue;
    rows.all.push_back(pair);
    overlaps.push_back(writing.overlap(pair));
  }
  const auto& options = writing.options;
  const std::vector<std::size_t> balanced =
      balanced_rows(overlaps, options.balance, options.balance_bins, options.seed);
  const auto for_validation = std::uint64_t(double(balanced.size()) * options.validation_share);
  Draw draw(std::uint64_t(options.seed) + 1, for_validation, balanced.size());
  for (const std::size_t row : balanced) (draw.take() ? rows.validation : rows.train).push_back(row);
  return rows;
}

// ---- OverlapNet ----

/// [current, reference, overlap, yaw bin], float64.
std::vector<double> overlapnet_rows(const Writing& writing, const std::vector<TruthPair>& pairs,
                                    const std::vector<std::size_t>& chosen) {
  std::vector<double> rows;
  rows.reserve(4 * chosen.size());
  for (const std::size_t i : chosen) {
    const TruthPair& pair = pairs[i];
    rows.insert(rows.end(), {writing.number(pair.query), writing.number(pair.reference), writing.overlap(pair),
                             double(yaw_bin(pair.yaw, writing.options.yaw_bins))});
  }
  return rows;
}

void write_overlapnet(Writing& writing) {
  const TrainingRows rows = training_rows(writing);
  std::vector<std::size_t> every(rows.all.size());
  for (std::size_t i = 0; i < every.size(); ++i) every[i] = i;
  const auto add = [&](const char* name, const std::vector<std::size_t>& chosen) {
    writing.files.emplace_back(
        name, npz_of_rows(overlapnet_rows(writing, rows.all, chosen), 4, writing.label, writing.options.keys));
  };
  add("ground_truth_overlap_yaw.npz", every);
  add("train_set.npz", rows.train);
  add("validation_set.npz", rows.validation);
}

// ---- OverlapTransformer ----

/// The rows of one query, as positions in the table.
std::pair<std::size_t, std::size_t> rows_of(const PairTruth& truth, FrameId query) {
  const auto range = std::ranges::equal_range(truth.pairs, query, {}, &TruthPair::query);
  return {range.begin() - truth.pairs.begin(), range.end() - truth.pairs.begin()};
}

void write_overlap_transformer(Writing& writing) {
  const TruthOptions& options = writing.options;
  const TrainingRows rows = training_rows(writing);
  std::vector<double> training;
  for (const std::size_t i : rows.train)
    training.insert(training.end(), {writing.number(rows.all[i].query), writing.number(rows.all[i].reference),
                                     writing.overlap(rows.all[i])});
  writing.files.emplace_back("overlaps/train_set.npz", npz_of_rows(training, 3, writing.label, "overlaps"));

  const FrameId count = FrameId(writing.trajectory.size());
  std::vector<std::vector<std::int64_t>> loops(count);
  for (const TruthPair& pair : writing.truth.pairs)
    if (pair.query - pair.reference > options.loop_gap && writing.overlap(pair) > options.threshold)
      loops[pair.query].push_back(pair.reference);
  writing.files.emplace_back(fmt::format("loop_gt_seq{}_{}overlap_inactive.npz", writing.label, options.threshold),
                             npz_bytes({{"arr_0", npy_objects(loops)}}));

  const std::int64_t shape[] = {count, 4};
  const double no_yaw = yaw_bin(0, options.yaw_bins);
  for (FrameId query = 0; query < count; query += options.validation_step) {
    writing.progress("Writing", query, count);
    std::vector<double> whole;
    for (FrameId frame = 0; frame < count; ++frame)
      whole.insert(whole.end(), {double(query), double(frame), 0, no_yaw});
    const auto [first, last] = rows_of(writing.truth, query);
    for (std::size_t i = first; i < last; ++i) {
      const TruthPair& pair = writing.truth.pairs[i];
      whole[4 * std::size_t(pair.reference) + 2] = std::isnan(writing.overlap(pair)) ? 0 : writing.overlap(pair);
      whole[4 * std::size_t(pair.reference) + 3] = yaw_bin(pair.yaw, options.yaw_bins);
    }
    writing.files.emplace_back(fmt::format("{}/overlap_{}.npy", writing.label, query), npy_bytes(shape, whole));
  }
}

// ---- RINet ----

/// Calls `use(i, j, distance)` for all frames with poses, i >= j, in order.
template <class Use>
void for_all_pairs(const Writing& writing, const Use& use) {
  const FrameId count = FrameId(writing.trajectory.size());
  for (FrameId i = 0; i < count; ++i) {
    writing.progress("Writing", i, count);
    for (FrameId j = 0; j <= i; ++j)
      if (const double apart = distance(writing.trajectory, i, j, true); !std::isnan(apart)) use(i, j, apart);
  }
}

void write_rinet(Writing& writing) {
  const TruthOptions& options = writing.options;
  std::uint64_t far = 0, same = 0, different = 0;
  for_all_pairs(writing, [&](FrameId i, FrameId j, double apart) {
    far += rinet_label(apart) <= label_split;
    same += apart < pair_positive && i - j > pair_gap;
    different += apart > pair_negative && i > j;
  });
  const std::uint64_t kept = options.max_negatives == 0 ? far : std::uint64_t(options.max_negatives);
  if (kept < far)
    writing.remarks.push_back(
        fmt::format("RINet: {} of {} negative rows were drawn for gt_kitti; max_negatives=0 keeps all", kept, far));
  Draw negatives(std::uint64_t(options.seed) + 2, kept, far);
  Draw list(std::uint64_t(options.seed) + 3, same * std::uint64_t(options.negatives_per_positive), different);

  std::vector<double> positive_rows, negative_rows;
  std::string pair_lines, negative_lines;
  for_all_pairs(writing, [&](FrameId i, FrameId j, double apart) {
    const double label = rinet_label(apart);
    if (label > label_split)
      positive_rows.insert(positive_rows.end(), {double(i), double(j), label});
    else if (negatives.take())
      negative_rows.insert(negative_rows.end(), {double(i), double(j), label});
    if (apart < pair_positive && i - j > pair_gap) pair_lines += fmt::format("{} {} 1\n", i, j);
    if (apart > pair_negative && i > j && list.take()) negative_lines += fmt::format("{} {} 0\n", i, j);
  });
  const auto npy = [](const std::vector<double>& rows) {
    const std::int64_t shape[] = {std::int64_t(rows.size()) / 3, 3};
    return npy_bytes(shape, rows);
  };
  writing.files.emplace_back(fmt::format("gt_kitti/{}.npz", writing.label),
                             npz_bytes({{"pos", npy(positive_rows)}, {"neg", npy(negative_rows)}}, false));
  writing.files.emplace_back(fmt::format("pairs_kitti/neg_{}/{}.txt", options.negatives_per_positive, writing.label),
                             pair_lines + negative_lines);
  if (same == 0)
    writing.remarks.push_back("RINet: no place was seen again within 3 m after 50 frames: pairs_kitti is empty");
}

void write_csv(Writing& writing) {
  writing.files.emplace_back("pairs.csv", truth_csv(writing.truth, writing.trajectory, writing.options));
}

std::string label_of(const TruthRequest& request, const Sequence& sequence) {
  std::string label = request.label;
  if (label.empty()) label = fs::path(sequence.name).filename().string();
  if (label.empty()) label = "00";
  if (label.find('/') != label.npos || label == "..")
    throw Error("\"{}\" cannot be the name of the sequence in files", label);
  return label;
}

bool has(const TruthRequest& request, std::string_view layout) {
  return std::ranges::find(request.layouts, layout) != request.layouts.end();
}

void check(const TruthRequest& request) {
  if (request.layouts.empty()) throw Error("no layout was chosen: name one or more of csv, overlapnet, …");
  for (const std::string& name : request.layouts) truth_layout(name);
  const bool needs_overlap = has(request, "overlapnet") || has(request, "overlaptransformer");
  const bool measured =
      request.options.overlap_column == "bev" ? request.options.wants_bev() : request.options.wants_range();
  if (needs_overlap && !measured)
    throw Error(
        "OverlapNet's and OverlapTransformer's files hold the {} overlap, which is not measured: set overlaps={} or "
        "another overlap_column",
        request.options.overlap_column, request.options.overlap_column);
}

/// RINet's files alone need distances only, of all pairs; they are worked out while they are written.
bool needs_table(const TruthRequest& request) {
  return has(request, "csv") || has(request, "overlapnet") || has(request, "overlaptransformer");
}

using Write = void (*)(Writing&);
constexpr std::pair<std::string_view, Write> writers[] = {{"csv", write_csv},
                                                          {"overlapnet", write_overlapnet},
                                                          {"overlaptransformer", write_overlap_transformer},
                                                          {"rinet", write_rinet}};

/// All files into the folder, together.
void put_in_place(const std::vector<std::pair<fs::path, std::string>>& files, const fs::path& folder,
                  const Progress& progress) {
  FileSet together;
  for (std::size_t i = 0; i < files.size(); ++i) {
    progress("Writing", i, files.size());
    const fs::path path = folder / files[i].first;
    std::error_code problem;
    fs::create_directories(path.parent_path(), problem);
    if (problem) fail_to_write(path, problem.value());
    together.add(path, files[i].second);
  }
  together.commit();
}

}  // namespace

void TruthOptions::visit(OptionVisitor& option) {
  PairOptions::visit(option);
  option("threshold", threshold, {0, 1}, {"", "Pairs of more overlap are loops"});
  option("overlap_column", overlap_column, column_choices,
         {"", "Overlap that stands in OverlapNet's and OverlapTransformer's files, and that the threshold is about"});
  option(
      "balance", balance, balance_choices,
      {"",
       "How training rows are thinned by overlap: as OverlapNet does (reference), to bins of the same size, or not"});
  option("balance_bins", balance_bins, {2, 100}, {"", "Bins of overlap, from 0 to 1"});
  option("validation_share", validation_share, {0, 1}, {"", "Share of the balanced rows that go to validation_set"});
  option("seed", seed, {0, 1000000000}, {"", "Another number draws other rows"});
  option("yaw_bins", yaw_bins, {2, 3600}, {"", "Bins of a full turn in OverlapNet's files"});
  option("keys", keys, key_choices,
         {"", "Arrays of OverlapNet's files: overlaps and seq, or arr_0 alone as its first version wrote"});
  option("loop_gap", loop_gap, {0, 1000000}, {"frames", "Loops of OverlapTransformer's loop_gt are older by more"});
  option("validation_step", validation_step, {1, 1000000},
         {"frames", "OverlapTransformer validates with every n-th frame: overlap_<n>.npy"});
  option("negatives_per_positive", negatives_per_positive, {0, 100000},
         {"", "Negative rows of RINet's pairs_kitti for each positive one"});
  option("max_negatives", max_negatives, {0, 1000000000},
         {"", "Negative rows of RINet's gt_kitti that are drawn at most; 0: all pairs of frames"});
}

std::span<const TruthLayout> truth_layouts() {
  static const std::vector<TruthLayout> layouts = {
      {"csv", "CSV table",
       "pairs.csv: every pair with distance [m], both overlaps, yaw [deg] and its bin; all columns have names"},
      {"overlapnet", "OverlapNet",
       "ground_truth_overlap_yaw.npz (all pairs), train_set.npz and validation_set.npz (balanced, then split): "
       "overlaps "
       "float64 [n, 4] = current, reference, overlap, yaw bin; seq <U [n, 2]; frames by file number"},
      {"overlaptransformer", "OverlapTransformer",
       "overlaps/train_set.npz: overlaps float64 [n, 3] = i, j, overlap (balanced) and seq; "
       "loop_gt_seqXX_0.3overlap_inactive.npz: arr_0, an object array of one int64 array a frame (needs "
       "allow_pickle=True); XX/overlap_<k>.npy: float64 [frames, 4] of every n-th frame, 0 beyond max_distance"},
      {"rinet", "RINet / SSC",
       "gt_kitti/XX.npz: pos and neg, float64 [n, 3] = i, j, label, i >= j; pairs_kitti/neg_100/XX.txt: i j label "
       "(within 3 m after 50 frames, or beyond 20 m); frames by position; distances alone, no scan is read"},
  };
  return layouts;
}

const TruthLayout& truth_layout(std::string_view name) {
  std::string known;
  for (const TruthLayout& layout : truth_layouts()) {
    if (layout.name == name) return layout;
    known += (known.empty() ? "" : ", ") + layout.name;
  }
  throw Error("there is no layout \"{}\"; known: {}", name, known);
}

std::vector<WantedPair> needed_pairs(const Trajectory& trajectory, const TruthRequest& request,
                                     const Progress& progress) {
  check(request);
  const int whole_rows = has(request, "overlaptransformer") ? request.options.validation_step : 0;
  std::vector<WantedPair> pairs = wanted_pairs(trajectory, request.options, whole_rows, progress);
  if (!needs_table(request)) pairs.clear();
  return pairs;
}

TruthFiles generate_truth(const Sequence& sequence, const TruthRequest& request, const Progress& progress) {
  const std::string label = label_of(request, sequence);
  const std::vector<WantedPair> pairs = needed_pairs(trajectory(sequence), request, progress);
  std::error_code problem;
  fs::create_directories(request.folder, problem);
  if (problem) fail_to_write(request.folder, problem.value());
  const fs::path log = pairs.empty() ? fs::path() : request.folder / "unfinished_pairs.log";

  TruthFiles result;
  result.truth = std::make_shared<const PairTruth>(
      measure_pairs(sequence, pairs, request.options, log, request.threads, progress));
  Writing writing{sequence, trajectory(sequence), *result.truth, request.options, label, progress};
  for (const auto& [name, write] : writers)
    if (has(request, name)) write(writing);
  put_in_place(writing.files, request.folder, progress);
  fs::remove(log, problem);

  for (const auto& [path, bytes] : writing.files) result.files.push_back(request.folder / path);
  result.remarks = result.truth->remarks;
  result.remarks.insert(result.remarks.end(), writing.remarks.begin(), writing.remarks.end());
  for (const TruthPair& pair : result.truth->pairs) result.loops += writing.overlap(pair) > request.options.threshold;
  if (pairs.empty() && needs_table(request))
    result.remarks.push_back(fmt::format("no two frames lie within {} m of each other", request.options.max_distance));
  return result;
}

std::string truth_csv(const PairTruth& truth, const Trajectory& trajectory, const TruthOptions& options) {
  std::string text =
      "query,reference,query_number,reference_number,distance_m,bev_overlap,bev_overlap_query,bev_overlap_reference,"
      "range_overlap,yaw_deg,yaw_bin,loop\n";
  const auto share = [](float value) { return std::isnan(value) ? std::string() : fmt::format("{:.6f}", value); };
  for (const TruthPair& pair : truth.pairs) {
    const float overlap = options.overlap_column == "bev" ? pair.bev() : pair.range;
    text += fmt::format("{},{},{},{},{:.4f},{},{},{},{},{:.4f},{},{}\n", pair.query, pair.reference,
                        trajectory.numbers[pair.query], trajectory.numbers[pair.reference], pair.distance,
                        share(pair.bev()), share(pair.bev_query), share(pair.bev_reference), share(pair.range),
                        pair.yaw * 180 / std::numbers::pi, yaw_bin(pair.yaw, options.yaw_bins),
                        std::isnan(overlap) ? std::string() : std::to_string(int(double(overlap) > options.threshold)));
  }
  return text;
}

}  // namespace relocus
