#include "models/formats/array_kernel.hpp"

#pragma GCC optimize("O3")
#pragma GCC target("avx2,fma")
#include "models/formats/array_kernel.inl"

namespace nibble::array_kernel {

const Kernels kAvx2{encode_lanes<std::uint8_t>, encode_lanes<std::uint16_t>, encode_lanes<std::uint32_t>,
                    decode_lanes<std::uint8_t>, decode_lanes<std::uint16_t>, decode_lanes<std::uint32_t>,
                    divide_floats, largest_bits};

}  // namespace nibble::array_kernel
