#include "core/approximate_index.h"

#include <faiss/IndexFlat.h>
#include <faiss/IndexHNSW.h>
#include <faiss/IndexIVFPQ.h>
#include <faiss/invlists/OnDiskInvertedLists.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/error.h"

namespace relocus {
namespace {

constexpr int kRowsPerCentre = 39;  // of a sample, below which faiss finds its clusters poor

}  // namespace

void ApproximateOptions::visit(OptionVisitor& option) {
  static constexpr std::string_view kinds[] = {"hnsw", "ivfpq"};
  option("kind", kind, kinds, {"", "A graph over whole descriptors, or lists of short codes"});
  option("links", links, {4, 256}, {"", "hnsw: neighbours that an entry keeps"});
  option("build_effort", build_effort, {8, 2000}, {"", "hnsw: candidates looked at for them"});
  option("lists", lists, {0, 1 << 20}, {"", "ivfpq: 0 is four times the root of the number of entries"});
  option("code_bytes", code_bytes, {1, 1024}, {"bytes", "ivfpq: of an entry; divides the descriptor's length"});
}

struct ApproximateIndex::Impl {
  std::unique_ptr<faiss::IndexHNSWFlat> graph;
  faiss::IndexFlatL2 centres;
  std::unique_ptr<faiss::IndexIVFPQ> lists;
  std::filesystem::path lists_file;

  Impl(const ApproximateOptions& options, int dimension, FrameId expected) : centres(dimension) {
    if (dimension < 1) throw Error("an index needs descriptors of at least one number, not {}", dimension);
    if (options.kind == "hnsw") {
      graph = std::make_unique<faiss::IndexHNSWFlat>(dimension, options.links);
      graph->hnsw.efConstruction = options.build_effort;
      return;
    }
    if (dimension % options.code_bytes != 0)
      throw Error("codes of {} bytes do not divide descriptors of {} numbers", options.code_bytes, dimension);
    const int usual = std::min(int(4 * std::sqrt(double(expected))), int(expected) / kRowsPerCentre);
    const int wanted = options.lists > 0 ? options.lists : std::max(1, usual);
    lists = std::make_unique<faiss::IndexIVFPQ>(&centres, dimension, std::size_t(wanted),
                                                std::size_t(options.code_bytes), 8);
  }

