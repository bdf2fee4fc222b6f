#pragma once

#include <torch/types.h>

#include "core/workers.h"

namespace relocus {

/// The processes that train one network together, over LibTorch's c10d: Gloo between processors, NCCL between
/// accelerators where this LibTorch has it. Tensors are of the same number, shapes and types in all processes, and a
/// sum is the same in all to the last bit. One process meets nobody, and nothing changes its tensors.
class Workers final : public WorkerGroup {
 public:
  /// Meets the others that the environment tells of (core/workers.h), or is alone.
  static Workers from_environment(const WorkerOptions& options = worker_options());

  explicit Workers(const WorkerPlace& place, const WorkerOptions& options = worker_options());
  Workers(Workers&&) noexcept;
  ~Workers() override;  ///< waits a moment for the others; they learn of it when an exception ends this one

  const WorkerPlace& place() const override;
  void barrier() override;
  std::vector<std::string> gather(const std::string& own) override;
  void check() const override;

  /// Replaces each tensor by the sum of it over all workers, in few large messages.
  void add_up(const std::vector<torch::Tensor>& tensors);
  /// Replaces each tensor by that of rank 0. Throws in all when one has other shapes or types.
  void broadcast(const std::vector<torch::Tensor>& tensors);
  /// A number of each worker, in the order of their ranks.
  std::vector<double> gather_numbers(double own);

 private:
  struct Impl;
  WorkerPlace place_;
  std::unique_ptr<Impl> impl_;  ///< null when alone
};

}  // namespace relocus
