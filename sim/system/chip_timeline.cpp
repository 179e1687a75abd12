#include "sim/system/chip_timeline.hpp"

#include <algorithm>

#include "sim/core/kernel_time.hpp"

namespace nibble {

ChipTimeline::ChipTimeline(sc_core::sc_module_name name, GradientExchange& exchange)
    : sc_module{name}, exchange_{exchange} {
  exchange_.on_done([this](const std::vector<std::uint32_t>& gradients) {
    for (const std::uint32_t id : gradients) arrived_.at(id) = true;
    if (waiting_) wake_.notify(sc_core::SC_ZERO_TIME);
  });
  SC_HAS_PROCESS(ChipTimeline);
  SC_METHOD(step);
  sensitive << wake_;
  dont_initialize();
}

void ChipTimeline::start(const std::vector<TimelineKernel>& kernels, std::size_t gradients) {
  kernels_ = &kernels;
  arrived_.assign(gradients, false);
  next_ = 0;
  running_ = waiting_ = false;
  waited_ = 0;
  wake_.notify(sc_core::SC_ZERO_TIME);
}

bool ChipTimeline::may_start(const TimelineKernel& kernel) const {
  return std::all_of(kernel.needs.begin(), kernel.needs.end(), [this](std::uint32_t id) { return arrived_.at(id); });
}

void ChipTimeline::step() {
  if (running_) {
    running_ = false;
    exchange_.ready((*kernels_)[next_].makes);
    ++next_;
  }
  if (next_ == kernels_->size()) {
    finished_at_ = kernel_now();
    return;
  }
  const TimelineKernel& kernel = (*kernels_)[next_];
  if (!may_start(kernel)) {
    if (!waiting_) waiting_since_ = kernel_now();
    waiting_ = true;
    return;
  }
  if (waiting_) waited_ += kernel_now() - waiting_since_;
  waiting_ = false;
  running_ = true;
  wake_.notify(kernel_time(kernel.cycles.value()));
}

}  // namespace nibble
