#include "core/error.h"
#include "core/exports/registry.h"
#include "core/numpy.h"

namespace relocus {
namespace {

/// Descriptors are the same under every protocol, so there is none to stamp.
void write_descriptors(const Experiment& experiment, const Trajectory&, const ExportOptions&,
                       const std::filesystem::path& path) {
  if (experiment.descriptors.size() == 0)
    throw Error("{} holds no descriptors: its answers were imported; export its candidates instead (csv, json, ssc)",
                experiment.sequence_name.empty() ? "this experiment" : experiment.sequence_name);
  write_npy(path, experiment.descriptors);
}

}  // namespace

ExportFormat make_npy() { return {"npy", "Descriptors for NumPy (N x D, float32)", ".npy", false, write_descriptors}; }

}  // namespace relocus
