#include "models/formats/format.hpp"

#include <fmt/format.h>

#include "models/base/error.hpp"

namespace nibble {

Bytes FormatStorage::size(Elements n) const {
  const std::uint64_t scales = scale_bits == 0 ? 0 : ceil_div(n.value(), block) * scale_bits;
  return packed(Bits{n.value() * bits + scales});
}

const std::vector<FormatStorage>& all_formats() {
  static const std::vector<FormatStorage> formats{
      {"fp32", 32, 1, 0, "IEEE binary32, 1-8-23"},
      {"ieee16", 16, 1, 0, "IEEE binary16, 1-5-10"},
      {"bf16", 16, 1, 0, "bfloat16, 1-8-7"},
      {"fp16", 16, 1, 0, "DLFloat16, 1-6-9: IBM's 16-bit training format"},
      {"fp8-143", 8, 1, 0, "HFP8 forward format, 1-4-3"},
      {"fp8-152", 8, 1, 0, "FP8 of 2018 and HFP8 backward format, 1-5-2"},
      {"fp4-radix4", 4, 1, 0, "radix-4 FP4 of 2020, 1-3-0: gradients"},
      {"int8", 8, 1, 0, "signed 8-bit integer"},
      {"int4", 4, 1, 0, "4-bit integer: SAWB weights, PACT activations"},
      {"int2", 2, 1, 0, "2-bit integer: SAWB weights, PACT activations"},
      {"fixed16", 16, 1, 0, "16-bit fixed point with stochastic rounding, 2015"},
      {"int32", 32, 1, 0, "32-bit integer: accumulators, token indices"},
      {"bit", 1, 1, 0, "one bit: masks saved for the backward pass"},
      {"mxfp4", 4, 32, 8, "OCP MXFP4: E2M1, one E8M0 scale to 32"},
      {"nvfp4", 4, 16, 8, "NVFP4: E2M1, one E4M3 scale to 16"},
  };
  return formats;
}

const FormatStorage& format_storage(std::string_view name) {
  std::vector<std::string> known;
  for (const FormatStorage& format : all_formats()) {
    if (format.name == name) return format;
    known.emplace_back(format.name);
  }
  const std::string near = nearest_word(std::string{name}, known);
  throw InputError{"FMT-UNKNOWN", fmt::format("'{}' is not a number format", name),
                   near.empty() ? fmt::format("known: {}", fmt::join(known, ", "))
                                : fmt::format("did you mean '{}'?", near)};
}

}  // namespace nibble
