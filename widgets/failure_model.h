#pragma once

#include <QAbstractTableModel>
#include <QStringList>
#include <limits>
#include <optional>
#include <unordered_set>
#include <vector>

#include "core/failures.h"
#include "core/reviews.h"
#include "widgets/number_sort.h"

namespace relocus {

/// "False positive"
QString title(FailureKind kind);
QString title(Opinion opinion);

/// Failures as a table, with what a person thinks of them. Qt::UserRole gives each cell's number for sorting (NaN
/// last).
class FailureModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column {
    Kinds,
    Query,
    Answer,
    Score,
    TrueDistance,
    Yaw,
    Travelled,
    RankBefore,
    RankAfter,
    Direction,
    Standstill,
    Verdict,
    Tags,
    ColumnCount
  };

  explicit FailureModel(QObject* parent = nullptr);

  /// `numbers`: Frame::number of every frame, which people know them by; empty: the same as the positions.
  void show_failures(std::vector<Failure> failures, std::vector<std::int64_t> numbers);
  void show_reviews(const Reviews& reviews);

  const Failure& failure(int row) const { return failures_[std::size_t(row)]; }
  const Review* review(int row) const;  ///< null: none
  std::optional<int> row_of(FrameId query) const;
  int count(FailureKind kind) const;
  int count_failures() const;  ///< rows that are no mere rescues
  bool is_reranked() const;    ///< some rank changed

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

 private:
  QString text(const Failure& failure, int row, int column) const;
  double number(const Failure& failure, int row, int column) const;

  std::vector<Failure> failures_;
  std::vector<std::int64_t> numbers_;
  Reviews reviews_;
};

/// What of the failures is to be seen. A range that is bounded lets nothing through that has no number.
struct FailureFilter {
  struct Range {
    double from = -std::numeric_limits<double>::infinity(), to = std::numeric_limits<double>::infinity();
    bool lets(double value) const;
    bool operator==(const Range&) const = default;
  };
  std::optional<FailureKind> kind;  ///< nothing: every failure, without the rescued
  Range score, true_distance, yaw, travelled, rank;
  std::optional<bool> reverse;
  std::optional<Opinion> opinion;
  QString tag;                                        ///< part of a tag or of the note; empty: any
  std::optional<std::unordered_set<FrameId>> frames;  ///< the query or its answer is one of these

  bool lets(const Failure& failure, const Review* review) const;
};

/// The failures that a filter lets through, sorted by numbers.
class FilteredFailures : public NumberSort {
 public:
  explicit FilteredFailures(FailureModel* model, QObject* parent = nullptr);

  void set_filter(FailureFilter filter);
  const FailureFilter& filter() const { return filter_; }

 protected:
  bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

 private:
  FailureModel* model_;
  FailureFilter filter_;
};

}  // namespace relocus
