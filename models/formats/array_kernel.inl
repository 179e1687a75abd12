// The body of array_{baseline,avx2,avx512}.cpp, compiled once for each instruction set: no include guard, no
// includes, nothing from the standard library's templates (an inline function compiled for AVX-512 could be the one
// that the linker keeps for everybody). Everything is in an unnamed namespace for the same reason.
//
// One float becomes one code without a branch, so that the compiler turns the loop into vector code. The steps are
// those of codec.cpp on 32 bits: locate the value between two ordinals, decide, then deal with the ends.

namespace {

using nibble::array_kernel::DecodeRules;
using nibble::array_kernel::Grid;
using nibble::array_kernel::LaneRules;
using std::int32_t;
using std::uint32_t;

/// All ones if the condition holds.
inline uint32_t mask_of(bool condition) { return condition ? ~uint32_t{0} : 0; }
inline uint32_t select(uint32_t mask, uint32_t yes, uint32_t no) { return (mask & yes) | (~mask & no); }

struct Located {
  uint32_t ordinal;
  uint32_t fraction;  ///< of the gap to the next ordinal, in 2^-32, rounded down
};

/// significand (24 bits) x 2^-drop, drop >= 0.
inline Located split(uint32_t significand, int32_t drop) {
  const uint32_t near = static_cast<uint32_t>(drop < 31 ? drop : 31);
  const int32_t beyond = drop - 32;
  const uint32_t far = static_cast<uint32_t>(beyond < 0 ? 0 : (beyond < 31 ? beyond : 31));
  const uint32_t whole = significand >> near;
  // Two shifts: one of 32 - drop is undefined for drop = 0.
  const uint32_t near_fraction = (significand << (31U - near)) << 1;
  return {whole, select(mask_of(drop < 32), near_fraction, significand >> far)};
}

template <Grid grid>
inline Located locate(const LaneRules& rules, uint32_t magnitude) {
  const uint32_t field = magnitude >> 23;
  const uint32_t normal = mask_of(field != 0);
  const uint32_t significand = (magnitude & 0x7fffffU) | (normal & 0x800000U);
  const int32_t exponent = static_cast<int32_t>(select(normal, field, 1U)) - 150;  // value = significand x 2^exponent
  if constexpr (grid == Grid::integer) {
    const int32_t drop = rules.quantum - exponent;
    const int32_t lift = drop < 0 ? (-drop < 31 ? -drop : 31) : 0;
    Located located = split(significand << static_cast<uint32_t>(lift), drop < 0 ? 0 : drop);
    located.ordinal = select(mask_of(drop < 0), significand << static_cast<uint32_t>(lift), located.ordinal);
    located.fraction = select(mask_of(drop < 0), 0, located.fraction);
    return located;
  } else if constexpr (grid == Grid::radix2) {
    const int32_t digit = exponent + 23 - rules.scale_exponent;
    const int32_t clamped = digit < rules.lowest_digit ? rules.lowest_digit : digit;
    Located located = split(significand, clamped - rules.mantissa_bits + rules.scale_exponent - exponent);
    located.ordinal += static_cast<uint32_t>(clamped + rules.digit_offset - 1) << rules.mantissa_bits;
    return located;
  } else {
    // 4^digit <= value < 4^(digit+1): (value / 4^digit - 1) / 3 of the gap.
    const int32_t binary = exponent + 23 - rules.scale_exponent;
    const int32_t digit = binary >> 1;
    const uint32_t above = (significand << static_cast<uint32_t>(binary & 1)) - 0x800000U;  // in 2^-23, below 3 x 2^23
    const uint32_t fraction = ((above / 3U) << 9) + ((above % 3U) << 9) / 3U;
    return {static_cast<uint32_t>(digit + rules.digit_offset), fraction};
  }
}

/// A magnitude below the smallest, 2^smallest_exponent: between zero and that.
inline Located below_smallest(const LaneRules& rules, uint32_t magnitude) {
  const uint32_t field = magnitude >> 23;
  const uint32_t normal = mask_of(field != 0);
  const uint32_t significand = (magnitude & 0x7fffffU) | (normal & 0x800000U);
  const int32_t drop = rules.smallest_exponent + 150 - static_cast<int32_t>(select(normal, field, 1U));
  return {0, split(significand, drop < 0 ? 0 : drop).fraction};
}

template <Grid grid, bool stochastic>
inline uint32_t encode_lane(const LaneRules& rules, uint32_t bits, uint32_t random) {
  const uint32_t negative = mask_of((bits >> 31) != 0);
  const uint32_t magnitude = bits & 0x7fffffffU;
  Located located = locate<grid>(rules, magnitude);

  uint32_t up;
  if constexpr (stochastic) {
    if constexpr (grid != Grid::integer) {
      const uint32_t below = rules.draws_below & mask_of(magnitude < rules.smallest_bits);
      const Located small = below_smallest(rules, magnitude);
      located = {select(below, small.ordinal, located.ordinal), select(below, small.fraction, located.fraction)};
    }
    up = mask_of(random < located.fraction) & 1U;
  } else {
    // A radix-4 fraction is rounded down, which neither makes nor hides a tie: the tie, 1/2, is exact.
    const uint32_t tie = (located.ordinal & rules.tie_even) | rules.tie_away;
    up = (mask_of(located.fraction > rules.half) | (mask_of(located.fraction == rules.half) & tie)) & 1U;
  }
  uint32_t ordinal = located.ordinal + up;

  if constexpr (grid != Grid::integer) {
    const uint32_t flushed = rules.zero_code & mask_of(static_cast<int32_t>(ordinal) < 1);
    ordinal &= ~flushed;
    const uint32_t below = rules.nearest_to_zero & mask_of(magnitude < rules.smallest_bits);
    const uint32_t to_smallest = (mask_of(magnitude > rules.half_smallest_bits) |
                                  (mask_of(magnitude == rules.half_smallest_bits) & rules.smallest_tie)) & 1U;
    ordinal = select(below, to_smallest, ordinal);
  }

  const uint32_t largest = select(negative, rules.largest_negative, rules.largest_positive);
  uint32_t over = mask_of(ordinal > largest);
  if constexpr (grid == Grid::integer) over |= mask_of(magnitude >= rules.overflow_bits);
  uint32_t code;
  if constexpr (grid == Grid::integer) {
    code = select(negative, 0U - ordinal, ordinal) & rules.code_mask;
  } else {
    code = ordinal | (negative & rules.sign_mask);
  }
  code = select(over, select(negative, rules.negative_overflow, rules.positive_overflow), code);
  code = select(mask_of(magnitude == 0x7f800000U), select(negative, rules.negative_infinity, rules.positive_infinity),
                code);
  return select(mask_of(magnitude > 0x7f800000U), select(negative, rules.negative_nan, rules.positive_nan), code);
}

template <Grid grid, bool stochastic, class Code>
void encode_loop(const LaneRules& shared, const float* values, const uint32_t* random, Code* codes,
                 std::size_t count) {
  const LaneRules rules = shared;  // a local copy: a store to codes cannot change it
  for (std::size_t i = 0; i < count; ++i) {
    uint32_t bits;
    __builtin_memcpy(&bits, values + i, sizeof bits);
    codes[i] = static_cast<Code>(encode_lane<grid, stochastic>(rules, bits, stochastic ? random[i] : 0));
  }
}

template <Grid grid, class Code>
void encode_grid(const LaneRules& rules, const float* values, const uint32_t* random, Code* codes,
                 std::size_t count) {
  if (rules.stochastic) {
    encode_loop<grid, true>(rules, values, random, codes, count);
  } else {
    encode_loop<grid, false>(rules, values, random, codes, count);
  }
}

template <class Code>
void encode_lanes(const LaneRules& rules, const float* values, const uint32_t* random, Code* codes,
                  std::size_t count) {
  switch (rules.grid) {
    case Grid::radix2: encode_grid<Grid::radix2>(rules, values, random, codes, count); break;
    case Grid::radix4: encode_grid<Grid::radix4>(rules, values, random, codes, count); break;
    case Grid::integer: encode_grid<Grid::integer>(rules, values, random, codes, count); break;
  }
}

template <Grid grid>
inline float decode_lane(const DecodeRules& rules, uint32_t code) {
  const uint32_t sign = (code & rules.sign_mask) << rules.sign_shift;
  float value;
  if constexpr (grid == Grid::integer) {
    // Sign extension: what the sign bit is worth twice, taken away.
    const int32_t integer = static_cast<int32_t>(code - ((code & rules.sign_mask) << 1));
    return static_cast<float>(integer) * rules.quantum;
  } else {
    const uint32_t magnitude = code & ~rules.sign_mask;
    const float small = static_cast<float>(static_cast<int32_t>(magnitude)) * rules.quantum;
    uint32_t small_bits;
    __builtin_memcpy(&small_bits, &small, sizeof small_bits);
    uint32_t bits = (magnitude << rules.field_shift) + rules.field_offset;
    bits = select(mask_of(magnitude < rules.subnormal_end), small_bits, bits);
    const uint32_t special = select(mask_of(magnitude == rules.infinity_code), 0x7f800000U, 0x7fc00000U);
    bits = select(mask_of(magnitude > rules.largest_finite), special, bits);
    bits |= sign & ~(mask_of(magnitude > rules.largest_finite) & mask_of(magnitude != rules.infinity_code));
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
  }
}

template <Grid grid, class Code>
void decode_loop(const DecodeRules& shared, const Code* codes, float* values, std::size_t count) {
  const DecodeRules rules = shared;
  for (std::size_t i = 0; i < count; ++i) values[i] = decode_lane<grid>(rules, codes[i]);
}

template <class Code>
void decode_lanes(const DecodeRules& rules, const Code* codes, float* values, std::size_t count) {
  if (rules.grid == Grid::integer) {
    decode_loop<Grid::integer>(rules, codes, values, count);
  } else {
    decode_loop<Grid::radix2>(rules, codes, values, count);
  }
}

inline bool divide_floats(const float* values, double divisor, bool exact, float* quotients, std::size_t count) {
  constexpr std::uint64_t kCut = (std::uint64_t{1} << 29) - 1;  // bits that a double has more than a float
  const std::uint64_t cut_is_wrong = exact ? 1 : 0;
  std::uint64_t wrong = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double quotient = static_cast<double>(values[i]) / divisor;
    std::uint64_t bits;
    __builtin_memcpy(&bits, &quotient, sizeof bits);
    const std::uint64_t field = (bits >> 52) & 0x7FF;
    const std::uint64_t cut = (bits & kCut) != 0 ? 1 : 0;
    wrong |= static_cast<std::uint64_t>((field - (1023 - 126) > 253) & (quotient != 0)) | (cut & cut_is_wrong);
    bits = (bits & ~kCut) | (cut << 29);
    double odd;
    __builtin_memcpy(&odd, &bits, sizeof odd);
    quotients[i] = static_cast<float>(odd);
  }
  return wrong == 0;
}

inline uint32_t largest_bits(const float* values, std::size_t count) {
  int32_t largest = 0;
  for (std::size_t i = 0; i < count; ++i) {
    int32_t bits;
    __builtin_memcpy(&bits, values + i, sizeof bits);
    bits &= 0x7fffffff;
    largest = bits > largest ? bits : largest;
  }
  return static_cast<uint32_t>(largest);
}

}  // namespace
