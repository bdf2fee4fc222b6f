#include "core/numpy.h"

#include <zip.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>

#include "core/error.h"
#include "core/files.h"
#include "core/npy_header.h"
#include "core/npy_writer.h"

namespace relocus {
namespace {

constexpr std::size_t max_header_bytes = 1 << 16;
constexpr std::uint64_t max_deflate_ratio = 1100;  ///< deflate cannot pack tighter than 1032 : 1
constexpr std::size_t chunk_elements = 1 << 16;

/// Bytes of known number that come one after the other: a file, or one entry of a zip.
struct Source {
  std::string name;                                          ///< for messages
  std::uint64_t size = 0;                                    ///< in all
  std::function<std::size_t(char*, std::size_t)> read_some;  ///< returns how many came; 0: no more

  void read(char* to, std::size_t count) const {
    while (count > 0) {
      const std::size_t got = read_some(to, count);
      if (got == 0) throw Error("{} is truncated or damaged: copy it again from where it came", name);
      to += got;
      count -= got;
    }
  }
};

/// Reads the header, and leaves the source at the first number.
NpyHeader read_header(const Source& source) {
  const auto foreign = [&] { return Error("{} is not a NumPy array: write it with numpy.save", source.name); };
  char start[12];
  if (source.size < 10) throw foreign();
  source.read(start, 8);
  if (std::string_view(start, npy_magic.size()) != npy_magic) throw foreign();
  const int version = start[6];
  if (version < 1 || version > 3)
    throw Error("{} has NumPy format version {}; versions 1 to 3 are read", source.name, version);
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  source.read(start, length_bytes);
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < length_bytes; ++i)
    length |= std::uint64_t{static_cast<unsigned char>(start[i])} << (8 * i);
  const std::uint64_t offset = 8 + length_bytes + length;
  if (length > max_header_bytes || offset > source.size)
    throw Error("{} is truncated or damaged: its header claims {} bytes", source.name, length);

  std::string text(length, '\0');
  source.read(text.data(), length);
  NpyHeader header = parse_npy_header(text, source.name);
  if (!header.numbers) return header;

  const std::uint64_t data_bytes = source.size - offset;
  bool is_empty = false;
  for (const std::int64_t length_of_axis : header.shape) is_empty |= length_of_axis == 0;
  if (is_empty) header.elements = 0;
  for (const std::int64_t length_of_axis : header.shape) {
    if (is_empty) break;
    if (header.elements > data_bytes / static_cast<std::uint64_t>(length_of_axis)) {
      header.elements = data_bytes + 1;  // more than there can be
      break;
    }
    header.elements *= length_of_axis;
  }
  if (header.elements > data_bytes || header.elements * header.item_bytes != data_bytes)
    throw Error("{} is truncated or damaged: {} bytes of numbers follow a header for shape ({}) of {}", source.name,
                data_bytes, fmt::join(header.shape, ", "), header.descr);
  return header;
}

template <class T, class To>
void convert(const char* bytes, std::size_t count, To* to) {
  for (std::size_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, bytes + i * sizeof(T), sizeof(T));
    to[i] = static_cast<To>(value);
  }
}

template <class To>
void convert(const NpyHeader& header, const char* bytes, std::size_t count, To* to) {
  const bool is_signed = header.kind == 'i';
  switch (header.item_bytes) {
    case 1:
      return is_signed ? convert<std::int8_t>(bytes, count, to) : convert<std::uint8_t>(bytes, count, to);
    case 2:
      if (header.kind == 'f') return convert<Eigen::half>(bytes, count, to);
      return is_signed ? convert<std::int16_t>(bytes, count, to) : convert<std::uint16_t>(bytes, count, to);
    case 4:
      if (header.kind == 'f') return convert<float>(bytes, count, to);
      return is_signed ? convert<std::int32_t>(bytes, count, to) : convert<std::uint32_t>(bytes, count, to);
    default:
      if (header.kind == 'f') return convert<double>(bytes, count, to);
      return is_signed ? convert<std::int64_t>(bytes, count, to) : convert<std::uint64_t>(bytes, count, to);
  }
}

void swap_bytes(char* bytes, std::size_t count, std::size_t item_bytes) {
  for (std::size_t i = 0; i < count; ++i) std::reverse(bytes + i * item_bytes, bytes + (i + 1) * item_bytes);
}

