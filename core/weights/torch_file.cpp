#include "core/weights/torch_file.h"

#include <fmt/ranges.h>
#include <zip.h>

#include <algorithm>
#include <bit>
#include <fstream>
#include <functional>
#include <set>

#include "core/error.h"
#include "core/weights/pickle.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t max_pickle_bytes = 32 << 20;
constexpr std::size_t max_remark = 80;

/// Reads all numbers of the storage of that key in the machine's byte order, wherever the record's own part begins.
using ReadStorage = std::function<torch::Tensor(const StorageRecord&)>;

torch::ScalarType scalar_type(NumberType type) {
  switch (type) {
    case NumberType::Double:
      return torch::kDouble;
    case NumberType::Float:
      return torch::kFloat;
    case NumberType::Half:
      return torch::kHalf;
    case NumberType::BFloat16:
      return torch::kBFloat16;
    case NumberType::Long:
      return torch::kLong;
    case NumberType::Int:
      return torch::kInt;
    case NumberType::Short:
      return torch::kShort;
    case NumberType::Char:
      return torch::kChar;
    case NumberType::Byte:
    case NumberType::Bool:
      return torch::kByte;  // damaged flags may be neither 0 nor 1
  }
  throw Error("unknown number type");
}

void swap_bytes(char* numbers, std::size_t count, std::size_t width) {
  for (std::size_t i = 0; i < count; ++i) std::reverse(numbers + i * width, numbers + (i + 1) * width);
}

std::string remark_of(const PickleValue& value) {
  if (const auto* integer = value.as<std::int64_t>()) return std::to_string(*integer);
  if (const auto* real = value.as<double>()) return fmt::format("{}", *real);
  if (const auto* flag = value.as<bool>()) return *flag ? "true" : "false";
  const auto* text = value.as<std::string>();
  return text && text->size() <= max_remark ? *text : std::string();
}

/// The dicts of tensors within the object and one level below.
TorchFile collect(const Pickle& pickle, const std::string& name, const ReadStorage& read_storage) {
  std::map<std::pair<std::string, NumberType>, torch::Tensor> storages;
  const auto tensor_of = [&](const TensorRecord& record) {
    const StorageRecord& part = record.storage;
    torch::Tensor& storage = storages[{part.key, part.type}];
    if (!storage.defined()) storage = read_storage(part);
    const auto held = std::uint64_t(storage.numel());
    if (part.view_offset > held || part.elements > held - part.view_offset)
      throw Error("{}: storage {} has {} numbers, but {} are to be there", name, part.key, held,
                  part.view_offset + part.elements);
    return storage.as_strided(record.shape, record.strides, std::int64_t(part.view_offset + record.offset));
  };
  TorchFile result;
  const auto add_table = [&](const std::string& key, const PickleValue& value) {
    const auto* const dict = value.as<PickleValue::Dict>();
    if (!dict) return;
    Tensors tensors;
    for (std::size_t i = 0; i < dict->keys.size(); ++i) {
      const auto* const record = dict->values[i]->as<TensorRecord>();
      const auto* const tensor_name = dict->keys[i]->as<std::string>();
      if (record && tensor_name) tensors.insert_or_assign(*tensor_name, tensor_of(*record));
    }
    if (!tensors.empty()) result.tables.insert_or_assign(key, std::move(tensors));
  };
  const auto* const top = pickle.root->as<PickleValue::Dict>();
  if (!top) throw Error("{}: holds no dict of tensors: in Python, save the state_dict", name);
  add_table("", *pickle.root);
  for (std::size_t i = 0; i < top->keys.size(); ++i) {
    const auto* const key = top->keys[i]->as<std::string>();
    if (!key || key->empty()) continue;
    add_table(*key, *top->values[i]);
    if (const std::string remark = remark_of(*top->values[i]); !remark.empty()) result.remarks[*key] = remark;
  }
  if (result.tables.empty()) throw Error("{}: holds no dict of tensors", name);
  return result;
}

// Zip archives: NAME/data.pkl, NAME/data/0 …, NAME/byteorder.

