#include "sim/report/kernel_choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "models/base/error.hpp"

namespace nibble {
namespace {

constexpr const char* kDigits = "0123456789";

std::optional<std::size_t> number_of(const std::string& text) {
  std::size_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size() || number == 0) return std::nullopt;
  return number;
}

}  // namespace

KernelChoice::KernelChoice(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (word.find_first_not_of(std::string{kDigits} + "-") != std::string::npos) {
      layers_.push_back(word);
      continue;
    }
    const std::size_t dash = word.find('-');
    const std::optional<std::size_t> first = number_of(word.substr(0, dash));
    const std::optional<std::size_t> last = dash == std::string::npos ? first : number_of(word.substr(dash + 1));
    if (!first || !last || *last < *first) {
      throw InputError("TRC-RANGE", fmt::format("no kernels are '{}'", word),
                       "a number from 1, a range such as 1-40, or a layer's name");
    }
    ranges_.emplace_back(*first, *last);
  }
}

bool KernelChoice::contains(std::size_t number, const std::string& layer) const {
  if (all() || std::find(layers_.begin(), layers_.end(), layer) != layers_.end()) return true;
  return std::any_of(ranges_.begin(), ranges_.end(),
                     [&](const auto& range) { return range.first <= number && number <= range.second; });
}

}  // namespace nibble
