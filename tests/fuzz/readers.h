#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace relocus::fuzz {

/// A reader of files from strangers: it takes any bytes, and either understands them or throws relocus::Error.
struct Reader {
  std::string name;  ///< "ply"
  std::string file;  ///< what the file with the bytes is called
  std::function<void(const std::filesystem::path& file)> read;
  /// Puts what must lie beside the file into a folder, once; nothing: it stands alone.
  std::function<void(const std::filesystem::path& folder)> prepare = {};
};

std::span<const Reader> readers();

/// Writes valid files for every reader: FOLDER/READER/NUMBER.
void write_seeds(const std::filesystem::path& folder);

}  // namespace relocus::fuzz
