#include "sim/mapper/operation_estimate.hpp"

#include <algorithm>
#include <vector>

#include "sim/mapper/cost_estimate.hpp"
#include "sim/mapper/gemm_search.hpp"
#include "sim/mapper/gemm_space.hpp"
#include "sim/mapper/mapper.hpp"
#include "sim/mapper/operation_key.hpp"
#include "sim/mapper/vector_mapping.hpp"

namespace nibble {
namespace {

/// ESTIMATE: what is held leaves small tiles, each of which waits once for memory: a chain of load, work and store that two
/// slots do not hide. The mapper's own estimate, which ranks tiles of like size, leaves that out.
double tile_cycles(double tiles, const MachineRates& rates) { return tiles * rates.memory_latency_cycles; }

/// Cycles in which the core that fetches most waits for its neighbours' rows before it multiplies.
double fetch_cycles(const OperationResidency& residency, std::uint32_t cores, const MachineRates& rates) {
  std::vector<double> fetched(cores);
  for (const RowFetch& fetch : residency.fetches) fetched[fetch.core] += static_cast<double>(fetch.bytes.value());
  return *std::max_element(fetched.begin(), fetched.end()) / rates.port_bytes_per_cycle;
}

}  // namespace

const std::optional<OperationEstimate>& OperationEstimates::of(std::size_t operation,
                                                               const OperationResidency& residency) {
  std::string& work = works_[operation];
  if (work.empty()) work = work_key(step_, operation);
  const auto [found, fresh] = known_.try_emplace(work + residency_key(residency));
  if (fresh) found->second = estimate(operation, residency);
  return found->second;
}

std::optional<OperationEstimate> OperationEstimates::estimate(std::size_t operation,
                                                              const OperationResidency& residency) const {
  if (residency.occupied >= usable_l1(accelerator_)) return std::nullopt;
  const MachineRates rates{accelerator_};
  if (!step_.operations[operation].gemm) {
    const std::optional<KernelLoad> load = vector_load(step_, operation, accelerator_, residency);
    if (!load) return std::nullopt;
    return OperationEstimate{pipeline_cycles(rates, *load) + tile_cycles(load->streamed_tiles, rates),
                             load->memory_read + load->memory_written};
  }
  const std::optional<GemmChoice> choice = find_tiling(GemmSpace{step_, operation, accelerator_, residency}, {});
  if (!choice) return std::nullopt;
  return OperationEstimate{choice->cycles + tile_cycles(choice->tiles, rates) +
                               fetch_cycles(residency, accelerator_.cores, rates),
                           choice->bytes};
}

}  // namespace nibble
