#include "models/base/csv.hpp"

#include <utility>

namespace nibble {

std::vector<CsvRecord> csv_records(const std::string& text) {
  std::vector<CsvRecord> records;
  CsvRecord record{1, {}};
  std::string field;
  bool quoted = false;
  int line = 1;
  const auto end_record = [&] {
    record.fields.push_back(std::exchange(field, {}));
    if (record.fields.size() > 1 || !record.fields.front().empty()) records.push_back(record);
    record = {line, {}};
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') ++line;
    if (quoted) {
      if (c != '"') {
        field += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        field += text[++i];
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',') {
      record.fields.push_back(std::exchange(field, {}));
    } else if (c == '\n') {
      end_record();
    } else if (c != '\r') {
      field += c;
    }
  }
  end_record();
  return records;
}

}  // namespace nibble
