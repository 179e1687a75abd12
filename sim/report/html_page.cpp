#include "sim/report/html_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "sim/report/summary_tables.hpp"

namespace nibble {
namespace {

constexpr const char* kStyle = R"(
:root { color-scheme: light dark; --line: #8884; --quiet: #777; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; padding: 0 1.5rem; max-width: 80rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2.5rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .85rem; }
th, td { padding: .2rem .7rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th { font-weight: 600; vertical-align: bottom; } th small { display: block; font-weight: 400; color: var(--quiet); }
.left { text-align: left; } .group { text-align: center; color: var(--quiet); font-weight: 400; }
.bar { display: grid; grid-template-columns: 11rem 1fr 7rem; gap: .7rem; align-items: center; margin: .25rem 0; }
.bar > :first-child { overflow-wrap: anywhere; } .bar > :last-child { text-align: right; }
.track { display: flex; height: 1.5rem; } .track > div { min-width: 0; height: 100%; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; margin: .5rem 0 0 11.7rem; font-size: .85rem; }
.legend i { display: inline-block; width: .8rem; height: .8rem; margin-right: .35rem; vertical-align: -1px; }
p.note, footer { color: var(--quiet); font-size: .85rem; max-width: 60rem; }
)";

// Okabe and Ito's palette, which colour-blind readers can tell apart, and two greys.
constexpr std::array kColours = {"#0072B2", "#56B4E9", "#009E73", "#E69F00", "#D55E00",
                                 "#CC79A7", "#F0E442", "#999999", "#555555", "#7A5195"};

std::string group_row(const std::vector<TableColumn>& columns) {
  std::string row;
  bool any = false;
  for (std::size_t i = 0; i < columns.size();) {
    std::size_t end = i + 1;
    while (end < columns.size() && columns[end].group == columns[i].group) ++end;
    any = any || !columns[i].group.empty();
    row += fmt::format("<th class=group colspan={}>{}</th>", end - i, html_escaped(columns[i].group));
    i = end;
  }
  return any ? "<tr>" + row + "</tr>\n" : "";
}

/// Parts of each run's total: `key` names an object of amounts, whose "total" is left out.
struct Chart {
  std::string heading, note, key, unit;
  std::string total;   ///< path of the amount that a whole bar stands for
  std::string member;  ///< of each part; "" if a part is the amount
};

double part_of(const Json& run, const Chart& chart, const std::string& part) {
  const Json& all = run.at(chart.key);
  if (!all.contains(part)) return 0;
  return chart.member.empty() ? all.at(part).get<double>() : all.at(part).at(chart.member).get<double>();
}

/// The parts that any run has some of.
std::vector<std::string> parts_of(const std::vector<Json>& runs, const Chart& chart) {
  std::vector<std::string> parts;
  for (const Json& run : runs) {
    for (const auto& [name, value] : run.at(chart.key).items()) {
      const bool known = std::find(parts.begin(), parts.end(), name) != parts.end();
      if (name != "total" && !known && part_of(run, chart, name) > 0) parts.push_back(name);
    }
  }
  return parts;
}

/// As a person writes a key of the document.
std::string spoken(std::string key) {
  std::replace(key.begin(), key.end(), '_', ' ');
  return key;
}

/// One bar a run: as long as its total against the largest, cut by the shares of its parts.
std::string bars(const std::vector<Json>& runs, const Chart& chart) {
  const std::vector<double> totals = values_of(runs, chart.total);
  const double largest = *std::max_element(totals.begin(), totals.end());
  const std::vector<std::string> parts = parts_of(runs, chart);
  std::string text =
      fmt::format("<h2>{}</h2>\n<p class=note>{}</p>\n", html_escaped(chart.heading), html_escaped(chart.note));
  for (std::size_t i = 0; i < runs.size(); ++i) {
    double sum = 0;
    for (const std::string& part : parts) sum += part_of(runs[i], chart, part);
    text += fmt::format("<div class=bar><span>{}</span><div><div class=track style=\"width:{:.2f}%\">",
                        html_escaped(run_label(runs[i])), 100 * totals[i] / largest);
    for (std::size_t p = 0; p < parts.size() && sum > 0; ++p) {
      const double share = part_of(runs[i], chart, parts[p]) / sum;
      if (share <= 0) continue;
      text += fmt::format("<div style=\"width:{:.3f}%;background:{}\" title=\"{}: {} ({:.1f} %)\"></div>",
                          100 * share, kColours[p % kColours.size()], html_escaped(spoken(parts[p])),
                          amount_text(share * totals[i], chart.unit), 100 * share);
    }
    text += fmt::format("</div></div><span>{}</span></div>\n", amount_text(totals[i], chart.unit));
  }
  text += "<div class=legend>";
  for (std::size_t p = 0; p < parts.size(); ++p) {
    text += fmt::format("<span><i style=\"background:{}\"></i>{}</span>", kColours[p % kColours.size()],
                        html_escaped(spoken(parts[p])));
  }
  return text + "</div>\n";
}

std::string charts(const std::vector<Json>& runs) {
  return bars(runs,
              {"What the arrays did", "A bar is the step's time, cut by the states of all arrays' cycles.",
               "array_cycles", "s", "time_s", ""}) +
         bars(runs, {"Time by part of the step", "Gradient exchange that no kernel hides is not in it.",
                     "passes", "s", "time_s", "time_s"}) +
         bars(runs, {"Energy by component", "All chips and their memory, leakage included.", "energy_j", "J",
                     "energy_j.total", ""});
}

}  // namespace

std::string html_escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string html_table(const std::vector<TableColumn>& columns) {
  std::string text = "<div class=scroll><table>\n" + group_row(columns) + "<tr>";
  const auto side = [](const TableColumn& column) { return column.left ? " class=left" : ""; };
  for (const TableColumn& column : columns) {
    text += fmt::format("<th{}>{}<small>{}</small></th>", side(column), html_escaped(column.heading),
                        html_escaped(column.unit));
  }
  text += "</tr>\n";
  for (std::size_t row = 0; row < columns.front().cells.size(); ++row) {
    text += "<tr>";
    for (const TableColumn& column : columns) {
      text += fmt::format("<td{}>{}</td>", side(column), html_escaped(column.cells[row]));
    }
    text += "</tr>\n";
  }
  return text + "</table></div>\n";
}

std::string html_section(const std::string& heading, const std::vector<TableColumn>& columns) {
  return "<h2>" + html_escaped(heading) + "</h2>\n" + html_table(columns);
}

std::string html_run_sections(const std::vector<Json>& runs) {
  return charts(runs) + html_section("Where the time went", time_columns(runs)) +
         html_section("Energy by component", component_columns(runs));
}

std::string html_page(const std::string& title, const std::string& content, const std::string& version,
                      const std::string& style) {
  return fmt::format(
      "<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n<meta name=viewport "
      "content=\"width=device-width,initial-scale=1\">\n<title>{}</title>\n<style>{}{}</style>\n</head>\n<body>\n{}"
      "<footer>Nibble {}. <code>nibble explain NAME</code> defines every figure.</footer>\n</body>\n</html>\n",
      html_escaped(title), kStyle, style, content, html_escaped(version));
}

}  // namespace nibble
