#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

namespace relocus {

struct ImportOptions {
  std::string layout = "auto";  ///< of sparse kernels: "auto" (told by their shapes), "2.1", "2.2" (spconv's release)
  bool repair_permutation = false;  ///< large kernels were permuted by (3, 0, 1, 2): exchange their channels back
};

/// What was imported, tensor by tensor.
struct ImportReport {
  struct Item {
    std::string name;       ///< in our file: "backbone.dconv_down1.conv.0.weight"
    std::string file, key;  ///< where it comes from: "kitti.ckpt", "state_dict/module.dconv_down1.conv.0.weight"
    std::vector<std::int64_t> stored, shape;
    std::string rule;  ///< how its layout was converted
  };
  struct Source {
    std::string file, sha256;
    std::vector<std::pair<std::string, std::string>> remarks;  ///< its numbers, for example epoch
  };
  std::vector<Source> sources;
  std::vector<Item> tensors;
  std::vector<std::string>
      networks;  ///< backbone, overlap, vlad (v1), attnvlad (v2), bevnet (the decoder for registration)
  std::vector<std::string> remarks;  ///< sentences: what is missing for the method, what is doubtful
  std::string sha256;                ///< of weights.safetensors
};

/// Imports published checkpoints (files of torch.save or .safetensors) as a models folder `out` of `method`, with a
/// report beside it (import.json). Which network a file holds is told by its tensors' names; a checkpoint of BEVNet is
/// split into backbone, overlap and the rest. Strict: everything missing, left over, not finite or of a wrong shape
/// stands in one Error, and nothing is written then.
ImportReport import_checkpoints(std::span<const std::filesystem::path> files, const std::string& method,
                                const std::filesystem::path& out, const ImportOptions& options = {});

nlohmann::ordered_json to_json(const ImportReport& report);

}  // namespace relocus
