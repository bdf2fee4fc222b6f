#pragma once

#include "core/methods/registry.h"
#include "core/progress.h"

namespace relocus {

/// Frames whose scan (or, for methods of images, image) is not named, not there, or cannot be read. Reads them all.
std::vector<FrameId> unreadable_frames(const Sequence& sequence, Modality modality, const Progress& progress = {});

/// The same sequence without some frames, the others counted anew; its database and its listed answers follow.
Sequence without_frames(const Sequence& sequence, std::span<const FrameId> frames);

}  // namespace relocus
