#include "widgets/training_view.h"

#include <QBoxLayout>
#include <QComboBox>
#include <QEvent>
#include <QHeaderView>
#include <QLabel>
#include <QLocale>
#include <QProgressBar>
#include <QSignalBlocker>
#include <QSplitter>
#include <QStackedWidget>
#include <QTableWidget>
#include <algorithm>
#include <array>
#include <cmath>

#include "widgets/chart.h"
#include "widgets/plot_export.h"
#include "widgets/theme.h"

namespace relocus {
namespace {

constexpr int kNarrow = 640;  // [px] narrower than this the charts stand beneath each other
constexpr const char* kHeldOut = "validation/";
/// Apart for every kind of colour vision; further lines are dashed.
constexpr std::array<QRgb, 6> kColours{0xff2f7fd6, 0xffe08214, 0xff9a62c8, 0xff35b5d8, 0xff9c6a4f, 0xff8a8a8a};
constexpr std::size_t kMostPoints = 2000;  // of a line; more are means of neighbours

bool is_held_out(const std::string& name) { return name.starts_with(kHeldOut); }

QString plain(const std::string& name) {
  const QString text =
      QString::fromStdString(is_held_out(name) ? name.substr(std::string_view(kHeldOut).size()) : name);
  return QString(text).replace('_', ' ');
}

/// Names of all values, in the order in which they came up.
std::vector<std::string> names_of(const StageProgress& stage, bool held_out) {
  std::vector<std::string> names;
  for (const TrainRow& row : stage.rows)
    for (const auto& [name, value] : row.values)
      if (is_held_out(name) == held_out && std::ranges::find(names, name) == names.end()) names.push_back(name);
  return names;
}

QPolygonF points_of(const StageProgress& stage, const std::string& name) {
  QPolygonF points;
  for (const TrainRow& row : stage.rows)
    for (const auto& [known, value] : row.values)
      if (known == name && std::isfinite(value)) points << QPointF(double(row.step), value);
  if (std::size_t(points.size()) <= kMostPoints) return points;
  QPolygonF means;
  const std::size_t group = (std::size_t(points.size()) + kMostPoints - 1) / kMostPoints;
  for (qsizetype first = 0; first < points.size(); first += qsizetype(group)) {
    const qsizetype last = std::min(first + qsizetype(group), points.size());
    QPointF sum;
    for (qsizetype i = first; i < last; ++i) sum += points[i];
    means << sum / double(last - first);
  }
  return means;
}

QString number_text(double value) { return QLocale::c().toString(value, 'g', 4); }

QString duration_text(double seconds) {
  const auto whole = std::int64_t(std::ceil(seconds));
  if (whole < 60) return TrainingView::tr("%1 s").arg(whole);
  if (whole < 3600) return TrainingView::tr("%1 min %2 s").arg(whole / 60).arg(whole % 60);
  return TrainingView::tr("%1 h %2 min").arg(whole / 3600).arg(whole % 3600 / 60);
}

QString state_text(const StageProgress& stage) {
  const QString reason = QString::fromStdString(stage.record.reason);
  const auto with_reason = [&](const QString& word) { return reason.isEmpty() ? word : word + ": " + reason; };
  if (stage.alive) return TrainingView::tr("training");
  if (stage.record.state == "running")
    return TrainingView::tr("ended without a word; Resume goes on from its last checkpoint");
  if (stage.record.state == "finished") return with_reason(TrainingView::tr("finished"));
  if (stage.record.state == "stopped") return with_reason(TrainingView::tr("stopped"));
  return with_reason(TrainingView::tr("failed"));
}

}  // namespace

TrainingView::TrainingView(QWidget* parent) : QWidget(parent) {
  stages_ = new QComboBox;
  stages_->setToolTip(tr("Stage of the training whose curves are shown"));
  stages_->setAccessibleName(tr("Stage shown"));
  shown_ = new QComboBox;
  shown_->setToolTip(tr("Which losses are drawn"));
  shown_->setAccessibleName(tr("Losses shown"));
  head_ = new QLabel;
  head_->setWordWrap(true);
  head_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  error_ = new QLabel;
  error_->setWordWrap(true);
  error_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  error_->setObjectName("training_error");
  bar_ = new QProgressBar;
  bar_->setAccessibleName(tr("Progress of the training"));
  bar_->setToolTip(tr("Steps done"));
  losses_ = new Chart;
  held_out_ = new Chart;
  losses_->setAccessibleName(tr("Losses by step"));
  held_out_->setAccessibleName(tr("Held-out figures by step"));
  for (Chart* chart : {losses_, held_out_}) {
    chart->setMinimumHeight(120);
    new PlotExport(chart, [this, chart] {
      return Plot{chart->accessibleName(),
                  [chart](QPainter& painter, const QSizeF& size) { chart->paint(painter, size); },
                  [this] { return csv(); },
                  {},
                  chart};
    });
  }
  table_ = new QTableWidget(0, 3);
  table_->setHorizontalHeaderLabels({tr("Value"), tr("Newest"), tr("Best step")});
  table_->setAccessibleName(tr("Newest values"));
  table_->setToolTip(tr("What was measured last, and at the step whose weights are the best so far"));
  table_->setEditTriggers(QAbstractItemView::NoEditTriggers);
  table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  table_->setAlternatingRowColors(true);
  table_->verticalHeader()->hide();
  table_->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
  table_->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);

