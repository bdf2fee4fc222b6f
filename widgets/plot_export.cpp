#include "widgets/plot_export.h"

#include <QAction>
#include <QApplication>
#include <QBuffer>
#include <QClipboard>
#include <QDialog>
#include <QDialogButtonBox>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QFormLayout>
#include <QImage>
#include <QMenu>
#include <QPageSize>
#include <QPainter>
#include <QPdfWriter>
#include <QSettings>
#include <QSpinBox>
#include <QSvgGenerator>
#include <QToolButton>
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "core/error.h"
#include "core/files.h"
#include "widgets/icons.h"
#include "widgets/plan_canvas.h"
#include "widgets/theme.h"

namespace relocus {
namespace {

constexpr double kWide = 880;        // [px] a plot is drawn in; larger pictures are the same, finer
constexpr double kMargin = 10;       // [px]
constexpr int kPdfDotsPerInch = 96;  // one of the plot's pixels is 1/96 inch

struct FormatInfo {
  PlotFormat format;
  const char* suffix;
  const char* action;
};
constexpr std::array kFormats{
    FormatInfo{PlotFormat::Svg, "svg", QT_TRANSLATE_NOOP("relocus::PlotExport", "Save as SVG …")},
    FormatInfo{PlotFormat::Pdf, "pdf", QT_TRANSLATE_NOOP("relocus::PlotExport", "Save as PDF …")},
    FormatInfo{PlotFormat::Png, "png", QT_TRANSLATE_NOOP("relocus::PlotExport", "Save as PNG …")},
    FormatInfo{PlotFormat::Csv, "csv", QT_TRANSLATE_NOOP("relocus::PlotExport", "Save the numbers as CSV …")}};

const char* suffix_of(PlotFormat format) { return std::ranges::find(kFormats, format, &FormatInfo::format)->suffix; }

/// Size in which the page is laid out, with the proportions that are wanted.
QSizeF page_of(const QSize& pixels) {
  const double share = double(std::max(1, pixels.height())) / std::max(1, pixels.width());
  return {kWide, kWide * share};
}

/// Title, plot and stamp on a page.
void draw_page(QPainter& painter, const Plot& plot, const QString& stamp, const QSizeF& page) {
  const QPalette palette = plot.source ? plot.source->palette() : QApplication::palette();
  const ViewColours colours = view_colours(palette);
  painter.setRenderHints(QPainter::Antialiasing | QPainter::TextAntialiasing);
  painter.fillRect(QRectF({}, page), colours.canvas);
  QFont font = plot.source ? plot.source->font() : QApplication::font();
  font.setPixelSize(std::max(11, QFontInfo(font).pixelSize()));
  const double line = QFontMetricsF(font).height();
  const QRectF inside = QRectF({}, page).adjusted(kMargin, kMargin, -kMargin, -kMargin);

  QFont heading = font;
  heading.setBold(true);
  painter.setFont(heading);
  painter.setPen(colours.text);
  painter.drawText(QRectF(inside.left(), inside.top(), inside.width(), line + 2), Qt::AlignCenter, plot.title);

  painter.setFont(font);
  const QRectF below = painter.boundingRect(QRectF(inside.left(), 0, inside.width(), page.height()),
                                            Qt::AlignLeft | Qt::TextWordWrap, stamp);
  const double stamped = stamp.isEmpty() ? 0 : below.height() + 4;
  painter.setPen(colours.muted_text);
  painter.drawText(QRectF(inside.left(), inside.bottom() - stamped + 4, inside.width(), stamped),
                   Qt::AlignLeft | Qt::TextWordWrap, stamp);

  const QRectF middle = inside.adjusted(0, line + 6, 0, -stamped - 2);
  painter.save();
  if (plot.size.isEmpty()) {
    painter.translate(middle.topLeft());
    plot.paint(painter, middle.size());
  } else {
    const double scale = std::min(middle.width() / plot.size.width(), middle.height() / plot.size.height());
    painter.translate(middle.center());
    painter.scale(scale, scale);
    painter.translate(-plot.size.width() / 2, -plot.size.height() / 2);
    painter.setFont(font);
    plot.paint(painter, plot.size);
  }
  painter.restore();
}

void draw_svg(QIODevice& file, const Plot& plot, const QString& stamp, const QSizeF& page) {
  QSvgGenerator svg;
  svg.setOutputDevice(&file);
  svg.setSize(page.toSize());
  svg.setViewBox(QRectF({}, page));
  svg.setTitle(plot.title.toHtmlEscaped());
  svg.setDescription(stamp.toHtmlEscaped());
  QPainter painter(&svg);
  draw_page(painter, plot, stamp, page);
}

void draw_pdf(QIODevice& file, const Plot& plot, const QString& stamp, const QSizeF& page) {
  QPdfWriter pdf(&file);
  pdf.setResolution(kPdfDotsPerInch);
  pdf.setPageSize(QPageSize(page / kPdfDotsPerInch, QPageSize::Inch, QString(), QPageSize::ExactMatch));
  pdf.setPageMargins({});
  pdf.setTitle(plot.title + QStringLiteral(" – ") + stamp);
  pdf.setCreator(QStringLiteral("Relocus"));
  QPainter painter(&pdf);
  draw_page(painter, plot, stamp, page);
}

void draw_png(QIODevice& file, const Plot& plot, const QString& stamp, const QSize& pixels, const QSizeF& page) {
  QImage image(pixels, QImage::Format_RGB32);
  if (image.isNull()) throw Error("a picture of {} x {} pixels is too large", pixels.width(), pixels.height());
  image.setText(QStringLiteral("Title"), plot.title);
  image.setText(QStringLiteral("Description"), stamp);
  image.setText(QStringLiteral("Software"), QStringLiteral("Relocus"));
  {
    QPainter painter(&image);
    painter.scale(pixels.width() / page.width(), pixels.width() / page.width());
    draw_page(painter, plot, stamp, page);
  }
  image.save(&file, "PNG");
}

QString one_comment(QString stamp) { return QStringLiteral("# ") + stamp.simplified() + QLatin1Char('\n'); }

/// Width and height of a picture; nothing when the person changes their mind.
std::optional<QSize> ask_for_size(QWidget* parent) {
  QDialog dialog(parent);
  dialog.setWindowTitle(PlotExport::tr("Size of the picture"));
  auto* form = new QFormLayout(&dialog);
  QSettings settings;
  const auto box = [&](const char* key, int standard, const QString& label) {
    auto* made = new QSpinBox;
    made->setRange(200, 16000);
    made->setSingleStep(100);
    made->setSuffix(PlotExport::tr(" px"));
    made->setValue(settings.value(QLatin1String(key), standard).toInt());
    made->setAccessibleName(label);
    made->setToolTip(PlotExport::tr("Pixels of the PNG file"));
    form->addRow(label, made);
    return made;
  };
  auto* width = box("plot/width", 1600, PlotExport::tr("Width"));
  auto* height = box("plot/height", 1200, PlotExport::tr("Height"));
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Save | QDialogButtonBox::Cancel);
  QObject::connect(buttons, &QDialogButtonBox::accepted, &dialog, &QDialog::accept);
  QObject::connect(buttons, &QDialogButtonBox::rejected, &dialog, &QDialog::reject);
  form->addRow(buttons);
  if (dialog.exec() != QDialog::Accepted) return std::nullopt;
  settings.setValue("plot/width", width->value());
  settings.setValue("plot/height", height->value());
  return QSize(width->value(), height->value());
}

}  // namespace

