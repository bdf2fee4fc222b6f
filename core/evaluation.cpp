#include "core/evaluation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace relocus {
namespace {

void check_frame(const Trajectory& trajectory, FrameId frame, const char* what) {
  if (frame < 0 || frame >= static_cast<FrameId>(trajectory.size()))
    throw Error("{} {} is named, but the sequence has {} frames: are these the answers and poses of the same sequence?",
                what, frame, trajectory.size());
}

/// Evaluates retrieval by retrieval.
class Judge {
 public:
  Judge(const Trajectory& trajectory, const Protocol& protocol, const OverlapTable* overlaps, ScoreKind kind)
      : trajectory_(trajectory),
        protocol_(protocol),
        overlaps_(overlaps),
        kind_(kind),
        by_distance_(needs_poses(protocol)),
        places_(trajectory, protocol),
        revisits_(revisits(trajectory, protocol, overlaps)),
        last_seen_(trajectory.size(), -1) {}

  QueryResult operator()(const Retrieval& retrieval) {
    check_frame(trajectory_, retrieval.query, "query");
    const Revisit& truth = revisits_[retrieval.query];
    QueryResult result;
    result.query = retrieval.query;
    result.asked = truth.asked;
    result.answerable = truth.num_right > 0;
    result.nearest = truth.nearest;
    result.nearest_distance = truth.nearest_distance;
    result.reverse = truth.reverse;
    result.standstill = truth.standstill;
    result.right_distance = truth.nearest_right < 0 ? NAN : metres(retrieval.query, truth.nearest_right);
    result.score = result.best_distance = NAN;
    result.counted = false;

    const std::span<const Candidate> candidates = usable(retrieval, truth);
    if (!candidates.empty()) {
      const Candidate& best = candidates[0];
      const Verdict verdict = judge(trajectory_, protocol_, overlaps_, retrieval.query, best.frame);
      result.best = best.frame;
      result.score = score_of(best, kind_);
      result.best_distance = metres(retrieval.query, best.frame);
      result.correct = verdict == Verdict::Right;
      result.counted = verdict != Verdict::Neither;
    }
    for (std::size_t rank = 0; rank < candidates.size() && result.answerable && result.first_true_rank == 0; ++rank)
      if (judge(trajectory_, protocol_, overlaps_, retrieval.query, candidates[rank].frame) == Verdict::Right)
        result.first_true_rank = static_cast<int>(rank) + 1;
    return result;
  }

  const std::vector<Revisit>& truth() const { return revisits_; }
  std::size_t num_left_out() const { return num_left_out_; }

 private:
  double metres(FrameId a, FrameId b) const { return distance(trajectory_, a, b, protocol_.planar); }

  /// Candidates that may answer, each once, in their order.
  std::span<const Candidate> usable(const Retrieval& retrieval, const Revisit& truth) {
    usable_.clear();
    for (const Candidate& candidate : retrieval.candidates) check_frame(trajectory_, candidate.frame, "candidate");
    if (!truth.asked) return usable_;
    const Admitted open = admitted(trajectory_, protocol_, retrieval.query);
    ++round_;
    places_.start();
    for (const Candidate& candidate : retrieval.candidates) {
      const bool known = !by_distance_ || trajectory_.has_pose(candidate.frame);
      if (!known || !open.contains(candidate.frame) || last_seen_[candidate.frame] == round_)
        ++num_left_out_;
      else if (places_.is_new(candidate.frame))
        usable_.push_back(candidate);
      last_seen_[candidate.frame] = round_;
    }
    return usable_;
  }

