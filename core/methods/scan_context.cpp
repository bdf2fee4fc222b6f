#include <open3d/geometry/PointCloud.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"
#include "core/methods/registry.h"

namespace relocus {
namespace {

/// Scan Context (Kim and Kim, IROS 2018) and Scan Context++ (Kim, Choi and Kim, T-RO 2021): a scan as a matrix of the
/// greatest height in each cell of a polar grid (rings x sectors: turning the sensor shifts the columns) or of a
/// Cartesian one (along x lane: a lateral offset shifts the columns). The mean of each row is searched for; the cosine
/// distance at the best column shift re-ranks.
struct ScanContextOptions : Options {
  std::string context = "polar";
  int rings = 20;
  int sectors = 60;
  double max_range = 80;
  int cart_rows = 40;
  int cart_columns = 40;
  double cart_length = 100;
  double cart_width = 40;
  double cart_shift = 10;
  double lidar_height = 2;
  double voxel = 0;
  bool augment = false;
  double lateral_shift = 2;
  bool prealign = false;
  double search_ratio = 0.1;

  void visit(OptionVisitor& option) override {
    static constexpr std::string_view kContexts[] = {"polar", "cart"};
    option("context", context, kContexts, {"", "Grid: polar (any heading) or cart (any lane, Scan Context++)"});
    option("rings", rings, {1, 400}, {"", "Rows of the polar grid"});
    option("sectors", sectors, {3, 1440}, {"", "Columns of the polar grid"});
    option("max_range", max_range, {1, 1000}, {"m", "Radius of the polar grid"});
    option("cart_rows", cart_rows, {1, 400}, {"", "Rows of the cart grid, along x"});
    option("cart_columns", cart_columns, {3, 400}, {"", "Columns of the cart grid, along y"});
    option("cart_length", cart_length, {1, 1000}, {"m", "The cart grid reaches so far forward and back"});
    option("cart_width", cart_width, {1, 1000}, {"m", "The cart grid reaches so far left and right"});
    option("cart_shift", cart_shift, {0, 1000}, {"m", "Greatest lateral offset that the cart grid tries"});
    option("lidar_height", lidar_height, {-10, 100}, {"m", "Added to every point's z, so that the ground is about 0"});
    option("voxel", voxel, {0, 10}, {"m", "Points are averaged in cubes of this side first; 0: all points are used"});
    option(
        "augment", augment,
        {"", "Compare virtual views of the query too: polar from both neighbouring lanes, cart turned by 180 degrees"});
    option("lateral_shift", lateral_shift, {0, 50},
           {"m", "Distance of the virtual lanes of an augmented polar context"});
    option("prealign", prealign, {"", "Look for the column shift only near the one that the column means suggest"});
    option("search_ratio", search_ratio, {0, 1}, {"", "Share of the column shifts that are tried after pre-alignment"});
  }
  bool polar() const { return context == "polar"; }
};

/// rows x columns; columns lie together in memory.
using Context = Eigen::MatrixXf;

constexpr float kEmpty = -std::numeric_limits<float>::infinity();
constexpr float kNothing = std::numeric_limits<float>::quiet_NaN();  // of traced maps: no data
constexpr float kRoughness = 1;                                      // [m] heights below it are alike anyway

/// Empty cells count as height 0, as in the papers' programs.
Context filled(Context context) { return (context.array() == kEmpty).select(0.f, context); }

/// Cells are (ring - 1, sector - 1) with ring = ceil(range / width), so a point on a border belongs to the inner ring.
Context polar_context(const std::vector<Eigen::Vector3f>& points, const ScanContextOptions& options, double origin_y) {
  constexpr double kTurn = 2 * std::numbers::pi;
  const double rings_per_metre = options.rings / options.max_range;
  const double sectors_per_radian = options.sectors / kTurn;
  const auto height = float(options.lidar_height);
  Context context = Context::Constant(options.rings, options.sectors, kEmpty);
  for (const Eigen::Vector3f& point : points) {
    const double x = point.x(), y = point.y() - origin_y;
    const double range = std::sqrt(x * x + y * y);
    if (!(range <= options.max_range) || !std::isfinite(point.z())) continue;
    double azimuth = std::atan2(float(y), float(x));
    if (azimuth < 0) azimuth += kTurn;
    const int ring = std::clamp(int(std::ceil(range * rings_per_metre)), 1, options.rings);
    const int sector = std::clamp(int(std::ceil(azimuth * sectors_per_radian)), 1, options.sectors);
    float& cell = context(ring - 1, sector - 1);
    cell = std::max(cell, point.z() + height);
  }
  return filled(std::move(context));
}

/// Rows from back to front, columns from right to left.
Context cart_context(const std::vector<Eigen::Vector3f>& points, const ScanContextOptions& options) {
  const double rows_per_metre = options.cart_rows / (2 * options.cart_length);
  const double columns_per_metre = options.cart_columns / (2 * options.cart_width);
  const auto height = float(options.lidar_height);
  Context context = Context::Constant(options.cart_rows, options.cart_columns, kEmpty);
  for (const Eigen::Vector3f& point : points) {
    if (!(std::abs(point.x()) < options.cart_length && std::abs(point.y()) < options.cart_width)) continue;
    if (!std::isfinite(point.z())) continue;
    const int row = std::min(int((point.x() + options.cart_length) * rows_per_metre), options.cart_rows - 1);
    const int column = std::min(int((point.y() + options.cart_width) * columns_per_metre), options.cart_columns - 1);
    float& cell = context(row, column);
    cell = std::max(cell, point.z() + height);
  }
  return filled(std::move(context));
}

std::vector<Eigen::Vector3f> averaged_in_voxels(const std::vector<Eigen::Vector3f>& points, double voxel) {
  open3d::geometry::PointCloud cloud;
  cloud.points_.reserve(points.size());
  for (const Eigen::Vector3f& point : points) {
    if (point.allFinite()) cloud.points_.push_back(point.cast<double>());
  }
  if (cloud.points_.empty()) return {};
  const auto sparse = cloud.VoxelDownSample(voxel);  // must outlive the loop over its points
  std::vector<Eigen::Vector3f> averages;
  for (const Eigen::Vector3d& point : sparse->points_) averages.push_back(point.cast<float>());
  return averages;
}

/// The search key: mean of every row (the ring key). The views of a cart context that is compared turned by 180 degrees
/// too share one key: sums and absolute differences of opposite rows.
Eigen::VectorXf search_key(const Context& context, const ScanContextOptions& options) {
  const Eigen::VectorXf means = (context.cast<double>().rowwise().sum() / double(context.cols())).cast<float>();
  if (options.polar() || !options.augment) return means;
  Eigen::VectorXf key(means.size());
  const Eigen::Index half = (means.size() + 1) / 2;
  for (Eigen::Index i = 0; i < half; ++i) {
    const float front = means[means.size() - 1 - i], back = means[i];
    key[i] = (front + back) / std::numbers::sqrt2_v<float>;
    if (half + i < means.size()) key[half + i] = std::abs(front - back) / std::numbers::sqrt2_v<float>;
  }
  return key;
}

Array to_array(const Context& context) {
  Array array{{context.rows(), context.cols()}, std::vector<float>(std::size_t(context.size()))};
  Eigen::Map<Descriptors>(array.values.data(), context.rows(), context.cols()) = context;
  return array;
}

Context to_context(const Array& array) {
  if (array.shape.size() != 2) throw Error("a scan context should have 2 axes, not {}", array.shape.size());
  return Eigen::Map<const Descriptors>(array.values.data(), array.shape[0], array.shape[1]);
}

/// A context ready for comparison.
struct View {
  Context unit;                ///< columns of length 1, or 0 where the column is empty
  Eigen::VectorXf norms;       ///< what they were divided by
  Eigen::VectorXf filled;      ///< 1 where the column is not empty
  Eigen::VectorXf column_key;  ///< mean of every column
};

View view_of(const Context& context) {
  View view{context, context.colwise().norm().transpose(), Eigen::VectorXf::Zero(context.cols()),
            context.colwise().mean().transpose()};
  for (Eigen::Index column = 0; column < context.cols(); ++column) {
    if (const float norm = view.norms[column]; norm > 0) {
      view.unit.col(column) /= norm;
      view.filled[column] = 1;
    }
  }
  return view;
}

/// The first view is the scan's own; a query's others are virtual.
struct Views : Prepared {
  std::vector<View> views;
};

/// Mean cosine similarity of the columns at one shift: column c + shift of the query meets column c of the candidate.
struct Alignment {
  float similarity = 0;
  int shift = 0;
  bool found = false;  ///< some pair of columns was not empty
};

class ScanContext final : public Method {
 public:
  explicit ScanContext(const ScanContextOptions& options) : options_(options) {}

