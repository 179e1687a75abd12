#include <immintrin.h>

#include "models/gemm/tile_kernel.hpp"

#pragma GCC optimize("O3")
#define NIBBLE_VECTOR_BYTES 16
#include "models/gemm/tile_kernel.inl"

namespace nibble::tile_kernel {

const Kernels kBaseline = kTileKernels;

}  // namespace nibble::tile_kernel
