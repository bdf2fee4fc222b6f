#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace relocus {

template <class T>
struct Range {
  T min, max;  ///< both allowed
};

/// What a person is told about an option.
struct About {
  std::string_view unit;  ///< "m", "frames"; empty: no unit
  std::string_view help;  ///< one sentence
};

/// Sees every option of a struct in turn: the form, the file and the command line are visitors.
class OptionVisitor {
 public:
  virtual ~OptionVisitor() = default;
  virtual void operator()(std::string_view name, bool& value, About about) = 0;
  virtual void operator()(std::string_view name, int& value, Range<int> range, About about) = 0;
  virtual void operator()(std::string_view name, double& value, Range<double> range, About about) = 0;
  /// One of `choices`.
  virtual void operator()(std::string_view name, std::string& value, std::span<const std::string_view> choices,
                          About about) = 0;
};

/// A plain struct of settings that names each of its fields once.
struct Options {
  virtual ~Options() = default;
  virtual void visit(OptionVisitor& option) = 0;
};

/// {"name": value, …} in the order of visiting.
nlohmann::ordered_json to_json(const Options& options);

/// Takes over the values that are there; the others stay. Throws on unknown names, wrong types and values outside the range.
void set_options(Options& options, const nlohmann::ordered_json& json);

/// `assignment` is "key=value" (the command line's --set). Throws on unknown keys (naming the known ones) and bad values.
void set_option(Options& options, std::string_view assignment);

/// One line per option: name, value, unit, range or choices, help.
std::string describe(const Options& options);

}  // namespace relocus
