#include "models/gemm/wide.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "models/formats/codec.hpp"
#include "models/gemm/accumulate.hpp"

namespace nibble {
namespace {

/// GCC and Clang have them on every 64-bit machine; ISO C++ has no names for them.
__extension__ using SignedWide = __int128;
__extension__ using Wide = unsigned __int128;

/// The top 64 bits of integer x 2^exponent, and whether there was more.
Unrounded unrounded(SignedWide integer, int exponent) {
  const bool negative = integer < 0;
  const Wide magnitude = negative ? -static_cast<Wide>(integer) : static_cast<Wide>(integer);
  const auto high = static_cast<std::uint64_t>(magnitude >> 64);
  if (high == 0) return {negative, static_cast<std::uint64_t>(magnitude), exponent, false};
  const int drop = 64 - std::countl_zero(high);
  const bool sticky = (magnitude & ((Wide{1} << drop) - 1)) != 0;
  return {negative, static_cast<std::uint64_t>(magnitude >> drop), exponent + drop, sticky};
}

int top_bit(std::int64_t integer) {
  return 64 - std::countl_zero(static_cast<std::uint64_t>(integer < 0 ? -integer : integer));
}

}  // namespace

WideAccumulator::WideAccumulator(const GemmArithmetic& arithmetic, const Matrix& a, const Matrix& b)
    : arithmetic_{arithmetic}, a_{a}, b_{b} {}

WideAccumulator::Term WideAccumulator::term_of(double value) {
  if (value == 0) return {};
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  const auto integer = static_cast<std::int64_t>(std::ldexp(fraction, 53));
  const int zeros = std::countr_zero(static_cast<std::uint64_t>(integer));
  return {integer / (std::int64_t{1} << zeros), exponent - 53 + zeros};
}

void WideAccumulator::load(Terms& terms, std::size_t index, const float* values, std::size_t stride,
                           std::size_t count) {
  if (terms.index == index) return;
  terms.index = index;
  terms.finite = true;
  terms.terms.resize(count);
  for (std::size_t k = 0; k < count; ++k) {
    const float value = values[k * stride];
    terms.finite = terms.finite && std::isfinite(value);
    terms.terms[k] = std::isfinite(value) ? term_of(double{value}) : Term{};
  }
}

bool WideAccumulator::add(const NumberFormat& format, double& value) {
  if (value != 0) sum_.push_back(term_of(value));
  if (sum_.empty()) return true;
  int lowest = sum_.front().exponent, highest = lowest;
  for (const Term& term : sum_) {
    lowest = std::min(lowest, term.exponent);
    highest = std::max(highest, term.exponent + top_bit(term.integer));
  }
  const int carries = static_cast<int>(std::bit_width(sum_.size()));
  if (highest - lowest + carries > 126) return false;
  SignedWide total = 0;
  for (const Term& term : sum_) total += SignedWide{term.integer} * (SignedWide{1} << (term.exponent - lowest));
  sum_.clear();
  value = decode(format, encode(format, format.conversion, unrounded(total, lowest)).code) + 0.0;
  return true;
}

double WideAccumulator::element(std::size_t m, std::size_t n) {
  const std::size_t k = a_.columns;
  const float* a = a_.values.data() + m * k;
  const float* b = b_.values.data() + n;
  const std::uint64_t index = m * b_.columns + n;
  load(row_, m, a, 1, k);
  load(column_, n, b, b_.columns, k);
  const auto by_definition = [&] { return accumulate_element(arithmetic_, a, 1, b, b_.columns, k, index); };
  if (!row_.finite || !column_.finite) return by_definition();
  const std::size_t chunk_length = arithmetic_.chunk_length == 0 ? k : arithmetic_.chunk_length;
  double total = 0, chunk = 0;
  sum_.clear();
  for (std::size_t begin = 0; begin < k; begin += chunk_length) {
    const std::size_t end = std::min(k, begin + chunk_length);
    chunk = 0;
    for (std::size_t at = begin; at < end;) {
      const std::size_t tree_end = std::min<std::size_t>(end, at + arithmetic_.tree_width);
      for (; at < tree_end; ++at) {
        const Term &x = row_.terms[at], &y = column_.terms[at];
        if (x.integer != 0 && y.integer != 0) sum_.push_back({x.integer * y.integer, x.exponent + y.exponent});
      }
      // An accumulator that overflowed into an infinity or NaN is the definition's business.
      if (!add(arithmetic_.accumulator, chunk) || !std::isfinite(chunk)) return by_definition();
    }
    if (arithmetic_.chunk_length == 0) return chunk;
    if (chunk != 0) sum_.push_back(term_of(chunk));
    if (!add(arithmetic_.chunk_accumulator, total) || !std::isfinite(total)) return by_definition();
  }
  return total;
}

}  // namespace nibble
