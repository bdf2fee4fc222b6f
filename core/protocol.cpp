#include "core/protocol.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace relocus {
namespace {

constexpr double standstill_travel = 50;  ///< [m]
constexpr std::array<std::string_view, 3> wrong_answer_choices{"both", "false_positive", "missed"};

// ---- presets ----

template <class Change>
ProtocolPreset preset(std::string name, std::string letter, std::string title, std::string source,
                      const Change& change) {
  ProtocolPreset result{std::move(name), std::move(letter), std::move(title), std::move(source), {}};
  result.protocol.preset = result.name;
  change(result.protocol);
  return result;
}

/// BEVPlace maps the first frames of a sequence and asks from 200 frames later on.
ProtocolPreset bevplace_split(const std::string& sequence, int map_frames) {
  return preset("bevplace_" + sequence, "F",
                fmt::format("BEVPlace split of KITTI {}: map of {} frames, 5 m", sequence, map_frames),
                "Luo et al., BEVPlace, ICCV 2023; BEVPlace++", [&](Protocol& p) {
                  p.positive_radius = 5;
                  p.planar = false;
                  p.exclude_recent = 0;
                  p.database_frames = map_frames;
                  p.first_query = map_frames + 200;
                });
}

std::vector<ProtocolPreset> make_presets() {
  std::vector<ProtocolPreset> presets;
  presets.push_back(preset("overlap_netvlad", "E", "OverlapNetVLAD / CFPR: 10 m, 50 frames, top 25",
                           "Fu et al., A Coarse-to-Fine Place Recognition Approach, ICRA 2024", [](Protocol&) {}));
  presets.push_back(preset("ssc_pairs", "A", "SSC pairs: 3 m against 20 m, 100 negatives a positive",
                           "Li et al., SSC, IROS 2021; RINet, SGPR, BoW3D, SGLC", [](Protocol& p) {
                             p.positive_radius = 3;
                             p.negative_radius = 20;
                             p.pairs = true;
                           }));
  presets.push_back(preset("ssc_recall", "", "SSC / RINet Recall@N: 5 m, 50 frames", "Li et al., SSC, IROS 2021; RINet",
                           [](Protocol& p) { p.positive_radius = 5; }));
  presets.push_back(preset("overlap_transformer", "B",
                           "OverlapTransformer: overlap above 0.3, 100 frames, from frame 150",
                           "Ma et al., OverlapTransformer, RA-L 2022; OverlapNet", [](Protocol& p) {
                             p.min_overlap = 0.3;
                             p.exclude_recent = 100;
                             p.first_query = 150;
                             p.wrong_answers = "false_positive";
                           }));
  presets.push_back(preset("logg3d", "C", "LoGG3D-Net / Locus: 3 m against 20 m, 30 s",
                           "Vidanapathirana et al., LoGG3D-Net, ICRA 2022", [](Protocol& p) {
                             p.positive_radius = 3;
                             p.negative_radius = 20;
                             p.planar = false;
                             p.exclude_recent = 0;
                             p.exclude_seconds = 30;
                             p.wrong_answers = "false_positive";
                           }));
  const auto lcdnet = [](Protocol& p) {
    p.positive_radius = 4;
    p.planar = false;
    p.first_query = 100;
  };
  const std::string lcdnet_source = "Cattaneo et al., LCDNet, T-RO 2022";
  presets.push_back(preset("lcdnet_p1", "D", "LCDNet P1: 4 m, 50 frames, best answer (wrong answers missed)",
                           lcdnet_source, [&](Protocol& p) { lcdnet(p), p.wrong_answers = "missed"; }));
  presets.push_back(preset("lcdnet_p1_fp", "D",
                           "LCDNet P1: 4 m, 50 frames, best answer (wrong answers false positives)", lcdnet_source,
                           [&](Protocol& p) { lcdnet(p), p.wrong_answers = "false_positive"; }));
  presets.push_back(preset("lcdnet_p2", "D", "LCDNet P2: 4 m, 50 frames, all pairs", lcdnet_source, [&](Protocol& p) {
    lcdnet(p);
    p.pairs = true;
    p.negatives_per_positive = 0;
  }));
  for (const auto& [sequence, frames] : {std::pair{"00", 3000}, {"02", 3400}, {"05", 1000}, {"06", 600}, {"08", 1000}})
    presets.push_back(bevplace_split(sequence, frames));
  presets.push_back(preset("map_170s", "G", "First 170 s are the map: 5 m", "Schaupp et al., OREOS, IROS 2019; EgoNN",
                           [](Protocol& p) {
                             p.positive_radius = 5;
                             p.exclude_recent = 0;
                             p.database_seconds = 170;
                           }));
  presets.push_back(preset("scan_context", "", "Row statistics of Scan Context: 5 m, 100 frames",
                           "Kim and Kim, Scan Context, IROS 2018", [](Protocol& p) {
                             p.positive_radius = 5;
                             p.exclude_recent = 99;
                           }));
  presets.push_back(preset("contour_context", "", "Contour Context: 5 m, 150 frames",
                           "Jiang and Shen, Contour Context, ICRA 2023", [](Protocol& p) {
                             p.positive_radius = 5;
                             p.exclude_recent = 150;
                           }));
  const auto add_separate = [&](ProtocolPreset added) {
    added.separate_map = true;
    added.protocol.exclude_recent = 0;
    presets.push_back(std::move(added));
  };
  const auto within_25m = [](Protocol& p) {
    p.positive_radius = 25;
    p.inclusive = true;
  };
  add_separate(preset("vpr_25m", "", "Visual place recognition: 25 m, separate map",
                      "Berton et al., Deep Visual Geo-localization Benchmark, CVPR 2022", within_25m));
  add_separate(preset("patch_netvlad", "", "Patch-NetVLAD: 25 m, separate map, top 100",
                      "Hausler et al., Patch-NetVLAD, CVPR 2021", [&](Protocol& p) {
                        within_25m(p);
                        p.num_candidates = p.max_recall = 100;
                      }));
  add_separate(preset("tokyo247", "", "NetVLAD on Tokyo 24/7: 25 m, one answer a panorama",
                      "Arandjelović et al., NetVLAD, CVPR 2016; Torii et al., 24/7, CVPR 2015", [&](Protocol& p) {
                        within_25m(p);
                        p.one_per_place = true;
                      }));
  add_separate(preset("berlin_kudamm", "", "Berlin Kudamm: 50 m, separate map",
                      "Khaliq et al., MultiRes-NetVLAD, RA-L 2022; Keetha et al., HEAPUtil, RA-L 2021",
                      [](Protocol& p) {
                        p.positive_radius = 50;
                        p.inclusive = true;
                      }));
  add_separate(preset("listed", "", "Right answers as the data set lists them: Corridor and others of VPR-Bench",
                      "Zaffar et al., VPR-Bench, IJCV 2021", [](Protocol& p) { p.listed = true; }));
  add_separate(preset("nordland", "", "Nordland: same frame number, ±10",
                      "Hausler et al., Patch-NetVLAD, CVPR 2021 (whose file reaches ±7 only)",
                      [](Protocol& p) { p.frame_tolerance = 10; }));
  presets.push_back(preset("netvlad_tf", "", "netvlad_tf_open's KITTI 00: 5 m, 250 frames before and after",
                           "uzh-rpg/netvlad_tf_open", [](Protocol& p) {
                             p.positive_radius = 5;
                             p.planar = false;
                             p.exclude_recent = 250;
                             p.past_only = false;
                           }));
  presets.push_back(preset("frame_tolerance", "", "Same frame number, ±1: Nordland and other aligned drives",
                           "Sünderhauf et al., Are We There Yet?, ICRA 2013 workshop", [](Protocol& p) {
                             p.frame_tolerance = 1;
                             p.exclude_recent = 0;
                           }));
  presets.back().separate_map = true;
  return presets;
}

std::vector<std::string_view> preset_names() {
  std::vector<std::string_view> names;
  for (const ProtocolPreset& known : protocol_presets()) names.push_back(known.name);
  return names;
}

// ---- who may answer ----

/// End of the frames for which `is_old` holds; it holds for a first part of them.
template <class IsOld>
FrameId first_not(FrameId count, const IsOld& is_old) {
  FrameId low = 0, high = count;
  while (low < high) {
    const FrameId middle = low + (high - low) / 2;
    if (is_old(middle))
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

FrameId database_end(const Trajectory& trajectory, const Protocol& protocol) {
  FrameId end = static_cast<FrameId>(trajectory.size());
  if (protocol.database_frames > 0) end = std::min<FrameId>(end, protocol.database_frames);
  if (protocol.database_seconds > 0 && end > 0)
    end = first_not(end,
                    [&](FrameId j) { return trajectory.stamps[j] - trajectory.stamps[0] < protocol.database_seconds; });
  return end;
}

bool is_near(const Protocol& protocol, double metres) {
  return protocol.inclusive ? metres <= protocol.positive_radius : metres < protocol.positive_radius;
}

void check(const Trajectory& trajectory, const Protocol& protocol, const OverlapTable* overlaps) {
  if (protocol.min_overlap > 0 && !overlaps)
    throw Error(
        "protocol \"{}\" calls an answer right by its overlap, which is not known here: it is computed from the scans "
        "and "
        "poses of a sequence; choose a protocol by distance for poses alone",
        protocol.preset);
  if (protocol.listed && trajectory.listed.size() != trajectory.size())
    throw Error(
        "this protocol calls right what the data set lists, but there is no list of right answers here; judge by "
        "distance (--listed off --positive-radius 25) or by frame numbers (--frame-tolerance 1)");
  if (!needs_poses(protocol) || trajectory.size() == 0) return;
  for (FrameId frame = 0; frame < static_cast<FrameId>(trajectory.size()); ++frame)
    if (trajectory.has_pose(frame)) return;
  throw Error(
      "none of the {} frames has a ground-truth pose, so no answer can be called right or wrong: give a pose file "
      "(--poses)",
      trajectory.size());
}

/// What the right answers to one query have in common, gathered one by one.
struct RightAnswers {
  int count = 0;
  FrameId nearest = -1, nearest_moved = -1;  ///< the latter is no standstill
  double nearest_metres = INFINITY, nearest_moved_metres = INFINITY;

  void add(const Trajectory& trajectory, FrameId query, FrameId frame, double metres) {
    ++count;
    if (std::isnan(metres)) metres = std::numeric_limits<double>::max();
    if (metres < nearest_metres) nearest_metres = metres, nearest = frame;
    const bool moved = std::abs(trajectory.travelled[query] - trajectory.travelled[frame]) >= standstill_travel;
    if (moved && metres < nearest_moved_metres) nearest_moved_metres = metres, nearest_moved = frame;
  }
};

}  // namespace

void Protocol::visit(OptionVisitor& option) {
  static const std::vector<std::string_view> presets = [] {
    std::vector<std::string_view> names = preset_names();
    names.push_back("custom");
    return names;
  }();
  option("preset", preset, presets, {"", "The published protocol that the values come from."});
  option("positive_radius", positive_radius, {0.01, 1000}, {"m", "An answer nearer than this is right."});
  option("inclusive", inclusive, {"", "Exactly at the radius is right too, as image benchmarks count."});
  option("negative_radius", negative_radius, {0, 1000},
         {"m", "Between the radii an answer is neither right nor wrong; 0: none."});
  option("planar", planar, {"", "Distances in the ground plane; otherwise in space."});
  option("min_overlap", min_overlap, {0, 1},
         {"", "Above 0: right means an overlap of scans above this, not a distance."});
  option("frame_tolerance", frame_tolerance, {-1, 100000},
         {"frames", "From 0: right means frame numbers at most this apart, not a distance; -1: off."});
  option("listed", listed, {"", "Right means what the data set lists, not a distance."});
  option("one_per_place", one_per_place, {"", "Of the views of one panorama only the best answers (Tokyo 24/7)."});
  option("exclude_recent", exclude_recent, {0, 1000000}, {"frames", "The last so many frames may not answer."});
  option("exclude_seconds", exclude_seconds, {0, 1e6}, {"s", "Frames younger than this may not answer."});
  option("min_travel", min_travel, {0, 1e6}, {"m", "Frames less far back along the path may not answer."});
  option("past_only", past_only, {"", "Only earlier frames may answer."});
  option("database_frames", database_frames, {0, 10000000},
         {"frames", "Above 0: the first so many frames are the map."});
  option("database_seconds", database_seconds, {0, 1e6}, {"s", "Above 0: the first so many seconds are the map."});
  option("first_query", first_query, {0, 10000000}, {"frames", "Frames before this one do not ask."});
  option("num_candidates", num_candidates, {1, 1000}, {"", "Answers that retrieval keeps and re-ranking reads."});
  option("max_recall", max_recall, {1, 1000}, {"", "Recall@N is given up to this N."});
  option("wrong_answers", wrong_answers, wrong_answer_choices,
         {"", "What a wrong answer to a query that has a right one counts as in the PR curve."});
  option("pairs", pairs, {"", "PR over pairs of frames instead of the best answer of each query."});
  option("negatives_per_positive", negatives_per_positive, {0, 10000},
         {"", "Negative pairs drawn for each positive one; 0: all."});
}

std::span<const ProtocolPreset> protocol_presets() {
  static const std::vector<ProtocolPreset> presets = make_presets();
  return presets;
}

const Protocol& protocol_preset(std::string_view name_or_letter) {
  const ProtocolPreset* found = nullptr;
  for (const ProtocolPreset& preset : protocol_presets()) {
    if (preset.name == name_or_letter) return preset.protocol;
    if (!name_or_letter.empty() && preset.letter == name_or_letter) {
      if (found)
        throw Error("protocol {} has several variants; name one of: {}", name_or_letter,
                    fmt::join(preset_names(), ", "));
      found = &preset;
    }
  }
  if (!found) throw Error("there is no protocol \"{}\"; known: {}", name_or_letter, fmt::join(preset_names(), ", "));
  return found->protocol;
}

Protocol stamped(Protocol protocol) {
  const auto is_same = [&](const ProtocolPreset& preset) {
    Protocol same = preset.protocol;
    same.preset = protocol.preset;
    same.max_recall = protocol.max_recall;  // says how much is printed, not what is counted
    if (preset.separate_map) same.database_frames = protocol.database_frames, same.first_query = protocol.first_query;
    return to_json(same) == to_json(protocol);
  };
  const ProtocolPreset* found = nullptr;
  for (const ProtocolPreset& preset : protocol_presets())
    if (is_same(preset) && (!found || preset.name == protocol.preset)) found = &preset;
  protocol.preset = found ? found->name : "custom";
  return protocol;
}

std::string one_line(const Protocol& protocol) {
  const nlohmann::ordered_json values = to_json(stamped(protocol)), defaults = to_json(Protocol());
  std::string text = values["preset"].get<std::string>();
  for (const auto& [name, value] : values.items()) {
    const bool always = name == "positive_radius" || name == "exclude_recent";
    if (name == "preset" || (!always && value == defaults[name])) continue;
    text += fmt::format(" {}={}", name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  return text;
}

std::string flag_of(std::string_view value) {
  if (value == "max_recall") return "--max-candidates-recall";
  std::string flag = "--" + std::string(value);
  std::ranges::replace(flag, '_', '-');
  return flag;
}

Admitted admitted(const Trajectory& trajectory, const Protocol& protocol, FrameId query) {
  const FrameId end = database_end(trajectory, protocol);
  Admitted open{0, end, end};
  open.before = std::clamp<FrameId>(query - protocol.exclude_recent, 0, end);
  const double stamp = trajectory.stamps[query], travelled = trajectory.travelled[query];
  if (protocol.exclude_seconds > 0)
    open.before =
        first_not(open.before, [&](FrameId j) { return stamp - trajectory.stamps[j] >= protocol.exclude_seconds; });
  if (protocol.min_travel > 0)
    open.before =
        first_not(open.before, [&](FrameId j) { return travelled - trajectory.travelled[j] >= protocol.min_travel; });
  if (protocol.past_only) return open;

  open.from = std::clamp<FrameId>(query + protocol.exclude_recent + 1, 0, end);
  if (protocol.exclude_seconds > 0)
    open.from = std::max(
        open.from, first_not(end, [&](FrameId j) { return trajectory.stamps[j] - stamp < protocol.exclude_seconds; }));
  if (protocol.min_travel > 0)
    open.from =
        std::max(open.from,
                 first_not(end, [&](FrameId j) { return trajectory.travelled[j] - travelled < protocol.min_travel; }));
  return open;
}

bool needs_poses(const Protocol& protocol) {
  return protocol.min_overlap <= 0 && protocol.frame_tolerance < 0 && !protocol.listed;
}

PlaceFilter::PlaceFilter(const Trajectory& trajectory, const Protocol& protocol) : trajectory_(trajectory) {
  if (!protocol.one_per_place) return;
  std::map<std::int64_t, int> views;
  for (const std::int64_t place : trajectory.places)
    if (place >= 0) most_views_ = std::max(most_views_, ++views[place]);
}

bool PlaceFilter::is_new(FrameId frame) {
  if (most_views_ == 1 || trajectory_.places[frame] < 0) return true;
  return seen_.insert(trajectory_.places[frame]).second;
}

bool may_ask(const Trajectory& trajectory, const Protocol& protocol, FrameId frame) {
  if (frame < protocol.first_query) return false;
  const bool has_map = protocol.database_frames > 0 || protocol.database_seconds > 0;
  return !has_map || frame >= database_end(trajectory, protocol);
}

bool is_admitted(const Trajectory& trajectory, const Protocol& protocol, FrameId query, FrameId candidate) {
  return admitted(trajectory, protocol, query).contains(candidate);
}

int one_percent(const Trajectory& trajectory, const Protocol& protocol) {
  return std::max(1, database_end(trajectory, protocol) / 100);
}

int candidates_needed(const Trajectory& trajectory, const Protocol& protocol) {
  return std::max({protocol.num_candidates, protocol.max_recall, one_percent(trajectory, protocol)});
}

Verdict judge(const Trajectory& trajectory, const Protocol& protocol, const OverlapTable* overlaps, FrameId query,
              FrameId candidate) {
  if (protocol.min_overlap > 0) {
    const auto known = overlaps->find({query, candidate});
    return known != overlaps->end() && known->second > protocol.min_overlap ? Verdict::Right : Verdict::Wrong;
  }
  if (protocol.listed)
    return std::size_t(query) < trajectory.listed.size() &&
                   std::ranges::binary_search(trajectory.listed[query], candidate)
               ? Verdict::Right
               : Verdict::Wrong;
  if (protocol.frame_tolerance >= 0) {
    const std::int64_t apart = std::abs(trajectory.numbers[query] - trajectory.numbers[candidate]);
    return apart <= protocol.frame_tolerance ? Verdict::Right : Verdict::Wrong;
  }
  const double metres = distance(trajectory, query, candidate, protocol.planar);
  if (is_near(protocol, metres)) return Verdict::Right;
  return metres <= protocol.negative_radius ? Verdict::Neither : Verdict::Wrong;  // NaN is wrong
}

std::vector<Revisit> revisits(const Trajectory& trajectory, const Protocol& protocol, const OverlapTable* overlaps) {
  check(trajectory, protocol, overlaps);
  const FrameId count = static_cast<FrameId>(trajectory.size());
  const bool by_distance = needs_poses(protocol);
  std::vector<Revisit> result(count);
#pragma omp parallel for schedule(dynamic, 64)
  for (FrameId query = 0; query < count; ++query) {
    Revisit& revisit = result[query];
    const Admitted open = admitted(trajectory, protocol, query);
    revisit.asked =
        may_ask(trajectory, protocol, query) && open.count() > 0 && (!by_distance || trajectory.has_pose(query));
    if (!revisit.asked) continue;

    RightAnswers right;
    double nearest = INFINITY;
    const auto consider = [&](FrameId frame) {
      const double metres = distance(trajectory, query, frame, protocol.planar);
      if (metres < nearest) nearest = metres, revisit.nearest = frame;
      const bool is_right = by_distance ? is_near(protocol, metres)
                                        : protocol.min_overlap <= 0 &&
                                              judge(trajectory, protocol, overlaps, query, frame) == Verdict::Right;
      if (is_right) right.add(trajectory, query, frame, metres);
    };
    for (FrameId frame = 0; frame < open.before; ++frame) consider(frame);
    for (FrameId frame = open.from; frame < open.end; ++frame) consider(frame);
    if (protocol.min_overlap > 0)
      for (auto row = overlaps->lower_bound({query, 0}); row != overlaps->end() && row->first.first == query; ++row)
        if (open.contains(row->first.second) && row->second > protocol.min_overlap)
          right.add(trajectory, query, row->first.second,
                    distance(trajectory, query, row->first.second, protocol.planar));

    if (revisit.nearest >= 0) revisit.nearest_distance = nearest;
    revisit.num_right = right.count;
    revisit.nearest_right = right.nearest;
    revisit.standstill = right.count > 0 && right.nearest_moved < 0;
    const FrameId seen_from = right.nearest_moved >= 0 ? right.nearest_moved : right.nearest;
    revisit.reverse = seen_from >= 0 && heading_difference(trajectory, query, seen_from) > M_PI / 2;
  }
  return result;
}

}  // namespace relocus
