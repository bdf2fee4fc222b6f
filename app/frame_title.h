#pragma once

#include <QCoreApplication>

#include "core/types.h"

namespace relocus {

/// Number of a frame as its files are numbered: "12". Where a database and its queries are numbered each from 0:
/// "database 12" or "query 12", as two frames have the number.
inline QString frame_number(const Sequence& sequence, FrameId frame) {
  const QString number = QString::number(sequence.frames.at(std::size_t(frame)).number);
  if (sequence.num_database == 0) return number;
  return std::size_t(frame) < sequence.num_database
             ? QCoreApplication::translate("frame_title", "database %1").arg(number)
             : QCoreApplication::translate("frame_title", "query %1").arg(number);
}

/// "frame 12", "database 12", "query 12"
inline QString frame_title(const Sequence& sequence, FrameId frame) {
  const QString number = frame_number(sequence, frame);
  return sequence.num_database == 0 ? QCoreApplication::translate("frame_title", "frame %1").arg(number) : number;
}

}  // namespace relocus
