#include "widgets/answer_pair.h"

#include <QGridLayout>
#include <QLabel>

#include "widgets/cloud_view.h"

namespace relocus {

AnswerPair::AnswerPair(QWidget* parent) : QWidget(parent) {
  auto* layout = new QGridLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(2);
  for (const int side : {0, 1}) {
    captions_[std::size_t(side)] = new QLabel;
    captions_[std::size_t(side)]->setTextInteractionFlags(Qt::TextSelectableByMouse);
    captions_[std::size_t(side)]->setWordWrap(true);
    views_[std::size_t(side)] = new CloudView;
    views_[std::size_t(side)]->setAccessibleName(side == 0 ? tr("A's answer in 3-D") : tr("B's answer in 3-D"));
    layout->addWidget(captions_[std::size_t(side)], 0, side);
    layout->addWidget(views_[std::size_t(side)], 1, side);
    layout->setColumnStretch(side, 1);
  }
  layout->setRowStretch(1, 1);
  // Points are looked at in the same colours.
  connect(views_[0], &CloudView::colour_by_changed, views_[1], &CloudView::show_colour_by);
  connect(views_[1], &CloudView::colour_by_changed, views_[0], &CloudView::show_colour_by);
  show_error(tr("Select a query in the table"));
}

void AnswerPair::show_captions(const QString& a, const QString& b) {
  captions_[0]->setText(a);
  captions_[1]->setText(b);
}

void AnswerPair::show_clouds(const std::shared_ptr<const PointCloud>& a, const std::shared_ptr<const PointCloud>& b) {
  for (const auto& [view, cloud] : {std::pair(views_[0], a), std::pair(views_[1], b)}) {
    if (cloud)
      view->show_cloud(cloud);
    else
      view->show_error(tr("No answer"));
  }
}

void AnswerPair::show_error(const QString& sentence) {
  for (CloudView* view : views_) view->show_error(sentence);
}

}  // namespace relocus
