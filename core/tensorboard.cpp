#include "core/tensorboard.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "core/error.h"
#include "core/files.h"

namespace relocus {
namespace {

static_assert(std::endian::native == std::endian::little);

// Protocol buffers, as far as an Event needs them (tensorflow/core/util/event.proto, framework/summary.proto): a field
// is its number and type in one byte, then its value.
enum class Wire { Varint = 0, Fixed64 = 1, Text = 2, Fixed32 = 5 };

template <class T>
std::string raw(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value > 0x7f; value >>= 7) bytes.push_back(char(value | 0x80));
  bytes.push_back(char(value));
  return bytes;
}

std::string field(int number, Wire wire, const std::string& value) {
  return std::string(1, char(number << 3 | int(wire))) + value;
}
std::string text_field(int number, const std::string& text) {
  return field(number, Wire::Text, varint(text.size()) + text);
}

std::string event(std::int64_t step, const std::string& what) {
  const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  return field(1, Wire::Fixed64, raw(now)) + field(2, Wire::Varint, varint(std::uint64_t(step))) + what;
}
std::string file_version() { return text_field(3, "brain.Event:2"); }
std::string session_start() { return text_field(7, field(1, Wire::Varint, varint(1))); }
std::string summary(const std::vector<std::pair<std::string, double>>& values) {
  std::string all;
  for (const auto& [tag, value] : values)
    all += text_field(1, text_field(1, tag) + field(2, Wire::Fixed32, raw(float(value))));
  return text_field(5, all);
}

std::uint32_t masked_crc(std::string_view bytes) { return std::rotr(crc32c(bytes), 15) + 0xa282ead8u; }

std::string host_name() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  static const auto table = [] {
    constexpr std::uint32_t kReversedPolynomial = 0x82f63b78u;
    std::array<std::uint32_t, 256> made{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? kReversedPolynomial : 0u);
      made[i] = value;
    }
    return made;
  }();
  std::uint32_t crc = ~0u;
  for (const char byte : bytes) crc = crc >> 8 ^ table[(crc ^ std::uint8_t(byte)) & 0xff];
  return ~crc;
}

std::string tf_record(std::string_view data) {
  const std::string length = raw(std::uint64_t(data.size()));
  return length + raw(masked_crc(length)) + std::string(data) + raw(masked_crc(data));
}

EventFile::EventFile(const std::filesystem::path& folder, std::int64_t resumed_step) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  for (int attempt = 0; descriptor_ < 0; ++attempt) {
    file_ = folder / fmt::format("events.out.tfevents.{:010}.{}.{}.{}", seconds, host_name(), ::getpid(), attempt);
    descriptor_ = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
    if (descriptor_ < 0 && errno != EEXIST) fail_to_write(file_, errno);
  }
  append(event(0, file_version()));
  if (resumed_step > 0) append(event(resumed_step + 1, session_start()));
}

EventFile::~EventFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

EventFile::EventFile(EventFile&& other) noexcept
    : file_(std::move(other.file_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

void EventFile::add(std::int64_t step, const std::vector<std::pair<std::string, double>>& values) {
  append(event(step, summary(values)));
}

void EventFile::append(const std::string& event) {
  const std::string record = tf_record(event);
  const ssize_t written = ::write(descriptor_, record.data(), record.size());
  if (written != ssize_t(record.size())) fail_to_write(file_, written < 0 ? errno : ENOSPC);
}

}  // namespace relocus
