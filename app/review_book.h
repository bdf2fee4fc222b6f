#pragma once

#include <QObject>
#include <QTimer>
#include <QUndoStack>
#include <filesystem>
#include <vector>

#include "core/reviews.h"

namespace relocus {

/// What a person thinks of pairs of the open sequence: every change can be undone, and is written into the experiment's
/// folder a moment later. Without a folder it is kept until the experiment is saved.
class ReviewBook : public QObject {
  Q_OBJECT

 public:
  /// `undo` takes the changes and outlives the book.
  explicit ReviewBook(QUndoStack& undo, QObject* parent = nullptr);
  ~ReviewBook() override;  ///< writes what is not written yet

  /// A sequence (`numbers`: Frame::number of its frames) and the folder of an experiment on it (or its
  /// experiment.json), or none. Reads what the folder holds. A file that cannot be read is told by failed(), and put
  /// aside as reviews.json.bak before anything is written in its place.
  void open(std::vector<std::int64_t> numbers, const std::filesystem::path& folder);
  /// Another experiment on the same sequence. Each that is saved has its own reviews; those that are not share theirs.
  void turn_to(const std::filesystem::path& folder);
  /// The experiment is saved there from now on, and its reviews with it.
  void save_in(const std::filesystem::path& folder);

  const Reviews& all() const { return reviews_; }
  Review review(FrameId query, FrameId candidate) const;  ///< an empty one where there is none
  /// Tags that were given, the most frequent first.
  QStringList known_tags() const;
  std::vector<FramePair> loops() const;  ///< added by hand

  void edit(FrameId query, FrameId candidate, const Review& review);
  void flush();  ///< writes at once

 Q_SIGNALS:
  void changed();
  void failed(const QString& message);
  void logged(const QString& message);

 private:
  friend class ReviewChange;
  void set(const FramePair& pair, const Review& review);
  void read();
  void write();

  QUndoStack& undo_;
  QTimer timer_;
  std::filesystem::path folder_;
  std::vector<std::int64_t> numbers_;
  Reviews reviews_, unsaved_;
  bool dirty_ = false;
  bool damaged_ = false;  // what lies in the folder cannot be read: it is put aside first
  int opened_ = 0;        // how often: changes of what was open before are void
};

}  // namespace relocus