/// The same numbers with the last axis running fastest.
template <class To>
std::vector<To> from_fortran_order(const std::vector<To>& values, const std::vector<std::int64_t>& shape) {
  std::vector<To> result(values.size());
  std::vector<std::int64_t> index(shape.size(), 0);
  for (const To value : values) {
    std::int64_t at = 0;
    for (std::size_t axis = 0; axis < shape.size(); ++axis) at = at * shape[axis] + index[axis];
    result[at] = value;
    for (std::size_t axis = 0; axis < shape.size() && ++index[axis] == shape[axis]; ++axis) index[axis] = 0;
  }
  return result;
}

/// An Array, or Doubles.
template <class Numbers = Array>
Numbers read_values(const Source& source, const NpyHeader& header) {
  if (!header.numbers)
    throw Error(
        "{} holds \"{}\", not plain numbers; pickled Python objects are never loaded: save it as float32 with "
        "numpy.save(…, array.astype('float32'))",
        source.name, header.descr);
  Numbers array{header.shape, decltype(Numbers::values)(header.elements)};
  std::vector<char> bytes(std::min<std::uint64_t>(header.elements, chunk_elements) * header.item_bytes);
  const bool other_order = header.byte_order == (std::endian::native == std::endian::little ? '>' : '<');
  for (std::size_t done = 0; done < array.values.size();) {
    const std::size_t count = std::min(chunk_elements, array.values.size() - done);
    source.read(bytes.data(), count * header.item_bytes);
    if (other_order) swap_bytes(bytes.data(), count, header.item_bytes);
    convert(header, bytes.data(), count, array.values.data() + done);
    done += count;
  }
  char beyond;
  source.read_some(&beyond, 1);  // an entry of a zip compares its checksum here
  if (header.fortran_order && header.shape.size() > 1) array.values = from_fortran_order(array.values, header.shape);
  return array;
}

// ---- zip ----

struct CloseZip {
  void operator()(zip_t* zip) const { zip_discard(zip); }
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};
using Zip = std::unique_ptr<zip_t, CloseZip>;
using ZipFile = std::unique_ptr<zip_file_t, CloseZip>;

Zip open_zip(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(path)) throw Error("there is no file {}: check the path", path.string());
  int code = 0;
  Zip zip(zip_open(path.c_str(), ZIP_RDONLY, &code));
  if (!zip)
    throw Error("{} is not an .npz (zip) archive, or is truncated: write it again with numpy.savez", path.string());
  return zip;
}

/// Names of the arrays: the entries without their ".npy", in the order of the archive.
std::vector<std::string> keys_of(zip_t* zip, const std::filesystem::path& path) {
  constexpr std::string_view suffix = ".npy";
  std::vector<std::string> keys;
  const zip_int64_t count = zip_get_num_entries(zip, 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* raw = zip_get_name(zip, i, ZIP_FL_ENC_GUESS);
    const std::string_view name = raw ? raw : "";
    if (name.ends_with(suffix)) keys.emplace_back(name.substr(0, name.size() - suffix.size()));
  }
  if (keys.empty()) throw Error("{} is a zip archive without NumPy arrays: write it with numpy.savez", path.string());
  return keys;
}

/// Calls `use(source, header)` for one array of the archive.
template <class Use>
void with_array(zip_t* zip, const std::filesystem::path& path, const std::string& key, const Use& use) {
  const std::string entry = key + ".npy";
  const std::string name = fmt::format("{} (array \"{}\")", path.string(), key);
  const auto damaged = [&] { return Error("{} is truncated or damaged: copy it again from where it came", name); };
  zip_stat_t about;
  zip_stat_init(&about);
  constexpr zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE;
  if (zip_stat(zip, entry.c_str(), 0, &about) != 0 || (about.valid & needed) != needed) throw damaged();
  // A small archive that claims to hold a large array is a trap for our memory.
  if (about.size / max_deflate_ratio > about.comp_size + 1) throw damaged();
  const ZipFile file(zip_fopen(zip, entry.c_str(), 0));
  if (!file) throw Error("{} cannot be unpacked ({}): write it again with numpy.savez", name, zip_strerror(zip));
  const Source source{name, about.size, [&](char* to, std::size_t count) -> std::size_t {
                        const zip_int64_t got = zip_fread(file.get(), to, count);
                        if (got < 0) throw damaged();
                        return got;
                      }};
  use(source, read_header(source));
}

