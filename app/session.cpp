#include "app/session.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <ranges>

#include "app/shelter.h"
#include "core/datasets/registry.h"
#include "core/error.h"
#include "core/exports/registry.h"
#include "core/pipeline.h"
#include "core/sequence_protocol.h"

namespace relocus {
namespace {

constexpr std::size_t kScansKept = std::size_t(48) << 20;  // [byte] some 25 scans of KITTI: those about a playback

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

/// What a run gives.
struct Finished {
  std::shared_ptr<const Experiment> experiment;
  std::filesystem::path shelter;  ///< where it waits to be saved; empty: nowhere
  QString problem;                ///< why it has none
};

Finished shelter(std::shared_ptr<const Experiment> experiment, const OpenedSequence& opened) {
  const std::filesystem::path folder = new_shelter();
  try {
    save(*experiment, opened.trajectory, folder);
    return {std::move(experiment), folder, {}};
  } catch (const Error& problem) {  // the run is there all the same
    remove_shelter(folder);
    return {std::move(experiment), {}, Session::tr("A crash would lose this run: %1").arg(message_of(problem))};
  }
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

Session::Session(QObject* parent) : QObject(parent), scans_(nullptr, kScansKept) {
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
  wire_verification();
  connect(this, &Session::sequence_changed, &traces_, &PairTraces::show_sequence);
  connect(this, &Session::experiment_changed, &traces_, &PairTraces::show_experiment);
  connect(this, &Session::query_changed, &traces_, &PairTraces::show_query);
  connect(this, &Session::candidate_changed, &traces_, &PairTraces::show_candidate);
  connect(this, &Session::query_scan_changed, &traces_, &PairTraces::show_query_scan);
  connect(this, &Session::candidate_scan_changed, &traces_, &PairTraces::show_candidate_scan);
  connect(this, &Session::query_scan_failed, &traces_, &PairTraces::unavailable);
  connect(this, &Session::candidate_scan_failed, &traces_, &PairTraces::unavailable);
  connect(this, &Session::experiment_changed, &patches_, &PatchExaminer::show_experiment);
  connect(this, &Session::candidate_changed, &patches_, [this] { patches_.show_pair(query(), candidate()); });
  connect(&patches_, &PatchExaminer::idle, this, &Session::tell_if_idle);
  connect(this, &Session::sequence_changed, &details_, &CandidateDetails::show_sequence);
  connect(&details_, &CandidateDetails::idle, this, &Session::tell_if_idle);
  connect(&traces_, &PairTraces::idle, this, &Session::tell_if_idle);
  method_choice_.name = first_method({}).name;
}

bool Session::is_computing() const { return std::ranges::any_of(runners_, &JobRunner::is_running); }

bool Session::is_idle() const {
  return !is_computing() && !images_.is_busy() && !scans_.is_busy() && !experiments_.is_busy() && !studies_.is_busy() &&
         !matrices_.is_busy() && !examiner_.is_busy() && !pairs_.is_busy() && !traces_.is_busy() &&
         !details_.is_busy() && !patches_.is_busy();
}

void Session::tell_if_idle() {
  if (is_idle()) Q_EMIT idle();
}

const Retrieval* Session::retrieval() const {
  if (!experiment_) return nullptr;
  const auto found = std::ranges::find(experiment_->retrievals, query_, &Retrieval::query);
  return found == experiment_->retrievals.end() ? nullptr : &*found;
}

void Session::push_change(ValueChange::Value value, int about, const QString& text, std::function<void()> set,
                          std::function<void()> set_back) {
  undo_.push(new ValueChange(
      value, about, text, [this](int experiment) { return turn_to(experiment); }, std::move(set), std::move(set_back)));
}

void Session::choose_method(const MethodChoice& choice) {
  const auto known = methods();
  if (std::ranges::find(known, choice.name, &MethodInfo::name) == known.end())
    return Q_EMIT failed(format("there is no method {}; there are: {}", choice.name,
                                fmt::join(known | std::views::transform(&MethodInfo::name), ", ")));
  if (is_same(choice, method_choice_)) return;
  push_change(
      ValueChange::Method, 0, tr("choice of the method"), [this, choice] { set_method(choice); },
      [this, before = method_choice_] { set_method(before); });
}

void Session::set_method(const MethodChoice& choice) {
  method_choice_ = choice;
  Q_EMIT method_choice_changed(method_choice_);
}

void Session::choose_protocol(const Protocol& protocol) {
  if (to_json(protocol) == to_json(protocol_)) return;
  push_change(
      ValueChange::Protocol, current_id(), tr("protocol"), [this, protocol] { set_protocol(protocol); },
      [this, before = protocol_] { set_protocol(before); });
}

void Session::set_protocol(const Protocol& protocol) {
  protocol_ = opened_ ? fitted(protocol, opened_->sequence) : protocol;
  Q_EMIT protocol_changed(protocol_);
  evaluate_again();
}

void Session::choose_threshold(double threshold) {
  if (threshold == threshold_) return;
  push_change(
      ValueChange::Threshold, current_id(), tr("threshold"), [this, threshold] { set_threshold(threshold); },
      [this, before = chosen_threshold_] { set_threshold(before); });
}

void Session::set_threshold(std::optional<double> threshold) {
  chosen_threshold_ = threshold;
  experiments_.choose_threshold(current_id(), threshold);
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
  } else if (opened_->check.num_poses > 0 || !needs_poses(protocol_)) {
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
          [opened = opened_, choice = method_choice_, protocol = protocol_,
           sheltered = sheltered_](const Progress& progress) {
            const Job job{
                choice.name, make_options(method(choice.name), choice.options), choice.resources, protocol, {}};
            auto experiment = std::make_shared<const Experiment>(relocus::run(opened->sequence, job, progress));
            return sheltered ? shelter(std::move(experiment), *opened) : Finished{std::move(experiment), {}, {}};
          },
          [this, before](const Finished& finished) {
            const auto& experiment = finished.experiment;
            const std::chrono::duration<double> took = std::chrono::steady_clock::now() - before;
            Q_EMIT logged(Severity::Info, summary_of(*experiment, took.count()));
            if (!finished.problem.isEmpty()) Q_EMIT logged(Severity::Warning, finished.problem);
            cancel(Activity::Evaluating);
            const bool other_protocol = to_json(experiment->protocol) != to_json(protocol_);
            const int id = experiments_.add(experiment, finished.shelter);
            experiments_.choose_threshold(id, {});
            chosen_threshold_.reset();
            reviews_.begin(id, experiments_.current()->place());
            adopt(experiment);
            if (other_protocol) evaluate_again();  // it was changed while the run went on
          });
}

void Session::cancel(Activity activity) { runner(activity).cancel(); }

void Session::cancel_something() {
  for (const auto activity : {Activity::Running, Activity::Verifying, Activity::Simulating, Activity::Checking,
                              Activity::Evaluating, Activity::Opening, Activity::Saving})
    if (is_active(activity)) return cancel(activity);
}

}  // namespace relocus
