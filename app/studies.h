#pragma once

#include <QObject>
#include <memory>

#include "app/job.h"
#include "core/comparison.h"
#include "core/sensitivity.h"

namespace relocus {

/// What is worked out from experiments that are there: how two compare, and how figures depend on the protocol. Both
/// in the background, with progress; another one ends the last.
class Studies : public QObject {
  Q_OBJECT

 public:
  explicit Studies(QObject* parent = nullptr);

  const std::shared_ptr<const Comparison>& comparison() const { return comparison_; }     ///< null: none
  const std::shared_ptr<const Sensitivity>& sensitivity() const { return sensitivity_; }  ///< null: none
  bool is_busy() const { return comparing_.is_running() || varying_.is_running() || reading_.is_running(); }
  bool is_varying() const { return varying_.is_running(); }

  void compare(std::shared_ptr<const Experiment> a, std::shared_ptr<const Experiment> b);
  void vary(std::shared_ptr<const Experiment> experiment, std::shared_ptr<const Trajectory> trajectory);
  void cancel_varying() { varying_.cancel(); }
  /// Scans of two answers to one query; -1: there is none.
  void read_answers(std::shared_ptr<const Sequence> sequence, FrameId a, FrameId b);
  void forget_comparison();
  void forget_sensitivity();

 Q_SIGNALS:
  void compared(const std::shared_ptr<const relocus::Comparison>& comparison);  ///< null: forgotten
  void comparison_failed(const QString& message);
  void answers_read(const std::shared_ptr<const relocus::PointCloud>& a,
                    const std::shared_ptr<const relocus::PointCloud>& b);
  void answers_failed(const QString& message);
  void varied(const std::shared_ptr<const relocus::Sensitivity>& sensitivity);  ///< null: forgotten
  void varying_failed(const QString& message);
  void varying_changed(bool running);
  void progressed(const relocus::JobStep& step);  ///< of the variation
  void idle();

 private:
  JobRunner comparing_, varying_, reading_;
  std::shared_ptr<const Comparison> comparison_;
  std::shared_ptr<const Sensitivity> sensitivity_;
};

}  // namespace relocus
