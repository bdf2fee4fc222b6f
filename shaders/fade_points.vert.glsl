// Fades a scan by leaving points out: what is left keeps its depth, so that two scans can be crossfaded in any order.
// VTK declares
//   float fade_share  of the points that are drawn
bool fade_hides(int point) { return fract(sin(float(point % 65536) * 12.9898) * 43758.5453) >= fade_share; }
