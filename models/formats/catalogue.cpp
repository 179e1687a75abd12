#include "models/formats/number_format.hpp"

namespace nibble {
namespace {

constexpr Conversion kIeee{Rounding::nearest_even, Overflow::special, Underflow::nearest, NanHandling::zero};
constexpr Conversion kOcp{Rounding::nearest_even, Overflow::saturate, Underflow::nearest, NanHandling::zero};
// DLFloat's one rounding mode; its operands' descendants are assumed to follow it.
constexpr Conversion kDlfloat{Rounding::nearest_away, Overflow::special, Underflow::round_then_flush,
                              NanHandling::zero};
constexpr Conversion kHfp8{Rounding::nearest_away, Overflow::saturate, Underflow::round_then_flush,
                           NanHandling::zero};
constexpr Conversion kRadix4{Rounding::radix4_threshold, Overflow::saturate, Underflow::round_then_flush,
                             NanHandling::zero};
constexpr Conversion kStochastic{Rounding::stochastic, Overflow::saturate, Underflow::nearest, NanHandling::zero};

NumberFormat floating(std::string name, unsigned exponent_bits, unsigned mantissa_bits, int bias, Specials specials,
                      LowestBinade lowest, const Conversion& conversion, std::string description) {
  NumberFormat format;
  format.name = std::move(name);
  format.bits = 1 + exponent_bits + mantissa_bits;
  format.exponent_bits = exponent_bits;
  format.mantissa_bits = mantissa_bits;
  format.bias = bias;
  format.specials = specials;
  format.lowest = lowest;
  format.conversion = conversion;
  format.description = std::move(description);
  return format;
}

NumberFormat unsigned_floating(NumberFormat format) {
  format.bits -= 1;
  format.is_signed = false;
  return format;
}

NumberFormat radix4(std::string name, int scale_exponent, std::string description) {
  NumberFormat format = floating(std::move(name), 3, 0, 4, Specials::none, LowestBinade::zero_code, kRadix4,
                                 std::move(description));
  format.log2_radix = 2;
  format.scale_exponent = scale_exponent;
  return format;
}

NumberFormat integer(std::string name, unsigned bits, bool is_signed, bool symmetric, int scale_exponent,
                     const Conversion& conversion, std::string description) {
  NumberFormat format;
  format.name = std::move(name);
  format.bits = bits;
  format.encoding = Encoding::integer;
  format.is_signed = is_signed;
  format.symmetric = symmetric;
  format.scale_exponent = scale_exponent;
  format.conversion = conversion;
  format.description = std::move(description);
  return format;
}

}  // namespace

// Layouts: IEEE 754-2019; OCP 8-bit FP and MX v1.0; DLFloat (ARITH 2019). What no source settles is a default that
// number_format's settings override: README.md, "Parameters".
const std::vector<NumberFormat>& element_formats() {
  using enum Specials;
  using enum LowestBinade;
  static const std::vector<NumberFormat> formats{
      floating("fp32", 8, 23, 127, ieee, subnormal, kIeee, "IEEE binary32, 1-8-23"),
      floating("ieee16", 5, 10, 15, ieee, subnormal, kIeee, "IEEE binary16, 1-5-10"),
      floating("bf16", 8, 7, 127, ieee, subnormal, kIeee, "bfloat16, 1-8-7"),
      floating("fp16", 6, 9, 31, all_ones_nan_inf, zero_code, kDlfloat,
               "DLFloat16, 1-6-9: IBM's 16-bit training format"),
      floating("fp8-143", 4, 3, 11, none, zero_code, kHfp8, "HFP8 forward format, 1-4-3"),
      floating("fp8-152", 5, 2, 15, all_ones_nan_inf, zero_code, kHfp8,
               "FP8 of 2018 and HFP8 backward format, 1-5-2"),
      floating("fp9-153", 5, 3, 15, all_ones_nan_inf, zero_code, kHfp8,
               "1-5-3: holds both HFP8 formats exactly, inside the multiplier"),
      floating("e4m3", 4, 3, 7, all_ones_nan, subnormal, kOcp, "OCP FP8 E4M3"),
      floating("e5m2", 5, 2, 15, ieee, subnormal, kOcp, "OCP FP8 E5M2"),
      floating("e3m2", 3, 2, 3, none, subnormal, kOcp, "OCP FP6 E3M2"),
      floating("e2m3", 2, 3, 1, none, subnormal, kOcp, "OCP FP6 E2M3"),
      floating("e2m1", 2, 1, 1, none, subnormal, kOcp, "OCP FP4 E2M1"),
      radix4("fp4-radix4", 0, "radix-4 FP4 of 2020, 1-3-0: gradients, even phase 4^k"),
      radix4("fp4-radix4-odd", 1, "radix-4 FP4 of 2020, odd phase 2 x 4^k"),
      floating("fp4-luq", 3, 0, 1, none, zero_code, kStochastic, "radix-2 FP4 of LUQ, 1-3-0: gradients"),
      integer("int8", 8, true, true, 0, kOcp, "signed 8-bit integer, -127 to 127"),
      integer("int4", 4, true, true, 0, kOcp, "signed 4-bit integer, -7 to 7: SAWB weights"),
      integer("int2", 2, true, true, 0, kOcp, "signed 2-bit integer, -1 to 1: SAWB weights"),
      integer("uint8", 8, false, false, 0, kOcp, "unsigned 8-bit integer: PACT activations"),
      integer("uint4", 4, false, false, 0, kOcp, "unsigned 4-bit integer: PACT activations"),
      integer("uint2", 2, false, false, 0, kOcp, "unsigned 2-bit integer: PACT activations"),
      integer("fixed16", 16, true, false, -8, kStochastic,
              "fixed point <8,8> with stochastic rounding, 2015; other splits: fixed16:il=2,fl=14"),
      integer("int32", 32, true, false, 0, kOcp, "32-bit integer: accumulators, token indices"),
      integer("bit", 1, false, false, 0, kOcp, "one bit: masks saved for the backward pass"),
      integer("mxint8-element", 8, true, true, -6, kOcp, "MXINT8's element: 8-bit fixed point, 6 fraction bits"),
      unsigned_floating(floating("ue4m3", 4, 3, 7, all_ones_nan, subnormal, kOcp, "NVFP4's block scale")),
      unsigned_floating(floating("e8m0", 8, 0, 127, all_ones_nan, normal, kOcp, "OCP MX block scale, 2^(e-127)")),
  };
  return formats;
}

}  // namespace nibble
