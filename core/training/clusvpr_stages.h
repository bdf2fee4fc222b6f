#pragma once

#include "core/training.h"
#include "core/vlad_files.h"

namespace at {
class Tensor;
}

namespace relocus {

/// The first `count` principal components of descriptors [N, D], in double precision, as the file keeps them; see
/// principal_components().
PcaFile components_of(const at::Tensor& rows, std::int64_t count);

/// Stages of ClusVPR that learn from images without gradients: "clusters" (beside the model centres.hdf5, as the
/// authors' cluster.py leaves it) and "pca" (pca.h5, as their PCA does). Both are read back by the options `centres`
/// and `components`. Begins with the weights given: VGG-16 alone, or a whole network.
std::vector<TrainingOutcome> train_clusvpr(const TrainingJob& job, const Progress& progress);

}  // namespace relocus
