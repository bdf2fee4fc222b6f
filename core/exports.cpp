#include "core/error.h"
#include "core/exports/registry.h"

namespace relocus {

const ExportFormat& export_format(std::string_view name) {
  std::vector<std::string> known;
  for (const ExportFormat& format : exports()) {
    if (format.name == name) return format;
    known.push_back(format.name);
  }
  throw Error("there is no export format \"{}\"; known: {}", name, fmt::join(known, ", "));
}

}  // namespace relocus
