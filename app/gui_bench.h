#pragma once

#include <QString>

namespace relocus {

class MainWindow;
class Session;

/// Milliseconds since this process was started, loading of libraries included.
double milliseconds_since_start();

/// Measures the window on this machine and prints a table, or with `json` an object, with the targets beside the
/// figures. `experiment` empty: one as long as KITTI's sequence 00 is made. The window must be shown;
/// `shown_after` [ms] is when it was. Throws when there is nothing to measure with.
void run_gui_bench(Session& session, MainWindow& window, const QString& experiment, bool json, double shown_after);

}  // namespace relocus
