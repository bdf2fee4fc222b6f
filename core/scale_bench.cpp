#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/approximate_index.h"
#include "core/bench.h"
#include "core/error.h"
#include "core/index.h"
#include "core/simulator/random.h"

namespace relocus {
namespace {

constexpr int kHidden = 48;         // dimensions in which places really differ
constexpr int kDrive = 500;         // entries after which a drive is somewhere else
constexpr float kStep = 0.12f;      // of a place's hidden numbers, from one entry to the next
constexpr float kSeenAgain = 0.5f;  // by which a place differs when it is seen again
constexpr int kQueries = 256;
constexpr FrameId kChunk = 1 << 16;

/// Descriptors of places, any part of them at any time.
class Places {
 public:
  explicit Places(int dimension) : directions_(kHidden, dimension) {
    Random random{7};
    for (Eigen::Index i = 0; i < directions_.size(); ++i) directions_.data()[i] = float(random.normal());
  }

  /// Entries [first, first + count), as rows of unit length.
  Descriptors rows(FrameId first, FrameId count) const {
    Descriptors hidden(count, kHidden);
    for (FrameId i = 0; i < count; ++i) hidden.row(i) = place(first + i);
    return seen(hidden);
  }
  /// Some of `entries` places, seen again.
  Descriptors queries(FrameId entries) const {
    Descriptors hidden(kQueries, kHidden);
    for (int i = 0; i < kQueries; ++i) {
      Random random{11, std::uint64_t(i)};
      hidden.row(i) = place(FrameId(random.bits() % std::uint64_t(entries)));
      for (int k = 0; k < kHidden; ++k) hidden(i, k) += kSeenAgain * float(random.normal());
    }
    return seen(hidden);
  }

 private:
  using Row = Eigen::Matrix<float, 1, kHidden>;

  /// On an arc through the hidden space; each drive has one of its own.
  Row place(FrameId entry) const {
    Random random{5, std::uint64_t(entry / kDrive)};
    Row place;
    for (int k = 0; k < kHidden; ++k) {
      const double phase = random.uniform(0, 2 * M_PI), pace = random.uniform(0.5, 2);
      place[k] = float(std::sqrt(2.) * std::sin(phase + kStep * pace * double(entry % kDrive)));
    }
    return place;
  }
  Descriptors seen(const Descriptors& hidden) const {
    Descriptors rows = hidden * directions_;
    rows.rowwise().normalize();
    return rows;
  }

  Descriptors directions_;
};

double seconds(const std::function<void()>& call) { return best_milliseconds(1, call) / 1e3; }

/// The nearest entry of every query, block by block.
std::vector<FrameId> nearest(const Places& places, const Descriptors& queries, FrameId entries, double& time) {
  std::vector<FrameId> best(kQueries, -1);
  Eigen::VectorXf best_product = Eigen::VectorXf::Constant(kQueries, -2);
  for (FrameId first = 0; first < entries; first += kChunk) {
    const Descriptors rows = places.rows(first, std::min(kChunk, entries - first));
    time += seconds([&] {
      const Descriptors products = queries * rows.transpose();
      for (int i = 0; i < kQueries; ++i) {
        Eigen::Index at = 0;
        const float product = products.row(i).maxCoeff(&at);
        if (product > best_product[i]) best_product[i] = product, best[std::size_t(i)] = first + at;
      }
    });
  }
  return best;
}

}  // namespace

std::vector<ScaleRow> bench_scale(const std::vector<FrameId>& entries, int dimension, double max_bytes,
                                  const std::filesystem::path& scratch, const Progress& progress) {
  const Places places(dimension);
  std::vector<ScaleRow> table;
  for (std::size_t size = 0; size < entries.size(); ++size) {
    const FrameId count = entries[size];
    if (count < kDrive) throw Error("a search among {} descriptors needs no index; take {} or more", count, kDrive);
    const Descriptors queries = places.queries(count);
    ScaleRow exact{"exact", count, 0, 1, 1, 0, 0, double(count) * dimension * sizeof(float) / 1e6};
    double time = 0;
    const std::vector<FrameId> truth = nearest(places, queries, count, time);
    exact.milliseconds = time * 1e3 / kQueries;
    table.push_back(exact);

    for (const char* kind : {"hnsw", "ivfpq"}) {
      ApproximateOptions options;
      options.kind = kind;
      const bool is_graph = options.kind == "hnsw";
      if (is_graph && double(count) * (dimension * 4. + options.links * 8.) > max_bytes) continue;
      ApproximateIndex index(options, dimension, count);
      ScaleRow row{kind, count};
      if (index.needs_training()) {
        const double lists = 4 * std::sqrt(double(count));
        const FrameId sample = std::min(count, FrameId(64 * std::max(lists, 256.)));
        Descriptors learned(sample, dimension);
        for (FrameId i = 0; i < sample; ++i) learned.row(i) = places.rows(i * (count / sample), 1);
        row.build_seconds += seconds([&] { index.train(learned); });
      }
      for (FrameId first = 0; first < count; first += kChunk) {
        progress("Adding descriptors", std::size_t(first), std::size_t(count));
        const Descriptors rows = places.rows(first, std::min(kChunk, count - first));
        row.build_seconds += seconds([&] { index.add(rows); });
      }
      const auto measure = [&] {
        row.megabytes = double(index.bytes()) / 1e6;
        for (const int effort : is_graph ? std::vector{16, 64, 256} : std::vector{1, 8, 64}) {
          std::vector<std::vector<Candidate>> found;
          row.milliseconds = seconds([&] { found = index.search(queries, 10, effort); }) * 1e3 / kQueries;
          int first = 0, among = 0;
          for (int i = 0; i < kQueries; ++i) {
            const auto& candidates = found[std::size_t(i)];
            first += !candidates.empty() && candidates.front().frame == truth[std::size_t(i)];
            among += std::ranges::find(candidates, truth[std::size_t(i)], &Candidate::frame) != candidates.end();
          }
          row.effort = effort;
          row.recall = double(first) / kQueries, row.recall_at_10 = double(among) / kQueries;
          table.push_back(row);
        }
      };
      measure();
      if (is_graph) continue;
      index.move_lists_to(scratch / fmt::format("lists_{}", count));
      row.index = "ivfpq, lists in a file";
      measure();
    }
  }
  return table;
}

}  // namespace relocus
