#include "app/status_line.h"

#include <unistd.h>

#include <QFile>
#include <QLabel>
#include <QLocale>
#include <chrono>

#include "app/progress_row.h"

namespace relocus {
namespace {

using namespace std::chrono_literals;

constexpr auto kMemoryEvery = 2s;
constexpr int kProgressWidth = 460;  // [px]

/// [bytes] of this process that lie in memory; 0 where the system does not say.
qint64 resident_bytes() {
  QFile file("/proc/self/statm");  // "size resident shared …", in pages
  if (!file.open(QIODevice::ReadOnly)) return 0;
  return file.readAll().split(' ').value(1).toLongLong() * sysconf(_SC_PAGESIZE);
}

}  // namespace

StatusLine::StatusLine(QWidget* parent)
    : QStatusBar(parent),
      progress_(new ProgressRow(ProgressRow::Shape::OneLine)),
      selection_(new QLabel),
      device_(new QLabel),
      memory_(new QLabel) {
  progress_->setMaximumWidth(kProgressWidth);
  progress_->hide();
  addWidget(progress_);
  selection_->setObjectName("selection");
  memory_->setToolTip(tr("Memory that Relocus holds"));
  device_->setToolTip(tr("Where methods compute, and with how many threads"));
  for (auto* label : {selection_, device_, memory_}) {
    label->setContentsMargins(6, 0, 6, 0);
    addPermanentWidget(label);
  }
  connect(progress_, &ProgressRow::cancel_wanted, this, &StatusLine::cancel_wanted);
  connect(&clock_, &QTimer::timeout, this, &StatusLine::show_memory);
  clock_.start(kMemoryEvery);
  show_memory();
}

void StatusLine::show_activity(const QString& title) {
  progress_->show_title(title);
  progress_->clear();
  progress_->setVisible(!title.isEmpty());
}

void StatusLine::show_step(const JobStep& step) { progress_->show_step(step); }

void StatusLine::show_selection(const QString& text) { selection_->setText(text); }

void StatusLine::show_device(const QString& device, int threads) {
  device_->setText(threads == 1 ? tr("%1 (1 thread)").arg(device) : tr("%1 (%2 threads)").arg(device).arg(threads));
}

void StatusLine::show_memory() {
  if (const qint64 bytes = resident_bytes())
    memory_->setText(QLocale(QLocale::English).formattedDataSize(bytes, bytes < (1 << 30) ? 0 : 1));
}

}  // namespace relocus
