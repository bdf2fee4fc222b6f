// The pair of query and candidate: in one 3-D view, and as images.
#include <algorithm>
#include <cmath>

#include "app/frame_title.h"
#include "app/main_window.h"
#include "widgets/candidate_model.h"
#include "widgets/images_view.h"
#include "widgets/pair_view.h"
#include "widgets/trajectory_view.h"

namespace relocus {
namespace {

/// The answer that is selected; one that no method gave has no estimate.
std::optional<Candidate> selected_candidate(const Session& session) {
  if (!session.candidate()) return std::nullopt;
  if (const auto* retrieval = session.retrieval()) {
    const auto found = std::ranges::find(retrieval->candidates, *session.candidate(), &Candidate::frame);
    if (found != retrieval->candidates.end()) return *found;
  }
  Candidate chosen;
  chosen.frame = *session.candidate();
  return chosen;
}

PairHeadline headline_of(const Session& session) {
  PairHeadline facts;
  const auto& opened = session.opened();
  if (!opened || session.query() < 0) return facts;
  const auto number = [&](FrameId frame) {
    return QString::number(opened->sequence.frames[std::size_t(frame)].number);
  };
  facts.query = number(session.query());
  const auto candidate = selected_candidate(session);
  if (!candidate) return facts;
  facts.candidate = number(candidate->frame);
  const Trajectory& trajectory = opened->trajectory;
  facts.distance = distance(trajectory, session.query(), candidate->frame, false);
  facts.yaw_difference = heading_difference(trajectory, session.query(), candidate->frame);
  if (session.experiment()) {
    const Retrieval one{session.query(), {*candidate}};
    facts.correct = candidate_rows(one, trajectory, session.experiment()->evaluation.protocol).front().correct;
  }
  return facts;
}

/// The query and its candidates as a strip shows them.
std::vector<ImageTile> tiles_of(const Session& session) {
  const auto& opened = session.opened();
  const auto title = [&](FrameId frame) { return frame_title(opened->sequence, frame); };
  std::vector<ImageTile> tiles;
  if (session.query() < 0) return tiles;
  tiles.push_back({.frame = session.query(),
                   .caption = MainWindow::tr("query · %1").arg(title(session.query())),
                   .tip = MainWindow::tr("The query"),
                   .is_query = true});
  const auto* retrieval = session.retrieval();
  if (!retrieval) return tiles;
  for (const CandidateRow& row :
       candidate_rows(*retrieval, opened->trajectory, session.experiment()->evaluation.protocol)) {
    QStringList tip{MainWindow::tr("rank %1").arg(row.rank)};
    if (row.correct) tip << (*row.correct ? MainWindow::tr("right") : MainWindow::tr("wrong"));
    if (std::isfinite(row.true_distance)) tip << MainWindow::tr("%1 m away").arg(row.true_distance, 0, 'f', 1);
    tiles.push_back({.frame = row.candidate.frame,
                     .caption = MainWindow::tr("%1 · %2").arg(row.rank).arg(title(row.candidate.frame)),
                     .tip = tip.join(", "),
                     .correct = row.correct});
  }
  return tiles;
}

}  // namespace

void MainWindow::add_pair_views() {
  PairGeometry& geometry = session_.pair_geometry();
  add_dock("pair", tr("Pair"), pair_ = new PairView);

  actions_.add({"pair.align", tr("&Align the pair"), QKeySequence("A"),
                tr("Lays the candidate over the query by nothing, ground truth, the estimated yaw, the estimated pose"),
                "View", Needs::Experiment},
               [this] { pair_->next_alignment(); });
  actions_.add({"pair.overlay", tr("&Overlay the pair"), QKeySequence("O"),
                tr("Query and candidate over each other, or side by side"), "View", Needs::Sequence},
               [this] { pair_->show_overlaid(!pair_->is_overlaid()); });
  const auto select = [this](auto pick) {
    const auto* retrieval = session_.retrieval();
    if (retrieval && !retrieval->candidates.empty()) session_.select_candidate(pick(retrieval->candidates).frame);
  };
  actions_.add({"go.first_candidate", tr("F&irst candidate"), QKeySequence("Home"),
                tr("The candidate that ranks first"), "Go", Needs::Experiment},
               [select] { select([](const auto& candidates) { return candidates.front(); }); });
  actions_.add({"go.last_candidate", tr("&Last candidate"), QKeySequence("End"), tr("The candidate that ranks last"),
                "Go", Needs::Experiment},
               [select] { select([](const auto& candidates) { return candidates.back(); }); });

  // What is known of the pair follows the selection …
  connect(&session_, &Session::sequence_changed, &geometry, &PairGeometry::show_sequence);
  connect(&session_, &Session::candidate_changed, this, [this, &geometry] {
    pair_->show_headline(headline_of(session_));
    geometry.show_pair(session_.query(), selected_candidate(session_));
    if (!session_.candidate()) pair_->show_error(PairSide::Candidate, why_no_candidate());
  });
  connect(&session_, &Session::query_scan_changed, &geometry, &PairGeometry::show_scan);
  connect(&session_, &Session::candidate_scan_changed, &geometry, &PairGeometry::show_scan);
  connect(pair_, &PairView::needs_changed, &geometry, &PairGeometry::want);
  // … and is shown.
  connect(&geometry, &PairGeometry::changed, pair_, &PairView::show_knowledge);
  const QString truth = tr("True overlap");
  connect(&geometry, &PairGeometry::overlap_changed, this,
          [this, truth](const std::shared_ptr<const BevOverlap>& overlap) {
            if (!overlap) return;
            pair_->show_cell_maps(overlap->map_a, overlap->map_b, truth, 0, 1);
          });
  connect(&geometry, &PairGeometry::changed, this, [this, truth](const PairKnowledge& knowledge) {
    const AlignmentOffer& offer = knowledge.offer(Alignment::Truth);
    if (!offer.possible) pair_->show_no_cell_maps(truth, tr("%1: %2").arg(truth, offer.words));
  });

  // Which answers fit.
  actions_.add(
      {"evaluate.verify",
       tr("&Verify loops"),
       {},
       tr("Lays the scans of each query's first answer over each other: those that fit are loops, with their poses"),
       "Evaluate",
       Needs::Experiment},
      [this] { session_.verify_loops(); });
  connect(&session_, &Session::verified_changed, this, [this](const std::shared_ptr<const VerifiedPairs>& pairs) {
    std::vector<FramePair> fitting;
    if (pairs)
      for (const auto& [pair, pose] : *pairs)
        if (pose.verified) fitting.push_back(pair);
    trajectory_->show_verified(std::move(fitting));
    show_candidates();
  });

  pair_->show_no_cell_maps(truth);  // it may be chosen before the first is known

  // The scans.
  connect(&session_, &Session::query_scan_changed, this,
          [this](const std::shared_ptr<const Scan>& scan) { pair_->show_cloud(PairSide::Query, cloud_of(scan)); });
  connect(&session_, &Session::candidate_scan_changed, this, [this](const std::shared_ptr<const Scan>& scan) {
    if (scan) pair_->show_cloud(PairSide::Candidate, cloud_of(scan));
  });
  connect(&session_, &Session::query_scan_failed, this,
          [this](const QString& message) { pair_->show_error(PairSide::Query, message); });
  connect(&session_, &Session::candidate_scan_failed, this,
          [this](const QString& message) { pair_->show_error(PairSide::Candidate, message); });

  // Images.
  add_dock("images", tr("Images"), images_ = new ImagesView);
  ImageLoader& loader = session_.images();
  connect(&session_, &Session::sequence_changed, this, [this, &loader](const auto& opened) {
    loader.show_sequence({opened, &opened->sequence});
    show_images();
  });
  connect(&session_, &Session::retrieval_changed, this, &MainWindow::show_images);
  connect(&session_, &Session::candidate_changed, images_, &ImagesView::show_candidate);
  connect(images_, &ImagesView::candidate_selected, &session_, &Session::select_candidate);
  connect(images_, &ImagesView::images_wanted, &loader,
          [&loader](const std::vector<FrameId>& large, const std::vector<FrameId>& small) {
            std::vector<ImageWish> wishes;
            for (const FrameId frame : large) wishes.push_back({frame, ImagesView::largest_side});
            for (const FrameId frame : small) wishes.push_back({frame, ImageStrip::largest_side});
            loader.want(wishes);
          });
  connect(&loader, &ImageLoader::loaded, this, [this](const ImageWish& wish, const QImage& image) {
    images_->show_image(wish.frame, wish.largest_side == ImagesView::largest_side, image);
  });
  connect(&loader, &ImageLoader::failed, this, [this](const ImageWish& wish, const QString& message) {
    images_->show_error(wish.frame, wish.largest_side == ImagesView::largest_side, message);
  });
  add_patches();
}

void MainWindow::show_images() {
  const auto& frames = session_.opened()->sequence.frames;
  if (std::ranges::all_of(frames, [](const Frame& frame) { return frame.image.empty(); }))
    return images_->show_nothing(
        tr("This sequence has no images. KITTI's lie in image_2 beside velodyne; a sample "
           "sequence can be made with images."));
  images_->show_tiles(tiles_of(session_));
}

}  // namespace relocus
