#pragma once

#include <string>
#include <vector>

#include "models/base/units.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble {

/// One way of sharing a step between two machines: the first layers near the data, the rest far from them.
struct Cut {
  std::string after;       ///< the last near layer; "" with nothing near
  std::vector<bool> near;  ///< one for each operation of the step
  Bytes up, down;          ///< tensors that cross, whole batch, as they are stored: near to far, far to near
};

/// Every cut between layers that own forward kernels, from nothing near to everything near.
///
/// All operations of a layer are on its side: forward, backward, update. A kernel is not cut: what is fused behind a GEMM goes
/// with it, backward, too. A tensor crosses once if an operation of the other side reads it, whatever it is (activations and
/// their gradients, and what a fused backward pass reads of a saved tensor; weights that layers of both sides share). What
/// arrives from outside the step lies near.
[[nodiscard]] std::vector<Cut> cuts_of(const Step& step);

}  // namespace nibble
