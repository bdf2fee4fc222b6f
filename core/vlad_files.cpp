#include "core/vlad_files.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/hdf5_file.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;
using Datasets = std::map<std::string, Doubles>;
using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr double least_eigenvalue = 1e-9;  // as the programs bound them
constexpr double most_deviation = 1e-3;    // of U^T mu in the file, relative to its length

const Doubles& dataset(const Datasets& all, const char* name, const char* whose, const fs::path& path) {
  const auto found = all.find(name);
  if (found != all.end()) {
    if (!std::ranges::all_of(found->second.values, [](double value) { return std::isfinite(value); }))
      throw Error("{}: \"{}\" holds numbers that are not finite", path.string(), name);
    return found->second;
  }
  std::vector<std::string> known;
  for (const auto& [other, ignored] : all) known.push_back(other);
  throw Error("{} has no dataset \"{}\", so it holds no {}; it has {}", path.string(), name, whose,
              known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", ")));
}

Eigen::Map<const Rows> matrix(const Datasets& all, const char* name, const char* whose, const fs::path& path) {
  const Doubles& numbers = dataset(all, name, whose, path);
  if (numbers.shape.size() != 2 || numbers.values.empty())
    throw Error("{}: \"{}\" has the shape [{}], but must be a matrix", path.string(), name,
                fmt::join(numbers.shape, ", "));
  return {numbers.values.data(), numbers.shape[0], numbers.shape[1]};
}

/// A column, or a row of numbers; both are met.
Eigen::Map<const Eigen::VectorXd> vector(const Datasets& all, const char* name, Eigen::Index length,
                                         const fs::path& path) {
  const Doubles& numbers = dataset(all, name, "principal components", path);
  if (Eigen::Index(numbers.values.size()) != length)
    throw Error("{}: \"{}\" has the shape [{}], but U asks for {} numbers", path.string(), name,
                fmt::join(numbers.shape, ", "), length);
  return {numbers.values.data(), length};
}

Array array_of(const Rows& rows) {
  Array array{{rows.rows(), rows.cols()}, std::vector<float>(std::size_t(rows.size()))};
  Eigen::Map<Descriptors>(array.values.data(), rows.rows(), rows.cols()) = rows.cast<float>();
  return array;
}

Array array_of(const Descriptors& rows) {
  return {{rows.rows(), rows.cols()}, std::vector<float>(rows.data(), rows.data() + rows.size())};
}

}  // namespace

CentresFile read_centres(const fs::path& path) {
  const Datasets all = read_hdf5(path);
  CentresFile centres{matrix(all, "centroids", "centres of clusters", path).cast<float>(),
                      matrix(all, "descriptors", "centres of clusters", path).cast<float>()};
  if (centres.centroids.cols() != centres.descriptors.cols())
    throw Error("{}: its centroids have {} numbers, its descriptors {}", path.string(), centres.centroids.cols(),
                centres.descriptors.cols());
  return centres;
}

void write_centres(const fs::path& path, const CentresFile& centres) {
  write_hdf5(path, {{"centroids", array_of(centres.centroids)}, {"descriptors", array_of(centres.descriptors)}});
}

PcaFile read_pca(const fs::path& path) {
  const Datasets all = read_hdf5(path);
  PcaFile pca;
  pca.axes = matrix(all, "U", "principal components", path);
  pca.eigenvalues = vector(all, "lams", pca.axes.cols(), path);
  pca.mean = vector(all, "mu", pca.axes.rows(), path);
  pca.shift = vector(all, "Utmu", pca.axes.cols(), path);
  if (pca.eigenvalues.minCoeff() <= 0)
    throw Error("{}: \"lams\" are eigenvalues, but not all of them are positive", path.string());
  const Eigen::VectorXd product = pca.axes.transpose() * pca.mean;
  if ((product - pca.shift).norm() > most_deviation * std::max(1., product.norm()))
    throw Error("{}: \"Utmu\" is not the product of its U and mu: it belongs to other components", path.string());
  return pca;
}

void write_pca(const fs::path& path, const PcaFile& pca) {
  Array eigenvalues = array_of(Rows(pca.eigenvalues));
  eigenvalues.shape = {pca.eigenvalues.size()};
  write_hdf5(path, {{"U", array_of(Rows(pca.axes))},
                    {"lams", eigenvalues},
                    {"mu", array_of(Rows(pca.mean))},
                    {"Utmu", array_of(Rows(pca.shift))}});
}

PcaLayer pca_layer(const PcaFile& pca, int count, bool whiten) {
  const Eigen::Index all = pca.axes.cols(), taken = count > 0 ? count : all;
  if (taken > all) throw Error("{} components are wanted, but there are only {}", taken, all);
  Eigen::MatrixXd axes = pca.axes.leftCols(taken);
  if (whiten) axes *= pca.eigenvalues.head(taken).cwiseMax(least_eigenvalue).cwiseSqrt().cwiseInverse().asDiagonal();
  return {axes.transpose().cast<float>(), (-(axes.transpose() * pca.mean)).cast<float>()};
}

}  // namespace relocus
