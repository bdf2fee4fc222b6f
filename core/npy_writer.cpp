#include "core/npy_writer.h"

#include <zip.h>

#include <bit>
#include <memory>

#include "core/error.h"

namespace relocus {
namespace {

static_assert(std::endian::native == std::endian::little);

template <class T>
void append(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

/// Code points of UTF-8; what is no UTF-8 stays as its bytes.
std::u32string code_points(std::string_view text) {
  std::u32string points;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    if (more == 0 || i + more >= text.size()) {
      points.push_back(lead);
      continue;
    }
    char32_t point = lead & (0x3F >> more);
    for (std::size_t k = 0; k < more; ++k) point = (point << 6) | (static_cast<unsigned char>(text[++i]) & 0x3F);
    points.push_back(point);
  }
  return points;
}

/// Writes the few opcodes of pickle's protocol 3 that arrays need.
class Pickler {
 public:
  Pickler() { bytes_ = "\x80\x03"; }

  void global(std::string_view module, std::string_view name) { bytes_ += fmt::format("c{}\n{}\n", module, name); }
  void remember(int slot) { bytes_ += {'q', static_cast<char>(slot)}; }
  void recall(int slot) { bytes_ += {'h', static_cast<char>(slot)}; }
  void integer(std::int64_t value) {
    if (value >= 0 && value < 256) {
      bytes_ += {'K', static_cast<char>(value)};
    } else if (value >= INT32_MIN && value <= INT32_MAX) {
      bytes_ += 'J';
      append(bytes_, static_cast<std::int32_t>(value));
    } else {
      throw Error("an array of {} elements is too long to be pickled", value);
    }
  }
  void boolean(bool value) { bytes_ += value ? '\x88' : '\x89'; }
  void none() { bytes_ += 'N'; }
  void text(std::string_view value) {
    bytes_ += 'X';
    append(bytes_, static_cast<std::uint32_t>(value.size()));
    bytes_ += value;
  }
  void raw(std::string_view value) {
    bytes_ += 'B';
    append(bytes_, static_cast<std::uint32_t>(value.size()));
    bytes_ += value;
  }
  void mark() { bytes_ += '('; }
  void tuple() { bytes_ += 't'; }  ///< of what follows the mark
  void tuple_of_one() { bytes_ += '\x85'; }
  void tuple_of_three() { bytes_ += '\x87'; }
  void empty_list() { bytes_ += ']'; }
  void append_all() { bytes_ += 'e'; }  ///< what follows the mark, to the list before it
  void call() { bytes_ += 'R'; }
  void set_state() { bytes_ += 'b'; }
  std::string finish() && { return std::move(bytes_ += '.'); }