QByteArray plot_bytes(const Plot& plot, PlotFormat format, const QString& stamp, const QSize& pixels) {
  if (format == PlotFormat::Csv) {
    if (!plot.csv) throw Error("{} has no numbers to save", plot.title.toStdString());
    return (stamp.isEmpty() ? QByteArray() : one_comment(stamp).toUtf8()) + plot.csv();
  }
  QByteArray bytes;
  QBuffer buffer(&bytes);
  buffer.open(QIODevice::WriteOnly);
  const QSizeF page = page_of(pixels);
  if (format == PlotFormat::Svg)
    draw_svg(buffer, plot, stamp, page);
  else if (format == PlotFormat::Pdf)
    draw_pdf(buffer, plot, stamp, page);
  else
    draw_png(buffer, plot, stamp, pixels, page);
  return bytes;
}

void save_plot(const Plot& plot, const QString& path, const QString& stamp, const QSize& pixels) {
  const QByteArray suffix = QFileInfo(path).suffix().toLower().toLatin1();
  const auto found = std::ranges::find_if(kFormats, [&](const FormatInfo& info) { return suffix == info.suffix; });
  if (found == kFormats.end()) throw Error("{}: a plot is saved as .svg, .pdf, .png or .csv", path.toStdString());
  const QByteArray bytes = plot_bytes(plot, found->format, stamp, pixels);
  write_atomically(path.toStdString(), std::string_view(bytes.constData(), std::size_t(bytes.size())));
}

