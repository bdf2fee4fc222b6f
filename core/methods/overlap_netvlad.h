#pragma once

#include <string>

#include "core/options.h"

namespace relocus {

struct OverlapNetvladOptions : Options {
  std::string head = "v2";
  std::string backbone_statistics = "scan";
  std::string overlap_statistics = "model";
  int batch_size = 16;

  // Here, as the program and the library of networks both need it.
  void visit(OptionVisitor& option) override {
    static constexpr std::string_view heads[] = {"v2", "v1"};
    static constexpr std::string_view backbone_kinds[] = {"scan", "running", "reference"};
    static constexpr std::string_view overlap_kinds[] = {"model", "pair", "running"};
    option("head", head, heads, {"", "Global descriptor: attention (v2, CFPR) or dense convolutions (v1)"});
    option("backbone_statistics", backbone_statistics, backbone_kinds,
           {"",
            "Batch norm of the backbone: each scan's own statistics, those of training, or, as the reference "
            "program computes them, those of all scans of a batch together (results then depend on the batch)"});
    option("overlap_statistics", overlap_statistics, overlap_kinds,
           {"",
            "Batch norm of the overlap head: each pair's own statistics (as published), those of training, or what the "
            "weights were trained for"});
    option("batch_size", batch_size, {1, 256},
           {"scans", "Computed together on an accelerator; also the batch of the reference statistics"});
  }
};

}  // namespace relocus
