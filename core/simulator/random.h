#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <numbers>

namespace relocus {

/// Random numbers that are the same on every machine and standard library (those of <random>'s distributions are not).
/// SplitMix64; started from any number of keys, so that (seed, frame) names a stream of its own.
class Random {
 public:
  Random(std::initializer_list<std::uint64_t> keys) {
    for (const std::uint64_t key : keys) state_ = mixed(state_ ^ (key + 0x9e3779b97f4a7c15ull));
  }

  std::uint64_t bits() { return mixed(state_ += 0x9e3779b97f4a7c15ull); }
  /// In [0, 1).
  double uniform() { return double(bits() >> 11) * 0x1p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// In [0, count).
  int below(int count) { return int((bits() >> 32) * std::uint64_t(count) >> 32); }
  bool chance(double probability) { return uniform() < probability; }
  /// Mean 0, standard deviation 1, cut at 3.46: the sum of four uniform numbers taken from one draw.
  double normal() {
    const std::uint64_t b = bits();
    const double sum = double(b & 0xffff) + double((b >> 16) & 0xffff) + double((b >> 32) & 0xffff) + double(b >> 48);
    return (sum * 0x1p-16 - 2) * std::numbers::sqrt3;
  }
  template <class T, std::size_t N>
  const T& pick(const std::array<T, N>& choices) {
    return choices[std::size_t(below(int(N)))];
  }

 private:
  static std::uint64_t mixed(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  std::uint64_t state_ = 0x853c49e6748fea9bull;
};

}  // namespace relocus