  const Trajectory& trajectory_;
  const Protocol& protocol_;
  const OverlapTable* overlaps_;
  ScoreKind kind_;
  bool by_distance_;
  PlaceFilter places_;
  std::vector<Revisit> revisits_;
  std::vector<Candidate> usable_;
  std::vector<int> last_seen_;  ///< per frame, the round in which it was a candidate
  int round_ = -1;
  std::size_t num_left_out_ = 0;
};

// ---- strata ----

struct Stratum {
  std::string name;
  bool (*holds)(const QueryResult&);
};

constexpr auto between = [](const QueryResult& result, double from, double to) {
  return result.right_distance >= from && result.right_distance < to;
};

const std::array<Stratum, 9>& all_strata() {
  static const std::array<Stratum, 9> strata{{
      {"same_direction", [](const QueryResult& r) { return !r.reverse; }},
      {"reverse", [](const QueryResult& r) { return r.reverse; }},
      {"standstill", [](const QueryResult& r) { return r.standstill; }},
      {"moving", [](const QueryResult& r) { return !r.standstill; }},
      {"within_3m", [](const QueryResult& r) { return between(r, 0, 3); }},
      {"3_to_5m", [](const QueryResult& r) { return between(r, 3, 5); }},
      {"5_to_10m", [](const QueryResult& r) { return between(r, 5, 10); }},
      {"10_to_25m", [](const QueryResult& r) { return between(r, 10, 25); }},
      {"beyond_25m", [](const QueryResult& r) { return between(r, 25, INFINITY); }},
  }};
  return strata;
}

// ---- pairs ----

/// The PR part of `figures` from pairs instead of best answers, of the queries that are kept.
void take_pr_from_pairs(Figures& figures, std::span<const ScoredPair> pairs, const std::vector<int>& missed,
                        const std::vector<bool>& kept) {
  std::int64_t all_missed = 0;
  for (std::size_t query = 0; query < missed.size(); ++query) all_missed += kept[query] ? missed[query] : 0;
  Figures of_pairs = evaluate_pairs(pairs, all_missed, &kept);
  of_pairs.num_queries = figures.num_queries;
  of_pairs.recall_at = figures.recall_at;
  of_pairs.recall_at_1_percent = figures.recall_at_1_percent;
  of_pairs.one_percent = figures.one_percent;
  of_pairs.recall_at_1_interval = figures.recall_at_1_interval;
  figures = std::move(of_pairs);
}

/// The pairs that the answers themselves hold. `missed[query]`: right pairs of a query that are not among them.
std::vector<ScoredPair> listed_pairs(const Trajectory& trajectory, const Protocol& protocol,
                                     const OverlapTable* overlaps, std::span<const Retrieval> retrievals,
                                     ScoreKind kind, const std::vector<Revisit>& truth, std::vector<int>& missed) {
  std::vector<ScoredPair> pairs;
  missed.assign(trajectory.size(), 0);
  for (const Retrieval& retrieval : retrievals) {
    if (!truth[retrieval.query].asked) continue;
    const Admitted open = admitted(trajectory, protocol, retrieval.query);
    missed[retrieval.query] = truth[retrieval.query].num_right;
    for (const Candidate& candidate : retrieval.candidates) {
      const Verdict verdict = judge(trajectory, protocol, overlaps, retrieval.query, candidate.frame);
      if (!open.contains(candidate.frame) || verdict == Verdict::Neither) continue;
      pairs.push_back({score_of(candidate, kind), verdict == Verdict::Right, retrieval.query});
      missed[retrieval.query] -= verdict == Verdict::Right;
    }
  }
  return pairs;
}

void remark_on_omissions(Evaluation& evaluation, const Judge& judge, std::span<const Retrieval> retrievals,
                         const Trajectory& trajectory) {
  std::vector<bool> answered(trajectory.size(), false);
  for (const QueryResult& result : evaluation.queries) answered[result.query] = true;
  std::size_t missing = 0, listed_without_asking = 0;
  for (std::size_t frame = 0; frame < trajectory.size(); ++frame)
    missing += !answered[frame] && judge.truth()[frame].asked && judge.truth()[frame].num_right > 0;
  for (std::size_t i = 0; i < retrievals.size(); ++i)
    listed_without_asking += !evaluation.queries[i].asked && !retrievals[i].candidates.empty();
  if (judge.num_left_out() > 0)
    evaluation.remarks.push_back(fmt::format(
        "{} candidates were left out: the protocol does not admit them, they are repeated, or they have no pose.",
        judge.num_left_out()));
  if (missing > 0)
    evaluation.remarks.push_back(fmt::format(
        "{} frames have a right answer under this protocol, but no answers were given for them: they are not counted.",
        missing));
  if (listed_without_asking > 0)
    evaluation.remarks.push_back(fmt::format(
        "{} frames were answered that do not ask under this protocol: they are not counted.", listed_without_asking));
}

void remark_on_short_lists(Evaluation& evaluation, std::span<const Retrieval> retrievals,
                           const Trajectory& trajectory) {
  const int deepest = std::max(evaluation.figures.one_percent, evaluation.protocol.max_recall);
  int shortest = deepest;
  for (const Retrieval& retrieval : retrievals) {
    const FrameId open = admitted(trajectory, evaluation.protocol, retrieval.query).count();
    if (static_cast<FrameId>(retrieval.candidates.size()) < std::min<FrameId>(open, deepest))
      shortest = std::min<int>(shortest, retrieval.candidates.size());
  }
  if (shortest < deepest)
    evaluation.remarks.push_back(
        fmt::format("Some lists hold {} candidates; recalls at larger N (Recall@1 % counts {}) are lower bounds.",
                    shortest, evaluation.figures.one_percent));
}

/// netvlad_tf_open sums steps from the second frame of its curve on.
void remark_on_steps(Evaluation& evaluation) {
  const Figures& figures = evaluation.figures;
  if (evaluation.protocol.preset != "netvlad_tf" || figures.num_queries == 0) return;
  const auto first = std::ranges::max_element(evaluation.queries, {}, [](const QueryResult& query) {
    return std::isfinite(query.score) ? query.score : -INFINITY;
  });
  const double step = first->correct ? 1.0 / figures.num_queries : 0;
  evaluation.remarks.push_back(fmt::format("AUC as netvlad_tf_open sums it (steps, without the first frame's): {:.6f}.",
                                           figures.average_precision - step));
}

enum class Depth { FiguresAlone, Whole };

Evaluation evaluate(const Trajectory& trajectory, std::span<const Retrieval> retrievals, const Protocol& protocol,
                    const OverlapTable* overlaps, const Progress& progress, const Descriptors* descriptors,
                    Depth depth) {
  Evaluation evaluation;
  evaluation.protocol = stamped(protocol);
  evaluation.score_kind = score_kind(retrievals);
  progress("Evaluating", 0, all_strata().size() + 1);

  Judge judge(trajectory, evaluation.protocol, overlaps, evaluation.score_kind);
  std::vector<bool> seen(trajectory.size(), false);
  for (const Retrieval& retrieval : retrievals) {
    evaluation.queries.push_back(judge(retrieval));
    if (seen[retrieval.query])
      throw Error("frame {} is answered twice: each query needs one list of candidates", retrieval.query);
    seen[retrieval.query] = true;
  }

  std::vector<ScoredPair> pairs;
  std::vector<int> missed;
  if (protocol.pairs && descriptors && descriptors->rows() > 0) {
    pairs = scored_pairs(trajectory, *descriptors, protocol, overlaps, progress);
  } else if (protocol.pairs) {
    pairs = listed_pairs(trajectory, protocol, overlaps, retrievals, evaluation.score_kind, judge.truth(), missed);
    evaluation.remarks.push_back(
        "The PR curve counts only the pairs that are listed; right pairs that are not are missed.");
  }
  sort_by_score(pairs);

  FigureSettings settings;
  settings.max_recall = protocol.max_recall;
  settings.one_percent = one_percent(trajectory, protocol);
  settings.wrong_answers = wrong_answers(protocol);
  if (depth == Depth::FiguresAlone) settings.resamples = 0;
  const auto figures_where = [&](const auto& keeps) {
    std::vector<Answer> answers;
    std::vector<bool> kept(trajectory.size(), false);
    for (const QueryResult& result : evaluation.queries)
      if (result.asked && (!result.answerable || keeps(result))) {
        answers.push_back(answer_of(result));
        kept[result.query] = true;
      }
    Figures figures = figures_of(answers, settings);
    if (protocol.pairs) take_pr_from_pairs(figures, pairs, missed, kept);
    return figures;
  };

  evaluation.figures = figures_where([](const QueryResult&) { return true; });
  if (depth == Depth::FiguresAlone) return evaluation;
  std::size_t done = 0;
  for (const Stratum& stratum : all_strata()) {
    progress("Evaluating", ++done, all_strata().size() + 1);
    const bool is_there = std::ranges::any_of(evaluation.queries, [&](const QueryResult& result) {
      return result.asked && result.answerable && std::isfinite(result.right_distance) && stratum.holds(result);
    });
    if (is_there) evaluation.strata[stratum.name] = figures_where(stratum.holds);
  }
  remark_on_omissions(evaluation, judge, retrievals, trajectory);
  remark_on_short_lists(evaluation, retrievals, trajectory);
  remark_on_steps(evaluation);
  progress("Evaluating", all_strata().size() + 1, all_strata().size() + 1);
  return evaluation;
}

}  // namespace

