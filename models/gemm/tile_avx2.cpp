#include <immintrin.h>

#include "models/gemm/tile_kernel.hpp"

#pragma GCC optimize("O3")
#pragma GCC target("avx2,fma")
#define NIBBLE_VECTOR_BYTES 32
#include "models/gemm/tile_kernel.inl"

namespace nibble::tile_kernel {

const Kernels kAvx2 = kTileKernels;

}  // namespace nibble::tile_kernel
