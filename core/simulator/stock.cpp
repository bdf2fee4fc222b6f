#include "core/simulator/stock.h"

#include "core/simulator/props.h"

namespace relocus {

Stock make_stock(std::uint64_t seed) {
  Stock stock;
  const auto add = [&](TriangleMesh mesh) {
    stock.props.push_back(std::move(mesh));
    return int(stock.props.size()) - 1;
  };
  std::uint64_t number = 0;
  const auto next = [&] { return Random{seed, 0x570c, number++}; };
  Random sizes = next();
  for (int i = 0; i < 12; ++i) stock.broadleaves.push_back(add(make_broadleaf(sizes.uniform(5, 15), next())));
  for (int i = 0; i < 5; ++i) stock.conifers.push_back(add(make_conifer(sizes.uniform(4, 14), next())));
  for (int i = 0; i < 8; ++i) stock.bushes.push_back(add(make_bush(sizes.uniform(0.7, 2.6), next())));
  for (int i = 0; i < 4; ++i) stock.lamps.push_back(add(make_street_lamp(next())));
  for (int i = 0; i < 8; ++i) stock.signs.push_back(add(make_traffic_sign(next())));
  for (int i = 0; i < 4; ++i) stock.bins.push_back(add(make_litter_bin(next())));
  stock.lights.push_back(add(make_traffic_light()));
  stock.columns.push_back(add(make_advertising_column()));
  for (int kind = 0; kind < 9; ++kind) {
    std::vector<int> pieces;
    const double height = sizes.uniform(0.9, 2.2), depth = sizes.uniform(0.5, 1.1);
    if (kind < 4)
      for (int i = 0; i < 3; ++i) pieces.push_back(add(make_hedge(height * sizes.uniform(0.95, 1.05), depth, next())));
    else
      pieces.push_back(add(kind < 7 ? make_picket_fence(next()) : make_low_wall(next())));
    stock.enclosures.push_back(pieces);
  }
  constexpr CarBody bodies[] = {CarBody::Hatchback, CarBody::Hatchback, CarBody::Saloon,    CarBody::Saloon,
                                CarBody::Estate,    CarBody::Estate,    CarBody::Hatchback, CarBody::OffRoad,
                                CarBody::Van,       CarBody::Lorry};
  for (const CarBody body : bodies) stock.cars.push_back(add(make_car(body, next())));
  for (int i = 0; i < 6; ++i) stock.walkers.push_back(add(make_pedestrian(next())));
  for (int i = 0; i < 3; ++i) stock.cyclists.push_back(add(make_cyclist(next())));
  return stock;
}

}  // namespace relocus
