#include "tests/fuzz/mutator.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace nibble::test {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kNumbers[] = {"0",
                                         "-1",
                                         "1",
                                         "2",
                                         "3",
                                         "7",
                                         "1e308",
                                         "-1e308",
                                         "1e-308",
                                         "0.5",
                                         "nan",
                                         "inf",
                                         "-inf",
                                         "1e999",
                                         "0x10",
                                         "1.5e3",
                                         "007",
                                         "+5",
                                         "-0",
                                         "99999",
                                         "65536",
                                         "4294967296",
                                         "9223372036854775808",
                                         "18446744073709551616"};
constexpr std::string_view kWords[] = {"",   "~",     "null", "true", "[]",  "{}",    "[1, 2]", "*a",
                                       "&a", "!!int", "\"",   "'",    "#",   ":",     "- ",     "\t",
                                       "..", "/",     "\xff", "%s%n", "fp4", "input", "source", "MiB"};
constexpr std::string_view kBytes[] = {"\0"sv, "\n", "\r\n", "  ", "{",    "}",           "[",
                                       "]",    ",",  ":",    "\"", "\x80", "\xef\xbb\xbf"};

bool is_digit(char c) { return (c >= '0' && c <= '9') || c == '.'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

}  // namespace

std::string Mutator::operator()(std::string text) {
  constexpr void (Mutator::*kAll[])(std::string&) = {
      &Mutator::change_byte,   &Mutator::insert_bytes,  &Mutator::lose_bytes,
      &Mutator::change_number, &Mutator::change_number, &Mutator::change_word,
      &Mutator::move_line,     &Mutator::double_line,   &Mutator::cut_end};
  for (std::size_t left = 1 + below(4); left > 0 && !text.empty(); --left)
    (this->*kAll[below(std::size(kAll))])(text);
  return text;
}

std::string Mutator::with_other_number(std::string text) {
  constexpr std::string_view kSmall[] = {"1",  "2",  "3",  "4",  "5",   "6",   "7",   "8",   "13",
                                         "16", "24", "32", "64", "100", "0.3", "1.5", "1000"};
  const Run run = run_of(text, is_digit);
  if (run.length > 0) text.replace(run.begin, run.length, kSmall[below(std::size(kSmall))]);
  return text;
}

void Mutator::change_byte(std::string& text) { text[below(text.size())] = static_cast<char>(below(256)); }

void Mutator::insert_bytes(std::string& text) {
  const std::size_t place = below(text.size() + 1);
  text.insert(place, kBytes[below(std::size(kBytes))]);
}

void Mutator::lose_bytes(std::string& text) { text.erase(below(text.size()), 1 + below(16)); }

Mutator::Run Mutator::run_of(const std::string& text, bool (*of_kind)(char)) {
  const auto start = text.begin() + static_cast<std::ptrdiff_t>(below(text.size()));
  const auto first = std::find_if(start, text.end(), of_kind);
  const auto end = std::find_if_not(first, text.end(), of_kind);
  return {static_cast<std::size_t>(first - text.begin()), static_cast<std::size_t>(end - first)};
}

void Mutator::change_number(std::string& text) {
  const Run run = run_of(text, is_digit);
  if (run.length > 0) text.replace(run.begin, run.length, kNumbers[below(std::size(kNumbers))]);
}

void Mutator::change_word(std::string& text) {
  const Run run = run_of(text, is_letter);
  if (run.length > 0) text.replace(run.begin, run.length, kWords[below(std::size(kWords))]);
}

std::vector<std::string> Mutator::lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    lines.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return lines;
}

void Mutator::move_line(std::string& text) {
  std::vector<std::string> lines = lines_of(text);
  std::swap(lines[below(lines.size())], lines[below(lines.size())]);
  text.clear();
  for (const std::string& line : lines) text += line;
}

void Mutator::double_line(std::string& text) {
  std::vector<std::string> lines = lines_of(text);
  const std::string again = lines[below(lines.size())];
  lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(below(lines.size() + 1)), again);
  text.clear();
  for (const std::string& line : lines) text += line;
}

void Mutator::cut_end(std::string& text) { text.resize(below(text.size())); }

}  // namespace nibble::test
