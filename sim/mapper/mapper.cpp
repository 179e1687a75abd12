#include "sim/mapper/mapper.hpp"

#include "sim/mapper/gemm_mapping.hpp"
#include "sim/mapper/gemm_search.hpp"
#include "sim/mapper/gemm_space.hpp"
#include "sim/mapper/vector_mapping.hpp"

namespace nibble {

Bytes usable_l1(const Accelerator& accelerator) {
  const L1Scratchpad& l1 = accelerator.core.l1;
  return Bytes{static_cast<std::uint64_t>(static_cast<double>(l1.capacity.value()) * l1.allocatable)};
}

KernelProgram map_operation(const Step& step, std::size_t operation, const Accelerator& accelerator,
                            const OperationResidency& residency, const MapperOptions& options) {
  if (!step.operations.at(operation).gemm) {
    return build_vector_program(step, operation, accelerator, residency, options);
  }
  const GemmSpace space{step, operation, accelerator, residency};
  return build_gemm_program(space, choose_tiling(space, options));
}

}  // namespace nibble
