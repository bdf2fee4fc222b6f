#include "app/review_book.h"

#include <QElapsedTimer>
#include <QStringList>
#include <algorithm>
#include <chrono>
#include <utility>

#include "app/job.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr auto kMoment = std::chrono::milliseconds(400);  // typing is written once
constexpr int kOneGesture = 1500;                         // [ms] typing is undone at once
constexpr int kReviewCommand = 7001;                      // QUndoCommand::id()
const char* const kFile = "reviews.json";

QString text(const fs::path& path) { return QString::fromStdString(path.string()); }

/// A name beside `file` that is not taken.
fs::path backup_of(const fs::path& file) {
  fs::path backup = file.string() + ".bak";
  for (int i = 2; fs::exists(backup); ++i) backup = file.string() + ".bak" + std::to_string(i);
  return backup;
}

fs::path folder_of(const fs::path& experiment) {
  return fs::is_regular_file(experiment) ? experiment.parent_path() : experiment;
}

/// What of a review was changed: typing goes on in the same field.
int changed_field(const Review& before, const Review& after) {
  return before.note != after.note ? 1 : before.tags != after.tags ? 2 : 0;
}

}  // namespace

class ReviewChange : public QUndoCommand {
 public:
  ReviewChange(ReviewBook& book, const FramePair& pair, Review before, Review after, const QString& words)
      : QUndoCommand(words),
        book_(book),
        pair_(pair),
        before_(std::move(before)),
        after_(std::move(after)),
        experiment_(book.experiment_),
        opened_(book.opened_) {
    since_.start();
  }

  int id() const override { return kReviewCommand; }
  void redo() override { apply(after_); }
  void undo() override { apply(before_); }
  bool mergeWith(const QUndoCommand* other) override {
    const auto* later = static_cast<const ReviewChange*>(other);
    const int field = changed_field(before_, after_);
    if (later->pair_ != pair_ || later->experiment_ != experiment_ || later->opened_ != opened_ || field == 0 ||
        since_.elapsed() > kOneGesture || changed_field(later->before_, later->after_) != field)
      return false;
    after_ = later->after_;
    since_.restart();
    return true;
  }

 private:
  void apply(const Review& review) {
    if (opened_ == book_.opened_ && book_.go_to(experiment_))
      book_.set(pair_, review);
    else
      setObsolete(true);  // of an experiment that is no longer open
  }

  ReviewBook& book_;
  FramePair pair_;
  Review before_, after_;
  int experiment_, opened_;
  QElapsedTimer since_;
};

ReviewBook::ReviewBook(QUndoStack& undo, QObject* parent) : QObject(parent), undo_(undo) {
  timer_.setSingleShot(true);
  timer_.setInterval(kMoment);
  connect(&timer_, &QTimer::timeout, this, &ReviewBook::flush);
}

ReviewBook::~ReviewBook() { flush(); }

void ReviewBook::open(std::vector<std::int64_t> numbers) {
  flush();
  numbers_ = std::move(numbers);
  books_ = {{0, {}}};
  experiment_ = heir_ = 0;
  ++opened_;
  Q_EMIT changed();
}

void ReviewBook::turn_to(int experiment, const fs::path& path) {
  flush();
  experiment_ = experiment;
  const fs::path folder = folder_of(path);
  if (Book& book = books_[experiment]; book.folder != folder) {
    book.folder = folder;
    read(book);
  }
  Q_EMIT changed();
}

void ReviewBook::begin(int experiment, const fs::path& folder) {
  if (Book& before = books_[0]; !before.reviews.empty() && !books_.contains(experiment)) {
    books_[experiment] = {folder_of(folder), std::exchange(before.reviews, {}), true};
    heir_ = experiment;
  }
  turn_to(experiment, folder);
}

