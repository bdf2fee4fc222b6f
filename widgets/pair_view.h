#pragma once

#include <QWidget>
#include <array>
#include <limits>
#include <map>
#include <memory>
#include <optional>

#include "core/cell_map.h"
#include "widgets/pair_scene.h"

class QComboBox;
class QLabel;
class QSlider;

namespace relocus {

class CloudBar;

/// What lays the candidate's scan over the query's.
enum class Alignment { None, Truth, Estimate, Icp };
inline constexpr std::array all_alignments = {Alignment::None, Alignment::Truth, Alignment::Estimate, Alignment::Icp};
QString title(Alignment alignment);

/// What one alignment has to offer for a pair.
struct AlignmentOffer {
  bool possible = false;
  std::optional<Eigen::Isometry3d> query_from_candidate;  ///< nothing while it is being computed
  QString words;  ///< why it is not possible; else what was found: "0.21 m rmse, 87 % of the points paired"
};

/// For each point the distance [m] to the nearest of the other scan.
struct PairDistances {
  std::vector<float> query, candidate;
};

/// What has been found out about a pair; it comes piece by piece.
struct PairKnowledge {
  std::array<AlignmentOffer, all_alignments.size()> offers;
  std::shared_ptr<const PairDistances> distances;  ///< at the alignment that is shown; null: not yet
  QString failed;                                  ///< why a piece will not come

  const AlignmentOffer& offer(Alignment alignment) const { return offers[std::size_t(alignment)]; }
};

/// What a view wants to know of the pair beyond its scans.
struct PairNeeds {
  Alignment alignment = Alignment::None;
  bool distances = false;
  QString cells = {};  ///< title of the maps of cells; empty: none
  bool operator==(const PairNeeds&) const = default;
};

/// Names and true geometry of a pair.
struct PairHeadline {
  QString query, candidate;                                          ///< "frame 123"; empty: none
  double distance = std::numeric_limits<double>::quiet_NaN();        ///< [m] true
  double yaw_difference = std::numeric_limits<double>::quiet_NaN();  ///< [rad] true, [0, pi]
  std::optional<bool> correct;
};

/// The query's and a candidate's scan side by side with one camera, or over each other; aligned, coloured and faded as
/// a person chooses.
class PairView : public QWidget {
  Q_OBJECT

 public:
  enum class ColourBy { Scan, Height, Distance, Cells };

  explicit PairView(QWidget* parent = nullptr);
  ~PairView() override;

  /// Another pair is selected: its scans, knowledge and cells will follow.
  void show_headline(const PairHeadline& facts);
  void show_cloud(PairSide side, std::shared_ptr<const PointCloud> cloud);
  void show_error(PairSide side, const QString& sentence);  ///< instead of a scan
  void show_knowledge(const PairKnowledge& knowledge);
  /// Maps of cells about both sensors, to be draped on their points; `title` ("True overlap") tells several apart.
  void show_cell_maps(const CellMap& query, const CellMap& candidate, const QString& title, float lower, float upper);

  /// Why maps of that title do not come for this pair; with no reason they may be chosen and are waited for.
  void show_no_cell_maps(const QString& title, const QString& why = {});

  void show_overlaid(bool overlaid);
  void show_alignment(Alignment alignment);
  void next_alignment();                                        ///< through those that are possible
  void show_colour_by(ColourBy by, const QString& cells = {});  ///< `cells`: title of the maps
  void show_colour_map(ColourMap map);
  void show_crossfade(double share);

  PairScene* scene() const { return scene_; }
  bool is_overlaid() const { return scene_->is_overlaid(); }
  Alignment alignment() const;  ///< that is shown: None where the chosen one is not possible
  ColourBy colour_by() const;
  PairNeeds needs() const;
  QString facts_text() const;

 Q_SIGNALS:
  void needs_changed(const relocus::PairNeeds& needs);

 protected:
  void changeEvent(QEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  struct Cells {
    CellMap query, candidate;
    float lower = 0, upper = 1;
    bool known = true;
    QString why_not = {};
  };
  void make_bar();
  void dress();
  void tell_needs();
  void show_what_is_possible();
  void show_facts_text();
  void pose();
  void colour();
  void colour(PairSide side);
  void put_cells(const QString& title, Cells cells);
  const Cells* cells() const;  ///< that are chosen; null: not known
  QColor colour_of(PairSide side) const;
  QString why_colours_are_missing() const;
  void paint_overlay(QPainter& painter) const;
  void paint_scale(QPainter& painter) const;

  PairScene* scene_;
  CloudBar* bar_;
  QComboBox *layout_, *alignment_, *colour_by_;
  QSlider* crossfade_;
  QLabel* text_;
  PairHeadline headline_;
  PairKnowledge knowledge_;
  std::map<QString, Cells> cells_;
  std::array<QString, 2> messages_;        // instead of the scans
  std::array<int, 2> colour_of_layout_{};  // what was chosen side by side, and over each other
  PairNeeds told_;
  bool stale_ = false;  // colours, until they are seen
};

}  // namespace relocus
