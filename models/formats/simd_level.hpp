#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace nibble {

/// Instruction sets that the fast paths exist for. The results are the same bits on each.
enum class SimdLevel : std::uint8_t {
  baseline,  ///< x86-64 with SSE2
  avx2,      ///< AVX2 and FMA
  avx512,    ///< AVX-512 F, BW, DQ, VL and VNNI
};

[[nodiscard]] std::string_view word_of(SimdLevel level);

/// The best level of the machine that this runs on.
[[nodiscard]] SimdLevel best_simd_level();

/// Every level that this machine can run, lowest first.
[[nodiscard]] std::vector<SimdLevel> available_simd_levels();

}  // namespace nibble
