#pragma once

#include <string>

#include "core/options.h"

namespace relocus {

struct ClusvprOptions : Options {
  std::string form = "fixed";
  int image_width = 640, image_height = 480, max_size = 0;
  int length = 0;
  bool renormalise = true;
  int batch_size = 4;

  // Here, as the program and the library of networks both need it.
  void visit(OptionVisitor& option) override {
    static constexpr std::string_view forms[] = {"fixed", "reference"};
    option("form", form, forms,
           {"", "fixed: images of any size; reference: the authors' program, which knows one size alone"});
    option("image_width", image_width, {0, 8192}, {"pixels", "Images are brought to this width; 0: as they are"});
    option("image_height", image_height, {0, 8192}, {"pixels", "Images are brought to this height; 0: as they are"});
    option("max_size", max_size, {0, 8192},
           {"pixels", "Larger images are made smaller until their longer side is this; 0: they stay"});
    option("length", length, {0, 65536},
           {"", "Numbers of the descriptor that are kept, the first principal components if it is whitened; 0: all"});
    option("renormalise", renormalise, {"", "A shortened descriptor is brought to unit length again"});
    option("batch_size", batch_size, {1, 256}, {"images", "Computed together on an accelerator"});
  }
};

}  // namespace relocus
