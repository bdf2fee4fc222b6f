#pragma once

#include <QObject>
#include <QTimer>
#include <deque>
#include <memory>
#include <optional>
#include <set>

#include "app/job.h"
#include "app/opening.h"
#include "app/scan_loader.h"
#include "core/inspection.h"

namespace relocus {

/// What a method sees in two scans.
struct PairInspection {
  FrameId query = -1, candidate = -1;
  std::string method;  ///< title: "Scan Context"
  Inspection inspection;
};

/// Where one cell of a pair looks in the other scan.
struct PairAttention {
  Side from = Side::Query;
  CellGrid grid;  ///< of the evidence, in which the cell was chosen
  int rows = 0, columns = 0, row = 0, column = 0;
  std::optional<TracedValue> seen;  ///< nothing: there is no data in that cell
};

/// Asks the experiment's method what it sees in the selected pair, away from the GUI thread, as long as somebody wants
/// to know. Keeps the method and the last few answers.
class PairTraces : public QObject {
  Q_OBJECT

 public:
  explicit PairTraces(QObject* parent = nullptr);
  ~PairTraces() override;

  void show_sequence(std::shared_ptr<const OpenedSequence> opened);
  void show_experiment(const std::shared_ptr<const Experiment>& experiment);
  void show_query(FrameId frame);
  void show_candidate(std::optional<FrameId> frame);
  void show_query_scan(std::shared_ptr<const Scan> scan);
  void show_candidate_scan(std::shared_ptr<const Scan> scan);  ///< null: none

  /// Nothing is computed while nobody wants it. `who` is only told apart.
  void want(const void* who, bool wanted);

  /// Where the cell at (x, y) [m] of one of the scans looks in the other.
  void attend(Side from, double x, double y);

  const std::shared_ptr<const PairInspection>& inspection() const { return shown_; }  ///< of the pair; null: not yet
  std::shared_ptr<const Scan> query_scan() const;                                     ///< null: not there yet
  std::shared_ptr<const Scan> candidate_scan() const;                                 ///< null: none, or not yet
  bool is_busy() const { return runner_.is_running() || soon_.isActive(); }

 Q_SIGNALS:
  void scans_changed();
  void inspected(const std::shared_ptr<const relocus::PairInspection>& pair);
  void unavailable(const QString& sentence);  ///< nothing is to be seen, and why
  void attention_changed(const std::shared_ptr<const relocus::PairAttention>& attention);
  void busy_changed(bool busy);
  void idle();

 private:
  struct Machine;

  void forget_pair();
  void consider();
  void start();
  void adopt(std::shared_ptr<const PairInspection> pair);
  QString why_not() const;

  JobRunner runner_;
  QTimer soon_;  ///< waits until the selection rests
  std::set<const void*> wanted_by_;
  std::shared_ptr<const OpenedSequence> opened_;
  std::shared_ptr<Machine> machine_;  ///< null: no experiment
  FrameId query_ = -1;
  std::optional<FrameId> candidate_;
  std::shared_ptr<const Scan> query_scan_, candidate_scan_;  ///< that came last: perhaps of another frame
  std::shared_ptr<const PairInspection> shown_;
  std::deque<std::shared_ptr<const PairInspection>> recent_;  ///< the one seen last first
};

}  // namespace relocus
