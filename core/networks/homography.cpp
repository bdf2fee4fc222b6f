#include "core/networks/homography.h"

#include <opencv2/calib3d.hpp>
#include <vector>

namespace relocus {
namespace {

constexpr std::size_t kFewest = 4;    // pairs that a homography needs
constexpr double kReprojection = 24;  // [pixels] at a stride of 1: one and a half cells

}  // namespace

int mark_agreeing(const PatchGrid& query, const PatchGrid& candidate, std::span<PatchPair> pairs) {
  std::vector<std::uint8_t> agrees;
  if (pairs.size() >= kFewest) {
    std::vector<cv::Point2f> from, to;
    for (const PatchPair& pair : pairs) {
      const Eigen::Vector2i a = candidate.keypoint(pair.candidate), b = query.keypoint(pair.query);
      from.emplace_back(float(a.x()), float(a.y()));
      to.emplace_back(float(b.x()), float(b.y()));
    }
    cv::findHomography(from, to, cv::RANSAC, kReprojection * query.stride, agrees);
  }
  agrees.resize(pairs.size(), 0);  // where nothing was found
  int count = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) count += pairs[i].agrees = agrees[i] != 0;
  return count;
}

double ransac_score(const PatchGrid& query, const PatchGrid& candidate, std::span<PatchPair> pairs) {
  const int agreeing = mark_agreeing(query, candidate, pairs);
  return query.count() > 0 ? -double(agreeing) / query.count() : 0;
}

}  // namespace relocus
