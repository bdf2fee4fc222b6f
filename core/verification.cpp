#include "core/verification.h"

#include <fmt/compile.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <list>
#include <unordered_map>

#include "core/datasets/registry.h"
#include "core/error.h"
#include "core/files.h"
#include "core/number_table.h"

namespace relocus {
namespace {

constexpr std::size_t kAtOnce = 8;      ///< pairs between two looks at whether to go on
constexpr std::size_t kScansKept = 48;  ///< some 3 MB each
constexpr auto kKeepEvery = std::chrono::seconds(5);
constexpr const char* kFile = "verified.csv";
constexpr std::string_view kRemark = "# pairs of the sequence ";

/// One scan as verification reads it, or why it cannot.
struct ReadScan {
  std::shared_ptr<const PoseScan> scan;
  std::shared_ptr<const Prepared> keypoints;
  std::string failure;
};

/// The scans that were read last.
class Scans {
 public:
  Scans(const Sequence& sequence, KeypointNetwork* network) : sequence_(sequence), network_(network) {}

  /// Reads those that are not there yet, side by side.
  void read(const std::vector<FrameId>& frames) {
    std::vector<FrameId> missing;
    for (const FrameId frame : frames)
      if (!scans_.contains(frame) && std::ranges::find(missing, frame) == missing.end()) missing.push_back(frame);
    std::vector<ReadScan> found(missing.size());
    std::vector<PointCloud> clouds(missing.size());
#pragma omp parallel for schedule(dynamic)
    for (std::size_t i = 0; i < missing.size(); ++i) {
      try {
        clouds[i] = read_cloud(sequence_, missing[i]);
        found[i].scan = pose_scan(clouds[i], fmt::format("scan {}", sequence_.frames[std::size_t(missing[i])].number));
      } catch (const std::exception& error) {
        found[i].failure = error.what();
      }
    }
    for (std::size_t i = 0; i < missing.size(); ++i) {
      if (network_ && found[i].scan) found[i].keypoints = network_->prepare(clouds[i]);  // one thread at a time
      order_.push_back(missing[i]);
      scans_[missing[i]] = std::move(found[i]);
    }
  }
  const ReadScan& operator[](FrameId frame) const { return scans_.at(frame); }
  void forget_old() {
    for (; order_.size() > kScansKept; order_.pop_front()) scans_.erase(order_.front());
  }

