#pragma once

#include <string>
#include <vector>

namespace nibble {

/// One record of a CSV text.
struct CsvRecord {
  int line = 0;  ///< 1-based: where it begins
  std::vector<std::string> fields;
};

/// Splits CSV text (RFC 4180): a quoted field may hold commas, line ends and doubled quotes. Blank lines are left out.
[[nodiscard]] std::vector<CsvRecord> csv_records(const std::string& text);

}  // namespace nibble
