#pragma once

#include <string_view>

namespace relocus {

/// How wide the networks of images are; the defaults are VGG-16's and those of the published NetVLAD. A model folder
/// tells its own.
struct ImageWidths {
  int block1 = 64, block2 = 128, block3 = 256, block4 = 512, block5 = 512;  ///< channels of VGG's five blocks
  int clusters = 64;                                                        ///< of NetVLAD
  int assignment_bias = 0;  ///< 1: the assignment to clusters has a bias (NetVLAD's second version)
  int descriptor = 4096;    ///< length of the whitened descriptor; 0: not whitened, clusters * block5

  /// Calls visit(name, width) for each of them.
  template <class Self, class Visit>
  static void visit(Self& widths, Visit&& visit) {
    visit("block1", widths.block1);
    visit("block2", widths.block2);
    visit("block3", widths.block3);
    visit("block4", widths.block4);
    visit("block5", widths.block5);
    visit("clusters", widths.clusters);
    visit("assignment_bias", widths.assignment_bias);
    visit("descriptor", widths.descriptor);
  }
  static int least(std::string_view name) { return name == "assignment_bias" || name == "descriptor" ? 0 : 1; }

  int vlad_length() const { return clusters * block5; }
  int length() const { return descriptor > 0 ? descriptor : vlad_length(); }  ///< of the global descriptor
};

}  // namespace relocus
