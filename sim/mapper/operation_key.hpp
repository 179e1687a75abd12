#pragma once

#include <cstddef>
#include <string>

#include "sim/mapper/residency.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble {

/// Everything about an operation that its program and its time depend on, as text: operations with equal keys are
/// simulated once. Names of layers and tensors are not part of it.
[[nodiscard]] std::string operation_key(const Step& step, std::size_t operation, const OperationResidency& residency);

/// The part of the key that does not depend on residency, and the part that depends on nothing else.
[[nodiscard]] std::string work_key(const Step& step, std::size_t operation);
/// All operations of a step, and which of them touch the same tensors.
[[nodiscard]] std::string step_key(const Step& step);
[[nodiscard]] std::string residency_key(const OperationResidency& residency);

}  // namespace nibble
