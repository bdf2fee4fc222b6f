#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace relocus {

/// Writes scalars as TensorBoard reads them: events.out.tfevents.TIME.HOST.PROCESS in a folder. The file is a sequence
/// of TFRecords, each a protobuf message `tensorflow.Event`.
class EventFile {
 public:
  /// Makes a new file. After a resume TensorBoard forgets what older files of the folder tell of steps behind
  /// `resumed_step`.
  explicit EventFile(const std::filesystem::path& folder, std::int64_t resumed_step = 0);
  ~EventFile();
  EventFile(EventFile&&) noexcept;

  /// Appends the values of one step; they are handed to the system when it returns.
  void add(std::int64_t step, const std::vector<std::pair<std::string, double>>& values);
  const std::filesystem::path& file() const { return file_; }

 private:
  void append(const std::string& event);

  std::filesystem::path file_;
  int descriptor_ = -1;
};

/// CRC-32C (Castagnoli), as RFC 3720 has it.
std::uint32_t crc32c(std::string_view bytes);

/// Length, data and their checksums, as a file of TFRecords holds them.
std::string tf_record(std::string_view data);

}  // namespace relocus