  auto* bar = new QHBoxLayout;
  bar->setContentsMargins(6, 4, 6, 0);
  bar->addWidget(stages_);
  bar->addWidget(bar_, 1);
  bar->addWidget(shown_);
  plots_ = new QSplitter(Qt::Horizontal);
  plots_->setChildrenCollapsible(false);
  plots_->addWidget(losses_);
  plots_->addWidget(held_out_);
  parts_ = new QSplitter(Qt::Vertical);
  parts_->setChildrenCollapsible(false);
  parts_->addWidget(plots_);
  parts_->addWidget(table_);
  parts_->setStretchFactor(0, 3);
  parts_->setStretchFactor(1, 1);
  parts_->setSizes({600, 240});
  auto* training = new QWidget;
  auto* column = new QVBoxLayout(training);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(4);
  column->addLayout(bar);
  auto* words = new QVBoxLayout;
  words->setContentsMargins(8, 0, 8, 0);
  words->addWidget(head_);
  column->addLayout(words);
  column->addWidget(parts_, 1);
  empty_ = new QLabel;
  empty_->setWordWrap(true);
  empty_->setAlignment(Qt::AlignCenter);
  empty_->setContentsMargins(24, 24, 24, 24);
  empty_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  pages_ = new QStackedWidget;
  pages_->addWidget(empty_);
  pages_->addWidget(training);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  all->setSpacing(0);
  all->addWidget(pages_, 1);
  all->addWidget(error_);
  error_->setContentsMargins(8, 4, 8, 6);
  error_->hide();
  for (QComboBox* box : {stages_, shown_})
    connect(box, &QComboBox::currentIndexChanged, this, [this] {
      if (telling_) refill();
    });
  show_note({});
}

void TrainingView::show_training(std::shared_ptr<const TrainingProgress> training) {
  const bool same = training && training_ && training->folder == training_->folder &&
                    training->stages.size() == training_->stages.size();
  training_ = std::move(training);
  if (!same) {
    telling_ = false;
    stages_->clear();
    if (training_)
      for (const StageProgress& each : training_->stages) stages_->addItem(QString::fromStdString(each.record.stage));
    stages_->setCurrentIndex(stages_->count() - 1);
    telling_ = true;
  }
  stages_->setVisible(stages_->count() > 1);
  refill();
}

void TrainingView::show_note(const QString& sentence) {
  note_ = sentence.isEmpty() ? tr("Nothing is being trained. Choose sequences on the left and press Start, or watch "
                                  "a training that another program runs by opening its folder.")
                             : sentence;
  empty_->setText(note_);
}

void TrainingView::show_error(const QString& sentence) {
  error_->setText(sentence);
  error_->setVisible(!sentence.isEmpty());
}

void TrainingView::choose_stage(int stage) { stages_->setCurrentIndex(stage < 0 ? stages_->count() - 1 : stage); }

QString TrainingView::headline() const { return head_->text(); }

const StageProgress* TrainingView::stage() const {
  const int index = stages_->currentIndex();
  if (!training_ || index < 0 || std::size_t(index) >= training_->stages.size()) return nullptr;
  return &training_->stages[std::size_t(index)];
}

void TrainingView::refill() {
  const StageProgress* present = stage();
  pages_->setCurrentIndex(present ? 1 : 0);
  if (!present) return;
  fill_head(*present);
  fill_charts(*present);
  fill_table(*present);
}

void TrainingView::fill_head(const StageProgress& present) {
  const TrainRecord& record = present.record;
  const std::int64_t step = present.rows.empty() ? record.step : std::max(record.step, present.rows.back().step);
  bar_->setRange(0, int(std::max<std::int64_t>(record.num_steps, 1)));
  bar_->setValue(int(step));
  bar_->setFormat(tr("%1 of %2 steps").arg(step).arg(record.num_steps));
  QStringList words{
      tr("%1, %2: %3")
          .arg(QString::fromStdString(record.method), QString::fromStdString(record.stage), state_text(present))};
  const double seconds = present.rows.empty() ? record.seconds : present.rows.back().seconds;
  if (seconds > 0) words << tr("%1 so far").arg(duration_text(seconds));
  if (const auto left = seconds_left(present); left && present.alive) words << tr("%1 left").arg(duration_text(*left));
  if (record.best_step > 0) words << tr("best at step %1").arg(record.best_step);
  if (record.num_workers > 1) words << tr("%1 workers").arg(record.num_workers);
  if (!record.device.empty()) words << QString::fromStdString(record.device);
  head_->setText(words.join(QStringLiteral(" · ")));
  head_->setToolTip(QString::fromStdString(present.folder.string()));
}

