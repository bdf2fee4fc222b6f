#include "core/simulator/scene.h"

#include <cmath>
#include <cstring>

namespace relocus {
namespace {

void check(RTCDevice device) {
  const RTCError error = rtcGetDeviceError(device);
  if (error == RTC_ERROR_OUT_OF_MEMORY) throw Error("not enough memory to build the city; ask for fewer frames");
  if (error != RTC_ERROR_NONE) throw Error("Embree failed to build the city (error {})", int(error));
}

void attach(RTCDevice device, RTCScene scene, const TriangleMesh& mesh, unsigned int id) {
  if (mesh.triangles.empty()) return;
  const RTCGeometry geometry = rtcNewGeometry(device, RTC_GEOMETRY_TYPE_TRIANGLE);
  void* vertices = rtcSetNewGeometryBuffer(geometry, RTC_BUFFER_TYPE_VERTEX, 0, RTC_FORMAT_FLOAT3,
                                           sizeof(Eigen::Vector3f), mesh.vertices.size());
  void* triangles = rtcSetNewGeometryBuffer(geometry, RTC_BUFFER_TYPE_INDEX, 0, RTC_FORMAT_UINT3,
                                            sizeof(mesh.triangles[0]), mesh.triangles.size());
  if (!vertices || !triangles) check(device);
  std::memcpy(vertices, mesh.vertices.data(), mesh.vertices.size() * sizeof(Eigen::Vector3f));
  std::memcpy(triangles, mesh.triangles.data(), mesh.triangles.size() * sizeof(mesh.triangles[0]));
  rtcCommitGeometry(geometry);
  rtcAttachGeometryByID(scene, geometry, id);
  rtcReleaseGeometry(geometry);
}

void attach(RTCDevice device, RTCScene scene, RTCScene prop, const Eigen::Affine3f& pose, unsigned int id) {
  const RTCGeometry geometry = rtcNewGeometry(device, RTC_GEOMETRY_TYPE_INSTANCE);
  rtcSetGeometryInstancedScene(geometry, prop);
  rtcSetGeometryTimeStepCount(geometry, 1);
  rtcSetGeometryTransform(geometry, 0, RTC_FORMAT_FLOAT4X4_COLUMN_MAJOR, pose.matrix().data());
  rtcCommitGeometry(geometry);
  rtcAttachGeometryByID(scene, geometry, id);
  rtcReleaseGeometry(geometry);
}

Eigen::Matrix3f normals_of(const Placement& placement) {
  return placement.world_from_prop.linear().inverse().transpose();
}

}  // namespace

StaticScene::StaticScene(const City& city) : city_(city), device_(make_embree_device()) {
  for (const TriangleMesh& mesh : city.stock.props) {
    EmbreeScene scene(rtcNewScene(device_.get()));
    attach(device_.get(), scene.get(), mesh, 0);
    rtcCommitScene(scene.get());
    props_.push_back(std::move(scene));
  }
  // Meshes take the first ids, placements those after them.
  scene_.reset(rtcNewScene(device_.get()));
  rtcSetSceneFlags(scene_.get(), RTC_SCENE_FLAG_ROBUST);  // no cracks where two pieces of road share an edge
  unsigned int id = 0;
  for (const TriangleMesh& mesh : city.meshes) attach(device_.get(), scene_.get(), mesh, id++);
  for (const Placement& placement : city.placements) {
    attach(device_.get(), scene_.get(), prop(placement.prop), placement.world_from_prop, id++);
    normals_.push_back(normals_of(placement));
  }
  rtcCommitScene(scene_.get());
  check(device_.get());
}

Moment::Moment(const StaticScene& city) : static_(city) { set_moving({}); }

void Moment::set_moving(std::vector<Placement> moving) {
  moving_ = std::move(moving);
  normals_.clear();
  scene_.reset(rtcNewScene(static_.device()));
  rtcSetSceneBuildQuality(scene_.get(), RTC_BUILD_QUALITY_LOW);
  unsigned int id = 0;
  for (const Placement& placement : moving_) {
    attach(static_.device(), scene_.get(), static_.prop(placement.prop), placement.world_from_prop, id++);
    normals_.push_back(normals_of(placement));
  }
  rtcCommitScene(scene_.get());
}

std::array<Hit, Moment::batch> Moment::cast(const Eigen::Vector3f& origin,
                                            const std::array<Eigen::Vector3f, batch>& directions, int count,
                                            float reach) const {
  alignas(32) RTCRayHit8 rays;
  alignas(32) int valid[batch];
  for (int i = 0; i < batch; ++i) {
    valid[i] = i < count ? -1 : 0;
    const Eigen::Vector3f& direction = directions[std::size_t(i < count ? i : 0)];
    rays.ray.org_x[i] = origin.x();
    rays.ray.org_y[i] = origin.y();
    rays.ray.org_z[i] = origin.z();
    rays.ray.dir_x[i] = direction.x();
    rays.ray.dir_y[i] = direction.y();
    rays.ray.dir_z[i] = direction.z();
    rays.ray.tnear[i] = 0.05f;
    rays.ray.tfar[i] = reach;
    rays.ray.time[i] = 0;
    rays.ray.mask[i] = ~0u;
    rays.ray.id[i] = unsigned(i);
    rays.ray.flags[i] = 0;
    rays.hit.geomID[i] = RTC_INVALID_GEOMETRY_ID;
    rays.hit.instID[0][i] = RTC_INVALID_GEOMETRY_ID;
  }
  nearest_hits(static_.scene_.get(), valid, rays);
  // What moves hides what stays where it is nearer: the same rays, now as long as they got.
  alignas(32) RTCRayHit8 nearer = rays;
  for (int i = 0; i < batch; ++i) nearer.hit.geomID[i] = RTC_INVALID_GEOMETRY_ID;
  nearest_hits(scene_.get(), valid, nearer);
  std::array<Hit, batch> hits;
  for (int i = 0; i < count; ++i) {
    const bool moving = nearer.hit.geomID[i] != RTC_INVALID_GEOMETRY_ID;
    hits[std::size_t(i)] = resolve(moving ? nearer : rays, i, moving);
  }
  return hits;
}

Hit Moment::resolve(const RTCRayHit8& rays, int i, bool moving) const {
  Hit hit;
  if (rays.hit.geomID[i] == RTC_INVALID_GEOMETRY_ID) return hit;
  const City& city = static_.city_;
  const std::size_t triangle = rays.hit.primID[i];
  Eigen::Vector3f normal(rays.hit.Ng_x[i], rays.hit.Ng_y[i], rays.hit.Ng_z[i]);
  const unsigned int instance = rays.hit.instID[0][i];
  if (moving || instance != RTC_INVALID_GEOMETRY_ID) {
    const std::size_t at = moving ? instance : instance - city.meshes.size();
    const Placement& placement = moving ? moving_[at] : city.placements[at];
    normal = (moving ? normals_[at] : static_.normals_[at]) * normal;
    hit.surface = city.stock.props[std::size_t(placement.prop)].surfaces[triangle];
    if (hit.surface.colour == Rgb{255, 255, 255}) hit.surface.colour = placement.tint;
  } else {
    hit.surface = city.meshes[rays.hit.geomID[i]].surfaces[triangle];
  }
  hit.distance = rays.ray.tfar[i];
  const Eigen::Vector3f direction(rays.ray.dir_x[i], rays.ray.dir_y[i], rays.ray.dir_z[i]);
  normal.normalize();
  const float along = normal.dot(direction);
  hit.incidence = std::abs(along);
  hit.normal = along > 0 ? Eigen::Vector3f(-normal) : normal;
  return hit;
}

bool Moment::sees_light(const Eigen::Vector3f& from, const Eigen::Vector3f& direction, float distance) const {
  for (const RTCScene scene : {static_.scene_.get(), scene_.get()}) {
    RTCRay ray{};
    ray.org_x = from.x();
    ray.org_y = from.y();
    ray.org_z = from.z();
    ray.dir_x = direction.x();
    ray.dir_y = direction.y();
    ray.dir_z = direction.z();
    ray.tnear = 0.02f;
    ray.tfar = distance;
    ray.mask = ~0u;
    any_hit(scene, ray);
    if (ray.tfar < 0) return false;
  }
  return true;
}

}  // namespace relocus
