#include "core/error.h"
#include "core/methods/registry.h"

namespace relocus {

const MethodInfo& method(std::string_view name) {
  for (const MethodInfo& info : methods()) {
    if (info.name == name) return info;
  }
  std::string known;
  for (const MethodInfo& info : methods()) known += (known.empty() ? "" : ", ") + info.name;
  throw Error("there is no method \"{}\"; known: {}", name, known);
}

}  // namespace relocus
