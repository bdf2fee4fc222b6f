#include "widgets/failure_model.h"

#include <QApplication>
#include <QLocale>
#include <algorithm>

#include "widgets/icons.h"

namespace relocus {
namespace {

int decimals(int column) {
  switch (column) {
    case FailureModel::Score:
      return 4;
    case FailureModel::TrueDistance:
      return 2;
    case FailureModel::Yaw:
    case FailureModel::Travelled:
      return 0;
    default:
      return 0;
  }
}

bool is_word(int column) {
  return column == FailureModel::Kinds || column == FailureModel::Direction || column == FailureModel::Standstill ||
         column == FailureModel::Verdict || column == FailureModel::Tags;
}

QStringList tags(const Review* review) {
  QStringList words;
  if (review)
    for (const std::string& tag : review->tags) words << QString::fromStdString(tag);
  return words;
}

}  // namespace

QString title(FailureKind kind) {
  switch (kind) {
    case FailureKind::FalsePositive:
      return FailureModel::tr("False positive");
    case FailureKind::Miss:
      return FailureModel::tr("Miss");
    case FailureKind::NearMiss:
      return FailureModel::tr("Near miss");
    case FailureKind::WronglyReranked:
      return FailureModel::tr("Wrongly re-ranked");
    case FailureKind::Rescued:
      return FailureModel::tr("Rescued");
  }
  return {};
}

QString title(Opinion opinion) {
  switch (opinion) {
    case Opinion::Undecided:
      return FailureModel::tr("Undecided");
    case Opinion::Accepted:
      return FailureModel::tr("Accepted");
    case Opinion::Rejected:
      return FailureModel::tr("Rejected");
  }
  return {};
}

FailureModel::FailureModel(QObject* parent) : QAbstractTableModel(parent) {}

void FailureModel::show_failures(std::vector<Failure> failures, std::vector<std::int64_t> numbers) {
  beginResetModel();
  failures_ = std::move(failures);
  std::ranges::stable_sort(failures_, {}, &Failure::query);
  numbers_ = std::move(numbers);
  endResetModel();
}

void FailureModel::show_reviews(const Reviews& reviews) {
  reviews_ = reviews;
  if (!failures_.empty()) Q_EMIT dataChanged(index(0, Verdict), index(rowCount() - 1, Tags));
}

const Review* FailureModel::review(int row) const {
  const Failure& shown = failure(row);
  const auto found = reviews_.find({shown.query, shown.candidate});
  return found == reviews_.end() ? nullptr : &found->second;
}

std::optional<int> FailureModel::row_of(FrameId query) const {
  const auto found = std::ranges::lower_bound(failures_, query, {}, &Failure::query);  // they are in this order
  if (found == failures_.end() || found->query != query) return {};
  return int(found - failures_.begin());
}

int FailureModel::count(FailureKind kind) const {
  return int(std::ranges::count_if(failures_, [kind](const Failure& failure) { return failure.is(kind); }));
}

int FailureModel::count_failures() const { return int(std::ranges::count_if(failures_, &Failure::is_failure)); }

bool FailureModel::is_reranked() const {
  return std::ranges::any_of(failures_, [](const Failure& f) { return f.rank_before != f.rank_after; });
}

int FailureModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(failures_.size()); }

int FailureModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : ColumnCount; }

double FailureModel::number(const Failure& failure, int row, int column) const {
  constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
  switch (column) {
    case Kinds:
      return failure.kinds;
    case Query:
      return failure.query;
    case Answer:
      return failure.candidate < 0 ? nothing : failure.candidate;
    case Score:
      return failure.score;
    case TrueDistance:
      return failure.true_distance;
    case Yaw:
      return failure.yaw_difference;
    case Travelled:
      return failure.travelled;
    case RankBefore:
      return failure.rank_before > 0 ? failure.rank_before : nothing;
    case RankAfter:
      return failure.rank_after > 0 ? failure.rank_after : nothing;
    case Direction:
      return failure.reverse ? double(*failure.reverse) : nothing;
    case Standstill:
      return failure.standstill;
    case Verdict:
      return review(row) ? double(review(row)->opinion) : 0;
    case Tags:
      return review(row) && !review(row)->tags.empty() ? double(review(row)->tags.size()) : nothing;
  }
  return nothing;
}

QString FailureModel::text(const Failure& failure, int row, int column) const {
  const auto frame = [&](FrameId id) {
    const auto at = std::size_t(id);
    return QString::number(at < numbers_.size() ? numbers_[at] : id);
  };
  switch (column) {
    case Kinds: {
      QStringList words;
      for (const FailureKind kind : all_failure_kinds)
        if (failure.is(kind)) words << title(kind);
      return words.join(QStringLiteral(", "));
    }
    case Query:
      return frame(failure.query);
    case Answer:
      return failure.candidate < 0 ? tr("none") : frame(failure.candidate);
    case Direction:
      return !failure.reverse ? tr("–") : *failure.reverse ? tr("Reverse") : tr("Same");
    case Standstill:
      return failure.standstill ? tr("Standing") : QString();
    case Verdict:
      return review(row) && review(row)->opinion != Opinion::Undecided ? title(review(row)->opinion) : QString();
    case Tags:
      return tags(review(row)).join(QStringLiteral(", "));
    default: {
      const double value = number(failure, row, column);
      return std::isnan(value) ? tr("–") : QLocale::c().toString(value, 'f', decimals(column));
    }
  }
}

