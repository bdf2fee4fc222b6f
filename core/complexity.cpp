#include "core/complexity.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/methods/registry.h"
#include "core/network_library.h"

namespace relocus {
namespace {

constexpr double mega = 1e6, giga = 1e9, bytes_of_number = 4;

}  // namespace

Complexity::Part Complexity::total() const {
  Part sum{"together"};
  for (const Part& part : parts)
    sum.parameters += part.parameters, sum.multiply_adds += part.multiply_adds, sum.products += part.products;
  return sum;
}

Complexity complexity_of(const MethodInfo& method, const Options& options, const Resources& resources, bool measure) {
  if (method.name == "clusvpr") return network_library().clusvpr_complexity(options, resources, measure);
  throw Error("nobody counts what {} costs; known: clusvpr", method.name);
}

std::string describe(const Complexity& complexity) {
  std::string text = fmt::format("{}, an image of {} x {} pixels\n", complexity.method, complexity.image_width,
                                 complexity.image_height);
  text += fmt::format("  {:<12} {:>16} {:>22} {:>22}\n", "", "parameters [10^6]", "multiply-adds [10^9]",
                      "products [10^9]");
  const auto line = [&](const Complexity::Part& part) {
    text += fmt::format("  {:<12} {:>16.3f} {:>22.3f} {:>22.3f}\n", part.name, part.parameters / mega,
                        part.multiply_adds / giga, part.products / giga);
  };
  for (const Complexity::Part& part : complexity.parts) line(part);
  line(complexity.total());
  if (complexity.claimed_parameters && complexity.claimed_multiply_adds)
    text += fmt::format("  {:<12} {:>16.3f} {:>22.3f}   ({})\n", "claimed", *complexity.claimed_parameters / mega,
                        *complexity.claimed_multiply_adds / giga, complexity.claimed_by);
  text += fmt::format("  descriptor: {} numbers, {:.1f} kB\n", complexity.descriptor_length,
                      complexity.descriptor_length * bytes_of_number / 1e3);
  if (complexity.milliseconds)
    text += fmt::format("  measured: {:.0f} ms per image on {}\n", *complexity.milliseconds, complexity.device);
  if (complexity.peak_bytes)
    text += fmt::format("  measured: {:.0f} MB of memory at most, beside the weights\n", *complexity.peak_bytes / mega);
  for (const std::string& remark : complexity.remarks) text += "  " + remark + "\n";
  return text;
}

nlohmann::ordered_json to_json(const Complexity& complexity) {
  using Json = nlohmann::ordered_json;
  const auto told = [](const Complexity::Part& part) {
    return Json{{"name", part.name},
                {"parameters", part.parameters},
                {"multiply_adds", part.multiply_adds},
                {"products", part.products}};
  };
  Json parts = Json::array();
  for (const Complexity::Part& each : complexity.parts) parts.push_back(told(each));
  const auto or_null = [](const std::optional<double>& value) { return value ? Json(*value) : Json(); };
  return {{"method", complexity.method},
          {"image_width", complexity.image_width},
          {"image_height", complexity.image_height},
          {"parts", parts},
          {"together", told(complexity.total())},
          {"claimed",
           {{"parameters", or_null(complexity.claimed_parameters)},
            {"multiply_adds", or_null(complexity.claimed_multiply_adds)},
            {"source", complexity.claimed_by}}},
          {"descriptor_length", complexity.descriptor_length},
          {"descriptor_bytes", complexity.descriptor_length * bytes_of_number},
          {"milliseconds", or_null(complexity.milliseconds)},
          {"peak_bytes", or_null(complexity.peak_bytes)},
          {"device", complexity.device},
          {"remarks", complexity.remarks}};
}

}  // namespace relocus
