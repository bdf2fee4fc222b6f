#include "app/autosave.h"

#include <QStandardPaths>

#include "core/files.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr int kPlaces = 8;  // programs of one person at once
constexpr auto kAfterChange = 1s;

QString text(const fs::path& path) { return QString::fromStdString(path.string()); }

fs::path backup_of(fs::path path) { return path += ".bak"; }

std::unique_ptr<QLockFile> try_lock(const fs::path& path) {
  auto lock = std::make_unique<QLockFile>(text(path));
  lock->setStaleLockTime(0);  // only the end of its program frees a place
  return lock->tryLock() ? std::move(lock) : nullptr;
}

/// The old one stays beside the new one.
void write_keeping_last(const fs::path& path, const std::string& bytes) {
  std::error_code ignored;
  fs::rename(path, backup_of(path), ignored);
  write_atomically(path, bytes);
}

}  // namespace

fs::path autosave_folder() {
  return fs::path(QStandardPaths::writableLocation(QStandardPaths::AppDataLocation).toStdString()) / "autosave";
}

Autosave::Autosave(fs::path folder, std::function<std::string()> text, QObject* parent)
    : QObject(parent), folder_(std::move(folder)), text_(std::move(text)) {
  clock_.setSingleShot(true);
  clock_.setInterval(kAfterChange);
  connect(&clock_, &QTimer::timeout, this, &Autosave::save);
  connect(&writer_, &JobRunner::failed, this, [this](const QString& message) {
    Q_EMIT problem(tr("The session cannot be kept against a crash: %1").arg(message));
  });
  take_place();
}

Autosave::~Autosave() = default;

fs::path Autosave::file(int place) const { return folder_ / ("session-" + std::to_string(place) + ".relocus"); }

void Autosave::take_place() {
  std::error_code failure;
  fs::create_directories(folder_, failure);
  if (failure) return;
  for (int place = 1; place <= kPlaces; ++place)
    if (auto lock = try_lock(folder_ / ("session-" + std::to_string(place) + ".lock"))) {
      // Any free place may hold what a crash left; the first free one is ours.
      std::error_code absent;
      for (const auto& [left, kept] :
           {std::pair(backup_of(file(place)), backup_of(kept_file())), std::pair(file(place), kept_file())})
        if (fs::exists(left, absent)) fs::rename(left, kept, absent);
      if (!lock_) {
        lock_ = std::move(lock);
        place_ = place;
      }
    }
}

fs::path Autosave::kept_file() const { return folder_ / "left_over.relocus"; }

std::optional<fs::path> Autosave::left_over() const {
  std::error_code absent;
  return fs::exists(kept_file(), absent) ? std::optional(kept_file()) : std::nullopt;
}

void Autosave::forget_left_over() {
  std::error_code ignored;
  fs::remove(kept_file(), ignored);
  fs::remove(backup_of(kept_file()), ignored);
}

void Autosave::note_change() {
  if (place_ && !clock_.isActive()) clock_.start();
}

void Autosave::save() {
  const std::string now = text_();
  if (now == written_) return;
  written_ = now;
  writer_.start([path = file(place_), now](const Progress&) { write_keeping_last(path, now); }, [] {});
}

void Autosave::finish() {
  clock_.stop();
  if (!place_) return;
  writer_.cancel();
  std::error_code ignored;
  fs::remove(file(place_), ignored);
  fs::remove(backup_of(file(place_)), ignored);
  place_ = 0;
  lock_.reset();
}

}  // namespace relocus
