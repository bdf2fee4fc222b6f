#include "core/report_plots.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

namespace relocus {
namespace {

constexpr double kWidth = 460, kHeight = 300;                       // [px] of a plot with its labels
constexpr double kLeft = 52, kRight = 14, kTop = 12, kBottom = 44;  // [px] around what is plotted
constexpr double kMapSide = 560;                                    // [px]
constexpr double kStep = 0.7;                                       // [px] between points that are told apart

struct Extent {
  double lower, upper;
};

/// 1, 2 or 5 times a power of ten, about five of them in the range.
double tick_step(Extent range) {
  const double rough = (range.upper - range.lower) / 5, power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1, 2, 5})
    if (rough <= factor * power * 1.0001) return factor * power;
  return 10 * power;
}

/// Line of an SVG path. Points that fall on the last one are left out.
class Line {
 public:
  void to(double x, double y) {
    const bool first = text_.empty();
    if (!first && std::hypot(x - x_, y - y_) < kStep) {
      pending_ = true, next_x_ = x, next_y_ = y;
      return;
    }
    pending_ = false;
    put(first ? 'M' : 'L', x, y);
  }
  std::string end() {
    if (pending_) put('L', next_x_, next_y_);
    return std::move(text_);
  }

 private:
  void put(char letter, double x, double y) {
    text_ += fmt::format("{}{:.1f} {:.1f}", letter, x, y);
    x_ = x, y_ = y;
  }
  std::string text_;
  double x_ = 0, y_ = 0, next_x_ = 0, next_y_ = 0;
  bool pending_ = false;
};

/// A pair of axes that lines and marks are drawn into.
class Plot {
 public:
  Plot(Extent x, Extent y, const std::string& x_label, const std::string& y_label) : x_(x), y_(y) {
    if (!(x_.upper > x_.lower)) x_.upper = x_.lower + 1;
    text_ = fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\">", kWidth, kHeight);
    axis(x_, [&](double value) {
      return fmt::format(
          "<path class=\"grid\" d=\"M{0:.1f} {1}V{2}\"/><text x=\"{0:.1f}\" y=\"{3}\" "
          "text-anchor=\"middle\">{4:.6g}</text>",
          column(value), kTop, kHeight - kBottom, kHeight - kBottom + 16, value);
    });
    axis(y_, [&](double value) {
      return fmt::format(
          "<path class=\"grid\" d=\"M{0} {1:.1f}H{2}\"/><text x=\"{3}\" y=\"{4:.1f}\" "
          "text-anchor=\"end\">{5:.6g}</text>",
          kLeft, row(value), kWidth - kRight, kLeft - 6, row(value) + 4, value);
    });
    text_ += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>", (kLeft + kWidth - kRight) / 2,
                         kHeight - 8, escaped(x_label));
    text_ += fmt::format("<text transform=\"translate(14 {:.1f}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
                         (kTop + kHeight - kBottom) / 2, escaped(y_label));
  }

  void line(const char* style, std::span<const Eigen::Vector2d> points) {
    Line path;
    for (const Eigen::Vector2d& point : points)
      if (point.allFinite()) path.to(column(point.x()), row(point.y()));
    text_ += fmt::format("<path class=\"line {}\" d=\"{}\"/>", style, path.end());
  }
  void upright(double value) {
    if (value >= x_.lower && value <= x_.upper)
      text_ += fmt::format("<path class=\"chosen\" d=\"M{:.1f} {}V{}\"/>", column(value), kTop, kHeight - kBottom);
  }
  void mark(const char* style, const Eigen::Vector2d& point) {
    text_ += fmt::format("<circle class=\"mark {}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\"/>", style, column(point.x()),
                         row(point.y()));
  }
  std::string figure(const std::string& title, const std::string& caption) {
    return fmt::format("<figure><figcaption><strong>{}</strong> {}</figcaption>{}</svg></figure>\n", escaped(title),
                       caption, text_);
  }

 private:
  template <class Draw>
  void axis(Extent range, Draw draw) {
    const double step = tick_step(range);
    for (double i = std::ceil(range.lower / step - 1e-9); i * step <= range.upper + 1e-9 * step; ++i)
      text_ += draw(i * step + 0.0);  // no negative zero
  }
  double column(double value) const {
    return kLeft + (value - x_.lower) / (x_.upper - x_.lower) * (kWidth - kLeft - kRight);
  }
  double row(double value) const {
    return kHeight - kBottom - (value - y_.lower) / (y_.upper - y_.lower) * (kHeight - kTop - kBottom);
  }

  Extent x_, y_;
  std::string text_;
};

constexpr Extent kShare{0, 1};

std::string key(const char* style, const std::string& words) {
  return fmt::format("<span class=\"key {}\">{}</span>", style, escaped(words));
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '&')
      safe += "&amp;";
    else if (c == '<')
      safe += "&lt;";
    else if (c == '>')
      safe += "&gt;";
    else if (c == '"')
      safe += "&quot;";
    else if (static_cast<unsigned char>(c) >= ' ' || c == '\n' || c == '\t')
      safe += c;  // no page may hold the others
  }
  return safe;
}

