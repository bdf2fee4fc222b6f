#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/weights/safetensors.h"

namespace relocus {

/// NetVLAD of images as a file of another program holds it, its tensors by our names and in our order already.
struct ForeignModel {
  struct Item {
    torch::Tensor tensor;
    std::string key;                   ///< its name in the file
    std::vector<std::int64_t> stored;  ///< its shape there
    std::string rule;                  ///< how it was brought into our order
  };
  std::map<std::string, Item> items;
  std::string flavour;                         ///< "torch", "matlab", "tf"
  std::vector<std::string> remarks, problems;  ///< sentences
  std::map<std::string, std::string> numbers;  ///< what else the file tells, for example epoch
};

/// The modules of VGG-16 that are convolutions, in their order.
inline constexpr int vgg_convolutions[] = {0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28};

/// The whitening [D * K, P] whose rows run channel by channel (d * K + k), as ours: [P, K * D, 1, 1], k * D + d.
torch::Tensor whitening_from_channels(const torch::Tensor& stored, std::int64_t clusters);

/// Reads a network of MATLAB's NetVLAD (.mat of level 5, compressed or not, or 7.3) whose layers are structs, as the
/// authors' net_class2struct leaves them. Everything is checked against the file's size before memory is taken.
ForeignModel read_matlab_model(const std::filesystem::path& file);
bool is_matlab_file(const std::filesystem::path& file);  ///< told by its first bytes

/// Reads a checkpoint of netvlad_tf: `file` is its .index, .data-00000-of-00001 or .meta, or what they begin with.
ForeignModel read_tensorflow_model(const std::filesystem::path& file);
bool is_tensorflow_file(const std::filesystem::path& file);  ///< told by its name

/// The tensors of a TensorFlow checkpoint (version 2: PREFIX.index and PREFIX.data-…) that hold floats, by name. All
/// checksums are compared; whatever leaves the files or does not fit its shape is an Error that names the file.
Tensors read_tensor_bundle(const std::filesystem::path& prefix);

}  // namespace relocus
