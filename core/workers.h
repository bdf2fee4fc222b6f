#pragma once

#include <memory>
#include <string>
#include <vector>

namespace relocus {

/// Which of several processes that work on one task this one is, as torchrun, mpirun or srun told it.
struct WorkerPlace {
  int rank = 0, count = 1;
  int local_rank = 0, local_count = 1;  ///< among those on this machine, as far as it is known
  std::string address = "127.0.0.1";    ///< where rank 0 runs
  int port = 29500;                     ///< where rank 0 listens
  std::string told_by;                  ///< "RANK and WORLD_SIZE"; empty: nobody told anything, there is one process
};

/// Reads RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT (torchrun), or else what Slurm, Open MPI or another MPI (PMI) set.
/// Throws, naming the variables, when they contradict each other.
WorkerPlace worker_place();

struct WorkerOptions {
  double join = 300;    ///< [s] after which a worker that has not appeared counts as missing
  double silence = 30;  ///< [s] after which a worker that is not heard of counts as lost
};

/// Defaults, or RELOCUS_WORKER_JOIN and RELOCUS_WORKER_SILENCE [s].
WorkerOptions worker_options();

/// The processes that work on one task together: all call the same functions in the same order. When one is lost, or
/// ends with an error, each of the others ends its next (or present) call with an Error that names it.
class WorkerGroup {
 public:
  virtual ~WorkerGroup() = default;
  virtual const WorkerPlace& place() const = 0;
  int rank() const { return place().rank; }
  int count() const { return place().count; }

  virtual void barrier() = 0;                                           ///< waits until all are here
  virtual std::vector<std::string> gather(const std::string& own) = 0;  ///< of all, in the order of their ranks
  virtual void check() const = 0;  ///< throws when one is lost; for long work between two meetings
};

/// Meets the others; alone at once where there is one process. What needs LibTorch is loaded for more than one.
std::unique_ptr<WorkerGroup> join_workers(const WorkerPlace& place, const WorkerOptions& options = worker_options());

}  // namespace relocus
