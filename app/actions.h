#pragma once

#include <QAction>
#include <QMainWindow>
#include <QMenu>
#include <vector>

namespace relocus {

/// Everything that a person can ask for by menu, toolbar or key.
struct Actions {
  QAction *open, *sample, *save, *quit;
  QAction *play, *next_frame, *previous_frame, *go_to_frame;
  QAction *next_candidate, *previous_candidate, *next_failure;
  QAction *run, *cancel, *check;
  QAction *system_theme, *light_theme, *dark_theme;
  QAction *reset_layout;
  QAction *keyboard, *about;
  QMenu *recent, *window;

  /// All with a key, in the order of the menus.
  std::vector<const QAction *> with_keys() const;
};

/// Makes them with their menus and the toolbar.
Actions make_actions(QMainWindow &window);

/// Icons in the colours of the window's palette.
void colour_icons(const Actions &actions, const QPalette &palette);

}  // namespace relocus
