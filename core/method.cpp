#include "core/error.h"
#include "core/methods/registry.h"

namespace relocus {

std::shared_ptr<const Prepared> Method::prepare(const Encoding&) {
  throw Error("this method has no second stage: there is nothing to prepare");
}

std::vector<Method::Score> Method::rerank(const Prepared&, std::span<const std::shared_ptr<const Prepared>>,
                                          const Trace&) {
  throw Error("this method has no second stage: it cannot re-rank");
}

void Method::attend(const Prepared&, const Prepared&, int, int, const Trace&) {}

}  // namespace relocus
