#include "sim/mapper/held_weights.hpp"

#include <algorithm>

#include "sim/mapper/mapper.hpp"

namespace nibble {
namespace {

// ESTIMATE: a core's share of held weights takes no more than so many percent of the usable L1: a product of few rows needs
// little room beside them.
constexpr std::uint64_t kLargestPercent = 62;

bool multiplies_weights(const Operation& operation) {
  return operation.gemm && operation.gemm->b_is_weights && operation.gemm->count == 1;
}

/// True if `next` is the same product of the same weights as `first`: an LSTM's next step. Not of a convolution: those that a
/// strided one's dgrad consists of read different parts of its weights.
bool repeats(const Operation& first, const Operation& next) {
  if (!next.gemm || next.pass != first.pass || next.gemm->geometry) return false;
  const GemmWork &a = *first.gemm, &b = *next.gemm;
  return a.m == b.m && a.n == b.n && a.k == b.k && a.count == b.count && first.reads[1].tensor == next.reads[1].tensor &&
         first.reads[1].bytes == next.reads[1].bytes;
}

/// The GEMMs from `first` on that multiply the same weights, with vector work alone between them.
std::vector<std::size_t> repetitions(const Step& step, std::size_t first) {
  const Operation& operation = step.operations[first];
  const auto changes_weights = [&](const TensorUse& write) { return write.tensor == operation.reads[1].tensor; };
  std::vector<std::size_t> same{first};
  for (std::size_t i = first + 1; i < step.operations.size(); ++i) {
    const Operation& next = step.operations[i];
    if (next.gemm && !repeats(operation, next)) break;
    if (std::any_of(next.writes.begin(), next.writes.end(), changes_weights)) break;
    if (next.gemm) same.push_back(i);
  }
  return same;
}

bool worth_holding(const Operation& product, Bytes share, const Accelerator& accelerator) {
  Bytes results;
  for (const TensorUse& write : product.writes) results += write.bytes;
  // Results that would be held by samples instead are stored and read.
  if (product.reads[1].bytes <= results * 2 || product.gemm->n < accelerator.cores) return false;
  return share.value() * 100 <= usable_l1(accelerator).value() * kLargestPercent;
}

}  // namespace

std::vector<HeldWeights> weights_to_hold(const Step& step, const Accelerator& accelerator) {
  std::vector<HeldWeights> all;
  for (std::size_t i = 0; i < step.operations.size(); ++i) {
    const Operation& operation = step.operations[i];
    if (!multiplies_weights(operation)) continue;
    HeldWeights held{repetitions(step, i), Bytes{ceil_div(operation.reads[1].bytes.value(), accelerator.cores)}};
    i = held.products.back();
    if (held.products.size() > 1 && worth_holding(operation, held.share, accelerator)) all.push_back(std::move(held));
  }
  return all;
}

}  // namespace nibble