std::string npy_bytes(const std::vector<std::int64_t>& shape, const float* values, std::size_t count) {
  static_assert(std::endian::native == std::endian::little);
  std::string bytes = npy_start("<f4", shape);
  bytes.append(reinterpret_cast<const char*>(values), count * sizeof(float));
  return bytes;
}

std::string npy_bytes(const Array& array) {
  std::int64_t expected = 1;
  for (const std::int64_t length : array.shape) expected *= length;
  if (expected != static_cast<std::int64_t>(array.values.size()))
    throw Error("an array of shape ({}) holds {} numbers", fmt::join(array.shape, ", "), array.values.size());
  return npy_bytes(array.shape, array.values.data(), array.values.size());
}

}  // namespace

Array read_npy(const std::filesystem::path& path) {
  std::error_code no_size;
  const std::uintmax_t size = std::filesystem::file_size(path, no_size);
  std::ifstream file(path, std::ios::binary);
  if (no_size || !file) throw Error("cannot open {}: check the path and the permission to read it", path.string());
  const Source source{path.string(), size, [&](char* to, std::size_t count) -> std::size_t {
                        file.read(to, static_cast<std::streamsize>(count));
                        return file.gcount();
                      }};
  const NpyHeader header = read_header(source);
  return read_values(source, header);
}

std::map<std::string, Array> read_npz(const std::filesystem::path& path) {
  const Zip zip = open_zip(path);
  std::map<std::string, Array> arrays;
  for (const std::string& key : keys_of(zip.get(), path))
    with_array(zip.get(), path, key, [&](const Source& source, const NpyHeader& header) {
      if (header.numbers) arrays[key] = read_values(source, header);
    });
  return arrays;
}

std::map<std::string, Doubles> read_npz_doubles(const std::filesystem::path& path) {
  const Zip zip = open_zip(path);
  std::map<std::string, Doubles> arrays;
  for (const std::string& key : keys_of(zip.get(), path))
    with_array(zip.get(), path, key, [&](const Source& source, const NpyHeader& header) {
      if (header.numbers) arrays[key] = read_values<Doubles>(source, header);
    });
  return arrays;
}

std::vector<std::string> names_in_npz(const std::filesystem::path& path) { return keys_of(open_zip(path).get(), path); }

Array read_npz(const std::filesystem::path& path, const std::string& key) {
  const Zip zip = open_zip(path);
  const std::vector<std::string> keys = keys_of(zip.get(), path);
  if (std::find(keys.begin(), keys.end(), key) == keys.end())
    throw Error("{} has no array \"{}\"; it holds {}", path.string(), key, fmt::join(keys, ", "));
  Array array;
  with_array(zip.get(), path, key,
             [&](const Source& source, const NpyHeader& header) { array = read_values(source, header); });
  return array;
}

Descriptors read_descriptors(const std::filesystem::path& path, const std::string& key) {
  Array array;
  if (path.extension() != ".npz") {
    array = read_npy(path);
  } else if (!key.empty()) {
    array = read_npz(path, key);
  } else {
    const std::vector<std::string> keys = keys_of(open_zip(path).get(), path);
    if (keys.size() > 1)
      throw Error("{} holds several arrays ({}): name one with --key", path.string(), fmt::join(keys, ", "));
    array = read_npz(path, keys[0]);
  }
  if (array.shape.size() < 2)
    throw Error("{} has shape ({}), but descriptors need one row per frame: N x D", path.string(),
                fmt::join(array.shape, ", "));
  const std::int64_t rows = array.shape[0];
  const std::int64_t columns = rows == 0 ? 0 : static_cast<std::int64_t>(array.values.size()) / rows;
  return Eigen::Map<const Descriptors>(array.values.data(), rows, columns);
}

void write_npy(const std::filesystem::path& path, const Array& array) { write_atomically(path, npy_bytes(array)); }

void write_npy(const std::filesystem::path& path, const Descriptors& descriptors) {
  write_atomically(path, npy_bytes(descriptors));
}

std::string npy_bytes(const Descriptors& descriptors) {
  return npy_bytes({descriptors.rows(), descriptors.cols()}, descriptors.data(), descriptors.size());
}

void write_npz(const std::filesystem::path& path, const std::map<std::string, Array>& arrays) {
  std::map<std::string, std::string> entries;
  for (const auto& [key, array] : arrays) entries[key] = npy_bytes(array);
  write_atomically(path, npz_bytes(entries));
}

}  // namespace relocus