ScoreKind score_kind(std::span<const Retrieval> retrievals) {
  for (const Retrieval& retrieval : retrievals)
    if (!retrieval.candidates.empty() && std::isfinite(retrieval.candidates[0].similarity))
      return ScoreKind::Similarity;
  return ScoreKind::Distance;
}

double score_of(const Candidate& candidate, ScoreKind kind) {
  return kind == ScoreKind::Similarity ? candidate.similarity : -candidate.distance;
}

WrongAnswers wrong_answers(const Protocol& protocol) {
  if (protocol.wrong_answers == "false_positive") return WrongAnswers::FalsePositive;
  return protocol.wrong_answers == "missed" ? WrongAnswers::Missed : WrongAnswers::Both;
}

Answer answer_of(const QueryResult& result) {
  return {result.score,
          result.best >= 0,
          result.answerable,
          result.correct,
          result.counted && !result.correct && result.best >= 0,
          result.first_true_rank};
}

Outcome outcome(const QueryResult& result, double threshold) {
  if (!result.asked) return Outcome::Ignored;
  const bool accepted = result.score >= threshold;
  if (!accepted) return result.answerable ? Outcome::FalseNegative : Outcome::TrueNegative;
  if (result.correct) return Outcome::TruePositive;
  return result.counted ? Outcome::FalsePositive : Outcome::Ignored;
}

