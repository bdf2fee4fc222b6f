#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "core/types.h"

namespace faiss {
struct ProductQuantizer;
}

namespace relocus {

/// A product quantiser of patch descriptors that was learned from patches (Jégou, Douze, Schmid: "Product Quantization
/// for Nearest Neighbor Search", TPAMI 2011): descriptors are cut into pieces, and a byte tells for each piece which of
/// 256 learned ones is nearest.
class PatchCodebook {
 public:
  /// Of descriptors N x P, N >= 256; pieces of at most `piece` numbers, all as long. Equal input, equal codebook.
  static PatchCodebook learned(const Descriptors& patches, int piece = 8);
  /// A .npy file [pieces, 256, numbers]. Throws naming it when it is none.
  static PatchCodebook read(const std::filesystem::path& file);
  void write(const std::filesystem::path& file) const;

  ~PatchCodebook();
  PatchCodebook(PatchCodebook&&) noexcept;

  int length() const;  ///< of a descriptor
  int bytes() const;   ///< of its code

  /// [L, P] as [L, bytes]: whole numbers from 0 to 255. Throws when P is another.
  Array codes(const Array& patches) const;
  /// The descriptors again, brought to unit length: [L, P].
  Array patches(const Array& codes) const;

 private:
  explicit PatchCodebook(std::unique_ptr<faiss::ProductQuantizer> quantiser);
  std::unique_ptr<faiss::ProductQuantizer> quantiser_;
};

}  // namespace relocus
