#include "app/icons.h"

#include <QFile>
#include <QPainter>
#include <QPixmap>
#include <QSvgRenderer>

/// Resources of a static library are left out unless somebody names them. (Must stand outside of namespaces.)
static void name_resources() { Q_INIT_RESOURCE(resources); }

namespace relocus {
namespace {

QPixmap drawn(const QByteArray& svg, int size) {
  QPixmap pixmap(size, size);
  pixmap.fill(Qt::transparent);
  QPainter painter(&pixmap);
  QSvgRenderer(svg).render(&painter);
  return pixmap;
}

QByteArray read_icon(const QString& name) {
  name_resources();
  QFile file(":/icons/" + name + ".svg");
  return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

}  // namespace

QIcon icon(const QString& name, const QPalette& palette) {
  const QByteArray svg = read_icon(name);
  QIcon icon;
  for (const auto& [mode, group] :
       {std::pair(QIcon::Normal, QPalette::Active), {QIcon::Disabled, QPalette::Disabled}}) {
    const QByteArray colour = palette.color(group, QPalette::ButtonText).name().toLatin1();
    for (const int size : {16, 24, 32, 48})
      icon.addPixmap(drawn(QByteArray(svg).replace("currentColor", colour), size), mode);
  }
  return icon;
}

QIcon program_icon() {
  const QByteArray svg = read_icon("relocus");
  QIcon icon;
  for (const int size : {16, 32, 64, 128}) icon.addPixmap(drawn(svg, size));
  return icon;
}

}  // namespace relocus
