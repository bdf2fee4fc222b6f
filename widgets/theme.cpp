#include "widgets/theme.h"

#include <QApplication>
#include <QStyle>
#include <QStyleFactory>
#include <QStyleHints>

namespace relocus {
namespace {

QPalette light_palette() {
  QPalette palette(QColor(0xf3, 0xf4, 0xf6));
  palette.setColor(QPalette::Window, QColor(0xf3, 0xf4, 0xf6));
  palette.setColor(QPalette::WindowText, QColor(0x1b, 0x1f, 0x24));
  palette.setColor(QPalette::Base, Qt::white);
  palette.setColor(QPalette::AlternateBase, QColor(0xf6, 0xf8, 0xfa));
  palette.setColor(QPalette::Text, QColor(0x1b, 0x1f, 0x24));
  palette.setColor(QPalette::PlaceholderText, QColor(0x62, 0x6a, 0x73));
  palette.setColor(QPalette::Button, QColor(0xf0, 0xf1, 0xf3));
  palette.setColor(QPalette::ButtonText, QColor(0x1b, 0x1f, 0x24));
  palette.setColor(QPalette::ToolTipBase, QColor(0xff, 0xff, 0xf2));
  palette.setColor(QPalette::ToolTipText, QColor(0x1b, 0x1f, 0x24));
  palette.setColor(QPalette::Highlight, QColor(0x1f, 0x6f, 0xb5));
  palette.setColor(QPalette::HighlightedText, Qt::white);
  palette.setColor(QPalette::Link, QColor(0x0b, 0x5c, 0xad));
  for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
    palette.setColor(QPalette::Disabled, role, QColor(0x8b, 0x93, 0x9c));
  return palette;
}

QPalette dark_palette() {
  QPalette palette(QColor(0x26, 0x2a, 0x31));
  palette.setColor(QPalette::Window, QColor(0x20, 0x23, 0x29));
  palette.setColor(QPalette::WindowText, QColor(0xe4, 0xe7, 0xeb));
  palette.setColor(QPalette::Base, QColor(0x18, 0x1b, 0x20));
  palette.setColor(QPalette::AlternateBase, QColor(0x1e, 0x21, 0x27));
  palette.setColor(QPalette::Text, QColor(0xe4, 0xe7, 0xeb));
  palette.setColor(QPalette::PlaceholderText, QColor(0x95, 0x9d, 0xa7));
  palette.setColor(QPalette::Button, QColor(0x2c, 0x31, 0x39));
  palette.setColor(QPalette::ButtonText, QColor(0xe4, 0xe7, 0xeb));
  palette.setColor(QPalette::BrightText, QColor(0xff, 0x8a, 0x70));
  palette.setColor(QPalette::ToolTipBase, QColor(0x30, 0x35, 0x3d));
  palette.setColor(QPalette::ToolTipText, QColor(0xe4, 0xe7, 0xeb));
  palette.setColor(QPalette::Highlight, QColor(0x2a, 0x70, 0xad));
  palette.setColor(QPalette::HighlightedText, Qt::white);
  palette.setColor(QPalette::Link, QColor(0x6c, 0xb6, 0xf5));
  for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
    palette.setColor(QPalette::Disabled, role, QColor(0x7a, 0x82, 0x8c));
  return palette;
}

}  // namespace

void apply_theme(Theme theme) {
  if (theme == Theme::System) {
    QApplication::setPalette(QPalette());  // an unset palette gives way to the desktop's
    return;
  }
  // Native styles ignore parts of a palette; Fusion draws all of it.
  if (QApplication::style()->name().compare("fusion", Qt::CaseInsensitive) != 0)
    QApplication::setStyle(QStyleFactory::create("Fusion"));
  QApplication::setPalette(theme == Theme::Dark ? dark_palette() : light_palette());
}

bool is_dark(const QPalette& palette) {
  return palette.color(QPalette::Window).lightness() < palette.color(QPalette::WindowText).lightness();
}

ViewColours view_colours(const QPalette& palette) {
  // Right, wrong and candidate are of Okabe and Ito's palette for every kind of colour vision, lightened for the dark
  // canvas.
  if (is_dark(palette))
    return {.canvas = QColor(0x12, 0x15, 0x1a),
            .grid = QColor(0x2b, 0x31, 0x3a),
            .axis = QColor(0x5d, 0x66, 0x72),
            .text = QColor(0xe6, 0xe9, 0xed),
            .muted_text = QColor(0xa3, 0xac, 0xb6),
            .path = QColor(0x86, 0x90, 0x9c),
            .query = QColor(0x3d, 0xdc, 0x97),
            .candidate = QColor(0xf0, 0x9a, 0xd0),
            .right = QColor(0x56, 0xb4, 0xe9),
            .wrong = QColor(0xff, 0x9b, 0x3d),
            .missed = QColor(0xb4, 0xbc, 0xc6)};
  return {.canvas = QColor(0xff, 0xff, 0xff),
          .grid = QColor(0xe3, 0xe7, 0xec),
          .axis = QColor(0x8a, 0x93, 0x9d),
          .text = QColor(0x1b, 0x1f, 0x24),
          .muted_text = QColor(0x55, 0x5e, 0x68),
          .path = QColor(0x8a, 0x93, 0x9d),
          .query = QColor(0x00, 0x8a, 0x5e),
          .candidate = QColor(0xb0, 0x3a, 0x86),
          .right = QColor(0x00, 0x72, 0xb2),
          .wrong = QColor(0xd5, 0x5e, 0x00),
          .missed = QColor(0x6b, 0x75, 0x80)};
}

}  // namespace relocus
