#pragma once

#include <vtkNew.h>

#include <Eigen/Geometry>
#include <QByteArray>
#include <QColor>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/cell_map.h"
#include "widgets/colour_map.h"

class vtkActor;
class vtkImageData;
class vtkMatrix4x4;
class vtkPointGaussianMapper;
class vtkPolyData;
class vtkRenderer;
class vtkTexture;

namespace relocus {

/// GLSL of ours that finds a point's cell and takes its colour; by default that of shaders/.
struct DrapeShader {
  QByteArray vertex, fragment;
};
DrapeShader drape_shader();

/// One scan in a VTK scene, drawn straight from its points: all of them, or fewer while the scene moves. Its colours
/// are one for all points, one for each, or those of a map of cells that lies around its sensor.
class CloudActor {
 public:
  static constexpr std::size_t points_while_moving = 30000;

  CloudActor();
  ~CloudActor();

  void add_to(vtkRenderer& renderer);
  void remove_from(vtkRenderer& renderer);

  /// VTK reads the points where they are; `cloud` is kept until the next. Null or without points: nothing is drawn.
  void show_cloud(std::shared_ptr<const PointCloud> cloud);
  const std::shared_ptr<const PointCloud>& cloud() const { return cloud_; }

  void show_colour(const QColor& colour);                           ///< one for all
  void show_colours(std::vector<std::array<std::uint8_t, 3>> rgb);  ///< one for each point
  /// The colours of the cells that the points lie in; `no_data` outside the map and where it holds NaN.
  void show_cells(const CellMap& map, ColourMap colours, float lower, float upper, const QColor& no_data);
  void use_shader(const DrapeShader& shader) { shader_ = shader; }  ///< of the next show_cells()
  const QString& error() const { return error_; }  ///< why show_cells() could not drape; empty: it could

  void show_pose(const Eigen::Isometry3d& scene_from_sensor);
  /// Share of the points that are drawn, [0, 1]: another scan shows through where the others were.
  void show_share(double share);
  void show_point_size(double device_pixels);
  /// While moving at most `most` points are drawn.
  void show_moving(bool moving, std::size_t most = points_while_moving);

  std::size_t size() const { return cloud_ ? cloud_->points.size() : 0; }  ///< points of the scan
  std::size_t points_drawn() const;                                        ///< all, or fewer while moving

 private:
  struct Points;
  enum class Colouring { One, Each, Cells };
  void colour_anew();
  void compose_shaders();
  void thin();
  void show_what_is_wanted();

  std::unique_ptr<Points> all_, few_;  // few: while it moves
  vtkNew<vtkTexture> cells_;
  vtkNew<vtkImageData> cell_pixels_;
  vtkNew<vtkMatrix4x4> pose_;
  std::shared_ptr<const PointCloud> cloud_;
  std::vector<std::array<std::uint8_t, 3>> rgb_;  // VTK reads them
  std::vector<std::size_t> kept_;                 // which points `few` holds
  DrapeShader shader_;
  Colouring colouring_ = Colouring::One;
  QString error_;
  double share_ = 1;
  bool moving_ = false, few_are_current_ = false;
  std::size_t most_ = points_while_moving;
};

}  // namespace relocus
