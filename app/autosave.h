#pragma once

#include <QLockFile>
#include <QObject>
#include <QTimer>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "app/job.h"

namespace relocus {

/// Keeps what somebody is looking at on disk, so that a crash loses nothing. Each running program has a place of its
/// own (a lock says so); what lies in a place whose program is gone was left by a crash.
class Autosave : public QObject {
  Q_OBJECT

 public:
  /// `text` is asked for what to keep, a moment after note_change(). Without a free place or a writable folder nothing
  /// is kept, and problem() tells why.
  Autosave(std::filesystem::path folder, std::function<std::string()> text, QObject* parent = nullptr);
  ~Autosave() override;  ///< writes nothing more; what was kept stays (finish() removes it)

  /// What a program that ended without finish() left, moved aside so that it stays until it is forgotten.
  std::optional<std::filesystem::path> left_over() const;
  void forget_left_over();

  void note_change();
  void finish();  ///< the program ends as it should

 Q_SIGNALS:
  void problem(const QString& sentence);

 private:
  void take_place();
  void save();
  std::filesystem::path file(int place) const;
  std::filesystem::path kept_file() const;

  std::filesystem::path folder_;
  std::function<std::string()> text_;
  std::unique_ptr<QLockFile> lock_;
  int place_ = 0;  // 0: none
  QTimer clock_;
  JobRunner writer_;
  std::string written_;
};

/// Where programs of this person keep such things.
std::filesystem::path autosave_folder();

}  // namespace relocus
