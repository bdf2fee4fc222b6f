#pragma once

#include "core/types.h"

namespace relocus {

/// Takes up a list of right answers that lies in a folder of a database and its queries: ground_truth.txt (a line
/// "query right right …" each, counted from 0), or ground_truth_new.npy and ground_truth.npy as VPR-Bench writes them.
/// False where there is none. Throws naming the file when it speaks of images that are not there.
bool take_listed_truth(Sequence& sequence, const std::filesystem::path& folder);

}  // namespace relocus
