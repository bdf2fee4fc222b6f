#include "widgets/candidate_table.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QStyledItemDelegate>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "widgets/fitting_columns.h"
#include "widgets/number_sort.h"

namespace relocus {
namespace {

constexpr int kPicture = 40;  // [px] side of a scan's picture

/// Shapes beside words stay small while pictures are large.
class SmallIcons : public QStyledItemDelegate {
 public:
  using QStyledItemDelegate::QStyledItemDelegate;

 protected:
  void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override {
    QStyledItemDelegate::initStyleOption(option, index);
    option->decorationSize = {16, 16};
  }
};

}  // namespace

CandidateTable::CandidateTable(QWidget* parent) : QWidget(parent) {
  model_ = new CandidateModel(this);
  sorted_ = new NumberSort(this);
  sorted_->setSourceModel(model_);
  table_ = new QTableView;
  table_->setModel(sorted_);
  table_->setSortingEnabled(true);
  table_->sortByColumn(CandidateModel::Rank, Qt::AscendingOrder);
  table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  table_->setSelectionMode(QAbstractItemView::SingleSelection);
  table_->setEditTriggers(QAbstractItemView::NoEditTriggers);
  table_->setItemDelegateForColumn(CandidateModel::Correct, new SmallIcons(table_));
  table_->setItemDelegateForColumn(CandidateModel::Verified, new SmallIcons(table_));
  table_->setAlternatingRowColors(true);
  table_->setShowGrid(false);
  table_->setTabKeyNavigation(false);
  table_->setAccessibleName(tr("Candidates of the selected query"));
  table_->verticalHeader()->hide();
  table_->horizontalHeader()->setHighlightSections(false);
  table_->horizontalHeader()->setMinimumSectionSize(24);
  table_->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
  columns_ =
      new FittingColumns(*table_, {CandidateModel::Yaw, CandidateModel::Distance, CandidateModel::Before,
                                   CandidateModel::TrueOverlap, CandidateModel::Correct, CandidateModel::TrueDistance});
  headline_ = new QLabel;
  headline_->setTextFormat(Qt::PlainText);
  headline_->setWordWrap(true);
  headline_->setContentsMargins(6, 4, 6, 4);

  pictures_ = new QToolButton;
  pictures_->setText(tr("Pictures"));
  pictures_->setToolTip(tr("Show the scans from above beside their frames"));
  pictures_->setCheckable(true);
  pictures_->setChecked(true);
  connect(pictures_, &QToolButton::toggled, this, &CandidateTable::fit_rows);
  fit_rows();

  auto* top = new QHBoxLayout;
  top->setContentsMargins(0, 2, 4, 2);
  top->addWidget(headline_, 1);
  top->addWidget(pictures_);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addLayout(top);
  layout->addWidget(table_, 1);
  setFocusProxy(table_);

  connect(table_->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex& current) {
    if (telling_ && current.isValid()) Q_EMIT candidate_selected(frame_at(current));
  });
  connect(table_, &QTableView::activated, this,
          [this](const QModelIndex& index) { Q_EMIT candidate_activated(frame_at(index)); });
  clear();
}

FrameId CandidateTable::frame_at(const QModelIndex& sorted) const {
  return model_->row(sorted_->mapToSource(sorted).row()).candidate.frame;
}

void CandidateTable::show_candidates(std::int64_t query, std::vector<CandidateRow> rows) {
  telling_ = false;
  if (query < 0)
    headline_->setText(tr("Run a method, then select a frame to see its candidates"));
  else if (rows.empty())
    headline_->setText(
        tr("Frame %1 has no candidates: the protocol admits none for it, or nothing was asked").arg(query));
  else
    headline_->setText(rows.size() == 1 ? tr("Frame %1: 1 candidate").arg(query)
                                        : tr("Frame %1: %2 candidates").arg(query).arg(rows.size()));
  table_->setVisible(query >= 0 && !rows.empty());
  pictures_->setVisible(query >= 0 && !rows.empty());
  const bool reranked =
      std::ranges::any_of(rows, [](const CandidateRow& row) { return !std::isnan(row.candidate.similarity); });
  const bool has_yaw =
      std::ranges::any_of(rows, [](const CandidateRow& row) { return !std::isnan(row.candidate.yaw); });
  const bool has_verified = std::ranges::any_of(rows, [](const CandidateRow& row) { return row.verified.has_value(); });
  const bool has_before =
      reranked && std::ranges::any_of(rows, [](const CandidateRow& row) { return row.rank_before > 0; });
  const bool has_truth =
      std::ranges::any_of(rows, [](const CandidateRow& row) { return std::isfinite(row.true_distance); });
  model_->show_candidates(std::move(rows));
  std::set<int> empty;
  if (!has_truth) empty.insert({CandidateModel::TrueDistance, CandidateModel::TrueOverlap});
  if (!has_before) empty.insert(CandidateModel::Before);
  if (!reranked) empty.insert(CandidateModel::Similarity);
  if (!has_yaw) empty.insert(CandidateModel::Yaw);
  if (!has_verified) empty.insert(CandidateModel::Verified);
  columns_->show_empty(empty);
  if (const std::array columns{reranked, has_yaw, has_before, has_verified, has_truth};
      model_->rowCount() > 0 && columns != fitted_columns_) {
    fitted_columns_ = columns;  // once: from then on they are as wide as the person makes them
    fit_columns();
  }
  telling_ = true;
}

void CandidateTable::show_overlap(FrameId frame, double overlap) { model_->show_overlap(frame, overlap); }

void CandidateTable::fit_rows() {
  const int text = table_->fontMetrics().height() + 6;
  const bool shown = pictures_->isChecked();
  table_->setIconSize(shown ? QSize(kPicture, kPicture) : QSize(16, 16));
  table_->verticalHeader()->setDefaultSectionSize(shown ? std::max(text, kPicture + 4) : text);
}

/// As narrow as the numbers allow: room for the arrow is kept only where it stands.
void CandidateTable::fit_columns() {
  auto* header = table_->horizontalHeader();
  header->setSortIndicatorShown(false);
  columns_->show_all();
  table_->resizeColumnsToContents();
  header->setSortIndicatorShown(true);
  if (pictures_->isChecked())  // they come later
    header->resizeSection(CandidateModel::Frame, header->sectionSize(CandidateModel::Frame) + kPicture + 4);
  header->resizeSection(header->sortIndicatorSection(), header->sectionSizeHint(header->sortIndicatorSection()));
  columns_->fit();
}

void CandidateTable::show_candidate(std::optional<FrameId> frame) {
  telling_ = false;
  const auto row = frame ? model_->row_of(*frame) : std::nullopt;
  if (row) {
    const QModelIndex index = sorted_->mapFromSource(model_->index(*row, 0));
    table_->selectionModel()->setCurrentIndex(index, QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
    table_->scrollTo(index);
  } else {
    table_->selectionModel()->clear();
  }
  telling_ = true;
}

void CandidateTable::clear() { show_candidates(-1, {}); }

}  // namespace relocus
