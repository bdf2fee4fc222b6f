#include "app/run_panel.h"

#include <QLabel>
#include <QPushButton>
#include <QStackedWidget>
#include <QVBoxLayout>
#include <array>

#include "app/progress_row.h"

namespace relocus {
namespace {

QString stage_times(const Experiment& experiment) {
  static constexpr std::array stages = {"load", "encode", "search", "rerank", "evaluate"};  // as they happen
  QStringList parts;
  for (const char* stage : stages)
    if (const auto found = experiment.milliseconds.find(stage); found != experiment.milliseconds.end())
      parts += QString("%1 %2").arg(stage).arg(found->second, 0, 'f', found->second < 10 ? 2 : 1);
  return parts.isEmpty() ? QString() : parts.join(" · ") + RunPanel::tr(" ms per frame");
}

}  // namespace

RunPanel::RunPanel(QWidget* parent)
    : QWidget(parent),
      run_(new QPushButton),
      progress_(new ProgressRow(ProgressRow::Shape::TwoLines)),
      pages_(new QStackedWidget),
      summary_(new QLabel) {
  run_->setObjectName("run");
  run_->setToolTip(tr("Encodes every scan, searches and evaluates (Ctrl+R). What was computed before is taken over."));
  summary_->setWordWrap(true);
  summary_->setAlignment(Qt::AlignTop | Qt::AlignLeft);
  summary_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  pages_->addWidget(summary_);
  pages_->addWidget(progress_);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(8, 6, 8, 6);
  column->addWidget(run_);
  column->addWidget(pages_, 1);
  connect(run_, &QPushButton::clicked, this, &RunPanel::run_wanted);
  connect(progress_, &ProgressRow::cancel_wanted, this, &RunPanel::cancel_wanted);
  clear();
}

void RunPanel::show_method(const QString& title) { run_->setText(tr("Run %1").arg(title)); }

void RunPanel::show_running(bool running) {
  run_->setEnabled(!running);
  if (running) progress_->clear();
  pages_->setCurrentWidget(running ? static_cast<QWidget*>(progress_) : summary_);
}

void RunPanel::show_step(const JobStep& step) { progress_->show_step(step); }

void RunPanel::show_experiment(const Experiment& experiment, const QString& method) {
  const bool known = !experiment.device.empty() && experiment.device != "auto";
  const QString where = known ? tr(" on %1").arg(QString::fromStdString(experiment.device)) : QString();
  summary_->setText(tr("%1%2\n%3").arg(method, where, stage_times(experiment)));
}

void RunPanel::clear() { summary_->setText(tr("Nothing was run yet.")); }

}  // namespace relocus
