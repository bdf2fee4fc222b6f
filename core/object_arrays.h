#pragma once

#include <filesystem>
#include <vector>

#include "core/types.h"

namespace relocus {

/// One item of an array of Python objects, as numbers: a number, a list or an array of them.
struct NumberBlock {
  std::vector<std::int64_t> shape;  ///< none for a single number; nested lists of one length have two axes
  std::vector<double> values;       ///< row-major
};

/// An array of Python objects.
struct ObjectArray {
  std::vector<std::int64_t> shape;
  std::vector<NumberBlock> items;  ///< row-major
};

/// Reads a .npy that numpy.save wrote of a ragged array: objects that are numbers, lists or arrays of them, as
/// VPR-Bench keeps its ground truth and its results. Nothing in it is executed: it is read by the restricted reader of
/// pickles (core/weights/pickle.h). Throws naming the file when it holds anything else.
ObjectArray read_object_npy(const std::filesystem::path& path);

/// Whether a .npy holds objects instead of numbers; false for any other file.
bool holds_objects(const std::filesystem::path& path);

}  // namespace relocus
