#include "core/weights/spconv_layout.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

namespace relocus {
namespace {

constexpr std::int64_t large_taps = 32;  // spconv 2.1 computes kernels with more by another algorithm

}  // namespace

ConvertedKernel from_spconv(const torch::Tensor& stored, at::IntArrayRef wanted, SpconvLayout layout, bool exchange) {
  const std::int64_t out = wanted[0], in = wanted[1], k = wanted[2];
  const bool large = k * k > large_taps;
  const at::IntArrayRef found = stored.sizes();
  const bool plain = found == wanted && layout == SpconvLayout::Auto;
  const bool krsc = found == at::IntArrayRef({out, k, k, in});
  const bool rskc = large && found == at::IntArrayRef({k, k, out, in});
  if (k == 1 && krsc)
    return {stored.contiguous().view({in, out}).t().contiguous().view(wanted), "1x1: buffer read as (in, out)"};
  if (int(plain) + int(krsc) + int(rskc) > 1)
    return {
        {}, {}, fmt::format("has the shape [{}], which fits several layouts: tell --layout", fmt::join(found, ", "))};
  if (rskc && layout != SpconvLayout::V22)
    return {stored.permute({2, 3, 0, 1}).contiguous(), "spconv 2.1 [k, k, out, in] -> (2, 3, 0, 1)"};
  if (krsc && large && exchange && in == out)
    return {stored.permute({3, 0, 1, 2}).contiguous(),
            "[out, k, k, in], channels exchanged back -> (3, 0, 1, 2)",
            {},
            true};
  if (krsc && !(large && layout == SpconvLayout::V21))
    return {stored.permute({0, 3, 1, 2}).contiguous(), "spconv [out, k, k, in] -> (0, 3, 1, 2)", {}, large};
  if (plain) return {stored.contiguous(), "as stored"};
  if (rskc || krsc || found == wanted)
    return {{}, {}, fmt::format("lies as [{}], not as that --layout has it", fmt::join(found, ", "))};
  return {{},
          {},
          fmt::format("has shape [{}] where a kernel [{}] is wanted", fmt::join(found, ", "), fmt::join(wanted, ", "))};
}

}  // namespace relocus