QVariant FailureModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const Failure& shown = failure(index.row());
  switch (role) {
    case Qt::DisplayRole:
      return text(shown, index.row(), index.column());
    case Qt::UserRole:
      return number(shown, index.row(), index.column());
    case Qt::DecorationRole:
      if (index.column() != Verdict || !review(index.row())) return {};
      if (review(index.row())->opinion == Opinion::Undecided) return {};
      return icon(review(index.row())->opinion == Opinion::Accepted ? Icon::Right : Icon::Wrong,
                  QApplication::palette());
    case Qt::TextAlignmentRole:
      return int(Qt::AlignVCenter | (is_word(index.column()) ? Qt::AlignLeft : Qt::AlignRight));
    case Qt::ToolTipRole:
      if (index.column() == Kinds) return text(shown, index.row(), Kinds);
      if (index.column() >= Verdict && review(index.row()) && !review(index.row())->note.empty())
        return QString::fromStdString(review(index.row())->note);
      if (index.column() == RankAfter && shown.rank_after == 0)
        return shown.reverse ? tr("No right answer is in the list") : tr("There is no right answer: the place is new");
      return headerData(index.column(), Qt::Horizontal, Qt::ToolTipRole);
    default:
      return {};
  }
}

QVariant FailureModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount) return {};
  if (role == Qt::TextAlignmentRole) return int(Qt::AlignVCenter | (is_word(section) ? Qt::AlignLeft : Qt::AlignRight));
  if (role != Qt::DisplayRole && role != Qt::ToolTipRole) return {};
  const bool tip = role == Qt::ToolTipRole;
  switch (section) {
    case Kinds:
      return tip ? tr("What is wrong with the answer") : tr("Kind");
    case Query:
      return tip ? tr("Frame that asked") : tr("Query");
    case Answer:
      return tip ? tr("Frame that was answered first") : tr("Answer");
    case Score:
      return tip ? tr("Score of the answer: higher is more certain") : tr("Score");
    case TrueDistance:
      return tip ? tr("Distance between the two places by ground truth") : tr("True [m]");
    case Yaw:
      return tip ? tr("Difference of the headings by ground truth") : tr("Yaw [°]");
    case Travelled:
      return tip ? tr("Way that was driven between the two frames") : tr("Travelled [m]");
    case RankBefore:
      return tip ? tr("Rank of the first right candidate before re-ranking") : tr("Rank before");
    case RankAfter:
      return tip ? tr("Rank of the first right candidate") : tr("Rank");
    case Direction:
      return tip ? tr("Whether the place was driven the same way before") : tr("Direction");
    case Standstill:
      return tip ? tr("Whether the vehicle stood still: every right answer is of the same halt") : tr("Standstill");
    case Verdict:
      return tip ? tr("What you decided about the pair") : tr("Verdict");
    case Tags:
      return tip ? tr("Your tags") : tr("Tags");
  }
  return {};
}

bool FailureFilter::Range::lets(double value) const {
  if (std::isnan(value)) return std::isinf(from) && std::isinf(to);
  return value >= from && value <= to;
}

bool FailureFilter::lets(const Failure& failure, const Review* review) const {
  if (kind ? !failure.is(*kind) : !failure.is_failure()) return false;
  const double first = failure.rank_after > 0 ? failure.rank_after : std::numeric_limits<double>::quiet_NaN();
  if (!score.lets(failure.score) || !true_distance.lets(failure.true_distance) || !yaw.lets(failure.yaw_difference) ||
      !travelled.lets(failure.travelled) || !rank.lets(first))
    return false;
  if (reverse && failure.reverse != reverse) return false;
  if (opinion && (review ? review->opinion : Opinion::Undecided) != *opinion) return false;
  if (frames && !frames->contains(failure.query) && !frames->contains(failure.candidate)) return false;
  if (tag.isEmpty()) return true;
  return review &&
         (tags(review).join('\n') + '\n' + QString::fromStdString(review->note)).contains(tag, Qt::CaseInsensitive);
}

FilteredFailures::FilteredFailures(FailureModel* model, QObject* parent) : NumberSort(parent), model_(model) {
  setSourceModel(model);
}

void FilteredFailures::set_filter(FailureFilter filter) {
  filter_ = std::move(filter);
  invalidateFilter();
}

bool FilteredFailures::filterAcceptsRow(int row, const QModelIndex&) const {
  return filter_.lets(model_->failure(row), model_->review(row));
}

}  // namespace relocus
