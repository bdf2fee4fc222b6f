#pragma once

#include "core/simulator/mesh.h"
#include "core/simulator/random.h"

namespace relocus {

// Things that a street is furnished with. Each stands on z = 0 around the origin and, where it has a front, looks along
// +x. `tint` of surfaces that are painted per copy is white.

enum class CarBody { Hatchback, Saloon, Estate, Van, OffRoad, Lorry, Count };
TriangleMesh make_car(CarBody body, Random random);

/// `height` [m]. Crowns are loose leaves: some rays pass through them.
TriangleMesh make_broadleaf(double height, Random random);
TriangleMesh make_conifer(double height, Random random);
TriangleMesh make_bush(double height, Random random);
/// 2 m along x.
TriangleMesh make_hedge(double height, double depth, Random random);
TriangleMesh make_picket_fence(Random random);
TriangleMesh make_low_wall(Random random);

TriangleMesh make_street_lamp(Random random);
TriangleMesh make_traffic_sign(Random random);
TriangleMesh make_traffic_light();
TriangleMesh make_litter_bin(Random random);
TriangleMesh make_advertising_column();
TriangleMesh make_pedestrian(Random random);
TriangleMesh make_cyclist(Random random);

}  // namespace relocus
