#include "widgets/failure_table.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>

#include "widgets/failure_filter_form.h"
#include "widgets/fitting_columns.h"
#include "widgets/folding_tabs.h"
#include "widgets/icons.h"

namespace relocus {
namespace {

QString plural(FailureKind kind) {
  switch (kind) {
    case FailureKind::FalsePositive:
      return FailureTable::tr("False positives");
    case FailureKind::Miss:
      return FailureTable::tr("Misses");
    case FailureKind::NearMiss:
      return FailureTable::tr("Near misses");
    case FailureKind::WronglyReranked:
      return FailureTable::tr("Wrongly re-ranked");
    case FailureKind::Rescued:
      return FailureTable::tr("Rescued");
  }
  return {};
}

QString meaning(FailureKind kind) {
  switch (kind) {
    case FailureKind::FalsePositive:
      return FailureTable::tr("Wrong answers whose score reaches the threshold");
    case FailureKind::Miss:
      return FailureTable::tr("Places that were seen before and whose answer does not reach the threshold");
    case FailureKind::NearMiss:
      return FailureTable::tr("A right answer stands next in the list, or the answer lies just outside the radius");
    case FailureKind::WronglyReranked:
      return FailureTable::tr("Right after the first stage, wrong after the second");
    case FailureKind::Rescued:
      return FailureTable::tr("Wrong after the first stage, right after the second: no failures");
  }
  return {};
}

}  // namespace

FailureTable::FailureTable(QWidget* parent) : QWidget(parent) {
  model_ = new FailureModel(this);
  filtered_ = new FilteredFailures(model_, this);
  make_bar();
  table_ = new QTableView;
  table_->setModel(filtered_);
  table_->setSortingEnabled(true);
  table_->sortByColumn(FailureModel::Query, Qt::AscendingOrder);
  table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  table_->setSelectionMode(QAbstractItemView::SingleSelection);
  table_->setEditTriggers(QAbstractItemView::NoEditTriggers);
  table_->setAlternatingRowColors(true);
  table_->setShowGrid(false);
  table_->setTabKeyNavigation(false);
  table_->setAccessibleName(tr("Failures"));
  table_->verticalHeader()->hide();
  table_->verticalHeader()->setDefaultSectionSize(table_->fontMetrics().height() + 6);
  table_->horizontalHeader()->setHighlightSections(false);
  table_->horizontalHeader()->setSectionsMovable(true);
  table_->horizontalHeader()->setMinimumSectionSize(24);
  table_->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
  columns_ = new FittingColumns(
      *table_, {FailureModel::Tags, FailureModel::Standstill, FailureModel::Travelled, FailureModel::RankBefore,
                FailureModel::RankAfter, FailureModel::Direction, FailureModel::Verdict, FailureModel::Yaw,
                FailureModel::Kinds, FailureModel::Answer});
  columns_->let_grow(FailureModel::Kinds);
  auto* column = static_cast<QVBoxLayout*>(layout());
  column->addWidget(table_, 1);
  column->addWidget(empty_, 1);
  setFocusProxy(table_);
  connect(table_->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex& current) {
    if (!telling_ || !current.isValid()) return;
    const Failure& chosen = model_->failure(filtered_->mapToSource(current).row());
    query_ = chosen.query;
    Q_EMIT pair_selected(chosen.query, chosen.candidate);
  });
  show_empty(tr("Run a method to see where it fails (Ctrl+R)."));
}

