#pragma once

#include <QSortFilterProxyModel>
#include <cmath>

namespace relocus {

/// Sorts a table by the numbers of Qt::UserRole; what has none (NaN) comes last in both directions.
class NumberSort : public QSortFilterProxyModel {
 public:
  using QSortFilterProxyModel::QSortFilterProxyModel;

 protected:
  bool lessThan(const QModelIndex& left, const QModelIndex& right) const override {
    const double a = left.data(Qt::UserRole).toDouble(), b = right.data(Qt::UserRole).toDouble();
    if (std::isnan(a) || std::isnan(b))
      return std::isnan(a) == (sortOrder() == Qt::DescendingOrder) && !(std::isnan(a) && std::isnan(b));
    return a < b;
  }
};

}  // namespace relocus