  std::vector<Encoding> encode(std::span<const Reading> readings, const Trace& trace) override {
    std::vector<Encoding> encodings(readings.size());
#pragma omp parallel for schedule(dynamic)
    for (std::size_t i = 0; i < readings.size(); ++i) encodings[i] = encode(readings[i].cloud);
    if (trace) {
      const TraceLabel label{
          .name = "context", .title = "Greatest height", .unit = "m", .grid = grid(), .zero_is_nothing = true};
      for (const Encoding& encoding : encodings) trace(label, encoding.local.front());
    }
    return encodings;
  }

  std::shared_ptr<const Prepared> prepare(const Encoding& encoding) override {
    if (encoding.local.empty()) throw Error("this encoding holds no scan context; encode the sequence again");
    auto prepared = std::make_shared<Views>();
    for (const Array& array : encoding.local) prepared->views.push_back(view_of(to_context(array)));
    if (options_.augment && !options_.polar()) {
      prepared->views.push_back(view_of(to_context(encoding.local.front()).reverse()));
    }
    for (const View& view : prepared->views) {
      prepared->bytes += std::size_t(view.unit.size() + 3 * view.filled.size()) * sizeof(float);
    }
    return prepared;
  }

  std::vector<Score> rerank(const Prepared& query, std::span<const std::shared_ptr<const Prepared>> candidates,
                            const Trace& trace) override {
    const auto& query_views = dynamic_cast<const Views&>(query).views;
    std::vector<Score> scores;
    for (const auto& candidate : candidates) {
      const View& view = dynamic_cast<const Views&>(*candidate).views.front();
      scores.push_back(score(query_views, view, trace));
    }
    return scores;
  }

