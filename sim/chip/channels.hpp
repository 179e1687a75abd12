#pragma once

#include <cstdint>
#include <numeric>

namespace nibble {

/// How many of the memory's channels one of `interleave` matrices lies in, whose granules are dealt out in
/// turn.
[[nodiscard]] inline std::uint32_t reached_channels(std::uint32_t channels, std::uint32_t interleave) {
  return channels / std::gcd(channels, interleave);
}

}  // namespace nibble
