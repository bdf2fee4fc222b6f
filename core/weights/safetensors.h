#pragma once

#include <torch/nn/module.h>

#include <filesystem>
#include <map>
#include <string>

namespace relocus {

using Tensors = std::map<std::string, torch::Tensor>;

/// What a .safetensors file holds. Format: https://huggingface.co/docs/safetensors
struct TensorFile {
  Tensors tensors;                              ///< by name; on the CPU, contiguous, in the file's own number type
  std::map<std::string, std::string> metadata;  ///< the header's "__metadata__"
};

/// Reads F64 F32 F16 BF16 I64 tensors. Everything is checked against the file's size before memory is taken: a
/// truncated, foreign or damaged file (header too long or no JSON, ranges that overlap, leave the file or do not fit
/// their shape, another number type) is an Error that names the file and what is wrong with it.
TensorFile read_safetensors(const std::filesystem::path& file);

/// Writes the tensors in order of their names to a temporary file and renames it.
void write_safetensors(const std::filesystem::path& file, const Tensors& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace relocus
