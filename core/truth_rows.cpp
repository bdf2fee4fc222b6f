#include "core/truth_rows.h"

#include <cmath>
#include <iterator>
#include <numbers>

namespace relocus {
namespace {

constexpr double label_scale = 1.5, label_middle = 10, surely_same = 3;  ///< [m] of RINet's label

}  // namespace

int yaw_bin(double yaw, int bins) {
  const int bin = int(std::floor(-(yaw / std::numbers::pi) * bins / 2)) + bins / 2;
  return ((bin % bins) + bins) % bins;
}

double rinet_label(double distance) {
  return distance < surely_same ? 1 : 1 - 1 / (1 + std::exp((label_middle - distance) / label_scale));
}

std::vector<std::size_t> balanced_rows(const std::vector<double>& overlaps, const std::string& balance, int bins,
                                       int seed) {
  const auto bin_of = [&](double overlap) { return std::clamp(int(std::floor(overlap * bins + 1e-9)), 0, bins - 1); };
  std::vector<std::uint64_t> sizes(bins, 0);
  for (const double overlap : overlaps)
    if (!std::isnan(overlap)) ++sizes[bin_of(overlap)];

  std::vector<std::uint64_t> wanted = sizes;
  const int half = bins / 2;
  if (balance == "reference" && sizes[half - 1] > 0) {
    for (int bin = 0; bin < half; ++bin) wanted[bin] = std::min(sizes[bin], sizes[half - 1]);
  } else if (balance != "off") {  // also when nothing overlaps by just below a half
    std::vector<std::uint64_t> filled;
    std::ranges::copy_if(sizes, std::back_inserter(filled), [](std::uint64_t size) { return size > 0; });
    std::ranges::sort(filled);
    if (!filled.empty())
      for (std::uint64_t& size : wanted) size = std::min(size, filled[(filled.size() - 1) / 2]);
  }
  std::vector<Draw> draws;
  for (int bin = 0; bin < bins; ++bin)
    draws.emplace_back(std::uint64_t(seed) * 1000 + std::uint64_t(bin), wanted[bin], sizes[bin]);
  std::vector<std::size_t> rows;
  for (std::size_t row = 0; row < overlaps.size(); ++row)
    if (!std::isnan(overlaps[row]) && draws[bin_of(overlaps[row])].take()) rows.push_back(row);
  return rows;
}

}  // namespace relocus
