#pragma once

#include <string>

#include "core/methods/registry.h"
#include "core/network_library.h"

namespace relocus {

/// A method that needs weights and computes with LibTorch: what can be said of it here, without. The library of
/// networks makes it by its name (core/networks/NAME.cpp).
template <class MethodOptions>
MethodInfo network_method(const std::string& name, const std::string& title, const std::string& help, Modality modality,
                          bool reranks) {
  MethodInfo info;
  info.name = name;
  info.title = title;
  info.help = help;
  info.modality = modality;
  info.needs_weights = true;
  info.reranks = reranks;
  info.options = [] { return std::make_unique<MethodOptions>(); };
  info.create = [name](const Options& options, const Resources& resources) {
    return network_library().method(name).create(options, resources);
  };
  info.weights_hash = [name](const Options&, const Resources& resources) {
    return network_library().method(name).weights_hash(resources);
  };
  return info;
}

}  // namespace relocus