struct CloseZip {
  void operator()(zip_t* zip) const { zip_discard(zip); }
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

class Archive {
 public:
  explicit Archive(const fs::path& file) : name_(file.string()) {
    std::error_code problem;
    file_bytes_ = fs::file_size(file, problem);
    int code = 0;
    zip_.reset(zip_open(file.c_str(), ZIP_RDONLY, &code));
    if (!zip_) throw Error("{}: the zip archive is truncated or damaged (zip error {}): get it again", name_, code);
    const zip_int64_t count = zip_get_num_entries(zip_.get(), 0);
    for (zip_int64_t i = 0; i < count; ++i) {
      const char* const entry = zip_get_name(zip_.get(), zip_uint64_t(i), ZIP_FL_ENC_RAW);
      if (entry) entries_.emplace(entry);
    }
    const auto pickle = std::ranges::find_if(entries_, [](const std::string& entry) {
      return entry == "data.pkl" || (entry.ends_with("/data.pkl") && std::ranges::count(entry, '/') == 1);
    });
    if (pickle == entries_.end()) throw Error("{}: a zip archive, but not of torch (it has no data.pkl)", name_);
    folder_ = pickle->substr(0, pickle->size() - std::string_view("data.pkl").size());
    if (has("constants.pkl"))
      throw Error("{}: a TorchScript program, which is not executed: in Python, save the state_dict", name_);
  }

  bool has(const std::string& entry) const { return entries_.contains(folder_ + entry); }

  std::uint64_t size_of(const std::string& entry) const {
    zip_stat_t about;
    zip_stat_init(&about);
    constexpr zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    if (zip_stat(zip_.get(), (folder_ + entry).c_str(), ZIP_FL_ENC_RAW, &about) != 0 ||
        (about.valid & needed) != needed)
      throw Error("{}: the archive lacks {}: it is truncated or damaged", name_, entry);
    if (about.comp_method != ZIP_CM_STORE || about.size != about.comp_size || about.size > file_bytes_)
      throw Error("{}: {} is packed otherwise than torch does it", name_, entry);
    return about.size;
  }

  /// Reads the whole entry, which verifies its check sum too.
  void read(const std::string& entry, char* to, std::uint64_t bytes) const {
    const std::unique_ptr<zip_file_t, CloseZip> file(zip_fopen(zip_.get(), (folder_ + entry).c_str(), ZIP_FL_ENC_RAW));
    std::uint64_t done = 0;
    while (file && done < bytes) {
      const zip_int64_t got = zip_fread(file.get(), to + done, bytes - done);
      if (got <= 0) break;
      done += std::uint64_t(got);
    }
    char more;
    if (!file || done < bytes || zip_fread(file.get(), &more, 1) != 0)
      throw Error("{}: {} is damaged (its check sum or length is wrong): get the file again", name_, entry);
  }
  std::string text_of(const std::string& entry, std::uint64_t max_bytes) const {
    const std::uint64_t bytes = size_of(entry);
    if (bytes > max_bytes) throw Error("{}: {} of {} bytes is too long", name_, entry, bytes);
    std::string text(bytes, '\0');
    read(entry, text.data(), bytes);
    return text;
  }

