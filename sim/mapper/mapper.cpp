#include "sim/mapper/mapper.hpp"

#include <algorithm>

#include "sim/mapper/gemm_mapping.hpp"
#include "sim/mapper/gemm_search.hpp"
#include "sim/mapper/gemm_space.hpp"
#include "sim/mapper/vector_mapping.hpp"

namespace nibble {
namespace {

constexpr std::uint64_t kLeastScratchpad = 64 * 1024;

}  // namespace

Bytes usable_l1(const Accelerator& accelerator) {
  const L1Scratchpad& l1 = accelerator.core.l1;
  return Bytes{static_cast<std::uint64_t>(static_cast<double>(l1.capacity.value()) * l1.allocatable)};
}

std::vector<Bytes> smaller_scratchpads(const Accelerator& accelerator, std::uint64_t steps) {
  const std::uint64_t own = accelerator.core.l1.capacity.value();
  std::vector<Bytes> smaller;
  for (std::uint64_t power = kLeastScratchpad; power < own; power *= 2) {
    for (std::uint64_t step = 0; step < steps; ++step) {
      const std::uint64_t capacity = power + power * step / steps;
      if (capacity < own) smaller.emplace_back(capacity);
    }
  }
  std::reverse(smaller.begin(), smaller.end());
  return smaller;
}

KernelProgram map_operation(const Step& step, std::size_t operation, const Accelerator& accelerator,
                            const OperationResidency& residency, const MapperOptions& options) {
  if (!step.operations.at(operation).gemm) {
    return build_vector_program(step, operation, accelerator, residency, options);
  }
  const GemmSpace space{step, operation, accelerator, residency};
  return build_gemm_program(space, options.tiling ? *options.tiling : choose_tiling(space, options));
}

}  // namespace nibble
