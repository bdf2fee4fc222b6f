#include "core/networks/device.h"

#include "core/environment.h"
#include "core/option_error.h"
#include "core/workers.h"

namespace relocus {

torch::Device torch_device(const std::string& name) {
  if (name == "cpu") return torch::kCPU;
  if (name == "auto") return torch::cuda::is_available() ? torch_device("cuda") : torch::Device(torch::kCPU);
  const bool numbered = name.starts_with("cuda:") && name.size() > 5 && name.size() < 8 &&
                        name.find_first_not_of("0123456789", 5) == std::string::npos;
  if (name != "cuda" && !numbered) throw Error("there is no device \"{}\"; known: auto, cpu, cuda, cuda:N", name);
  const int count = int(torch::cuda::device_count());
  const int own = worker_place().local_rank % std::max(count, 1);  // several workers take one each
  const int index = numbered ? std::stoi(name.substr(5)) : own;
  if (index >= count)
    throw OptionError(fmt::format("device {} is not there: this LibTorch sees {} CUDA devices", name, count),
                      "choose cpu, or build with a CUDA LibTorch and choose a device", "device");
  return {torch::kCUDA, torch::DeviceIndex(index)};
}

void set_torch_threads(int threads) { at::set_num_threads(thread_count(threads)); }

}  // namespace relocus
