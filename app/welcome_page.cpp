#include "app/welcome_page.h"

#include <QDir>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include "app/icons.h"
#include "app/progress_row.h"

namespace relocus {
namespace {

constexpr int kColumnWidth = 560, kIconSize = 72, kRecentShown = 6;

}  // namespace

WelcomePage::WelcomePage(QWidget* parent)
    : QWidget(parent),
      recent_title_(new QLabel(tr("Opened last"))),
      recent_(new QVBoxLayout),
      progress_(new ProgressRow(ProgressRow::Shape::OneLine)),
      open_(new QPushButton(tr("&Open a sequence or experiment …"))),
      sample_(new QPushButton(tr("&Make a sample sequence …"))) {
  auto* sign = new QLabel;
  sign->setPixmap(program_icon().pixmap(kIconSize));
  auto* title = new QLabel(tr("Which places were seen before?"));
  QFont large = font();
  large.setPointSizeF(large.pointSizeF() * 1.8);
  title->setFont(large);
  auto* text = new QLabel(
      tr("Open a LiDAR sequence, let a method recognise its places, and see where it is right, where it is wrong, "
         "and why. KITTI odometry is read as downloaded: the data set's folder, sequences/00, or one sequence alone."));
  text->setWordWrap(true);
  auto* hint = new QLabel(tr("Or drop a folder anywhere on this window."));
  hint->setEnabled(false);
  open_->setDefault(true);
  sample_->setToolTip(tr("Makes a city and drives through it: a KITTI sequence with places that are visited twice."));

  auto* buttons = new QHBoxLayout;
  buttons->addWidget(open_);
  buttons->addWidget(sample_);
  buttons->addStretch();

  auto* column = new QWidget;
  column->setFixedWidth(kColumnWidth);
  auto* lines = new QVBoxLayout(column);
  lines->setSpacing(12);
  lines->addStretch(2);
  lines->addWidget(sign);
  lines->addWidget(title);
  lines->addWidget(text);
  lines->addLayout(buttons);
  lines->addWidget(progress_);
  lines->addWidget(hint);
  lines->addSpacing(12);
  lines->addWidget(recent_title_);
  lines->addLayout(recent_);
  lines->addStretch(3);
  recent_->setSpacing(0);
  QSizePolicy keeps_place = progress_->sizePolicy();
  keeps_place.setRetainSizeWhenHidden(true);
  progress_->setSizePolicy(keeps_place);

  auto* row = new QHBoxLayout(this);
  row->addStretch();
  row->addWidget(column);
  row->addStretch();

  connect(open_, &QPushButton::clicked, this, &WelcomePage::open_wanted);
  connect(sample_, &QPushButton::clicked, this, &WelcomePage::sample_wanted);
  connect(progress_, &ProgressRow::cancel_wanted, this, &WelcomePage::cancel_wanted);
  show_busy({});
  show_recent({});
}

void WelcomePage::show_recent(const QStringList& paths) {
  while (auto* item = recent_->takeAt(0)) {
    item->widget()->deleteLater();
    delete item;
  }
  recent_title_->setVisible(!paths.isEmpty());
  for (const QString& path : paths.mid(0, kRecentShown)) {
    auto* button = new QPushButton;
    button->setText(fontMetrics()
                        .elidedText(QDir::toNativeSeparators(path), Qt::ElideMiddle, kColumnWidth - 40)
                        .replace('&', "&&"));
    button->setToolTip(path);
    button->setFlat(true);
    button->setStyleSheet("text-align: left; padding: 4px;");
    connect(button, &QPushButton::clicked, this, [this, path] { Q_EMIT recent_wanted(path); });
    recent_->addWidget(button);
  }
}

void WelcomePage::show_busy(const QString& title) {
  progress_->setVisible(!title.isEmpty());
  progress_->show_title(title);
  progress_->clear();
  open_->setEnabled(title.isEmpty());
  sample_->setEnabled(title.isEmpty());
}

void WelcomePage::show_step(const JobStep& step) { progress_->show_step(step); }

}  // namespace relocus