Evaluation evaluate(const Trajectory& trajectory, std::span<const Retrieval> retrievals, const Protocol& protocol,
                    const OverlapTable* overlaps, const Progress& progress, const Descriptors* descriptors) {
  return evaluate(trajectory, retrievals, protocol, overlaps, progress, descriptors, Depth::Whole);
}

Figures figures_alone(const Trajectory& trajectory, std::span<const Retrieval> retrievals, const Protocol& protocol,
                      const OverlapTable* overlaps, const Descriptors* descriptors) {
  return evaluate(trajectory, retrievals, protocol, overlaps, {}, descriptors, Depth::FiguresAlone).figures;
}

Evaluation evaluate_if_known(const Trajectory& trajectory, std::span<const Retrieval> retrievals,
                             const Protocol& protocol, const OverlapTable* overlaps, const Progress& progress,
                             const Descriptors* descriptors) {
  bool known = protocol.frame_tolerance >= 0 || protocol.listed;  // judges by numbers or lists alone
  for (FrameId frame = 0; !known && frame < FrameId(trajectory.size()); ++frame) known = trajectory.has_pose(frame);
  if (known) return evaluate(trajectory, retrievals, protocol, overlaps, progress, descriptors);
  Evaluation unjudged = evaluate(Trajectory(), {}, protocol, overlaps);
  unjudged.remarks = {"no frame has a ground-truth pose: the answers stand unjudged, the figures are of no query"};
  return unjudged;
}

nlohmann::ordered_json to_json(const Evaluation& evaluation, bool with_curves) {
  nlohmann::ordered_json json = to_json(evaluation.figures, with_curves);
  json["score"] = evaluation.score_kind == ScoreKind::Similarity ? "similarity" : "-distance";
  json["protocol"] = to_json(evaluation.protocol);
  json["remarks"] = evaluation.remarks;
  auto& strata = json["strata"] = nlohmann::ordered_json::object();
  for (const auto& [name, figures] : evaluation.strata) strata[name] = to_json(figures, with_curves);
  return json;
}

}  // namespace relocus