void FailureTable::make_bar() {
  kinds_ = new FoldingTabs;
  kinds_->setAccessibleName(tr("Kind of failure"));
  kinds_->addTab(tr("All"));
  kinds_->setTabToolTip(0, tr("Everything that went wrong"));
  for (const FailureKind kind : all_failure_kinds) kinds_->setTabToolTip(kinds_->addTab(plural(kind)), meaning(kind));
  connect(kinds_, &QTabBar::currentChanged, this, &FailureTable::apply_filter);

  const auto tool = [](const QString& name, const QString& tip, bool checkable) {
    auto* button = new QToolButton;
    button->setAutoRaise(true);
    button->setCheckable(checkable);
    button->setToolTip(tip);
    button->setAccessibleName(name);
    return button;
  };
  previous_ = tool(tr("Previous failure"), tr("The row above this one (Shift+F)"), false);
  next_ = tool(tr("Next failure"), tr("The row below this one (F)"), false);
  filter_ = tool(tr("Filter"), tr("Show only failures between bounds"), true);
  frames_ =
      tool(tr("Selected on the map"), tr("Show only failures of frames that are selected on the trajectory"), true);
  frames_->setText(tr("Map selection"));
  frames_->setChecked(true);
  frames_->hide();
  clear_ = tool(tr("Remove the filter"), tr("Remove all bounds"), false);
  connect(previous_, &QToolButton::clicked, this, &FailureTable::previous);
  connect(next_, &QToolButton::clicked, this, &FailureTable::next);
  connect(frames_, &QToolButton::toggled, this, &FailureTable::apply_filter);
  form_ = new FailureFilterForm;
  form_->hide();
  connect(filter_, &QToolButton::toggled, form_, &QWidget::setVisible);
  connect(form_, &FailureFilterForm::edited, this, &FailureTable::apply_filter);
  connect(clear_, &QToolButton::clicked, form_, &FailureFilterForm::clear);
  count_ = new QLabel;
  count_->setTextFormat(Qt::PlainText);
  count_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  count_->setAccessibleName(tr("Rows shown"));
  count_->setMinimumWidth(1);
  empty_ = new QLabel;
  empty_->setWordWrap(true);
  empty_->setAlignment(Qt::AlignCenter);
  empty_->setMargin(12);
  empty_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  colour_icons();

  auto* bar = new QHBoxLayout;
  bar->setContentsMargins(4, 2, 4, 2);
  bar->setSpacing(2);
  for (QToolButton* button : {previous_, next_}) bar->addWidget(button);
  bar->addSpacing(4);
  bar->addWidget(count_, 1);
  for (QToolButton* button : {frames_, clear_, filter_}) bar->addWidget(button);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addWidget(kinds_);
  layout->addLayout(bar);
  layout->addWidget(form_);
}

void FailureTable::colour_icons() {
  for (const auto& [button, picture] : {std::pair(previous_, Icon::Back), std::pair(next_, Icon::Forward),
                                        std::pair(filter_, Icon::Filter), std::pair(clear_, Icon::Clear)})
    button->setIcon(icon(picture, palette()));
}

void FailureTable::show_failures(std::vector<Failure> failures, std::vector<std::int64_t> numbers) {
  telling_ = false;
  empty_text_.clear();
  model_->show_failures(std::move(failures), std::move(numbers));
  columns_->show_empty(model_->is_reranked() ? std::set<int>() : std::set<int>{FailureModel::RankBefore});
  kinds_->setTabText(0, tr("All %L1").arg(model_->count_failures()));
  for (const FailureKind kind : all_failure_kinds)
    kinds_->setTabText(1 + int(kind), tr("%1 %L2").arg(plural(kind)).arg(model_->count(kind)));
  if (!fitted_ && model_->rowCount() > 0) {
    fitted_ = true;  // once: from then on they are as wide as the person makes them
    fit_columns();
  }
  tell_counts();
  telling_ = true;
  show_query(query_);
}

void FailureTable::show_reviews(const Reviews& reviews) {
  model_->show_reviews(reviews);
  tell_counts();
}

void FailureTable::show_query(FrameId query) {
  query_ = query;
  const auto row = model_->row_of(query);
  const QModelIndex index = row ? filtered_->mapFromSource(model_->index(*row, 0)) : QModelIndex();
  telling_ = false;
  select(index.isValid() ? std::optional(index.row()) : std::nullopt);
  telling_ = true;
}

