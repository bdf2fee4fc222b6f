#include "widgets/vtk_widget.h"

#include <vtkActor.h>
#include <vtkActorCollection.h>
#include <vtkCallbackCommand.h>
#include <vtkCellArray.h>
#include <vtkCommand.h>
#include <vtkGenericOpenGLRenderWindow.h>
#include <vtkGenericRenderWindowInteractor.h>
#include <vtkInteractorStyleTrackballCamera.h>
#include <vtkMapper.h>
#include <vtkOpenGLState.h>
#include <vtkPolyData.h>
#include <vtkRenderer.h>
#include <vtkRendererCollection.h>

#include <QElapsedTimer>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QOpenGLContext>
#include <QOpenGLPaintDevice>
#include <QPainter>
#include <QSurfaceFormat>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

#include "widgets/curtain.h"

namespace relocus {
namespace {

constexpr int kDotsPerInch = 72;     // a point of a font is then one of Qt's pixels
constexpr double kWheelNotch = 120;  // Qt counts eighths of a degree; a notch is 15 degrees

QSurfaceFormat vtk_format() {
  QSurfaceFormat format = QSurfaceFormat::defaultFormat();
  format.setRenderableType(QSurfaceFormat::OpenGL);
  format.setVersion(3, 2);
  format.setProfile(QSurfaceFormat::CoreProfile);
  format.setDepthBufferSize(24);
  format.setStencilBufferSize(8);
  return format;
}

template <class Visit>
void for_each_actor(vtkRenderWindow& window, Visit visit) {
  vtkCollectionSimpleIterator next_renderer, next_actor;
  window.GetRenderers()->InitTraversal(next_renderer);
  while (vtkRenderer* renderer = window.GetRenderers()->GetNextRenderer(next_renderer)) {
    vtkActorCollection* actors = renderer->GetActors();  // made anew by each call
    actors->InitTraversal(next_actor);
    while (vtkActor* actor = actors->GetNextActor(next_actor)) visit(actor);
  }
}

/// VTK 9.1 frees its index buffers with the context, but makes them anew only when the cells have changed since.
void forget_indices(vtkRenderWindow& window) {
  for_each_actor(window, [](vtkActor* actor) {
    vtkMapper* mapper = actor->GetMapper();
    auto* data = mapper ? vtkPolyData::SafeDownCast(mapper->GetInputDataObject(0, 0)) : nullptr;
    if (!data) return;
    for (vtkCellArray* cells : {data->GetVerts(), data->GetLines(), data->GetPolys(), data->GetStrips()})
      if (cells) cells->Modified();
  });
}

unsigned long press_event(Qt::MouseButton button) {
  return button == Qt::LeftButton    ? vtkCommand::LeftButtonPressEvent
         : button == Qt::RightButton ? vtkCommand::RightButtonPressEvent
                                     : vtkCommand::MiddleButtonPressEvent;
}

unsigned long release_event(Qt::MouseButton button) {
  return button == Qt::LeftButton    ? vtkCommand::LeftButtonReleaseEvent
         : button == Qt::RightButton ? vtkCommand::RightButtonReleaseEvent
                                     : vtkCommand::MiddleButtonReleaseEvent;
}

}  // namespace

VtkWidget::VtkWidget(QWidget* parent) : QOpenGLWidget(parent) {
  setFormat(vtk_format());
  setFocusPolicy(Qt::StrongFocus);
  setMouseTracking(true);
  new Curtain(*this);

  renderer_->SetBackgroundAlpha(1);
  window_->AddRenderer(renderer_);
  window_->SetFrameBlitModeToBlitToCurrent();
  window_->SetMultiSamples(0);
  window_->SetReadyForRendering(false);
  interactor_->SetRenderWindow(window_);
  interactor_->SetInteractorStyle(vtkNew<vtkInteractorStyleTrackballCamera>());

  vtkNew<vtkCallbackCommand> repaint;  // an interaction asks for a rendering: let Qt choose the moment
  repaint->SetClientData(this);
  repaint->SetCallback([](vtkObject*, unsigned long, void* self, void*) { static_cast<VtkWidget*>(self)->update(); });
  interactor_->AddObserver(vtkCommand::RenderEvent, repaint);
  interactor_->EnableRenderOff();

  vtkNew<vtkCallbackCommand> make_current;  // VTK frees buffers also between renderings
  make_current->SetClientData(this);
  make_current->SetCallback([](vtkObject*, unsigned long, void* self, void*) {
    auto* widget = static_cast<VtkWidget*>(self);
    if (widget->isValid() && QOpenGLContext::currentContext() != widget->context()) widget->makeCurrent();
  });
  window_->AddObserver(vtkCommand::WindowMakeCurrentEvent, make_current);
}

VtkWidget::~VtkWidget() {
  disconnect(context_ends_);
  release_context();
  window_->RemoveAllObservers();
  interactor_->RemoveAllObservers();
}

void VtkWidget::initializeGL() {
  context_ends_ =
      connect(context(), &QOpenGLContext::aboutToBeDestroyed, this, &VtkWidget::release_context, Qt::DirectConnection);
  window_->SetOwnContext(false);
  window_->SetSupportsOpenGL(true);
  window_->SetIsCurrent(true);
  window_->InitializeFromCurrentContext();
  window_->SetReadyForRendering(true);
  interactor_->Initialize();
}

void VtkWidget::release_context() {
  if (!isValid()) return;
  disconnect(context_ends_);
  makeCurrent();
  window_->SetIsCurrent(true);
  window_->Finalize();
  forget_indices(*window_);
  Curtain::of(*this).forget();
  window_->SetReadyForRendering(false);
  doneCurrent();
}

void VtkWidget::resizeGL(int width, int height) {
  const double ratio = devicePixelRatioF();
  const int w = std::max(1, int(std::lround(width * ratio))), h = std::max(1, int(std::lround(height * ratio)));
  window_->SetDPI(int(std::lround(kDotsPerInch * ratio)));
  window_->SetSize(w, h);
  interactor_->SetSize(w, h);
}

void VtkWidget::paintGL() {
  Q_EMIT about_to_render();
  QElapsedTimer clock;
  clock.start();
  window_->SetIsCurrent(true);
  window_->SetSupportsOpenGL(true);
  window_->SetReadyForRendering(true);
  vtkOpenGLState* state = window_->GetState();
  state->Reset();  // Qt drew since
  state->Push();
  Curtain::of(*this).render(*window_);
  state->Pop();
  render_milliseconds_ = double(clock.nsecsElapsed()) / 1e6;

  if (overlay_) {
    // Not on the widget: while QWidget::grab() renders, that would lead past the scene.
    QOpenGLPaintDevice device(size() * devicePixelRatioF());
    device.setDevicePixelRatio(devicePixelRatioF());
    QPainter painter(&device);
    painter.setRenderHints(QPainter::Antialiasing | QPainter::TextAntialiasing);
    overlay_(painter);
  }
}

QImage VtkWidget::picture() { return grabFramebuffer(); }

void VtkWidget::forward(const QSinglePointEvent& event, unsigned long vtk_event, int repeat) {
  const QPointF at = event.position() * devicePixelRatioF();
  interactor_->SetEventInformationFlipY(int(at.x()), int(at.y()), event.modifiers().testFlag(Qt::ControlModifier),
                                        event.modifiers().testFlag(Qt::ShiftModifier), 0, repeat);
  interactor_->SetAltKey(event.modifiers().testFlag(Qt::AltModifier));
  interactor_->InvokeEvent(vtk_event);
}

void VtkWidget::mousePressEvent(QMouseEvent* event) { forward(*event, press_event(event->button())); }

void VtkWidget::mouseReleaseEvent(QMouseEvent* event) { forward(*event, release_event(event->button())); }

void VtkWidget::mouseDoubleClickEvent(QMouseEvent* event) { forward(*event, press_event(event->button()), 1); }

void VtkWidget::mouseMoveEvent(QMouseEvent* event) { forward(*event, vtkCommand::MouseMoveEvent); }

void VtkWidget::wheelEvent(QWheelEvent* event) {
  wheel_ += event->angleDelta().y();  // touchpads send small pieces of a notch
  for (; wheel_ >= kWheelNotch; wheel_ -= kWheelNotch) forward(*event, vtkCommand::MouseWheelForwardEvent);
  for (; wheel_ <= -kWheelNotch; wheel_ += kWheelNotch) forward(*event, vtkCommand::MouseWheelBackwardEvent);
  event->accept();
}

void VtkWidget::keyPressEvent(QKeyEvent* event) {
  const QByteArray symbol = event->text().toLatin1();
  interactor_->SetKeyEventInformation(event->modifiers().testFlag(Qt::ControlModifier),
                                      event->modifiers().testFlag(Qt::ShiftModifier),
                                      symbol.isEmpty() ? char(0) : symbol[0], 1, symbol.constData());
  // Not as a character: VTK's styles quit, pick and change to wireframe on single letters.
  interactor_->InvokeEvent(vtkCommand::KeyPressEvent);
  QOpenGLWidget::keyPressEvent(event);  // leaves it to the view
}

void VtkWidget::leaveEvent(QEvent* event) {
  interactor_->InvokeEvent(vtkCommand::LeaveEvent);
  QOpenGLWidget::leaveEvent(event);
}

}  // namespace relocus
