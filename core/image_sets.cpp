#include "core/image_sets.h"

#include <algorithm>

#include "core/error.h"
#include "core/frame_files.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr double kPause = 3600;         // [s] between the database and the queries
constexpr std::size_t kLookedFor = 20;  // images of a set, spread over it

/// The root below which most of some images lie; nothing: they lie nowhere.
const fs::path* root_of(const ImageSet& set, const std::vector<fs::path>& roots) {
  const fs::path* best = nullptr;
  std::size_t most = 0;
  for (const fs::path& root : roots) {
    std::size_t found = 0;
    for (std::size_t i = 0; i < std::min(kLookedFor, set.images.size()); ++i)
      found += is_file(root / set.images[i * set.images.size() / std::min(kLookedFor, set.images.size())]);
    if (found > most) best = &root, most = found;
  }
  return best;
}

void require_as_many(std::size_t count, std::size_t rows, const char* what, const ImageSet& set) {
  if (rows != 0 && rows != count)
    throw Error("{} names {} images, but there are {} {} for them; take files of the same release", set.source, count,
                rows, what);
}

void add(Sequence& sequence, const ImageSet& set, const std::vector<fs::path>& roots) {
  const std::size_t count = std::max({set.images.size(), set.positions.size()});
  if (!set.images.empty()) {
    require_as_many(set.images.size(), set.positions.size(), "positions", set);
  }
  require_as_many(count, set.stamps.size(), "time stamps", set);
  const fs::path* const found = root_of(set, roots);
  if (!set.images.empty() && !found && !roots.empty()) {
    std::string places;
    for (const fs::path& root : roots) places += (places.empty() ? "" : " or ") + root.string();
    sequence.remarks.push_back(
        fmt::format("the images of {} do not lie below {}: put the list, or a link to it, into the folder that its "
                    "paths start from, to run methods on them",
                    set.source, places));
  }
  const fs::path root = found ? *found : roots.empty() ? fs::path() : roots.front();
  const double start = sequence.frames.empty() ? 0 : sequence.frames.back().stamp + kPause;
  for (std::size_t i = 0; i < count; ++i) {
    Frame& frame = sequence.frames.emplace_back();
    frame.id = FrameId(sequence.frames.size() - 1);
    frame.number = std::int64_t(i);
    frame.stamp = set.stamps.empty() ? start + double(i) : set.stamps[i];
    if (!set.images.empty()) frame.image = (root / set.images[i]).lexically_normal();
    if (!set.places.empty()) frame.place = set.places[i];
    if (set.positions.empty() || !set.positions[i].allFinite()) continue;
    frame.world_from_sensor = Eigen::Isometry3d::Identity();
    frame.world_from_sensor->translation().head<2>() = set.positions[i];
  }
}

}  // namespace

Sequence sequence_of_sets(const ImageSet& database, const ImageSet& queries, const std::vector<fs::path>& roots) {
  Sequence sequence;
  add(sequence, database, roots);
  sequence.num_database = sequence.frames.size();
  add(sequence, queries, roots);
  if (sequence.num_database == 0 || sequence.num_database == sequence.frames.size())
    throw Error("{} names no {}", sequence.num_database == 0 ? database.source : queries.source,
                sequence.num_database == 0 ? "database images" : "queries");
  sequence.remarks.push_back(fmt::format("{} images are the database, {} ask", sequence.num_database,
                                         sequence.frames.size() - sequence.num_database));
  return sequence;
}

}  // namespace relocus
