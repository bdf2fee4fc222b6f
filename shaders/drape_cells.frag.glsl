// Drapes a map of cells on points: the colour of the cell that drape_cells.vert.glsl found. VTK declares
//   sampler2D drape_map  one pixel a cell, rows upwards, columns to the right
//   vec3 drape_no_data   colour outside the map
flat in vec2 drape_cellVSOutput;

vec3 drape_colour() {
  if (drape_cellVSOutput.x < 0.0) return drape_no_data;
  return texelFetch(drape_map, ivec2(drape_cellVSOutput.yx), 0).rgb;
}
