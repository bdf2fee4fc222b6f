// What the session says to the objects that find out why a pair was recognised or missed.
#include "app/session.h"

namespace relocus {

void Session::wire_review() {
  connect(this, &Session::sequence_changed, &matrices_, &MatrixMaker::show_sequence);
  connect(this, &Session::experiment_changed, &matrices_, &MatrixMaker::show_experiment);
  connect(&matrices_, &MatrixMaker::idle, this, &Session::tell_if_idle, Qt::QueuedConnection);
  connect(this, &Session::sequence_changed, &examiner_, &PairExaminer::show_sequence);
  connect(this, &Session::experiment_changed, &examiner_, &PairExaminer::show_experiment);
  connect(this, &Session::threshold_changed, &examiner_, &PairExaminer::show_threshold);
  connect(this, &Session::candidate_changed, &examiner_,
          [this](std::optional<FrameId> candidate) { examiner_.show_pair(query_, candidate); });
  connect(this, &Session::query_scan_changed, &examiner_, &PairExaminer::show_query_scan);
  connect(this, &Session::candidate_scan_changed, &examiner_, &PairExaminer::show_candidate_scan);
  connect(&examiner_, &PairExaminer::idle, this, &Session::tell_if_idle, Qt::QueuedConnection);
  connect(&reviews_, &ReviewBook::failed, this, [this](const QString& message) {
    Q_EMIT logged(Severity::Error, message);
    Q_EMIT failed(message);
  });
  connect(&reviews_, &ReviewBook::experiment_wanted, this, &Session::turn_to);
  connect(&reviews_, &ReviewBook::logged, this,
          [this](const QString& message) { Q_EMIT logged(Severity::Info, message); });
}

}  // namespace relocus
