#include "models/formats/array.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "models/base/check.hpp"
#include "models/formats/array_kernel.hpp"

namespace nibble::array_kernel {

const Kernels& kernels_of(SimdLevel level) {
  NIBBLE_CHECK(level <= best_simd_level(), "this machine has no {}", word_of(level));
  switch (level) {
    case SimdLevel::avx512: return kAvx512;
    case SimdLevel::avx2: return kAvx2;
    case SimdLevel::baseline: break;
  }
  return kBaseline;
}

}  // namespace nibble::array_kernel

namespace nibble {
namespace {

using array_kernel::Grid;
using array_kernel::kernels_of;
using array_kernel::LaneRules;

constexpr std::size_t kBatch = 1024;  // elements whose random bits are drawn at a time: they stay in the L1 cache

std::uint32_t all_ones_if(bool condition) { return condition ? ~std::uint32_t{0} : 0; }

Grid grid_of(const NumberFormat& format) {
  if (format.encoding == Encoding::integer) return Grid::integer;
  return format.log2_radix == 1 ? Grid::radix2 : Grid::radix4;
}

/// Whether the 32-bit lanes can do the format at all; if not, every element goes through encode().
bool has_lanes(const NumberFormat& format) {
  if (format.encoding == Encoding::integer) return format.bits < 32 || format.is_signed;
  const bool in_float_range = format.smallest() >= std::numeric_limits<float>::min() ||
                              (format.lowest == LowestBinade::subnormal && format.bias <= 127);
  return format.log2_radix <= 2 && in_float_range && format.lowest != LowestBinade::normal;
}

/// Whether stochastic rounding draws between zero and the smallest magnitude: there are no subnormals between.
bool draws_below_smallest(const NumberFormat& format, const Conversion& conversion) {
  return conversion.rounding == Rounding::stochastic && format.encoding == Encoding::floating &&
         format.lowest == LowestBinade::zero_code;
}

/// Between zero and a smallest magnitude that is no power of two a draw needs a division that the lanes don't do; those few
/// elements are done again by encode().
bool redoes_small_values(const NumberFormat& format, const Conversion& conversion) {
  return draws_below_smallest(format, conversion) && format.mantissa_bits != 0;
}

LaneRules lane_rules(const NumberFormat& format, const Conversion& conversion) {
  const Rounding rounding = conversion.rounding;
  LaneRules rules;
  rules.grid = grid_of(format);
  rules.stochastic = rounding == Rounding::stochastic;
  rules.mantissa_bits = static_cast<std::int32_t>(format.mantissa_bits);
  rules.lowest_digit = format.lowest == LowestBinade::subnormal ? 1 - format.bias
                                                                : std::numeric_limits<std::int32_t>::min();
  rules.digit_offset = format.bias;
  rules.quantum = format.scale_exponent;
  rules.scale_exponent = format.scale_exponent;
  const bool zero_code = format.lowest == LowestBinade::zero_code;
  rules.zero_code = all_ones_if(zero_code);
  rules.nearest_to_zero = all_ones_if(zero_code && conversion.underflow == Underflow::nearest &&
                                      rounding != Rounding::stochastic && rounding != Rounding::toward_zero);
  rules.draws_below = all_ones_if(draws_below_smallest(format, conversion) && format.mantissa_bits == 0);
  rules.smallest_exponent = format.encoding == Encoding::floating ? std::ilogb(format.smallest()) : 0;
  rules.smallest_bits = std::bit_cast<std::uint32_t>(static_cast<float>(format.smallest()));
  rules.half_smallest_bits = std::bit_cast<std::uint32_t>(static_cast<float>(format.smallest() / 2));
  rules.half = rounding == Rounding::toward_zero ? ~std::uint32_t{0} : 0x80000000U;
  rules.tie_even = rounding == Rounding::nearest_even ? 1 : 0;
  rules.tie_away = rounding == Rounding::nearest_away ? 1 : 0;
  rules.smallest_tie = rules.tie_away;  // to even: zero's code is even
  rules.largest_positive = format.largest_code();
  rules.largest_negative = format.largest_negative();
  const double beyond = std::ldexp(1.0, static_cast<int>(format.precision()) + format.scale_exponent + 1);
  rules.overflow_bits = std::bit_cast<std::uint32_t>(static_cast<float>(beyond));
  const auto code = [&](double value) { return encode(format, conversion, value).code; };
  // Far beyond every float format's range, so that only the overflow rule speaks.
  constexpr double kHuge = std::numeric_limits<double>::max();
  rules.positive_overflow = code(kHuge);
  rules.negative_overflow = code(-kHuge);
  rules.positive_infinity = code(std::numeric_limits<double>::infinity());
  rules.negative_infinity = code(-std::numeric_limits<double>::infinity());
  rules.positive_nan = code(std::numeric_limits<double>::quiet_NaN());
  rules.negative_nan = code(-std::numeric_limits<double>::quiet_NaN());
  rules.sign_mask = format.sign_mask();
  rules.code_mask = format.code_mask();
  return rules;
}

template <class Code>
array_kernel::EncodeLanes<Code> encoder_of(SimdLevel level) {
  const array_kernel::Kernels& kernels = kernels_of(level);
  if constexpr (sizeof(Code) == 1) return kernels.to8;
  else if constexpr (sizeof(Code) == 2) return kernels.to16;
  else return kernels.to32;
}

template <class Code>
array_kernel::DecodeLanes<Code> decoder_of(SimdLevel level) {
  const array_kernel::Kernels& kernels = kernels_of(level);
  if constexpr (sizeof(Code) == 1) return kernels.from8;
  else if constexpr (sizeof(Code) == 2) return kernels.from16;
  else return kernels.from32;
}

/// Whether floats hold the format's values as normal numbers, or as the same subnormals.
bool decodes_in_lanes(const NumberFormat& format) {
  if (format.encoding == Encoding::integer) {
    return (format.bits < 32 || format.is_signed) && std::abs(format.scale_exponent) < 100;
  }
  const bool is_float = format.bias == 127 && format.exponent_bits == 8 && format.lowest == LowestBinade::subnormal;
  return is_float || (format.smallest_normal() >= std::numeric_limits<float>::min() &&
                      format.smallest() >= 0x1p-140 && format.largest() <= std::numeric_limits<float>::max() &&
                      format.lowest != LowestBinade::normal);
}

array_kernel::DecodeRules decode_rules(const NumberFormat& format) {
  array_kernel::DecodeRules rules;
  rules.grid = grid_of(format);
  rules.sign_mask = format.sign_mask();
  rules.code_mask = format.code_mask();
  rules.sign_shift = 32 - format.bits;
  const int quantum = format.quantum_exponent();
  rules.quantum = std::ldexp(1.0F, quantum);
  if (format.encoding == Encoding::integer) return rules;
  const auto radix_bits = static_cast<int>(format.log2_radix);
  rules.field_shift = 23 - format.mantissa_bits + (format.log2_radix - 1);
  rules.field_offset = static_cast<std::uint32_t>(127 - format.bias * radix_bits + format.scale_exponent) << 23;
  // Subnormals by multiplication; in formats without them, only zero.
  rules.subnormal_end = format.lowest == LowestBinade::subnormal ? format.smallest_normal_code() : 1;
  rules.largest_finite = format.largest_code();
  rules.infinity_code = format.specials == Specials::ieee ? format.overflow_code() : 0;
  return rules;
}

template <class Code>
void encode_any(const NumberFormat& format, const Conversion& conversion, std::span<const float> values,
                std::span<Code> codes, const RandomSource& source, SimdLevel level) {
  NIBBLE_CHECK(format.bits <= 8 * sizeof(Code), "{} codes are {} bits wide", format.name, format.bits);
  NIBBLE_CHECK(codes.size() == values.size(), "{} codes for {} values", codes.size(), values.size());
  const RandomBits random{source.seed, source.tensor};
  const bool stochastic = conversion.rounding == Rounding::stochastic;
  if (!has_lanes(format)) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::uint32_t bits = stochastic ? random.at(source.first_index + i) : 0;
      codes[i] = static_cast<Code>(encode(format, conversion, double{values[i]}, bits).code);
    }
    return;
  }
  const LaneRules rules = lane_rules(format, conversion);
  const auto kernel = encoder_of<Code>(level);
  if (!stochastic) {
    kernel(rules, values.data(), nullptr, codes.data(), values.size());
    return;
  }
  const bool redo = redoes_small_values(format, conversion);
  const auto smallest = static_cast<float>(format.smallest());
  std::array<std::uint32_t, kBatch> bits;
  for (std::size_t at = 0; at < values.size(); at += kBatch) {
    const std::size_t count = std::min(kBatch, values.size() - at);
    random.fill(source.first_index + at, {bits.data(), count});
    kernel(rules, values.data() + at, bits.data(), codes.data() + at, count);
    for (std::size_t i = 0; redo && i < count; ++i) {
      if (std::fabs(values[at + i]) < smallest) {
        codes[at + i] = static_cast<Code>(encode(format, conversion, double{values[at + i]}, bits[i]).code);
      }
    }
  }
}