const PrPoint* working_point(const Figures& figures, double threshold) {
  const PrPoint* found = nullptr;
  for (const PrPoint& point : figures.curve)
    if (point.threshold >= threshold) found = &point;
  return found;
}

std::string precision_recall_figure(const Figures& figures, double threshold) {
  Plot plot(kShare, kShare, "recall", "precision");
  std::vector<Eigen::Vector2d> points;
  for (const PrPoint& point : figures.curve) points.emplace_back(point.recall, point.precision);
  plot.line("first", points);
  const auto best = std::ranges::max_element(figures.curve, {}, &PrPoint::f1);
  std::string caption = key("first", "every threshold");
  if (best != figures.curve.end()) {
    plot.mark("best", {best->recall, best->precision});
    caption += key("best", fmt::format("best F1 {:.4f}", best->f1));
  }
  if (const PrPoint* point = working_point(figures, threshold)) {
    plot.mark("chosen", {point->recall, point->precision});
    caption += key("chosen", fmt::format("at {:.4f}", threshold));
  }
  return plot.figure("Precision and recall", caption);
}

std::string recall_figure(const Figures& figures) {
  std::vector<Eigen::Vector2d> points;
  for (std::size_t i = 0; i < figures.recall_at.size(); ++i) points.emplace_back(double(i + 1), figures.recall_at[i]);
  Plot plot({1, std::max(2.0, double(points.size()))}, kShare, "N", "Recall@N");
  plot.line("first", points);
  return plot.figure("Recall@N", key("first", "queries with a right answer among the first N"));
}

std::string threshold_figure(const Figures& figures, double threshold) {
  std::vector<Eigen::Vector2d> precision, recall;
  for (const PrPoint& point : figures.curve) {
    if (!std::isfinite(point.threshold)) continue;
    precision.emplace_back(point.threshold, point.precision);
    recall.emplace_back(point.threshold, point.recall);
  }
  const Extent range = precision.empty() ? kShare : Extent{precision.back().x(), precision.front().x()};
  Plot plot(range, kShare, "threshold (score)", "share");
  plot.line("first", precision);
  plot.line("second", recall);
  plot.upright(threshold);
  return plot.figure("Precision and recall against the threshold",
                     key("first", "precision") + key("second", "recall") +
                         (std::isnan(threshold) ? "" : key("chosen", fmt::format("at {:.4f}", threshold))));
}

std::string map_figure(const Evaluation& evaluation, const Trajectory& trajectory, double threshold) {
  Eigen::AlignedBox2d bounds;
  for (const Eigen::Vector3d& position : trajectory.positions)
    if (!position.hasNaN()) bounds.extend(position.head<2>());
  if (bounds.isEmpty()) return {};
  const double metres = std::max(bounds.sizes().maxCoeff(), 1.0), scale = (kMapSide - 20) / metres;
  const auto x = [&](FrameId frame) {
    return 10 + scale * (trajectory.positions[std::size_t(frame)].x() - bounds.min().x());
  };
  const auto y = [&](FrameId frame) {
    return 10 + scale * (bounds.max().y() - trajectory.positions[std::size_t(frame)].y());
  };
  const double width = 20 + scale * bounds.sizes().x(), height = 20 + scale * bounds.sizes().y();

  Line path;
  for (FrameId frame = 0; frame < FrameId(trajectory.size()); ++frame)
    if (trajectory.has_pose(frame)) path.to(x(frame), y(frame));
  std::string text =
      fmt::format("<svg class=\"map\" viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\"><path class=\"path\" d=\"{}\"/>",
                  std::max(width, 60.0), std::max(height, 40.0), path.end());
  std::array<int, 3> counts{};
  std::string lines;
  const auto edge = [&](const char* style, FrameId query, FrameId answer, int& count) {
    ++count;
    if (answer < 0 || !trajectory.has_pose(query) || !trajectory.has_pose(answer)) return;
    lines += fmt::format(
        "<path class=\"edge {}\" d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\"/><circle class=\"dot {}\" cx=\"{:.1f}\" "
        "cy=\"{:.1f}\" r=\"2.5\"/>",
        style, x(query), y(query), x(answer), y(answer), style, x(query), y(query));
  };
  for (const QueryResult& result : evaluation.queries) {
    const Outcome made = outcome(result, threshold);
    if (made == Outcome::FalseNegative) edge("missed", result.query, result.nearest, counts[2]);
    if (made == Outcome::TruePositive) edge("right", result.query, result.best, counts[0]);
  }
  for (const QueryResult& result : evaluation.queries)  // on top
    if (outcome(result, threshold) == Outcome::FalsePositive) edge("wrong", result.query, result.best, counts[1]);
  return fmt::format(
      "<figure class=\"wide\"><figcaption><strong>Places that were recognised</strong> {}{}{} The longer side "
      "is {:.0f} m.</figcaption>{}{}</svg></figure>\n",
      key("right", fmt::format("{} right", counts[0])), key("wrong", fmt::format("{} wrong", counts[1])),
      key("missed", fmt::format("{} missed", counts[2])), metres, text, lines);
}

}  // namespace relocus
