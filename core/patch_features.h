#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/types.h"

namespace relocus {

/// "patchfeats_psize5_000007.npy": patches of one size of the image of that name.
std::filesystem::path patch_file(const std::filesystem::path& folder, int size, const std::filesystem::path& image);

/// [A, B] as [B, A]: the published program stores a column a patch.
Array transposed(const Array& array);

/// Features as Patch-NetVLAD's feature_extract leaves them: globalfeats.npy [N, P], a row an image in the order of its
/// list, and of each image and size patchfeats_psize{p}_{stem}.npy [P, L]. One folder of all images of a sequence, or
/// one that holds a folder of the database's ("…index", "…database") and one of the queries' ("…query", "…queries").
class PatchFeatures {
 public:
  /// Whether a folder holds such files; looks at names alone.
  static bool are_in(const std::filesystem::path& folder);
  /// Throws naming what is missing, or has another form.
  explicit PatchFeatures(const std::filesystem::path& folder);

  std::string hash() const;  ///< sha256 of the global descriptors

  Eigen::VectorXf global(const Sequence& sequence, FrameId frame) const;
  /// Of one size: [L, P]. Throws naming the file when it is missing or damaged.
  Array patches(const Sequence& sequence, FrameId frame, int size) const;

 private:
  struct Part {
    std::filesystem::path folder;
    Descriptors globals;
  };
  static std::vector<std::filesystem::path> folders_in(const std::filesystem::path& folder);
  const Part& part_of(const Sequence& sequence, FrameId frame) const;

  std::filesystem::path folder_;
  std::vector<Part> parts_;  ///< of all images, or the database's and the queries'
};

}  // namespace relocus
