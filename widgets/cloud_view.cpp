#include "widgets/cloud_view.h"

#include <vtkActor.h>
#include <vtkCallbackCommand.h>
#include <vtkCamera.h>
#include <vtkFloatArray.h>
#include <vtkGenericRenderWindowInteractor.h>
#include <vtkPointData.h>
#include <vtkPointGaussianMapper.h>
#include <vtkPoints.h>
#include <vtkPolyData.h>
#include <vtkProperty.h>
#include <vtkRenderer.h>
#include <vtkUnsignedCharArray.h>

#include <QComboBox>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QPainter>
#include <QSlider>
#include <QTimer>
#include <QToolButton>
#include <QVBoxLayout>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

#include "widgets/ground_rings.h"
#include "widgets/icons.h"
#include "widgets/legend.h"
#include "widgets/theme.h"
#include "widgets/turntable.h"
#include "widgets/vtk_widget.h"

namespace relocus {
namespace {

constexpr std::size_t kPointsWhileMoving = 30000;
constexpr int kStillAfter = 250;                             // [ms] after the last turn of the wheel
constexpr double kStartDistance = 75, kStartElevation = 32;  // [m], [deg]

/// Points that are drawn without cells, in colours of their own.
struct PointActor {
  PointActor() {
    mapper->SetInputData(data);
    mapper->EmissiveOff();
    mapper->SetScaleFactor(0);  // plain points
    mapper->SetColorModeToDirectScalars();
    actor->SetMapper(mapper);
    actor->GetProperty()->LightingOff();
    actor->SetVisibility(false);
  }
  vtkNew<vtkPolyData> data;
  vtkNew<vtkPointGaussianMapper> mapper;
  vtkNew<vtkActor> actor;
};

/// About `wanted` of `count` indices, evenly but without the stripes that a fixed stride leaves in a scan's rings.
std::vector<std::size_t> thinned(std::size_t count, std::size_t wanted) {
  std::vector<std::size_t> kept;
  kept.reserve(wanted);
  const double stride = double(count) / double(wanted);
  double fraction = 0.5;
  for (std::size_t i = 0; i < wanted; ++i) {
    fraction += 0.6180339887498949;  // golden ratio: the jitters are spread evenly
    fraction -= std::floor(fraction);
    kept.push_back(std::min(count - 1, std::size_t((double(i) + fraction) * stride)));
  }
  return kept;
}

}  // namespace

struct CloudView::Scene {
  PointActor all, few;  // few: while it moves
  GroundRings rings;
  bool moving = false;
  bool few_are_current = false;
  QTimer still;
  std::vector<std::size_t> kept;  // which points `few` holds

