#include "sim/validation/measured_kernels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <map>
#include <utility>

#include "models/base/csv.hpp"
#include "models/base/error.hpp"
#include "models/base/hash.hpp"

namespace nibble {
namespace {

constexpr std::uint64_t kLargestExtent = std::uint64_t{1} << 32;
constexpr std::uint64_t kMostBatches = 1 << 16, kMostTiles = 1 << 12;  // each is an operation of its own

/// One record with its columns by name, and errors that name its place.
class Row {
 public:
  Row(const std::string& file, const std::map<std::string, std::size_t>& columns, const CsvRecord& record)
      : file_{file}, columns_{columns}, record_{record} {}

  [[nodiscard]] const std::string& text(const char* column) const { return record_.fields[columns_.at(column)]; }

  template <typename Number>
  [[nodiscard]] std::optional<Number> number(const char* column) const {
    const std::string& field = text(column);
    if (field.empty()) return std::nullopt;
    Number value{};
    const auto [end, status] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (status != std::errc{} || end != field.data() + field.size()) fail(column, "a number");
    return value;
  }

  [[nodiscard]] std::uint64_t extent(const char* column, std::uint64_t largest = kLargestExtent) const {
    const auto value = number<std::uint64_t>(column);
    if (!value) return 0;
    if (*value > largest) fail(column, fmt::format("a whole number up to {}", largest));
    return *value;
  }

  [[noreturn]] void fail(const char* column, const std::string& allowed) const {
    throw InputError{Problem{"MEASURED-VALUE", file_, record_.line, 0, fmt::format("{}: '{}'", column, text(column)),
                             "allowed: " + allowed}};
  }

 private:
  const std::string& file_;
  const std::map<std::string, std::size_t>& columns_;
  const CsvRecord& record_;
};

std::optional<CoreSplit> parse_split(const Row& row) {
  std::string text = row.text("split");
  if (text.empty() || text == "planner") return std::nullopt;
  constexpr const char* kAllowed = "(m,n,k), (batch,m,n,k), planner or nothing";
  if (text.size() < 2 || text.front() != '(' || text.back() != ')') row.fail("split", kAllowed);
  std::vector<std::uint64_t> parts;
  const char* at = text.data() + 1;
  const char* const end = text.data() + text.size() - 1;
  while (at < end) {
    std::uint64_t part = 0;
    const auto [next, status] = std::from_chars(at, end, part);
    if (status != std::errc{} || part == 0 || part > 1024 || (next != end && *next != ',')) row.fail("split", kAllowed);
    parts.push_back(part);
    at = next == end ? end : next + 1;
  }
  if (parts.size() == 3) return CoreSplit{.count = 1, .m = parts[0], .n = parts[1], .k = parts[2]};
  if (parts.size() == 4) return CoreSplit{.count = parts[0], .m = parts[1], .n = parts[2], .k = parts[3]};
  row.fail("split", kAllowed);
}

MeasuredKernel parse(const Row& row, int line) {
  MeasuredKernel kernel;
  kernel.line = line;
  for (std::size_t i = 0; i < kMeasuredColumns.size(); ++i) kernel.fields[i] = row.text(kMeasuredColumns[i]);
  kernel.op = row.text("op");
  kernel.dtype = row.text("dtype");
  kernel.where_inputs = row.text("where_inputs");
  kernel.note = row.text("note");
  kernel.split_text = row.text("split");
  kernel.batch = std::max<std::uint64_t>(1, row.extent("batch", kMostBatches));
  kernel.m = row.extent("m");
  kernel.n = row.extent("n");
  kernel.k = row.extent("k");
  kernel.cores = static_cast<std::uint32_t>(row.extent("cores"));
  kernel.split = parse_split(row);
  kernel.measured_us = row.number<double>("measured_us").value_or(0);
  if (!(kernel.measured_us >= 0)) row.fail("measured_us", "a time in microseconds, or nothing");
  return kernel;
}

std::map<std::string, std::size_t> columns_of(const std::string& path, const CsvRecord& head) {
  std::map<std::string, std::size_t> columns;
  for (std::size_t i = 0; i < head.fields.size(); ++i) columns.emplace(head.fields[i], i);
  for (const char* column : kMeasuredColumns) {
    if (columns.contains(column)) continue;
    throw InputError{Problem{"MEASURED-COLUMN", path, 1, 0, fmt::format("no column '{}'", column),
                             fmt::format("columns: {}", fmt::join(kMeasuredColumns, ", "))}};
  }
  return columns;
}

}  // namespace

std::string MeasuredKernel::bench() const {
  constexpr std::string_view kKey = "bench_op=";
  const std::size_t at = note.find(kKey);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + kKey.size();
  const std::size_t end = note.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_", begin);
  return note.substr(begin, end == std::string::npos ? end : end - begin);
}

bool MeasuredKernel::in_fitted_half() const {
  const std::string shape = content_hash(fmt::format("{}x{}x{}x{}", batch, m, n, k));
  return shape.back() >= '0' && shape.back() <= '7';
}

std::optional<std::uint64_t> MeasuredKernel::noted(const std::string& key) const {
  const std::size_t at = note.find(key + "=");
  if (at == std::string::npos) return std::nullopt;
  std::uint64_t value = 0;
  const char* const begin = note.data() + at + key.size() + 1;
  const auto [end, status] = std::from_chars(begin, note.data() + note.size(), value);
  return status == std::errc{} && end != begin ? std::optional{value} : std::nullopt;
}

std::uint64_t MeasuredKernel::tiles() const {
  const std::uint64_t tiles = noted("tiles").value_or(1);
  if (tiles >= 1 && tiles <= kMostTiles) return tiles;
  throw InputError{Problem{"MEASURED-VALUE", "", line, 0, fmt::format("{} in {} tiles", op, tiles),
                           fmt::format("1 to {}", kMostTiles)}};
}

std::vector<MeasuredKernel> read_measured_kernels(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  if (!file) throw InputError{"MEASURED-FILE", fmt::format("cannot read {}", path)};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  const std::vector<CsvRecord> records = csv_records(text);
  if (records.empty()) throw InputError{Problem{"MEASURED-COLUMN", path, 1, 0, "an empty file", "a head line and rows"}};
  const std::map<std::string, std::size_t> columns = columns_of(path, records.front());
  std::vector<MeasuredKernel> kernels;
  for (std::size_t i = 1; i < records.size(); ++i) {
    const CsvRecord& record = records[i];
    if (record.fields.size() != records.front().fields.size()) {
      throw InputError{Problem{"MEASURED-COLUMN", path, record.line, 0,
                               fmt::format("{} fields", record.fields.size()),
                               fmt::format("{}, as in the head line", records.front().fields.size())}};
    }
    kernels.push_back(parse(Row{path, columns, record}, record.line));
  }
  return kernels;
}

}  // namespace nibble
