#pragma once

#include <QAbstractTableModel>
#include <QTableView>
#include <array>
#include <optional>
#include <vector>

class QSortFilterProxyModel;

namespace relocus {

/// What is told of one channel of a map.
struct ChannelRow {
  int channel = 0;
  std::array<double, 2> values{};  ///< see ChannelTitles
  std::optional<QRgb> colour;      ///< in which the channel is drawn
};

/// What the columns of a list of channels say.
struct ChannelTitles {
  QString channel;                ///< "Cluster"
  std::vector<QString> values;    ///< one or two: "Norm"; "Query [%]", "Candidate [%]"
  std::vector<QString> tooltips;  ///< as many
  int decimals = 3;
};

/// The channels of a map with one or two numbers each. Qt::UserRole gives each cell's number for sorting.
class ChannelModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  using QAbstractTableModel::QAbstractTableModel;

  void show_channels(std::vector<ChannelRow> rows, const ChannelTitles& titles);
  const ChannelRow& row(int index) const { return rows_[std::size_t(index)]; }
  double greatest() const { return greatest_; }  ///< of all values

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

 private:
  std::vector<ChannelRow> rows_;
  ChannelTitles titles_;
  double greatest_ = 0;
};

/// The channels as a table with bars, the greatest first; selecting one tells it.
class ChannelList : public QTableView {
  Q_OBJECT

 public:
  explicit ChannelList(QWidget* parent = nullptr);

  void show_channels(std::vector<ChannelRow> rows, const ChannelTitles& titles);
  void show_channel(int channel);  ///< selects its row without telling
  int row_count() const { return model_->rowCount(); }

 Q_SIGNALS:
  void channel_selected(int channel);

 private:
  ChannelModel* model_;
  QSortFilterProxyModel* sorted_;
  bool telling_ = true;
};

}  // namespace relocus
