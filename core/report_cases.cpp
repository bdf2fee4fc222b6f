#include "core/report_cases.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/datasets/registry.h"
#include "core/error.h"
#include "core/pair_figure.h"
#include "core/report_plots.h"

namespace relocus {
namespace {

constexpr std::size_t kCases = 6;  // of each kind
constexpr int kSide = 300;         // [pixels] of each of a picture's three squares
constexpr double kDegrees = 180 / std::numbers::pi;

std::string base64(std::string_view bytes) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t word = 0;
    for (std::size_t i = 0; i < 3; ++i)
      word = word << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    for (std::size_t i = 0; i < 4; ++i) text += i > bytes.size() - at ? '=' : letters[(word >> (18 - 6 * i)) & 63];
  }
  return text;
}

/// Both scans from above, or a sentence that says why there are none.
std::string picture(const Experiment& experiment, const ExportOptions& options, FrameId query, FrameId other,
                    float yaw) {
  if (!options.sequence) return "<p class=\"none\">No picture: the sequence is not at hand.</p>";
  try {
    const PointCloud a = read_cloud(*options.sequence, query), b = read_cloud(*options.sequence, other);
    const Eigen::Isometry3d a_from_b(Eigen::AngleAxisd(std::isnan(yaw) ? 0. : double(yaw), Eigen::Vector3d::UnitZ()));
    return fmt::format("<img alt=\"Scans {0} and {1} from above\" src=\"data:image/png;base64,{2}\"/>",
                       experiment.number(query), experiment.number(other), base64(pair_png(a, b, a_from_b, kSide)));
  } catch (const Error& error) {
    return fmt::format("<p class=\"none\">No picture: {}</p>", escaped(error.what()));
  }
}

/// [rad] by which the other scan is turned seen from the query, as the ground truth says; NaN: unknown.
float true_yaw(const Trajectory& trajectory, FrameId query, FrameId other) {
  return float(std::remainder(trajectory.headings[std::size_t(other)] - trajectory.headings[std::size_t(query)],
                              2 * std::numbers::pi));
}

const Candidate* candidate_of(const Experiment& experiment, FrameId query, FrameId frame) {
  const auto retrieval = std::ranges::find(experiment.retrievals, query, &Retrieval::query);
  if (retrieval == experiment.retrievals.end()) return nullptr;
  const auto found = std::ranges::find(retrieval->candidates, frame, &Candidate::frame);
  return found == retrieval->candidates.end() ? nullptr : &*found;
}

std::string rank_words(const QueryResult& result) {
  if (!result.answerable) return "there was no right answer";
  if (result.first_true_rank > 0) return fmt::format("the first right answer has rank {}", result.first_true_rank);
  return "no right answer is among the candidates";
}

std::string metres_words(double metres) {
  return std::isnan(metres) ? "an unknown distance" : fmt::format("{:.1f} m", metres);
}

std::string turn_words(const char* who, float yaw) {
  return std::isnan(yaw) ? "not turned: the yaw is unknown"
                         : fmt::format("turned by {:.0f}° as {} says", yaw * kDegrees, who);
}

/// Up to kCases results that `keeps` takes, those first that `before` puts there.
template <class Keeps, class Before>
std::vector<QueryResult> worst(const Evaluation& evaluation, Keeps keeps, Before before) {
  std::vector<QueryResult> found;
  std::ranges::copy_if(evaluation.queries, std::back_inserter(found), keeps);
  std::ranges::stable_sort(found, before);
  if (found.size() > kCases) found.resize(kCases);
  return found;
}

std::string card(const std::string& title, const std::string& words, const std::string& picture) {
  return fmt::format("<article><h3>{}</h3><p>{}</p>{}</article>\n", escaped(title), escaped(words), picture);
}

}  // namespace

std::string worst_false_positives(const Experiment& experiment, const Trajectory& trajectory,
                                  const ExportOptions& options, double threshold) {
  const auto results = worst(
      experiment.evaluation, [&](const QueryResult& r) { return outcome(r, threshold) == Outcome::FalsePositive; },
      [](const QueryResult& a, const QueryResult& b) { return a.score > b.score; });
  std::string html;
  for (std::size_t i = 0; i < results.size(); ++i) {
    options.progress("Drawing the worst cases", i, results.size());
    const QueryResult& result = results[i];
    const Candidate* const answer = candidate_of(experiment, result.query, result.best);
    const float yaw = answer ? answer->yaw : NAN;
    const double turn = heading_difference(trajectory, result.query, result.best) * kDegrees;
    html += card(
        fmt::format("Query {} → {}", experiment.number(result.query), experiment.number(result.best)),
        fmt::format("Score {:.4f}, but {} away{}; {}. Left the query, middle the answer, right both, the answer {}.",
                    result.score, metres_words(result.best_distance),
                    std::isnan(turn) ? "" : fmt::format(" and {:.0f}° turned", turn), rank_words(result),
                    turn_words("the method", yaw)),
        picture(experiment, options, result.query, result.best, yaw));
  }
  return results.empty() ? "<p>None: no wrong answer reaches the threshold.</p>\n" : html;
}

std::string worst_misses(const Experiment& experiment, const Trajectory& trajectory, const ExportOptions& options,
                         double threshold) {
  const auto distance_or_far = [](const QueryResult& r) {
    return std::isnan(r.right_distance) ? 1e300 : r.right_distance;
  };
  const auto results = worst(
      experiment.evaluation, [&](const QueryResult& r) { return outcome(r, threshold) == Outcome::FalseNegative; },
      [&](const QueryResult& a, const QueryResult& b) { return distance_or_far(a) < distance_or_far(b); });
  std::string html;
  for (std::size_t i = 0; i < results.size(); ++i) {
    options.progress("Drawing the worst cases", i, results.size());
    const QueryResult& result = results[i];
    const std::string answered =
        result.best < 0
            ? "nothing was answered"
            : fmt::format("the first answer, {}, has the score {:.4f} and is {}", experiment.number(result.best),
                          result.score, result.correct ? "right, but below the threshold" : "wrong");
    if (result.nearest < 0) {
      html += card(fmt::format("Query {}", experiment.number(result.query)),
                   fmt::format("{}; {}.", answered, rank_words(result)), "");
      continue;
    }
    const float yaw = true_yaw(trajectory, result.query, result.nearest);
    html += card(fmt::format("Query {}, was at {}", experiment.number(result.query), experiment.number(result.nearest)),
                 fmt::format("{} away; {}; {}{}. Left the query, middle the place, right both, the place {}.",
                             metres_words(result.nearest_distance), answered, rank_words(result),
                             result.reverse ? "; driven the other way" : "", turn_words("the ground truth", yaw)),
                 picture(experiment, options, result.query, result.nearest, yaw));
  }
  return results.empty() ? "<p>None: every place that was seen before is recognised.</p>\n" : html;
}

}  // namespace relocus
