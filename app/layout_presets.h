#pragma once

#include <QMainWindow>
#include <map>
#include <span>
#include <vector>

class QDockWidget;

namespace relocus {

/// A part of the window: views in front of each other, or further parts beside each other. The window is a row; the
/// parts of a row are columns, those of a column rows, and so on.
struct Pane {
  int share = 1;                       ///< of the row or column, in relation to its other parts
  std::vector<const char*> tabs = {};  ///< names of docks, the first in front; who is not there is left out
  std::vector<Pane> parts = {};
  int at_least = 0, at_most = 100000;  ///< [px]
};

/// An arrangement of views for one kind of work.
struct LayoutPreset {
  const char* name;  ///< "inspect": as --layout says it
  QString title, tip;
  Pane window;
  const char* needs = nullptr;  ///< the dock without which this kind of work does not exist
};

std::span<const LayoutPreset> layout_presets();

/// The same without one of the docks.
Pane without(Pane pane, const QString& dock);

using Docks = std::map<QString, QDockWidget*>;

/// Places the docks as the pane says and shows them; the others stand hidden behind the first.
void arrange(QMainWindow& window, const Docks& docks, const Pane& pane);

/// Gives them their shares of the window as it is now.
void share_out(QMainWindow& window, const Docks& docks, const Pane& pane);

}  // namespace relocus