Plot plot_of(const PlanCanvas& canvas, const QString& title, std::function<QByteArray()> csv) {
  return {title, [&canvas](QPainter& painter, const QSizeF&) { canvas.paint(painter); }, std::move(csv),
          QSizeF(canvas.size()), const_cast<PlanCanvas*>(&canvas)};
}

Plot plot_of(QWidget& view, const QString& title, std::function<QByteArray()> csv) {
  const auto paint = [&view](QPainter& painter, const QSizeF&) {
    view.render(&painter, {}, {}, QWidget::DrawChildren);
  };
  return {title, paint, std::move(csv), QSizeF(view.size()), &view};
}

std::function<QByteArray()> numbers_of(QWidget& view) {
  for (QWidget* part = &view; part; part = part->isWindow() ? nullptr : part->parentWidget())
    if (part->metaObject()->indexOfMethod("csv()") >= 0)
      return [part] {
        QByteArray numbers;
        QMetaObject::invokeMethod(part, "csv", Qt::DirectConnection, Q_RETURN_ARG(QByteArray, numbers));
        return numbers;
      };
  return {};
}

PlotExport::PlotExport(QWidget* view, std::function<Plot()> plot) : QObject(view), view_(view), plot_(std::move(plot)) {
  for (const FormatInfo& info : kFormats) {
    auto* action = new QAction(tr(info.action), this);
    connect(action, &QAction::triggered, this, [this, format = info.format] { ask(format); });
    actions_ << action;
  }
  auto* separator = new QAction(this);
  separator->setSeparator(true);
  auto* picture = new QAction(tr("Copy the picture"), this);
  connect(picture, &QAction::triggered, this, [this] { copy(PlotFormat::Png); });
  auto* numbers = new QAction(tr("Copy the numbers"), this);
  connect(numbers, &QAction::triggered, this, [this] { copy(PlotFormat::Csv); });
  actions_ << separator << picture << numbers;
  offer_menu_on(view);
}

void PlotExport::offer_menu_on(QWidget* other) {
  other->setContextMenuPolicy(Qt::ActionsContextMenu);
  other->addActions(actions_);
}

QToolButton* PlotExport::make_button(QWidget* parent) {
  auto* button = new QToolButton(parent);
  button->setText(tr("Save"));
  button->setAutoRaise(true);
  button->setPopupMode(QToolButton::InstantPopup);
  button->setToolTip(tr("Save this plot with its protocol as SVG, PDF or PNG, or its numbers as CSV"));
  button->setAccessibleName(tr("Save this plot"));
  auto* menu = new QMenu(button);
  menu->addActions(actions_);
  button->setMenu(menu);
  return button;
}

bool PlotExport::is_seen() const { return view_->isVisible() && !view_->visibleRegion().isEmpty(); }

void PlotExport::ask(PlotFormat format) {
  const Plot plot = plot_();
  const QString suffix = QLatin1String(suffix_of(format));
  QString name = plot.title.toLower().simplified();
  for (QChar& c : name)
    if (!c.isLetterOrNumber()) c = QLatin1Char('_');
  QSettings settings;
  const QString folder = settings.value("plot/folder").toString();
  const QString path = QFileDialog::getSaveFileName(view_, tr("Save %1").arg(plot.title),
                                                    QDir(folder).filePath(name + QLatin1Char('.') + suffix),
                                                    tr("%1 files (*.%2)").arg(suffix.toUpper(), suffix));
  if (path.isEmpty()) return;
  settings.setValue("plot/folder", QFileInfo(path).absolutePath());
  const auto pixels = format == PlotFormat::Png ? ask_for_size(view_) : QSize(1600, 1200);
  if (!pixels) return;
  save(QFileInfo(path).suffix().compare(suffix, Qt::CaseInsensitive) == 0 ? path : path + QLatin1Char('.') + suffix,
       *pixels);
}

void PlotExport::save(const QString& path, const QSize& pixels) {
  try {
    save_plot(plot_(), path, stamp_, pixels);
    Q_EMIT saved(path);
  } catch (const std::exception& problem) {
    Q_EMIT failed(QString::fromUtf8(problem.what()));
  }
}

void PlotExport::copy(PlotFormat format) {
  try {
    const QByteArray bytes = plot_bytes(plot_(), format, stamp_, {1600, 1200});
    if (format == PlotFormat::Csv)
      QApplication::clipboard()->setText(QString::fromUtf8(bytes));
    else
      QApplication::clipboard()->setImage(QImage::fromData(bytes, "PNG"));
  } catch (const std::exception& problem) {
    Q_EMIT failed(QString::fromUtf8(problem.what()));
  }
}

}  // namespace relocus
