#include "app/command_model.h"

#include <QGuiApplication>
#include <QPalette>
#include <algorithm>

namespace relocus {
namespace {

constexpr int kLetter = 1, kRun = 4, kBeginOfWord = 6, kWhole = 12;  // points

}  // namespace

int fuzzy_score(const QString& wanted, const QString& text) {
  const QString letters = wanted.simplified().remove(' ').toLower(), in = text.toLower();
  if (letters.isEmpty()) return 1;
  int score = 0;
  qsizetype at = 0, last = -2;
  for (qsizetype n = 0; n < letters.size(); ++n) {
    const QChar letter = letters[n];
    // The begin of a word is preferred to the next place, as long as the rest can still be found behind it.
    qsizetype found = in.indexOf(letter, at);
    if (found < 0) return 0;
    if (found != last + 1)
      for (qsizetype i = found; i >= 0; i = in.indexOf(letter, i + 1))
        if (i == 0 || !in[i - 1].isLetterOrNumber()) {
          qsizetype rest = i + 1;
          for (qsizetype k = n + 1; k < letters.size() && rest > 0; ++k) rest = in.indexOf(letters[k], rest) + 1;
          if (rest > 0) found = i;
          break;
        }
    score += kLetter;
    if (found == last + 1) score += kRun;
    if (found == 0 || !in[found - 1].isLetterOrNumber()) score += kBeginOfWord;
    last = found;
    at = found + 1;
  }
  if (in.contains(wanted.simplified().toLower())) score += kWhole;
  return score;
}

CommandModel::CommandModel(const Actions& actions, bool fixed_keys, QObject* parent)
    : QAbstractTableModel(parent), actions_(actions), fixed_keys_(fixed_keys) {
  connect(&actions, &Actions::keys_changed, this, &CommandModel::rebuild);
  rebuild();
}

void CommandModel::show_filter(const QString& letters) {
  letters_ = letters;
  rebuild();
}

void CommandModel::rebuild() {
  beginResetModel();
  rows_.clear();
  for (const auto& entry : actions_.entries()) {
    const QString group = entry.command.menu.section('/', -1);
    const QString name = group.isEmpty() ? plain_text(entry.action->text())
                                         : QString("%1: %2").arg(group, plain_text(entry.action->text()));
    rows_.push_back({name, entry.action->shortcut().toString(QKeySequence::NativeText),
                     entry.why_not.isEmpty() ? entry.command.tip : entry.why_not, entry.command.id,
                     entry.action->isEnabled()});
  }
  if (fixed_keys_)
    for (const auto& fixed : actions_.fixed_keys()) rows_.push_back({fixed.what, fixed.key, fixed.where, {}});
  for (Row& row : rows_)
    row.score = std::max({2 * fuzzy_score(letters_, row.name.section(": ", -1)), fuzzy_score(letters_, row.name),
                          row.key.compare(letters_, Qt::CaseInsensitive) == 0 && !letters_.isEmpty() ? 1000 : 0});
  std::erase_if(rows_, [](const Row& row) { return row.score == 0; });
  if (!letters_.isEmpty()) std::ranges::stable_sort(rows_, std::ranges::greater(), &Row::score);
  endResetModel();
}

const Actions::Entry* CommandModel::entry(int row) const {
  if (row < 0 || row >= int(rows_.size())) return nullptr;
  const auto& entries = actions_.entries();
  const auto found = std::ranges::find(entries, rows_[std::size_t(row)].id, [](const auto& e) { return e.command.id; });
  return found == entries.end() ? nullptr : &*found;
}

int CommandModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(rows_.size()); }

int CommandModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : 3; }

QVariant CommandModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const Row& row = rows_[std::size_t(index.row())];
  if (role == IdRole) return row.id;
  if (role == Qt::ForegroundRole && !row.possible)
    return QGuiApplication::palette().color(QPalette::Disabled, QPalette::Text);
  if (role == Qt::ToolTipRole && !row.does.isEmpty()) return row.does;
  if (role != Qt::DisplayRole) return {};
  return index.column() == Name ? row.name : index.column() == Key ? row.key : row.does;
}

QVariant CommandModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
  return section == Name ? tr("Command") : section == Key ? tr("Key") : tr("What it does");
}

}  // namespace relocus
