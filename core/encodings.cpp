#include "core/encodings.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <mutex>
#include <nlohmann/json.hpp>

#include "core/encoding_codec.h"
#include "core/error.h"
#include "core/files.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

// The file: FileHeader, the key's text, records. A record: RecordHeader, the global descriptor, the local arrays. All
// numbers are little-endian; each part is padded to 8 bytes.
static_assert(std::endian::native == std::endian::little);
constexpr char kMagic[8] = {'R', 'E', 'L', 'O', 'C', 'U', 'S', 'E'};
constexpr std::uint32_t kVersion = 1;
constexpr std::uint32_t kRecordMagic = 0x44434552;  // "RECD"

struct FileHeader {
  char magic[8];
  std::uint32_t version;
  std::uint32_t key_size;   ///< [bytes] of the text after this header, without padding
  std::uint64_t key_check;  ///< checksum of the text
};

struct RecordHeader {
  std::uint32_t magic;
  std::uint32_t frame;
  std::uint64_t dimension;    ///< of the global descriptor
  std::uint64_t local_bytes;  ///< of the local arrays
  std::uint64_t global_check, local_check;
  std::uint64_t own_check;  ///< of the fields above
};

std::uint64_t padded(std::uint64_t bytes) { return (bytes + 7) / 8 * 8; }

/// Finds torn and rotten records; not meant against malice.
std::uint64_t checksum(std::string_view bytes) {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15ull;
  std::uint64_t sum = bytes.size() * kOdd + 1;
  const auto mix = [&](const char* data, std::size_t size) {
    std::uint64_t word = 0;
    std::memcpy(&word, data, size);
    sum = std::rotl((sum ^ word) * kOdd, 29);
  };
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) mix(bytes.data() + at, 8);
  if (at < bytes.size()) mix(bytes.data() + at, bytes.size() - at);
  return sum ^ (sum >> 32);
}

std::uint64_t own_check(const RecordHeader& header) {
  return checksum({reinterpret_cast<const char*>(&header), offsetof(RecordHeader, own_check)});
}

/// A file's first bytes in memory, for as long as somebody holds it.
struct Mapping {
  const char* data;
  std::uint64_t size;

  Mapping(int file, std::uint64_t bytes, const fs::path& path) : size(bytes) {
    void* const memory = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) throw Error("cannot map {}: {}", path.string(), std::strerror(errno));
    data = static_cast<const char*>(memory);
  }
  Mapping(const Mapping&) = delete;
  ~Mapping() { ::munmap(const_cast<char*>(data), size); }
};

/// One record in the mapped file.
struct Record {
  std::shared_ptr<const Mapping> mapping;  ///< keeps the views alive
  RecordHeader header;
  std::string_view global, local;
};

bool all_zero(std::string_view bytes) { return bytes.find_first_not_of('\0') == std::string_view::npos; }

void append_padded(std::string& bytes, const void* data, std::size_t size) {
  if (size > 0) bytes.append(static_cast<const char*>(data), size);
  bytes.resize(padded(bytes.size()), '\0');
}

}  // namespace

std::string EncodingKey::text() const {
  const nlohmann::ordered_json options_json = nlohmann::ordered_json::parse(options, nullptr, false);
  nlohmann::ordered_json json;
  json["method"] = method;
  json["options"] = options_json.is_discarded() ? nlohmann::ordered_json(options) : options_json;
  json["weights"] = weights_hash;
  json["sequence"] = sequence;
  return json.dump();
}

std::string sequence_identity(const Sequence& sequence) {
  std::string listing;
  for (const Frame& frame : sequence.frames) {
    for (const fs::path& file : {frame.cloud, frame.image}) {
      std::error_code error;
      const auto size = file.empty() ? 0 : fs::file_size(file, error);
      listing += fmt::format("{} {}\n", file.filename().string(), error ? 0 : size);
    }
  }
  return fmt::format("{}, {} frames, {}", sequence.name, sequence.frames.size(), sha256(listing).substr(0, 16));
}

struct EncodingStore::Impl {
  fs::path path;
  Access access = Access::Append;
  int file = -1;
  mutable std::mutex mutex;                        ///< guards what follows
  std::uint64_t end = 0;                           ///< [bytes] behind the last record
  std::vector<std::uint64_t> offsets;              ///< of each record's header
  mutable std::shared_ptr<const Mapping> mapping;  ///< of at least the records that were read

  ~Impl() {
    if (file >= 0) ::close(file);
  }

  [[noreturn]] void fail(std::string_view what) const {
    throw Error("cannot {} {}: {}", what, path.string(), std::strerror(errno));
  }

