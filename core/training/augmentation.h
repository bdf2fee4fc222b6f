#pragma once

#include "core/image.h"
#include "core/simulator/random.h"

namespace relocus {

/// A part of a picture, in shares of its width and height. left > right: mirrored.
struct Region {
  double left = 0, top = 0, right = 1, bottom = 1;
};

/// A region of about the aspect of width x height, or wider where the picture is, up to the whole of it.
Region draw_region(const Picture& picture, int width, int height, Random& random);

/// The region moved and scaled a little, within the picture.
Region jittered(const Region& region, double strength, Random& random);

/// The region, its borders in whole pixels, brought to width x height. With `detail` < 1 it is made smaller by that
/// factor on the way, as if another camera had taken it.
Picture cut(const Picture& picture, const Region& region, int width, int height, double detail = 1);

/// Another light and another camera: colours, shading, blur, blocks as of JPEG, noise, and things that stand in the
/// way. strength 0: nothing, 1: so much that rendered pictures teach to know photographs.
void vary(Picture& picture, double strength, Random& random);

}  // namespace relocus
