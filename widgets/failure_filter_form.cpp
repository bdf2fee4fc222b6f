#include "widgets/failure_filter_form.h"

#include <QComboBox>
#include <QDoubleValidator>
#include <QGridLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalBlocker>

namespace relocus {
namespace {

constexpr int kRows = 4;        // of the form; then follows the next column
constexpr int kGap = 16;        // [px] between the two columns
constexpr int kEditWidth = 64;  // [px]

}  // namespace

FailureFilterForm::FailureFilterForm(QWidget* parent) : QWidget(parent) {
  auto* grid = new QGridLayout(this);
  grid->setContentsMargins(6, 2, 6, 4);
  grid->setHorizontalSpacing(4);
  grid->setVerticalSpacing(3);
  score_ = add_range(0, tr("Score"), tr("Score of the answer"));
  true_distance_ = add_range(1, tr("True distance [m]"), tr("Distance between the two places by ground truth"));
  yaw_ = add_range(2, tr("Yaw [°]"), tr("Difference of the headings"));
  travelled_ = add_range(3, tr("Travelled [m]"), tr("Way that was driven between the two frames"));
  rank_ = add_range(4, tr("Rank of first true"), tr("Rank of the first right candidate"));
  direction_ = add_choice(5, tr("Direction"), tr("Whether the place was driven the same way before"));
  direction_->addItem(tr("any"));
  direction_->addItem(tr("same"), false);
  direction_->addItem(tr("reverse"), true);
  opinion_ = add_choice(6, tr("Verdict"), tr("What you decided about the pair"));
  opinion_->addItem(tr("any"));
  for (const Opinion opinion : {Opinion::Undecided, Opinion::Accepted, Opinion::Rejected})
    opinion_->addItem(title(opinion), int(opinion));
  auto* name = new QLabel(tr("Tag or note"));
  tag_ = new QLineEdit;
  tag_->setPlaceholderText(tr("any"));
  tag_->setToolTip(tr("Part of a tag or of the note"));
  tag_->setAccessibleName(name->text());
  tag_->setClearButtonEnabled(true);
  name->setBuddy(tag_);
  grid->addWidget(name, 3, 4);
  grid->addWidget(tag_, 3, 5, 1, 2);
  connect(tag_, &QLineEdit::textChanged, this, &FailureFilterForm::edited);
  grid->setColumnMinimumWidth(3, kGap);
  grid->setColumnStretch(7, 1);
}

FailureFilterForm::RangeEdit FailureFilterForm::add_range(int place, const QString& name, const QString& tip) {
  auto* grid = static_cast<QGridLayout*>(layout());
  const int row = place % kRows, column = place / kRows * 4;
  auto* label = new QLabel(name);
  grid->addWidget(label, row, column);
  const auto edit = [&](const QString& which, const QString& end) {
    auto* line = new QLineEdit;
    line->setMaximumWidth(kEditWidth);
    line->setPlaceholderText(which);
    line->setAlignment(Qt::AlignRight);
    auto* validator = new QDoubleValidator(line);
    validator->setLocale(QLocale::c());
    line->setValidator(validator);
    line->setToolTip(tr("%1: %2").arg(tip, end));
    line->setAccessibleName(tr("%1, %2").arg(name, end));
    connect(line, &QLineEdit::textChanged, this, &FailureFilterForm::edited);
    return line;
  };
  const RangeEdit range{edit(tr("from"), tr("at least")), edit(tr("to"), tr("at most"))};
  label->setBuddy(range.from);
  grid->addWidget(range.from, row, column + 1);
  grid->addWidget(range.to, row, column + 2);
  return range;
}

QComboBox* FailureFilterForm::add_choice(int place, const QString& name, const QString& tip) {
  auto* grid = static_cast<QGridLayout*>(layout());
  const int row = place % kRows, column = place / kRows * 4;
  auto* label = new QLabel(name);
  auto* box = new QComboBox;
  box->setToolTip(tip);
  box->setAccessibleName(name);
  label->setBuddy(box);
  grid->addWidget(label, row, column);
  grid->addWidget(box, row, column + 1, 1, 2);
  connect(box, &QComboBox::currentIndexChanged, this, &FailureFilterForm::edited);
  return box;
}

FailureFilter::Range FailureFilterForm::RangeEdit::range() const {
  FailureFilter::Range range;
  bool known = false;
  if (const double value = from->text().toDouble(&known); known) range.from = value;
  if (const double value = to->text().toDouble(&known); known) range.to = value;
  return range;
}

FailureFilter FailureFilterForm::filter() const {
  FailureFilter filter;
  filter.score = score_.range();
  filter.true_distance = true_distance_.range();
  filter.yaw = yaw_.range();
  filter.travelled = travelled_.range();
  filter.rank = rank_.range();
  if (direction_->currentData().isValid()) filter.reverse = direction_->currentData().toBool();
  if (opinion_->currentData().isValid()) filter.opinion = Opinion(opinion_->currentData().toInt());
  filter.tag = tag_->text().trimmed();
  return filter;
}

bool FailureFilterForm::is_empty() const {
  const FailureFilter now = filter();
  const FailureFilter::Range any;
  return now.score == any && now.true_distance == any && now.yaw == any && now.travelled == any && now.rank == any &&
         !now.reverse && !now.opinion && now.tag.isEmpty();
}

void FailureFilterForm::clear() {
  {
    const QSignalBlocker blocker(this);
    for (const RangeEdit& range : {score_, true_distance_, yaw_, travelled_, rank_})
      for (QLineEdit* line : {range.from, range.to}) line->clear();
    direction_->setCurrentIndex(0);
    opinion_->setCurrentIndex(0);
    tag_->clear();
  }
  Q_EMIT edited();
}

}  // namespace relocus
