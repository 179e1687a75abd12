#pragma once

#include <cstdint>
#include <systemc>
#include <vector>

#include "sim/system/gradient_exchange.hpp"

namespace nibble {

/// One kernel of the step as the system sees it.
struct TimelineKernel {
  Cycles cycles;
  std::vector<Gradient> makes;         ///< weight gradients that are complete when it ends
  std::vector<std::uint32_t> needs;    ///< gradients that must have been added up over all chips before it starts
};

/// ChipTimeline: a chip that runs the kernels of a step in order; hands the gradients that they make to the exchange and
/// waits where a kernel needs one that is not back.
class ChipTimeline : public sc_core::sc_module {
 public:
  ChipTimeline(sc_core::sc_module_name name, GradientExchange& exchange);

  void start(const std::vector<TimelineKernel>& kernels, std::size_t gradients);
  [[nodiscard]] bool done() const { return next_ == kernels_->size() && !running_; }
  [[nodiscard]] std::uint64_t finished_at() const { return finished_at_; }
  [[nodiscard]] std::uint64_t waited_cycles() const { return waited_; }

 private:
  void step();
  [[nodiscard]] bool may_start(const TimelineKernel& kernel) const;

  GradientExchange& exchange_;
  const std::vector<TimelineKernel>* kernels_ = nullptr;
  std::vector<bool> arrived_;
  std::size_t next_ = 0;
  bool running_ = false, waiting_ = false;
  std::uint64_t waiting_since_ = 0, waited_ = 0, finished_at_ = 0;
  sc_core::sc_event wake_;
};

}  // namespace nibble
