#pragma once

#include <optional>

#include "core/methods/patch_netvlad.h"
#include "core/patch_codebook.h"
#include "core/patch_matching.h"

namespace relocus {

/// How descriptors of patches lie in Encoding::local, as patch_netvlad's options say it. Of each size of patches, one
/// after the other: in half precision [rows, columns, P]; quantised codes [rows, columns, bytes] and moments [2, P]; by
/// a learned codebook codes [rows, columns, bytes].
class PatchStorage {
 public:
  /// Reads the codebook, if one is used. Throws naming it when there is none.
  explicit PatchStorage(const PatchNetvladOptions& options);

  void add(Array patches /* [L, P] */, const PatchGrid& grid, Encoding& encoding) const;
  /// All sizes again: [rows, columns, P] each. Throws when there are not `sizes` of them, or they have another form.
  std::vector<Array> patches_in(const Encoding& encoding, std::size_t sizes) const;

 private:
  std::string storage_;
  std::optional<PatchCodebook> codebook_;
};

}  // namespace relocus
