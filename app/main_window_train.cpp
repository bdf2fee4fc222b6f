// Training: its form, its curves, and the desk that starts and watches it.
#include <QDir>
#include <QDockWidget>
#include <QFileDialog>
#include <QScrollArea>
#include <QSplitter>
#include <QStandardPaths>
#include <algorithm>

#include "app/main_window.h"
#include "app/message_bar.h"
#include "app/training_desk.h"
#include "core/environment.h"
#include "core/methods/registry.h"
#include "core/simulator/simulator.h"
#include "widgets/log_view.h"
#include "widgets/training_form.h"
#include "widgets/training_view.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr int kFirstSeed = 1001, kFirstHeldOutSeed = 2001;  // of cities that are made for a training
constexpr int kFormWidth = 330;                             // [px]

/// `first` before the others.
std::vector<std::pair<QString, QString>> trainable_methods(const std::string& first) {
  std::vector<std::pair<QString, QString>> found;
  for (const MethodInfo& info : methods())
    if (!training_stages(info.name).empty())
      found.emplace_back(QString::fromStdString(info.name), QString::fromStdString(info.title));
  std::ranges::stable_partition(found, [&](const auto& each) { return each.first.toStdString() == first; });
  return found;
}

/// A city that neither list has, kept among what can be computed again.
fs::path next_city(const TrainingJob& job, bool held_out) {
  for (int seed = held_out ? kFirstHeldOutSeed : kFirstSeed;; ++seed) {
    const fs::path folder = cache_folder() / "cities" / std::to_string(seed);
    const auto has = [&](const std::vector<fs::path>& list) { return std::ranges::find(list, folder) != list.end(); };
    if (!has(job.sequences) && !has(job.validation)) return folder;
  }
}

void make_city(const fs::path& folder, const Progress& progress) {
  if (fs::exists(folder)) return;
  SimulatorOptions options;
  options.seed = std::stoi(folder.filename().string());
  const fs::path half = fs::path(folder) += ".making";
  fs::remove_all(half);
  simulate(half, options, progress);
  fs::rename(half, folder);
}

QString default_folder() {
  const QDir documents(QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation));
  for (int number = 1;; ++number)
    if (const QString name = QStringLiteral("relocus/training-%1").arg(number); !documents.exists(name))
      return documents.filePath(name);
}

}  // namespace

void MainWindow::add_training_view() {
  auto* desk = new TrainingDesk(this);
  auto* cities = new JobRunner(this);
  auto* form = new TrainingForm;
  auto* view = new TrainingView;
  auto* scroll = new QScrollArea;
  scroll->setWidget(form);
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll->setMinimumWidth(kFormWidth);
  auto* split = new QSplitter;
  split->setChildrenCollapsible(false);
  split->addWidget(scroll);
  split->addWidget(view);
  split->setStretchFactor(1, 1);
  split->setSizes({kFormWidth, 3 * kFormWidth});
  QDockWidget* dock = add_dock("train", tr("Train"), split);
  form->show_methods(trainable_methods(session_.method_choice().name));
  TrainingJob first = form->job();
  first.out = default_folder().toStdString();
  form->show_job(first);

  const auto ask_folder = [this](const QString& title) { return QFileDialog::getExistingDirectory(this, title); };
  const auto start = [this, desk, form, view](bool resume) {
    TrainingJob job = form->job();
    job.resume = resume;
    view->show_error({});
    view->show_note(
        tr("The training begins: scans are read and pairs are chosen. Its first losses come after some "
           "steps."));
    desk->start(job);
  };
  const auto watch = [this, desk, view, dock, ask_folder] {
    const QString folder = ask_folder(tr("Watch a training: choose its folder"));
    if (folder.isEmpty()) return;
    dock->show();
    dock->raise();
    view->show_error({});
    desk->watch(folder.toStdString());
  };

  // What a person asks for.
  connect(form, &TrainingForm::start_wanted, this, [start] { start(false); });
  connect(form, &TrainingForm::resume_wanted, this, [start] { start(true); });
  connect(form, &TrainingForm::stop_wanted, desk, &TrainingDesk::stop);
  connect(form, &TrainingForm::watch_wanted, this, watch);
  connect(form, &TrainingForm::folders_wanted, this, [form, ask_folder](bool held_out) {
    form->add_sequences({ask_folder(held_out ? tr("A sequence that is held out") : tr("A sequence to learn from"))},
                        held_out);
  });
  connect(form, &TrainingForm::out_wanted, this, [this, form] {
    const QString folder =
        QFileDialog::getSaveFileName(this, tr("Folder of the training"), {}, {}, nullptr, QFileDialog::ShowDirsOnly);
    if (folder.isEmpty()) return;
    TrainingJob job = form->job();
    job.out = folder.toStdString();
    form->show_job(job);
  });
  connect(form, &TrainingForm::weights_wanted, this, [form, ask_folder] {
    const QString folder = ask_folder(tr("Weights to begin with: choose their folder"));
    if (folder.isEmpty()) return;
    TrainingJob job = form->job();
    job.start = folder.toStdString();
    form->show_job(job);
  });
  connect(form, &TrainingForm::cities_wanted, this, [form, cities](bool held_out) {
    if (cities->is_running()) return;
    const fs::path folder = next_city(form->job(), held_out);
    form->show_simulating(tr("A city is being made …"));
    cities->start([folder](const Progress& progress) { make_city(folder, progress); },
                  [form, folder, held_out] {
                    form->show_simulating({});
                    form->add_sequences({QString::fromStdString(folder.string())}, held_out);
                  });
  });
  connect(cities, &JobRunner::progressed, form, [form](const JobStep& step) {
    form->show_simulating(tr("A city is being made: %1 of %2").arg(step.done).arg(step.total));
  });
  connect(cities, &JobRunner::failed, form, [form, view](const QString& sentence) {
    form->show_simulating({});
    view->show_error(sentence);
  });
  connect(&session_, &Session::sequence_changed, form, [form](const auto& opened) {
    form->show_open_sequence(opened ? QString::fromStdString(opened->sequence.folder.string()) : QString());
  });

  // What became of it.
  connect(desk, &TrainingDesk::changed, this, [desk, form, view] {
    view->show_training(desk->training());
    form->show_running(desk->is_running(), desk->can_be_stopped());
  });
  connect(desk, &TrainingDesk::started, log_, [this](const QString& folder) {
    log_->show_message(Severity::Info,
                       tr("A training began in %1; it goes on when this window is closed.").arg(folder));
  });
  connect(desk, &TrainingDesk::ended, log_, [this](const QString& how) {
    log_->show_message(Severity::Info, how == "finished" ? tr("The training is finished.")
                                                         : tr("The training was stopped; Resume goes on."));
  });
  connect(desk, &TrainingDesk::failed, this, [this, view](const QString& sentence) {
    view->show_note({});
    view->show_error(sentence);
    messages_->show_error(sentence);
    log_->show_message(Severity::Error, sentence);
  });
  actions_.add({"train.watch",
                tr("&Watch a training …"),
                {},
                tr("Shows the curves of a training in a folder, whoever runs it"),
                "Run",
                Needs::Sequence},
               watch);
}

}  // namespace relocus
