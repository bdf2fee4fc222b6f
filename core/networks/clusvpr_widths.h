#pragma once

#include <string_view>

#include "core/networks/image_widths.h"

namespace relocus {

/// How wide ClusVPR is; the defaults are the published network's. Its tensors tell them.
struct ClusvprWidths {
  int block1 = 64, block2 = 128, block3 = 256, block4 = 512, block5 = 512;  ///< channels of VGG's five blocks
  int blocks = 4;                                                           ///< CWTNet blocks
  int hidden = 256, mlp = 512;                                              ///< channels of their transformers
  int expansion = 2, groups = 8;  ///< OptLAD: block5 -> expansion * block5 channels, in so many groups
  int clusters = 64;
  int exponent_rows = 30, exponent_columns = 40;  ///< cells that OptLAD's exponents are given for; 1 x 1: one for all
  int descriptor = 4096;                          ///< after whitening; 0: not whitened, vlad_length()

  /// Calls visit(name, width) for each of them.
  template <class Self, class Visit>
  static void visit(Self& widths, Visit&& visit) {
    visit("block1", widths.block1), visit("block2", widths.block2), visit("block3", widths.block3);
    visit("block4", widths.block4), visit("block5", widths.block5);
    visit("blocks", widths.blocks), visit("hidden", widths.hidden), visit("mlp", widths.mlp);
    visit("expansion", widths.expansion), visit("groups", widths.groups), visit("clusters", widths.clusters);
    visit("exponent_rows", widths.exponent_rows), visit("exponent_columns", widths.exponent_columns);
    visit("descriptor", widths.descriptor);
  }
  static int least(std::string_view name) { return name == "blocks" || name == "descriptor" ? 0 : 1; }

  static constexpr int heads = 2;            ///< of the transformers' attention
  int branch() const { return block5 / 2; }  ///< channels of either half of a block
  int projected() const { return expansion * block5; }
  int part() const { return projected() / groups; }  ///< numbers of a cluster's residual
  int vlad_length() const { return clusters * part(); }
  int length() const { return descriptor > 0 ? descriptor : vlad_length(); }  ///< of the global descriptor
  ImageWidths encoder() const {
    return {.block1 = block1, .block2 = block2, .block3 = block3, .block4 = block4, .block5 = block5};
  }
};

/// Throws when they make no network: channels that cannot be halved or split into heads and groups.
void check(const ClusvprWidths& widths);

}  // namespace relocus