  /// Each column of the candidate by its cosine with the chosen column of the query.
  void attend(const Prepared& query, const Prepared& candidate, int, int column, const Trace& trace) override {
    const View& asked = dynamic_cast<const Views&>(query).views.front();
    const View& other = dynamic_cast<const Views&>(candidate).views.front();
    if (column < 0 || column >= asked.unit.cols() || asked.filled[column] == 0) return;
    const Eigen::VectorXf cosines = other.unit.transpose() * asked.unit.col(column);
    trace({.name = "attention",
           .title = options_.polar() ? "Likeness to the chosen sector" : "Likeness to the chosen lane",
           .grid = grid(),
           .range = std::pair(0.f, 1.f),
           .side = Side::Candidate},
          to_array((other.filled.array() > 0).select(cosines, kNothing).transpose()));
  }

 private:
  CellGrid grid() const {
    if (options_.polar()) return {.shape = CellGrid::Shape::Polar, .max_range = options_.max_range};
    const Eigen::Vector2d corner(options_.cart_length, options_.cart_width);
    return {.shape = CellGrid::Shape::Square, .lower = -corner, .upper = corner};
  }

  Encoding encode(const PointCloud& cloud) const {
    std::vector<Eigen::Vector3f> averages;
    if (options_.voxel > 0) averages = averaged_in_voxels(cloud.points, options_.voxel);
    const std::vector<Eigen::Vector3f>& points = options_.voxel > 0 ? averages : cloud.points;

    const Context context = options_.polar() ? polar_context(points, options_, 0) : cart_context(points, options_);
    Encoding encoding{search_key(context, options_), {to_array(context)}};
    if (options_.polar() && options_.augment) {
      for (const double lane : {-options_.lateral_shift, options_.lateral_shift})
        encoding.local.push_back(to_array(polar_context(points, options_, lane)));
    }
    return encoding;
  }

  Score score(const std::vector<View>& query, const View& candidate, const Trace& trace) const {
    Alignment best;
    const View* best_view = nullptr;
    for (const View& view : query) {
      if (view.unit.rows() != candidate.unit.rows() || view.unit.cols() != candidate.unit.cols())
        throw Error("scan contexts of different sizes cannot be compared; encode both with the same options");
      const Alignment alignment = align(view, candidate);
      if (alignment.found && (!best.found || alignment.similarity > best.similarity)) {
        best = alignment;
        best_view = &view;
      }
    }
    if (!best.found) return {0.f};  // one of the scans is empty: nothing speaks for the same place
    if (trace)
      tell_evidence(*best_view, candidate, best, /*turned=*/!options_.polar() && best_view != &query.front(), trace);
    return {best.similarity, options_.polar()              ? yaw(*best_view, candidate, best)
                             : best_view == &query.front() ? 0
                                                           : float(std::numbers::pi)};
  }

