#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <fstream>

#include "core/methods/clusvpr.h"
#include "core/networks/clusvpr_method.h"
#include "core/networks/clusvpr_model.h"
#include "core/networks/device.h"
#include "core/weights/golden_rule.h"

namespace relocus {
namespace {

constexpr int trials = 3;

/// The most memory that this process ever held, or that it holds now [bytes]; 0 where it is not told.
double memory_of_process(const char* which) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (word == which) {
      double kilobytes = 0;
      status >> kilobytes;
      return kilobytes * 1024;
    }
  return 0;
}

/// Makes the greatest memory be counted from here on; false where the system cannot.
bool forget_peak() {
  std::ofstream file("/proc/self/clear_refs");
  file << "5";
  file.flush();
  return bool(file);
}

void measure(Complexity& complexity, Clusvpr& network, const Resources& resources) {
  set_torch_threads(resources.threads);
  const torch::Device device = torch_device(resources.device);
  network.to(device);
  const torch::NoGradGuard no_gradient;
  const torch::Tensor pixels =
      torch::randint(0, 256, {1, 3, complexity.image_height, complexity.image_width}, torch::kByte).to(device);
  const auto describe = [&] { return network.forward(pixels).descriptor.to(torch::kCPU); };
  const bool told = device.is_cpu() && forget_peak();
  const double before = memory_of_process("VmRSS:");
  describe();
  if (told) complexity.peak_bytes = std::max(0., memory_of_process("VmHWM:") - before);
  std::vector<double> times;
  for (int i = 0; i < trials; ++i) {
    const auto start = std::chrono::steady_clock::now();
    describe();
    times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(times.begin(), times.end());
  complexity.milliseconds = times[trials / 2];
  complexity.device = device.is_cpu() ? fmt::format("the CPU, {} threads", torch::get_num_threads()) : device.str();
}

}  // namespace

Complexity clusvpr_complexity(const Options& given, const Resources& resources, bool measured) {
  const auto& options = dynamic_cast<const ClusvprOptions&>(given);
  Complexity complexity;
  complexity.method = "ClusVPR";
  const ClusvprWidths published;
  complexity.image_width = options.image_width > 0 ? options.image_width : 16 * published.exponent_columns;
  complexity.image_height = options.image_height > 0 ? options.image_height : 16 * published.exponent_rows;
  const ClusvprForm form = options.form == "reference" ? ClusvprForm::Reference : ClusvprForm::Fixed;
  std::shared_ptr<Clusvpr> network;
  if (has_clusvpr_weights(resources)) network = load_clusvpr(resources, form);
  const ClusvprWidths widths = network ? network->widths() : published;
  for (const PartCost& cost : clusvpr_costs(widths, complexity.image_height, complexity.image_width))
    complexity.parts.push_back({cost.name, cost.parameters, cost.multiply_adds, cost.products});
  complexity.descriptor_length = options.length > 0 ? std::min(options.length, widths.length()) : widths.length();
  complexity.claimed_parameters = 53.12e6, complexity.claimed_multiply_adds = 92.14e9;
  complexity.claimed_by = "Xu et al. 2023, table I, of the published widths";
  complexity.remarks.push_back(
      "the paper's 92.14 * 10^9 is less than VGG-16 alone needs for an image of 640 x 480 pixels (93.96 * 10^9), and "
      "its 53.12 * 10^6 parameters are 1.64 * 10^6 more than the published program's network has: neither can be "
      "repeated");
  if (!measured) return complexity;
  if (!network) {
    network = std::make_shared<Clusvpr>(published, form);
    fill_by_golden_rule(*network, "");
    network->eval();
    complexity.remarks.push_back(
        "measured with numbers by rule: no weights ship or were named, and the time is the same");
  }
  measure(complexity, *network, resources);
  return complexity;
}

}  // namespace relocus
