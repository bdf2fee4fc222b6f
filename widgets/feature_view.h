#pragma once

#include <QWidget>
#include <memory>

#include "core/bev_map.h"
#include "core/inspection.h"
#include "widgets/cell_map_view.h"

class QCheckBox;
class QComboBox;
class QLabel;
class QSlider;
class QSpinBox;
class QToolButton;

namespace relocus {

class ChannelList;
class ColourScale;

/// Where one cell of a scan looks in the other.
struct CellAttention {
  Side from = Side::Query;
  GridCell chosen;
  std::optional<CellMap> map;  ///< of the other scan; nothing: there is no data in the chosen cell
  QString title;               ///< "Attention"
};

/// What two scans look like to a method: their points from above, and every intermediate result that is a map. Maps
/// with channels are shown channel by channel, as colours of their principal directions, by magnitude, or by their
/// greatest channel. Query and candidate move together and share their colours.
class FeatureView : public QWidget {
  Q_OBJECT

 public:
  enum class Way { Colours, Magnitude, Channel, Greatest };  ///< of showing a map with channels

  explicit FeatureView(QWidget* parent = nullptr);

  void show_names(const QString& query, const QString& candidate);  ///< "Query 120"
  void show_scans(std::shared_ptr<const PointCloud> query,
                  std::shared_ptr<const PointCloud> candidate);  ///< null: none
  void show_inspection(std::shared_ptr<const Inspection> inspection);
  void show_message(const QString& sentence);  ///< why nothing is known of the method's steps
  void show_attention(const CellAttention& attention);

  /// "max_height", "density", "layers", "layer", "attention" or the name of a traced value; what is not there is left.
  void show_value(const QString& name);
  void show_way(Way way);
  void show_channel(int channel);

  QString value() const;
  Way way() const;
  int channel() const;
  CellMapView* map(Side side) const { return side == Side::Candidate ? candidate_map_ : query_map_; }
  QComboBox* values() const { return values_; }
  ChannelList* channels() const { return channels_; }
  QString reading() const;

 Q_SIGNALS:
  void attention_wanted(Side from, QPointF metre);

 protected:
  void changeEvent(QEvent* event) override;

 private:
  QWidget* make_bar();
  void list_values();
  void choose_value();
  void redraw();
  void show_pair(const std::optional<CellMap>& query, const std::optional<CellMap>& candidate, const MapLook& look);
  void draw_occupancy();
  void draw_traced(const TracedValue& value);
  void draw_stack(const std::string& name);
  bool shows_attention() const;
  void draw_attention();
  void list_channels(const std::string& name);
  void show_controls(int channels, bool is_stack, bool is_share);
  void tell(Side side, QPointF metre);
  std::optional<CellStack> stack(const std::string& name, Side side) const;
  const TracedValue* traced(const std::string& name) const;
  ColourMap colours() const;

  CellMapView *query_map_, *candidate_map_;
  ColourScale* scale_;
  ChannelList* channels_;
  QComboBox *values_, *ways_, *colours_;
  QSlider* slider_;
  QSpinBox* number_;
  QCheckBox* only_data_;
  QLabel *reading_, *query_heading_, *candidate_heading_;
  QToolButton* fit_;
  QString query_name_, candidate_name_, message_;
  std::shared_ptr<const PointCloud> query_cloud_, candidate_cloud_;
  std::shared_ptr<const Inspection> inspection_;
  std::optional<CellAttention> attention_;
  std::string listed_;  ///< whose channels the list shows
};

}  // namespace relocus
