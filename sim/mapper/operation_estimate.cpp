#include "sim/mapper/operation_estimate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

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
  if (residency.fetches.empty()) return 0;
  std::vector<double> fetched(cores);
  for (const RowFetch& fetch : residency.fetches) fetched[fetch.core] += static_cast<double>(fetch.bytes.value());
  return *std::max_element(fetched.begin(), fetched.end()) / rates.port_bytes_per_cycle;
}

}  // namespace

OperationEstimates::OperationEstimates(const Step& step, const Accelerator& accelerator)
    : step_{step}, accelerator_{accelerator}, rates_{accelerator} {
  std::unordered_map<std::string, std::uint32_t> numbers;
  for (std::size_t i = 0; i < step.operations.size(); ++i) {
    works_.push_back(numbers.emplace(work_key(step, i), static_cast<std::uint32_t>(numbers.size())).first->second);
  }
}

std::size_t OperationEstimates::add_scratchpad(Bytes capacity) {
  Scratchpad scratchpad{accelerator_, {}, {}};
  scratchpad.machine.core.l1.capacity = capacity;
  scratchpad.usable = usable_l1(scratchpad.machine);
  scratchpad.lacks = lacks_of_smaller(scratchpad.machine);
  scratchpads_.push_back(std::move(scratchpad));
  return scratchpads_.size() - 1;
}

std::uint32_t OperationEstimates::variant(std::size_t operation, const OperationResidency& residency) {
  OperationResidency beside = residency;
  beside.occupied = {};
  const auto [found, fresh] = variant_numbers_.try_emplace(fmt::format("{}/{}", works_[operation], residency_key(beside)),
                                                           static_cast<std::uint32_t>(variants_.size()));
  if (fresh) variants_.emplace_back();
  return found->second;
}

const std::optional<OperationEstimate>& OperationEstimates::of(std::size_t operation, const OperationResidency& residency,
                                                               std::size_t scratchpad) {
  const std::uint32_t number = variant(operation, residency);
  const auto [found, fresh] = known_.try_emplace({number, residency.occupied.value(), scratchpad});
  if (fresh) found->second = estimate(operation, residency, scratchpads_[scratchpad], variants_[number]);
  return found->second;
}

std::optional<OperationEstimate> OperationEstimates::estimate(std::size_t operation, const OperationResidency& residency,
                                                              const Scratchpad& scratchpad, Variant& variant) {
  if (residency.occupied >= scratchpad.usable) return std::nullopt;
  if (!step_.operations[operation].gemm) {
    const std::optional<KernelLoad> load = vector_load(step_, operation, scratchpad.machine, residency);
    if (!load) return std::nullopt;
    return OperationEstimate{pipeline_cycles(rates_, *load) + tile_cycles(load->streamed_tiles, rates_),
                             load->memory_read + load->memory_written};
  }
  if (!variant.search) variant.search = search(operation, residency);
  const Bytes budget = variant.search->space().budget_beside(scratchpad.usable, residency.occupied);
  const std::optional<GemmChoice> choice = variant.search->find(budget, scratchpad.lacks);
  if (!choice) return std::nullopt;
  return OperationEstimate{choice->cycles + tile_cycles(choice->tiles, rates_) +
                               fetch_cycles(residency, accelerator_.cores, rates_),
                           choice->bytes, choice->tiling};
}

std::unique_ptr<TilingSearch> OperationEstimates::search(std::size_t operation, OperationResidency residency) {
  residency.occupied = {};
  GemmSpace space{step_, operation, accelerator_, residency};
  const GemmWork& gemm = *space.operation->gemm;
  std::shared_ptr<TileTimes>& times = times_[fmt::format("{} {} {}", gemm.a_format, gemm.b_format, gemm.depthwise)];
  if (!times) times = std::make_shared<TileTimes>(space);
  return std::make_unique<TilingSearch>(std::move(space), MapperOptions{}, times);
}

}  // namespace nibble