  void open() {
    const int flags = access == Access::Append ? O_RDWR | O_CREAT : O_RDONLY;
    file = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
    if (file < 0) fail("open");
    if (access == Access::Append && ::flock(file, LOCK_EX | LOCK_NB) != 0)
      throw Error("{} is being written by another run; wait for it or choose another folder", path.string());
  }

  std::uint64_t file_size() const {
    struct stat status;
    if (::fstat(file, &status) != 0) fail("read");
    return std::uint64_t(status.st_size);
  }

  void write(std::string_view bytes, std::uint64_t at) const {
    while (!bytes.empty()) {
      const ssize_t written = ::pwrite(file, bytes.data(), bytes.size(), off_t(at));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) give_up(errno);
      bytes.remove_prefix(std::size_t(written));
      at += std::uint64_t(written);
    }
  }

  void flush() const {
    if (::fdatasync(file) != 0) give_up(errno);
  }

  /// Half a record is no use to anybody: its room is given back.
  [[noreturn]] void give_up(int error) const {
    [[maybe_unused]] const int dropped = ::ftruncate(file, off_t(end));  // otherwise who opens the file next drops it
    fail_to_write(path, error);
  }

  void write_header(const std::string& key) {
    FileHeader header{{}, kVersion, std::uint32_t(key.size()), checksum(key)};
    std::memcpy(header.magic, kMagic, sizeof kMagic);
    std::string bytes;
    append_padded(bytes, &header, sizeof header);
    append_padded(bytes, key.data(), key.size());
    if (::ftruncate(file, 0) != 0) fail("write");
    write(bytes, 0);
    flush();
    end = bytes.size();
  }

  /// Checks the header against `key`; `bytes` is the whole file.
  void read_header(const std::string& key, std::string_view bytes) {
    FileHeader header;
    if (bytes.size() < sizeof header || std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0)
      throw Error("{} is no store of encodings; delete it or choose another folder", path.string());
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.version != kVersion) {
      throw Error("{} has format version {}, this program reads version {}; delete it and run again", path.string(),
                  header.version, kVersion);
    }
    const std::string_view text = bytes.substr(sizeof header, header.key_size);
    if (text.size() != header.key_size || checksum(text) != header.key_check)
      throw Error("the header of {} is damaged; delete the file and run again", path.string());
    if (text != key) {
      throw Error("{} was made by {}, not by {}; choose another folder or delete it", path.string(), text, key);
    }
    end = sizeof header + padded(header.key_size);
  }

  /// Walks from record to record; what a killed program left unfinished at the end is dropped.
  void find_records(std::string_view bytes) {
    while (end + sizeof(RecordHeader) <= bytes.size()) {
      RecordHeader header;
      std::memcpy(&header, bytes.data() + end, sizeof header);
      if (header.magic != kRecordMagic || header.own_check != own_check(header) || header.frame != offsets.size()) {
        if (all_zero(bytes.substr(end))) break;  // room that the file system gave before a crash
        throw Error("{} is damaged at record {}; delete the file and run again", path.string(), offsets.size());
      }
      if (!fits(header, bytes.size() - end)) break;
      offsets.push_back(end);
      end += record_size(header);
    }
    if (!offsets.empty() && !intact(bytes.substr(offsets.back()))) {
      end = offsets.back();
      offsets.pop_back();
    }
  }

  static std::uint64_t record_size(const RecordHeader& header) {
    return sizeof header + padded(header.dimension * sizeof(float)) + padded(header.local_bytes);
  }
  static bool fits(const RecordHeader& header, std::uint64_t size) {
    return header.dimension <= size / sizeof(float) && header.local_bytes <= size && record_size(header) <= size;
  }
  static bool intact(std::string_view bytes) {
    RecordHeader header;
    std::memcpy(&header, bytes.data(), sizeof header);
    const std::uint64_t global_bytes = header.dimension * sizeof(float);
    return checksum(bytes.substr(sizeof header, global_bytes)) == header.global_check &&
           checksum(bytes.substr(sizeof header + padded(global_bytes), header.local_bytes)) == header.local_check;
  }

  Record record(FrameId frame) const {
    const std::lock_guard lock(mutex);
    if (frame < 0 || std::size_t(frame) >= offsets.size()) {
      throw Error("{} holds encodings of {} frames; frame {} is not among them", path.string(), offsets.size(), frame);
    }
    if (!mapping || mapping->size < end) mapping = std::make_shared<Mapping>(file, end, path);
    Record found{mapping, {}, {}, {}};
    const std::string_view bytes(mapping->data + offsets[frame], end - offsets[frame]);
    std::memcpy(&found.header, bytes.data(), sizeof found.header);
    if (found.header.own_check != own_check(found.header) || !fits(found.header, bytes.size())) damaged(frame);
    const std::uint64_t global_bytes = found.header.dimension * sizeof(float);
    found.global = bytes.substr(sizeof found.header, global_bytes);
    found.local = bytes.substr(sizeof found.header + padded(global_bytes), found.header.local_bytes);
    return found;
  }

  std::string name(FrameId frame) const { return fmt::format("record {} of {}", frame, path.string()); }
  [[noreturn]] void damaged(FrameId frame) const {
    throw Error("{} is damaged; delete the file and run again", name(frame));
  }

  Eigen::VectorXf global_of(const Record& record, FrameId frame) const {
    if (checksum(record.global) != record.header.global_check) damaged(frame);
    Eigen::VectorXf global(Eigen::Index(record.header.dimension));
    if (!record.global.empty()) std::memcpy(global.data(), record.global.data(), record.global.size());
    return global;
  }
};

