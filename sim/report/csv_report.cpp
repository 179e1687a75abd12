#include "sim/report/csv_report.hpp"

#include <algorithm>
#include <map>

#include "models/base/check.hpp"

namespace nibble {
namespace {

using Row = std::vector<std::pair<std::string, Json>>;

std::string csv_field(const std::string& field) {
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string text = "\"";
  for (const char c : field) {
    if (c == '"') text += '"';
    text += c;
  }
  return text + '"';
}

bool is_list_of_objects(const Json& value) {
  return value.is_array() && !value.empty() && value.front().is_object();
}

/// One header of all the columns that any row has, in the order of first sight; a row without one has it
/// empty.
std::string csv_table(const std::vector<Row>& rows) {
  std::vector<std::string> columns;
  std::map<std::string, std::size_t> position;
  for (const Row& row : rows) {
    for (const auto& [column, value] : row) {
      if (position.emplace(column, columns.size()).second) columns.push_back(column);
    }
  }
  std::string text;
  const auto append = [&](const std::vector<std::string>& fields) {
    for (std::size_t i = 0; i < fields.size(); ++i) text += (i > 0 ? "," : "") + fields[i];
    text += "\r\n";
  };
  std::vector<std::string> header;
  for (const std::string& column : columns) header.push_back(csv_field(column));
  append(header);
  for (const Row& row : rows) {
    std::vector<std::string> fields(columns.size());
    for (const auto& [column, value] : row) fields[position.at(column)] = csv_value(value);
    append(fields);
  }
  return text;
}

Row run_identity(const Json& run) {
  Row row;
  for (const char* key : {"network", "accelerator", "recipe", "mode", "batch"}) {
    row.emplace_back(key, run.at(key));
  }
  return row;
}

void add_list_rows(const Json& run, const std::string& list, std::vector<Row>& rows) {
  NIBBLE_CHECK(run.contains(list), "the document of {} was made without {}", run_label(run), list);
  for (const Json& entry : run.at(list)) {
    Row row = run_identity(run);
    for (auto& leaf : flatten(entry, list + ".")) row.push_back(std::move(leaf));
    rows.push_back(std::move(row));
  }
}

std::vector<Row> scaling_rows(const Json& document) {
  std::vector<Row> rows;
  for (const Json& point : document.at("points")) {
    Row row;
    for (const char* key : {"network", "accelerator", "recipe", "mode"}) row.emplace_back(key, document.at(key));
    for (auto& leaf : flatten(point, "points.")) row.push_back(std::move(leaf));
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

std::string csv_value(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return csv_field(value.get<std::string>());
  if (!value.is_array()) return value.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string joined;
  for (const Json& item : value) {
    if (!joined.empty()) joined += "; ";
    joined += item.is_string() ? item.get<std::string>() : item.dump();
  }
  return csv_field(joined);
}

std::vector<std::pair<std::string, Json>> flatten(const Json& object, const std::string& prefix) {
  Row leaves;
  for (const auto& [key, value] : object.items()) {
    if (value.is_object()) {
      for (auto& leaf : flatten(value, prefix + key + ".")) leaves.push_back(std::move(leaf));
    } else if (!is_list_of_objects(value) && key != "layers" && key != "energy_table") {
      leaves.emplace_back(prefix + key, value);
    }
  }
  return leaves;
}

std::string csv_of(const Json& objects) {
  std::vector<Row> rows;
  for (const Json& object : objects) {
    Row& row = rows.emplace_back();
    for (const auto& [key, value] : object.items()) {
      if (!value.is_object()) row.emplace_back(key, value);
    }
  }
  return csv_table(rows);
}

std::string csv_text(const Json& document, CsvRows kind) {
  if (document.at("schema") == kScalingSchema) return csv_table(scaling_rows(document));
  const bool comparison = document.at("schema") == kCompareSchema;
  const Json runs = comparison ? document.at("runs") : Json::array({document});
  std::vector<Row> rows;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    switch (kind) {
      case CsvRows::layers:
        add_list_rows(runs[i], "layers", rows);
        break;
      case CsvRows::energy_table:
        add_list_rows(runs[i], "energy_table", rows);
        break;
      case CsvRows::runs: {
        Row row = flatten(runs[i]);
        if (comparison) {
          for (auto& leaf : flatten(document.at("ratios")[i], "ratios.")) row.push_back(std::move(leaf));
        }
        rows.push_back(std::move(row));
      }
    }
  }
  return csv_table(rows);
}

}  // namespace nibble
