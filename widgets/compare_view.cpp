#include "widgets/compare_view.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QScrollArea>
#include <QSignalBlocker>
#include <QSplitter>
#include <QTableView>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "widgets/answer_pair.h"
#include "widgets/difference_model.h"
#include "widgets/figures_text.h"
#include "widgets/fitting_columns.h"
#include "widgets/flow_layout.h"
#include "widgets/number_sort.h"

namespace relocus {
namespace {

constexpr double kSure = 0.05;                     // a p-value below it is told as a difference
constexpr int kScansHigh = 240, kTableHigh = 110;  // [px] at least
constexpr int kRowsSeen = 4;                       // of the list of experiments

void dress(QTableView* table, const QString& name) {
  table->setSelectionBehavior(QAbstractItemView::SelectRows);
  table->setSelectionMode(QAbstractItemView::SingleSelection);
  table->setAlternatingRowColors(true);
  table->setShowGrid(false);
  table->setTabKeyNavigation(false);
  table->setAccessibleName(name);
  table->verticalHeader()->hide();
  table->verticalHeader()->setDefaultSectionSize(table->fontMetrics().height() + 6);
  table->horizontalHeader()->setHighlightSections(false);
  table->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
}

QPushButton* button(const QString& text, const QString& tip) {
  auto* made = new QPushButton(text);
  made->setToolTip(tip);
  made->setAccessibleName(text);
  made->setAutoDefault(false);
  return made;
}

QString signed_percent(double share) { return (share > 0 ? QStringLiteral("+") : QString()) + percent(share); }

QString chance(double p) {
  if (p < 1e-4) return CompareView::tr("p < 0.0001");
  return CompareView::tr("p = %1").arg(QLocale::c().toString(p, 'f', p < 0.01 ? 4 : 3));
}

}  // namespace

CompareView::CompareView(QWidget* parent) : QWidget(parent) {
  experiments_ = new ExperimentModel(this);
  differences_ = new DifferenceModel(this);
  sorted_ = new NumberSort(this);
  sorted_->setSourceModel(differences_);
  empty_ =
      new QLabel(tr("Run a method, then another one (or open a saved experiment of the same sequence): here they "
                    "are compared, query by query."));
  empty_->setWordWrap(true);
  empty_->setAlignment(Qt::AlignCenter);
  empty_->setContentsMargins(12, 12, 12, 12);
  auto* body = new QWidget;  // scrolls where a dock is low, instead of making the window higher
  auto* area = new QScrollArea;
  area->setWidget(body);
  area->setWidgetResizable(true);
  area->setFrameShape(QFrame::NoFrame);
  auto* whole = new QVBoxLayout(this);
  whole->setContentsMargins(0, 0, 0, 0);
  whole->addWidget(area);
  auto* layout = new QVBoxLayout(body);
  layout->setContentsMargins(4, 4, 4, 4);
  layout->setSpacing(4);
  layout->addWidget(make_experiments());
  layout->addWidget(empty_, 1);
  layout->addWidget(comparison_part_ = make_comparison(), 1);
  connect(experiments_, &ExperimentModel::rename_wanted, this, &CompareView::rename_wanted);
  connect(experiments_, &ExperimentModel::visibility_wanted, this, &CompareView::visibility_wanted);
  show_experiments({});
}

QWidget* CompareView::make_experiments() {
  auto* part = new QWidget;
  list_ = new QTableView;
  list_->setModel(experiments_);
  dress(list_, tr("Open experiments"));
  list_->setEditTriggers(QAbstractItemView::EditKeyPressed | QAbstractItemView::SelectedClicked);
  list_->horizontalHeader()->setStretchLastSection(true);
  columns_ = new FittingColumns(*list_, {ExperimentModel::ProtocolLine, ExperimentModel::ExtendedPrecision,
                                         ExperimentModel::Queries, ExperimentModel::AveragePrecision});
  list_->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  make_current_ = button(tr("Make current"), tr("The whole window is about this experiment from now on"));
  copy_ = button(tr("Keep a copy"), tr("Keeps these answers under their present protocol when another one is chosen, "
                                       "so that two protocols can be compared"));
  remove_ = button(tr("Remove"), tr("Takes this experiment out of the window; what is saved stays"));
  connect(list_, &QTableView::doubleClicked, this, [this] { Q_EMIT current_wanted(selected_experiment()); });
  connect(make_current_, &QPushButton::clicked, this, [this] { Q_EMIT current_wanted(selected_experiment()); });
  connect(copy_, &QPushButton::clicked, this, [this] { Q_EMIT copy_wanted(selected_experiment()); });
  connect(remove_, &QPushButton::clicked, this, [this] { Q_EMIT remove_wanted(selected_experiment()); });
  auto* row = new QHBoxLayout;
  for (auto* made : {make_current_, copy_, remove_}) row->addWidget(made);
  row->addStretch();
  auto* layout = new QVBoxLayout(part);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(list_);
  layout->addLayout(row);
  return part;
}

QWidget* CompareView::make_comparison() {
  auto* part = new QWidget;
  const auto choice = [this](const QString& name) {
    auto* box = new QComboBox;
    box->setAccessibleName(name);
    box->setToolTip(tr("Experiment that is compared as %1").arg(name));
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    box->setMinimumContentsLength(8);
    connect(box, &QComboBox::currentIndexChanged, this, [this] {
      if (a() != 0 && b() != 0) Q_EMIT pair_chosen(a(), b());
    });
    return box;
  };
  auto* row = new QHBoxLayout;
  row->addWidget(new QLabel(tr("A")));
  row->addWidget(a_ = choice(tr("A")), 1);
  row->addWidget(new QLabel(tr("B")));
  row->addWidget(b_ = choice(tr("B")), 1);

  verdict_ = new QLabel;
  verdict_->setWordWrap(true);
  verdict_->setTextFormat(Qt::RichText);
  verdict_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  verdict_->setAccessibleName(tr("Result of the comparison"));

  rows_part_ = new QWidget;
  which_ = new QComboBox;
  which_->addItems({tr("Queries where one is right"), tr("All queries answered differently")});
  which_->setAccessibleName(tr("Queries to list"));
  which_->setToolTip(tr("Which queries the table holds"));
  connect(which_, &QComboBox::currentIndexChanged, this, &CompareView::show_rows);
  show_a_ = button(tr("Show A's answer"), tr("A's answer to the selected query, beside it in the scan views"));
  show_b_ = button(tr("Show B's answer"), tr("B's answer to the selected query, beside it in the scan views"));
  connect(show_a_, &QPushButton::clicked, this, [this] { show_answer(true); });
  connect(show_b_, &QPushButton::clicked, this, [this] { show_answer(false); });
  auto* buttons = new FlowLayout;
  buttons->addWidget(which_);
  buttons->addWidget(show_a_);
  buttons->addWidget(show_b_);
  in_3d_ = button(tr("Both in 3-D"), tr("Both answers side by side beneath the table"));
  in_3d_->setCheckable(true);
  connect(in_3d_, &QPushButton::toggled, this, &CompareView::show_both_in_3d);
  buttons->addWidget(in_3d_);
  table_ = new QTableView;
  table_->setModel(sorted_);
  dress(table_, tr("Queries that are answered differently"));
  table_->setEditTriggers(QAbstractItemView::NoEditTriggers);
  table_->setSortingEnabled(true);
  table_->sortByColumn(DifferenceModel::Query, Qt::AscendingOrder);
  connect(table_->selectionModel(), &QItemSelectionModel::currentRowChanged, this, &CompareView::select);
  auto* rows = new QVBoxLayout(rows_part_);
  rows->setContentsMargins(0, 0, 0, 0);
  rows->addLayout(buttons);
  split_ = new QSplitter(Qt::Vertical);
  split_->setChildrenCollapsible(false);
  split_->addWidget(table_);
  rows->addWidget(split_, 1);

  auto* layout = new QVBoxLayout(part);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addLayout(row);
  layout->addWidget(verdict_);
  layout->addWidget(rows_part_, 1);
  layout->addStretch();
  return part;
}

void CompareView::show_experiments(std::vector<ExperimentRow> rows) {
  const int selected = selected_experiment();
  const auto seen = std::clamp<int>(int(rows.size()), 1, kRowsSeen);
  experiments_->show_experiments(std::move(rows));
  const auto& all = experiments_->rows();
  list_->setVisible(!all.empty());
  list_->setFixedHeight(list_->horizontalHeader()->sizeHint().height() +
                        seen * list_->verticalHeader()->defaultSectionSize() + 2 * list_->frameWidth() +
                        list_->fontMetrics().height());
  columns_->show_all();
  list_->resizeColumnsToContents();
  columns_->fit();
  for (auto* made : {make_current_, copy_, remove_}) made->setVisible(!all.empty());
  const auto wanted =
      std::ranges::find_if(all, [&](const ExperimentRow& row) { return selected ? row.id == selected : row.current; });
  if (wanted != all.end()) list_->selectRow(int(wanted - all.begin()));
  empty_->setVisible(all.size() < 2);
  comparison_part_->setVisible(all.size() >= 2);
  fill_choices();
  tell_verdict();
}

/// What was chosen stays as long as it is there; otherwise the first two.
void CompareView::fill_choices() {
  const int before_a = a(), before_b = b();
  {
    const QSignalBlocker quiet_a(a_), quiet_b(b_);
    for (QComboBox* box : {a_, b_}) {
      const int before = box == a_ ? before_a : before_b;
      box->clear();
      for (const ExperimentRow& row : experiments_->rows()) box->addItem(row.label, row.id);
      box->setCurrentIndex(box->findData(before));
    }
    if (a_->currentIndex() < 0) a_->setCurrentIndex(a_->count() > 0 ? (b_->currentIndex() == 0 ? 1 : 0) : -1);
    if (b_->currentIndex() < 0 && b_->count() > 1) b_->setCurrentIndex(a_->currentIndex() == 1 ? 0 : 1);
  }
  if (a() != 0 && b() != 0 && (a() != before_a || b() != before_b)) Q_EMIT pair_chosen(a(), b());
}

int CompareView::a() const { return a_->currentIndex() < 0 ? 0 : a_->currentData().toInt(); }
int CompareView::b() const { return b_->currentIndex() < 0 ? 0 : b_->currentData().toInt(); }

QString CompareView::label(int id) const {
  const auto& rows = experiments_->rows();
  const auto found = std::ranges::find(rows, id, &ExperimentRow::id);
  return found == rows.end() ? QString() : found->label;
}

int CompareView::selected_experiment() const {
  const QModelIndex index = list_->currentIndex();
  return index.isValid() && index.row() < int(experiments_->rows().size())
             ? experiments_->rows()[std::size_t(index.row())].id
             : 0;
}

void CompareView::show_frame_numbers(std::vector<std::int64_t> numbers) {
  numbers_ = std::move(numbers);
  show_rows();
}

void CompareView::show_comparison(std::shared_ptr<const Comparison> comparison) {
  comparison_ = std::move(comparison);
  problem_.clear();
  show_rows();
  tell_verdict();
}

void CompareView::show_error(const QString& sentence) {
  comparison_.reset();
  problem_ = sentence;
  show_rows();
  tell_verdict();
}

void CompareView::tell_verdict() {
  rows_part_->setVisible(comparison_ != nullptr);
  if (!comparison_) return verdict_->setText(problem_.isEmpty() ? tr("Comparing …") : problem_.toHtmlEscaped());
  if (a() == b()) return verdict_->setText(tr("A and B are the same experiment: choose two."));
  const Comparison& c = *comparison_;
  const QString name_a = label(a()).toHtmlEscaped(), name_b = label(b()).toHtmlEscaped();
  const McNemar& test = c.recall_at_1_test;
  QString text;
  if (test.only_a == test.only_b)
    text =
        tr("<b>Neither is ahead:</b> each is right alone on %1 of %2 queries.").arg(test.only_a).arg(c.num_answerable);
  else
    text = tr("<b>%1 is right on %2 queries where %3 is not, the reverse on %4</b> (of %5; McNemar exact: %6). ")
               .arg(test.only_b > test.only_a ? name_b : name_a)
               .arg(std::max(test.only_a, test.only_b))
               .arg(test.only_b > test.only_a ? name_a : name_b)
               .arg(std::min(test.only_a, test.only_b))
               .arg(c.num_answerable)
               .arg(chance(test.p_value).toHtmlEscaped()) +
           (test.p_value < kSure ? tr("Chance alone hardly does that.") : tr("Chance alone may do that."));
  text += QStringLiteral(
      "<table cellspacing='6'><tr><td></td><td><b>A</b></td><td><b>B</b></td><td><b>B − A in points [95 %]</b>"
      "</td></tr>");
  const auto line = [&](const QString& name, const FigureDifference& figure) {
    text += QStringLiteral("<tr><td>%1</td><td>%2 %</td><td>%3 %</td><td>%4 [%5, %6]%7</td></tr>")
                .arg(name, percent(figure.a), percent(figure.b), signed_percent(figure.difference()),
                     signed_percent(figure.interval.lower), signed_percent(figure.interval.upper),
                     figure.is_sure() ? QString() : tr(" · may be chance"));
  };
  line(tr("Recall@1"), c.recall_at_1);
  line(tr("Max F1"), c.max_f1);
  line(tr("AP"), c.average_precision);
  text += QStringLiteral("</table>");
  text += tr("%L1 common queries, %L2 with a right answer.").arg(c.num_common).arg(c.num_answerable);
  for (const std::string& remark : c.remarks)
    text += QStringLiteral("<br>⚠ ") + QString::fromStdString(remark).toHtmlEscaped();
  verdict_->setText(text);
}

QString CompareView::verdict() const { return verdict_->text(); }

void CompareView::show_rows() {
  telling_ = false;
  const bool fit = differences_->rowCount() == 0;
  differences_->show_differences(comparison_ ? comparison_->differences : std::vector<AnswerDifference>(), numbers_,
                                 which_->currentIndex() == 0);
  if (fit) table_->resizeColumnsToContents();
  telling_ = true;
  show_query(query_);
}

void CompareView::show_query(FrameId query) {
  query_ = query;
  telling_ = false;
  const auto row = differences_->row_of(query);
  if (row) {
    const QModelIndex index = sorted_->mapFromSource(differences_->index(*row, 0));
    table_->selectionModel()->setCurrentIndex(index, QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
    table_->scrollTo(index);
  } else {
    table_->selectionModel()->clear();
  }
  telling_ = true;
  show_a_->setEnabled(row && differences_->row(*row).best_a >= 0);
  show_b_->setEnabled(row && differences_->row(*row).best_b >= 0);
  want_scans();
}

const AnswerDifference* CompareView::selected() const {
  const QModelIndex index = table_->currentIndex();
  return index.isValid() && index.row() < sorted_->rowCount() ? &differences_->row(sorted_->mapToSource(index).row())
                                                              : nullptr;
}

void CompareView::select(const QModelIndex& index) {
  if (!telling_ || !index.isValid()) return;
  const AnswerDifference row = *selected();
  query_ = row.query;
  show_a_->setEnabled(row.best_a >= 0);
  show_b_->setEnabled(row.best_b >= 0);
  Q_EMIT query_selected(row.query);
  want_scans();
}

std::int64_t CompareView::number(FrameId frame) const {
  return frame >= 0 && std::size_t(frame) < numbers_.size() ? numbers_[std::size_t(frame)] : frame;
}

QString CompareView::caption(const QString& who, FrameId answer, double metres, bool right) const {
  if (answer < 0) return tr("%1: no answer").arg(who);
  const QString where = std::isnan(metres) ? QString() : tr(", %1 m from the query").arg(metres, 0, 'f', 1);
  return tr("%1: frame %2%3: %4").arg(who).arg(number(answer)).arg(where, right ? tr("right") : tr("wrong"));
}

/// Views of scans are made when they are wanted first.
void CompareView::show_both_in_3d(bool shown) {
  if (in_3d_->isChecked() != shown) return in_3d_->setChecked(shown);  // and here again
  if (shown && !scans_) {
    split_->addWidget(scans_ = new AnswerPair);
    scans_->setMinimumHeight(kScansHigh);
    table_->setMinimumHeight(kTableHigh);
    split_->setSizes({100, 260});
  }
  if (scans_) scans_->setVisible(shown);
  want_scans();
}

void CompareView::want_scans() {
  if (!scans_ || scans_->isHidden()) return;
  const AnswerDifference* row = selected();
  if (!row) {
    scans_->show_captions({}, {});
    return scans_->show_error(tr("Select a query in the table"));
  }
  scans_->show_captions(caption(tr("A"), row->best_a, row->distance_a, row->right_a),
                        caption(tr("B"), row->best_b, row->distance_b, row->right_b));
  Q_EMIT scans_wanted(row->best_a, row->best_b);
}

void CompareView::show_scans(const std::shared_ptr<const PointCloud>& a, const std::shared_ptr<const PointCloud>& b) {
  if (scans_) scans_->show_clouds(a, b);
}

void CompareView::show_scan_error(const QString& sentence) {
  if (scans_) scans_->show_error(sentence);
}

void CompareView::show_answer(bool of_a) {
  if (const AnswerDifference* row = selected()) Q_EMIT answer_wanted(row->query, of_a ? row->best_a : row->best_b);
}

}  // namespace relocus
