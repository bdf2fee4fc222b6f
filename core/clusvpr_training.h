#pragma once

#include "core/training.h"

namespace relocus {

/// ClusVPR's clusters: of groups of projected features behind the transformers, where its centres live. Layers that
/// the weights given lack begin with random numbers, and are written with the clusters that belong to them.
struct ClusvprClusterOptions : ImageClusterOptions {
  std::string centres;  ///< HDF5 file to take them from; empty: learned from images
  int blocks = 4, hidden = 256, mlp = 512, expansion = 2, groups = 8;  ///< see ClusvprWidths
  bool one_exponent = false;  ///< for all cells, instead of one for each of 30 x 40

  void visit(OptionVisitor& option) override;
};

/// The whitening of ClusVPR's descriptors.
struct ClusvprPcaOptions : ImagePcaOptions {
  std::string components;  ///< HDF5 file to take them from; empty: learned from images

  void visit(OptionVisitor& option) override;
};

}  // namespace relocus
