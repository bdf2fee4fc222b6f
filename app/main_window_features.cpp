// What a method sees in the selected pair: heat maps of the overlap, its features, and the table of candidates.
#include <QDockWidget>

#include "app/main_window.h"
#include "core/registration.h"
#include "widgets/candidate_table.h"
#include "widgets/feature_view.h"
#include "widgets/overlap_view.h"
#include "widgets/pair_view.h"

namespace relocus {
namespace {

/// Seen from above.
Eigen::Isometry2d in_plane(const Eigen::Isometry3d& transform) {
  Eigen::Isometry2d plane = Eigen::Isometry2d::Identity();
  plane.translate(transform.translation().head<2>());
  plane.rotate(std::atan2(transform.linear()(1, 0), transform.linear()(0, 0)));
  return plane;
}

std::optional<CellMap> map_of(const TracedValue* value) {
  return value && value->is_map() ? std::optional(value->map()) : std::nullopt;
}

std::shared_ptr<OverlapMaps> overlap_maps(const PairInspection& pair, const BevOverlap* truth, const QString& query,
                                          const QString& candidate) {
  auto maps = std::make_shared<OverlapMaps>();
  const TracedValue* evidence = pair.inspection.evidence(Side::Query);
  maps->title = evidence ? QString::fromStdString(evidence->label.title) : QString();
  maps->query = query;
  maps->candidate = candidate;
  maps->predicted_query = map_of(evidence);
  maps->predicted_candidate = map_of(pair.inspection.evidence(Side::Candidate));
  maps->similarity = pair.inspection.similarity;
  if (!truth) return maps;
  maps->true_query = truth->map_a;
  maps->true_candidate = truth->map_b;
  maps->true_overlap = truth->mean();
  return maps;
}

CellAttention cell_attention(const PairAttention& attention) {
  CellAttention shown{.from = attention.from,
                      .chosen = {attention.grid, attention.rows, attention.columns, attention.row, attention.column}};
  if (!attention.seen) return shown;
  shown.title = QString::fromStdString(attention.seen->label.title);
  shown.map = map_of(&*attention.seen);
  return shown;
}

/// What the method sees, and where it errs, as maps on the scans' points.
void drape_evidence(PairView& view, const PairInspection& pair, const BevOverlap* truth) {
  const TracedValue* evidence = pair.inspection.evidence(Side::Query);
  const auto query = map_of(evidence), candidate = map_of(pair.inspection.evidence(Side::Candidate));
  if (!query || !candidate) return;
  view.show_cell_maps(*query, *candidate, QString::fromStdString(evidence->label.title), 0, 1);
  if (truth)
    view.show_cell_maps(difference(*query, truth->map_a), difference(*candidate, truth->map_b),
                        MainWindow::tr("Predicted − true overlap"), -1, 1);
}

}  // namespace

void MainWindow::add_feature_views() {
  auto* overlap = new OverlapView;
  auto* features = new FeatureView;
  PairTraces& traces = session_.pair_traces();
  for (const auto& [name, title, view] : {std::tuple("overlap", tr("Overlap"), static_cast<QWidget*>(overlap)),
                                          std::tuple("features", tr("Features"), static_cast<QWidget*>(features))}) {
    auto* dock = add_dock(name, title, view);
    connect(dock, &QDockWidget::visibilityChanged, this,
            [&traces, dock](bool visible) { traces.want(dock, visible); });  // nothing is computed that nobody sees
  }
  const auto truth_of = [this](const PairInspection& pair) {
    return session_.pair_geometry().overlap_of(pair.query, pair.candidate);
  };
  const auto name_of = [this](const QString& role, FrameId frame) {
    const auto& opened = session_.opened();
    return opened && frame >= 0 ? tr("%1 %2").arg(role).arg(opened->sequence.frames[std::size_t(frame)].number) : role;
  };

  // Candidates: their pictures and true overlaps come later.
  CandidateDetails& details = session_.candidate_details();
  connect(docks_["candidates"], &QDockWidget::visibilityChanged, &details, &CandidateDetails::want);
  connect(&details, &CandidateDetails::picture_ready, candidates_, &CandidateTable::show_picture);
  connect(&details, &CandidateDetails::overlap_ready, this, [this](FrameId query, FrameId candidate, double share) {
    const bool measured_otherwise = session_.experiment() && session_.experiment()->overlaps;
    if (query == session_.query() && !measured_otherwise) candidates_->show_overlap(candidate, share);
  });

  // Both scans from above.
  const auto show_scans = [this, features, name_of, &traces] {
    features->show_names(name_of(tr("Query"), session_.query()),
                         name_of(tr("Candidate"), session_.candidate().value_or(-1)));
    features->show_scans(cloud_of(traces.query_scan()), cloud_of(traces.candidate_scan()));
  };
  connect(&traces, &PairTraces::scans_changed, this, show_scans);

  // What the method sees in them.
  const auto show_overlap = [this, overlap, name_of, &traces, truth_of] {
    const auto& pair = traces.inspection();
    if (!pair) return;
    const auto maps = overlap_maps(*pair, truth_of(*pair).get(), name_of(tr("Query"), pair->query),
                                   name_of(tr("Candidate"), pair->candidate));
    if (const auto pose = true_a_from_b(session_.opened()->sequence, pair->query, pair->candidate))
      maps->query_from_candidate = in_plane(*pose);
    overlap->show_maps(maps);
  };
  connect(&traces, &PairTraces::inspected, this,
          [features, show_overlap](const std::shared_ptr<const PairInspection>& pair) {
            show_overlap();
            features->show_inspection({pair, &pair->inspection});
          });
  connect(&traces, &PairTraces::busy_changed, this, [overlap, &traces](bool busy) {
    if (busy && !traces.inspection()) overlap->show_busy();
  });
  connect(&traces, &PairTraces::unavailable, overlap, &OverlapView::show_message);
  connect(&traces, &PairTraces::unavailable, features, &FeatureView::show_message);

  // The same draped on the points of the pair view.
  connect(docks_["pair"], &QDockWidget::visibilityChanged, this,
          [this, &traces](bool visible) { traces.want(pair_, visible); });
  const auto drape = [this, &traces, truth_of] {
    if (const auto& pair = traces.inspection()) drape_evidence(*pair_, *pair, truth_of(*pair).get());
  };
  connect(&traces, &PairTraces::inspected, this, drape);
  connect(&session_, &Session::candidate_changed, this, drape);  // the pair view forgot its maps
  // The truth may come later than what the method sees.
  connect(&session_.pair_geometry(), &PairGeometry::overlap_changed, this,
          [show_overlap, drape](const std::shared_ptr<const BevOverlap>& truth) {
            if (!truth) return;
            show_overlap();
            drape();
          });

  // Attention: a cell of one scan is clicked, the other shows where it looks.
  connect(features, &FeatureView::attention_wanted, &traces,
          [&traces](Side from, QPointF metre) { traces.attend(from, metre.x(), metre.y()); });
  connect(&traces, &PairTraces::attention_changed, this,
          [features](const std::shared_ptr<const PairAttention>& attention) {
            features->show_attention(cell_attention(*attention));
          });
}

void MainWindow::show_candidates() {
  const auto& experiment = session_.experiment();
  CandidateDetails& details = session_.candidate_details();
  if (!experiment) {
    candidates_->clear();
    return details.show_candidates(-1, {});
  }
  const auto& opened = *session_.opened();
  const Retrieval* retrieval = session_.retrieval();
  const auto before = std::ranges::find(experiment->retrieved, session_.query(), &Retrieval::query);
  std::vector<CandidateRow> rows = retrieval
                                       ? candidate_rows(*retrieval, opened.trajectory, experiment->evaluation.protocol,
                                                        before == experiment->retrieved.end() ? nullptr : &*before,
                                                        experiment->overlaps ? &*experiment->overlaps : nullptr)
                                       : std::vector<CandidateRow>();
  if (session_.verified())
    for (CandidateRow& row : rows)
      if (const auto pair = session_.verified()->find({session_.query(), row.candidate.frame});
          pair != session_.verified()->end())
        row.verified = pair->second.verified;
  candidates_->show_candidates(session_.query() < 0 ? -1 : opened.sequence.frames[std::size_t(session_.query())].number,
                               rows);
  std::vector<FrameId> frames;
  for (const CandidateRow& row : rows) frames.push_back(row.candidate.frame);
  details.show_candidates(session_.query(), frames);
}

}  // namespace relocus
