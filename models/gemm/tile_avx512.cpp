// GCC 12 takes the don't-care operand of unmasked AVX-512 intrinsics for a variable that somebody forgot (bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#include "models/gemm/tile_kernel.hpp"

#pragma GCC optimize("O3")
#pragma GCC target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,prefer-vector-width=512")
#define NIBBLE_VECTOR_BYTES 64
#include "models/gemm/tile_kernel.inl"

namespace nibble::tile_kernel {

const Kernels kAvx512 = kTileKernels;

}  // namespace nibble::tile_kernel
