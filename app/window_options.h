#pragma once

namespace relocus {

/// One option of the program `relocus`, as its command line, its man page and the completion of shells tell it.
struct WindowOption {
  const char* name;
  const char* help;
  const char* value = "";     ///< what follows it: "N"; "a|b": one of these; empty: nothing
  const char* standard = "";  ///< the value without it
};

inline constexpr const char* kWindowHelp =
    "Place recognition: which places were seen before, and why a method thinks so.";
inline constexpr const char* kWindowArguments = "[SEQUENCE|EXPERIMENT|SESSION] [EXPERIMENT…]";
inline constexpr const char* kWindowArgumentsHelp =
    "A sequence, a data set, an experiment or a saved session; more experiments of the same sequence join the first.";

inline constexpr WindowOption kWindowOptions[] = {
    {"method", "Run this method on the sequence; what was computed before is taken over.", "M"},
    {"query", "Select the frame whose file has this number.", "N"},
    {"screenshot", "Draw, save the window as this picture, and quit.", "out.png"},
    {"size", "Width and height of the picture.", "WxH", "1600x1000"},
    {"layout", "Arrange the views: browse, inspect, evaluate, or a name under which you saved one.", "name"},
    {"theme", "How the window looks.", "system|light|dark"},
    {"bench-gui", "Measure the window on this machine, with the targets beside the figures, and quit."},
    {"json", "Of --bench-gui: an object instead of a table."},
};

}  // namespace relocus
