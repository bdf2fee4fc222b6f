#pragma once

#include "core/types.h"

namespace relocus {

/// A method may be this too: what it would encode of a sequence lies in files already, from another program.
class HasEncodings {
 public:
  virtual ~HasEncodings() = default;
  virtual bool has_encodings() const = 0;
  /// Throws naming what is missing, or does not fit the sequence.
  virtual Encoding encoding_of(const Sequence& sequence, FrameId frame) const = 0;
};

}  // namespace relocus
