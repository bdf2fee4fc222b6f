#include "app/patch_examiner.h"

#include <nlohmann/json.hpp>

#include "core/encodings.h"
#include "core/methods/patch_netvlad.h"
#include "core/methods/registry.h"

namespace relocus {
namespace {

constexpr std::chrono::milliseconds kRest{120};  // a selection that changes faster is not looked into
constexpr int kCell = 16;                        // [px]
constexpr const char* kMethod = "patch_netvlad";

}  // namespace

/// The method of an experiment and what it stored. Made on the worker when it is needed first; used there only.
struct PatchExaminer::Machine {
  std::shared_ptr<const Experiment> experiment;
  std::unique_ptr<Method> method;
  std::unique_ptr<EncodingStore> store;
  PatchNetvladOptions options;

  void make() {
    if (method) return;
    const MethodInfo& info = relocus::method(experiment->method);
    set_options(options, nlohmann::ordered_json::parse(experiment->options));
    const Resources resources{experiment->weights, experiment->device.empty() ? "auto" : experiment->device, 0};
    if (info.weights_hash(options, resources) != experiment->weights_hash)
      throw Error("the weights of {} are not those that the experiment was made with: run it again with these",
                  info.title);
    store = std::make_unique<EncodingStore>(
        experiment->encodings,
        EncodingKey{experiment->method, experiment->options, experiment->weights_hash, experiment->sequence_identity},
        EncodingStore::Access::Read);
    method = info.create(options, resources);
  }

  QSizeF seen(const PatchGrid& grid) const {
    if (options.image_width > 0 && options.image_height > 0)
      return {double(options.image_width), double(options.image_height)};
    const auto side = [&](int patches) { return double(kCell * ((patches - 1) * grid.stride + grid.size)); };
    return {side(grid.columns), side(grid.rows)};
  }
};

PatchExaminer::PatchExaminer(QObject* parent) : QObject(parent) {
  soon_.setSingleShot(true);
  soon_.setInterval(kRest);
  connect(&soon_, &QTimer::timeout, this, &PatchExaminer::start);
  connect(&runner_, &JobRunner::failed, this, &PatchExaminer::unavailable);
  connect(&runner_, &JobRunner::running_changed, this, [this](bool running) {
    if (!running) QMetaObject::invokeMethod(this, &PatchExaminer::idle, Qt::QueuedConnection);
  });
}

PatchExaminer::~PatchExaminer() = default;

void PatchExaminer::show_experiment(const std::shared_ptr<const Experiment>& experiment) {
  const bool same = machine_ && experiment && machine_->experiment->encodings == experiment->encodings &&
                    machine_->experiment->options == experiment->options &&
                    machine_->experiment->weights_hash == experiment->weights_hash;
  if (same) return;  // only the protocol changed
  runner_.cancel();
  machine_.reset();
  shown_.reset();
  if (experiment && experiment->method == kMethod) {
    machine_ = std::make_shared<Machine>();
    machine_->experiment = experiment;
  }
  consider();
}

void PatchExaminer::show_pair(FrameId query, std::optional<FrameId> candidate) {
  if (query == query_ && candidate == candidate_ && shown_) return;
  query_ = query;
  candidate_ = candidate;
  shown_.reset();
  runner_.cancel();
  consider();
}

void PatchExaminer::want(bool wanted) {
  wanted_ = wanted;
  consider();
}

void PatchExaminer::consider() {
  soon_.stop();
  if (!machine_) return Q_EMIT unavailable({});
  if (query_ < 0 || !candidate_)
    return Q_EMIT unavailable(tr("Select a query that has a candidate to see which of their patches match."));
  if (!wanted_ || shown_ || runner_.is_running()) return;
  Q_EMIT unavailable(tr("Comparing patches …"));
  soon_.start();
}

void PatchExaminer::start() {
  if (!machine_ || !candidate_ || query_ < 0) return;
  runner_.start(
      [machine = machine_, query = query_, candidate = *candidate_](const Progress& progress) {
        progress("Loading weights", 0, 2);
        machine->make();
        progress("Comparing patches", 1, 2);
        PairPatches pair{query, candidate, {}, {}};
        const auto asked = machine->method->prepare(machine->store->load(query));
        const auto other = machine->method->prepare(machine->store->load(candidate));
        machine->method->rerank(*asked, std::vector{other}, [&](const TraceLabel& label, const Array& array) {
          if (label.name == kPatchMatches) pair.scales.push_back(scale_matches(array));
        });
        if (!pair.scales.empty()) pair.seen = machine->seen(pair.scales.front().query);
        return std::make_shared<const PairPatches>(std::move(pair));
      },
      [this](const std::shared_ptr<const PairPatches>& pair) {
        if (pair->query != query_ || pair->candidate != candidate_) return;
        shown_ = pair;
        Q_EMIT examined(pair);
      });
}

}  // namespace relocus
