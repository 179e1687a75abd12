#include "models/formats/block_format.hpp"

namespace nibble {

const std::vector<BlockFormat>& block_formats() {
  static const std::vector<BlockFormat> formats{
      {"mxfp4", "e2m1", "e8m0", 32, false, "OCP MXFP4: E2M1, one E8M0 scale to 32"},
      {"mxfp6-e3m2", "e3m2", "e8m0", 32, false, "OCP MXFP6: E3M2, one E8M0 scale to 32"},
      {"mxfp6-e2m3", "e2m3", "e8m0", 32, false, "OCP MXFP6: E2M3, one E8M0 scale to 32"},
      {"mxfp8-e4m3", "e4m3", "e8m0", 32, false, "OCP MXFP8: E4M3, one E8M0 scale to 32"},
      {"mxfp8-e5m2", "e5m2", "e8m0", 32, false, "OCP MXFP8: E5M2, one E8M0 scale to 32"},
      {"mxint8", "mxint8-element", "e8m0", 32, false, "OCP MXINT8: 8-bit fixed point, one E8M0 scale to 32"},
      {"nvfp4", "e2m1", "ue4m3", 16, true, "NVFP4: E2M1, one E4M3 scale to 16, one FP32 scale a tensor"},
  };
  return formats;
}

const BlockFormat* find_block_format(std::string_view name) {
  for (const BlockFormat& format : block_formats()) {
    if (format.name == name) return &format;
  }
  return nullptr;
}

}  // namespace nibble
