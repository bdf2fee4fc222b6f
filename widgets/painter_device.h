#pragma once

#include <vtkContextDevice2D.h>

#include <QFont>
#include <QTransform>
#include <vector>

class QPainter;

namespace relocus {

/// VTK's two-dimensional drawing on a QPainter: charts look the same on a widget, in an SVG file and in a PDF file,
/// need no OpenGL, and their text is the program's. Coordinates are the painter's, counted from below as VTK does. What
/// charts here do not use (images, textures, markers, mathematical text) is not drawn.
class PainterDevice : public vtkContextDevice2D {
 public:
  static PainterDevice* New();
  vtkTypeMacro(PainterDevice, vtkContextDevice2D);

  /// Draws on `painter`, `height` pixels high, until end().
  void begin(QPainter& painter, double height, const QFont& font);
  void end();

  void DrawPoly(float* points, int count, unsigned char* colours, int components) override;
  void DrawLines(float* points, int count, unsigned char* colours, int components) override;
  void DrawPoints(float* points, int count, unsigned char* colours, int components) override;
  void DrawPointSprites(vtkImageData*, float*, int, unsigned char*, int) override {}
  void DrawMarkers(int, bool, float*, int, unsigned char*, int) override {}
  void DrawQuad(float* points, int count) override;
  void DrawQuadStrip(float* points, int count) override;
  void DrawPolygon(float* points, int count) override;
  void DrawColoredPolygon(float* points, int count, unsigned char* colours, int components) override;
  void DrawEllipseWedge(float, float, float, float, float, float, float, float) override {}
  void DrawEllipticArc(float, float, float, float, float, float) override {}
  void DrawString(float* point, const vtkStdString& text) override;
  void ComputeStringBounds(const vtkStdString& text, float bounds[4]) override;
#if __has_include(<vtkUnicodeString.h>)
  void DrawString(float* point, const vtkUnicodeString& text) override;
  void ComputeStringBounds(const vtkUnicodeString& text, float bounds[4]) override;
#endif
  void ComputeJustifiedStringBounds(const char* text, float bounds[4]) override;
  void DrawMathTextString(float*, const vtkStdString&) override {}
  void DrawImage(float[2], float, vtkImageData*) override {}
  void DrawImage(const vtkRectf&, vtkImageData*) override {}
  void SetColor4(unsigned char[4]) override {}  // pens and brushes say it themselves
  void SetTexture(vtkImageData*, int) override {}
  void SetPointSize(float) override {}
  void SetLineWidth(float) override {}
  void SetLineType(int) override {}
  void SetMatrix(vtkMatrix3x3* matrix) override;
  void GetMatrix(vtkMatrix3x3* matrix) override;
  void MultiplyMatrix(vtkMatrix3x3* matrix) override;
  void PushMatrix() override { kept_.push_back(matrix_); }
  void PopMatrix() override;
  void SetClipping(int* rectangle) override;
  void EnableClipping(bool enable) override;

 private:
  QPointF at(const float* point) const;
  void use_pen();
  QFont font() const;
  void fill(const QPolygonF& polygon);

  QPainter* painter_ = nullptr;
  QFont font_;
  QTransform pixel_from_vtk_;  ///< upside down
  QTransform matrix_;          ///< VTK's: of the item that is drawn
  std::vector<QTransform> kept_;
  QRectF clip_;
};

}  // namespace relocus
