#pragma once

// Debian 12 ships Embree 3, Debian 13 ships Embree 4: what differs between them stands here and nowhere else.
#if __has_include(<embree4/rtcore.h>)
#include <embree4/rtcore.h>
#else
#include <embree3/rtcore.h>
#endif

#include <memory>
#include <type_traits>

#include "core/error.h"

namespace relocus {

struct EmbreeRelease {
  void operator()(RTCDevice device) const { rtcReleaseDevice(device); }
  void operator()(RTCScene scene) const { rtcReleaseScene(scene); }
};
using EmbreeDevice = std::unique_ptr<std::remove_pointer_t<RTCDevice>, EmbreeRelease>;
using EmbreeScene = std::unique_ptr<std::remove_pointer_t<RTCScene>, EmbreeRelease>;

/// A device of the ray tracer. Throws when this processor has none.
inline EmbreeDevice make_embree_device() {
  EmbreeDevice device(rtcNewDevice(nullptr));
  if (!device)
    throw Error("Embree cannot start on this processor (error {}); it needs SSE2", int(rtcGetDeviceError(nullptr)));
  return device;
}

/// Nearest hits of eight rays at once; `valid` holds -1 for those to trace and 0 for the others.
inline void nearest_hits(RTCScene scene, const int* valid, RTCRayHit8& rays) {
#if RTC_VERSION_MAJOR >= 4
  RTCIntersectArguments arguments;
  rtcInitIntersectArguments(&arguments);
  arguments.flags = RTC_RAY_QUERY_FLAG_COHERENT;
  rtcIntersect8(valid, scene, &rays, &arguments);
#else
  RTCIntersectContext context;
  rtcInitIntersectContext(&context);
  context.flags = RTC_INTERSECT_CONTEXT_FLAG_COHERENT;
  rtcIntersect8(valid, scene, &context, &rays);
#endif
}

/// Whether anything stands in the ray's way: `ray.tfar` is then negative.
inline void any_hit(RTCScene scene, RTCRay& ray) {
#if RTC_VERSION_MAJOR >= 4
  rtcOccluded1(scene, &ray, nullptr);
#else
  RTCIntersectContext context;
  rtcInitIntersectContext(&context);
  rtcOccluded1(scene, &context, &ray);
#endif
}

}  // namespace relocus
