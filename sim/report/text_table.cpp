#include "sim/report/text_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "models/base/check.hpp"

namespace nibble {
namespace {

/// SI prefixes by power of a thousand, from 10^-15 to 10^18.
constexpr const char* kPrefixes[] = {"f", "p", "n", "u", "m", "", "k", "M", "G", "T", "P", "E"};
constexpr int kLowestPower = -5;
constexpr int kHighestPower = 6;

/// Smallest and largest magnitude among the non-zero finite values; zeros when there is none.
std::pair<double, double> magnitudes(const std::vector<double>& values) {
  double least = 0;
  double most = 0;
  for (const double value : values) {
    const double magnitude = std::fabs(value);
    if (!std::isfinite(value) || magnitude == 0) continue;
    least = least == 0 ? magnitude : std::min(least, magnitude);
    most = std::max(most, magnitude);
  }
  return {least, most};
}

/// The power of a thousand that leaves at least a half.
int thousands_in(double magnitude) {
  const int power = static_cast<int>(std::floor(std::log10(2 * magnitude) / 3));
  return std::clamp(power, kLowestPower, kHighestPower);
}

int power_for(const std::vector<double>& values) {
  const auto [least, most] = magnitudes(values);
  if (most == 0) return 0;
  return std::max(thousands_in(least), thousands_in(most) - 1);
}

/// Decimals that give the smallest value three significant digits, within reason.
int decimals_for(const std::vector<double>& values, double scale) {
  const auto [least, most] = magnitudes(values);
  if (most == 0) return 0;
  const int digits_before = static_cast<int>(std::floor(std::log10(least / scale))) + 1;
  return std::clamp(3 - digits_before, 0, 3);
}

std::vector<std::string> fixed(const std::vector<double>& values, double scale, int decimals) {
  std::vector<std::string> cells;
  for (const double value : values) {
    cells.push_back(std::isfinite(value) ? fmt::format("{:.{}f}", value / scale, decimals) : "-");
  }
  return cells;
}

std::string padded(const std::string& text, std::size_t width, bool left) {
  return left ? fmt::format("{:<{}}", text, width) : fmt::format("{:>{}}", text, width);
}

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

std::size_t column_width(const TableColumn& column) {
  std::size_t width = std::max(column.heading.size(), column.unit.size());
  for (const std::string& cell : column.cells) width = std::max(width, cell.size());
  return width;
}

/// The line of group names, each centred in dashes over its columns; widens a group's last column if it must.
std::string group_line(const std::vector<TableColumn>& columns, std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t first = 0; first < columns.size();) {
    std::size_t end = first + 1;
    std::size_t width = widths[first];
    while (end < columns.size() && columns[end].group == columns[first].group) width += 2 + widths[end++];
    const std::string name = columns[first].group.empty() ? "" : fmt::format("- {} -", columns[first].group);
    if (name.size() > width) {
      widths[end - 1] += name.size() - width;
      width = name.size();
    }
    if (first > 0) line += "  ";
    line += name.empty() ? std::string(width, ' ') : fmt::format("{:-^{}}", name, width);
    first = end;
  }
  return line;
}

template <class CellOf>
std::string line_of(const std::vector<TableColumn>& columns, const std::vector<std::size_t>& widths,
                    CellOf cell) {
  std::string line;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) line += "  ";
    line += padded(cell(columns[i]), widths[i], columns[i].left);
  }
  return trimmed(line);
}

TableColumn number_column(std::string heading, std::string unit, std::vector<std::string> cells) {
  TableColumn column;
  column.heading = std::move(heading);
  column.unit = std::move(unit);
  column.cells = std::move(cells);
  return column;
}

}  // namespace

std::string wrapped(const std::string& text, std::size_t width) {
  std::string result;
  std::size_t used = 0;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find(' ', start), text.size());
    const std::size_t length = end - start;
    if (used > 0 && used + 1 + length > width) {
      result += "\n  ";
      used = 2;
    } else if (used > 0) {
      result += ' ';
      ++used;
    }
    result.append(text, start, length);
    used += length;
    start = end + 1;
  }
  return result + '\n';
}

std::string table_text(const std::vector<TableColumn>& columns) {
  const std::size_t rows = columns.empty() ? 0 : columns.front().cells.size();
  std::vector<std::size_t> widths;
  bool groups = false;
  bool units = false;
  for (const TableColumn& column : columns) {
    NIBBLE_CHECK(column.cells.size() == rows, "column {} has {} cells of {}", column.heading,
                 column.cells.size(), rows);
    widths.push_back(column_width(column));
    groups = groups || !column.group.empty();
    units = units || !column.unit.empty();
  }
  const std::string group_names = group_line(columns, widths);
  std::string text = groups ? trimmed(group_names) : "";
  text += line_of(columns, widths, [](const TableColumn& column) { return column.heading; });
  if (units) text += line_of(columns, widths, [](const TableColumn& column) { return column.unit; });
  for (std::size_t row = 0; row < rows; ++row) {
    text += line_of(columns, widths, [row](const TableColumn& column) { return column.cells[row]; });
  }
  return text;
}

TableColumn words(std::string heading, std::vector<std::string> cells) {
  TableColumn column = number_column(std::move(heading), "", std::move(cells));
  column.left = true;
  return column;
}

TableColumn amounts(std::string heading, std::string unit, const std::vector<double>& values) {
  const int power = power_for(values);
  const double scale = std::pow(1000.0, power);
  return number_column(std::move(heading), fmt::format("{}{}", kPrefixes[power - kLowestPower], unit),
                       fixed(values, scale, decimals_for(values, scale)));
}

TableColumn numbers(std::string heading, std::string unit, const std::vector<double>& values) {
  return number_column(std::move(heading), std::move(unit), fixed(values, 1.0, decimals_for(values, 1.0)));
}

TableColumn percents(std::string heading, const std::vector<double>& shares) {
  return number_column(std::move(heading), "%", fixed(shares, 0.01, 1));
}

TableColumn counts(std::string heading, const std::vector<unsigned long long>& values) {
  std::vector<std::string> cells;
  for (const unsigned long long value : values) {
    std::string digits = std::to_string(value);
    for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, 1, ',');
    cells.push_back(digits);
  }
  return number_column(std::move(heading), "", std::move(cells));
}

std::string amount_text(double value, const std::string& unit) {
  const TableColumn column = amounts("", unit, {value});
  return column.cells.front() + (column.unit.empty() ? "" : " " + column.unit);
}

}  // namespace nibble