 private:
  std::string name_, folder_;
  std::uint64_t file_bytes_ = 0;
  std::unique_ptr<zip_t, CloseZip> zip_;
  std::set<std::string> entries_;
};

TorchFile read_archive(const fs::path& file) {
  const std::string name = file.string();
  const Archive archive(file);
  const std::string order = archive.has("byteorder") ? archive.text_of("byteorder", 16) : "little";
  if (order != "little" && order != "big") throw Error("{}: names an unknown byte order", name);
  const bool swaps = (order == "little") != (std::endian::native == std::endian::little);
  const Pickle pickle = read_pickle(archive.text_of("data.pkl", max_pickle_bytes), name);

  return collect(pickle, name, [&](const StorageRecord& record) {
    const std::string entry = "data/" + record.key;
    const std::size_t width = bytes_of(record.type);
    const std::uint64_t bytes = archive.size_of(entry);
    if (bytes % width != 0) throw Error("{}: {} has no whole number of numbers", name, entry);
    const torch::Tensor numbers = torch::empty({std::int64_t(bytes / width)}, scalar_type(record.type));
    auto* const to = static_cast<char*>(numbers.data_ptr());
    archive.read(entry, to, bytes);
    if (swaps) swap_bytes(to, bytes / width, width);
    return numbers;
  });
}

// Before torch 1.6: pickles of a magic number, the protocol's number, the system, the object and the storages' keys,
// then each storage as its length and its numbers, always little-endian.

constexpr std::string_view magic_bytes{"\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10};
constexpr std::string_view magic_digits = "119547037146038801333356";
constexpr std::int64_t legacy_protocol = 1001;

TorchFile read_legacy(const fs::path& file) {
  const std::string name = file.string();
  std::ifstream in(file, std::ios::binary);
  std::error_code problem;
  const std::uint64_t file_bytes = fs::file_size(file, problem);
  if (!in || problem) throw Error("cannot read the weights {}", name);
  std::string text(std::min(file_bytes, max_pickle_bytes), '\0');
  if (!in.read(text.data(), std::streamsize(text.size()))) throw Error("{}: cannot be read", name);

  std::uint64_t position = 0;
  const auto next = [&] {
    Pickle pickle = read_pickle(std::string_view(text).substr(position), name);
    position += pickle.length;
    return pickle;
  };
  {
    const Pickle magic = next();
    const auto* const number = magic.root->as<PickleValue::BigInteger>();
    if (!number || (number->digits != magic_bytes && number->digits != magic_digits))
      throw Error("{}: a pickle, but not of torch: its magic number is missing", name);
    const Pickle protocol = next();
    if (const auto* version = protocol.root->as<std::int64_t>(); !version || *version != legacy_protocol)
      throw Error("{}: torch's format is not version {}", name, legacy_protocol);
    next();  // the system that wrote it
  }
  const Pickle object = next();
  const Pickle keys = next();

  struct Place {
    std::uint64_t start, bytes;  ///< of the numbers
  };
  std::map<std::string, NumberType> types;  // the file tells only numbers of elements
  for (const PickleValue& value : object.values)
    if (const auto* storage = value.as<StorageRecord>()) types.emplace(storage->key, storage->type);
  std::map<std::string, Place> places;
  const auto* const list = keys.root->as<PickleValue::List>();
  if (!list) throw Error("{}: lacks the list of its storages", name);
  for (const PickleValue* item : list->items) {
    const auto* const key = item->as<std::string>();
    if (!key || !types.contains(*key)) throw Error("{}: lists a storage that no tensor has", name);
    const auto broken = [&] { return Error("{}: storage {} is truncated or damaged: get the file again", name, *key); };
    unsigned char length[8];
    in.seekg(std::streamoff(position));
    if (file_bytes - position < 8 || !in.read(reinterpret_cast<char*>(length), 8)) throw broken();
    std::uint64_t elements = 0;
    for (int i = 7; i >= 0; --i) elements = elements << 8 | length[i];
    const std::size_t width = bytes_of(types.at(*key));
    position += 8;
    if (elements > (file_bytes - position) / width) throw broken();
    places[*key] = {position, elements * width};
    position += elements * width;
  }

  return collect(object, name, [&](const StorageRecord& record) {
    const auto place = places.find(record.key);
    if (place == places.end() || types.at(record.key) != record.type)
      throw Error("{}: storage {} is not in the file", name, record.key);
    const std::uint64_t elements = place->second.bytes / bytes_of(record.type);
    const torch::Tensor numbers = torch::empty({std::int64_t(elements)}, scalar_type(record.type));
    auto* const to = static_cast<char*>(numbers.data_ptr());
    in.clear();
    in.seekg(std::streamoff(place->second.start));
    if (!in.read(to, std::streamsize(place->second.bytes)))
      throw Error("{}: storage {} is truncated", name, record.key);
    if (std::endian::native == std::endian::big) swap_bytes(to, elements, bytes_of(record.type));
    return numbers;
  });
}

std::string first_bytes(const fs::path& file) {
  std::string bytes(16, '\0');
  std::ifstream in(file, std::ios::binary);
  if (!in || fs::is_directory(file)) throw Error("cannot read the weights {}", file.string());
  in.read(bytes.data(), std::streamsize(bytes.size()));
  bytes.resize(std::size_t(in.gcount()));
  return bytes;
}

}  // namespace

TorchFile read_torch_file(const fs::path& file) {
  const std::string start = first_bytes(file);
  if (start.starts_with("PK\x03\x04")) return read_archive(file);
  if (start.starts_with('\x80') || start.starts_with('L') || start.starts_with("\x8a")) return read_legacy(file);
  if (start.find("ustar") != start.npos || start.starts_with("./"))
    throw Error("{}: a tar archive of a torch older than 0.2, which is not read", file.string());
  throw Error("{}: no file of torch.save: neither a zip archive nor a pickle ({})", file.string(),
              start.empty() ? "it is empty" : "it begins otherwise");
}

TorchFile read_checkpoint(const fs::path& file) {
  const std::string start = first_bytes(file);
  // A header's length may begin like a zip archive or a pickle; neither of these has a brace behind eight bytes.
  if (start.size() < 9 || start[8] != '{' || start[7] != '\0') return read_torch_file(file);
  TensorFile content = read_safetensors(file);
  if (content.tensors.empty()) throw Error("{}: holds no tensors", file.string());
  TorchFile result;
  result.tables[""] = std::move(content.tensors);
  result.remarks = std::move(content.metadata);
  return result;
}

}  // namespace relocus
