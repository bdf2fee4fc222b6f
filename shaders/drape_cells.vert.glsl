// Drapes a map of cells on points: tells which cell a point lies in, from its x (forward) and y (left) in the frame of
// its own sensor. core/cell_map.cpp says the same for the processor.
// VTK declares the uniforms that CloudActor::show_cells() sets:
//   vec4 drape_corners     [m] lower x and y, upper x and y of a square grid
//   float drape_max_range  [m] outer radius of a polar one; 0: the grid is square
//   vec2 drape_cells       rows, columns
flat out vec2 drape_cellVSOutput;  // row, column; negative: outside the map

vec2 drape_cell_of(vec2 place) {
  vec2 share;  // of the way through rows and columns
  if (drape_max_range > 0.0) {
    float turn = atan(place.y, place.x) / 6.283185307179586;
    if (turn < 0.0) turn += 1.0;
    share = vec2(length(place) / drape_max_range, turn < 1.0 ? turn : 0.0);
  } else {
    share = (place - drape_corners.xy) / (drape_corners.zw - drape_corners.xy);
  }
  bool inside = share.x >= 0.0 && share.x < 1.0 && share.y >= 0.0 && share.y < 1.0;
  return inside ? floor(share * drape_cells) : vec2(-1.0);
}
