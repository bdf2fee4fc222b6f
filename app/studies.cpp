#include "app/studies.h"

#include "core/datasets/registry.h"

namespace relocus {
namespace {

constexpr int kResamples = 1000;

}  // namespace

Studies::Studies(QObject* parent) : QObject(parent) {
  connect(&comparing_, &JobRunner::failed, this, &Studies::comparison_failed);
  connect(&reading_, &JobRunner::failed, this, &Studies::answers_failed);
  connect(&varying_, &JobRunner::failed, this, &Studies::varying_failed);
  connect(&varying_, &JobRunner::running_changed, this, &Studies::varying_changed);
  connect(&varying_, &JobRunner::progressed, this, &Studies::progressed);
  for (JobRunner* runner : {&comparing_, &varying_, &reading_})
    connect(runner, &JobRunner::running_changed, this, [this](bool running) {
      if (!running) QMetaObject::invokeMethod(this, &Studies::idle, Qt::QueuedConnection);
    });
}

void Studies::compare(std::shared_ptr<const Experiment> a, std::shared_ptr<const Experiment> b) {
  comparing_.start(
      [a = std::move(a), b = std::move(b)](const Progress& progress) {
        return std::make_shared<const Comparison>(relocus::compare(*a, *b, kResamples, progress));
      },
      [this](std::shared_ptr<const Comparison> comparison) {
        comparison_ = std::move(comparison);
        Q_EMIT compared(comparison_);
      });
}

void Studies::vary(std::shared_ptr<const Experiment> experiment, std::shared_ptr<const Trajectory> trajectory) {
  varying_.start(
      [experiment = std::move(experiment), trajectory = std::move(trajectory)](const Progress& progress) {
        return std::make_shared<const Sensitivity>(relocus::sensitivity(*experiment, *trajectory, {}, progress));
      },
      [this](std::shared_ptr<const Sensitivity> sensitivity) {
        sensitivity_ = std::move(sensitivity);
        Q_EMIT varied(sensitivity_);
      });
}

void Studies::read_answers(std::shared_ptr<const Sequence> sequence, FrameId a, FrameId b) {
  using Clouds = std::pair<std::shared_ptr<const PointCloud>, std::shared_ptr<const PointCloud>>;
  reading_.start(
      [sequence = std::move(sequence), a, b](const Progress& progress) {
        const auto read = [&](FrameId frame) -> std::shared_ptr<const PointCloud> {
          progress("Reading", 0, 2);
          return frame < 0 ? nullptr : std::make_shared<const PointCloud>(read_cloud(*sequence, frame));
        };
        return Clouds(read(a), read(b));
      },
      [this](const Clouds& clouds) { Q_EMIT answers_read(clouds.first, clouds.second); });
}

void Studies::forget_comparison() {
  comparing_.cancel();
  if (std::exchange(comparison_, nullptr)) Q_EMIT compared(nullptr);
}

void Studies::forget_sensitivity() {
  varying_.cancel();
  if (std::exchange(sensitivity_, nullptr)) Q_EMIT varied(nullptr);
}

}  // namespace relocus