  void show(std::size_t points) {
    const bool thin = moving && points > kPointsWhileMoving;
    all.actor->SetVisibility(points > 0 && !thin);
    few.actor->SetVisibility(points > 0 && thin);
    rings.show(points > 0);
  }
};

CloudView::CloudView(QWidget* parent) : QWidget(parent), vtk_(std::make_unique<Scene>()), scene_(new VtkWidget) {
  make_scene();
  make_bar();
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addWidget(bar_);
  layout->addWidget(scene_, 1);
  setFocusProxy(scene_);
  setMinimumSize(160, 120);
  scene_->setAccessibleName(tr("Scan in 3-D"));
  reset_view();
  dress();
  clear();
}

CloudView::~CloudView() { delete scene_; }  // before what it draws

void CloudView::make_scene() {
  vtk_->rings.add_to(*scene_->renderer());
  for (const PointActor* points : {&vtk_->all, &vtk_->few}) scene_->renderer()->AddActor(points->actor);

  vtkNew<Turntable> style;
  scene_->interactor()->SetInteractorStyle(style);
  const auto observe = [&](unsigned long event, void (*react)(vtkObject*, unsigned long, void*, void*)) {
    vtkNew<vtkCallbackCommand> command;
    command->SetClientData(this);
    command->SetCallback(react);
    style->AddObserver(event, command);
  };
  // The style starts and ends an interaction for each notch of the wheel too: being still is decided by a pause.
  observe(vtkCommand::StartInteractionEvent,
          [](vtkObject*, unsigned long, void* self, void*) { static_cast<CloudView*>(self)->set_moving(true); });
  observe(vtkCommand::EndInteractionEvent, [](vtkObject*, unsigned long, void* self, void*) {
    static_cast<CloudView*>(self)->vtk_->still.start(kStillAfter);
  });
  vtk_->still.setSingleShot(true);
  connect(&vtk_->still, &QTimer::timeout, this, [this] { set_moving(false); });
  scene_->installEventFilter(this);
  scene_->set_overlay([this](QPainter& painter) { paint_overlay(painter); });
}

void CloudView::make_bar() {
  bar_ = new QWidget;
  colour_by_ = new QComboBox;
  for (const ColourBy by : all_colour_by) colour_by_->addItem(title(by), int(by));
  colour_by_->setToolTip(tr("What the colour of a point tells (Shift+Up, Shift+Down)"));
  colour_by_->setAccessibleName(tr("Colour by"));
  colour_map_ = new QComboBox;
  for (const ColourMap map : all_colour_maps) colour_map_->addItem(colour_map_icon(map), title(map), int(map));
  colour_map_->setToolTip(tr("Colours of numbers"));
  colour_map_->setAccessibleName(tr("Colour map"));
  point_size_ = new QSlider(Qt::Horizontal);
  point_size_->setRange(1, 8);
  point_size_->setValue(2);
  point_size_->setMaximumWidth(70);
  point_size_->setMinimumWidth(36);
  point_size_->setToolTip(tr("Size of the points (Ctrl+wheel)"));
  point_size_->setAccessibleName(tr("Point size"));
  reset_ = new QToolButton;
  reset_->setToolTip(tr("Reset the view (R)"));
  reset_->setAccessibleName(tr("Reset the view"));
  top_ = new QToolButton;
  top_->setToolTip(tr("Look from above (T)"));
  top_->setAccessibleName(tr("Look from above"));
  for (QToolButton* button : {reset_, top_}) button->setAutoRaise(true);

  auto* row = new QHBoxLayout(bar_);
  row->setContentsMargins(4, 2, 4, 2);
  row->setSpacing(4);
  for (QWidget* widget : std::initializer_list<QWidget*>{colour_by_, colour_map_, point_size_}) row->addWidget(widget);
  row->addStretch(1);
  row->addWidget(top_);
  row->addWidget(reset_);
  for (QComboBox* box : {colour_by_, colour_map_}) {
    box->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    box->setMinimumContentsLength(4);
    box->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    box->setMinimumWidth(48);
  }

  connect(colour_by_, &QComboBox::currentIndexChanged, this, [this] {
    recolour();
    Q_EMIT colour_by_changed(colour_by());
  });
  connect(colour_map_, &QComboBox::currentIndexChanged, this, &CloudView::recolour);
  connect(point_size_, &QSlider::valueChanged, this, &CloudView::show_point_size);
  connect(reset_, &QToolButton::clicked, this, &CloudView::reset_view);
  connect(top_, &QToolButton::clicked, this, &CloudView::top_view);
  show_point_size(point_size_->value());
}

void CloudView::show_cloud(std::shared_ptr<const PointCloud> cloud,
                           std::shared_ptr<const std::vector<std::uint16_t>> labels) {
  if (!cloud || cloud->points.empty()) return show_error(tr("This scan has no points"));
  message_.clear();

  // VTK reads the points where they are: the old ones may go only when it no longer holds them.
  vtkNew<vtkFloatArray> coordinates;
  coordinates->SetNumberOfComponents(3);
  coordinates->SetArray(const_cast<float*>(cloud->points.front().data()), vtkIdType(3 * cloud->points.size()),
                        /*save=*/1);
  vtkNew<vtkPoints> points;
  points->SetData(coordinates);
  vtk_->all.data->SetPoints(points);
  cloud_ = std::move(cloud);
  labels_ = std::move(labels);

  vtk_->kept = thinned(cloud_->points.size(), std::min(kPointsWhileMoving, cloud_->points.size()));
  vtk_->rings.show_height(ground_height(*cloud_));
  recolour();
}

void CloudView::show_error(const QString& sentence) {
  message_ = sentence;
  vtk_->all.data->Initialize();
  vtk_->few.data->Initialize();
  vtk_->show(0);
  cloud_.reset();
  labels_.reset();
  scene_->update();
}

void CloudView::clear() { show_error(tr("Open a sequence to see its scans")); }

void CloudView::show_colour_by(ColourBy by) { colour_by_->setCurrentIndex(colour_by_->findData(int(by))); }

void CloudView::show_colour_map(ColourMap map) { colour_map_->setCurrentIndex(colour_map_->findData(int(map))); }

void CloudView::show_point_size(int pixels) {
  point_size_->setValue(pixels);
  for (vtkActor* actor : {vtk_->all.actor.Get(), vtk_->few.actor.Get()})
    actor->GetProperty()->SetPointSize(float(pixels * devicePixelRatioF()));
  scene_->update();
}

ColourBy CloudView::colour_by() const { return ColourBy(colour_by_->currentData().toInt()); }

ColourMap CloudView::colour_map() const { return ColourMap(colour_map_->currentData().toInt()); }

int CloudView::points_drawn() const {
  if (!cloud_) return 0;
  return int(vtk_->few.actor->GetVisibility() ? vtk_->kept.size() : cloud_->points.size());
}

void CloudView::recolour() {
  if (!cloud_) return;
  const std::span<const std::uint16_t> labels = labels_ ? std::span(*labels_) : std::span<const std::uint16_t>();
  colours_ = point_colours(*cloud_, labels, colour_by(), colour_map());

  vtkNew<vtkUnsignedCharArray> rgb;
  rgb->SetNumberOfComponents(3);
  rgb->SetArray(colours_.rgb.front().data(), vtkIdType(3 * colours_.rgb.size()), /*save=*/1);
  vtk_->all.data->GetPointData()->SetScalars(rgb);
  vtk_->all.data->Modified();
  vtk_->few_are_current = false;
  vtk_->show(cloud_->points.size());
  if (vtk_->moving) thin();
  scene_->update();
}

void CloudView::thin() {
  if (vtk_->few_are_current || !cloud_) return;
  vtkNew<vtkPoints> points;
  points->SetNumberOfPoints(vtkIdType(vtk_->kept.size()));
  vtkNew<vtkUnsignedCharArray> rgb;
  rgb->SetNumberOfComponents(3);
  rgb->SetNumberOfTuples(vtkIdType(vtk_->kept.size()));
  auto* coordinates = static_cast<vtkFloatArray*>(points->GetData())->GetPointer(0);
  for (std::size_t i = 0; i < vtk_->kept.size(); ++i) {
    std::copy_n(cloud_->points[vtk_->kept[i]].data(), 3, coordinates + 3 * i);
    std::copy_n(colours_.rgb[vtk_->kept[i]].data(), 3, rgb->GetPointer(vtkIdType(3 * i)));
  }
  vtk_->few.data->SetPoints(points);
  vtk_->few.data->GetPointData()->SetScalars(rgb);
  vtk_->few_are_current = true;
}

void CloudView::set_moving(bool moving) {
  if (moving) {
    vtk_->still.stop();
    thin();
  }
  vtk_->moving = moving;
  vtk_->show(cloud_ ? cloud_->points.size() : 0);
  scene_->update();
}

void CloudView::reset_view() {
  const double elevation = kStartElevation * M_PI / 180;
  vtkCamera* camera = scene_->renderer()->GetActiveCamera();
  camera->SetFocalPoint(8, 0, vtk_->rings.height());
  camera->SetPosition(8 - kStartDistance * std::cos(elevation), 0,
                      vtk_->rings.height() + kStartDistance * std::sin(elevation));
  camera->SetViewUp(0, 0, 1);
  camera->SetViewAngle(45);
  scene_->update();
}

void CloudView::top_view() {
  vtkCamera* camera = scene_->renderer()->GetActiveCamera();
  const double distance = camera->GetDistance();
  double at[3];
  camera->GetFocalPoint(at);
  camera->SetPosition(at[0], at[1], at[2] + distance);
  camera->SetViewUp(1, 0, 0);
  scene_->update();
}

void CloudView::dress() {
  const ViewColours colours = view_colours(palette());
  scene_->renderer()->SetBackground(colours.canvas.redF(), colours.canvas.greenF(), colours.canvas.blueF());
  vtk_->rings.dress(is_dark(palette()) ? colours.axis : colours.axis.lighter(125), devicePixelRatioF());
  reset_->setIcon(icon(Icon::Reset, palette()));
  top_->setIcon(icon(Icon::Top, palette()));
  scene_->update();
}

void CloudView::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange) dress();
  QWidget::changeEvent(event);
}