EncodingStore::EncodingStore(const fs::path& file, const EncodingKey& key, Access access)
    : impl_(std::make_unique<Impl>()) {
  impl_->path = file;
  impl_->access = access;
  if (access == Access::Append && file.has_parent_path()) fs::create_directories(file.parent_path());
  impl_->open();
  const std::string text = key.text();
  const std::uint64_t size = impl_->file_size();
  if (size == 0 && access == Access::Append) {
    impl_->write_header(text);
    return;
  }
  if (size == 0) throw Error("{} is empty; delete it and run again", file.string());
  const auto whole = std::make_shared<Mapping>(impl_->file, size, file);
  const std::string_view bytes(whole->data, size);
  if (access == Access::Append && size < sizeof(FileHeader) + padded(text.size()) && all_zero(bytes)) {
    impl_->write_header(text);
    return;
  }
  impl_->read_header(text, bytes);
  impl_->find_records(bytes);
  if (access == Access::Append && impl_->end < size && ::ftruncate(impl_->file, off_t(impl_->end)) != 0)
    impl_->fail("write");
}

EncodingStore::~EncodingStore() = default;
EncodingStore::EncodingStore(EncodingStore&&) noexcept = default;

FrameId EncodingStore::size() const {
  const std::lock_guard lock(impl_->mutex);
  return FrameId(impl_->offsets.size());
}

std::uintmax_t EncodingStore::bytes() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->end;
}

const fs::path& EncodingStore::file() const { return impl_->path; }

void EncodingStore::append(const Encoding& encoding) { append(std::span(&encoding, 1)); }

void EncodingStore::append(std::span<const Encoding> encodings) {
  if (impl_->access != Access::Append) throw Error("{} was opened for reading only", impl_->path.string());
  std::string bytes;
  std::vector<std::uint64_t> offsets;
  for (const Encoding& encoding : encodings) {
    const std::string local = encode_arrays(encoding.local);
    const std::size_t global_bytes = std::size_t(encoding.global.size()) * sizeof(float);
    const std::string_view global(reinterpret_cast<const char*>(encoding.global.data()), global_bytes);
    RecordHeader header{};
    header.magic = kRecordMagic;
    header.frame = std::uint32_t(impl_->offsets.size() + offsets.size());
    header.dimension = std::uint64_t(encoding.global.size());
    header.local_bytes = local.size();
    header.global_check = checksum(global);
    header.local_check = checksum(local);
    header.own_check = own_check(header);
    offsets.push_back(impl_->end + bytes.size());
    append_padded(bytes, &header, sizeof header);
    append_padded(bytes, global.data(), global.size());
    append_padded(bytes, local.data(), local.size());
  }
  impl_->write(bytes, impl_->end);
  impl_->flush();
  const std::lock_guard lock(impl_->mutex);
  impl_->end += bytes.size();
  impl_->offsets.insert(impl_->offsets.end(), offsets.begin(), offsets.end());
}

Encoding EncodingStore::load(FrameId frame) const {
  const Record record = impl_->record(frame);
  if (checksum(record.local) != record.header.local_check) impl_->damaged(frame);
  return {impl_->global_of(record, frame), decode_arrays(record.local, impl_->name(frame))};
}

Eigen::VectorXf EncodingStore::global(FrameId frame) const { return impl_->global_of(impl_->record(frame), frame); }

Descriptors EncodingStore::descriptors() const {
  Descriptors descriptors;
  for (FrameId frame = 0; frame < size(); ++frame) {
    const Eigen::VectorXf row = global(frame);
    if (frame == 0) descriptors.resize(size(), row.size());
    if (row.size() != descriptors.cols()) {
      throw Error("record {} of {} has {} numbers, record 0 has {}; delete the file and run again", frame,
                  impl_->path.string(), row.size(), descriptors.cols());
    }
    descriptors.row(frame) = row;
  }
  return descriptors;
}

}  // namespace relocus
