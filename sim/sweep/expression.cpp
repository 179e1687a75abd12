#include "sim/sweep/expression.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace nibble {
namespace {

bool starts_name(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool in_name(char c) { return starts_name(c) || std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.'; }

bool is_sql_word(std::string word) {
  static constexpr std::array<std::string_view, 16> kWords{"AND",  "OR",   "NOT",  "NULL", "IS",   "IN",   "BETWEEN", "LIKE",
                                                           "CASE", "WHEN", "THEN", "ELSE", "END", "TRUE", "FALSE",   "GLOB"};
  std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

/// Index behind the quoted text that begins at `begin`.
std::size_t end_of_quote(const std::string& text, std::size_t begin) {
  const std::size_t end = text.find(text[begin], begin + 1);
  return end == std::string::npos ? text.size() : end + 1;
}

std::size_t end_of_name(const std::string& text, std::size_t begin) {
  std::size_t end = begin;
  while (end < text.size() && in_name(text[end])) ++end;
  return end;
}

bool is_function(const std::string& text, std::size_t end) {
  const std::size_t next = text.find_first_not_of(' ', end);
  return next != std::string::npos && text[next] == '(';
}

}  // namespace

std::string replace_names(const std::string& expression, const std::function<std::string(const std::string&)>& write) {
  std::string result;
  for (std::size_t i = 0; i < expression.size();) {
    const char c = expression[i];
    std::size_t end = i + 1;
    if (c == '\'') end = end_of_quote(expression, i);
    if (c == '"') {  // a name with characters that names have not: "mac.hfp8-fwd"
      end = end_of_quote(expression, i);
      result += write(expression.substr(i + 1, end - i - 2));
    } else if (starts_name(c)) {
      end = end_of_name(expression, i);
      const std::string word = expression.substr(i, end - i);
      result += is_sql_word(word) || is_function(expression, end) ? word : write(word);
    } else {
      if (std::isdigit(static_cast<unsigned char>(c)) != 0) end = end_of_name(expression, i);  // 1e3 holds no name
      result += expression.substr(i, end - i);
    }
    i = end;
  }
  return result;
}

std::vector<std::string> names_in(const std::string& expression) {
  std::vector<std::string> names;
  static_cast<void>(replace_names(expression, [&](const std::string& name) {
    names.push_back(name);
    return name;
  }));
  return names;
}

std::optional<std::string> known_name(const std::string& given, const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), given) != known.end()) return given;
  std::optional<std::string> found;
  for (const std::string& name : known) {
    if (!name.ends_with("." + given)) continue;
    if (found) return std::nullopt;
    found = name;
  }
  return found;
}

Evaluator::Evaluator() : database_{"", Database::Access::create} {}

std::optional<double> Evaluator::evaluate(const std::string& expression, const std::map<std::string, SqlValue>& values,
                                          bool& complete) {
  std::vector<std::string> known;
  for (const auto& [name, value] : values) known.push_back(name);
  std::vector<SqlValue> parameters;
  complete = true;
  const std::string sql = replace_names(expression, [&](const std::string& name) {
    const std::optional<std::string> meant = known_name(name, known);
    complete = complete && meant;
    parameters.push_back(meant ? values.at(*meant) : SqlValue{});
    return fmt::format("?{}", parameters.size());
  });
  if (!complete) return std::nullopt;
  std::optional<double> result;
  database_.query(fmt::format("SELECT ({})", sql), parameters, [&](const std::vector<SqlValue>& row) {
    if (const auto* integer = std::get_if<std::int64_t>(&row.front())) result = static_cast<double>(*integer);
    if (const auto* real = std::get_if<double>(&row.front())) result = *real;
  });
  return result;
}

std::optional<bool> Evaluator::holds(const std::string& expression, const std::map<std::string, SqlValue>& values) {
  bool complete = true;
  const std::optional<double> result = evaluate(expression, values, complete);
  if (!complete) return std::nullopt;
  return result.value_or(0) != 0;
}

std::optional<double> Evaluator::number(const std::string& expression, const std::map<std::string, SqlValue>& values) {
  bool complete = true;
  return evaluate(expression, values, complete);
}

}  // namespace nibble
