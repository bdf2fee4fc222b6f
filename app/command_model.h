#pragma once

#include <QAbstractTableModel>

#include "app/actions.h"

namespace relocus {

/// How well the letters of `wanted` are found in this order in `text`: higher is better, begins of words and runs of
/// letters count more; 0: not at all. Case and spaces do not matter.
int fuzzy_score(const QString& wanted, const QString& text);

/// The commands as a table, those that fit a few typed letters, best first.
class CommandModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column { Name, Key, Does };
  enum Role { IdRole = Qt::UserRole };  ///< of the command; empty for a fixed key

  /// `fixed_keys`: with those that views read by themselves.
  CommandModel(const Actions& actions, bool fixed_keys, QObject* parent = nullptr);

  void show_filter(const QString& letters);
  /// Of the command in that row; null for a fixed key.
  const Actions::Entry* entry(int row) const;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  struct Row {
    QString name, key, does, id;
    bool possible = true;
    int score = 0;
  };
  void rebuild();

  const Actions& actions_;
  const bool fixed_keys_;
  QString letters_;
  std::vector<Row> rows_;
};

}  // namespace relocus
