#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "models/config/accelerator.hpp"
#include "sim/mapper/residency.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble {

/// What an operation is expected to take, as the mapper would map it.
struct OperationEstimate {
  double cycles = 0;
  double bytes = 0;  ///< read from memory and written to it
};

/// Estimates operations of a step under whatever residency; remembers what it has estimated.
class OperationEstimates {
 public:
  OperationEstimates(const Step& step, const Accelerator& accelerator) : step_{step}, accelerator_{accelerator} {}

  /// Nothing if its tiles do not fit beside what is held.
  [[nodiscard]] const std::optional<OperationEstimate>& of(std::size_t operation, const OperationResidency& residency);

 private:
  [[nodiscard]] std::optional<OperationEstimate> estimate(std::size_t operation,
                                                          const OperationResidency& residency) const;

  const Step& step_;
  const Accelerator& accelerator_;
  std::map<std::size_t, std::string> works_;  ///< work_key by operation
  std::unordered_map<std::string, std::optional<OperationEstimate>> known_;  ///< by operation_key
};

}  // namespace nibble
