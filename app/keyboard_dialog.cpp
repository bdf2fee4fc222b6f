#include "app/keyboard_dialog.h"

#include <QDialogButtonBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeySequenceEdit>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTreeView>
#include <QVBoxLayout>

namespace relocus {
namespace {

constexpr QSize kSize{760, 560};  // [px]
constexpr int kNameWidth = 280, kKeyWidth = 150;

}  // namespace

KeyboardDialog::KeyboardDialog(Actions& actions, QWidget* parent)
    : QDialog(parent),
      actions_(actions),
      model_(actions, /*fixed_keys=*/true),
      search_(new QLineEdit),
      rows_(new QTreeView),
      name_(new QLabel),
      conflict_(new QLabel),
      key_(new QKeySequenceEdit),
      set_(new QPushButton(tr("&Use this key"))),
      none_(new QPushButton(tr("&No key"))),
      reset_(new QPushButton(tr("&As delivered"))) {
  setObjectName("keyboard");
  setWindowTitle(tr("Keyboard"));
  resize(kSize);
  search_->setPlaceholderText(tr("Search a command or a key"));
  search_->setAccessibleName(tr("Search a command or a key"));
  search_->setToolTip(tr("A few letters of a command, or a key as it is written in the table"));
  search_->setClearButtonEnabled(true);
  rows_->setModel(&model_);
  rows_->setRootIsDecorated(false);
  rows_->setUniformRowHeights(true);
  rows_->setAlternatingRowColors(true);
  rows_->setAccessibleName(tr("Commands and their keys"));
  rows_->setColumnWidth(CommandModel::Name, kNameWidth);
  rows_->setColumnWidth(CommandModel::Key, kKeyWidth);
  key_->setAccessibleName(tr("New key"));
  key_->setToolTip(tr("Click here, then press the keys"));
  set_->setToolTip(tr("Gives the pressed keys to the chosen command; who had them before loses them"));
  none_->setToolTip(tr("The chosen command has no key"));
  reset_->setToolTip(tr("The key that the chosen command had at first"));
  conflict_->setWordWrap(true);
  conflict_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  conflict_->setMinimumHeight(fontMetrics().height());
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close);
  auto* all = buttons->addButton(tr("All as delivered"), QDialogButtonBox::ResetRole);
  all->setToolTip(tr("Every command gets the key that it had at first"));
  for (auto* button : {set_, none_, reset_, all}) button->setAutoDefault(false);

  auto* editing = new QHBoxLayout;
  editing->addWidget(name_, 1);
  editing->addWidget(key_, 1);
  editing->addWidget(set_);
  editing->addWidget(none_);
  editing->addWidget(reset_);
  auto* column = new QVBoxLayout(this);
  column->addWidget(search_);
  column->addWidget(rows_, 1);
  column->addLayout(editing);
  column->addWidget(conflict_);
  column->addWidget(buttons);

  connect(search_, &QLineEdit::textChanged, this, [this](const QString& text) {
    model_.show_filter(text);
    rows_->setCurrentIndex(model_.index(0, 0));
  });
  connect(rows_->selectionModel(), &QItemSelectionModel::currentChanged, this, &KeyboardDialog::show_current);
  connect(key_, &QKeySequenceEdit::keySequenceChanged, this, &KeyboardDialog::tell_conflict);
  connect(set_, &QPushButton::clicked, this, [this] { apply(key_->keySequence()); });
  connect(none_, &QPushButton::clicked, this, [this] { apply({}); });
  connect(reset_, &QPushButton::clicked, this, [this] {
    if (const auto* entry = current()) apply(entry->command.key);
  });
  connect(all, &QPushButton::clicked, this, [this] { actions_.reset_keys(); });
  connect(&actions_, &Actions::keys_changed, this, &KeyboardDialog::show_current);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
  rows_->setCurrentIndex(model_.index(0, 0));
  search_->setFocus();
}

const Actions::Entry* KeyboardDialog::current() const { return model_.entry(rows_->currentIndex().row()); }

void KeyboardDialog::choose(const QString& id) {
  search_->clear();
  for (int row = 0; row < model_.rowCount(); ++row)
    if (model_.index(row, 0).data(CommandModel::IdRole) == id) rows_->setCurrentIndex(model_.index(row, 0));
}

void KeyboardDialog::apply(const QKeySequence& key) {
  const auto* entry = current();
  if (!entry) return;
  const QString id = entry->command.id;
  actions_.choose_key(id, key);  // the rows are made anew
  for (int row = 0; row < model_.rowCount(); ++row)
    if (model_.index(row, 0).data(CommandModel::IdRole) == id) rows_->setCurrentIndex(model_.index(row, 0));
}

void KeyboardDialog::show_current() {
  const auto* entry = current();
  name_->setText(entry ? plain_text(entry->command.text) : tr("This key belongs to a view"));
  for (QWidget* widget : std::initializer_list<QWidget*>{key_, none_, reset_}) widget->setEnabled(entry);
  key_->setKeySequence(entry ? entry->action->shortcut() : QKeySequence());
  tell_conflict();
}

void KeyboardDialog::tell_conflict() {
  const auto* entry = current();
  const QKeySequence key = key_->keySequence();
  set_->setEnabled(entry && !key.isEmpty() && key != entry->action->shortcut());
  const QString owner = entry ? actions_.owner_of(key, entry->command.id) : QString();
  conflict_->setText(
      owner.isEmpty()
          ? QString()
          : tr("%1 belongs to “%2”, which would have no key.").arg(key.toString(QKeySequence::NativeText), owner));
}

}  // namespace relocus