void CloudView::keyPressEvent(QKeyEvent* event) {
  const bool shift = event->modifiers().testFlag(Qt::ShiftModifier);
  const int choices = colour_by_->count();
  if (event->key() == Qt::Key_R)
    reset_view();
  else if (event->key() == Qt::Key_T)
    top_view();
  else if (shift && event->key() == Qt::Key_Down)
    colour_by_->setCurrentIndex((colour_by_->currentIndex() + 1) % choices);
  else if (shift && event->key() == Qt::Key_Up)
    colour_by_->setCurrentIndex((colour_by_->currentIndex() + choices - 1) % choices);
  else
    QWidget::keyPressEvent(event);
}

bool CloudView::eventFilter(QObject* watched, QEvent* event) {
  if (watched == scene_ && event->type() == QEvent::Wheel) {
    auto* wheel = static_cast<QWheelEvent*>(event);
    if (wheel->modifiers().testFlag(Qt::ControlModifier)) {
      show_point_size(point_size_->value() + (wheel->angleDelta().y() > 0 ? 1 : -1));
      return true;
    }
  }
  return QWidget::eventFilter(watched, event);
}

void CloudView::paint_overlay(QPainter& painter) const {
  const ViewColours colours = view_colours(palette());
  const QRectF area = scene_->rect();
  painter.setFont(font());
  if (!cloud_) {
    painter.setPen(colours.muted_text);
    painter.drawText(area.adjusted(12, 12, -12, -12), int(Qt::AlignCenter) | Qt::TextWordWrap, message_);
    return;
  }
  vtk_->rings.paint_numbers(painter, *scene_->renderer(), scene_->size(), colours);
  if (!colours_.classes.empty()) {
    std::vector<LegendRow> rows;
    for (const auto& c : colours_.classes) rows.push_back({Mark::Square, QColor(c.colour), c.name});
    draw_legend(painter, area, rows, colours);
  } else if (colours_.upper > colours_.lower) {
    const QString words =
        colours_.unit.isEmpty() ? colours_.title : QStringLiteral("%1 [%2]").arg(colours_.title, colours_.unit);
    draw_colour_bar(painter, area,
                    {.map = colour_map(),
                     .lower = colours_.lower,
                     .upper = colours_.upper,
                     .title = words,
                     .whole_numbers = colour_by() == ColourBy::Ring},
                    colours);
  } else {
    draw_caption(painter, area, Qt::AlignTop | Qt::AlignHCenter, colours_.title, colours);
  }
  const QString number = QLocale().toString(qulonglong(cloud_->points.size()));
  const QString drawn = QLocale().toString(points_drawn());
  draw_caption(
      painter, area, Qt::AlignBottom | Qt::AlignLeft,
      vtk_->few.actor->GetVisibility() ? tr("%1 of %2 points").arg(drawn, number) : tr("%1 points").arg(number),
      colours);
}

}  // namespace relocus
