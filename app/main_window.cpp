#include "app/main_window.h"

#include <QDockWidget>
#include <QPushButton>
#include <QScrollArea>
#include <QTimer>
#include <QToolBar>
#include <algorithm>
#include <chrono>

#include "app/command_palette.h"
#include "app/frame_title.h"
#include "app/icons.h"
#include "app/message_bar.h"
#include "app/recent.h"
#include "app/run_panel.h"
#include "app/sequence_panel.h"
#include "app/status_line.h"
#include "app/welcome_page.h"
#include "core/environment.h"
#include "core/methods/registry.h"
#include "widgets/bev_view.h"
#include "widgets/candidate_table.h"
#include "widgets/cloud_view.h"
#include "widgets/curve_view.h"
#include "widgets/frame_bar.h"
#include "widgets/log_view.h"
#include "widgets/method_form.h"
#include "widgets/protocol_form.h"
#include "widgets/trajectory_view.h"

namespace relocus {
namespace {

constexpr auto kFlicker = std::chrono::milliseconds(200);

QScrollArea* scrolled(QWidget* content) {
  auto* area = new QScrollArea;
  area->setWidget(content);
  area->setWidgetResizable(true);
  area->setFrameShape(QFrame::NoFrame);
  area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  return area;
}

/// A part of a scan as views take it: it keeps the whole alive.
std::shared_ptr<const std::vector<std::uint16_t>> labels_of(const std::shared_ptr<const Scan>& scan) {
  if (scan->labels.empty()) return nullptr;
  return {scan, &scan->labels};
}

QString title_of(Activity activity) {
  switch (activity) {
    case Activity::Opening:
      return MainWindow::tr("Opening");
    case Activity::Checking:
      return MainWindow::tr("Checking");
    case Activity::Running:
      return MainWindow::tr("Running");
    case Activity::Evaluating:
      return MainWindow::tr("Evaluating");
    case Activity::Verifying:
      return MainWindow::tr("Verifying loops");
    case Activity::Saving:
      return MainWindow::tr("Saving");
    case Activity::Simulating:
      return MainWindow::tr("Making a sample sequence");
  }
  return {};
}

QString title_of_method(const std::string& name) {
  const auto known = methods();
  const auto found = std::ranges::find(known, name, &MethodInfo::name);
  return QString::fromStdString(found == known.end() ? name : found->title);
}

}  // namespace

MainWindow::MainWindow(Session& session, bool remember)
    : session_(session), remember_(remember), actions_(*this, remember) {
  setObjectName("main_window");
  setWindowTitle(tr("Relocus"));
  setWindowIcon(program_icon());
  setAcceptDrops(true);
  setDockNestingEnabled(true);
  setDockOptions(AllowNestedDocks | AllowTabbedDocks | GroupedDragging);
  setTabPosition(Qt::AllDockWidgetAreas, QTabWidget::North);
  resize(1440, 900);
  add_commands();
  make_views();
  wire();
  add_pair_views();
  add_evaluation_views();
  add_exports();
  add_review_views();
  add_feature_views();
  add_training_view();
  add_truth_view();
  wire_plot_exports();
  add_layouts();
  for (const auto& [name, dock] : docks_) dock->hide();
  frames_bar_->hide();
  show_what_is_possible();
  show_undo();
  show_device();
  show_recent();
  restore();
  add_session_files();
}

MainWindow::~MainWindow() {
  hide();  // docks tell that they are hidden while there is somebody to tell
  session_.disconnect(this);
}

// Making -------------------------------------------------------------------------------------------------------------

void MainWindow::make_views() {
  welcome_ = new WelcomePage;
  setCentralWidget(welcome_);
  status_ = new StatusLine;
  setStatusBar(status_);

  add_dock("sequence", tr("Sequence"), sequence_ = new SequencePanel);
  add_dock("method", tr("Method"), scrolled(method_ = new MethodForm));
  add_dock("protocol", tr("Protocol"), scrolled(protocol_ = new ProtocolForm));
  add_dock("run", tr("Run"), run_ = new RunPanel);
  add_dock("query", tr("Query"), query_ = new CloudView);
  add_dock("candidate", tr("Candidate"), candidate_ = new CloudView);
  add_dock("bev", tr("Bird's-eye view"), bev_ = new BevView);
  add_dock("trajectory", tr("Trajectory"), trajectory_ = new TrajectoryView);
  add_dock("candidates", tr("Candidates"), candidates_ = new CandidateTable);
  add_dock("curves", tr("Figures"), curves_ = new CurveView);
  add_dock("log", tr("Log"), log_ = new LogView);
  frames_bar_ = new QToolBar(tr("Frames"));
  frames_bar_->setObjectName("frames");
  frames_bar_->setMovable(false);
  frames_bar_->addWidget(frames_ = new FrameBar);
  addToolBar(Qt::BottomToolBarArea, frames_bar_);
  frames_bar_->toggleViewAction()->setVisible(false);
  actions_.tool_bar()->toggleViewAction()->setVisible(false);
  messages_ = new MessageBar(this, actions_.tool_bar());
  palette_ = new CommandPalette(this, actions_);
}

QDockWidget* MainWindow::add_dock(const QString& name, const QString& title, QWidget* content) {
  auto* dock = new QDockWidget(title, this);
  dock->setObjectName(name);
  dock->setWidget(content);
  docks_[name] = dock;
  connect(dock, &QDockWidget::visibilityChanged, this, [this] {  // who comes forward would hide it
    if (auto* bar = findChild<MessageBar*>(QString(), Qt::FindDirectChildrenOnly)) bar->raise();
  });
  actions_.adopt({"dock." + name, title, {}, tr("Shows or hides this view"), "Window/Views", Needs::Sequence},
                 dock->toggleViewAction());
  return dock;
}

// Wiring: one paragraph for each view --------------------------------------------------------------------------------

void MainWindow::wire() {
  // Messages: what is wrong, over the window and in the log.
  connect(&session_, &Session::failed, messages_, &MessageBar::show_error);
  connect(&session_, &Session::sequence_missing, this, [this](const std::filesystem::path& experiment) {
    messages_->show_remedy(tr("Locate the sequence …"), [this, experiment] { ask_for_sequence_of(experiment); });
  });
  connect(&session_, &Session::logged, log_, &LogView::show_message);

  // Welcome: what to do while nothing is open.
  connect(welcome_, &WelcomePage::open_wanted, this, &MainWindow::ask_for_folder);
  connect(welcome_, &WelcomePage::sample_wanted, this, &MainWindow::ask_for_sample);
  connect(welcome_, &WelcomePage::recent_wanted, this, &MainWindow::open_path);
  connect(welcome_, &WelcomePage::cancel_wanted, &session_, &Session::cancel_something);

  // What was changed and what was looked at, to and fro.
  connect(&session_.undo_stack(), &QUndoStack::indexChanged, this, &MainWindow::show_undo);
  connect(&session_.history(), &SelectionHistory::changed, this, &MainWindow::show_undo);

  // The window itself.
  // Making the scenes takes its time: in a turn of its own the window answers before.
  connect(&session_, &Session::sequence_changed, this, &MainWindow::show_workspace, Qt::QueuedConnection);
  connect(&session_, &Session::several_sequences, this, &MainWindow::ask_which);
  connect(&session_, &Session::opened_from, this, [this](const std::filesystem::path& path) {
    const auto kind = std::filesystem::exists(path / "experiment.json") ? RecentKind::Experiment : RecentKind::Sequence;
    if (remember_) remember_path(QString::fromStdString(path.string()), kind);
    show_recent();
  });
  connect(&session_, &Session::experiment_changed, this, [this] { show_titles(); });
  connect(&session_, &Session::sequence_changed, this, &MainWindow::show_what_is_possible);
  connect(&session_, &Session::experiment_changed, this, &MainWindow::show_what_is_possible);
  connect(&session_, &Session::query_changed, this, &MainWindow::show_titles);
  connect(&session_, &Session::candidate_changed, this, &MainWindow::show_titles);

  // Status line: what goes on, what is selected, where it is computed.
  connect(&session_, &Session::activity_changed, this, &MainWindow::show_activity);
  connect(&session_, &Session::progressed, this, [this](Activity activity, const JobStep& step) {
    if (activity == Activity::Running) run_->show_step(step);
    if (activity != shown_activity_) return;
    status_->show_step(step);
    welcome_->show_step(step);
  });
  connect(&session_, &Session::query_changed, this, &MainWindow::show_selection);
  connect(&session_, &Session::candidate_changed, this, &MainWindow::show_selection);
  connect(&session_, &Session::experiment_changed, this, &MainWindow::show_device);
  connect(&session_, &Session::method_choice_changed, this, &MainWindow::show_device);
  connect(status_, &StatusLine::cancel_wanted, this, [this] {
    if (shown_activity_) session_.cancel(*shown_activity_);
  });

  // Sequence and its data check.
  connect(&session_, &Session::sequence_changed, this,
          [this](const auto& opened) { sequence_->show_sequence(opened->sequence); });
  connect(&session_, &Session::check_changed, sequence_, &SequencePanel::show_check);
  connect(sequence_, &SequencePanel::deep_check_wanted, &session_, &Session::check_every_scan);

  // Method and protocol.
  method_->show_methods(methods());
  method_->show_choice(session_.method_choice());
  protocol_->show_protocol(session_.protocol());
  run_->show_method(title_of_method(session_.method_choice().name));
  connect(method_, &MethodForm::edited, this, [this] { session_.choose_method(method_->choice()); });
  connect(&session_, &Session::method_choice_changed, this, [this](const MethodChoice& choice) {
    if (!is_same(choice, method_->choice())) method_->show_choice(choice);  // never while somebody types in it
    run_->show_method(title_of_method(choice.name));
  });
  connect(protocol_, &ProtocolForm::protocol_edited, &session_, &Session::choose_protocol);
  connect(&session_, &Session::protocol_changed, this, [this](const Protocol& protocol) {
    if (to_json(protocol) != to_json(protocol_->protocol())) protocol_->show_protocol(protocol);
  });

  // Run.
  connect(run_, &RunPanel::run_wanted, &session_, &Session::run);
  connect(run_, &RunPanel::cancel_wanted, &session_, [this] { session_.cancel(Activity::Running); });
  connect(&session_, &Session::experiment_changed, this, [this](const std::shared_ptr<const Experiment>& experiment) {
    if (!experiment) return run_->clear();
    run_->show_experiment(*experiment, title_of(*experiment));
  });

  // Frames.
  connect(&session_, &Session::sequence_changed, this,
          [this](const auto& opened) { frames_->show_sequence(opened->sequence); });
  connect(&session_, &Session::query_changed, frames_, &FrameBar::show_frame);
  connect(frames_, &FrameBar::frame_selected, &session_, &Session::select_query);

  // The query's scan, in 3-D and from above.
  connect(&session_, &Session::query_scan_changed, this, [this](const std::shared_ptr<const Scan>& scan) {
    query_->show_cloud(cloud_of(scan), labels_of(scan));
    bev_->show_cloud(cloud_of(scan));
  });
  connect(&session_, &Session::query_scan_failed, query_, &CloudView::show_error);
  connect(&session_, &Session::query_scan_failed, bev_, &BevView::show_error);

  // The candidate's scan, coloured as the query's.
  connect(&session_, &Session::candidate_scan_changed, this, [this](const std::shared_ptr<const Scan>& scan) {
    if (scan) candidate_->show_cloud(cloud_of(scan), labels_of(scan));
  });
  connect(&session_, &Session::candidate_changed, this, [this](std::optional<FrameId> candidate) {
    if (!candidate) candidate_->show_error(why_no_candidate());
  });
  connect(&session_, &Session::candidate_scan_failed, candidate_, &CloudView::show_error);
  connect(query_, &CloudView::colour_by_changed, candidate_, &CloudView::show_colour_by);
  connect(candidate_, &CloudView::colour_by_changed, query_, &CloudView::show_colour_by);

  // Candidates of the query.
  connect(&session_, &Session::retrieval_changed, this, &MainWindow::show_candidates);
  connect(&session_, &Session::candidate_changed, candidates_, &CandidateTable::show_candidate);
  connect(candidates_, &CandidateTable::candidate_selected, &session_, &Session::select_candidate);
  connect(candidates_, &CandidateTable::candidate_activated, &session_, &Session::select_query);
}

// Showing ------------------------------------------------------------------------------------------------------------

QString MainWindow::why_no_candidate() const {
  if (!session_.experiment()) return tr("Run a method to see which place it takes for this one (Ctrl+R).");
  return tr("No candidate: the protocol admits no frame that is old enough, or nothing was asked here.");
}

/// "query 123 → candidate 45, 3.2 m away"
void MainWindow::show_selection() {
  const auto& opened = session_.opened();
  if (!opened || session_.query() < 0) return status_->show_selection({});
  const Sequence& sequence = opened->sequence;
  const bool two_sets = sequence.num_database > 0;  // the numbers then say which
  const QString query = frame_number(sequence, session_.query());
  QString text = two_sets ? query : tr("query %1").arg(query);
  if (const auto candidate = session_.candidate()) {
    const QString answer = frame_number(sequence, *candidate);
    text += two_sets ? tr(" → %1").arg(answer) : tr(" → candidate %1").arg(answer);
    const auto& trajectory = opened->trajectory;
    if (trajectory.has_pose(session_.query()) && trajectory.has_pose(*candidate))
      text += tr(", %1 m apart").arg(distance(trajectory, session_.query(), *candidate, true), 0, 'f', 1);
  }
  status_->show_selection(text);
}

void MainWindow::show_titles() {
  const auto& opened = session_.opened();
  if (!opened) return;
  const auto& experiment = session_.experiment();
  const QString name = QString::fromStdString(opened->sequence.name);
  setWindowTitle(experiment ? tr("%1 – %2 – Relocus").arg(name, title_of(*experiment)) : tr("%1 – Relocus").arg(name));
  const auto title = [&](FrameId frame) { return frame_title(opened->sequence, frame); };
  const auto query = session_.query();
  const auto candidate = session_.candidate();
  docks_["query"]->setWindowTitle(query < 0 ? tr("Query") : tr("Query · %1").arg(title(query)));
  docks_["candidate"]->setWindowTitle(candidate ? tr("Candidate · %1").arg(title(*candidate)) : tr("Candidate"));
}

void MainWindow::show_what_is_possible() {
  actions_.show_state(session_.opened() != nullptr, session_.experiment() != nullptr);
}

void MainWindow::show_undo() {
  auto& undo = session_.undo_stack();
  const auto text = [](const QString& verb, const QString& what) { return what.isEmpty() ? verb : verb + ' ' + what; };
  actions_["edit.undo"]->setText(text(tr("&Undo"), undo.undoText()));
  actions_["edit.redo"]->setText(text(tr("&Redo"), undo.redoText()));
  actions_.enable("edit.undo", undo.canUndo(), tr("Nothing was changed yet."));
  actions_.enable("edit.redo", undo.canRedo(), tr("Nothing was undone."));
  actions_.enable("go.back", session_.history().can_go_back(), tr("Nothing was looked at before."));
  actions_.enable("go.forward", session_.history().can_go_forward(), tr("Nothing was looked at after this."));
}

void MainWindow::show_device() {
  const auto& experiment = session_.experiment();
  const auto& resources = session_.method_choice().resources;
  const bool known = experiment && !experiment->device.empty() && experiment->device != "auto";
  status_->show_device(QString::fromStdString(known ? experiment->device : likely_device(resources.device)),
                       thread_count(resources.threads));
}

void MainWindow::show_activity(Activity activity, bool active) {
  actions_.enable("run.cancel", session_.is_computing(), tr("Nothing is being computed."));
  if (active && activity != Activity::Evaluating) messages_->hide();  // what was wrong is being tried again
  if (activity == Activity::Running) return run_->show_running(active);
  if (activity == Activity::Checking) sequence_->show_checking(active);
  if (active) {
    shown_activity_ = activity;
    // What is over at once would only flicker.
    QTimer::singleShot(kFlicker, this, [this, activity] {
      if (shown_activity_ == activity) show_activity_title();
    });
  } else if (shown_activity_ == activity) {
    shown_activity_.reset();
    show_activity_title();
  }
}

void MainWindow::show_activity_title() {
  const QString title = shown_activity_ ? title_of(*shown_activity_) : QString();
  status_->show_activity(in_workspace_ ? title : QString());
  welcome_->show_busy(title);
}

void MainWindow::choose_theme(Theme theme) {
  theme_ = theme;
  apply_theme(theme);
  actions_[theme == Theme::Dark ? "view.dark" : theme == Theme::Light ? "view.light" : "view.system"]->setChecked(true);
}

}  // namespace relocus
