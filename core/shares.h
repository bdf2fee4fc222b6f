#pragma once

#include <filesystem>

#include "core/encodings.h"
#include "core/progress.h"
#include "core/workers.h"

namespace relocus {

/// Frames [first, last) that one of several workers encodes. They are stored beside the file of all encodings, in a
/// store of its own, until the first worker has joined them.
struct Share {
  FrameId first = 0, last = 0;
};

/// The frames [first, last) among the workers, in whole batches, so that each is encoded with those that one process
/// would encode it with.
Share share_of(FrameId first, FrameId last, FrameId batch, const WorkerPlace& place);

/// Where a share of the store `file` lies.
std::filesystem::path share_file(const std::filesystem::path& file, Share share);

/// Appends to the store what shares on disk hold, if together they reach to the frame `num_frames`; otherwise it leaves
/// all as it is. The joined shares, and those that nobody needs any more, are deleted. Returns whether all is there.
bool join_shares(EncodingStore& store, const EncodingKey& key, FrameId num_frames, const Progress& progress = {});

/// Rank 0's word reaches all: how many frames are stored already. Throws in all when one works on something else.
FrameId agree(WorkerGroup& workers, const EncodingKey& key, FrameId stored_by_first);

}  // namespace relocus
