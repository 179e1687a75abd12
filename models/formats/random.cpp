#include "models/formats/random.hpp"

#include <Random123/philox.h>

namespace nibble {
namespace {

/// The four words that elements 4*block to 4*block + 3 share: seed is the key, tensor and block the counter.
r123::Philox4x32::ctr_type words(std::uint64_t seed, std::uint64_t tensor, std::uint64_t block) {
  const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
  const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); };
  const r123::Philox4x32::ctr_type counter{{low(block), high(block), low(tensor), high(tensor)}};
  const r123::Philox4x32::key_type key{{low(seed), high(seed)}};
  return r123::Philox4x32{}(counter, key);
}

}  // namespace

std::uint32_t RandomBits::at(std::uint64_t index) const { return words(seed_, tensor_, index / 4)[index % 4]; }

void RandomBits::fill(std::uint64_t first, std::span<std::uint32_t> out) const {
  std::size_t i = 0;
  while (i < out.size()) {
    const std::uint64_t index = first + i;
    const auto four = words(seed_, tensor_, index / 4);
    for (std::size_t lane = index % 4; lane < 4 && i < out.size(); ++lane) out[i++] = four[lane];
  }
}

}  // namespace nibble
