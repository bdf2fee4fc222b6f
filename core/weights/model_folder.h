#pragma once

#include <map>
#include <string>

#include "core/networks/clusvpr_widths.h"
#include "core/networks/image_widths.h"
#include "core/networks/widths.h"
#include "core/weights/safetensors.h"

namespace relocus {

/// What `models/METHOD/model.json` tells, or what a .safetensors file alone amounts to:
/// {"format": "relocus-model", "version": 1, "method": …, "widths": {…},
///  "options": {"overlap_statistics": "running"},
///  "networks": {"backbone": {"file": "weights.safetensors", "sha256": …, "prefix": "backbone."}, …}}
struct ModelFolder {
  struct Network {
    std::filesystem::path file;
    std::string sha256;  ///< of the file; empty when a file was given instead of a folder
    std::string prefix;  ///< of its tensors' names
  };
  std::filesystem::path source;             ///< as given
  std::map<std::string, Network> networks;  ///< by name: backbone, overlap, vlad, attnvlad
  Widths widths;  ///< of OverlapNetVLAD; those of networks of images are told by their tensors
  std::map<std::string, std::string> options;  ///< of the method, that these weights were trained for

  const Network& network(const std::string& name) const;  ///< throws, naming those that are there
  /// What the weights were trained for, or `otherwise` where they do not say.
  std::string option(const std::string& name, const std::string& otherwise) const;
  std::string hash() const;  ///< sha256 over names and hashes of all networks, the widths and options
};

/// Opens a folder with a model.json, or a .safetensors file, whose networks are the first parts of its tensors' names.
/// Throws, with the cure, when there is none, when it is for another method (NetVLAD's are Patch-NetVLAD's too), of a
/// later version or malformed.
ModelFolder open_model(const std::filesystem::path& file_or_folder, const std::string& method);

/// The tensors of the file that holds that network. Throws when the file's sha256 is not the one in model.json.
Tensors read_tensors(const ModelFolder& model, const std::string& network);

/// Writes weights.safetensors, one file for all networks, and model.json. The part of a name before its first dot is
/// the network.
void write_model_folder(const std::filesystem::path& folder, const std::string& method, const Tensors& tensors,
                        const Widths& widths = {}, const std::map<std::string, std::string>& options = {});
void write_model_folder(const std::filesystem::path& folder, const std::string& method, const Tensors& tensors,
                        const ImageWidths& widths, const std::map<std::string, std::string>& options);
void write_model_folder(const std::filesystem::path& folder, const std::string& method, const Tensors& tensors,
                        const ClusvprWidths& widths, const std::map<std::string, std::string>& options = {});

}  // namespace relocus
