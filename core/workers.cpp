#include "core/workers.h"

#include <charconv>
#include <cstdlib>
#include <initializer_list>
#include <string_view>

#include "core/error.h"
#include "core/network_library.h"

namespace relocus {
namespace {

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}

int number(const char* name) {
  const std::string text = variable(name);
  int value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size())
    throw Error("the environment variable {} should be a whole number, not '{}'", name, text);
  return value;
}

/// Of the variables that are set, the first.
int first_number(std::initializer_list<const char*> names, int otherwise) {
  for (const char* name : names) {
    if (!variable(name).empty()) return number(name);
  }
  return otherwise;
}

double seconds(const char* name, double otherwise) {
  const std::string text = variable(name);
  if (text.empty()) return otherwise;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (*end != '\0' || !(value > 0)) throw Error("{} should be seconds above 0, not '{}'", name, text);
  return value;
}

/// Who starts several processes, and how it tells each which one it is.
struct Starter {
  const char *rank, *count, *local_rank;
  std::initializer_list<const char*> local_count;
  std::initializer_list<const char*> job;  ///< differs between jobs that run at a time
};
const Starter kTorchrun{"RANK", "WORLD_SIZE", "LOCAL_RANK", {"LOCAL_WORLD_SIZE"}, {}};
const Starter kSlurmStep{"SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", {}, {"SLURM_JOB_ID"}};
const Starter kSlurm{"SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", {}, {"SLURM_JOB_ID"}};
const Starter kOpenMpi{"OMPI_COMM_WORLD_RANK",
                       "OMPI_COMM_WORLD_SIZE",
                       "OMPI_COMM_WORLD_LOCAL_RANK",
                       {"OMPI_COMM_WORLD_LOCAL_SIZE"},
                       {"OMPI_MCA_ess_base_jobid", "PMIX_NAMESPACE", "PBS_JOBID"}};
const Starter kPmi{"PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", {"MPI_LOCALNRANKS"}, {"PBS_JOBID", "LSB_JOBID"}};

/// The first machine of a list as Slurm writes it: "gpu[03-05,7],login" begins with gpu03.
std::string first_node(const std::string& list) {
  const auto end = list.find_first_of(",[");
  std::string name = list.substr(0, end);
  if (end == std::string::npos || list[end] == ',') return name;
  return name + list.substr(end + 1, list.find_first_of(",-]", end + 1) - end - 1);
}

bool is_set(const Starter& starter) {
  const bool rank = !variable(starter.rank).empty(), count = !variable(starter.count).empty();
  if (&starter == &kTorchrun && rank != count)
    throw Error("the environment has {} but not {}: several processes need both", rank ? "RANK" : "WORLD_SIZE",
                rank ? "WORLD_SIZE" : "RANK");
  // A batch script has a rank and a number of tasks, too, although only srun starts them.
  if (&starter == &kSlurm && variable("SLURM_LAUNCH_NODE_IPADDR").empty()) return false;
  return rank && count;
}

std::string address_of(const Starter& starter, const WorkerPlace& place) {
  if (const std::string given = variable("MASTER_ADDR"); !given.empty()) return given;
  const bool slurm = &starter == &kSlurm || &starter == &kSlurmStep;
  if (slurm) {
    for (const char* list : {"SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST", "SLURM_NODELIST"}) {
      if (const std::string node = first_node(variable(list)); !node.empty()) return node;
    }
    if (const std::string node = variable("SLURM_LAUNCH_NODE_IPADDR"); !node.empty()) return node;
  }
  if (place.local_count < place.count && !slurm && &starter != &kPmi)
    throw Error("{} workers run on several machines: set MASTER_ADDR to the name of the one where rank 0 runs",
                place.count);
  return "127.0.0.1";
}

int port_of(const Starter& starter) {
  constexpr int kTorchPort = 29500;
  if (!variable("MASTER_PORT").empty()) {
    // The agent of torchrun listens at this port itself, speaking the language of its own release.
    return number("MASTER_PORT") + (variable("TORCHELASTIC_USE_AGENT_STORE") == "True" ? 1 : 0);
  }
  for (const char* name : starter.job) {
    const std::string job = variable(name);
    if (!job.empty()) return 20000 + int(std::hash<std::string_view>()(job) % 9000);
  }
  return kTorchPort;
}

/// One process, which has nobody to wait for.
class Alone final : public WorkerGroup {
 public:
  explicit Alone(WorkerPlace place) : place_(std::move(place)) {}
  const WorkerPlace& place() const override { return place_; }
  void barrier() override {}
  std::vector<std::string> gather(const std::string& own) override { return {own}; }
  void check() const override {}

 private:
  WorkerPlace place_;
};

}  // namespace

WorkerPlace worker_place() {
  for (const Starter* const starter : {&kTorchrun, &kSlurmStep, &kSlurm, &kOpenMpi, &kPmi}) {
    if (!is_set(*starter)) continue;
    WorkerPlace place;
    place.rank = number(starter->rank);
    place.count = number(starter->count);
    place.told_by = std::string(starter->rank) + " and " + starter->count;
    if (place.count < 1 || place.rank < 0 || place.rank >= place.count) {
      throw Error("{} is {} and {} is {}: the rank should be from 0 to one less than the number of processes",
                  starter->rank, place.rank, starter->count, place.count);
    }
    if (place.count == 1) return place;
    const bool one_node = variable("SLURM_NNODES") == "1" || variable("SLURM_JOB_NUM_NODES") == "1";
    place.local_count = first_number(starter->local_count, one_node ? place.count : 1);
    place.address = address_of(*starter, place);
    if (place.address == "127.0.0.1" || place.address == "localhost") place.local_count = place.count;
    place.local_rank = first_number({starter->local_rank}, place.local_count == place.count ? place.rank : 0);
    place.port = port_of(*starter);
    if (place.port < 1 || place.port > 65535) throw Error("MASTER_PORT is {}, no port of TCP", place.port);
    return place;
  }
  return {};
}

WorkerOptions worker_options() {
  const WorkerOptions usual;
  return {.join = seconds("RELOCUS_WORKER_JOIN", usual.join),
          .silence = seconds("RELOCUS_WORKER_SILENCE", usual.silence)};
}

std::unique_ptr<WorkerGroup> join_workers(const WorkerPlace& place, const WorkerOptions& options) {
  if (place.count == 1) return std::make_unique<Alone>(place);
  return network_library().join_workers(place, options);
}

}  // namespace relocus