  /// Column of the query that meets `column` of the candidate; -1: none.
  int partner_of(int column, int shift, int columns) const {
    if (options_.polar()) return (((column + shift) % columns) + columns) % columns;
    return column + shift < columns ? std::max(column + shift, -1) : -1;
  }

  /// First and last of the shifts that the options allow.
  std::pair<int, int> shifts(const View& query, const View& candidate) const {
    const int columns = int(query.unit.cols());
    int first = 0, last = columns - 1;
    if (!options_.polar()) {
      const double per_metre = options_.cart_columns / (2 * options_.cart_width);
      last = std::min(int(std::lround(options_.cart_shift * per_metre)), columns - 1);
      first = -last;
    } else if (options_.prealign) {
      const int radius = int(std::lround(options_.search_ratio * columns / 2));
      const int centre = key_shift(query, candidate);
      first = centre - radius;
      last = std::min(centre + radius, first + columns - 1);
    }
    return {first, last};
  }

  Alignment align(const View& query, const View& candidate) const {
    const Eigen::MatrixXf products = query.unit.transpose() * candidate.unit;
    const auto [first, last] = shifts(query, candidate);
    Alignment best;
    for (int shift = first; shift <= last; ++shift) {
      const Alignment alignment = at_shift(products, query, candidate, shift);
      if (alignment.found && (!best.found || alignment.similarity > best.similarity)) best = alignment;
    }
    return best;
  }

  /// What speaks for the two places being the same, cell by cell at the best shift, in the grid of either scan.
  /// "evidence": how alike the heights are, 1 when equal, 0 where only one scan has something. "contribution": what the
  /// cell adds to the similarity (their sum). "column_similarity": the cosine of its column (their mean).
  void tell_evidence(const View& query, const View& candidate, const Alignment& best, bool turned,
                     const Trace& trace) const {
    const Eigen::Index rows = query.unit.rows(), columns = query.unit.cols();
    struct Maps {
      Context evidence, contribution, column;
    };
    const Maps nothing{Context::Constant(rows, columns, kNothing), Context::Constant(rows, columns, kNothing),
                       Context::Constant(1, columns, kNothing)};
    Maps of_query = nothing, of_candidate = nothing;
    float count = 0;
    for (int column = 0; column < int(columns); ++column) {
      if (const int partner = partner_of(column, best.shift, int(columns)); partner >= 0)
        count += query.filled[partner] * candidate.filled[column];
    }
    for (int column = 0; column < int(columns); ++column) {
      const int partner = partner_of(column, best.shift, int(columns));
      if (partner < 0) continue;
      const Eigen::VectorXf products = query.unit.col(partner).cwiseProduct(candidate.unit.col(column));
      if (query.filled[partner] * candidate.filled[column] > 0)
        of_query.column(0, partner) = of_candidate.column(0, column) = products.sum();
      for (Eigen::Index row = 0; row < rows; ++row) {
        const float a = query.unit(row, partner) * query.norms[partner];
        const float b = candidate.unit(row, column) * candidate.norms[column];
        of_query.evidence(row, partner) = of_candidate.evidence(row, column) = likeness(a, b);
        if (a != 0 || b != 0)
          of_query.contribution(row, partner) = of_candidate.contribution(row, column) = products[row] / count;
      }
    }
    if (turned) {
      for (Context* map : {&of_query.evidence, &of_query.contribution, &of_query.column}) *map = map->reverse().eval();
    }

    TraceLabel label{.name = "evidence",
                     .title = "Likeness of heights",
                     .grid = grid(),
                     .range = std::pair(0.f, 1.f),
                     .is_evidence = true};
    const auto tell = [&](const Context& query_map, const Context& candidate_map) {
      label.side = Side::Query, trace(label, to_array(query_map));
      label.side = Side::Candidate, trace(label, to_array(candidate_map));
    };
    tell(of_query.evidence, of_candidate.evidence);
    label.name = "column_similarity", label.is_evidence = false;
    label.title = options_.polar() ? "Similarity of sectors" : "Similarity of lanes";
    tell(of_query.column, of_candidate.column);
    label.name = "contribution", label.title = "Contribution to the similarity", label.range.reset();
    tell(of_query.contribution, of_candidate.contribution);
    tell_shifts(query, candidate, trace);
  }

