#pragma once

#include <complex>
#include <span>
#include <vector>

#include "core/types.h"

namespace relocus {

/// What stands upright about the sensor, seen from above, with its spectrum: what two scans are correlated by.
struct UprightMap {
  std::vector<Eigen::Vector3f> cells;         ///< centre x, y [m] and weight (0, 1] of each cell that holds something
  std::vector<std::complex<float>> spectrum;  ///< side x side, of the map
  Eigen::MatrixXf rings;                      ///< angle (half a turn) x radius: the spectrum's size, blind to shifts
};
UprightMap upright_map(const PointCloud& cloud);

/// Where one scan may lie in another.
struct PlanarGuess {
  double yaw = 0, x = 0, y = 0;  ///< [rad], [m] of b seen from a
  double score = 0;              ///< correlation of the maps, at most 1; comparable within a pair
};

/// Turns about the vertical that fit the two maps best, whatever the shift between them, best first; each stands there
/// twice, half a turn apart, as spectra do not tell the two from each other. After Reddy and Chatterji, "An FFT-based
/// technique for translation, rotation and scale-invariant image registration" (1996).
std::vector<double> likely_yaws(const UprightMap& a, const UprightMap& b, int most);

/// The best shift for each of the yaws, best first.
std::vector<PlanarGuess> correlate(const UprightMap& a, const UprightMap& b, std::span<const double> yaws,
                                   int threads = 1);

}  // namespace relocus