void TrainingView::fill_charts(const StageProgress& present) {
  const std::vector<std::string> losses = names_of(present, false), figures = names_of(present, true);
  QStringList choices{tr("All losses")};
  for (const std::string& name : losses) choices << plain(name);
  QStringList there;
  for (int i = 0; i < shown_->count(); ++i) there << shown_->itemText(i);
  if (there != choices) {
    const QString before = shown_->currentText();
    telling_ = false;
    shown_->clear();
    shown_->addItems(choices);
    shown_->setCurrentIndex(std::max(0, int(choices.indexOf(before))));
    telling_ = true;
  }
  const ViewColours colours = view_colours(palette());
  const double last = present.rows.empty() ? 1 : double(present.rows.back().step);
  static constexpr std::array styles = {Qt::SolidLine, Qt::DashLine, Qt::DotLine};
  const auto content_of = [&](const QString& title, const QString& axis, const std::vector<std::string>& names,
                              int only, bool marked) {
    ChartContent content;
    content.title = title;
    content.across = {tr("Step"), 0, std::max(1.0, last * 1.02)};
    double lower = 0, upper = 0;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (only >= 0 && int(i) != only) continue;
      ChartLine line{plain(names[i]),
                     QColor::fromRgb(kColours[i % kColours.size()]),
                     2,
                     styles[i / kColours.size() % styles.size()],
                     points_of(present, names[i]),
                     {}};
      for (const QPointF& point : line.points) {
        lower = std::min(lower, point.y()), upper = std::max(upper, point.y());
        if (marked)
          content.marks.push_back({{},
                                   Mark::Disc,
                                   line.colour,
                                   point,
                                   6,
                                   tr("step %1: %2 %3").arg(point.x()).arg(line.name, number_text(point.y()))});
      }
      content.lines.push_back(std::move(line));
    }
    const double room = upper > lower ? 0.06 * (upper - lower) : 0.5;
    content.upwards = {axis, lower < 0 ? lower - room : 0, upper + room};
    content.legend = {Qt::TopRightCorner, Qt::TopLeftCorner, Qt::BottomLeftCorner, Qt::BottomRightCorner};
    if (present.record.best_step > 0 && marked)
      content.lines.push_back({tr("best"),
                               colours.muted_text,
                               1,
                               Qt::DashLine,
                               QPolygonF({QPointF(double(present.record.best_step), content.upwards.lower),
                                          QPointF(double(present.record.best_step), content.upwards.upper)}),
                               {}});
    return content;
  };
  if (losses.empty())
    losses_->show_error(tr("The first losses come after some steps."));
  else
    losses_->show_content(content_of(tr("Training"), tr("Mean value"), losses, shown_->currentIndex() - 1, false));
  if (figures.empty())
    held_out_->show_error(tr("The held-out sequences were not looked at yet."));
  else
    held_out_->show_content(content_of(tr("Held-out sequences"), tr("Figure"), figures, -1, true));
}

void TrainingView::fill_table(const StageProgress& present) {
  std::vector<std::pair<std::string, double>> newest;
  for (const bool held_out : {false, true})
    for (const std::string& name : names_of(present, held_out))
      for (auto row = present.rows.rbegin(); row != present.rows.rend(); ++row) {
        const auto value = std::ranges::find(row->values, name, &std::pair<std::string, double>::first);
        if (value == row->values.end()) continue;
        newest.push_back(*value);
        break;
      }
  const auto cell = [&](int row, int column, const QString& text) {
    auto* item = table_->item(row, column);
    if (!item) table_->setItem(row, column, item = new QTableWidgetItem);
    item->setText(text);
    if (column > 0) item->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
  };
  table_->setRowCount(int(newest.size()) + (present.rows.empty() ? 0 : 1));
  int row = 0;
  for (const auto& [name, value] : newest) {
    const std::string bare = is_held_out(name) ? name.substr(std::string_view(kHeldOut).size()) : std::string();
    const auto best = present.record.best.find(bare);
    cell(row, 0, is_held_out(name) ? tr("held out: %1").arg(plain(name)) : plain(name));
    cell(row, 1, number_text(value));
    cell(row, 2, best == present.record.best.end() ? QString() : number_text(best->second));
    ++row;
  }
  if (!present.rows.empty()) {
    cell(row, 0, tr("learning rate"));
    cell(row, 1, number_text(present.rows.back().learning_rate));
    cell(row, 2, {});
  }
}

QByteArray TrainingView::csv() const {
  const StageProgress* present = stage();
  if (!present) return {};
  QByteArray text = "step,value,name\n";
  for (const TrainRow& row : present->rows)
    for (const auto& [name, value] : row.values)
      text += QString("%1,%2,%3\n").arg(row.step).arg(value, 0, 'g', 9).arg(QString::fromStdString(name)).toUtf8();
  return text;
}

void TrainingView::resizeEvent(QResizeEvent* event) {
  plots_->setOrientation(width() < kNarrow ? Qt::Vertical : Qt::Horizontal);
  QWidget::resizeEvent(event);
}

void TrainingView::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) refill();
  QWidget::changeEvent(event);
}

}  // namespace relocus
