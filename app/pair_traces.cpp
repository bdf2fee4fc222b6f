#include "app/pair_traces.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace relocus {
namespace {

using namespace std::chrono_literals;

constexpr auto kRest = 120ms;         // a selection that changes faster is not looked into
constexpr std::size_t kRemember = 3;  // pairs, of some 30 MB each

std::string device_of(const Experiment& experiment) { return experiment.device.empty() ? "auto" : experiment.device; }

}  // namespace

/// The method of an experiment. Made on the worker when it is needed first; used there only.
struct PairTraces::Machine {
  std::string name, options, weights_hash;
  Resources resources;
  const MethodInfo* info = nullptr;
  std::unique_ptr<Method> method;

  bool is_of(const Experiment& experiment) const {
    return name == experiment.method && options == experiment.options && weights_hash == experiment.weights_hash &&
           resources.weights == experiment.weights && resources.device == device_of(experiment);
  }

  void make() {
    if (method) return;
    info = &relocus::method(name);
    const auto values = info->options();
    if (!options.empty()) set_options(*values, nlohmann::ordered_json::parse(options));
    if (info->weights_hash(*values, resources) != weights_hash)
      throw Error(
          "the weights of {} are not those that the experiment was made with: give these in the panel Method and run "
          "it again",
          info->title);
    method = info->create(*values, resources);
  }
};

PairTraces::PairTraces(QObject* parent) : QObject(parent) {
  soon_.setSingleShot(true);
  soon_.setInterval(kRest);
  connect(&soon_, &QTimer::timeout, this, &PairTraces::start);
  connect(&runner_, &JobRunner::running_changed, this, [this](bool running) {
    Q_EMIT busy_changed(running);
    if (!running) QMetaObject::invokeMethod(this, &PairTraces::idle, Qt::QueuedConnection);
  });
  connect(&runner_, &JobRunner::failed, this, &PairTraces::unavailable);
}

PairTraces::~PairTraces() = default;

void PairTraces::show_sequence(std::shared_ptr<const OpenedSequence> opened) {
  opened_ = std::move(opened);
  query_ = -1;
  candidate_.reset();
  query_scan_ = candidate_scan_ = nullptr;
  recent_.clear();
  forget_pair();
}

void PairTraces::show_experiment(const std::shared_ptr<const Experiment>& experiment) {
  if (!experiment) {
    machine_.reset();
    recent_.clear();
    return forget_pair();
  }
  if (machine_ && machine_->is_of(*experiment)) return consider();  // only the protocol changed
  machine_ = std::make_shared<Machine>(Machine{.name = experiment->method,
                                               .options = experiment->options,
                                               .weights_hash = experiment->weights_hash,
                                               .resources = {experiment->weights, device_of(*experiment), 0}});
  recent_.clear();
  forget_pair();
}

void PairTraces::show_query(FrameId frame) {
  if (frame == query_) return;
  query_ = frame;
  forget_pair();
}

void PairTraces::show_candidate(std::optional<FrameId> frame) {
  if (frame == candidate_ && (frame || !shown_)) return consider();
  candidate_ = frame;
  if (!frame) Q_EMIT scans_changed();
  forget_pair();
}

void PairTraces::show_query_scan(std::shared_ptr<const Scan> scan) {
  if (!scan || scan->frame != query_) return;
  query_scan_ = std::move(scan);
  Q_EMIT scans_changed();
  consider();
}

void PairTraces::show_candidate_scan(std::shared_ptr<const Scan> scan) {
  if (!scan || scan->frame != candidate_) return;
  candidate_scan_ = std::move(scan);
  Q_EMIT scans_changed();
  consider();
}

std::shared_ptr<const Scan> PairTraces::query_scan() const {
  return query_scan_ && query_scan_->frame == query_ ? query_scan_ : nullptr;
}

std::shared_ptr<const Scan> PairTraces::candidate_scan() const {
  return candidate_scan_ && candidate_scan_->frame == candidate_ ? candidate_scan_ : nullptr;
}

void PairTraces::want(const void* who, bool wanted) {
  if (wanted)
    wanted_by_.insert(who);
  else
    wanted_by_.erase(who);
  consider();
}

void PairTraces::forget_pair() {
  runner_.cancel();
  soon_.stop();
  shown_ = nullptr;
  consider();
}

/// Why there is nothing to be seen, and what to do; empty when there is, or will be soon.
QString PairTraces::why_not() const {
  if (!opened_) return tr("Open a sequence, then run a method, to see what it sees.");
  if (!machine_) return tr("Run a method (Ctrl+R) to see what it sees in two scans.");
  if (machine_->name.empty())
    return tr("These answers were imported: there is no method that could be asked what it saw.");
  if (query_ < 0) return tr("Select a query on the trajectory.");
  if (!candidate_) return tr("This frame has no candidate: select another one on the trajectory.");
  return {};
}

void PairTraces::consider() {
  if (const QString sentence = why_not(); !sentence.isEmpty()) return Q_EMIT unavailable(sentence);
  if (shown_ || wanted_by_.empty() || !query_scan() || !candidate_scan() || is_busy()) return;
  const auto known = std::ranges::find_if(
      recent_, [this](const auto& pair) { return pair->query == query_ && pair->candidate == candidate_; });
  if (known != recent_.end())
    adopt(*known);
  else
    soon_.start();
}

void PairTraces::start() {
  if (!machine_ || !query_scan() || !candidate_scan() || wanted_by_.empty()) return;
  runner_.start(
      [machine = machine_, query = query_scan_,
       candidate = candidate_scan_](const Progress& progress) -> std::shared_ptr<const PairInspection> {
        progress("Loading weights", 0, 1);
        machine->make();
        auto pair = std::make_shared<PairInspection>();
        pair->query = query->frame;
        pair->candidate = candidate->frame;
        pair->method = machine->info->title;
        pair->inspection =
            inspect(*machine->info, *machine->method, {query->cloud, {}}, {candidate->cloud, {}}, progress);
        return pair;
      },
      [this](std::shared_ptr<const PairInspection> pair) { adopt(std::move(pair)); });
}

void PairTraces::adopt(std::shared_ptr<const PairInspection> pair) {
  if (pair->query != query_ || pair->candidate != candidate_) return;
  std::erase(recent_, pair);
  recent_.push_front(pair);
  if (recent_.size() > kRemember) recent_.pop_back();
  shown_ = std::move(pair);
  Q_EMIT inspected(shown_);
}

void PairTraces::attend(Side from, double x, double y) {
  if (!shown_) return;
  const TracedValue* evidence = shown_->inspection.evidence(from);
  if (!evidence || !evidence->is_map()) return;
  PairAttention chosen{.from = from,
                       .grid = *evidence->label.grid,
                       .rows = int(evidence->array.shape[0]),
                       .columns = int(evidence->array.shape[1])};
  const auto cell = cell_at(chosen.grid, chosen.rows, chosen.columns, x, y);
  if (!cell) return;
  std::tie(chosen.row, chosen.column) = *cell;
  runner_.start(
      [machine = machine_, pair = shown_, chosen](const Progress&) {
        auto attention = std::make_shared<PairAttention>(chosen);
        attention->seen =
            relocus::attention(*machine->method, pair->inspection, chosen.from, chosen.row, chosen.column);
        return std::shared_ptr<const PairAttention>(std::move(attention));
      },
      [this, pair = shown_](const std::shared_ptr<const PairAttention>& attention) {
        if (pair == shown_) Q_EMIT attention_changed(attention);
      });
}

}  // namespace relocus