void ReviewBook::read(Book& book) {
  book.damaged = false;
  const fs::path file = book.folder / kFile;
  if (book.folder.empty() || !fs::exists(file)) return;
  book.reviews.clear();
  book.dirty = false;
  try {
    book.reviews = read_reviews(file, numbers_);
  } catch (const std::exception& error) {
    book.damaged = true;
    Q_EMIT failed(tr("%1. It stays as it is until you review a pair; then it is kept as reviews.json.bak.")
                      .arg(message_of(error)));
  }
}

void ReviewBook::save_in(int experiment, const fs::path& folder) {
  const auto found = books_.find(experiment);
  if (found == books_.end() || found->second.folder == folder) return flush();
  Book& book = found->second;
  book.folder = folder;
  book.damaged = fs::exists(folder / kFile);  // somebody's words: they are put aside, not lost
  book.dirty = !book.reviews.empty();
  flush();
}

void ReviewBook::forget(int experiment) {
  flush();
  if (experiment != 0) books_.erase(experiment);
  if (experiment_ == experiment) experiment_ = 0;
}

/// Whether its reviews are the present ones now; not, when it is no longer open.
bool ReviewBook::go_to(int experiment) {
  if (experiment == 0) experiment = heir_;
  if (experiment != experiment_) Q_EMIT experiment_wanted(experiment);
  return experiment == experiment_;
}

Review ReviewBook::review(FrameId query, FrameId candidate) const {
  const auto found = all().find({query, candidate});
  return found == all().end() ? Review() : found->second;
}

QStringList ReviewBook::known_tags() const {
  std::map<std::string, int> counts;
  for (const auto& [pair, review] : all())
    for (const std::string& tag : review.tags) ++counts[tag];
  std::vector<std::pair<int, std::string>> order;
  for (const auto& [tag, count] : counts) order.emplace_back(-count, tag);
  std::ranges::sort(order);
  QStringList tags;
  for (const auto& [count, tag] : order) tags << QString::fromStdString(tag);
  return tags;
}

std::vector<FramePair> ReviewBook::loops() const {
  std::vector<FramePair> pairs;
  for (const auto& [pair, review] : all())
    if (review.added) pairs.push_back(pair);
  return pairs;
}

void ReviewBook::edit(FrameId query, FrameId candidate, const Review& wanted) {
  const FramePair pair(query, candidate);
  const Review before = review(query, candidate);
  const auto count = FrameId(numbers_.size());
  if (before == wanted || query < 0 || candidate < 0 || query >= count || candidate >= count) return;
  const QString words = before.added != wanted.added ? (wanted.added ? tr("loop by hand") : tr("removal of a loop"))
                        : before.opinion != wanted.opinion ? tr("verdict")
                        : before.tags != wanted.tags       ? tr("tags")
                                                           : tr("note");
  undo_.push(new ReviewChange(*this, pair, before, wanted, words));
}

void ReviewBook::set(const FramePair& pair, const Review& review) {
  Book& book = this->book();
  if (review.is_empty())
    book.reviews.erase(pair);
  else
    book.reviews[pair] = review;
  book.dirty = true;
  if (!book.folder.empty()) timer_.start();
  Q_EMIT changed();
}

void ReviewBook::flush() {
  timer_.stop();
  for (auto& [experiment, book] : books_)
    if (book.dirty && !book.folder.empty()) write(book);
}

void ReviewBook::write(Book& book) {
  const fs::path file = book.folder / kFile;
  try {
    if (book.damaged && fs::exists(file)) {
      const fs::path backup = backup_of(file);
      fs::rename(file, backup);
      Q_EMIT logged(tr("What lay in %1 is kept as %2").arg(text(file), text(backup)));
    }
    book.damaged = false;
    write_reviews(file, book.reviews, numbers_);
    book.dirty = false;
  } catch (const std::exception& error) {
    Q_EMIT failed(tr("Your reviews are not saved: %1").arg(message_of(error)));  // the next change tries again
  }
}

}  // namespace relocus
