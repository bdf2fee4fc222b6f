#pragma once

#include <array>
#include <memory>

#include "core/simulator/city.h"
#include "core/simulator/embree.h"

namespace relocus {

/// What a ray met.
struct Hit {
  float distance = -1;  ///< [m]; negative: the sky
  Surface surface;
  float incidence = 0;                                ///< cosine of the angle between ray and normal, [0, 1]
  Eigen::Vector3f normal = Eigen::Vector3f::UnitZ();  ///< world frame, towards the ray's origin; unit length
  bool found() const { return distance >= 0; }
};

/// The city as the ray tracer holds it. May be read by many threads at once.
class StaticScene {
 public:
  explicit StaticScene(const City& city);

  const City& city() const { return city_; }
  RTCDevice device() const { return device_.get(); }
  RTCScene prop(int i) const { return props_[std::size_t(i)].get(); }

 private:
  friend class Moment;
  const City& city_;
  EmbreeDevice device_;
  std::vector<EmbreeScene> props_;
  EmbreeScene scene_;
  std::vector<Eigen::Matrix3f> normals_;  ///< of placements: turns normals into the world frame
};

/// The city at one moment: what stays and what moves. One a thread.
class Moment {
 public:
  explicit Moment(const StaticScene& city);
  void set_moving(std::vector<Placement> moving);

  static constexpr int batch = 8;
  /// Nearest hits of rays from `origin` (world frame) along unit `directions`, at most `reach` away; the first `count`
  /// are traced.
  std::array<Hit, batch> cast(const Eigen::Vector3f& origin, const std::array<Eigen::Vector3f, batch>& directions,
                              int count, float reach) const;
  /// Whether nothing stands between `from` and the light, which is `distance` [m] away.
  bool sees_light(const Eigen::Vector3f& from, const Eigen::Vector3f& direction, float distance = 300) const;

  const City& city() const { return static_.city(); }

 private:
  Hit resolve(const RTCRayHit8& rays, int i, bool moving) const;

  const StaticScene& static_;
  EmbreeScene scene_;
  std::vector<Placement> moving_;
  std::vector<Eigen::Matrix3f> normals_;
};

}  // namespace relocus
