#include "app/layout_presets.h"

#include <QDockWidget>
#include <algorithm>
#include <numeric>
#include <optional>

namespace relocus {
namespace {

constexpr int kAroundDocks = 140;  // [px] of height for menus, bars and the status line
constexpr int kNarrow = 284, kNarrowAtMost = 360, kTable = 372,
              kTableAtMost = 620;  // [px] widths of columns of forms, of tables

/// What is open and what is to be done with it: on the left of most.
Pane forms(std::vector<const char*> first) {
  return {19, {}, {{36, std::move(first)}, {46, {"method", "protocol"}}, {18, {"run"}}}, kNarrow, kNarrowAtMost};
}

std::vector<LayoutPreset> make_presets() {
  const auto tr = [](const char* text) { return QMainWindow::tr(text); };
  return {
      {"browse",
       tr("Browse"),
       tr("Look at a sequence: its scans, images and path"),
       {1,
        {},
        {forms({"sequence", "log"}),
         {49, {}, {{70, {"query"}}, {30, {"images"}}}},
         {32, {}, {{55, {"trajectory"}}, {45, {"bev", "features"}}}, kTable}}}},
      {"inspect",
       tr("Inspect"),
       tr("See why a place was recognised or missed: the pair, its overlap and its candidates"),
       {1,
        {},
        {forms({"sequence", "log"}),
         {53,
          {},
          {{52, {"pair", "query", "candidate", "images"}},
           {48, {}, {{48, {"overlap", "bev", "features"}}, {52, {"trajectory", "matrix"}}}}}},
         {28, {}, {{38, {"candidates", "failures"}}, {62, {"curves", "why"}}}, kTable, kTableAtMost}}}},
      {"evaluate",
       tr("Evaluate"),
       tr("How good a method is, under which protocol, and where it fails"),
       {1,
        {},
        {{19, {}, {{82, {"protocol", "method", "sequence"}}, {18, {"run"}}}, kNarrow, kNarrowAtMost},
         {46, {}, {{62, {"curves", "compare", "sensitivity", "truth"}}, {38, {"failures", "candidates", "log"}}}},
         {35, {}, {{50, {"trajectory", "matrix"}}, {50, {"why", "pair", "query", "images"}}}, kTable}}}},
      {"train",
       tr("Train"),
       tr("Train a method and watch its curves"),
       {1, {}, {{1, {}, {{84, {"train", "truth"}}, {16, {"log"}}}}}},
       "train"},
  };
}

/// The pane with what is there: docks that do not exist and panes without any are left out.
std::optional<Pane> existing(const Pane& pane, const Docks& docks) {
  Pane result = pane;
  std::erase_if(result.tabs, [&](const char* name) { return !docks.contains(name); });
  result.parts.clear();
  for (const Pane& part : pane.parts)
    if (auto there = existing(part, docks)) result.parts.push_back(std::move(*there));
  if (result.tabs.empty() && result.parts.empty()) return std::nullopt;
  return result;
}

/// The dock by which a pane is split and resized.
QDockWidget* anchor(const Pane& pane, const Docks& docks) {
  return pane.parts.empty() ? docks.at(pane.tabs.front()) : anchor(pane.parts.front(), docks);
}

Qt::Orientation across(Qt::Orientation direction) {
  return direction == Qt::Horizontal ? Qt::Vertical : Qt::Horizontal;
}

/// Splits off all parts before any of them is split: then each stands in the right row.
void place(QMainWindow& window, const Docks& docks, const Pane& pane, Qt::Orientation direction) {
  for (std::size_t i = 1; i < pane.parts.size(); ++i)
    window.splitDockWidget(anchor(pane.parts[i - 1], docks), anchor(pane.parts[i], docks), direction);
  for (const Pane& part : pane.parts) place(window, docks, part, across(direction));
}

void show_tabs(QMainWindow& window, const Docks& docks, const Pane& pane, std::vector<QDockWidget*>& shown) {
  for (const char* name : pane.tabs) {
    auto* dock = docks.at(name);
    shown.push_back(dock);
    if (name != pane.tabs.front()) window.tabifyDockWidget(docks.at(pane.tabs.front()), dock);
    dock->show();
  }
  for (const Pane& part : pane.parts) show_tabs(window, docks, part, shown);
}

void raise_first(const Docks& docks, const Pane& pane) {
  if (!pane.tabs.empty()) docks.at(pane.tabs.front())->raise();
  for (const Pane& part : pane.parts) raise_first(docks, part);
}

void share_out(QMainWindow& window, const Docks& docks, const Pane& pane, QSize room, Qt::Orientation direction) {
  if (pane.parts.empty()) return;
  const bool in_row = direction == Qt::Horizontal;
  const int whole = in_row ? room.width() : room.height();
  const int sum = std::accumulate(pane.parts.begin(), pane.parts.end(), 0,
                                  [](int total, const Pane& part) { return total + part.share; });
  QList<QDockWidget*> anchors;
  QList<int> sizes;
  int given = 0, elastic = 0;
  for (const Pane& part : pane.parts) {
    anchors += anchor(part, docks);
    sizes += std::clamp(whole * part.share / std::max(1, sum), part.at_least, part.at_most);
    given += sizes.back();
    if (part.at_least == 0 && part.at_most > whole) elastic += sizes.back();
  }
  // Those without limits take what the others leave or want.
  for (qsizetype i = 0; i < sizes.size() && elastic > 0; ++i)
    if (const Pane& part = pane.parts[std::size_t(i)]; part.at_least == 0 && part.at_most > whole)
      sizes[i] = std::max(1, sizes[i] + (whole - given) * sizes[i] / elastic);
  window.resizeDocks(anchors, sizes, direction);
  for (qsizetype i = 0; i < sizes.size(); ++i)
    share_out(window, docks, pane.parts[std::size_t(i)],
              in_row ? QSize(sizes[i], room.height()) : QSize(room.width(), sizes[i]), across(direction));
}

}  // namespace

std::span<const LayoutPreset> layout_presets() {
  static const auto presets = make_presets();
  return presets;
}

Pane without(Pane pane, const QString& dock) {
  std::erase_if(pane.tabs, [&](const char* name) { return dock == name; });
  for (Pane& part : pane.parts) part = without(std::move(part), dock);
  std::erase_if(pane.parts, [](const Pane& part) { return part.tabs.empty() && part.parts.empty(); });
  return pane;
}

void arrange(QMainWindow& window, const Docks& docks, const Pane& wanted) {
  const auto pane = existing(wanted, docks);
  if (!pane) return;
  for (const auto& [name, dock] : docks) {
    window.removeDockWidget(dock);
    dock->setFloating(false);
  }
  auto* first = anchor(*pane, docks);
  window.addDockWidget(Qt::LeftDockWidgetArea, first);
  place(window, docks, *pane, Qt::Horizontal);
  std::vector<QDockWidget*> shown;
  show_tabs(window, docks, *pane, shown);
  for (const auto& [name, dock] : docks)
    if (std::ranges::find(shown, dock) == shown.end()) {
      window.tabifyDockWidget(first, dock);
      dock->hide();
    }
  raise_first(docks, *pane);
}

void share_out(QMainWindow& window, const Docks& docks, const Pane& wanted) {
  if (const auto pane = existing(wanted, docks))
    share_out(window, docks, *pane, {window.width(), window.height() - kAroundDocks}, Qt::Horizontal);
}

}  // namespace relocus
