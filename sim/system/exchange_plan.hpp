#pragma once

#include <vector>

#include "sim/system/gradient_exchange.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble {

/// What the operations of a step have to do with the exchange of gradients between chips.
struct ExchangePlan {
  std::vector<std::vector<Gradient>> makes;            ///< by operation
  std::vector<std::vector<std::uint32_t>> needs;       ///< by operation
  std::size_t gradients = 0;
  Elements elements;                                   ///< of all gradients
};

/// A gradient is what the backward pass makes and the update reads; it is complete with its last writer. `format`: in
/// which it crosses the links.
[[nodiscard]] ExchangePlan plan_exchange(const Step& step, const std::string& format);

}  // namespace nibble
