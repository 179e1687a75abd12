#include "sim/sweep/sweep_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "models/base/error.hpp"
#include "sim/report/csv_report.hpp"
#include "sim/report/html_page.hpp"
#include "sim/report/metrics.hpp"
#include "sim/report/summary_tables.hpp"
#include "sim/sweep/best_points.hpp"
#include "sim/sweep/design_space.hpp"
#include "sim/sweep/effects_table.hpp"
#include "sim/sweep/evaluate.hpp"
#include "sim/sweep/page_assets.hpp"

namespace nibble {
namespace {

constexpr const char* kControls = R"(<div class=controls>
<label>network <select id=network></select></label>
<label>x <select id=x></select></label> <label>y <select id=y></select></label>
<label>colour <select id=colour></select></label>
<label><input type=checkbox id=feasible checked> only feasible</label>
<label>filter <input type=text id=filter placeholder="power_w &lt; 2 and cores &gt;= 2" spellcheck=false></label>
<button id=clear type=button>clear</button> <span id=wrong role=alert></span><span id=shown></span>
</div>
<h2>Scatter and Pareto front</h2>
<svg id=scatter class=chart role=img aria-label="rows by two metrics"></svg>
<div id=legend class="legend colours"></div>
<h2>Parallel coordinates</h2>
<p class=note>A line is a row. Drag along an axis to keep a range of it; hover shows a row everywhere, a click keeps it marked.</p>
<svg id=parallel class=chart role=img aria-label="rows through axes and objectives"></svg>
<h2>Rows</h2>
<div class=rows><table id=rows><thead></thead><tbody></tbody></table></div>
<p class=note id=more></p>
<div id=tooltip hidden></div>
)";

/// The unit that stands in a name's end, where SI prefixes make sense.
std::string unit_of(const std::string& name) {
  static const std::map<std::string, std::string> kUnits{
      {"time_s", "s"}, {"energy_j", "J"}, {"energy_per_sample_j", "J"}, {"power_w", "W"},  {"carbon_g", "gCO2e"},
      {"clock", "Hz"}, {"voltage", "V"},  {"bandwidth", "B/s"},         {"latency", "s"}};
  const std::string last = name.substr(name.rfind('.') + 1);
  const auto found = kUnits.find(last);
  return found == kUnits.end() ? "" : found->second;
}

bool is_size(const std::string& name) { return name == "capacity" || name.ends_with(".capacity"); }

/// Places of at most kMostPageRows rows: all, or every n-th and the best of each network and objective.
std::vector<std::size_t> thinned(const ResultsTable& table, const SweepFacts& facts) {
  const std::size_t step = 1 + (table.rows.size() - 1) / kMostPageRows;
  std::set<std::size_t> kept;
  for (std::size_t i = 0; i < table.rows.size(); i += step) kept.insert(i);
  std::map<std::pair<std::string, std::string>, std::size_t> best;
  for (std::size_t i = 0; step > 1 && i < table.rows.size(); ++i) {
    for (const SweepObjective& objective : facts.objectives) {
      const std::size_t at = table.at(objective.metric);
      const auto [found, first] = best.try_emplace({text_of(table.rows[i][table.at("network")]), objective.metric}, i);
      if (objective.better(number_of(table.rows[i][at]), number_of(table.rows[found->second][at]))) found->second = i;
    }
  }
  for (const auto& [key, row] : best) kept.insert(row);
  return {kept.begin(), kept.end()};
}

Json texts_in(const ResultsTable& table, const std::string& column) {
  Json texts = Json::array();
  for (const auto& row : table.rows) {
    const Json text = to_json(row[table.at(column)]);
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(text);
  }
  return texts;
}

/// What the page's script reads (page/1_model.js).
Json page_data(const ResultsTable& table, const SweepFacts& facts, const std::vector<std::size_t>& places) {
  Json objectives = Json::array(), maximised = Json::array(), units = Json::object(), sizes = Json::array(), rows = Json::array();
  for (const SweepObjective& objective : facts.objectives) objectives.push_back(objective.metric);
  for (const std::string& metric : row_metrics()) {
    if (more_is_better(metric, facts.objectives)) maximised.push_back(metric);
  }
  for (const std::string& column : table.columns) {
    if (!unit_of(column).empty()) units[column] = unit_of(column);
    if (is_size(column)) sizes.push_back(column);
  }
  for (const std::size_t place : places) {
    Json cells = Json::array();
    for (const SqlValue& value : table.rows[place]) cells.push_back(to_json(value));
    rows.push_back(std::move(cells));
  }
  return {{"columns", table.columns},      {"axes", facts.axes},   {"metrics", row_metrics()}, {"objectives", objectives},
          {"maximised", maximised},        {"units", units},       {"bytes", sizes},           {"networks", texts_in(table, "network")},
          {"recipes", texts_in(table, "recipe")}, {"rows", rows}};
}

/// JSON that no "</script>" in a text ends early.
std::string script_data(const Json& data) {
  std::string text;
  for (const char c : data.dump()) {
    if (c == '<') {
      text += "\\u003c";
    } else {
      text += c;
    }
  }
  return "<script type=\"application/json\" id=sweep-data>" + text + "</script>\n";
}

std::string value_text(const std::string& axis, const SqlValue& value) {
  if (std::holds_alternative<std::string>(value)) return text_of(value);
  const double number = number_of(value);
  if (is_size(axis)) return fmt::format("{:.4g} {}", number < 1048576 ? number / 1024 : number / 1048576, number < 1048576 ? "KiB" : "MiB");
  return unit_of(axis).empty() ? fmt::format("{:.6g}", number) : amount_text(number, unit_of(axis));
}

/// "1.31 x" with a bar from the middle: to the left for less, to the right for more; its end is a factor of `widest`.
std::string effect_cell(double factor, double widest) {
  const double width = 50 * std::min(1.0, std::abs(std::log(factor)) / std::log(widest));
  return fmt::format("<td>{:.3f}<span class=effect><i class={} style=\"{}:50%;width:{:.1f}%\"></i></span></td>", factor,
                     factor < 1 ? "less" : "more", factor < 1 ? "right" : "left", width);
}

double widest_factor(const ResultsTable& effects) {
  double widest = 1.01;
  for (const auto& row : effects.rows) {
    for (std::size_t i = 3; i < row.size(); i += 2) {
      const double factor = number_of(row[i]);
      if (factor > 0) widest = std::max({widest, factor, 1 / factor});
    }
  }
  return widest;
}

std::string effects_section(const ResultsTable& effects) {
  const double widest = widest_factor(effects);
  std::string text =
      "<h2>Main effects</h2>\n<p class=note>What a value of an axis does to an objective, times the mean over all rows "
      "(least squares on logarithms, each network by itself), and the axis's share of the objective's variance.</p>\n"
      "<div class=scroll><table id=effects>\n<tr><th class=left>axis</th><th>value</th><th>rows</th>";
  for (std::size_t i = 3; i < effects.columns.size(); i += 2) {
    const std::string metric = effects.columns[i].substr(0, effects.columns[i].rfind('.'));
    text += fmt::format("<th>{}<small>times the mean</small></th><th>share<small>%</small></th>", html_escaped(metric));
  }
  std::string last;
  for (const auto& row : effects.rows) {
    const std::string axis = text_of(row[0]);
    const bool first = axis != last;
    last = axis;
    text += fmt::format("</tr>\n<tr><td class=left>{}</td><td>{}</td><td>{}</td>", first ? html_escaped(axis) : "",
                        std::holds_alternative<std::monostate>(row[1]) ? "" : html_escaped(value_text(axis.substr(0, axis.find(" + ")), row[1])),
                        number_of(row[2]));
    for (std::size_t i = 3; i < row.size(); i += 2) {
      text += std::holds_alternative<std::monostate>(row[i]) ? "<td></td>" : effect_cell(number_of(row[i]), widest);
      text += first ? fmt::format("<td>{:.1f}</td>", 100 * number_of(row[i + 1])) : "<td></td>";
    }
  }
  return text + "</tr>\n</table></div>\n";
}

/// Every number of the runs, a column each.
std::string all_figures(const std::vector<Json>& runs) {
  std::vector<TableColumn> columns{words("figure", {}), words("unit", {})};
  for (const Json& run : runs) columns.push_back({"", run_label(run), "", false, {}});
  for (const auto& [name, value] : flatten(runs.front())) {
    if (!value.is_number()) continue;
    const Metric* metric = metric_of(name);
    columns[0].cells.push_back(name);
    columns[1].cells.emplace_back(metric == nullptr ? "" : metric->unit);
    for (std::size_t i = 0; i < runs.size(); ++i) {
      columns[2 + i].cells.push_back(fmt::format("{:.6g}", values_of({runs[i]}, name).front()));
    }
  }
  return "<details><summary>All figures</summary>\n" + html_table(columns) + "</details>\n";
}

std::string best_section(const BestOfNetwork& best) {
  std::vector<Json> runs;
  std::string words;
  for (const BestPoint& point : best.points) {
    words += fmt::format("{}{} in {}", words.empty() ? "" : "; ", run_label(point.run), point.objective);
    runs.push_back(point.run);
  }
  return fmt::format("<section class=best><h2>Best of {}</h2>\n<p class=note>{}.</p>\n", html_escaped(best.network), html_escaped(words)) +
         html_table(overview_columns(runs)) + html_run_sections(runs) + all_figures(runs) + "</section>\n";
}

std::string head(const SweepFacts& facts, const ResultsTable& table, std::size_t shown) {
  const auto feasible = std::count_if(table.rows.begin(), table.rows.end(),
                                      [&](const auto& row) { return number_of(row[table.at("feasible")]) == 1; });
  std::string text = fmt::format("<h1>{}</h1>\n<p class=facts>{} &middot; {} rows simulated, {} feasible", html_escaped(facts.name),
                                 html_escaped(facts.description), table.rows.size(), feasible);
  if (shown < table.rows.size()) text += fmt::format("; {} of them shown: every so many-th, and the best", shown);
  return text + "</p>\n";
}

}  // namespace

std::string sweep_page(const std::string& path, const std::string& where) {
  const SweepFacts facts = sweep_facts(path);
  const ResultsTable table = query_results(path, simulated_rows(where));
  if (table.rows.empty()) throw InputError{"DB-ROWS", "no row to report"};
  const std::vector<std::size_t> places = thinned(table, facts);
  std::string content = head(facts, table, places.size()) + kControls + effects_section(effects_table(path, where));
  for (const BestOfNetwork& best : best_points(path, where)) content += best_section(best);
  content += script_data(page_data(table, facts, places)) + "<script>\n" + kPageScript + "</script>\n";
  return html_page("Nibble: " + facts.name, content, facts.version, kPageStyle);
}

}  // namespace nibble
