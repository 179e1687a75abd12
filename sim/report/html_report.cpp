#include "sim/report/html_report.hpp"

#include <vector>

#include "sim/report/html_page.hpp"
#include "sim/report/summary_tables.hpp"
#include "sim/report/table_report.hpp"

namespace nibble {
namespace {

std::string body_of_runs(const Json& document, const std::vector<Json>& runs) {
  const bool several = document.at("schema") == kCompareSchema;
  std::string text = "<h1>" + html_escaped(title(runs)) + "</h1>\n";
  text += html_table(several ? comparison_columns(document) : overview_columns(runs));
  text += html_run_sections(runs);
  const std::string training = training_runs(runs);
  if (!training.empty()) text += "<pre>" + html_escaped(training) + "</pre>\n";
  for (const Json& run : runs) {
    if (run.contains("layers")) text += html_section("Operations of " + run_label(run), layer_columns(run));
    if (run.contains("energy_table")) text += "<pre>" + html_escaped(energy_table(run)) + "</pre>\n";
  }
  return text + "<p class=note>" + html_escaped(footnotes(runs)) + "</p>\n";
}

}  // namespace

std::string html_text(const Json& document) {
  std::string body;
  if (document.at("schema") == kScalingSchema) {
    body = "<h1>Scaling</h1>\n<pre>" + html_escaped(scaling_table(document)) + "</pre>\n";
  } else if (document.at("schema") == kCompareSchema) {
    body = body_of_runs(document, document.at("runs").get<std::vector<Json>>());
  } else {
    body = body_of_runs(document, {document});
  }
  return html_page("Nibble", body, document.at("program").at("version").get<std::string>());
}

}  // namespace nibble
