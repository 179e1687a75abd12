#pragma once

#include <cstddef>
#include <vector>

#include "models/base/units.hpp"
#include "models/config/accelerator.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble {

/// Weights that stay in L1 where the first of several equal products has loaded them, their columns spread over the cores:
/// the recurrent ones of an LSTM.
struct HeldWeights {
  std::vector<std::size_t> products;  ///< operations, in order of execution: the GEMMs that multiply them
  Bytes share;                        ///< of a core
};

/// All weights of a step that are worth holding and fit, by the order of their first products.
///
/// Only vector work lies between two products of a run, and none of it changes the weights. They are held if they are worth more
/// than the results that could be held by samples instead, and leave L1 room for the tiles of a product of few rows.
[[nodiscard]] std::vector<HeldWeights> weights_to_hold(const Step& step, const Accelerator& accelerator);

}  // namespace nibble
