#pragma once

#include "core/types.h"

namespace relocus {

/// Centres of clusters and the features that they were found for, as OpenIBL's and ClusVPR's cluster.py leave them:
/// datasets "centroids" and "descriptors" of an HDF5 file.
struct CentresFile {
  Descriptors centroids;    ///< K x D
  Descriptors descriptors;  ///< N x D
};

/// Throws, naming the file, when a dataset is missing, no matrix, not finite, or when both have other numbers of
/// columns.
CentresFile read_centres(const std::filesystem::path& path);
void write_centres(const std::filesystem::path& path, const CentresFile& centres);

/// Principal components as OpenIBL's and ClusVPR's PCA leave them (pca_params_….h5): y = U^T x - Utmu, each divided by
/// the root of its eigenvalue where it is whitened.
struct PcaFile {
  Eigen::MatrixXd axes;         ///< "U", D x P
  Eigen::VectorXd eigenvalues;  ///< "lams", P, of the covariance
  Eigen::VectorXd mean;         ///< "mu", D
  Eigen::VectorXd shift;        ///< "Utmu", P: U^T mu
};

/// Throws, naming the file, when a dataset is missing, of another shape than the others, not finite, or when the
/// eigenvalues are not positive or U^T mu is not what it is called.
PcaFile read_pca(const std::filesystem::path& path);
void write_pca(const std::filesystem::path& path, const PcaFile& pca);

/// What the components amount to: y = weight * x + bias.
struct PcaLayer {
  Descriptors weight;    ///< P x D
  Eigen::VectorXf bias;  ///< P
};
/// The first `count` components in the file's order (0: all). Throws when there are fewer.
PcaLayer pca_layer(const PcaFile& pca, int count, bool whiten);

}  // namespace relocus