template <class Code>
void decode_any(const NumberFormat& format, std::span<const Code> codes, std::span<float> values, SimdLevel level) {
  NIBBLE_CHECK(codes.size() == values.size(), "{} values for {} codes", values.size(), codes.size());
  if (decodes_in_lanes(format)) {
    decoder_of<Code>(level)(decode_rules(format), codes.data(), values.data(), codes.size());
    return;
  }
  for (std::size_t i = 0; i < codes.size(); ++i) values[i] = static_cast<float>(decode(format, codes[i]));
}

}  // namespace

void encode_array(const NumberFormat& format, const Conversion& conversion, std::span<const float> values,
                  std::span<std::uint8_t> codes, const RandomSource& random, SimdLevel level) {
  encode_any(format, conversion, values, codes, random, level);
}
void encode_array(const NumberFormat& format, const Conversion& conversion, std::span<const float> values,
                  std::span<std::uint16_t> codes, const RandomSource& random, SimdLevel level) {
  encode_any(format, conversion, values, codes, random, level);
}
void encode_array(const NumberFormat& format, const Conversion& conversion, std::span<const float> values,
                  std::span<std::uint32_t> codes, const RandomSource& random, SimdLevel level) {
  encode_any(format, conversion, values, codes, random, level);
}

void decode_array(const NumberFormat& format, std::span<const std::uint8_t> codes, std::span<float> values,
                  SimdLevel level) {
  decode_any(format, codes, values, level);
}
void decode_array(const NumberFormat& format, std::span<const std::uint16_t> codes, std::span<float> values,
                  SimdLevel level) {
  decode_any(format, codes, values, level);
}
void decode_array(const NumberFormat& format, std::span<const std::uint32_t> codes, std::span<float> values,
                  SimdLevel level) {
  decode_any(format, codes, values, level);
}

