#pragma once

namespace relocus {

/// How wide the networks of OverlapNetVLAD are; the defaults are the published ones. A model folder tells its own.
struct Widths {
  int height_layers = 32;  ///< of the occupancy grid: the backbone's input channels
  int base = 64;           ///< channels of the backbone's first stage; the next have twice and four times as many
  int features = 512;      ///< channels of the backbone's result
  int overlap = 256;       ///< hidden channels of the overlap head
  int clusters = 32;       ///< of NetVLAD
  int descriptor = 1024;   ///< length of the global descriptor

  /// Calls visit(name, width) for each of them.
  template <class Self, class Visit>
  static void visit(Self& widths, Visit&& visit) {
    visit("height_layers", widths.height_layers);
    visit("base", widths.base);
    visit("features", widths.features);
    visit("overlap", widths.overlap);
    visit("clusters", widths.clusters);
    visit("descriptor", widths.descriptor);
  }
};

}  // namespace relocus
