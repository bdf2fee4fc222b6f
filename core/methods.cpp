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

const MethodInfo& method(std::string_view name) {
  for (const MethodInfo& info : methods()) {
    if (info.name == name) return info;
  }
  std::string known;
  for (const MethodInfo& info : methods()) known += (known.empty() ? "" : ", ") + info.name;
  throw Error("there is no method \"{}\"; known: {}", name, known);
}

}  // namespace relocus
