#pragma once

#include <torch/nn/module.h>

#include <string>

namespace relocus {

/// Which release of spconv stored the kernels of sparse convolutions. Up to 2.1.25 large kernels (more than 32 taps)
/// lie as [kh, kw, Cout, Cin] and others as [Cout, kh, kw, Cin]; from 2.2 on all as the latter.
enum class SpconvLayout { Auto, V21, V22 };

struct ConvertedKernel {
  torch::Tensor weight;  ///< [Cout, Cin, kh, kw]; undefined when `problem` tells why
  std::string rule;      ///< how it was converted, for the report
  std::string problem;
  bool large_krsc = false;  ///< a large kernel that lies as spconv >= 2.2 has it
};

/// A kernel that spconv stored, as an ordinary one of the shape `wanted` [Cout, Cin, k, k]. A 1 x 1 kernel is declared
/// [Cout, 1, 1, Cin], but all releases multiply by its buffer as (Cin, Cout). `exchange` undoes the permutation
/// (3, 0, 1, 2) that some programs apply to large kernels of 2.1.25 where (2, 0, 1, 3) is right: input and output
/// channels are exchanged then, without any error where both are as many.
ConvertedKernel from_spconv(const torch::Tensor& stored, at::IntArrayRef wanted, SpconvLayout layout, bool exchange);

}  // namespace relocus
