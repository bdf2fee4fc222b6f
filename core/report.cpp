#include "core/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/environment.h"
#include "core/experiment_tables.h"
#include "core/files.h"
#include "core/methods/registry.h"
#include "core/numpy.h"
#include "core/report_cases.h"
#include "core/report_plots.h"

namespace relocus {
namespace {

using Json = nlohmann::ordered_json;

// Blue, orange and grey are told apart by every eye; lines differ in their dashes too.
constexpr const char* kStyle = R"css(
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b1f24; --faint: #5c6670; --rule: #d5dae0; --card: #f5f7f9;
  --blue: #1f5fbf; --orange: #c75a00; --grey: #8a939c; --black: #1b1f24; }
@media (prefers-color-scheme: dark) { :root { --paper: #16191d; --ink: #e6e9ec; --faint: #9aa4ae; --rule: #363c43;
  --card: #1f2429; --blue: #6ea8ff; --orange: #ff9a4d; --grey: #7b858f; --black: #e6e9ec; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 24px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 32px 0 8px; } h3 { font-size: 15px; margin: 0; }
p.lead { font-size: 17px; margin: 0 0 8px; } .faint, figcaption { color: var(--faint); }
table { border-collapse: collapse; margin: 8px 0; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--rule); padding: 3px 16px 3px 0; text-align: left; vertical-align: top; }
td.n, th.n { text-align: right; } td.text { overflow-wrap: anywhere; }
pre { background: var(--card); padding: 10px; white-space: pre-wrap; overflow-wrap: anywhere; }
.plots { display: flex; flex-wrap: wrap; gap: 20px; } figure { margin: 0; flex: 1 1 440px; max-width: 520px; }
figure.wide { max-width: 100%; flex-basis: 100%; } figcaption strong { color: var(--ink); margin-right: 6px; }
svg { width: 100%; height: auto; display: block; } svg text { fill: var(--ink); font: 11px system-ui, sans-serif; }
svg.map { max-width: 640px; max-height: 640px; }
.grid { stroke: var(--rule); stroke-width: 1; fill: none; } .line { fill: none; stroke-width: 2; }
.line.first { stroke: var(--blue); } .line.second { stroke: var(--orange); stroke-dasharray: 6 3; }
path.chosen { stroke: var(--black); stroke-dasharray: 2 3; fill: none; }
.mark { stroke: var(--paper); stroke-width: 1.5; } .mark.best { fill: var(--orange); } .mark.chosen { fill: var(--black); }
.path { stroke: var(--grey); fill: none; stroke-width: 1; opacity: 0.7; } .edge { stroke-width: 1.4; fill: none; }
.edge.right { stroke: var(--blue); } .edge.wrong { stroke: var(--orange); stroke-dasharray: 6 2; }
.edge.missed { stroke: var(--black); stroke-dasharray: 1.5 2.5; }
.dot.right { fill: var(--blue); } .dot.wrong { fill: var(--orange); } .dot.missed { fill: var(--black); }
.key { margin-right: 12px; white-space: nowrap; } .key::before { content: ""; display: inline-block; width: 18px;
  border-top: 3px solid var(--blue); margin-right: 5px; vertical-align: middle; }
.key.second::before { border-top: 3px dashed var(--orange); } .key.wrong::before { border-top: 3px dashed var(--orange); }
.key.missed::before, .key.chosen::before { border-top: 3px dotted var(--black); }
.key.best::before { width: 10px; height: 10px; border: 0; border-radius: 5px; background: var(--orange); }
article { background: var(--card); padding: 10px 12px; margin: 10px 0; break-inside: avoid; } article p { margin: 2px 0 8px; }
article img { width: 100%; height: auto; display: block; background: #fff; } p.none { color: var(--faint); }
@media print { main { max-width: none; padding: 0; } body { font-size: 11px; } figure { break-inside: avoid; } }
)css";

std::string share(double value) { return fmt::format("{:.4f}", value); }

/// "value [lower, upper]" as two cells.
std::string figure_row(const std::string& name, double value, const std::optional<Interval>& interval = {}) {
  return fmt::format("<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n", escaped(name),
                     share(value),
                     interval ? fmt::format("{} – {}", share(interval->lower), share(interval->upper)) : "");
}

std::string row(const std::string& name, const std::string& value) {
  return fmt::format("<tr><td>{}</td><td class=\"text\">{}</td></tr>\n", escaped(name), escaped(value));
}

std::string section(const char* id, const std::string& title, const std::string& content) {
  return fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n{}</section>\n", id, escaped(title), content);
}

std::string title_of(const Experiment& experiment) {
  if (experiment.method.empty()) return "Imported answers";
  for (const MethodInfo& info : methods())
    if (info.name == experiment.method) return info.title;
  return experiment.method;
}

bool is_judged(const Experiment& experiment) { return experiment.evaluation.figures.num_queries > 0; }

std::string head(const Experiment& experiment) {
  const Figures& figures = experiment.evaluation.figures;
  const std::string title = fmt::format("{} on {}", title_of(experiment), experiment.sequence_name);
  std::string lead = "Nothing is known of right answers here: the answers stand unjudged.";
  if (is_judged(experiment))
    lead = fmt::format("{}max F1 {:.1f} %, AP {:.1f} % of {} queries that have a right answer ({} asked)",
                       figures.recall_at.empty() ? "" : fmt::format("Recall@1 {:.1f} %, ", 100 * figures.recall_at[0]),
                       100 * figures.max_f1, 100 * figures.average_precision, figures.num_queries, figures.num_asked);
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>{0}</title>\n"
      "<style>{1}</style>\n</head>\n<body>\n<main>\n<h1>{0}</h1>\n<p class=\"lead\">{2}</p>\n"
      "<p class=\"faint\">Protocol: {3}</p>\n",
      escaped(title), kStyle, escaped(lead), escaped(one_line(experiment.evaluation.protocol)));
}

std::string figures_section(const Experiment& experiment, double threshold, const Acceptance& acceptance) {
  const Figures& figures = experiment.evaluation.figures;
  std::string table = "<table>\n<tr><th>figure</th><th class=\"n\">value</th><th class=\"n\">95 % interval</th></tr>\n";
  for (const std::size_t n : {1, 5, 10, 25})
    if (n <= figures.recall_at.size())
      table += figure_row(fmt::format("Recall@{}", n), figures.recall_at[n - 1],
                          n == 1 ? figures.recall_at_1_interval : std::nullopt);
  table += figure_row(fmt::format("Recall@1 % (N = {})", figures.one_percent), figures.recall_at_1_percent);
  table += figure_row("max F1", figures.max_f1, figures.max_f1_interval);
  table += figure_row("average precision", figures.average_precision, figures.average_precision_interval);
  table += figure_row("area under the PR curve", figures.auc);
  table += figure_row("extended precision", figures.extended_precision);
  table += figure_row("recall at full precision", figures.recall_at_full_precision);
  table += "</table>\n";
  std::string words;
  if (const PrPoint* point = working_point(figures, threshold))
    words = fmt::format(
        "Accepted from score {:.4f} on{}: precision {:.4f}, recall {:.4f}, F1 {:.4f}; {} right, {} wrong, "
        "{} missed.",
        threshold, acceptance.threshold ? "" : " (best F1)", point->precision, point->recall, point->f1,
        point->true_positives, point->false_positives, point->false_negatives);
  else if (!std::isnan(threshold))
    words = fmt::format("No answer reaches the score {:.4f}: nothing is accepted.", threshold);
  if (!acceptance.verdicts.empty())
    words += fmt::format(" A person judged {} pairs, of which {} are accepted; figures do not heed that.",
                         acceptance.verdicts.size(),
                         std::ranges::count_if(acceptance.verdicts, [](const auto& each) { return each.second; }));
  std::string html = table + "<p>" + escaped(words) + "</p>\n";
  for (const std::string& remark : experiment.evaluation.remarks)
    html += "<p class=\"faint\">" + escaped(remark) + "</p>\n";
  return section("figures", "Figures", html);
}

std::string curves_section(const Experiment& experiment, const Trajectory& trajectory, double threshold) {
  const Figures& figures = experiment.evaluation.figures;
  return section("curves", "Curves",
                 "<div class=\"plots\">\n" + precision_recall_figure(figures, threshold) +
                     threshold_figure(figures, threshold) + recall_figure(figures) +
                     map_figure(experiment.evaluation, trajectory, threshold) + "</div>\n");
}

std::string strata_section(const Evaluation& evaluation) {
  std::string table =
      "<table>\n<tr><th>queries</th><th class=\"n\">number</th><th class=\"n\">Recall@1</th><th class=\"n\">max F1</th>"
      "<th class=\"n\">AP</th><th class=\"n\">EP</th></tr>\n";
  for (const auto& [name, figures] : evaluation.strata) {
    std::string words = name;
    std::ranges::replace(words, '_', ' ');
    table += fmt::format("<tr><td>{}</td><td class=\"n\">{}</td>", escaped(words), figures.num_queries);
    for (const double value : {figures.recall_at.empty() ? 0 : figures.recall_at.front(), figures.max_f1,
                               figures.average_precision, figures.extended_precision})
      table += "<td class=\"n\">" + share(value) + "</td>";
    table += "</tr>\n";
  }
  return section("strata", "By kind of revisit",
                 "<p class=\"faint\">Distances are those of the nearest right answer.</p>\n" + table + "</table>\n");
}

double median(std::vector<double> values) {
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  if (values.empty()) return NAN;
  const auto middle = values.begin() + std::ptrdiff_t(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

std::string number_or_dash(double value, const char* unit) {
  return std::isnan(value) ? "–" : fmt::format("{:.3f}{}", value, unit);
}

std::string candidates_section(const Experiment& experiment) {
  std::size_t total = 0, answered = 0, changed = 0;
  for (std::size_t i = 0; i < experiment.retrievals.size(); ++i) {
    const auto& after = experiment.retrievals[i].candidates;
    total += after.size();
    answered += !after.empty();
    if (i >= experiment.retrieved.size() || experiment.retrieved[i].query != experiment.retrievals[i].query) continue;
    const auto& before = experiment.retrieved[i].candidates;
    changed += !after.empty() && !before.empty() && after.front().frame != before.front().frame;
  }
  constexpr std::array<std::pair<int, int>, 4> kRanks{{{1, 1}, {2, 5}, {6, 10}, {11, 1 << 30}}};
  std::array<int, 5> ranks{};  // the last: not among the candidates
  std::vector<double> right_scores, wrong_scores, right_metres, wrong_metres;
  for (const QueryResult& result : experiment.evaluation.queries) {
    if (result.asked && result.answerable) {
      std::size_t place = kRanks.size();
      for (std::size_t k = 0; k < kRanks.size() && result.first_true_rank > 0; ++k)
        if (result.first_true_rank >= kRanks[k].first && result.first_true_rank <= kRanks[k].second) place = k;
      ++ranks[place];
    }
    if (result.best < 0 || !result.counted) continue;
    (result.correct ? right_scores : wrong_scores).push_back(result.score);
    (result.correct ? right_metres : wrong_metres).push_back(result.best_distance);
  }
  std::string table = "<table>\n";
  table += row("queries", fmt::format("{}, {} with an answer", experiment.retrievals.size(), answered));
  table += row("candidates a query",
               answered == 0 ? "–" : fmt::format("{:.1f} on average", double(total) / double(answered)));
  table += row("first answers that re-ranking changed", std::to_string(changed));
  if (is_judged(experiment)) {
    table += row("rank of the first right answer",
                 fmt::format("1: {}, 2 to 5: {}, 6 to 10: {}, later: {}, not among the candidates: {}", ranks[0],
                             ranks[1], ranks[2], ranks[3], ranks[4]));
    table +=
        row("median score of first answers", fmt::format("right {}, wrong {}", number_or_dash(median(right_scores), ""),
                                                         number_or_dash(median(wrong_scores), "")));
    table += row("median true distance", fmt::format("right {}, wrong {}", number_or_dash(median(right_metres), " m"),
                                                     number_or_dash(median(wrong_metres), " m")));
  }
  return section("candidates", "Candidates", table + "</table>\n");
}

/// One row for every value of the protocol, with its unit and what it means.
class ProtocolTable final : public OptionVisitor {
 public:
  void operator()(std::string_view name, bool& value, About about) override { add(name, value ? "on" : "off", about); }
  void operator()(std::string_view name, int& value, Range<int>, About about) override {
    add(name, std::to_string(value), about);
  }
  void operator()(std::string_view name, double& value, Range<double>, About about) override {
    add(name, fmt::format("{}", value), about);
  }
  void operator()(std::string_view name, std::string& value, std::span<const std::string_view>, About about) override {
    add(name, value, about);
  }
  std::string html = "<table>\n";

 private:
  void add(std::string_view name, const std::string& value, About about) {
    html += fmt::format("<tr><td>{}</td><td>{} {}</td><td class=\"faint\">{}</td></tr>\n", escaped(name),
                        escaped(value), escaped(about.unit), escaped(about.help));
  }
};

std::string protocol_section(Protocol protocol) {
  ProtocolTable table;
  protocol.visit(table);
  return section("protocol", "Protocol", table.html + "</table>\n");
}

std::string quoted(const std::string& word) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-=:,+";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string safe = "'";
  for (const char c : word) safe += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return safe + "'";
}

std::string text_of(const Json& value) {
  if (value.is_boolean()) return value.get<bool>() ? "on" : "off";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// The command that makes the experiment again, and the one that makes this page of it.
std::string commands(const Experiment& experiment, const ExportOptions& options) {
  std::string text;
  if (!experiment.method.empty() && !experiment.sequence.empty()) {
    text = fmt::format("relocus-cli run {} --method {}", quoted(experiment.sequence.string()), experiment.method);
    const Json settings = Json::parse(experiment.options.empty() ? "{}" : experiment.options, nullptr, false);
    if (settings.is_object())
      for (const auto& [name, value] : settings.items()) text += " --set " + quoted(name + "=" + text_of(value));
    if (!experiment.weights.empty()) text += " --weights " + quoted(experiment.weights.string());
    if (!experiment.database.empty()) text += " --database " + quoted(experiment.database.string());
    const Protocol protocol = stamped(experiment.protocol);
    const bool is_preset = protocol.preset != "custom";
    if (is_preset) text += " --protocol " + protocol.preset;
    const Json values = to_json(protocol),
               standard = to_json(is_preset ? protocol_preset(protocol.preset) : Protocol());
    for (const auto& [name, value] : values.items()) {
      const bool by_database = !experiment.database.empty() && (name == "database_frames" || name == "first_query");
      if (name != "preset" && !by_database && value != standard[name])
        text += fmt::format(" {} {}", flag_of(name), quoted(text_of(value)));
    }
    text += " --out EXPERIMENT\n";
  }
  text += "relocus-cli export EXPERIMENT --format report";
  if (options.acceptance.threshold) text += fmt::format(" --threshold {}", *options.acceptance.threshold);
  return text + " --out report.html\n";
}

std::string environment_section(const Experiment& experiment) {
  std::string table =
      "<table>\n" +
      row("Relocus", experiment.version + (experiment.version == version() ? "" : "; page by " + version()));
  table += row("method", experiment.method.empty() ? "imported answers" : experiment.method);
  table += row("device", experiment.device);
  for (const auto& [name, number] : libraries()) table += row(name, number);
  for (const auto& [stage, milliseconds] : experiment.milliseconds)
    table += row("time: " + stage, fmt::format("{:.3f} ms a frame", milliseconds));
  return section("environment", "Environment", table + "</table>\n");
}

std::string hashes_section(const Experiment& experiment, const Trajectory& trajectory, const ExportOptions& options) {
  std::string table =
      "<table>\n" + row("sequence", experiment.sequence_identity.empty() ? "–" : experiment.sequence_identity);
  table += row("weights (sha256)", experiment.weights_hash.empty() ? "none" : experiment.weights_hash);
  if (experiment.descriptors.size() > 0)
    table += row("descriptors.npy (sha256)", sha256(npy_bytes(experiment.descriptors)));
  table += row("candidates.csv (sha256)", sha256(candidates_csv(experiment, trajectory)));
  table += row("trajectory.csv (sha256)", sha256(trajectory_csv(trajectory)));
  return section("hashes", "Hashes", table + "</table>\n") +
         (options.sequence
              ? ""
              : "<p class=\"faint\">The sequence could not be opened any more, so there are no pictures.</p>\n");
}

}  // namespace

std::string report_html(const Experiment& experiment, const Trajectory& trajectory, const ExportOptions& options) {
  const bool has_threshold = options.acceptance.threshold || is_judged(experiment);
  const double threshold = has_threshold ? threshold_of(experiment, options.acceptance) : NAN;
  std::string html = head(experiment);
  if (is_judged(experiment)) {
    html += figures_section(experiment, threshold, options.acceptance);
    html += curves_section(experiment, trajectory, threshold);
    html += strata_section(experiment.evaluation);
    html += section("false_positives", "Wrong answers that were most sure",
                    worst_false_positives(experiment, trajectory, options, threshold));
    html +=
        section("misses", "Missed places that were nearest", worst_misses(experiment, trajectory, options, threshold));
  }
  html += candidates_section(experiment);
  html += protocol_section(experiment.evaluation.protocol);
  html += section("made", "How it was made", "<pre>" + escaped(commands(experiment, options)) + "</pre>\n");
  html += environment_section(experiment);
  html += hashes_section(experiment, trajectory, options);
  return html + "</main>\n</body>\n</html>\n";
}

}  // namespace relocus
