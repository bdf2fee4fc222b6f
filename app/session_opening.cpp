// What the session opens, saves and hands to others, and which of its experiments the window is about.
#include "app/session.h"

#include "app/shelter.h"
#include "core/datasets/registry.h"
#include "core/error.h"
#include "core/exports/registry.h"
#include "core/folder_lock.h"
#include "core/sequence_protocol.h"

namespace relocus {
namespace {

QString text(const std::filesystem::path& path) { return QString::fromStdString(path.string()); }

}  // namespace

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
    tell_opened_from(opening.path);
    experiments_.add(std::move(opening.experiment), opening.path);
    return take_current_experiment();
  }
  for (const auto activity : {Activity::Checking, Activity::Running, Activity::Verifying, Activity::Evaluating})
    cancel(activity);
  reviews_.flush();
  experiments_.clear();
  const bool leaves_own = opened_ && has_own_protocol(opened_->sequence);
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
  tell_opened_from(opening.path);
  QStringList parts{tr("%1 frames").arg(check.num_frames)};
  if (check.num_clouds > 0) parts << tr("%1 scans").arg(check.num_clouds);
  if (check.num_images > 0) parts << tr("%1 images").arg(check.num_images);
  parts << (check.num_poses > 0 ? tr("%1 poses").arg(check.num_poses) : tr("no poses"));
  if (check.travelled > 0) parts << tr("%1 m").arg(check.travelled, 0, 'f', 0);
  Q_EMIT logged(Severity::Info, tr("%1: %2").arg(QString::fromStdString(opened_->sequence.name), parts.join(", ")));
  for (const auto& problem : check.problems) Q_EMIT logged(Severity::Warning, QString::fromStdString(problem));

  reviews_.open(opened_->trajectory.numbers);
  if (opening.experiment) {
    protocol_ = opening.experiment->protocol;
    if (opening.choice) method_choice_ = *opening.choice;
    Q_EMIT protocol_changed(protocol_);
    Q_EMIT method_choice_changed(method_choice_);
    const int id = experiments_.add(opening.experiment, opening.path);
    reviews_.turn_to(id, opening.path);
    // In a turn of its own: the window answers between showing the sequence and showing the answers.
    runner(Activity::Evaluating)
        .start([experiment = opening.experiment](const Progress&) { return experiment; },
               [this](std::shared_ptr<const Experiment> experiment) { adopt(std::move(experiment)); });
  } else {
    const MethodInfo& offered = first_method(opened_->sequence);
    const Modality chosen = method(method_choice_.name).modality;
    if (!can_read(chosen, opened_->sequence) && can_read(offered.modality, opened_->sequence))
      set_method({.name = offered.name});
    if (leaves_own || has_own_protocol(opened_->sequence)) {
      protocol_ = suggested_protocol(opened_->sequence);
      Q_EMIT protocol_changed(protocol_);
    }
    set_query(0);
    evaluate_again();
  }
}

/// What waits in a shelter is none of a person's folders.
void Session::tell_opened_from(const std::filesystem::path& path) {
  if (!is_shelter(path)) Q_EMIT opened_from(path);
}

bool Session::is_open(const OpenedSequence& opened) const {
  return opened_ && opened_->sequence.folder == opened.sequence.folder &&
         opened_->sequence.frames.size() == opened.sequence.frames.size();
}

/// The window is about another experiment than before, or none.
void Session::take_current_experiment() {
  cancel(Activity::Evaluating);
  const OpenExperiment* current = experiments_.current();
  chosen_threshold_ = current ? current->threshold : std::nullopt;
  reviews_.turn_to(current ? current->id : 0, current ? current->place() : std::filesystem::path());
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
  if (!experiments_.find(id) || current_id() == id) return;
  experiments_.set_current(id);
  take_current_experiment();
}

void Session::remove_experiment(int id) {
  const bool was_current = current_id() == id;
  reviews_.forget(id);
  experiments_.remove(id);
  if (was_current) take_current_experiment();
}

void Session::keep_copy(int id) { experiments_.duplicate(id); }

int Session::current_id() const { return experiments_.current() ? experiments_.current()->id : 0; }

/// So that a change is undone where it was made; false: that experiment is closed. 0: it is of none.
bool Session::turn_to(int experiment) {
  if (experiment != 0) select_experiment(experiment);
  return experiment == 0 || current_id() == experiment;
}

void Session::forget_unsaved_runs() {
  reviews_.flush();
  for (const OpenExperiment& open : experiments_.all()) remove_shelter(open.shelter);
}

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
      .start(
          [experiment = experiment_, opened = opened_, verified = verified_, folder](const Progress&) {
            const FolderLock lock(folder);
            save(*experiment, opened->trajectory, folder);
            if (verified) write_verified(folder, *experiment, *verified);
          },
          [this, folder, id = current_id()] {
            reviews_.save_in(id, folder);
            experiments_.tell_folder(id, folder);
            Q_EMIT logged(Severity::Info, tr("Experiment saved in %1").arg(text(folder)));
            Q_EMIT opened_from(folder);
          });
}

void Session::export_experiment(const std::string& format, bool accepted_only, const std::filesystem::path& path,
                                bool verified_alone) {
  if (!experiment_) return Q_EMIT failed(tr("There is no experiment yet: run a method first (Ctrl+R)."));
  ExportOptions options;
  options.accepted_only = accepted_only;
  options.verified = verified_;
  if (verified_alone) options.acceptance.verified = verified_;
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
               Q_EMIT logged(Severity::Info, check.problems.empty() ? tr("Every file was read: no problems.")
                                                                    : tr("Every file was read."));
               for (const auto& problem : check.problems)
                 Q_EMIT logged(Severity::Warning, QString::fromStdString(problem));
               Q_EMIT check_changed(check);
             });
}

}  // namespace relocus
