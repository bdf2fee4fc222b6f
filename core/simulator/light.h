#pragma once

#include <Eigen/Geometry>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/simulator/drive.h"

namespace relocus {

/// Sun, sky, weather and camera at one moment of a drive. What stands below `drift` is a mild day's without a word.
struct Light {
  Eigen::Vector3f to_sun;  ///< unit length, world frame
  float sun = 1, sky = 1;  ///< brightness of the direct and of the scattered light
  float warmth = 0;        ///< 0: noon, 1: low sun
  float cloud = 0.3f;      ///< share of the sky that is covered
  float exposure = 1;      ///< of the camera, which follows the light slowly
  Eigen::Vector2f drift;   ///< of the clouds [rad]

  std::string_view name = "day";
  float night = 0;                                    ///< 0: day, 1: lamps, headlights and windows shine
  float sight = 900;                                  ///< [m] after which all but 1/e is lost in the haze
  float wet = 0;                                      ///< 0: dry, 1: puddles stand
  float snow = 0;                                     ///< share of what lies open to the sky that is white
  float autumn = 0;                                   ///< share of the leaves that have turned
  std::uint64_t which = 0;                            ///< names the leaves that turned, the windows that shine
  Eigen::Vector3f balance = Eigen::Vector3f::Ones();  ///< gain of red, green and blue
  float noise = 0;                                    ///< of the sensor: standard deviation at full brightness
};

/// `share` of the drive, [0, 1]: the sun moves on and clouds pass.
Light light_at(double share, std::uint64_t seed);

/// One of many lights that a seed's drive may be taken under: noon, low sun from either side, overcast, dusk, night,
/// fog, rain, snow, autumn, each with an exposure, white balance and noise of the camera's; the first ten are of ten
/// kinds, in an order that the seed decides.
Light changing_light(int number, double share, std::uint64_t seed);

/// Which of `count` lights each frame is taken under: it changes every some tens of frames, and a place is seen again
/// under another light than before as far as there are enough.
std::vector<int> lights_along(const Drive& drive, int count, std::uint64_t seed);

}  // namespace relocus
