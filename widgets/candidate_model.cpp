#include "widgets/candidate_model.h"

#include <QApplication>
#include <QIcon>
#include <QLocale>
#include <QPalette>
#include <algorithm>
#include <cmath>

#include "widgets/icons.h"

namespace relocus {
namespace {

constexpr double kDegrees = 180 / M_PI;

/// The number of a cell; NaN when there is none.
double number(const CandidateRow& row, int column) {
  switch (column) {
    case CandidateModel::Rank:
      return row.rank;
    case CandidateModel::Frame:
      return row.number >= 0 ? double(row.number) : row.candidate.frame;
    case CandidateModel::Before:
      return row.rank_before > 0 ? row.rank_before : std::numeric_limits<double>::quiet_NaN();
    case CandidateModel::TrueOverlap:
      return row.true_overlap;
    case CandidateModel::Distance:
      return row.candidate.distance;
    case CandidateModel::Similarity:
      return row.candidate.similarity;
    case CandidateModel::TrueDistance:
      return row.true_distance;
    case CandidateModel::Yaw:
      return row.candidate.yaw * kDegrees;
    case CandidateModel::Verified:
      return row.verified ? double(*row.verified) : std::numeric_limits<double>::quiet_NaN();
    case CandidateModel::Correct:
      return row.correct ? double(*row.correct) : std::numeric_limits<double>::quiet_NaN();
  }
  return std::numeric_limits<double>::quiet_NaN();
}

int decimals(int column) {
  switch (column) {
    case CandidateModel::Distance:
    case CandidateModel::Similarity:
      return 4;
    case CandidateModel::TrueDistance:
      return 2;
    case CandidateModel::TrueOverlap:
      return 3;
    case CandidateModel::Yaw:
      return 1;
    default:
      return 0;
  }
}

}  // namespace

std::vector<CandidateRow> candidate_rows(const Retrieval& retrieval, const Trajectory& trajectory,
                                         const Protocol& protocol, const Retrieval* before,
                                         const OverlapTable* overlaps) {
  std::vector<CandidateRow> rows;
  const auto exists = [&](FrameId frame) { return frame >= 0 && frame < FrameId(trajectory.size()); };
  for (const Candidate& candidate : retrieval.candidates) {
    CandidateRow row{.rank = int(rows.size()) + 1, .candidate = candidate};
    if (before) {
      const auto found = std::ranges::find(before->candidates, candidate.frame, &Candidate::frame);
      if (found != before->candidates.end()) row.rank_before = int(found - before->candidates.begin()) + 1;
    }
    if (candidate.frame >= 0 && std::size_t(candidate.frame) < trajectory.numbers.size())
      row.number = trajectory.numbers[std::size_t(candidate.frame)];
    if (overlaps) {
      const auto found = overlaps->find({retrieval.query, candidate.frame});
      if (found != overlaps->end()) row.true_overlap = found->second;
    }
    const bool exist = exists(retrieval.query) && exists(candidate.frame);
    const bool placed = exist && trajectory.has_pose(retrieval.query) && trajectory.has_pose(candidate.frame);
    if (placed) row.true_distance = distance(trajectory, retrieval.query, candidate.frame, protocol.planar);
    if ((needs_poses(protocol) ? placed : exist) && (protocol.min_overlap <= 0 || overlaps)) {
      const Verdict verdict = judge(trajectory, protocol, overlaps, retrieval.query, candidate.frame);
      if (verdict != Verdict::Neither) row.correct = verdict == Verdict::Right;
    }
    rows.push_back(row);
  }
  return rows;
}

CandidateModel::CandidateModel(QObject* parent) : QAbstractTableModel(parent) {}

void CandidateModel::show_candidates(std::vector<CandidateRow> rows) {
  beginResetModel();
  rows_ = std::move(rows);
  pictures_.clear();
  endResetModel();
}

void CandidateModel::show_picture(FrameId frame, const QImage& picture) {
  const auto row = row_of(frame);
  if (!row || picture.isNull()) return;
  pictures_[frame] = QIcon(QPixmap::fromImage(picture));
  Q_EMIT dataChanged(index(*row, Frame), index(*row, Frame), {Qt::DecorationRole});
}

void CandidateModel::show_overlap(FrameId frame, double overlap) {
  const auto row = row_of(frame);
  if (!row) return;
  rows_[std::size_t(*row)].true_overlap = overlap;
  Q_EMIT dataChanged(index(*row, TrueOverlap), index(*row, TrueOverlap));
}

std::optional<int> CandidateModel::row_of(FrameId frame) const {
  const auto found = std::ranges::find(rows_, frame, [](const CandidateRow& row) { return row.candidate.frame; });
  if (found == rows_.end()) return {};
  return int(found - rows_.begin());
}

int CandidateModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(rows_.size()); }

int CandidateModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : ColumnCount; }

QVariant CandidateModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const CandidateRow& row = rows_[std::size_t(index.row())];
  const double value = number(row, index.column());
  switch (role) {
    case Qt::DisplayRole:
      if (index.column() == Correct) return row.correct ? (*row.correct ? tr("Right") : tr("Wrong")) : tr("Unknown");
      if (std::isnan(value)) return tr("–");
      if (index.column() == Verified) return *row.verified ? tr("Fits") : tr("No fit");
      return QLocale::c().toString(value, 'f', decimals(index.column()));
    case Qt::UserRole:
      return value;
    case Qt::DecorationRole:
      if (index.column() == Frame && pictures_.contains(row.candidate.frame)) return pictures_[row.candidate.frame];
      if (index.column() == Verified && row.verified)
        return icon(*row.verified ? Icon::Right : Icon::Wrong, QApplication::palette());
      if (index.column() != Correct) return {};
      return icon(row.correct ? (*row.correct ? Icon::Right : Icon::Wrong) : Icon::Unknown, QApplication::palette());
    case Qt::TextAlignmentRole:
      return int(Qt::AlignVCenter | (index.column() == Correct ? Qt::AlignLeft : Qt::AlignRight));
    case Qt::ToolTipRole:
      if (index.column() == Correct && !row.correct)
        return std::isnan(row.true_distance) ? tr("One of the two frames has no pose")
                                             : tr("The protocol calls this answer neither right nor wrong");
      if (index.column() == Verified && !row.verified) return tr("Not measured: verify loops (Evaluate menu)");
      if (index.column() == Similarity && std::isnan(value)) return tr("This method has no second stage");
      if (index.column() == Yaw && std::isnan(value)) return tr("This method does not estimate the rotation");
      return headerData(index.column(), Qt::Horizontal, Qt::ToolTipRole);
    default:
      return {};
  }
}

QVariant CandidateModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount) return {};
  if (role == Qt::TextAlignmentRole)
    return int(Qt::AlignVCenter | (section == Correct ? Qt::AlignLeft : Qt::AlignRight));
  if (role != Qt::DisplayRole && role != Qt::ToolTipRole) return {};
  const bool tip = role == Qt::ToolTipRole;
  switch (section) {
    case Rank:
      return tip ? tr("Place among the answers, the best is 1") : tr("Rank");
    case Before:
      return tip ? tr("Place before re-ranking, by the distance of the descriptors") : tr("Before");
    case TrueOverlap:
      return tip ? tr("How much of the two scans truly overlaps, from 0 to 1: by the protocol's range images where it "
                      "counts overlaps, else share of the 3.1 m cells of both that the other scan has too")
                 : tr("True overlap");
    case Frame:
      return tip ? tr("File number of the frame that was answered, with its scan from above") : tr("Frame");
    case Distance:
      return tip ? tr("Distance between the global descriptors (first stage): lower is nearer") : tr("Distance");
    case Similarity:
      return tip ? tr("Score of the second stage: higher is more alike") : tr("Similarity");
    case TrueDistance:
      return tip ? tr("Distance between the two places by ground truth") : tr("True [m]");
    case Yaw:
      return tip ? tr("Rotation about the vertical of the candidate seen from the query, as the method estimates it")
                 : tr("Yaw [°]");
    case Verified:
      return tip ? tr("Whether the two scans fit when they are laid over each other: then the pair is a loop, and its "
                      "pose is known")
                 : tr("Verified");
    case Correct:
      return tip ? tr("Whether the answer is right by the protocol's radius") : tr("Correct");
  }
  return {};
}

}  // namespace relocus
