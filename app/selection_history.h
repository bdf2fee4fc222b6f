#pragma once

#include <QObject>
#include <optional>
#include <vector>

#include "core/types.h"

namespace relocus {

/// Which pairs were looked at, to and fro as in a browser. Steps from frame to frame make one entry: what counts are
/// the places to which somebody jumped, and where the steps ended.
class SelectionHistory : public QObject {
  Q_OBJECT

 public:
  struct Place {
    FrameId query = -1;
    std::optional<FrameId> candidate;
    bool by_steps = false;
  };

  void clear();
  void visit(FrameId query);
  void choose(std::optional<FrameId> candidate);  ///< of the present query

  bool can_go_back() const { return present_ > 0; }
  bool can_go_forward() const { return present_ + 1 < int(places_.size()); }
  std::optional<Place> back();  ///< none: there is nothing farther back
  std::optional<Place> forward();

 Q_SIGNALS:
  void changed();

 private:
  std::vector<Place> places_;
  int present_ = -1;
};

}  // namespace relocus
