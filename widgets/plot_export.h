#pragma once

#include <QByteArray>
#include <QObject>
#include <QSizeF>
#include <QString>
#include <functional>

class QAction;
class QPainter;
class QToolButton;
class QWidget;

namespace relocus {

class PlanCanvas;

/// A plot as it leaves the program: how to draw it in any size, and its numbers.
struct Plot {
  QString title;                                        ///< "Precision over recall"
  std::function<void(QPainter&, const QSizeF&)> paint;  ///< vectors, where the plot is made of them
  std::function<QByteArray()> csv;                      ///< its numbers with a header line; null: none
  QSizeF size;                                          ///< it can be drawn in this one alone; empty: in any
  QWidget* source = nullptr;                            ///< whose font and palette it has
};

enum class PlotFormat { Svg, Pdf, Png, Csv };

/// The plot with its title above and the stamp (sequence, method, protocol) below. `pixels` is a PNG's size and the
/// proportions of the others. CSV has the stamp in a comment line. Throws when there are no numbers.
QByteArray plot_bytes(const Plot& plot, PlotFormat format, const QString& stamp, const QSize& pixels);

/// The same into a file, by its suffix (.svg, .pdf, .png, .csv); the old file or the new one, never half of one. Throws
/// an Error that names the file and what is wrong with it.
void save_plot(const Plot& plot, const QString& path, const QString& stamp, const QSize& pixels = {1600, 1200});

/// A canvas as it is seen, in vectors.
Plot plot_of(const PlanCanvas& canvas, const QString& title, std::function<QByteArray()> csv = {});

/// Any other view that Qt paints, as it is seen.
Plot plot_of(QWidget& view, const QString& title, std::function<QByteArray()> csv = {});

/// The numbers of a view or of what it is a part of: those of the nearest `Q_INVOKABLE QByteArray csv() const`; null
/// where there is none.
std::function<QByteArray()> numbers_of(QWidget& view);

/// What a person does with a plot: a menu under the right button of `view` and on a button. The window stamps it,
/// because it knows sequence, method and protocol, and tells what became of a file.
class PlotExport : public QObject {
  Q_OBJECT

 public:
  /// `plot` is asked when something is to be saved. `view` becomes the parent and shows the menu.
  PlotExport(QWidget* view, std::function<Plot()> plot);

  void set_stamp(const QString& stamp) { stamp_ = stamp; }
  const QString& stamp() const { return stamp_; }
  QToolButton* make_button(QWidget* parent = nullptr);
  const QList<QAction*>& actions() const { return actions_; }
  QString title() const { return plot_().title; }
  bool is_seen() const;                                                ///< its view is
  void offer_menu_on(QWidget* other);                                  ///< another part of the view
  void save(const QString& path, const QSize& pixels = {1600, 1200});  ///< tells saved() or failed()

 Q_SIGNALS:
  void saved(const QString& path);
  void failed(const QString& message);

 private:
  void ask(PlotFormat format);
  void copy(PlotFormat format);

  QWidget* view_;
  std::function<Plot()> plot_;
  QString stamp_;
  QList<QAction*> actions_;
};

}  // namespace relocus
