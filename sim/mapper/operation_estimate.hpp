#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "models/config/accelerator.hpp"
#include "sim/mapper/cost_estimate.hpp"
#include "sim/mapper/gemm_search.hpp"
#include "sim/mapper/residency.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble {

/// What an operation is expected to take, as the mapper would map it.
struct OperationEstimate {
  double cycles = 0;
  double bytes = 0;  ///< read from memory and written to it
  std::optional<GemmTiling> tiling = {};  ///< that takes so much; none of vector work alone
};

/// Estimates operations of a step under whatever residency, with the machine's scratchpad or smaller ones; remembers what it has
/// estimated. Step and machine must outlive it.
class OperationEstimates {
 public:
  OperationEstimates(const Step& step, const Accelerator& accelerator);

  /// A scratchpad by its number, for of().
  [[nodiscard]] std::size_t add_scratchpad(Bytes capacity);
  [[nodiscard]] Bytes usable(std::size_t scratchpad) const { return scratchpads_[scratchpad].usable; }

  /// Nothing if its tiles do not fit beside what is held.
  [[nodiscard]] const std::optional<OperationEstimate>& of(std::size_t operation, const OperationResidency& residency,
                                                           std::size_t scratchpad);

 private:
  struct Scratchpad {
    Accelerator machine;
    Bytes usable;
    std::vector<Bytes> lacks;  ///< see lacks_of_smaller
  };
  /// An operation with what of it is held, whatever else is: equal work has one.
  struct Variant {
    std::unique_ptr<TilingSearch> search;  ///< of a GEMM
  };
  using Question = std::tuple<std::uint32_t, std::uint64_t, std::size_t>;  ///< variant, bytes occupied, scratchpad

  [[nodiscard]] std::uint32_t variant(std::size_t operation, const OperationResidency& residency);
  [[nodiscard]] std::optional<OperationEstimate> estimate(std::size_t operation, const OperationResidency& residency,
                                                          const Scratchpad& scratchpad, Variant& variant);
  [[nodiscard]] std::unique_ptr<TilingSearch> search(std::size_t operation, OperationResidency residency);

  const Step& step_;
  const Accelerator& accelerator_;
  MachineRates rates_;
  std::vector<Scratchpad> scratchpads_;
  std::vector<std::uint32_t> works_;  ///< by operation: equal ones have equal numbers
  std::unordered_map<std::string, std::uint32_t> variant_numbers_;
  std::vector<Variant> variants_;
  std::map<std::string, std::shared_ptr<TileTimes>> times_;  ///< by mode and formats
  std::map<Question, std::optional<OperationEstimate>> known_;
};

}  // namespace nibble
