#pragma once

#include "core/types.h"

namespace relocus {

/// Images of a database or of queries, as list files and benchmarks' files name them.
struct ImageSet {
  std::vector<std::string> images;         ///< paths as written; may be empty
  std::vector<Eigen::Vector2d> positions;  ///< x, y [m]; may be empty
  std::vector<double> stamps;              ///< [s]; may be empty
  std::vector<std::int64_t> places;        ///< Frame::place; may be empty
  std::string source;                      ///< of the names, for messages
};

/// A sequence of both, the database first; frames are numbered by their row in each. Images are looked for below the
/// first of `roots` that holds one of them, and where none does below the first root at all: they are named, and
/// missing. Throws when names, positions or stamps differ in number.
Sequence sequence_of_sets(const ImageSet& database, const ImageSet& queries,
                          const std::vector<std::filesystem::path>& roots);

}  // namespace relocus