 private:
  const Sequence& sequence_;
  KeypointNetwork* network_;
  std::unordered_map<FrameId, ReadScan> scans_;
  std::list<FrameId> order_;  // the oldest first
};

/// What a method told of each pair.
std::map<FramePair, float> yaws_of(const Experiment& experiment) {
  std::map<FramePair, float> yaws;
  for (const Retrieval& retrieval : experiment.retrievals)
    for (const Candidate& candidate : retrieval.candidates) yaws[{retrieval.query, candidate.frame}] = candidate.yaw;
  return yaws;
}

std::string header() {
  std::string text = "query,candidate,verified,source,fitness,rmse_m,structure,milliseconds";
  for (int row = 0; row < 3; ++row)
    for (int column = 0; column < 4; ++column)
      text += column == 3 ? fmt::format(",t{}", "xyz"[row]) : fmt::format(",r{}{}", row + 1, column + 1);
  for (int row = 0; row < 6; ++row)
    for (int column = row; column < 6; ++column) text += fmt::format(",i{}{}", row + 1, column + 1);
  return text;
}

void append(std::string& text, const RelativePose& pose) {
  auto out = std::back_inserter(text);
  fmt::format_to(out, FMT_COMPILE("{},{},{:.6g},{:.6g},{:.6g},{:.1f}"), pose.verified ? 1 : 0, name_of(pose.source),
                 pose.fitness, pose.rmse, pose.structure, pose.milliseconds.total());
  for (int row = 0; row < 3; ++row)
    for (int column = 0; column < 4; ++column)
      fmt::format_to(out, FMT_COMPILE(",{:.12g}"), pose.a_from_b.matrix()(row, column));
  for (int row = 0; row < 6; ++row)
    for (int column = row; column < 6; ++column)
      fmt::format_to(out, FMT_COMPILE(",{:.9g}"), pose.information(row, column));
  text += '\n';
}

RelativePose read_pose(NumberTable& table) {
  RelativePose pose;
  pose.verified = table.number<int>() != 0;
  const std::string_view source = table.word();
  const auto all = {PoseSource::Keypoints, PoseSource::Yaw, PoseSource::Correlation};
  const auto known = std::ranges::find(all, source, name_of);
  if (known == all.end()) table.fail(source);
  pose.source = *known;
  pose.fitness = table.number<double>();
  pose.rmse = table.number<double>();
  pose.structure = table.number<double>();
  pose.milliseconds.refinement = table.number<double>();  // the sum of all stages is what was kept
  for (int row = 0; row < 3; ++row)
    for (int column = 0; column < 4; ++column) pose.a_from_b.matrix()(row, column) = table.number<double>();
  for (int row = 0; row < 6; ++row)
    for (int column = row; column < 6; ++column)
      pose.information(row, column) = pose.information(column, row) = table.number<double>();
  const Eigen::Matrix3d turn = pose.a_from_b.linear();
  if (!pose.a_from_b.matrix().allFinite() || !(turn * turn.transpose()).isIdentity(1e-6)) table.fail("a pose");
  return pose;
}

}  // namespace

std::vector<FramePair> pairs_to_verify(const Experiment& experiment, const VerifySettings& settings) {
  struct Scored {
    double score;
    FramePair pair;
  };
  const ScoreKind kind = score_kind(experiment.retrievals);
  std::vector<Scored> scored;
  for (const Retrieval& retrieval : experiment.retrievals) {
    const std::size_t some = std::min(retrieval.candidates.size(), std::size_t(std::max(settings.top, 0)));
    for (std::size_t i = 0; i < some; ++i) {
      const double score = score_of(retrieval.candidates[i], kind);
      scored.push_back({std::isnan(score) ? -INFINITY : score, {retrieval.query, retrieval.candidates[i].frame}});
    }
  }
  if (settings.max_pairs > 0 && scored.size() > std::size_t(settings.max_pairs)) {
    std::ranges::stable_sort(scored, std::greater(), &Scored::score);
    scored.resize(std::size_t(settings.max_pairs));
  }
  std::vector<FramePair> pairs;
  for (const Scored& each : scored) pairs.push_back(each.pair);
  std::ranges::stable_sort(pairs, {}, &FramePair::first);
  return pairs;
}

Verification verify(const Experiment& experiment, const Sequence& sequence, VerifiedPairs known,
                    const VerifySettings& settings, const std::function<void(const VerifiedPairs&)>& keep,
                    const Progress& progress) {
  Verification result;
  result.pairs = std::move(known);
  for (auto& [pair, pose] : result.pairs) pose.verified = is_verified(pose, settings.thresholds);
  std::vector<FramePair> wanted = pairs_to_verify(experiment, settings);
  std::erase_if(wanted, [&](const FramePair& pair) { return result.pairs.contains(pair); });
  const std::map<FramePair, float> yaws = yaws_of(experiment);
  Scans scans(sequence, settings.keypoints);
  PoseSettings how;
  how.thresholds = settings.thresholds;

  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  auto kept = start;
  const auto save = [&] {
    if (keep) keep(result.pairs);
    kept = Clock::now();
  };
  try {
    for (std::size_t first = 0; first < wanted.size(); first += kAtOnce) {
      progress("Verifying loops", first, wanted.size());
      const std::span some = std::span(wanted).subspan(first, std::min(kAtOnce, wanted.size() - first));
      std::vector<FrameId> frames;
      for (const auto& [query, candidate] : some) frames.push_back(query), frames.push_back(candidate);
      scans.read(frames);
      std::vector<std::pair<Keypoints, Keypoints>> keypoints(some.size());
      const auto of_pair = [&](std::size_t i) {
        return std::pair<const ReadScan&, const ReadScan&>(scans[some[i].first], scans[some[i].second]);
      };
      if (settings.keypoints)
        for (std::size_t i = 0; i < some.size(); ++i)
          if (const auto& [a, b] = of_pair(i); a.keypoints && b.keypoints)
            keypoints[i] = settings.keypoints->keypoints(*a.keypoints, *b.keypoints, how.keypoints);
      std::vector<std::optional<RelativePose>> poses(some.size());
#pragma omp parallel for schedule(dynamic)
      for (std::size_t i = 0; i < some.size(); ++i) {
        const auto& [a, b] = of_pair(i);
        if (!a.scan || !b.scan) continue;
        PoseHints hints;
        if (const auto yaw = yaws.find(some[i]); yaw != yaws.end() && std::isfinite(yaw->second))
          hints.yaw = yaw->second;
        if (settings.keypoints) hints.keypoints = &keypoints[i];
        poses[i] = estimate_pose(*a.scan, *b.scan, hints, how);
      }
      for (std::size_t i = 0; i < some.size(); ++i) {
        if (poses[i]) {
          result.pairs[some[i]] = *poses[i];
          ++result.measured;
        } else if (++result.failed == 1) {
          const auto& [a, b] = of_pair(i);
          result.failure = a.scan ? b.failure : a.failure;
        }
      }
      scans.forget_old();
      if (Clock::now() - kept > kKeepEvery) save();
    }
    progress("Verifying loops", wanted.size(), wanted.size());
  } catch (const Cancelled&) {
    save();
    throw;
  }
  save();
  if (result.measured > 0)
    result.milliseconds =
        std::chrono::duration<double, std::milli>(Clock::now() - start).count() / double(result.measured);
  return result;
}

void write_verified(const std::filesystem::path& folder, const Experiment& experiment, const VerifiedPairs& pairs) {
  std::string text = fmt::format("{}{}\n{}\n", kRemark, experiment.sequence_identity, header());
  for (const auto& [pair, pose] : pairs) {
    text += fmt::format(FMT_COMPILE("{},{},"), experiment.number(pair.first), experiment.number(pair.second));
    append(text, pose);
  }
  write_atomically(folder / kFile, text);
}

std::optional<VerifiedPairs> read_verified(const std::filesystem::path& folder, const Experiment& experiment) {
  const std::filesystem::path file = folder / kFile;
  if (!std::filesystem::exists(file)) return std::nullopt;
  const std::string name = file.string(), whole = read_text(file);
  const std::string start = fmt::format("{}{}\n{}\n", kRemark, experiment.sequence_identity, header());
  if (start.starts_with(whole)) return VerifiedPairs();  // cut off before the first pair
  std::string_view text = whole;
  text = text.substr(0, text.rfind('\n') + 1);  // a line that was cut off may end in half a number
  if (!text.starts_with(kRemark)) throw Error("{} was not written by this program", name);
  const std::size_t line = text.find('\n') + 1;
  if (text.substr(0, line) != start.substr(0, start.find('\n') + 1))
    throw Error("{} is about another sequence than the experiment beside it; remove it, and verify again", name);

  std::unordered_map<std::int64_t, FrameId> ids;
  for (std::size_t i = 0; i < experiment.frame_numbers.size(); ++i) ids[experiment.frame_numbers[i]] = FrameId(i);
  const std::string names = header();
  NumberTable table(text.substr(line), names, name);
  VerifiedPairs pairs;
  while (table.next()) {
    const auto frame = [&] {
      const auto number = table.number<std::int64_t>();
      const auto id = ids.find(number);
      if (number < 0 || (!ids.empty() && id == ids.end())) table.fail(std::to_string(number));
      return ids.empty() ? FrameId(number) : id->second;
    };
    const FrameId query = frame(), candidate = frame();
    pairs[{query, candidate}] = read_pose(table);
  }
  return pairs;
}

double OperatingPoint::f1() const {
  const double p = precision(), r = recall();
  return p + r > 0 ? 2 * p * r / (p + r) : 0;
}

std::optional<OperatingPoint> verified_point(const Experiment& experiment, const Trajectory& trajectory,
                                             const VerifiedPairs& pairs) {
  const Evaluation& evaluation = experiment.evaluation;
  if (evaluation.figures.num_queries == 0 || evaluation.queries.size() != experiment.retrievals.size())
    return std::nullopt;
  const Protocol& protocol = evaluation.protocol;
  const OverlapTable* const overlaps = experiment.overlaps ? &*experiment.overlaps : nullptr;
  OperatingPoint point;
  for (std::size_t i = 0; i < experiment.retrievals.size(); ++i) {
    if (!evaluation.queries[i].asked) continue;
    Retrieval admitted = experiment.retrievals[i];
    std::erase_if(admitted.candidates, [&](const Candidate& candidate) {
      return !is_admitted(trajectory, protocol, admitted.query, candidate.frame);
    });
    point.measured += std::ranges::any_of(admitted.candidates, [&](const Candidate& candidate) {
      return pairs.contains({admitted.query, candidate.frame});
    });
    const Candidate* const accepted = first_verified(admitted, pairs);
    const Verdict verdict =
        accepted ? judge(trajectory, protocol, overlaps, admitted.query, accepted->frame) : Verdict::Neither;
    if (accepted && verdict == Verdict::Neither) continue;  // counts as neither
    point.answerable += evaluation.queries[i].answerable;
    if (!accepted) continue;
    ++point.accepted;
    ++(verdict == Verdict::Right ? point.true_positives : point.false_positives);
  }
  return point;
}

}  // namespace relocus
