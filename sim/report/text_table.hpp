#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace nibble {

/// A column of a table for people. Cells are text already; headings take three lines: group, heading, unit.
struct TableColumn {
  std::string group;  ///< written once over neighbouring columns of equal group; may be empty
  std::string heading;
  std::string unit;   ///< may be empty
  bool left = false;  ///< left aligned: words; numbers stand right
  std::vector<std::string> cells;
};

/// Plain ASCII lines, columns apart by two blanks, no blanks at line ends. All columns have equally many
/// cells.
[[nodiscard]] std::string table_text(const std::vector<TableColumn>& columns);

/// Words, left aligned.
[[nodiscard]] TableColumn words(std::string heading, std::vector<std::string> cells);

/// Amounts of one unit with one SI prefix for the whole column, such that its smallest amount is a half or
/// more where the largest then stays under half a million; at least three significant digits. Not a number:
/// "-".
[[nodiscard]] TableColumn amounts(std::string heading, std::string unit, const std::vector<double>& values);

/// Numbers as they are, no prefix, at least three significant digits.
[[nodiscard]] TableColumn numbers(std::string heading, std::string unit, const std::vector<double>& values);

/// Shares 0..1 as percent with one decimal.
[[nodiscard]] TableColumn percents(std::string heading, const std::vector<double>& shares);

/// Exact counts in groups of three: 1,234,567.
[[nodiscard]] TableColumn counts(std::string heading, const std::vector<unsigned long long>& values);

/// A paragraph broken at blanks into lines of at most `width`, all but the first indented by two.
[[nodiscard]] std::string wrapped(const std::string& text, std::size_t width = 110);

/// One amount with its SI prefix: "98.1 ms".
[[nodiscard]] std::string amount_text(double value, const std::string& unit);

}  // namespace nibble
