#include "app/session.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <ranges>

#include "app/value_change.h"
#include "core/datasets/registry.h"
#include "core/error.h"
#include "core/exports/registry.h"
#include "core/pipeline.h"

namespace relocus {
namespace {

constexpr FrameId kReadAhead = 3;  // frames

QString text(const std::filesystem::path& path) { return QString::fromStdString(path.string()); }

QString format(auto&& pattern, auto&&... args) {
  return QString::fromStdString(fmt::format(fmt::runtime(pattern), std::forward<decltype(args)>(args)...));
}

/// Where places are seen again, before any method is asked.
Evaluation revisits_alone(const Trajectory& trajectory, const Protocol& protocol, const Progress& progress) {
  std::vector<Retrieval> nothing_answered(trajectory.size());
  for (std::size_t i = 0; i < nothing_answered.size(); ++i) nothing_answered[i].query = FrameId(i);
  return evaluate(trajectory, nothing_answered, protocol, nullptr, progress);
}

std::shared_ptr<Options> make_options(const MethodInfo& info, const nlohmann::ordered_json& values) {
  std::shared_ptr<Options> options = info.options();
  if (options && !values.is_null()) set_options(*options, values);
  return options;
}

/// An experiment under another protocol, or why it cannot be had.
struct Reevaluated {
  int id;
  std::shared_ptr<const Experiment> experiment;  ///< null: it stays as it was
  QString problem;
};

/// The current experiment, first, and those that have its protocol: they go together, so that they stay comparable.
/// Kept copies stay behind.
std::vector<OpenExperiment> together(const Experiments& experiments) {
  std::vector<OpenExperiment> group{*experiments.current()};
  const auto protocol = to_json(group.front().experiment->protocol);
  for (const OpenExperiment& open : experiments.all())
    if (open.id != group.front().id && !open.kept && to_json(open.experiment->protocol) == protocol)
      group.push_back(open);
  return group;
}

std::vector<Reevaluated> evaluated(const std::vector<OpenExperiment>& group, const OpenedSequence& opened,
                                   const Protocol& protocol, const Progress& progress) {
  std::vector<Reevaluated> results;
  for (const OpenExperiment& open : group) {
    try {
      results.push_back(
          {open.id,
           std::make_shared<const Experiment>(reevaluate(*open.experiment, opened.sequence, protocol, progress)),
           {}});
    } catch (const Error& problem) {
      if (results.empty()) throw;  // the current one
      results.push_back({open.id, nullptr, format("{}: {}", open.label.toStdString(), problem.what())});
    }
  }
  return results;
}

/// "Scan Context on kitti/00: Recall@1 86.1 %, max F1 85.2 %, AP 82.8 % of 101 queries; 3.7 s"
QString summary_of(const Experiment& experiment, double seconds) {
  const auto& figures = experiment.evaluation.figures;
  const std::string& title = method(experiment.method).title;
  if (figures.num_queries == 0 || figures.recall_at.empty())
    return format("{} on {}: no query has a right answer under this protocol; {:.1f} s", title,
                  experiment.sequence_name, seconds);
  return format("{} on {}: Recall@1 {:.1f} %, max F1 {:.1f} %, AP {:.1f} % of {} queries; {:.1f} s", title,
                experiment.sequence_name, 100 * figures.recall_at.front(), 100 * figures.max_f1,
                100 * figures.average_precision, figures.num_queries, seconds);
}

}  // namespace

Session::Session(QObject* parent) : QObject(parent) {
  for (std::size_t i = 0; i < num_activities; ++i) {
    const auto activity = Activity(i);
    auto* runner = &runners_[i];
    connect(runner, &JobRunner::running_changed, this, [this, activity](bool running) {
      Q_EMIT activity_changed(activity, running);
      if (!running) QMetaObject::invokeMethod(this, &Session::tell_if_idle, Qt::QueuedConnection);
    });
    connect(runner, &JobRunner::progressed, this,
            [this, activity](const JobStep& step) { Q_EMIT progressed(activity, step); });
    connect(runner, &JobRunner::failed, this, [this](const QString& message) {
      Q_EMIT logged(Severity::Error, message);
      Q_EMIT failed(message);
    });
    connect(runner, &JobRunner::cancelled, this, [this, activity] {
      if (activity != Activity::Evaluating) Q_EMIT logged(Severity::Info, tr("Cancelled."));
    });
  }
  connect(&scans_, &ScanLoader::loaded, this, &Session::receive);
  connect(&scans_, &ScanLoader::failed, this, &Session::receive_failure);
  connect(&scans_, &ScanLoader::idle, this, &Session::tell_if_idle);
  connect(&images_, &ImageLoader::idle, this, &Session::tell_if_idle);
  connect(&pairs_, &PairGeometry::idle, this, &Session::tell_if_idle, Qt::QueuedConnection);
  connect(&experiments_, &Experiments::idle, this, &Session::tell_if_idle);
  connect(&studies_, &Studies::idle, this, &Session::tell_if_idle);
  wire_review();
  connect(this, &Session::sequence_changed, &traces_, &PairTraces::show_sequence);
  connect(this, &Session::experiment_changed, &traces_, &PairTraces::show_experiment);
  connect(this, &Session::query_changed, &traces_, &PairTraces::show_query);
  connect(this, &Session::candidate_changed, &traces_, &PairTraces::show_candidate);
  connect(this, &Session::query_scan_changed, &traces_, &PairTraces::show_query_scan);
  connect(this, &Session::candidate_scan_changed, &traces_, &PairTraces::show_candidate_scan);
  connect(this, &Session::query_scan_failed, &traces_, &PairTraces::unavailable);
  connect(this, &Session::candidate_scan_failed, &traces_, &PairTraces::unavailable);
  connect(this, &Session::sequence_changed, &details_, &CandidateDetails::show_sequence);
  connect(&details_, &CandidateDetails::idle, this, &Session::tell_if_idle);
  connect(&traces_, &PairTraces::idle, this, &Session::tell_if_idle);
  if (!methods().empty()) method_choice_.name = methods().front().name;
}

bool Session::is_computing() const { return std::ranges::any_of(runners_, &JobRunner::is_running); }

bool Session::is_idle() const {
  return !is_computing() && !images_.is_busy() && !scans_.is_busy() && !experiments_.is_busy() && !studies_.is_busy() &&
         !matrices_.is_busy() && !examiner_.is_busy() && !pairs_.is_busy() && !traces_.is_busy() && !details_.is_busy();
}

void Session::tell_if_idle() {
  if (is_idle()) Q_EMIT idle();
}

const Retrieval* Session::retrieval() const {
  if (!experiment_) return nullptr;
  const auto found = std::ranges::find(experiment_->retrievals, query_, &Retrieval::query);
  return found == experiment_->retrievals.end() ? nullptr : &*found;
}

// Opening and saving -------------------------------------------------------------------------------------------------

void Session::open(const std::filesystem::path& path, const std::filesystem::path& sequence) {
  Q_EMIT logged(Severity::Info, tr("Opening %1").arg(text(path)));
  runner(Activity::Opening)
      .start([path, sequence](const Progress& progress) { return open_anything(path, sequence, progress); },
             [this](Opening opening) { adopt(std::move(opening)); });
}

void Session::adopt(Opening opening) {
  if (!opening.several.empty()) return Q_EMIT several_sequences(opening.path, opening.several);
  if (!opening.missing.isEmpty()) {
    Q_EMIT logged(Severity::Error, opening.missing);
    Q_EMIT failed(opening.missing);
    return Q_EMIT sequence_missing(opening.path);
  }
  if (opening.experiment && is_open(*opening.opened)) {  // one more of the sequence that is open
    Q_EMIT opened_from(opening.path);
    experiments_.add(std::move(opening.experiment), opening.path);
    return take_current_experiment();
  }
  for (const auto activity : {Activity::Checking, Activity::Running, Activity::Evaluating}) cancel(activity);
  experiments_.clear();
  opened_ = std::move(opening.opened);
  experiment_ = nullptr;
  evaluation_ = nullptr;
  query_ = -1;
  candidate_.reset();
  chosen_threshold_.reset();
  person_selected_ = false;
  awaited_.clear();
  candidate_shown_ = -1;
  undo_.clear();
  history_.clear();
  scans_.show_sequence({opened_, &opened_->sequence});

  const auto& check = opened_->check;
  Q_EMIT sequence_changed(opened_);
  Q_EMIT experiment_changed(nullptr);
  Q_EMIT evaluation_changed(nullptr);
  Q_EMIT check_changed(check);
  Q_EMIT opened_from(opening.path);
  Q_EMIT logged(Severity::Info, format("{}: {} frames, {} scans, {} poses, {:.0f} m", opened_->sequence.name,
                                       check.num_frames, check.num_clouds, check.num_poses, check.travelled));
  for (const auto& problem : check.problems) Q_EMIT logged(Severity::Warning, QString::fromStdString(problem));

  reviews_.open(opened_->trajectory.numbers, opening.experiment ? opening.path : std::filesystem::path());
  if (opening.experiment) {
    protocol_ = opening.experiment->protocol;
    if (opening.choice) method_choice_ = *opening.choice;
    Q_EMIT protocol_changed(protocol_);
    Q_EMIT method_choice_changed(method_choice_);
    experiments_.add(opening.experiment, opening.path);
    // In a turn of its own: the window answers between showing the sequence and showing the answers.
    runner(Activity::Evaluating)
        .start([experiment = opening.experiment](const Progress&) { return experiment; },
               [this](std::shared_ptr<const Experiment> experiment) { adopt(std::move(experiment)); });
  } else {
    set_query(0);
    evaluate_again();
  }
}

bool Session::is_open(const OpenedSequence& opened) const {
  return opened_ && opened_->sequence.folder == opened.sequence.folder &&
         opened_->sequence.frames.size() == opened.sequence.frames.size();
}

/// The window is about another experiment than before, or none.
void Session::take_current_experiment() {
  cancel(Activity::Evaluating);
  undo_.clear();  // what was changed belongs to another experiment
  chosen_threshold_.reset();
  const OpenExperiment* current = experiments_.current();
  reviews_.turn_to(current ? current->folder : std::filesystem::path());
  if (!current) {
    experiment_ = nullptr;
    evaluation_ = nullptr;
    Q_EMIT experiment_changed(nullptr);
    Q_EMIT evaluation_changed(nullptr);
    Q_EMIT retrieval_changed();
    choose_first_candidate();
    return evaluate_again();
  }
  protocol_ = current->experiment->protocol;
  Q_EMIT protocol_changed(protocol_);
  adopt(current->experiment);
}

void Session::select_experiment(int id) {
  if (!experiments_.find(id) || (experiments_.current() && experiments_.current()->id == id)) return;
  experiments_.set_current(id);
  take_current_experiment();
}

void Session::remove_experiment(int id) {
  const bool was_current = experiments_.current() && experiments_.current()->id == id;
  experiments_.remove(id);
  if (was_current) take_current_experiment();
}

void Session::keep_copy(int id) { experiments_.duplicate(id); }

void Session::adopt(std::shared_ptr<const Experiment> experiment) {
  experiment_ = std::move(experiment);
  evaluation_ = {experiment_, &experiment_->evaluation};
  threshold_ = chosen_threshold_.value_or(evaluation_->figures.max_f1_threshold);
  Q_EMIT experiment_changed(experiment_);
  Q_EMIT evaluation_changed(evaluation_);
  Q_EMIT threshold_changed(threshold_);
  if (!person_selected_) select_something_telling();
  Q_EMIT retrieval_changed();
  choose_first_candidate();
}

void Session::save_experiment(const std::filesystem::path& folder) {
  if (!experiment_) return Q_EMIT failed(tr("There is no experiment yet: run a method first (Ctrl+R)."));
  runner(Activity::Saving)
      .start([experiment = experiment_, opened = opened_,
              folder](const Progress&) { save(*experiment, opened->trajectory, folder); },
             [this, folder] {
               if (const auto* current = experiments_.current()) experiments_.tell_folder(current->id, folder);
               reviews_.save_in(folder);
               Q_EMIT logged(Severity::Info, tr("Experiment saved in %1").arg(text(folder)));
               Q_EMIT opened_from(folder);
             });
}

void Session::export_experiment(const std::string& format, bool accepted_only, const std::filesystem::path& path) {
  if (!experiment_) return Q_EMIT failed(tr("There is no experiment yet: run a method first (Ctrl+R)."));
  ExportOptions options;
  options.accepted_only = accepted_only;
  options.sequence = {opened_, &opened_->sequence};
  options.acceptance.verdicts = verdicts_of(reviews_.all());
  const Figures& figures = experiment_->evaluation.figures;
  if (figures.num_queries == 0 || threshold_ != figures.max_f1_threshold) options.acceptance.threshold = threshold_;
  runner(Activity::Saving)
      .start(
          [experiment = experiment_, opened = opened_, format, options, path](const Progress& progress) mutable {
            options.progress = progress;
            export_format(format).write(*experiment, opened->trajectory, options, path);
          },
          [this, path] { Q_EMIT exported(path); });
}

void Session::simulate(const std::filesystem::path& folder, const SimulatorOptions& options) {
  Q_EMIT logged(Severity::Info,
                tr("Making a sample sequence of %1 frames in %2").arg(options.frames).arg(text(folder)));
  runner(Activity::Simulating)
      .start([folder, options](const Progress& progress) { relocus::simulate(folder, options, progress); },
             [this, folder] { open(folder); });
}

void Session::check_every_scan() {
  if (!opened_) return;
  runner(Activity::Checking)
      .start([opened = opened_](const Progress& progress) { return check(opened->sequence, true, progress); },
             [this](const DataCheck& check) {
               Q_EMIT logged(Severity::Info, check.problems.empty() ? tr("Every scan was read: no problems.")
                                                                    : tr("Every scan was read."));
               for (const auto& problem : check.problems)
                 Q_EMIT logged(Severity::Warning, QString::fromStdString(problem));
               Q_EMIT check_changed(check);
             });
}

// Selecting ----------------------------------------------------------------------------------------------------------

void Session::select_query(FrameId frame) {
  if (!opened_) return;
  person_selected_ = true;
  set_query(std::clamp(frame, 0, FrameId(opened_->sequence.frames.size()) - 1));
}

void Session::select_number(std::int64_t number) {
  if (!opened_) return;
  const auto& frames = opened_->sequence.frames;
  const auto found = std::ranges::find(frames, number, &Frame::number);
  if (found == frames.end())
    return Q_EMIT failed(format("{} has no frame {}: its {} frames are numbered {} to {}.", opened_->sequence.name,
                                number, frames.size(), frames.front().number, frames.back().number));
  select_query(found->id);
}

void Session::step(int frames) { select_query(query_ + frames); }

void Session::set_query(FrameId frame) {
  if (frame == query_) return;
  direction_ = frame < query_ ? -1 : 1;
  query_ = frame;
  history_.visit(frame);
  awaited_.push_back(frame);
  Q_EMIT query_changed(query_);
  Q_EMIT retrieval_changed();
  choose_first_candidate();
}

void Session::choose_first_candidate() {
  const auto* answers = retrieval();
  set_candidate(answers && !answers->candidates.empty() ? std::optional(answers->candidates.front().frame)
                                                        : std::nullopt);
}

void Session::select_candidate(FrameId frame) {
  if (opened_ && frame >= 0 && frame < FrameId(opened_->sequence.frames.size())) set_candidate(frame);
}

void Session::set_candidate(std::optional<FrameId> frame) {
  candidate_ = frame;
  history_.choose(frame);
  Q_EMIT candidate_changed(candidate_);
  if (!candidate_ && std::exchange(candidate_shown_, -1) >= 0) Q_EMIT candidate_scan_changed(nullptr);
  want_scans();
}

void Session::step_candidate(int ranks) {
  const auto* answers = retrieval();
  if (!answers || answers->candidates.empty()) return;
  const auto& candidates = answers->candidates;
  const auto present = std::ranges::find(candidates, candidate_.value_or(-1), &Candidate::frame);
  const auto rank = present == candidates.end() ? 0 : present - candidates.begin() + ranks;
  select_candidate(candidates[std::size_t(std::clamp<std::ptrdiff_t>(rank, 0, std::ssize(candidates) - 1))].frame);
}

void Session::go_back() { return_to(history_.back()); }

void Session::go_forward() { return_to(history_.forward()); }

void Session::return_to(const std::optional<SelectionHistory::Place>& place) {
  if (!place) return;
  person_selected_ = true;
  set_query(place->query);
  if (place->candidate) select_candidate(*place->candidate);
}

/// The middle one of the places that were recognised: it shows what the program is about.
void Session::select_something_telling() {
  std::vector<FrameId> recognised;
  for (const auto& result : evaluation_->queries)
    if (result.correct && result.answerable) recognised.push_back(result.query);
  set_query(recognised.empty() ? std::max(query_, 0) : recognised[recognised.size() / 2]);
}

// Scans --------------------------------------------------------------------------------------------------------------

void Session::want_scans() {
  if (!opened_) return;
  std::vector<FrameId> wishes;
  if (!awaited_.empty()) wishes.push_back(query_);
  if (candidate_ && *candidate_ != candidate_shown_) wishes.push_back(*candidate_);
  for (FrameId i = 1; i <= kReadAhead; ++i)
    if (const FrameId next = query_ + i * direction_; next >= 0 && next < FrameId(opened_->sequence.frames.size()))
      wishes.push_back(next);
  scans_.want(wishes);
}

void Session::receive(const std::shared_ptr<const Scan>& scan) {
  // A slow disk may be behind the playback: late scans are shown as long as they are newer than what is to be seen.
  if (const auto found = std::ranges::find(awaited_, scan->frame); found != awaited_.end()) {
    awaited_.erase(awaited_.begin(), found + 1);
    Q_EMIT query_scan_changed(scan);
  }
  if (candidate_ == scan->frame && candidate_shown_ != scan->frame) {
    candidate_shown_ = scan->frame;
    Q_EMIT candidate_scan_changed(scan);
  }
}

void Session::receive_failure(FrameId frame, const QString& message) {
  const bool is_query = frame == query_;
  if (const auto found = std::ranges::find(awaited_, frame); found != awaited_.end())
    awaited_.erase(awaited_.begin(), found + 1);
  if (is_query) Q_EMIT query_scan_failed(message);
  if (candidate_ == frame) {
    candidate_shown_ = frame;
    Q_EMIT candidate_scan_failed(message);
  }
  if (is_query || candidate_ == frame) Q_EMIT logged(Severity::Error, message);
}

// Computing ----------------------------------------------------------------------------------------------------------

void Session::choose_method(const MethodChoice& choice) {
  const auto known = methods();
  if (std::ranges::find(known, choice.name, &MethodInfo::name) == known.end())
    return Q_EMIT failed(format("there is no method {}; there are: {}", choice.name,
                                fmt::join(known | std::views::transform(&MethodInfo::name), ", ")));
  if (is_same(choice, method_choice_)) return;
  undo_.push(new ValueChange(
      ValueChange::Method, tr("choice of the method"), [this, choice] { set_method(choice); },
      [this, before = method_choice_] { set_method(before); }));
}

void Session::set_method(const MethodChoice& choice) {
  method_choice_ = choice;
  Q_EMIT method_choice_changed(method_choice_);
}

void Session::choose_protocol(const Protocol& protocol) {
  if (to_json(protocol) == to_json(protocol_)) return;
  undo_.push(new ValueChange(
      ValueChange::Protocol, tr("protocol"), [this, protocol] { set_protocol(protocol); },
      [this, before = protocol_] { set_protocol(before); }));
}

void Session::set_protocol(const Protocol& protocol) {
  protocol_ = protocol;
  Q_EMIT protocol_changed(protocol_);
  evaluate_again();
}

void Session::choose_threshold(double threshold) {
  if (threshold == threshold_) return;
  undo_.push(new ValueChange(
      ValueChange::Threshold, tr("threshold"), [this, threshold] { set_threshold(threshold); },
      [this, before = chosen_threshold_] { set_threshold(before); }));
}

void Session::set_threshold(std::optional<double> threshold) {
  chosen_threshold_ = threshold;
  threshold_ = threshold.value_or(evaluation_ ? evaluation_->figures.max_f1_threshold : threshold_);
  Q_EMIT threshold_changed(threshold_);
}

void Session::evaluate_again() {
  if (!opened_) return;
  if (!experiment_ && experiments_.current()) return take_current_experiment();  // it was about to be shown
  if (experiment_) {
    runner(Activity::Evaluating)
        .start([group = together(experiments_), opened = opened_, protocol = protocol_](
                   const Progress& progress) { return evaluated(group, *opened, protocol, progress); },
               [this](const std::vector<Reevaluated>& results) {
                 for (const auto& [id, experiment, problem] : results) {
                   if (experiment) experiments_.replace(id, experiment);
                   if (!problem.isEmpty()) Q_EMIT logged(Severity::Warning, problem);
                 }
                 adopt(experiments_.current()->experiment);
               });
  } else if (protocol_.min_overlap > 0) {
    evaluation_ = nullptr;
    Q_EMIT evaluation_changed(nullptr);
    Q_EMIT logged(Severity::Info,
                  tr("This protocol judges by the overlap of scans: its revisits are known after a run."));
  } else if (opened_->check.num_poses > 0) {
    runner(Activity::Evaluating)
        .start(
            [opened = opened_, protocol = protocol_](const Progress& progress) {
              return std::make_shared<const Evaluation>(revisits_alone(opened->trajectory, protocol, progress));
            },
            [this](std::shared_ptr<const Evaluation> evaluation) {
              evaluation_ = std::move(evaluation);
              Q_EMIT evaluation_changed(evaluation_);
            });
  }
}

void Session::run() {
  if (!opened_) return Q_EMIT failed(tr("Open a sequence first (File, Open; or Ctrl+O)."));
  const auto before = std::chrono::steady_clock::now();
  runner(Activity::Running)
      .start(
          [opened = opened_, choice = method_choice_, protocol = protocol_](const Progress& progress) {
            const Job job{
                choice.name, make_options(method(choice.name), choice.options), choice.resources, protocol, {}};
            return std::make_shared<const Experiment>(relocus::run(opened->sequence, job, progress));
          },
          [this, before](std::shared_ptr<const Experiment> experiment) {
            const std::chrono::duration<double> took = std::chrono::steady_clock::now() - before;
            Q_EMIT logged(Severity::Info, summary_of(*experiment, took.count()));
            cancel(Activity::Evaluating);
            reviews_.turn_to({});
            chosen_threshold_.reset();
            const bool other_protocol = to_json(experiment->protocol) != to_json(protocol_);
            experiments_.add(experiment);
            adopt(std::move(experiment));
            if (other_protocol) evaluate_again();  // it was changed while the run went on
          });
}

void Session::cancel(Activity activity) { runner(activity).cancel(); }

void Session::cancel_something() {
  for (const auto activity : {Activity::Running, Activity::Simulating, Activity::Checking, Activity::Evaluating,
                              Activity::Opening, Activity::Saving})
    if (is_active(activity)) return cancel(activity);
}

}  // namespace relocus
