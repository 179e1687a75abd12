#include "sim/published/document.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <utility>

#include "sim/report/csv_report.hpp"
#include "sim/report/text_table.hpp"

namespace nibble {
namespace {

const char* word_of(Trust trust) {
  return trust == Trust::verified ? "verified" : trust == Trust::memory ? "memory" : "claim";
}

Json bound(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json row_of(const PublishedGroup& group, const PublishedRow& row, const Figure& ours) {
  const bool within = ours.value && row.holds(*ours.value);
  Json networks = Json::object();
  for (const auto& [network, value] : ours.networks) networks[network] = value;
  return {{"group", group.name},
          {"what", row.what},
          {"unit", row.unit},
          {"published_low", bound(row.low)},
          {"published_high", bound(row.high)},
          {"tolerance", row.tolerance},
          {"source", row.source},
          {"trust", word_of(row.trust)},
          {"note", row.note},
          {"ours", ours.value ? Json(*ours.value) : Json()},
          {"detail", ours.detail},
          {"ratio", ours.value ? Json(row.ratio(*ours.value)) : Json()},
          {"within", within},
          {"because", within ? "" : row.because},
          {"networks", std::move(networks)}};
}

/// A verified figure that is missed, and nobody has said why.
bool unexplained(const Json& row) {
  return !row.at("within").get<bool>() && row.at("trust") == "verified" && row.at("because").get<std::string>().empty();
}

std::string number_text(const Json& value) {
  if (value.is_null()) return "-";
  const double number = value.get<double>();
  if (number != 0 && (std::abs(number) >= 1e6 || std::abs(number) < 1e-2)) return fmt::format("{:.3e}", number);
  return std::abs(number) >= 1000 ? fmt::format("{:.0f}", number) : fmt::format("{:.4g}", number);
}

std::string published_text(const Json& row) {
  const Json &low = row.at("published_low"), &high = row.at("published_high");
  if (low.is_null()) return "<= " + number_text(high);
  if (high.is_null()) return ">= " + number_text(low);
  return low == high ? number_text(low) : number_text(low) + " to " + number_text(high);
}

std::string within_text(const Json& row) {
  if (row.at("within").get<bool>()) return "yes";
  return row.at("ours").is_null() ? "not run" : unexplained(row) ? "NO" : "no";
}

TableColumn right(std::string heading, std::vector<std::string> cells) {
  return {.group = "", .heading = std::move(heading), .unit = "", .left = false, .cells = std::move(cells)};
}

std::string rows_table(const std::vector<const Json*>& rows) {
  std::vector<std::string> what, unit, published, tolerance, source, trust, ours, ratio, within, detail;
  for (const Json* row : rows) {
    what.push_back(row->at("what"));
    unit.push_back(row->at("unit"));
    published.push_back(published_text(*row));
    tolerance.push_back(fmt::format("{:.3g} %", 100 * row->at("tolerance").get<double>()));
    source.push_back(row->at("source"));
    trust.push_back(row->at("trust"));
    ours.push_back(number_text(row->at("ours")));
    ratio.push_back(row->at("ratio").is_null() ? "-" : fmt::format("{:.3f}", row->at("ratio").get<double>()));
    within.push_back(within_text(*row));
    detail.push_back(row->at("detail"));
  }
  return table_text({words("what", what), right("published", published), words("unit", unit), right("+-", tolerance),
                     words("source", source), words("trust", trust), right("ours", ours), right("ratio", ratio),
                     words("within", within), words("ours is of", detail)});
}

/// A paragraph for each reason, with all rows that give it.
std::string reasons(const std::vector<const Json*>& rows) {
  std::vector<std::pair<std::string, std::vector<std::string>>> paragraphs;
  for (const Json* row : rows) {
    if (row->at("within").get<bool>()) continue;
    const auto because = row->at("because").get<std::string>();
    if (paragraphs.empty() || paragraphs.back().first != because) paragraphs.push_back({because, {}});
    paragraphs.back().second.push_back(row->at("what"));
  }
  std::string text;
  for (const auto& [because, what] : paragraphs) {
    text += wrapped(fmt::format("Outside: {}: {}", fmt::join(what, "; "), because.empty() ? "no reason is known" : because));
  }
  return text;
}

}  // namespace

Json published_document(const std::vector<PublishedGroup>& groups, const RunDocuments& runs) {
  Json document{{"schema", kPublishedSchema}, {"program", {{"version", NIBBLE_VERSION}}}, {"groups", Json::array()}};
  Json rows = Json::array();
  std::size_t within = 0, failed = 0;
  for (const PublishedGroup& group : groups) {
    document["groups"].push_back({{"name", group.name}, {"description", group.description}, {"hash", group.hash}});
    for (const PublishedRow& row : group.rows) {
      rows.push_back(row_of(group, row, figure_of(group, row, runs)));
      within += rows.back().at("within").get<bool>() ? 1 : 0;
      failed += unexplained(rows.back()) ? 1 : 0;
    }
  }
  document["within"] = within;
  document["failed"] = failed;
  document["rows"] = std::move(rows);
  return document;
}

std::string published_table(const Json& document) {
  std::string text;
  for (const Json& group : document.at("groups")) {
    std::vector<const Json*> rows;
    for (const Json& row : document.at("rows")) {
      if (row.at("group") == group.at("name")) rows.push_back(&row);
    }
    const std::string outside = reasons(rows);
    text += fmt::format("{}: {}\n\n", group.at("name").get<std::string>(), group.at("description").get<std::string>()) +
            rows_table(rows) + (outside.empty() ? "" : "\n" + outside) + "\n";
  }
  const auto failed = document.at("failed").get<std::size_t>();
  text += fmt::format("{} of {} published figures within their bands; verified ones outside without a known reason: {}\n",
                      document.at("within").get<std::size_t>(), document.at("rows").size(), failed);
  return text;
}

std::string published_csv(const Json& document) { return csv_of(document.at("rows")); }

}  // namespace nibble
