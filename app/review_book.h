#pragma once

#include <QObject>
#include <QTimer>
#include <QUndoStack>
#include <filesystem>
#include <map>
#include <vector>

#include "core/reviews.h"

namespace relocus {

/// What a person thinks of pairs of the open sequence. Each experiment has its own reviews (0: there is none yet):
/// every change can be undone, and is written into the experiment's folder a moment later. Without a folder it is kept
/// until the experiment is saved.
class ReviewBook : public QObject {
  Q_OBJECT

 public:
  /// `undo` takes the changes and outlives the book.
  explicit ReviewBook(QUndoStack& undo, QObject* parent = nullptr);
  ~ReviewBook() override;  ///< writes what is not written yet

  /// A sequence (`numbers`: Frame::number of its frames), of which no experiment is looked at yet.
  void open(std::vector<std::int64_t> numbers);
  /// An experiment on the sequence, in that folder (or with that experiment.json), or none. What the folder holds is
  /// read. A file that cannot be read is told by failed(), and put aside as reviews.json.bak before anything is written
  /// in its place.
  void turn_to(int experiment, const std::filesystem::path& folder);
  /// The same of one that was just made. What was said before there was any is said of it.
  void begin(int experiment, const std::filesystem::path& folder);
  /// The experiment is saved there from now on, and its reviews with it.
  void save_in(int experiment, const std::filesystem::path& folder);
  void forget(int experiment);  ///< it is closed; what it has not written yet is written

  const Reviews& all() const { return book().reviews; }
  Review review(FrameId query, FrameId candidate) const;  ///< an empty one where there is none
  /// Tags that were given, the most frequent first.
  QStringList known_tags() const;
  std::vector<FramePair> loops() const;  ///< added by hand

  void edit(FrameId query, FrameId candidate, const Review& review);
  void flush();  ///< writes at once

 Q_SIGNALS:
  void changed();
  void experiment_wanted(int experiment);  ///< a change of its reviews is undone, or done again
  void failed(const QString& message);
  void logged(const QString& message);

 private:
  friend class ReviewChange;
  /// Of one experiment.
  struct Book {
    std::filesystem::path folder;
    Reviews reviews;
    bool dirty = false;
    bool damaged = false;  // what lies in the folder cannot be read: it is put aside first
  };
  Book& book() { return books_[experiment_]; }
  const Book& book() const { return books_.at(experiment_); }
  bool go_to(int experiment);
  void set(const FramePair& pair, const Review& review);
  void read(Book& book);
  void write(Book& book);

  QUndoStack& undo_;
  QTimer timer_;
  std::vector<std::int64_t> numbers_;
  std::map<int, Book> books_{{0, {}}};
  int experiment_ = 0;
  int heir_ = 0;    // experiment that took over what was said before there was any
  int opened_ = 0;  // how often: changes of what was open before are void
};

}  // namespace relocus
