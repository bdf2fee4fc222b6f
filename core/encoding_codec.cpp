#include "core/encoding_codec.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "core/error.h"
#include "core/half.h"

namespace relocus {
namespace {

// Layout: uint64 number of arrays; of each: uint64 coding, uint64 rank, int64[rank] shape, the values. Every part is
// padded to 8 bytes.
constexpr std::uint64_t kMaxRank = 8;
constexpr std::uint64_t kMaxValues = std::uint64_t(1) << 32;

/// How an array's values are written.
enum class Coding : std::uint64_t {
  Half = 0,
  SparseHalf = 1,  ///< one bit a value (set: not zero), then the halves that are not zero
  Float = 2,       ///< where a value overflows half precision
  Bytes = 3,       ///< whole numbers from 0 to 255
};

std::uint64_t padded(std::uint64_t bytes) { return (bytes + 7) / 8 * 8; }

class Writer {
 public:
  std::string bytes;

  void number(std::uint64_t value) { raw(&value, sizeof value); }
  template <class T>
  void numbers(const std::vector<T>& values) {
    raw(values.data(), values.size() * sizeof(T));
  }

 private:
  void raw(const void* data, std::size_t size) {
    if (size > 0) bytes.append(static_cast<const char*>(data), size);
    bytes.resize(padded(bytes.size()), '\0');
  }
};

class Reader {
 public:
  Reader(std::string_view bytes, const std::string& what) : left_(bytes), what_(what) {}

  std::uint64_t number() { return numbers<std::uint64_t>(1).front(); }
  template <class T>
  std::vector<T> numbers(std::uint64_t count) {
    if (count > left_.size() / sizeof(T) || padded(count * sizeof(T)) > left_.size()) fail();
    std::vector<T> values(count);
    if (count > 0) std::memcpy(values.data(), left_.data(), count * sizeof(T));
    left_.remove_prefix(padded(count * sizeof(T)));
    return values;
  }
  [[noreturn]] void fail() const { throw Error("{} is damaged; delete the file and run again", what_); }

 private:
  std::string_view left_;
  const std::string& what_;
};

void write_sparse(Writer& writer, const std::vector<std::uint16_t>& halves, std::size_t num_nonzero) {
  std::vector<std::uint64_t> bitmap((halves.size() + 63) / 64);
  std::vector<std::uint16_t> nonzero;
  nonzero.reserve(num_nonzero);
  for (std::size_t i = 0; i < halves.size(); ++i) {
    if (halves[i] == 0) continue;
    bitmap[i / 64] |= std::uint64_t(1) << (i % 64);
    nonzero.push_back(halves[i]);
  }
  writer.numbers(bitmap);
  writer.numbers(nonzero);
}

void write_array(Writer& writer, const Array& array, std::size_t position) {
  std::int64_t count = 1;
  for (const std::int64_t side : array.shape) count *= side;
  if (count != std::int64_t(array.values.size()))
    throw Error("local array {} holds {} values where its shape says {}", position, array.values.size(), count);

  std::vector<std::uint16_t> halves(array.values.size());
  to_half(array.values, halves);
  bool overflows = false, bytes = !halves.empty();
  std::size_t num_nonzero = 0;
  for (std::size_t i = 0; i < halves.size(); ++i) {
    overflows |= (halves[i] & 0x7fff) == 0x7c00 && std::isfinite(array.values[i]);
    num_nonzero += halves[i] != 0;
    const float value = array.values[i];
    bytes = bytes && value >= 0 && value <= 255 && value == float(std::uint8_t(value)) && !std::signbit(value);
  }
  const std::size_t sparse_size = halves.size() / 8 + num_nonzero * 2;
  const bool sparse = sparse_size < halves.size() * (bytes ? 1 : 2);
  const Coding coding = overflows ? Coding::Float : sparse ? Coding::SparseHalf : bytes ? Coding::Bytes : Coding::Half;

  writer.number(std::uint64_t(coding));
  writer.number(array.shape.size());
  writer.numbers(array.shape);
  if (coding == Coding::Float) writer.numbers(array.values);
  if (coding == Coding::Half) writer.numbers(halves);
  if (coding == Coding::SparseHalf) write_sparse(writer, halves, num_nonzero);
  if (coding == Coding::Bytes) writer.numbers(std::vector<std::uint8_t>(array.values.begin(), array.values.end()));
}

std::vector<float> to_floats(const std::vector<std::uint16_t>& halves) {
  std::vector<float> values(halves.size());
  from_half(halves, values);
  return values;
}

std::vector<float> read_sparse(Reader& reader, std::uint64_t count) {
  const auto bitmap = reader.numbers<std::uint64_t>((count + 63) / 64);
  std::uint64_t num_nonzero = 0;
  for (const std::uint64_t word : bitmap) num_nonzero += std::popcount(word);
  const std::vector<float> nonzero = to_floats(reader.numbers<std::uint16_t>(num_nonzero));
  if (count % 64 != 0 && bitmap.back() >> (count % 64) != 0) reader.fail();
  std::vector<float> values(count);
  std::size_t next = 0;
  for (std::size_t w = 0; w < bitmap.size(); ++w) {
    for (std::uint64_t word = bitmap[w]; word != 0; word &= word - 1)
      values[w * 64 + std::countr_zero(word)] = nonzero[next++];
  }
  return values;
}

Array read_array(Reader& reader) {
  const auto coding = Coding(reader.number());
  const std::uint64_t rank = reader.number();
  if (rank > kMaxRank) reader.fail();
  Array array;
  array.shape = reader.numbers<std::int64_t>(rank);
  std::uint64_t count = 1;
  for (const std::int64_t side : array.shape) {
    if (side < 0 || (side > 0 && count > kMaxValues / std::uint64_t(side))) reader.fail();
    count *= std::uint64_t(side);
  }
  switch (coding) {
    case Coding::Half:
      array.values = to_floats(reader.numbers<std::uint16_t>(count));
      break;
    case Coding::SparseHalf:
      array.values = read_sparse(reader, count);
      break;
    case Coding::Bytes: {
      const auto bytes = reader.numbers<std::uint8_t>(count);
      array.values.assign(bytes.begin(), bytes.end());
      break;
    }
    case Coding::Float:
      array.values = reader.numbers<float>(count);
      break;
    default:
      reader.fail();
  }
  return array;
}

}  // namespace

std::string encode_arrays(const std::vector<Array>& arrays) {
  Writer writer;
  writer.number(arrays.size());
  for (std::size_t i = 0; i < arrays.size(); ++i) write_array(writer, arrays[i], i);
  return std::move(writer.bytes);
}

std::vector<Array> decode_arrays(std::string_view bytes, const std::string& what) {
  Reader reader(bytes, what);
  std::vector<Array> arrays;
  for (std::uint64_t left = reader.number(); left > 0; --left) arrays.push_back(read_array(reader));
  return arrays;
}

}  // namespace relocus
