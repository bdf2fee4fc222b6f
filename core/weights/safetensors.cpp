#include "core/weights/safetensors.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "core/error.h"
#include "core/files.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::uint64_t max_header_bytes = 64u << 20;
constexpr std::size_t max_axes = 8;

struct NumberType {
  const char* name;
  torch::ScalarType type;
};
constexpr NumberType number_types[] = {{"F64", torch::kDouble},
                                       {"F32", torch::kFloat},
                                       {"F16", torch::kHalf},
                                       {"BF16", torch::kBFloat16},
                                       {"I64", torch::kLong}};

struct Entry {
  std::string name;
  torch::ScalarType type;
  std::vector<std::int64_t> shape;
  std::uint64_t begin, end;  ///< [bytes] within the data
};

std::optional<std::uint64_t> count(const Json& number) {
  if (!number.is_number_unsigned()) return std::nullopt;
  return number.get<std::uint64_t>();
}

torch::ScalarType number_type(const fs::path& file, const std::string& name, const Json& dtype) {
  const std::string wanted = dtype.is_string() ? dtype.get<std::string>() : "?";
  for (const NumberType& type : number_types)
    if (wanted == type.name) return type.type;
  throw Error("{}: tensor {} has the number type {}; read are F64 F32 F16 BF16 I64", file.string(), name, wanted);
}

Entry parse_entry(const fs::path& file, const std::string& name, const Json& json, std::uint64_t data_bytes) {
  const auto malformed = [&](const char* what) { return Error("{}: tensor {} {}", file.string(), name, what); };
  if (!json.is_object() || !json.contains("dtype") || !json.contains("shape") || !json.contains("data_offsets"))
    throw malformed("lacks dtype, shape or data_offsets");
  Entry entry{name, number_type(file, name, json["dtype"]), {}, 0, 0};

  const Json& shape = json["shape"];
  if (!shape.is_array() || shape.size() > max_axes) throw malformed("has a shape that is no list of up to 8 lengths");
  std::uint64_t bytes = torch::elementSize(entry.type);
  for (const Json& axis : shape) {
    const auto length = count(axis);
    if (!length || (*length > 0 && bytes > data_bytes / *length)) throw malformed("has a shape larger than the file");
    bytes *= *length;
    entry.shape.push_back(std::int64_t(*length));
  }

  const Json& offsets = json["data_offsets"];
  const auto begin = offsets.is_array() && offsets.size() == 2 ? count(offsets[0]) : std::nullopt;
  const auto end = begin ? count(offsets[1]) : std::nullopt;
  if (!end || *begin > *end) throw malformed("has data_offsets that are no range");
  if (*end > data_bytes) throw malformed("reaches beyond the end of the file: it is truncated or damaged");
  if (*end - *begin != bytes) throw malformed("has a shape that does not fit its data_offsets");
  entry.begin = *begin, entry.end = *end;
  return entry;
}

void refuse_overlaps(const fs::path& file, std::vector<Entry> entries) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.begin < b.begin; });
  const Entry* last = nullptr;
  for (const Entry& entry : entries) {
    if (entry.begin == entry.end) continue;
    if (last && entry.begin < last->end)
      throw Error("{}: tensors {} and {} overlap", file.string(), last->name, entry.name);
    last = &entry;
  }
}

Json read_header(const fs::path& file, std::ifstream& in, std::uint64_t file_bytes) {
  unsigned char prefix[8];
  if (file_bytes < 8 || !in.read(reinterpret_cast<char*>(prefix), 8))
    throw Error("{}: no safetensors file (shorter than 8 bytes)", file.string());
  std::uint64_t length = 0;
  for (int i = 7; i >= 0; --i) length = length << 8 | prefix[i];
  if (length > max_header_bytes)
    throw Error("{}: no safetensors file (its header would be {} bytes long)", file.string(), length);
  if (length > file_bytes - 8) throw Error("{}: the header is truncated", file.string());
  std::string text(length, '\0');
  if (!in.read(text.data(), std::streamsize(length))) throw Error("{}: the header is truncated", file.string());

  // The names must be unique, but the JSON library keeps the last of two silently: a callback sees both.
  std::vector<std::string> names;
  const auto note_names = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > 8) throw Error("{}: the header is nested too deeply", file.string());
    if (depth == 1 && event == Json::parse_event_t::key) names.push_back(parsed.get<std::string>());
    return true;
  };
  Json header;
  try {
    header = Json::parse(text, note_names);
  } catch (const Json::exception&) {
    throw Error("{}: the header is no JSON", file.string());
  }
  if (!header.is_object()) throw Error("{}: the header is no JSON object", file.string());
  std::sort(names.begin(), names.end());
  if (const auto twice = std::adjacent_find(names.begin(), names.end()); twice != names.end())
    throw Error("{}: tensor {} stands there twice", file.string(), *twice);
  return header;
}

const char* name_of(const std::string& tensor, torch::ScalarType wanted) {
  for (const NumberType& type : number_types)
    if (type.type == wanted) return type.name;
  throw Error("tensor {} has a number type that a safetensors file of ours does not hold", tensor);
}

}  // namespace

TensorFile read_safetensors(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::error_code problem;
  const std::uint64_t file_bytes = fs::file_size(file, problem);
  if (!in || problem) throw Error("cannot read the weights {}", file.string());
  const Json header = read_header(file, in, file_bytes);
  const std::uint64_t data_start = std::uint64_t(in.tellg());
  const std::uint64_t data_bytes = file_bytes - data_start;

  TensorFile result;
  std::vector<Entry> entries;
  for (const auto& [name, json] : header.items()) {
    if (name != "__metadata__") {
      entries.push_back(parse_entry(file, name, json, data_bytes));
      continue;
    }
    if (!json.is_object()) throw Error("{}: __metadata__ is no JSON object", file.string());
    for (const auto& [key, value] : json.items())
      if (value.is_string()) result.metadata[key] = value.get<std::string>();
  }
  refuse_overlaps(file, entries);

  for (const Entry& entry : entries) {
    torch::Tensor tensor = torch::empty(entry.shape, entry.type);
    in.seekg(std::streamoff(data_start + entry.begin));
    if (!in.read(static_cast<char*>(tensor.data_ptr()), std::streamsize(entry.end - entry.begin)))
      throw Error("{}: tensor {} is truncated", file.string(), entry.name);
    result.tensors.emplace(entry.name, std::move(tensor));
  }
  return result;
}

void write_safetensors(const fs::path& file, const Tensors& tensors,
                       const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    const std::uint64_t end = offset + tensor.nbytes();
    header[name] = {{"dtype", name_of(name, tensor.scalar_type())},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');  // the format wants the data aligned

  std::string bytes;
  bytes.reserve(8 + text.size() + offset);
  for (int i = 0; i < 8; ++i) bytes.push_back(char(std::uint64_t(text.size()) >> 8 * i & 0xff));
  bytes += text;
  for (const auto& [name, tensor] : tensors) {
    const torch::Tensor plain = tensor.detach().cpu().contiguous();
    bytes.append(static_cast<const char*>(plain.data_ptr()), plain.nbytes());
  }
  write_atomically(file, bytes);
}

}  // namespace relocus
