#include "widgets/painter_device.h"

#include <vtkBrush.h>
#include <vtkMatrix3x3.h>
#include <vtkObjectFactory.h>
#include <vtkPen.h>
#include <vtkStdString.h>
#include <vtkTextProperty.h>
#if __has_include(<vtkUnicodeString.h>)
#include <vtkUnicodeString.h>
#endif

#include <QFontMetricsF>
#include <QPainter>
#include <algorithm>
#include <cmath>
#include <utility>

namespace relocus {
namespace {

QColor colour_of(const unsigned char* rgba) { return {rgba[0], rgba[1], rgba[2], rgba[3]}; }

QColor colour_of(vtkPen* pen) {
  unsigned char rgba[4];
  pen->GetColor(rgba);
  rgba[3] = pen->GetOpacity();
  return colour_of(rgba);
}

QTransform transform_of(vtkMatrix3x3* m) {
  const auto at = [&](int row, int column) { return m->GetElement(row, column); };
  return {at(0, 0), at(1, 0), at(2, 0), at(0, 1), at(1, 1), at(2, 1), at(0, 2), at(1, 2), at(2, 2)};
}

QString text_of(const vtkStdString& text) { return QString::fromUtf8(text.c_str()); }

Qt::PenStyle style_of(int type) {
  switch (type) {
    case vtkPen::NO_PEN:
      return Qt::NoPen;
    case vtkPen::DASH_LINE:
      return Qt::DashLine;
    case vtkPen::DOT_LINE:
      return Qt::DotLine;
    case vtkPen::DASH_DOT_LINE:
      return Qt::DashDotLine;
    case vtkPen::DASH_DOT_DOT_LINE:
      return Qt::DashDotDotLine;
    default:
      return Qt::SolidLine;
  }
}

/// Where a text of that size stands about its anchor, before it is turned: x to the right, y down.
QRectF box_of(vtkTextProperty* text, const QFontMetricsF& font, const QString& words) {
  const double width = font.horizontalAdvance(words), height = font.height();
  const int across = text->GetJustification(), upwards = text->GetVerticalJustification();
  return {across == VTK_TEXT_LEFT       ? 0
          : across == VTK_TEXT_CENTERED ? -width / 2
                                        : -width,
          upwards == VTK_TEXT_BOTTOM     ? -height
          : upwards == VTK_TEXT_CENTERED ? -height / 2
                                         : 0,
          width, height};
}

}  // namespace

vtkStandardNewMacro(PainterDevice);

void PainterDevice::begin(QPainter& painter, double height, const QFont& font) {
  painter_ = &painter;
  font_ = font;
  pixel_from_vtk_ = QTransform(1, 0, 0, -1, 0, height);
  matrix_ = {};
  kept_.clear();
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
}

void PainterDevice::end() {
  painter_->restore();
  painter_ = nullptr;
}

QPointF PainterDevice::at(const float* point) const {
  return pixel_from_vtk_.map(matrix_.map(QPointF(point[0], point[1])));
}

void PainterDevice::use_pen() {
  QPen pen(colour_of(Pen), Pen->GetWidth(), style_of(Pen->GetLineType()), Qt::FlatCap, Qt::RoundJoin);
  if (pen.style() == Qt::SolidLine) pen.setCapStyle(Qt::SquareCap);
  painter_->setPen(pen);
}

void PainterDevice::DrawPoly(float* points, int count, unsigned char*, int) {
  QPolygonF line;
  for (int i = 0; i < count; ++i) line << at(points + 2 * i);
  use_pen();
  painter_->setBrush(Qt::NoBrush);
  painter_->drawPolyline(line);
}

void PainterDevice::DrawLines(float* points, int count, unsigned char*, int) {
  use_pen();
  for (int i = 0; i + 1 < count; i += 2) painter_->drawLine(at(points + 2 * i), at(points + 2 * i + 2));
}

void PainterDevice::DrawPoints(float* points, int count, unsigned char*, int) {
  painter_->setPen(QPen(colour_of(Pen), Pen->GetWidth(), Qt::SolidLine, Qt::RoundCap));
  for (int i = 0; i < count; ++i) painter_->drawPoint(at(points + 2 * i));
}

void PainterDevice::fill(const QPolygonF& polygon) {
  unsigned char rgba[4];
  Brush->GetColor(rgba);
  rgba[3] = Brush->GetOpacity();
  painter_->setPen(Qt::NoPen);
  painter_->setBrush(colour_of(rgba));
  painter_->drawPolygon(polygon);
}

void PainterDevice::DrawQuad(float* points, int count) {
  for (int i = 0; i + 3 < count; i += 4) DrawPolygon(points + 2 * i, 4);
}

void PainterDevice::DrawQuadStrip(float* points, int count) {
  QPolygonF outline;  // in one piece: seams between half-transparent quads would be seen
  for (int i = 0; i < count; i += 2) outline << at(points + 2 * i);
  for (int i = (count - 1) | 1; i > 0; i -= 2)
    if (i < count) outline << at(points + 2 * i);
  fill(outline);
}

void PainterDevice::DrawPolygon(float* points, int count) {
  QPolygonF polygon;
  for (int i = 0; i < count; ++i) polygon << at(points + 2 * i);
  fill(polygon);
}

void PainterDevice::DrawColoredPolygon(float* points, int count, unsigned char*, int) { DrawPolygon(points, count); }

QFont PainterDevice::font() const {
  QFont font = font_;
  font.setPixelSize(std::max(1, TextProp->GetFontSize()));
  font.setBold(TextProp->GetBold());
  return font;
}

void PainterDevice::DrawString(float* point, const vtkStdString& text) {
  const QString words = text_of(text);
  const QFont used = font();
  const QRectF box = box_of(TextProp, QFontMetricsF(used), words);
  double rgb[3];
  TextProp->GetColor(rgb);
  painter_->save();
  painter_->setFont(used);
  painter_->setPen(QColor::fromRgbF(float(rgb[0]), float(rgb[1]), float(rgb[2])));
  painter_->translate(at(point));
  painter_->rotate(-TextProp->GetOrientation());
  painter_->drawText(QPointF(box.left(), box.top() + QFontMetricsF(used).ascent()), words);
  painter_->restore();
}

void PainterDevice::ComputeStringBounds(const vtkStdString& text, float bounds[4]) {
  const QRectF box =
      QTransform().rotate(-TextProp->GetOrientation()).mapRect(box_of(TextProp, QFontMetricsF(font()), text_of(text)));
  bounds[0] = float(box.left());
  bounds[1] = float(-box.bottom());
  bounds[2] = float(box.width());
  bounds[3] = float(box.height());
}

#if __has_include(<vtkUnicodeString.h>)
void PainterDevice::DrawString(float* point, const vtkUnicodeString& text) {
  DrawString(point, vtkStdString(text.utf8_str()));
}
void PainterDevice::ComputeStringBounds(const vtkUnicodeString& text, float bounds[4]) {
  ComputeStringBounds(vtkStdString(text.utf8_str()), bounds);
}
#endif

void PainterDevice::ComputeJustifiedStringBounds(const char* text, float bounds[4]) {
  ComputeStringBounds(vtkStdString(text), bounds);
}

void PainterDevice::SetMatrix(vtkMatrix3x3* matrix) { matrix_ = transform_of(matrix); }

void PainterDevice::GetMatrix(vtkMatrix3x3* matrix) {
  const QTransform& m = matrix_;
  const double rows[9] = {m.m11(), m.m21(), m.m31(), m.m12(), m.m22(), m.m32(), m.m13(), m.m23(), m.m33()};
  for (int i = 0; i < 9; ++i) matrix->SetElement(i / 3, i % 3, rows[i]);
}

void PainterDevice::MultiplyMatrix(vtkMatrix3x3* matrix) { matrix_ = transform_of(matrix) * matrix_; }

void PainterDevice::PopMatrix() {
  if (kept_.empty()) return;
  matrix_ = kept_.back();
  kept_.pop_back();
}

void PainterDevice::SetClipping(int* r) { clip_ = pixel_from_vtk_.mapRect(QRectF(r[0], r[1], r[2], r[3])); }

void PainterDevice::EnableClipping(bool enable) { painter_->setClipRect(clip_, enable ? Qt::ReplaceClip : Qt::NoClip); }

}  // namespace relocus
