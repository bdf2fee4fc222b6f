#pragma once

#include "core/weights/safetensors.h"

namespace relocus {

/// What torch.save wrote, as far as it is made of tensors and numbers.
struct TorchFile {
  std::map<std::string, Tensors> tables;  ///< each dict of tensors by its key in the saved dict; "" for that itself
  std::map<std::string, std::string> remarks;  ///< its numbers and short texts, for example "epoch": "12"
};

/// Reads a zip archive of torch 1.6 or later, or the older pickle with raw storages behind it, by the restricted reader
/// of pickle.h: nothing is executed. Tensors are on the CPU in the file's own number type (flags are bytes) and share
/// memory where they shared a storage. Everything is checked against the file's size before memory is taken: a
/// truncated, damaged, foreign or TorchScript file is an Error that names it.
TorchFile read_torch_file(const std::filesystem::path& file);

/// The same for a .safetensors file, whose tensors are the table "", or for a file of torch, told by its first bytes.
TorchFile read_checkpoint(const std::filesystem::path& file);

}  // namespace relocus
