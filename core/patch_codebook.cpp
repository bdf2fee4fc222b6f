#include "core/patch_codebook.h"

#include <faiss/impl/ProductQuantizer.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/numpy.h"

namespace relocus {
namespace {

constexpr std::int64_t kPieces = 256;  ///< that a byte tells apart
constexpr int kBits = 8;

}  // namespace

PatchCodebook::PatchCodebook(std::unique_ptr<faiss::ProductQuantizer> quantiser) : quantiser_(std::move(quantiser)) {}
PatchCodebook::~PatchCodebook() = default;
PatchCodebook::PatchCodebook(PatchCodebook&&) noexcept = default;

PatchCodebook PatchCodebook::learned(const Descriptors& patches, int piece) {
  if (patches.rows() < kPieces)
    throw Error("a codebook is learned from at least {} patches, here are {}", kPieces, patches.rows());
  if (!patches.allFinite()) throw Error("descriptors of patches that are not finite have no codebook");
  int numbers = std::max(1, piece);
  while (patches.cols() % numbers != 0) --numbers;
  auto quantiser = std::make_unique<faiss::ProductQuantizer>(std::size_t(patches.cols()),
                                                             std::size_t(patches.cols() / numbers), kBits);
  quantiser->cp.min_points_per_centroid = 1;
  quantiser->cp.max_points_per_centroid = int(patches.rows() / kPieces) + 1;
  quantiser->train(std::size_t(patches.rows()), patches.data());
  return PatchCodebook(std::move(quantiser));
}

PatchCodebook PatchCodebook::read(const std::filesystem::path& file) {
  const Array array = read_npy(file);
  if (array.shape.size() != 3 || array.shape[0] < 1 || array.shape[1] != kPieces || array.shape[2] < 1)
    throw Error("{} has shape ({}); a codebook of patches has [pieces, {}, numbers] (export writes it: patch_codebook)",
                file.string(), fmt::join(array.shape, ", "), kPieces);
  if (!std::ranges::all_of(array.values, [](float value) { return std::isfinite(value); }))
    throw Error("{} holds numbers that are not finite", file.string());
  auto quantiser = std::make_unique<faiss::ProductQuantizer>(std::size_t(array.shape[0] * array.shape[2]),
                                                             std::size_t(array.shape[0]), kBits);
  quantiser->centroids.assign(array.values.begin(), array.values.end());
  return PatchCodebook(std::move(quantiser));
}

void PatchCodebook::write(const std::filesystem::path& file) const {
  const auto& centroids = quantiser_->centroids;
  write_npy(file, Array{{std::int64_t(quantiser_->M), kPieces, std::int64_t(quantiser_->dsub)},
                        {centroids.begin(), centroids.end()}});
}

int PatchCodebook::length() const { return int(quantiser_->d); }
int PatchCodebook::bytes() const { return int(quantiser_->M); }

Array PatchCodebook::codes(const Array& patches) const {
  if (patches.shape.size() != 2 || patches.shape[1] != length())
    throw Error(
        "the codebook is of patches of {} numbers, these have {}; learn it from an experiment with this "
        "configuration",
        length(), patches.shape.empty() ? 0 : patches.shape.back());
  const std::int64_t count = patches.shape[0];
  std::vector<std::uint8_t> codes(std::size_t(count * bytes()));
  quantiser_->compute_codes(patches.values.data(), codes.data(), std::size_t(count));
  return {{count, bytes()}, {codes.begin(), codes.end()}};
}

Array PatchCodebook::patches(const Array& codes) const {
  if (codes.shape.size() != 2 || codes.shape[1] != bytes())
    throw Error("codes of patches do not fit their codebook of {} bytes", bytes());
  std::vector<std::uint8_t> bytes_of_all;
  for (const float code : codes.values) {
    if (!(code >= 0 && code < float(kPieces))) throw Error("{} is no code of a patch", code);
    bytes_of_all.push_back(std::uint8_t(code));
  }
  Array patches{{codes.shape[0], length()}, std::vector<float>(std::size_t(codes.shape[0] * length()))};
  quantiser_->decode(bytes_of_all.data(), patches.values.data(), std::size_t(codes.shape[0]));
  Eigen::Map<Descriptors> rows(patches.values.data(), codes.shape[0], length());
  for (Eigen::Index row = 0; row < rows.rows(); ++row)
    if (const float norm = rows.row(row).norm(); norm > 0) rows.row(row) /= norm;
  return patches;
}

}  // namespace relocus
