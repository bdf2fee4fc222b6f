#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace relocus {

struct MethodInfo;
struct Options;
struct Resources;

/// What a network of images costs: counted, measured, and as its paper has it.
struct Complexity {
  struct Part {
    std::string name;
    double parameters = 0;
    double multiply_adds = 0;  ///< of its layers, for one image
    double products = 0;       ///< of features with features: attention, residuals; multiply-adds too
  };
  std::string method;                     ///< title
  std::vector<Part> parts;                ///< in their order
  int image_width = 0, image_height = 0;  ///< [pixels] of the image that is counted and measured
  int descriptor_length = 0;              ///< numbers of four bytes
  std::optional<double> claimed_parameters, claimed_multiply_adds;
  std::string claimed_by;              ///< the paper
  std::optional<double> milliseconds;  ///< per image, median of several
  std::optional<double> peak_bytes;    ///< memory that describing one image takes beside the weights
  std::string device;                  ///< that was measured on
  std::vector<std::string> remarks;    ///< sentences

  Part total() const;
};

/// Of a method that knows what it costs; throws for others. Without weights (named, or shipped) of the published
/// widths. Time and memory are measured only if `measure`.
Complexity complexity_of(const MethodInfo& method, const Options& options, const Resources& resources, bool measure);

std::string describe(const Complexity& complexity);
nlohmann::ordered_json to_json(const Complexity& complexity);

}  // namespace relocus
