#pragma once

#include <cstdint>
#include <string>

#include "models/formats/number_format.hpp"

namespace nibble {

/// Products of a chunk, whose sum is rounded into a total of its own: the 2018 paper's (models/SOURCES.md). Arrays add whole
/// trees of products; a chunk is as many of them as fit, and at least one.
constexpr std::uint32_t kChunkProducts = 64;

/// Does an output that stays in an element's registers keep its chunk in progress beside its total?
///
/// A narrow accumulator does: two registers an output. FP32 and integers, with 24 bits and more, lose nothing that chunks
/// would save, and add each tree to the one total.
[[nodiscard]] inline bool held_in_chunks(const std::string& accumulator) {
  constexpr unsigned kWide = 24;
  return number_format(accumulator).precision() < kWide;
}

}  // namespace nibble
