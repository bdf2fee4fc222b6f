#pragma once

#include <QObject>
#include <QUndoStack>
#include <array>
#include <filesystem>
#include <memory>
#include <optional>

#include "app/candidate_details.h"
#include "app/experiments.h"
#include "app/image_loader.h"
#include "app/job.h"
#include "app/matrix_maker.h"
#include "app/opening.h"
#include "app/pair_examiner.h"
#include "app/pair_geometry.h"
#include "app/pair_traces.h"
#include "app/patch_examiner.h"
#include "app/review_book.h"
#include "app/scan_loader.h"
#include "app/selection_history.h"
#include "app/studies.h"
#include "app/value_change.h"
#include "core/simulator/simulator.h"
#include "core/verification.h"
#include "widgets/log_view.h"

namespace relocus {

/// What can go on at the same time, each with its own progress and cancel.
enum class Activity { Opening, Checking, Running, Evaluating, Verifying, Saving, Simulating };
inline constexpr std::size_t num_activities = 7;

/// The one observable state of the program: what is open, what is selected, what is being computed. Slots take what a
/// person wants; signals tell what is so. Nothing here draws.
class Session : public QObject {
  Q_OBJECT

 public:
  explicit Session(QObject* parent = nullptr);

  const std::shared_ptr<const OpenedSequence>& opened() const { return opened_; }      ///< null: nothing is open
  const std::shared_ptr<const Experiment>& experiment() const { return experiment_; }  ///< null: nothing was run
  const Experiments& experiments() const { return experiments_; }
  Experiments& experiments() { return experiments_; }  ///< all that are open; experiment() is the current one
  Studies& studies() { return studies_; }
  const MethodChoice& method_choice() const { return method_choice_; }
  const Protocol& protocol() const { return protocol_; }
  FrameId query() const { return query_; }  ///< -1: none
  std::optional<FrameId> candidate() const { return candidate_; }
  double threshold() const { return threshold_; }
  const std::optional<double>& chosen_threshold() const { return chosen_threshold_; }  ///< none: that of the best F1
  const Retrieval* retrieval() const;         ///< of the query; null when it was not asked
  QUndoStack& undo_stack() { return undo_; }  ///< since the sequence was opened; each change in its experiment
  SelectionHistory& history() { return history_; }
  ImageLoader& images() { return images_; }         ///< of the cameras
  PairGeometry& pair_geometry() { return pairs_; }  ///< of the query and its candidate
  MatrixMaker& matrices() { return matrices_; }
  PairExaminer& examiner() { return examiner_; }  ///< of the selected pair
  ReviewBook& reviews() { return reviews_; }
  bool is_active(Activity activity) const { return runners_[std::size_t(activity)].is_running(); }
  bool is_computing() const;
  bool is_idle() const;  ///< nothing is computed, no scan is read

  PairTraces& pair_traces() { return traces_; }               ///< what the method sees in the selected pair
  PatchExaminer& patch_examiner() { return patches_; }        ///< which patches of two images match
  CandidateDetails& candidate_details() { return details_; }  ///< of the query's candidates

  // Opening and saving.
  /// A sequence, a folder of several, or an experiment (on `sequence` when its own is elsewhere now). An experiment of
  /// the sequence that is open joins those that are.
  void open(const std::filesystem::path& path, const std::filesystem::path& sequence = {});
  void save_experiment(const std::filesystem::path& folder);
  /// Hands the experiment to other programs (core/exports), with what is accepted at the present threshold, or what is
  /// verified.
  void export_experiment(const std::string& format, bool accepted_only, const std::filesystem::path& path,
                         bool verified_alone = false);
  void simulate(const std::filesystem::path& folder, const SimulatorOptions& options);  ///< and opens it
  void check_every_scan();
  void select_experiment(int id);  ///< of experiments(): the window is about it from now on, and takes its protocol
  void remove_experiment(int id);
  void keep_copy(int id);  ///< stays under the present protocol when that is changed
  /// Runs are written into the cache when they end, so that a crash loses none, until they are saved or forgotten.
  void shelter_runs() { sheltered_ = true; }
  void forget_unsaved_runs();  ///< the program ends as it should

  // Selecting.
  void select_query(FrameId frame);
  void select_number(std::int64_t number);  ///< the frame whose file has that number
  void step(int frames);
  void select_candidate(FrameId frame);
  void step_candidate(int ranks);
  void go_back();  ///< to the pair that was looked at before
  void go_forward();