  /// 1: the same height. 0: only one of the cells has something. NaN: neither has. Differences below the ground's
  /// roughness count little.
  static float likeness(float a, float b) {
    if (a == 0 && b == 0) return kNothing;
    if (a == 0 || b == 0) return 0;
    return std::max(0.f, 1 - std::abs(a - b) / std::max({std::abs(a), std::abs(b), kRoughness}));
  }

  /// "similarity_by_shift": polar ones lie around the sensor, at the angle by which the candidate would be turned.
  void tell_shifts(const View& query, const View& candidate, const Trace& trace) const {
    const auto [first, last] = shifts(query, candidate);
    const int columns = int(query.unit.cols());
    const Eigen::MatrixXf products = query.unit.transpose() * candidate.unit;
    TraceLabel label{.name = "similarity_by_shift", .title = "Similarity by shift", .side = Side::Both};
    Context by_shift = Context::Constant(1, options_.polar() ? columns : last - first + 1, kNothing);
    for (int shift = first; shift <= last; ++shift) {
      const int place = options_.polar() ? partner_of(0, shift, columns) : shift - first;
      by_shift(0, place) = at_shift(products, query, candidate, shift).similarity;
    }
    if (options_.polar()) {
      label.title = "Similarity by turn";
      label.grid = grid();
    }
    trace(label, to_array(by_shift));
  }

  /// Polar columns go round; cart columns that leave the grid meet nothing.
  Alignment at_shift(const Eigen::MatrixXf& products, const View& query, const View& candidate, int shift) const {
    const int columns = int(products.rows());
    float sum = 0, count = 0;
    for (int column = 0; column < columns; ++column) {
      const int partner = partner_of(column, shift, columns);
      if (partner < 0) continue;
      sum += products(partner, column);
      count += query.filled[partner] * candidate.filled[column];
    }
    return {count > 0 ? sum / count : 0, shift, count > 0};
  }

  /// The shift at which the column means differ least (the sector key of the original program).
  static int key_shift(const View& query, const View& candidate) {
    const auto columns = int(query.column_key.size());
    float least = std::numeric_limits<float>::infinity();
    int best = 0;
    for (int shift = 0; shift < columns; ++shift) {
      float sum = 0;
      for (int column = 0; column < columns; ++column) {
        const float difference = query.column_key[(column + shift) % columns] - candidate.column_key[column];
        sum += difference * difference;
      }
      if (sum < least) {
        least = sum;
        best = shift;
      }
    }
    return best;
  }

  /// [rad] of the candidate seen from the query, (-pi, pi]: the best shift, refined between columns by a parabola
  /// through its neighbours.
  float yaw(const View& query, const View& candidate, const Alignment& best) const {
    const Eigen::MatrixXf products = query.unit.transpose() * candidate.unit;
    const float before = at_shift(products, query, candidate, best.shift - 1).similarity;
    const float after = at_shift(products, query, candidate, best.shift + 1).similarity;
    const float curvature = before - 2 * best.similarity + after;
    const float offset = curvature < 0 ? std::clamp((before - after) / (2 * curvature), -0.5f, 0.5f) : 0;
    const double turn = 2 * std::numbers::pi * (best.shift + offset) / double(query.unit.cols());
    return float(std::remainder(turn, 2 * std::numbers::pi));
  }

  ScanContextOptions options_;
};

}  // namespace

MethodInfo make_scan_context() {
  return {
      .name = "scan_context",
      .title = "Scan Context",
      .help =
          "Greatest heights in rings and sectors around the sensor; needs no weights (Kim and Kim, IROS 2018; "
          "Scan Context++, T-RO 2021)",
      .modality = Modality::Lidar,
      .needs_weights = false,
      .reranks = true,
      .options = [] { return std::make_unique<ScanContextOptions>(); },
      .create =
          [](const Options& options, const Resources&) {
            return std::make_unique<ScanContext>(dynamic_cast<const ScanContextOptions&>(options));
          },
      .weights_hash = [](const Options&, const Resources&) { return std::string(); },
  };
}

}  // namespace relocus
