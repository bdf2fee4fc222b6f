#include "core/options.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace relocus {
namespace {

using Json = nlohmann::ordered_json;

std::string joined(std::span<const std::string_view> words) { return fmt::format("{}", fmt::join(words, ", ")); }

struct Writer final : OptionVisitor {
  Json json = Json::object();

  void operator()(std::string_view name, bool& value, About) override { json[std::string(name)] = value; }
  void operator()(std::string_view name, int& value, Range<int>, About) override { json[std::string(name)] = value; }
  void operator()(std::string_view name, double& value, Range<double>, About) override {
    json[std::string(name)] = value;
  }
  void operator()(std::string_view name, std::string& value, std::span<const std::string_view>, About) override {
    json[std::string(name)] = value;
  }
};

template <class T>
void check_range(std::string_view name, T value, Range<T> range) {
  if (!(value >= range.min && value <= range.max))
    throw Error("{} = {} lies outside [{}, {}]", name, value, range.min, range.max);
}

void check_choice(std::string_view name, const std::string& value, std::span<const std::string_view> choices) {
  if (!choices.empty() && std::ranges::find(choices, value) == choices.end())
    throw Error("{} = \"{}\" is not one of: {}", name, value, joined(choices));
}

struct Reader final : OptionVisitor {
  explicit Reader(const Json& json) : json(json) {}
  const Json& json;
  std::vector<std::string> known;

  const Json* find(std::string_view name) {
    known.emplace_back(name);
    const auto it = json.find(name);
    return it == json.end() ? nullptr : &*it;
  }
  void operator()(std::string_view name, bool& value, About) override {
    if (const Json* found = find(name)) {
      if (!found->is_boolean()) throw Error("{} = {} should be true or false", name, found->dump());
      value = found->get<bool>();
    }
  }
  void operator()(std::string_view name, int& value, Range<int> range, About) override {
    if (const Json* found = find(name)) {
      if (!found->is_number_integer()) throw Error("{} = {} should be a whole number", name, found->dump());
      const auto wide = found->get<std::int64_t>();
      check_range<std::int64_t>(name, wide, {range.min, range.max});
      value = int(wide);
    }
  }
  void operator()(std::string_view name, double& value, Range<double> range, About) override {
    if (const Json* found = find(name)) {
      if (!found->is_number()) throw Error("{} = {} should be a number", name, found->dump());
      check_range(name, found->get<double>(), range);
      value = found->get<double>();
    }
  }
  void operator()(std::string_view name, std::string& value, std::span<const std::string_view> choices,
                  About) override {
    if (const Json* found = find(name)) {
      if (!found->is_string()) {
        throw Error("{} = {} should be {}", name, found->dump(),
                    choices.empty() ? "a text" : "one of: " + joined(choices));
      }
      const auto word = found->get<std::string>();
      check_choice(name, word, choices);
      value = word;
    }
  }
};

/// Turns the text after "key=" into the JSON value that the option of that name takes.
struct TextReader final : OptionVisitor {
  TextReader(std::string_view key, std::string_view text) : key(key), text(text) {}
  std::string_view key, text;
  bool found = false;
  Json value;
  std::vector<std::string_view> known;

  bool is_key(std::string_view name) {
    known.push_back(name);
    found |= name == key;
    return name == key;
  }
  template <class T>
  void number(std::string_view name, const char* kind) {
    if (!is_key(name)) return;
    T parsed{};
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), parsed);
    if (problem != std::errc() || end != text.data() + text.size())
      throw Error("{} = \"{}\" should be {}", name, text, kind);
    value = parsed;
  }
  void operator()(std::string_view name, bool&, About) override {
    if (!is_key(name)) return;
    if (text == "true" || text == "on" || text == "1" || text == "yes")
      value = true;
    else if (text == "false" || text == "off" || text == "0" || text == "no")
      value = false;
    else
      throw Error("{} = \"{}\" should be on or off", name, text);
  }
  void operator()(std::string_view name, int&, Range<int>, About) override { number<int>(name, "a whole number"); }
  void operator()(std::string_view name, double&, Range<double>, About) override { number<double>(name, "a number"); }
  void operator()(std::string_view name, std::string&, std::span<const std::string_view>, About) override {
    if (is_key(name)) value = std::string(text);
  }
};

struct Describer final : OptionVisitor {
  std::string text;

  void line(std::string_view name, const std::string& value, const std::string& domain, About about) {
    text += fmt::format("  {:<24} {:<14} {:<6} {:<28} {}\n", name, value, about.unit, domain, about.help);
  }
  void operator()(std::string_view name, bool& value, About about) override {
    line(name, value ? "on" : "off", "on, off", about);
  }
  void operator()(std::string_view name, int& value, Range<int> range, About about) override {
    line(name, std::to_string(value), fmt::format("{} … {}", range.min, range.max), about);
  }
  void operator()(std::string_view name, double& value, Range<double> range, About about) override {
    line(name, fmt::format("{}", value), fmt::format("{} … {}", range.min, range.max), about);
  }
  void operator()(std::string_view name, std::string& value, std::span<const std::string_view> choices,
                  About about) override {
    line(name, value, joined(choices), about);
  }
};

/// visit() is not const because readers write; writers leave the struct as it was.
template <class Visitor>
void look(const Options& options, Visitor& visitor) {
  const_cast<Options&>(options).visit(visitor);
}

}  // namespace

nlohmann::ordered_json to_json(const Options& options) {
  Writer writer;
  look(options, writer);
  return writer.json;
}

void set_options(Options& options, const nlohmann::ordered_json& json) {
  if (!json.is_object()) throw Error("options should be a JSON object, not {}", json.type_name());
  // Everything is checked before anything is taken over: a bad value in the middle leaves the options as they were.
  const Json before = to_json(options);
  try {
    Reader reader(json);
    options.visit(reader);
    for (const auto& [name, value] : json.items())
      if (std::ranges::find(reader.known, name) == reader.known.end())
        throw Error("there is no option \"{}\"; known: {}", name, fmt::join(reader.known, ", "));
  } catch (const Error&) {
    Reader undo(before);
    options.visit(undo);
    throw;
  }
}

void set_option(Options& options, std::string_view assignment) {
  const auto at = assignment.find('=');
  if (at == std::string_view::npos) throw Error("\"{}\" should read key=value", assignment);
  TextReader reader(assignment.substr(0, at), assignment.substr(at + 1));
  look(options, reader);
  if (!reader.found) throw Error("there is no option \"{}\"; known: {}", reader.key, fmt::join(reader.known, ", "));
  set_options(options, Json{{std::string(reader.key), reader.value}});
}

std::string describe(const Options& options) {
  Describer describer;
  look(options, describer);
  return describer.text;
}

}  // namespace relocus
