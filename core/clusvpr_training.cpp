#include "core/clusvpr_training.h"

namespace relocus {

void ClusvprClusterOptions::visit(OptionVisitor& option) {
  ImageClusterOptions::visit(option);
  option("centres", centres, {}, {"", "HDF5 file with centroids and descriptors to begin with, instead of images"});
  option("blocks", blocks, {0, 64}, {"", "CWTNet blocks, where the weights given have none"});
  option("hidden", hidden, {2, 4096}, {"channels", "Of their transformers"});
  option("mlp", mlp, {1, 16384}, {"channels", "Within their transformers"});
  option("expansion", expansion, {1, 64}, {"", "Times as many channels as VGG-16's are projected to"});
  option("groups", groups, {1, 1024}, {"", "Of projected channels; a cluster's residual has as many numbers as one"});
  option("one_exponent", one_exponent,
         {"", "One exponent of the attention for all cells, not one for each of 30 x 40"});
}

void ClusvprPcaOptions::visit(OptionVisitor& option) {
  ImagePcaOptions::visit(option);
  option("components", components, {}, {"", "HDF5 file with U, lams, mu and Utmu to take over, instead of images"});
}

}  // namespace relocus
