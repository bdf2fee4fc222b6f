#include "core/correlation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <unsupported/Eigen/FFT>

namespace relocus {
namespace {

using Complex = std::complex<float>;
using Spectrum = std::vector<Complex>;

constexpr int kSide = 128;                     ///< cells of the map, along x and y
constexpr float kCell = 1;                     ///< [m]
constexpr float kFull = 48, kEnd = 62;         ///< [m] from the sensor: things count whole, and no more
constexpr float kLeastHeight = 0.4f;           ///< [m] that stands upright
constexpr float kTall = 3;                     ///< [m] counts whole
constexpr int kAngles = 180;                   ///< of the rings: half a turn
constexpr int kFirstRing = 3, kLastRing = 46;  ///< [waves per map]
constexpr int kApart = 5;                      ///< [rings' angles] between two yaws that are told
constexpr double kFarthest = 30;               ///< [m] of a shift
constexpr double kWhitening = 0.5;             ///< 0: plain correlation, 1: phases alone

int wrapped(int index) { return (index + kSide) % kSide; }

/// Along both axes, in place.
void transform(Spectrum& map, bool inverse) {
  thread_local Eigen::FFT<float> fft(Eigen::FFT<float>::impl_type(), Eigen::FFT<float>::Unscaled);
  const auto line = [&](Complex* to, const Complex* from) {
    inverse ? fft.inv(to, from, kSide) : fft.fwd(to, from, kSide);
  };
  Spectrum turned(map.size());
  for (int pass = 0; pass < 2; ++pass) {
    Complex row[kSide];
    for (int i = 0; i < kSide; ++i) {
      line(row, &map[std::size_t(i * kSide)]);
      for (int k = 0; k < kSide; ++k) turned[std::size_t(k * kSide + i)] = row[k];
    }
    std::swap(map, turned);
  }
}

/// Adds the cells, turned by `yaw`, to a map about the sensor; `unit` is 1 or i.
void draw(std::span<const Eigen::Vector3f> cells, double yaw, Complex unit, Spectrum& map) {
  const float c = float(std::cos(yaw)), s = float(std::sin(yaw));
  for (const Eigen::Vector3f& cell : cells) {
    const float x = (c * cell.x() - s * cell.y()) / kCell, y = (s * cell.x() + c * cell.y()) / kCell;
    const int column = int(std::floor(x)), row = int(std::floor(y));
    const float right = x - float(column), up = y - float(row);
    const auto add = [&](int i, int k, float share) {
      map[std::size_t(wrapped(i) * kSide + wrapped(k))] += unit * (share * cell.z());
    };
    add(row, column, (1 - up) * (1 - right)), add(row, column + 1, (1 - up) * right);
    add(row + 1, column, up * (1 - right)), add(row + 1, column + 1, up * right);
  }
}

float fading(float range) {
  if (range <= kFull) return 1;
  return range >= kEnd ? 0 : 0.5f + 0.5f * std::cos(std::numbers::pi_v<float> * (range - kFull) / (kEnd - kFull));
}

std::vector<Eigen::Vector3f> upright_cells(const PointCloud& cloud) {
  struct Span {
    float low = std::numeric_limits<float>::infinity(), high = -low;
  };
  std::vector<Span> spans(std::size_t(kSide * kSide));
  constexpr float kHalf = kSide * kCell / 2;
  for (const Eigen::Vector3f& point : cloud.points) {
    const float x = (point.x() + kHalf) / kCell, y = (point.y() + kHalf) / kCell;
    if (!(x >= 0 && y >= 0 && x < kSide && y < kSide) || !std::isfinite(point.z())) continue;
    Span& span = spans[std::size_t(int(y) * kSide + int(x))];
    span.low = std::min(span.low, point.z());
    span.high = std::max(span.high, point.z());
  }
  std::vector<Eigen::Vector3f> cells;
  for (int row = 0; row < kSide; ++row)
    for (int column = 0; column < kSide; ++column) {
      const Span& span = spans[std::size_t(row * kSide + column)];
      if (!(span.high - span.low >= kLeastHeight)) continue;
      const Eigen::Vector2f centre((float(column) + 0.5f) * kCell - kHalf, (float(row) + 0.5f) * kCell - kHalf);
      const float weight = std::min(1.f, (span.high - span.low) / kTall) * fading(centre.norm());
      if (weight > 0) cells.emplace_back(centre.x(), centre.y(), weight);
    }
  return cells;
}

/// Size of the spectrum on rings about its middle, each free of its mean over the angles.
Eigen::MatrixXf rings_of(const Spectrum& spectrum) {
  std::vector<float> size(spectrum.size());
  std::ranges::transform(spectrum, size.begin(), [](const Complex& value) { return std::sqrt(std::abs(value)); });
  Eigen::MatrixXf rings(kAngles, kLastRing - kFirstRing + 1);
  for (int angle = 0; angle < kAngles; ++angle)
    for (int ring = kFirstRing; ring <= kLastRing; ++ring) {
      const float turn = std::numbers::pi_v<float> * float(angle) / kAngles;
      const float x = float(ring) * std::cos(turn), y = float(ring) * std::sin(turn);
      const int column = int(std::floor(x)), row = int(std::floor(y));
      const float right = x - float(column), up = y - float(row);
      const auto at = [&](int i, int k) { return size[std::size_t(wrapped(i) * kSide + wrapped(k))]; };
      rings(angle, ring - kFirstRing) = (1 - up) * ((1 - right) * at(row, column) + right * at(row, column + 1)) +
                                        up * ((1 - right) * at(row + 1, column) + right * at(row + 1, column + 1));
    }
  rings.rowwise() -= rings.colwise().mean().eval();
  return rings;
}

/// Where the correlation of a map, its real or its imaginary part, is largest.
PlanarGuess peak_of(const Spectrum& map, bool imaginary, double yaw) {
  const int reach = int(kFarthest / kCell);
  const auto at = [&](int row, int column) {
    const Complex& value = map[std::size_t(wrapped(row) * kSide + wrapped(column))];
    return double(imaginary ? -value.imag() : value.real());
  };
  PlanarGuess best{yaw, 0, 0, -std::numeric_limits<double>::infinity()};
  int at_row = 0, at_column = 0;
  for (int row = -reach; row <= reach; ++row)
    for (int column = -reach; column <= reach; ++column)
      if (const double score = at(row, column); score > best.score)
        best.score = score, at_row = row, at_column = column;
  const auto between = [](double before, double here, double after) {
    const double bend = before - 2 * here + after;
    return bend < 0 ? std::clamp(0.5 * (before - after) / bend, -0.5, 0.5) : 0;
  };
  best.x = kCell * (at_column + between(at(at_row, at_column - 1), best.score, at(at_row, at_column + 1)));
  best.y = kCell * (at_row + between(at(at_row - 1, at_column), best.score, at(at_row + 1, at_column)));
  return best;
}

}  // namespace

UprightMap upright_map(const PointCloud& cloud) {
  UprightMap map;
  map.cells = upright_cells(cloud);
  map.spectrum.resize(std::size_t(kSide * kSide));
  draw(map.cells, 0, 1, map.spectrum);
  transform(map.spectrum, false);
  map.rings = rings_of(map.spectrum);
  return map;
}

std::vector<double> likely_yaws(const UprightMap& a, const UprightMap& b, int most) {
  std::vector<float> fits(kAngles);
  for (int turn = 0; turn < kAngles; ++turn) {  // b's angle + turn is a's
    const int rest = kAngles - turn;
    fits[std::size_t(turn)] = a.rings.bottomRows(rest).cwiseProduct(b.rings.topRows(rest)).sum() +
                              a.rings.topRows(turn).cwiseProduct(b.rings.bottomRows(turn)).sum();
  }
  std::vector<double> yaws;
  while (int(yaws.size()) < most) {
    const auto best = std::ranges::max_element(fits);
    if (*best == -std::numeric_limits<float>::infinity()) break;
    const int turn = int(best - fits.begin());
    const float left = fits[std::size_t((turn + kAngles - 1) % kAngles)], here = *best,
                right = fits[std::size_t((turn + 1) % kAngles)];
    const float bend = left - 2 * here + right;  // a parabola through the three tells the peak between two angles
    const double between = std::isfinite(bend) && bend < 0 ? std::clamp(0.5f * (left - right) / bend, -0.5f, 0.5f) : 0;
    const double yaw = std::numbers::pi * (turn + between) / kAngles;
    yaws.push_back(yaw);
    yaws.push_back(yaw - std::numbers::pi);
    for (int i = -kApart; i <= kApart; ++i)
      fits[std::size_t((turn + i + kAngles) % kAngles)] = -std::numeric_limits<float>::infinity();
  }
  return yaws;
}

std::vector<PlanarGuess> correlate(const UprightMap& a, const UprightMap& b, std::span<const double> yaws,
                                   int threads) {
  // What is common in all maps (low frequencies) is damped.
  Spectrum damped = a.spectrum;
  double energy = 0;
  for (Complex& value : damped) {
    energy += std::norm(value);
    value *= float(std::pow(double(std::abs(value)) + 1e-3, -kWhitening));
  }
  if (energy <= 0 || b.cells.empty()) return {};
  std::vector<PlanarGuess> guesses(yaws.size());
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (std::size_t i = 0; i < yaws.size(); i += 2) {  // two at once: one is the real part, one the imaginary
    Spectrum map(std::size_t(kSide * kSide));
    draw(b.cells, yaws[i], 1, map);
    if (i + 1 < yaws.size()) draw(b.cells, yaws[i + 1], Complex(0, 1), map);
    transform(map, false);
    for (std::size_t k = 0; k < map.size(); ++k) map[k] = damped[k] * std::conj(map[k]);
    transform(map, true);
    for (std::size_t part = 0; part < 2 && i + part < yaws.size(); ++part)
      guesses[i + part] = peak_of(map, part == 1, yaws[i + part]);
  }
  std::ranges::stable_sort(guesses, std::greater(), &PlanarGuess::score);
  return guesses;
}

}  // namespace relocus
