#include "models/base/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace nibble {
namespace {

std::string join_problems(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems) {
    if (!text.empty()) text += '\n';
    text += problem.text();
  }
  return text;
}

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

/// What a user gave may hold anything: shown on one line, and harmless to a terminal.
std::string visible(const std::string& text) {
  std::string shown;
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    shown += code < 0x20 || code == 0x7f ? fmt::format("\\x{:02x}", code) : std::string(1, c);
  }
  return shown;
}

}  // namespace

std::string Problem::text() const {
  std::string place = file;
  if (line > 0) place += fmt::format(":{}:{}", line, column);
  if (!place.empty()) place += ": ";
  std::string text = fmt::format("{}error [{}] {}", visible(place), id, visible(what));
  if (!hint.empty()) text += "\n    " + visible(hint);
  return text;
}

InputError::InputError(std::vector<Problem> problems)
    : std::runtime_error{join_problems(problems)}, problems_{std::move(problems)} {}

InputError::InputError(Problem problem) : InputError{std::vector<Problem>{std::move(problem)}} {}

InputError::InputError(std::string id, std::string what, std::string hint)
    : InputError{Problem{std::move(id), {}, 0, 0, std::move(what), std::move(hint)}} {}

std::string nearest_word(const std::string& given, const std::vector<std::string>& known) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, given.size() / 3) + 1;
  for (const std::string& word : known) {
    // The beginning of a longer name ("fp8" of "fp8-143") is nearer to it than letters that happen to agree.
    const bool beginning = given.size() >= 3 && word.size() > given.size() && word.starts_with(given);
    const std::size_t distance = beginning ? 1 : edit_distance(given, word);
    if (distance < best_distance) {
      best_distance = distance;
      best = word;
    }
  }
  return best;
}

}  // namespace nibble
