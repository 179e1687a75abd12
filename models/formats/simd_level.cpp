#include "models/formats/simd_level.hpp"

namespace nibble {

std::string_view word_of(SimdLevel level) {
  switch (level) {
    case SimdLevel::baseline: return "baseline";
    case SimdLevel::avx2: return "avx2";
    case SimdLevel::avx512: return "avx512";
  }
  return "";
}

SimdLevel best_simd_level() {
  static const SimdLevel best = [] {
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
    const bool avx512 = __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
                        __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
                        __builtin_cpu_supports("avx512vnni") != 0;
    if (avx2 && avx512) return SimdLevel::avx512;
    return avx2 ? SimdLevel::avx2 : SimdLevel::baseline;
  }();
  return best;
}

std::vector<SimdLevel> available_simd_levels() {
  std::vector<SimdLevel> levels{SimdLevel::baseline};
  if (best_simd_level() >= SimdLevel::avx2) levels.push_back(SimdLevel::avx2);
  if (best_simd_level() >= SimdLevel::avx512) levels.push_back(SimdLevel::avx512);
  return levels;
}

}  // namespace nibble