  const faiss::Index& index() const { return graph ? static_cast<const faiss::Index&>(*graph) : *lists; }
  faiss::Index& index() { return graph ? static_cast<faiss::Index&>(*graph) : *lists; }
};

ApproximateIndex::ApproximateIndex(const ApproximateOptions& options, int dimension, FrameId expected)
    : impl_(std::make_unique<Impl>(options, dimension, expected)) {}
ApproximateIndex::~ApproximateIndex() = default;
ApproximateIndex::ApproximateIndex(ApproximateIndex&&) noexcept = default;
ApproximateIndex& ApproximateIndex::operator=(ApproximateIndex&&) noexcept = default;

bool ApproximateIndex::needs_training() const { return !impl_->index().is_trained; }

void ApproximateIndex::train(const Descriptors& sample) {
  if (!needs_training()) return;
  const auto centres = Eigen::Index(std::max<std::size_t>(impl_->lists->nlist, 256));
  if (sample.rows() < kRowsPerCentre * centres)
    throw Error("{} descriptors are too few to learn {} lists and codes from; {} are needed", sample.rows(),
                impl_->lists->nlist, kRowsPerCentre * centres);
  if (sample.cols() != impl_->index().d)
    throw Error("an index of {} numbers cannot learn from {}", impl_->index().d, sample.cols());
  if (!sample.allFinite()) throw Error("a descriptor to learn from holds numbers that are not finite");
  impl_->index().train(sample.rows(), sample.data());
}

void ApproximateIndex::add(const Descriptors& rows) {
  if (rows.cols() != impl_->index().d)
    throw Error("descriptors of {} numbers cannot be added to an index of {}", rows.cols(), impl_->index().d);
  if (!rows.allFinite()) throw Error("a descriptor to be added holds numbers that are not finite");
  if (needs_training()) throw Error("this index must learn from a sample before anything is added");
  impl_->index().add(rows.rows(), rows.data());
}

FrameId ApproximateIndex::size() const { return impl_->index().ntotal; }

std::size_t ApproximateIndex::bytes() const {
  if (const auto& graph = impl_->graph) {
    const auto& links = graph->hnsw;
    return std::size_t(graph->ntotal) * std::size_t(graph->d) * sizeof(float) +
           links.neighbors.size() * sizeof(links.neighbors[0]) + links.offsets.size() * sizeof(links.offsets[0]) +
           links.levels.size() * sizeof(links.levels[0]);
  }
  const std::size_t fixed = impl_->lists->nlist * std::size_t(impl_->lists->d) * sizeof(float);
  if (!impl_->lists_file.empty()) return fixed;
  return fixed + std::size_t(size()) * (impl_->lists->code_size + sizeof(faiss::Index::idx_t));
}

void ApproximateIndex::move_lists_to(const std::filesystem::path& file) {
  if (!impl_->lists) throw Error("a graph of neighbours stays in memory; only lists can move to a file");
  auto& lists = *impl_->lists;
  auto on_disk = std::make_unique<faiss::OnDiskInvertedLists>(lists.nlist, lists.code_size, file.c_str());
  const faiss::InvertedLists* all[] = {lists.invlists};
  on_disk->merge_from(all, 1);
  lists.replace_invlists(on_disk.release(), true);
  impl_->lists_file = file;
}

std::vector<std::vector<Candidate>> ApproximateIndex::search(const Descriptors& queries, int count, int effort) const {
  if (queries.rows() > 0 && queries.cols() != impl_->index().d)
    throw Error("queries of {} numbers cannot be asked of an index of {}", queries.cols(), impl_->index().d);
  if (!queries.allFinite()) throw Error("a descriptor that is asked for holds numbers that are not finite");
  std::vector<std::vector<Candidate>> found(std::size_t(queries.rows()));
  if (count < 1 || queries.rows() == 0) return found;
  std::vector<float> distances(found.size() * std::size_t(count));
  std::vector<faiss::Index::idx_t> entries(distances.size());
  if (impl_->graph) impl_->graph->hnsw.efSearch = effort;
  if (impl_->lists) impl_->lists->nprobe = std::size_t(effort);
  impl_->index().search(queries.rows(), queries.data(), count, distances.data(), entries.data());
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (entries[i] >= 0)
      found[i / std::size_t(count)].push_back({FrameId(entries[i]), std::sqrt(std::max(0.f, distances[i]))});
  return found;
}

std::vector<std::vector<Candidate>> search_shards(const ApproximateIndex& shard, FrameId first, WorkerGroup& workers,
                                                  const Descriptors& queries, int count, int effort) {
  struct Answer {
    std::int64_t query, entry;
    float distance, unused = 0;
  };
  std::vector<Answer> own;
  const auto found = shard.search(queries, count, effort);
  for (std::size_t query = 0; query < found.size(); ++query)
    for (const Candidate& candidate : found[query])
      own.push_back({std::int64_t(query), first + candidate.frame, candidate.distance});
  std::string bytes(own.size() * sizeof(Answer), '\0');
  if (!own.empty()) std::memcpy(bytes.data(), own.data(), bytes.size());

  std::vector<std::vector<Candidate>> all(found.size());
  for (const std::string& part : workers.gather(bytes)) {
    for (std::size_t at = 0; at + sizeof(Answer) <= part.size(); at += sizeof(Answer)) {
      Answer answer;
      std::memcpy(&answer, part.data() + at, sizeof answer);
      all.at(std::size_t(answer.query)).push_back({FrameId(answer.entry), answer.distance});
    }
  }
  for (auto& candidates : all) {
    std::ranges::stable_sort(candidates, {}, &Candidate::distance);
    if (candidates.size() > std::size_t(count)) candidates.resize(std::size_t(count));
  }
  return all;
}

}  // namespace relocus
