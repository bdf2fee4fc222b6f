#include "core/clusters.h"

#include <faiss/Clustering.h>
#include <faiss/IndexFlat.h>

#include <algorithm>

#include "core/error.h"

namespace relocus {

Descriptors cluster_centres(const Descriptors& rows, int count, int iterations, int seed) {
  if (rows.rows() < count)
    throw Error("{} clusters cannot be made of {} samples: give more images, or ask for fewer clusters", count,
                rows.rows());
  if (!rows.allFinite()) throw Error("samples that are not finite cannot be clustered");
  faiss::ClusteringParameters parameters;
  parameters.niter = iterations;
  parameters.seed = seed;
  parameters.nredo = 1;
  parameters.min_points_per_centroid = 1;
  parameters.max_points_per_centroid = int(std::max<Eigen::Index>(rows.rows() / std::max(count, 1) + 1, 1));
  faiss::Clustering clustering(int(rows.cols()), count, parameters);
  faiss::IndexFlatL2 index(rows.cols());
  clustering.train(rows.rows(), rows.data(), index);
  return Eigen::Map<const Descriptors>(clustering.centroids.data(), count, rows.cols());
}

}  // namespace relocus
