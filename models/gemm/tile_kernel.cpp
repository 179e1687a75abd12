#include "models/gemm/tile_kernel.hpp"

#include "models/base/check.hpp"

namespace nibble::tile_kernel {

const Kernels& kernels_of(SimdLevel level) {
  NIBBLE_CHECK(level <= best_simd_level(), "this machine has no {}", word_of(level));
  switch (level) {
    case SimdLevel::avx512: return kAvx512;
    case SimdLevel::avx2: return kAvx2;
    case SimdLevel::baseline: break;
  }
  return kBaseline;
}

}  // namespace nibble::tile_kernel
