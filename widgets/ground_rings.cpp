#include "widgets/ground_rings.h"

#include <vtkActor.h>
#include <vtkCellArray.h>
#include <vtkCellData.h>
#include <vtkMatrix4x4.h>
#include <vtkPoints.h>
#include <vtkPolyData.h>
#include <vtkPolyDataMapper.h>
#include <vtkProperty.h>
#include <vtkRenderer.h>
#include <vtkUnsignedCharArray.h>

#include <QCoreApplication>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace relocus {
namespace {

constexpr double kStep = 10;  // [m]
constexpr int kRings = 8;

/// Circles of 10 m, 20 m … about the origin, each a closed line of its own.
vtkNew<vtkPolyData> circles() {
  constexpr int kSegments = 120;
  vtkNew<vtkPoints> points;
  vtkNew<vtkCellArray> lines;
  for (int ring = 1; ring <= kRings; ++ring) {
    lines->InsertNextCell(kSegments + 1);
    for (int i = 0; i <= kSegments; ++i) {
      const double angle = 2 * M_PI * i / kSegments, radius = ring * kStep;
      lines->InsertCellPoint(points->InsertNextPoint(radius * std::cos(angle), radius * std::sin(angle), 0));
    }
  }
  vtkNew<vtkPolyData> data;
  data->SetPoints(points);
  data->SetLines(lines);
  return data;
}

/// The sensor's axes, 3 m long: x red, y green, z blue.
vtkNew<vtkPolyData> axes() {
  constexpr double kLength = 3;
  vtkNew<vtkPoints> points;
  vtkNew<vtkCellArray> lines;
  vtkNew<vtkUnsignedCharArray> colours;
  colours->SetNumberOfComponents(3);
  const unsigned char rgb[3][3] = {{230, 70, 70}, {70, 190, 90}, {80, 130, 255}};
  for (int axis = 0; axis < 3; ++axis) {
    lines->InsertNextCell(2);
    lines->InsertCellPoint(points->InsertNextPoint(0, 0, 0));
    lines->InsertCellPoint(
        points->InsertNextPoint(axis == 0 ? kLength : 0, axis == 1 ? kLength : 0, axis == 2 ? kLength : 0));
    colours->InsertNextTypedTuple(rgb[axis]);
  }
  vtkNew<vtkPolyData> data;
  data->SetPoints(points);
  data->SetLines(lines);
  data->GetCellData()->SetScalars(colours);
  return data;
}

void give(vtkActor& actor, vtkPolyData* data) {
  vtkNew<vtkPolyDataMapper> mapper;
  mapper->SetInputData(data);
  actor.SetMapper(mapper);
  actor.GetProperty()->LightingOff();
}

}  // namespace

GroundRings::GroundRings() {
  give(*rings_, circles());
  give(*axes_, axes());
  for (vtkActor* actor : {rings_.Get(), axes_.Get()}) actor->SetUserMatrix(pose_);
  show_height(height_);
}

GroundRings::~GroundRings() = default;

void GroundRings::add_to(vtkRenderer& renderer) {
  renderer.AddActor(rings_);
  renderer.AddActor(axes_);
}

void GroundRings::show(bool visible) {
  rings_->SetVisibility(visible);
  axes_->SetVisibility(visible);
}

void GroundRings::show_height(double height) {
  height_ = height;
  rings_->SetPosition(0, 0, height);
}

void GroundRings::show_pose(const Eigen::Isometry3d& scene_from_sensor) {
  if (scene_from_sensor_.matrix() == scene_from_sensor.matrix()) return;
  scene_from_sensor_ = scene_from_sensor;
  const Eigen::Matrix<double, 4, 4, Eigen::RowMajor> rows = scene_from_sensor.matrix();
  pose_->DeepCopy(rows.data());
}

void GroundRings::dress(const QColor& colour, double device_pixel_ratio) {
  rings_->GetProperty()->SetColor(colour.redF(), colour.greenF(), colour.blueF());
  rings_->GetProperty()->SetLineWidth(float(device_pixel_ratio));
  axes_->GetProperty()->SetLineWidth(float(2 * device_pixel_ratio));
}

void GroundRings::paint_numbers(QPainter& painter, vtkRenderer& renderer, const QSizeF& size,
                                const ViewColours& colours) const {
  const QFontMetricsF font(painter.font());
  const double ratio = painter.device()->devicePixelRatioF();
  const QRectF area = painter.hasClipping() ? painter.clipBoundingRect() : QRectF({0, 0}, size);
  QRectF last;
  for (int ring = 1; ring <= kRings; ++ring) {
    const Eigen::Vector3d place = scene_from_sensor_ * Eigen::Vector3d(0, -ring * kStep, height_);
    renderer.SetWorldPoint(place.x(), place.y(), place.z(), 1);
    renderer.WorldToDisplay();
    double display[3];
    renderer.GetDisplayPoint(display);
    if (display[2] <= 0 || display[2] >= 1) continue;  // behind the camera
    const QString text = QCoreApplication::translate("GroundRings", "%1 m").arg(ring * kStep);
    QRectF box(0, 0, font.horizontalAdvance(text) + 4, font.height());
    box.moveCenter({display[0] / ratio, size.height() - display[1] / ratio});
    if (!area.contains(box) || box.intersects(last)) continue;
    last = box;
    QColor backdrop = colours.canvas;
    backdrop.setAlpha(190);
    painter.fillRect(box, backdrop);
    painter.setPen(colours.muted_text);
    painter.drawText(box, Qt::AlignCenter, text);
  }
}

double ground_height(const PointCloud& cloud) {
  constexpr double kLowest = -4, kBin = 0.1;
  constexpr int kBins = 50;
  std::array<int, kBins> count{};
  for (const auto& point : cloud.points) {
    const double bin = (point.z() - kLowest) / kBin;
    if (point.head<2>().squaredNorm() < 400 && bin >= 0 && bin < kBins) ++count[std::size_t(bin)];
  }
  const auto most = std::ranges::max_element(count);
  return *most > 0 ? kLowest + (double(most - count.begin()) + 0.5) * kBin : typical_ground_height;
}

}  // namespace relocus