void round_array(const NumberFormat& format, const Conversion& conversion, std::span<const float> in,
                 std::span<float> out, const RandomSource& random, SimdLevel level) {
  NIBBLE_CHECK(in.size() == out.size(), "{} values into {}", in.size(), out.size());
  std::array<std::uint32_t, kBatch> codes;
  const bool in_lanes = has_lanes(format) && decodes_in_lanes(format) && conversion.rounding != Rounding::stochastic;
  const LaneRules encode_rules = in_lanes ? lane_rules(format, conversion) : LaneRules{};
  const array_kernel::DecodeRules back = in_lanes ? decode_rules(format) : array_kernel::DecodeRules{};
  const array_kernel::Kernels& kernels = kernels_of(level);
  for (std::size_t at = 0; at < in.size(); at += kBatch) {
    const std::size_t count = std::min(kBatch, in.size() - at);
    if (in_lanes) {
      kernels.to32(encode_rules, in.data() + at, nullptr, codes.data(), count);
      kernels.from32(back, codes.data(), out.data() + at, count);
      continue;
    }
    const RandomSource here{random.seed, random.tensor, random.first_index + at};
    encode_array(format, conversion, in.subspan(at, count), std::span{codes.data(), count}, here, level);
    decode_array(format, std::span<const std::uint32_t>{codes.data(), count}, out.subspan(at, count), level);
  }
}

}  // namespace nibble
