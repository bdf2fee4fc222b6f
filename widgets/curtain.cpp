#include "widgets/curtain.h"

#include <vtkActor.h>
#include <vtkActorCollection.h>
#include <vtkCamera.h>
#include <vtkDataSet.h>
#include <vtkMapper.h>
#include <vtkPropCollection.h>
#include <vtkProperty.h>
#include <vtkRenderWindow.h>
#include <vtkRenderer.h>
#include <vtkRendererCollection.h>
#include <vtkTimeStamp.h>

#include <QCoreApplication>
#include <QDockWidget>
#include <QEvent>
#include <QOpenGLContext>
#include <QOpenGLFunctions>
#include <QTimer>
#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include "widgets/vtk_widget.h"

namespace relocus {
namespace {

constexpr vtkIdType kAtOnce = 150'000;  // points that software OpenGL draws in about 40 ms

std::vector<vtkActor*> actors_of(vtkRenderer& pane) {
  std::vector<vtkActor*> actors;
  vtkCollectionSimpleIterator next;
  vtkActorCollection* all = pane.GetActors();  // made anew by each call
  all->InitTraversal(next);
  while (vtkActor* actor = all->GetNextActor(next)) actors.push_back(actor);
  return actors;
}

/// Those that are drawn, the left one first.
std::vector<vtkRenderer*> panes_of(vtkRenderWindow& window) {
  std::vector<vtkRenderer*> panes;
  vtkCollectionSimpleIterator next;
  window.GetRenderers()->InitTraversal(next);
  while (vtkRenderer* pane = window.GetRenderers()->GetNextRenderer(next))
    if (pane->GetDraw()) panes.push_back(pane);
  return panes;
}

vtkIdType points_in(vtkRenderer& pane) {
  vtkIdType points = 0;
  for (vtkActor* actor : actors_of(pane))
    if (const vtkDataSet* data =
            actor->GetVisibility() && actor->GetMapper() ? actor->GetMapper()->GetInput() : nullptr)
      points += const_cast<vtkDataSet*>(data)->GetNumberOfPoints();
  return points;
}

/// Scenes share the window's thread: between the pictures of two of them it does what waits.
bool& somebody_painted() {
  static bool painted = false;
  return painted;
}

void take_the_turn() {
  if (std::exchange(somebody_painted(), true)) return;
  QTimer::singleShot(0, QCoreApplication::instance(), [] { somebody_painted() = false; });
}

}  // namespace

Curtain::Curtain(VtkWidget& widget) : QObject(&widget), widget_(widget) { widget.installEventFilter(this); }

Curtain& Curtain::of(const VtkWidget& widget) {
  for (QObject* child : widget.children())
    if (auto* curtain = dynamic_cast<Curtain*>(child)) return *curtain;
  throw std::logic_error("a scene without a curtain");
}

void Curtain::forget() {
  known_.clear();
  drawn_.clear();
  is_new_ = true;
}

bool Curtain::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() == QEvent::Resize) resized_ = emptied_ = true;
  if (event->type() != QEvent::Paint) return QObject::eventFilter(watched, event);
  if (std::exchange(resized_, false)) {  // amid a layout; at its last size is early enough
    is_new_ ? wipe() : paint_later();
    return true;
  }
  if (widget_.visibleRegion().isEmpty()) {
    await_the_dock();
    return true;
  }
  // What a resize emptied is filled at once, unless there was nothing before: a first picture takes long.
  const bool waits = is_new_ ? !is_due_ || somebody_painted() : !emptied_ && somebody_painted();
  is_due_ = false;
  if (waits) {
    paint_later();
    return true;
  }
  take_the_turn();
  emptied_ = false;
  for_a_person_ = true;
  return false;
}

/// What waits for its turn comes first: requests to paint that follow each other at once would let nothing between.
void Curtain::paint_later() {
  if (std::exchange(is_asked_, true)) return;
  QTimer::singleShot(0, &widget_, [this] {
    is_asked_ = false;
    is_due_ = true;
    widget_.update();
  });
}