  // Computing. What is chosen can be undone.
  void choose_method(const MethodChoice& choice);
  /// Evaluates again, without a run, the current experiment and those that shared its protocol.
  void choose_protocol(const Protocol& protocol);
  void choose_threshold(double threshold);
  void run();
  /// Lays the scans of each query's first answer over each other, and keeps which fit, and how, with the experiment.
  void verify_loops();
  const std::shared_ptr<const VerifiedPairs>& verified() const { return verified_; }  ///< null: nothing was verified
  void cancel(Activity activity);
  void cancel_something();  ///< what takes longest first

 Q_SIGNALS:
  void sequence_changed(const std::shared_ptr<const relocus::OpenedSequence>& opened);
  void check_changed(const relocus::DataCheck& check);
  void several_sequences(const std::filesystem::path& root, const std::vector<std::filesystem::path>& sequences);
  void sequence_missing(const std::filesystem::path& experiment);  ///< its sequence was not found where it was made
  void opened_from(const std::filesystem::path& path);             ///< worth remembering
  void exported(const std::filesystem::path& path);
  void experiment_changed(const std::shared_ptr<const relocus::Experiment>& experiment);
  void evaluation_changed(
      const std::shared_ptr<const relocus::Evaluation>& evaluation);  ///< null; without answers: revisits only
  void method_choice_changed(const relocus::MethodChoice& choice);    ///< by an opened experiment
  void protocol_changed(const relocus::Protocol& protocol);
  void threshold_changed(double threshold);
  void verified_changed(const std::shared_ptr<const relocus::VerifiedPairs>& pairs);  ///< null: none
  void query_changed(relocus::FrameId frame);
  void retrieval_changed();
  void candidate_changed(std::optional<relocus::FrameId> frame);
  void query_scan_changed(const std::shared_ptr<const relocus::Scan>& scan);
  void query_scan_failed(const QString& message);
  void candidate_scan_changed(const std::shared_ptr<const relocus::Scan>& scan);  ///< null: no candidate
  void candidate_scan_failed(const QString& message);
  void activity_changed(relocus::Activity activity, bool active);
  void progressed(relocus::Activity activity, const relocus::JobStep& step);
  void failed(const QString& message);
  void logged(relocus::Severity severity, const QString& text);
  void idle();

 private:
  JobRunner& runner(Activity activity) { return runners_[std::size_t(activity)]; }
  void wire_review();
  void wire_verification();
  void read_verified_pairs();
  void set_verified(std::shared_ptr<const VerifiedPairs> pairs);
  void adopt(Opening opening);
  bool is_open(const OpenedSequence& opened) const;
  void tell_opened_from(const std::filesystem::path& path);
  void adopt(std::shared_ptr<const Experiment> experiment);
  int current_id() const;  ///< of experiments(); 0: there is none
  bool turn_to(int experiment);
  void push_change(ValueChange::Value value, int about, const QString& text, std::function<void()> set,
                   std::function<void()> set_back);
  void set_method(const MethodChoice& choice);
  void set_protocol(const Protocol& protocol);
  void set_threshold(std::optional<double> threshold);  ///< none: that of the best F1
  void take_current_experiment();
  void evaluate_again();
  void select_something_telling();
  void set_query(FrameId frame);
  void set_candidate(std::optional<FrameId> frame);
  void return_to(const std::optional<SelectionHistory::Place>& place);
  void choose_first_candidate();
  void want_scans();
  void receive(const std::shared_ptr<const Scan>& scan);
  void receive_failure(FrameId frame, const QString& message);
  void tell_if_idle();

  std::array<JobRunner, num_activities> runners_;
  ScanLoader scans_;
  QUndoStack undo_;
  SelectionHistory history_;
  PairGeometry pairs_;
  ImageLoader images_;
  Experiments experiments_;
  Studies studies_;
  MatrixMaker matrices_;
  PairExaminer examiner_;
  ReviewBook reviews_{undo_};
  PairTraces traces_;
  PatchExaminer patches_;
  CandidateDetails details_;

  std::shared_ptr<const OpenedSequence> opened_;
  std::shared_ptr<const Experiment> experiment_;
  std::shared_ptr<const Evaluation> evaluation_;
  std::shared_ptr<const VerifiedPairs> verified_;
  MethodChoice method_choice_;
  Protocol protocol_;
  std::optional<double> chosen_threshold_;
  double threshold_ = 0;
  FrameId query_ = -1;
  std::optional<FrameId> candidate_;
  bool sheltered_ = false;
  bool person_selected_ = false;  // a query, in this sequence
  FrameId direction_ = 1;         // of the last steps: what is read ahead
  std::vector<FrameId> awaited_;  // queries since the one whose scan was shown last, oldest first
  FrameId candidate_shown_ = -1;  // whose scan was told last
};

}  // namespace relocus
