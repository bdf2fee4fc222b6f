#pragma once

#include <vtkNew.h>

#include <QImage>
#include <QOpenGLWidget>
#include <functional>

class QPainter;
class QSinglePointEvent;
class vtkGenericOpenGLRenderWindow;
class vtkGenericRenderWindowInteractor;
class vtkRenderer;

namespace relocus {

/// A VTK scene inside a Qt 6 window. VTK's own Qt module is not used (Debian builds it for Qt 5), so any VTK serves.
/// Survives being moved to another window (docking, floating): what VTK keeps on the GPU is released with the old
/// context and made anew.
class VtkWidget : public QOpenGLWidget {
  Q_OBJECT

 public:
  explicit VtkWidget(QWidget* parent = nullptr);
  ~VtkWidget() override;

  vtkRenderer* renderer() const { return renderer_; }
  vtkGenericOpenGLRenderWindow* render_window() const { return window_; }
  vtkGenericRenderWindowInteractor* interactor() const { return interactor_; }

  /// Drawn over the scene by Qt, in Qt's coordinates, after each rendering.
  void set_overlay(std::function<void(QPainter&)> paint) { overlay_ = std::move(paint); }

  /// What is to be seen now, in device pixels; renders when it must.
  QImage picture();

  /// Milliseconds that the last rendering took, without Qt's part.
  double render_milliseconds() const { return render_milliseconds_; }

 Q_SIGNALS:
  void about_to_render();

 protected:
  void initializeGL() override;
  void resizeGL(int width, int height) override;
  void paintGL() override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void leaveEvent(QEvent* event) override;

 private:
  void release_context();
  void forward(const QSinglePointEvent& event, unsigned long vtk_event, int repeat = 0);

  vtkNew<vtkGenericOpenGLRenderWindow> window_;
  vtkNew<vtkGenericRenderWindowInteractor> interactor_;
  vtkNew<vtkRenderer> renderer_;
  std::function<void(QPainter&)> overlay_;
  QMetaObject::Connection context_ends_;
  double wheel_ = 0;  ///< [degrees / 8] not yet forwarded
  double render_milliseconds_ = 0;
};

}  // namespace relocus