void FailureTable::show_frames(const std::vector<FrameId>& frames) {
  frames_chosen_ = frames;
  frames_->setVisible(!frames.empty());
  frames_->setText(tr("Map selection (%L1)").arg(frames.size()));
  apply_filter();
}

void FailureTable::show_empty(const QString& text) {
  show_failures({}, {});
  empty_text_ = text;
  tell_counts();
}

void FailureTable::choose_kind(std::optional<FailureKind> kind) { kinds_->setCurrentIndex(kind ? 1 + int(*kind) : 0); }

void FailureTable::apply_filter() {
  FailureFilter filter = form_->filter();
  if (kinds_->currentIndex() > 0) filter.kind = FailureKind(kinds_->currentIndex() - 1);
  if (!frames_chosen_.empty() && frames_->isChecked())
    filter.frames = std::unordered_set<FrameId>(frames_chosen_.begin(), frames_chosen_.end());
  telling_ = false;
  filtered_->set_filter(std::move(filter));
  telling_ = true;
  tell_counts();
  show_query(query_);
}

void FailureTable::tell_counts() {
  const int shown = filtered_->rowCount();
  const bool filtered = !form_->is_empty() || filtered_->filter().frames;
  clear_->setVisible(!form_->is_empty());
  count_->setText(shown == 1 ? tr("1 row") : tr("%L1 rows").arg(shown));
  if (filtered) count_->setText(tr("%1, filtered").arg(count_->text()));
  if (!empty_text_.isEmpty()) count_->clear();
  for (QToolButton* button : {previous_, next_}) button->setEnabled(shown > 0);
  QString why = empty_text_;
  if (why.isEmpty() && shown == 0)
    why = filtered                 ? tr("The filter lets no row through.")
          : model_->rowCount() > 0 ? tr("There is nothing of this kind at this threshold.")
                                   : tr("No failures: every answer is right at this threshold.");
  empty_->setText(why);
  empty_->setVisible(!why.isEmpty());
  table_->setVisible(why.isEmpty());
}

/// As narrow as the numbers allow: room for the arrow is kept only where it stands.
void FailureTable::fit_columns() {
  auto* header = table_->horizontalHeader();
  header->setSortIndicatorShown(false);
  columns_->show_all();
  table_->resizeColumnsToContents();
  header->setSortIndicatorShown(true);
  header->resizeSection(header->sortIndicatorSection(), header->sectionSizeHint(header->sortIndicatorSection()));
  constexpr int kWidest = 100;  // [px] it grows where there is room
  header->resizeSection(FailureModel::Kinds, std::min(kWidest, header->sectionSize(FailureModel::Kinds)));
  columns_->fit();
}

void FailureTable::select(std::optional<int> row) {
  if (!row) return table_->selectionModel()->clear();
  const QModelIndex index = filtered_->index(*row, FailureModel::Query);
  table_->selectionModel()->setCurrentIndex(index, QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
  table_->scrollTo(index);
}

void FailureTable::step(int rows) {
  const int count = filtered_->rowCount();
  if (count == 0) return Q_EMIT nothing_left(empty_->text());
  const QModelIndex current = table_->currentIndex();
  int row = rows > 0 ? 0 : count - 1;  // round and round
  if (current.isValid()) {
    row = (current.row() + rows + count) % count;
  } else if (filtered_->sortColumn() == FailureModel::Query && filtered_->sortOrder() == Qt::AscendingOrder) {
    // From where the person is.
    const auto query = [&](int at) {
      return model_->failure(filtered_->mapToSource(filtered_->index(at, 0)).row()).query;
    };
    int after = 0;
    while (after < count && query(after) <= query_) ++after;
    row = ((rows > 0 ? after : after - 1) + count) % count;
  }
  select(row);
}

void FailureTable::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange) colour_icons();
  QWidget::changeEvent(event);
}

}  // namespace relocus
