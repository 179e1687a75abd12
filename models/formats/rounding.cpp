#include "models/formats/rounding.hpp"

#include <fmt/format.h>

#include <string>

#include "models/base/error.hpp"

namespace nibble {

const std::vector<std::string_view>& rounding_words() {
  static const std::vector<std::string_view> words{"nearest-even", "nearest-away", "radix4-threshold",
                                                   "toward-zero", "stochastic"};
  return words;
}

std::string_view word_of(Rounding rounding) { return rounding_words()[static_cast<std::size_t>(rounding)]; }

Rounding rounding_from_word(std::string_view word) {
  const auto& words = rounding_words();
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == word) return static_cast<Rounding>(i);
  }
  throw InputError{"FMT-ROUNDING", fmt::format("'{}' is not a rounding", word),
                   fmt::format("known: {}", fmt::join(words, ", "))};
}

}  // namespace nibble
