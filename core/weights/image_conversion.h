#pragma once

#include <functional>

#include "core/checkpoints.h"
#include "core/weights/foreign_model.h"

namespace relocus {

/// Files of one network of images, joined and not converted yet.
struct JoinedModels {
  ForeignModel model;                          ///< problems: those of all files
  std::map<std::string, std::string> origins;  ///< of each tensor: the file
  std::string names;                           ///< of the files
  ImportReport report;                         ///< sources and remarks

  Tensors tensors() const;
};

/// Throws when files are of different programs, or hold one tensor with different numbers.
JoinedModels join_models(std::span<const std::filesystem::path> files,
                         const std::function<ForeignModel(const std::filesystem::path&)>& read);

/// The tensors of the shapes named, float32 where they hold reals, told in joined.report. Throws, for the method, with
/// every problem at once: what is missing (where `is_needed`), left over, not finite or of another shape, and those
/// that were known before.
Tensors converted(JoinedModels& joined, const std::map<std::string, std::vector<std::int64_t>>& shapes,
                  const std::function<bool(const std::string&)>& is_needed, const std::string& method);

/// Throws the problems that are known, if there are any.
void throw_problems(const JoinedModels& joined, const std::string& method);

/// When weights.safetensors lies in the folder: completes the report and writes it beside it.
ImportReport finished(ImportReport report, const Tensors& tensors, const std::filesystem::path& out);

/// "encoder.module.0.weight" -> "encoder.0.weight": without what data-parallel training puts in.
std::string plain_name(std::string name);
bool begins_with_any(std::string_view name, std::initializer_list<std::string_view> starts);

}  // namespace relocus