/// Behind a tab it is not hidden, only somewhere else; when the tab is chosen, the dock alone is told.
void Curtain::await_the_dock() {
  QWidget* ancestor = widget_.parentWidget();
  while (ancestor && !qobject_cast<QDockWidget*>(ancestor)) ancestor = ancestor->parentWidget();
  if (auto* dock = qobject_cast<QDockWidget*>(ancestor))
    connect(dock, &QDockWidget::visibilityChanged, &widget_, qOverload<>(&QWidget::update), Qt::UniqueConnection);
}

/// The canvas alone, at no cost: what was in the graphics memory before would be seen.
void Curtain::wipe() {
  widget_.makeCurrent();
  if (QOpenGLContext* context = QOpenGLContext::currentContext()) {
    double colour[3];
    widget_.renderer()->GetBackground(colour);
    QOpenGLFunctions* gl = context->functions();
    gl->glClearColor(float(colour[0]), float(colour[1]), float(colour[2]), 1);
    gl->glClear(GL_COLOR_BUFFER_BIT);
    gl->glFlush();
  }
  widget_.doneCurrent();
}

Curtain::Picture Curtain::picture_of(vtkRenderer& pane) const {
  vtkTimeStamp now;
  now.Modified();
  Picture picture{.time = now.GetMTime()};
  vtkCamera* camera = pane.GetActiveCamera();
  double* value = picture.view.data();
  camera->GetPosition(value);
  camera->GetFocalPoint(value + 3);
  camera->GetViewUp(value + 6);
  camera->GetClippingRange(value + 9);
  value[11] = camera->GetParallelProjection() ? -camera->GetParallelScale() : camera->GetViewAngle();
  pane.GetBackground(value + 12);
  pane.GetViewport(value + 15);
  return picture;
}

bool Curtain::has_changed(vtkRenderer& pane) const {
  const auto found = drawn_.find(&pane);
  if (found == drawn_.end() || found->second.view != picture_of(pane).view) return true;
  const auto actors = actors_of(pane);
  vtkMTimeType changed = pane.GetViewProps()->GetMTime();
  for (vtkActor* actor : actors) changed = std::max(changed, actor->GetRedrawMTime());
  return changed > found->second.time || pane.GetViewProps()->GetNumberOfItems() != int(actors.size());
}

void Curtain::render(vtkRenderWindow& window) {
  const bool step_by_step = std::exchange(for_a_person_, false);
  const int* size = window.GetSize();
  if (!step_by_step || size[0] != width_ || size[1] != height_) drawn_.clear();
  width_ = size[0], height_ = size[1];

  // Panes: those that are as they were stay so, and of large ones there is one at a time.
  std::vector<vtkRenderer*> drawn, untouched, waiting;
  vtkIdType points = 0;
  auto panes = panes_of(window);
  std::ranges::stable_sort(panes, {},
                           [this](vtkRenderer* pane) { return drawn_.contains(pane) ? drawn_[pane].time : 0; });
  for (vtkRenderer* pane : panes) {
    const vtkIdType more = points_in(*pane);
    if (!has_changed(*pane))
      untouched.push_back(pane);
    else if (step_by_step && !drawn.empty() && points + more > kAtOnce)
      waiting.push_back(pane);
    else
      drawn.push_back(pane), points += more;
  }

  // Looks: the first picture is empty, as the context has enough to do.
  std::vector<vtkActor*> held_back;
  bool is_full = step_by_step && std::exchange(is_new_, false);
  for (vtkRenderer* pane : drawn)
    for (vtkActor* actor : actors_of(*pane)) {
      if (!actor->GetVisibility() || !known_.insert(actor->GetProperty()).second) continue;
      if (step_by_step && std::exchange(is_full, true)) {
        known_.erase(actor->GetProperty());
        held_back.push_back(actor);
      }
    }

  for (vtkActor* actor : held_back) actor->SetVisibility(false);
  for (const auto* idle : {&untouched, &waiting})
    for (vtkRenderer* pane : *idle) pane->SetDraw(false);
  window.Render();
  for (vtkRenderer* pane : drawn) drawn_[pane] = picture_of(*pane);
  for (const auto* idle : {&untouched, &waiting})
    for (vtkRenderer* pane : *idle) pane->SetDraw(true);
  for (vtkRenderer* pane : untouched) drawn_[pane] = picture_of(*pane);
  for (vtkActor* actor : held_back) actor->SetVisibility(true);
  if (!held_back.empty() || !waiting.empty()) paint_later();
}

}  // namespace relocus
