#include "models/gemm/plan.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace nibble {
namespace {

using tile_kernel::Arithmetic;
using tile_kernel::Plan;
using tile_kernel::RoundingRule;

int significand_bits(Arithmetic arithmetic) { return arithmetic == Arithmetic::float64 ? 53 : 24; }

bool integer_rule_holds(const NumberFormat& format, Arithmetic arithmetic, const SumRange& range) {
  // Sums of a register and a tree stay within 53 bits, and no fraction is ever rounded.
  return arithmetic == Arithmetic::float64 && format.is_signed && format.symmetric && range.finite &&
         range.lowest >= format.scale_exponent && range.fits(52) &&
         range.tree < std::ldexp(1.0, 51 + format.scale_exponent);
}

bool floating_rule_holds(const NumberFormat& format, Arithmetic arithmetic, const SumRange& range) {
  const Rounding rounding = format.conversion.rounding;
  if (format.log2_radix != 1 || format.lowest == LowestBinade::normal || !format.is_signed) return false;
  if (rounding == Rounding::stochastic) return false;
  // Infinities and NaNs follow the processor's rules only in formats that have them.
  if (!range.finite && (!format.has_nan() || rounding == Rounding::toward_zero)) return false;
  const int drop = significand_bits(arithmetic) - static_cast<int>(format.precision());
  if (drop < 2 && (drop != 0 || rounding != Rounding::nearest_even)) return false;
  // Below the smallest magnitude: either nothing ever comes there, or it is flushed after rounding.
  const double step = std::ldexp(1.0, range.lowest);
  if (format.lowest == LowestBinade::subnormal) return range.lowest >= format.quantum_exponent();
  return format.conversion.underflow == Underflow::round_then_flush || step >= format.smallest();
}

bool rule_holds(const NumberFormat& format, Arithmetic arithmetic, const SumRange& range) {
  return format.encoding == Encoding::integer ? integer_rule_holds(format, arithmetic, range)
                                              : floating_rule_holds(format, arithmetic, range);
}

RoundingRule integer_rule(const NumberFormat& format) {
  RoundingRule rule;
  rule.identity = true;
  rule.largest = format.largest();
  rule.beyond = format.largest();
  return rule;
}

/// The bound of `steps` accumulations of sums of `total` in all, each rounded: every rounding adds at most one part
/// in 2^precision, and (1 + 2^-p)^n <= 2 while n <= 2^p ln 2.
bool stays_within(const NumberFormat& format, const SumRange& range, std::size_t steps) {
  const double rounds = std::ldexp(1.0, static_cast<int>(format.precision())) * 0.69;
  return range.finite && static_cast<double>(steps) <= rounds && 2 * range.total <= format.largest() &&
         std::ldexp(1.0, range.lowest) >= format.smallest();
}

RoundingRule floating_rule(const NumberFormat& format, Arithmetic arithmetic, const SumRange& range,
                           std::size_t steps) {
  const Rounding rounding = format.conversion.rounding;
  RoundingRule rule;
  rule.drop = static_cast<std::uint32_t>(significand_bits(arithmetic)) - format.precision();
  rule.identity = rule.drop == 0;
  rule.keep = ~((std::uint64_t{1} << rule.drop) - 1);
  if (!rule.identity) {
    const std::uint64_t half = std::uint64_t{1} << (rule.drop - 1);
    rule.sticky = rounding == Rounding::nearest_even || rounding == Rounding::radix4_threshold;
    rule.increment = rounding == Rounding::toward_zero ? 0 : (rule.sticky ? half - 1 : half);
    rule.even = rounding == Rounding::nearest_even ? 1 : 0;
  }
  rule.bounded = stays_within(format, range, steps);
  rule.smallest = format.lowest == LowestBinade::zero_code ? format.smallest() : 0;
  rule.largest = format.largest();
  const bool special = format.conversion.overflow == Overflow::special && format.has_nan() &&
                       rounding != Rounding::toward_zero;
  const bool infinity = format.specials == Specials::ieee;
  rule.beyond = !special ? format.largest()
                         : (infinity ? std::numeric_limits<double>::infinity()
                                     : std::numeric_limits<double>::quiet_NaN());
  return rule;
}

RoundingRule make_rule(const NumberFormat& format, Arithmetic arithmetic, const SumRange& range, std::size_t steps) {
  return format.encoding == Encoding::integer ? integer_rule(format)
                                              : floating_rule(format, arithmetic, range, steps);
}

}  // namespace

void OperandRange::include(const tile_kernel::Scan& scan) {
  OperandRange range;
  range.finite = scan.special == 0;
  range.lowest = scan.lowest;
  range.largest = std::bit_cast<float>(scan.largest);
  include(range);
}

void OperandRange::include(const OperandRange& other) {
  finite = finite && other.finite;
  if (other.largest == 0) return;
  lowest = largest == 0 ? other.lowest : std::min(lowest, other.lowest);
  largest = std::max(largest, other.largest);
}

SumRange::SumRange(const OperandRange& a, const OperandRange& b, std::size_t width, std::size_t count)
    : lowest{a.lowest + b.lowest},
      tree{a.largest * b.largest * static_cast<double>(width)},
      total{a.largest * b.largest * static_cast<double>(count)},
      finite{a.finite && b.finite} {}

bool SumRange::fits(int bits) const { return tree <= std::ldexp(1.0, lowest + bits); }

bool has_rules(const GemmArithmetic& gemm, Arithmetic arithmetic, const SumRange& range) {
  return rule_holds(gemm.accumulator, arithmetic, range) &&
         (gemm.chunk_length == 0 || rule_holds(gemm.chunk_accumulator, arithmetic, range));
}

Plan make_plan(const GemmArithmetic& gemm, Arithmetic arithmetic, const SumRange& range, std::size_t k,
               const std::vector<tile_kernel::Tree>& trees) {
  const std::size_t chunks = gemm.chunk_length == 0 ? 0 : k / gemm.chunk_length + 1;
  const std::size_t steps = trees.size() + chunks;
  Plan plan;
  plan.arithmetic = arithmetic;
  plan.chunked = gemm.chunk_length != 0;
  plan.chunk = make_rule(gemm.accumulator, arithmetic, range, steps);
  plan.total = plan.chunked ? make_rule(gemm.chunk_accumulator, arithmetic, range, steps) : plan.chunk;
  if (arithmetic == Arithmetic::int16) {  // registers hold multiples of the unit: it scales the ends of the range
    plan.unit = std::ldexp(1.0, range.lowest);
    for (RoundingRule* rule : {&plan.chunk, &plan.total}) {
      rule->smallest /= plan.unit;
      rule->largest /= plan.unit;
      rule->beyond /= plan.unit;
    }
  }
  plan.trees = trees.data();
  plan.tree_count = trees.size();
  return plan;
}

std::vector<TreeSpan> tree_spans(const GemmArithmetic& gemm, std::size_t k) {
  const std::size_t chunk_length = gemm.chunk_length == 0 ? k : gemm.chunk_length;
  std::vector<TreeSpan> spans;
  for (std::size_t begin = 0; begin < k; begin += chunk_length) {
    const std::size_t end = std::min(k, begin + chunk_length);
    for (std::size_t at = begin; at < end; at += gemm.tree_width) {
      const std::size_t length = std::min<std::size_t>(gemm.tree_width, end - at);
      spans.push_back({at, length, gemm.chunk_length != 0 && at + length == end});
    }
  }
  return spans;
}

}  // namespace nibble
