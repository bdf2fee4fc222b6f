#pragma once

#include <QObject>
#include <map>
#include <set>
#include <vector>

class QTableView;

namespace relocus {

/// Hides columns of a table that is too narrow for all of them, the least important first, so that it need not be moved
/// sideways; brings them back where there is room. The header's tip names what is hidden.
class FittingColumns : public QObject {
  Q_OBJECT

 public:
  /// Columns that are not named always stay.
  FittingColumns(QTableView& table, std::vector<int> least_important_first);

  /// Columns that have nothing to tell are never shown.
  void show_empty(const std::set<int>& columns);
  /// What is left of the width goes to this column.
  void let_grow(int column) { growing_ = column; }
  void fit();
  void show_all();  ///< until it is fitted again: to measure them

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  QTableView& table_;
  std::vector<int> order_;
  std::set<int> empty_;
  int growing_ = -1, grown_ = 0;  ///< which column, and by how much [px]
  std::map<int, int> widths_;     ///< [px] of columns that are hidden here
};

}  // namespace relocus
