// Curves, comparison of experiments, sensitivity to the protocol, and the saving of plots: their wiring.
#include <QDockWidget>
#include <QPushButton>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/main_window.h"
#include "app/message_bar.h"
#include "core/environment.h"
#include "core/published.h"
#include "widgets/compare_view.h"
#include "widgets/curve_view.h"
#include "widgets/log_view.h"
#include "widgets/plan_canvas.h"
#include "widgets/plot_export.h"
#include "widgets/sensitivity_view.h"

namespace relocus {
namespace {

std::vector<CurveSource> curve_sources(const Experiments& experiments) {
  std::vector<CurveSource> sources;
  const OpenExperiment* current = experiments.current();
  const bool alone = experiments.all().size() == 1;
  for (const OpenExperiment& open : experiments.all()) {
    if (!open.visible && &open != current) continue;
    sources.push_back({open.label,
                       alone ? QColor() : open.colour,
                       {open.experiment, &open.experiment->evaluation},
                       open.curves,
                       &open == current});
  }
  return sources;
}

std::vector<ExperimentRow> experiment_rows(const Experiments& experiments) {
  std::vector<ExperimentRow> rows;
  for (const OpenExperiment& open : experiments.all())
    rows.push_back({open.id,
                    open.label,
                    open.colour,
                    open.visible,
                    &open == experiments.current(),
                    {open.experiment, &open.experiment->evaluation}});
  return rows;
}

/// Whether a study of `sensitivity` still speaks of `experiment`: another radius or gap changes nothing.
bool is_about(const Sensitivity& sensitivity, const Experiment& experiment) {
  const auto rest = [](const Protocol& protocol) {
    Protocol same = varied(protocol, 1, 0);
    same.preset.clear();
    same.negative_radius = 0;
    return to_json(same);
  };
  return rest(sensitivity.protocol) == rest(experiment.protocol);
}

}  // namespace

void MainWindow::add_evaluation_views() {
  auto* compare = new CompareView;
  auto* sensitivity = new SensitivityView;
  add_dock("compare", tr("Compare"), compare);
  add_dock("sensitivity", tr("Sensitivity"), sensitivity);
  add_evaluation_commands(compare, sensitivity);
  Experiments& experiments = session_.experiments();
  Studies& studies = session_.studies();

  // Figures: the curves of all experiments, the threshold of the current one.
  connect(&experiments, &Experiments::changed, curves_, [this, &experiments] {
    if (!experiments.current()) return curves_->show_error(tr("Run a method to see how good it is (Ctrl+R)."));
    curves_->show_experiments(curve_sources(experiments));
  });
  connect(&session_, &Session::sequence_changed, curves_, [this](const auto& opened) {
    curves_->show_published(published_on(opened->sequence.name), opened->sequence.frames.size());
    curves_->show_error(tr("Run a method to see how good it is (Ctrl+R)."));
  });
  connect(&session_, &Session::threshold_changed, curves_, &CurveView::show_threshold);
  connect(curves_, &CurveView::threshold_chosen, &session_, &Session::choose_threshold);

  // Comparison: the list of experiments, and two of them query by query.
  const auto compare_pair = [&experiments, &studies, compare] {
    const OpenExperiment *a = experiments.find(compare->a()), *b = experiments.find(compare->b());
    if (!a || !b) return studies.forget_comparison();
    compare->show_comparison(nullptr);
    studies.compare(a->experiment, b->experiment);
  };
  connect(&experiments, &Experiments::changed, compare,
          [&experiments, compare, compare_pair,
           pair = std::make_shared<std::array<std::shared_ptr<const Experiment>, 2>>()] {
            compare->show_experiments(experiment_rows(experiments));
            const OpenExperiment *a = experiments.find(compare->a()), *b = experiments.find(compare->b());
            const std::array present{a ? a->experiment : nullptr, b ? b->experiment : nullptr};
            if (std::exchange(*pair, present) != present) compare_pair();  // others, or under another protocol
          });
  connect(compare, &CompareView::pair_chosen, this, compare_pair);
  connect(&studies, &Studies::compared, compare, &CompareView::show_comparison);
  connect(&studies, &Studies::comparison_failed, compare, &CompareView::show_error);
  connect(&session_, &Session::sequence_changed, compare, [compare](const auto& opened) {
    std::vector<std::int64_t> numbers;
    for (const Frame& frame : opened->sequence.frames) numbers.push_back(frame.number);
    compare->show_frame_numbers(std::move(numbers));
  });
  connect(&session_, &Session::query_changed, compare, &CompareView::show_query);
  connect(compare, &CompareView::query_selected, &session_, &Session::select_query);
  connect(compare, &CompareView::answer_wanted, this, [this](FrameId query, FrameId answer) {
    session_.select_query(query);
    session_.select_candidate(answer);
  });
  connect(compare, &CompareView::scans_wanted, this, [this, &studies](FrameId a, FrameId b) {
    const auto& opened = session_.opened();
    if (opened) studies.read_answers({opened, &opened->sequence}, a, b);
  });
  connect(&studies, &Studies::answers_read, compare, &CompareView::show_scans);
  connect(&studies, &Studies::answers_failed, compare, &CompareView::show_scan_error);
  connect(compare, &CompareView::current_wanted, &session_, &Session::select_experiment);
  connect(compare, &CompareView::remove_wanted, &session_, &Session::remove_experiment);
  connect(compare, &CompareView::copy_wanted, &session_, &Session::keep_copy);
  connect(compare, &CompareView::rename_wanted, &experiments, &Experiments::rename);
  connect(compare, &CompareView::visibility_wanted, &experiments, &Experiments::show);

  // Sensitivity: the current experiment under other radii and gaps.
  connect(&session_, &Session::experiment_changed, sensitivity,
          [&studies, sensitivity, last = QString()](const std::shared_ptr<const Experiment>& experiment) mutable {
            sensitivity->show_possible(experiment != nullptr);
            const QString now =
                experiment ? QString::fromStdString(experiment->method + experiment->options + experiment->weights_hash)
                           : QString();
            const bool other = std::exchange(last, now) != now;
            if (!experiment || other || (studies.sensitivity() && !is_about(*studies.sensitivity(), *experiment)))
              studies.forget_sensitivity();
          });
  connect(&session_, &Session::protocol_changed, sensitivity, &SensitivityView::show_present);
  sensitivity->show_present(session_.protocol());
  connect(sensitivity, &SensitivityView::compute_wanted, this, [this, &studies] {
    const auto& opened = session_.opened();
    if (session_.experiment()) studies.vary(session_.experiment(), {opened, &opened->trajectory});
  });
  connect(sensitivity, &SensitivityView::cancel_wanted, &studies, &Studies::cancel_varying);
  connect(&studies, &Studies::varied, sensitivity, &SensitivityView::show_sensitivity);
  connect(&studies, &Studies::varying_failed, sensitivity, &SensitivityView::show_error);
  connect(&studies, &Studies::varying_changed, sensitivity, &SensitivityView::show_running);
  connect(&studies, &Studies::progressed, sensitivity, [sensitivity](const JobStep& step) {
    sensitivity->show_step(step.stage, step.done, step.total, step.remaining);
  });
  connect(sensitivity, &SensitivityView::protocol_chosen, this,
          [this](double radius, int gap) { session_.choose_protocol(varied(session_.protocol(), radius, gap)); });
}

void MainWindow::add_evaluation_commands(CompareView* compare, SensitivityView* sensitivity) {
  Experiments& experiments = session_.experiments();
  const auto show = [this](const char* dock) {
    docks_.at(dock)->show();
    docks_.at(dock)->raise();
  };
  actions_.add(
      {"evaluate.next_experiment", tr("Next e&xperiment"), QKeySequence("E"),
       tr("Makes the next of the open experiments the one that the window is about"), "Evaluate", Needs::Experiment},
      [this, &experiments] {
        const auto& all = experiments.all();
        const auto present = std::ranges::find(all, experiments.current()->id, &OpenExperiment::id);
        session_.select_experiment(std::next(present) == all.end() ? all.front().id : std::next(present)->id);
      });
  actions_.add({"evaluate.keep_copy",
                tr("&Keep a copy under this protocol"),
                {},
                tr("Stays as it is when another protocol is chosen, so that the two can be compared"),
                "Evaluate",
                Needs::Experiment},
               [this, &experiments] { session_.keep_copy(experiments.current()->id); });
  actions_.add({"evaluate.compare",
                tr("&Compare experiments"),
                {},
                tr("Two experiments, query by query"),
                "Evaluate",
                Needs::Experiment},
               [show] { show("compare"); });
  actions_.add({"evaluate.show_a",
                tr("Show &A's answer"),
                {},
                tr("A's answer to the selected query"),
                "Evaluate",
                Needs::Experiment},
               [compare] { compare->show_a_button()->click(); });
  actions_.add({"evaluate.show_b",
                tr("Show &B's answer"),
                {},
                tr("B's answer to the selected query"),
                "Evaluate",
                Needs::Experiment},
               [compare] { compare->show_b_button()->click(); });
  actions_.add({"evaluate.sensitivity",
                tr("&Sensitivity to the protocol"),
                {},
                tr("Works out the figures for every radius and exclusion gap"),
                "Evaluate",
                Needs::Experiment},
               [show, sensitivity] {
                 show("sensitivity");
                 Q_EMIT sensitivity->compute_wanted();
               });
  actions_.tell_fixed_key("R", tr("Show all of a chart again"), tr("Figures"));
}

/// The last one to be called: ground plans and matrices can be saved as other plots are, every plot is stamped, and
/// what became of a file is told.
void MainWindow::wire_plot_exports() {
  for (const auto& [name, dock] : docks_)
    for (auto* view : dock->findChildren<QWidget*>()) {
      auto* plan = qobject_cast<PlanCanvas*>(view);
      if ((!plan && !view->inherits("relocus::MatrixCanvas")) || view->findChild<PlotExport*>()) continue;
      const QString title = view->accessibleName().isEmpty() ? dock->windowTitle() : view->accessibleName();
      new PlotExport(view, [view, plan, title] {
        return plan ? plot_of(*plan, title, numbers_of(*view)) : plot_of(*view, title, numbers_of(*view));
      });
    }
  for (auto* plot : findChildren<PlotExport*>()) {
    connect(plot, &PlotExport::failed, messages_, &MessageBar::show_error);
    connect(plot, &PlotExport::failed, log_,
            [this](const QString& text) { log_->show_message(Severity::Error, text); });
    connect(plot, &PlotExport::saved, log_,
            [this](const QString& path) { log_->show_message(Severity::Info, tr("Plot saved in %1").arg(path)); });
  }
  QMenu* menu = actions_.menu("File/" + tr("Save p&lot"));
  connect(menu, &QMenu::aboutToShow, this, [this, menu] {
    menu->clear();
    QStringList there;
    for (auto* plot : findChildren<PlotExport*>())
      if (const QString title = plot->title(); plot->is_seen() && !there.contains(title)) {
        there << title;
        menu->addMenu(QString(title).replace('&', "&&"))->addActions(plot->actions());
      }
    if (menu->isEmpty()) menu->addAction(tr("No plot is in sight"))->setEnabled(false);
  });
  const auto stamp = [this] {
    for (auto* plot : findChildren<PlotExport*>()) plot->set_stamp(plot_stamp());
  };
  connect(&session_, &Session::sequence_changed, this, stamp);
  connect(&session_, &Session::protocol_changed, this, stamp);
  connect(&session_, &Session::experiment_changed, this, stamp);
  connect(&session_.experiments(), &Experiments::changed, this, stamp);
}

/// "kitti/00, 4541 frames · Scan Context · protocol overlap_netvlad positive_radius=10 … · 790 queries · Relocus 0.2"
QString MainWindow::plot_stamp() const {
  const auto& opened = session_.opened();
  if (!opened) return {};
  QStringList parts{
      tr("%1, %2 frames").arg(QString::fromStdString(opened->sequence.name)).arg(opened->sequence.frames.size())};
  QStringList names;
  for (const OpenExperiment& open : session_.experiments().all())
    if (open.visible || &open == session_.experiments().current()) names << open.label;
  if (!names.isEmpty()) parts << names.join(QStringLiteral(", "));
  const auto& experiment = session_.experiment();
  parts << tr("protocol %1")
               .arg(QString::fromStdString(one_line(experiment ? experiment->protocol : session_.protocol())));
  if (experiment)
    parts << tr("%1 of %2 queries have a right answer")
                 .arg(experiment->evaluation.figures.num_queries)
                 .arg(experiment->evaluation.figures.num_asked);
  parts << tr("Relocus %1").arg(QString::fromStdString(version()));
  return parts.join(QStringLiteral(" · "));
}

}  // namespace relocus