 private:
  std::string bytes_;
};

// Slots of the pickle's memory.
constexpr int reconstruct = 0, array_class = 1, type_class = 2, integers = 3;

/// numpy.dtype(code, False, True) with its state: byte order, no fields, and flags.
void put_type(Pickler& pickle, std::string_view code, std::string_view order, int flags) {
  pickle.text(code);
  pickle.boolean(false);
  pickle.boolean(true);
  pickle.tuple_of_three();
  pickle.call();
  pickle.mark();
  pickle.integer(3);
  pickle.text(order);
  for (int i = 0; i < 3; ++i) pickle.none();
  for (int i = 0; i < 2; ++i) pickle.integer(-1);
  pickle.integer(flags);
  pickle.tuple();
  pickle.set_state();
}

/// _reconstruct(ndarray, (0,), b"b"), and the start of its state: version, shape.
void start_array(Pickler& pickle, std::size_t length) {
  pickle.integer(0);
  pickle.tuple_of_one();
  pickle.raw("b");
  pickle.tuple_of_three();
  pickle.call();
  pickle.mark();
  pickle.integer(1);
  pickle.integer(static_cast<std::int64_t>(length));
  pickle.tuple_of_one();
}

}  // namespace

std::string npy_start(std::string_view type, std::span<const std::int64_t> shape) {
  const std::string axes = fmt::format("{}{}", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", type, axes);
  const std::size_t start = npy_magic.size() + 4;
  header.append(63 - (start + header.size()) % 64, ' ').push_back('\n');  // numbers start at a multiple of 64
  std::string bytes(npy_magic);
  bytes += {'\1', '\0', static_cast<char>(header.size() & 0xFF), static_cast<char>(header.size() >> 8)};
  return bytes += header;
}

std::string npy_bytes(std::span<const std::int64_t> shape, std::span<const double> values) {
  std::int64_t expected = 1;
  for (const std::int64_t length : shape) expected *= length;
  if (expected != static_cast<std::int64_t>(values.size()))
    throw Error("an array of shape ({}) holds {} numbers", fmt::join(shape, ", "), values.size());
  std::string bytes = npy_start("<f8", shape);
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  return bytes;
}

std::string npy_text(std::span<const std::int64_t> shape, std::string_view text) {
  std::u32string points = code_points(text);
  if (points.empty()) points.push_back(0);  // NumPy has no text of width 0
  std::int64_t count = 1;
  for (const std::int64_t length : shape) count *= length;
  std::string bytes = npy_start(fmt::format("<U{}", points.size()), shape);
  for (std::int64_t i = 0; i < count; ++i)
    bytes.append(reinterpret_cast<const char*>(points.data()), points.size() * sizeof(char32_t));
  return bytes;
}

std::string npy_objects(std::span<const std::vector<std::int64_t>> lists) {
  Pickler pickle;
  pickle.global("numpy.core.multiarray", "_reconstruct");
  pickle.remember(reconstruct);
  pickle.global("numpy", "ndarray");
  pickle.remember(array_class);
  start_array(pickle, lists.size());
  pickle.global("numpy", "dtype");
  pickle.remember(type_class);
  put_type(pickle, "O8", "|", 63);
  pickle.boolean(false);  // not in Fortran's order
  pickle.empty_list();
  pickle.mark();
  bool first = true;
  for (const std::vector<std::int64_t>& list : lists) {
    pickle.recall(reconstruct);
    pickle.recall(array_class);
    start_array(pickle, list.size());
    if (first) {
      pickle.recall(type_class);
      put_type(pickle, "i8", "<", 0);
      pickle.remember(integers);
    } else {
      pickle.recall(integers);
    }
    first = false;
    pickle.boolean(false);
    pickle.raw({reinterpret_cast<const char*>(list.data()), list.size() * sizeof(std::int64_t)});
    pickle.tuple();
    pickle.set_state();
  }
  pickle.append_all();
  pickle.tuple();
  pickle.set_state();
  const std::int64_t length = static_cast<std::int64_t>(lists.size());
  return npy_start("|O", std::span(&length, 1)) + std::move(pickle).finish();
}

std::string npz_bytes(const std::map<std::string, std::string>& arrays, bool deflated) {
  if (arrays.empty()) throw Error("an .npz needs at least one array");
  zip_error_t problem;
  zip_error_init(&problem);
  const auto failed = [&] { return Error("cannot pack an .npz: {}", zip_error_strerror(&problem)); };
  struct Free {
    void operator()(zip_source_t* source) const { zip_source_free(source); }
  };
  const std::unique_ptr<zip_source_t, Free> memory(zip_source_buffer_create(nullptr, 0, 0, &problem));
  if (!memory) throw failed();
  zip_source_keep(memory.get());  // the archive takes one hold of it, its bytes are read by the other
  zip_t* zip = zip_open_from_source(memory.get(), ZIP_TRUNCATE, &problem);
  if (!zip) {
    zip_source_free(memory.get());
    throw failed();
  }
  struct Discard {
    void operator()(zip_t* archive) const { zip_discard(archive); }
  };
  std::unique_ptr<zip_t, Discard> archive(zip);
  for (const auto& [key, bytes] : arrays) {
    zip_source_t* entry = zip_source_buffer(zip, bytes.data(), bytes.size(), 0);
    const std::string name = key + ".npy";
    const zip_int64_t place = entry ? zip_file_add(zip, name.c_str(), entry, ZIP_FL_ENC_UTF_8 | ZIP_FL_OVERWRITE) : -1;
    if (place < 0 || zip_set_file_compression(zip, place, deflated ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0) != 0) {
      if (entry && place < 0) zip_source_free(entry);
      throw Error("cannot pack an .npz: {}", zip_strerror(zip));
    }
    // The same arrays give the same bytes: the date is 1980, where zip's calendar begins, as NumPy writes it.
    zip_file_set_dostime(zip, place, 0, (1 << 5) | 1, 0);
  }
  if (zip_close(zip) != 0) throw Error("cannot pack an .npz: {}", zip_strerror(zip));
  archive.release();  // closed above

  if (zip_source_open(memory.get()) != 0) throw failed();
  zip_source_seek(memory.get(), 0, SEEK_END);
  std::string packed(static_cast<std::size_t>(zip_source_tell(memory.get())), '\0');
  zip_source_seek(memory.get(), 0, SEEK_SET);
  const zip_int64_t got = zip_source_read(memory.get(), packed.data(), packed.size());
  zip_source_close(memory.get());
  if (got != static_cast<zip_int64_t>(packed.size())) throw Error("cannot pack an .npz: its bytes are not whole");
  return packed;
}

}  // namespace relocus
