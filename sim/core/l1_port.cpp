#include "sim/core/l1_port.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "models/base/check.hpp"
#include "sim/core/kernel_time.hpp"

namespace nibble {
namespace {

/// Shares are quotients: a flow that should end on a whole cycle may miss it by rounding.
constexpr double kRoundingSlack = 1e-6;

}  // namespace

L1Port::L1Port(sc_core::sc_module_name name, BytesPerCycle bandwidth)
    : sc_module{name}, bandwidth_{bandwidth.value()}, wake_{"wake"} {
  SC_HAS_PROCESS(L1Port);
  SC_METHOD(serve);
  sensitive << wake_;
  dont_initialize();
}

void L1Port::start(Bytes bytes, std::uint64_t cycles, std::uint64_t tail_cycles, sc_core::sc_event& done) {
  const double volume = static_cast<double>(bytes.value());
  const double at_full_speed = std::max(static_cast<double>(std::max<std::uint64_t>(cycles, 1)), volume / bandwidth_);
  advance();
  flows_.push_back({volume / at_full_speed, at_full_speed, 0.0, tail_cycles, &done});
  share_bandwidth();
  arm();
}

void L1Port::advance() {
  const std::uint64_t now = kernel_now();
  const auto elapsed = static_cast<double>(now - last_);
  for (Flow& flow : flows_) flow.remaining -= flow.speed * elapsed;
  last_ = now;
}

void L1Port::share_bandwidth() {
  double wanted = 0;
  for (const Flow& flow : flows_) wanted += flow.demand;
  if (wanted <= bandwidth_ * (1 + kRoundingSlack)) {
    for (Flow& flow : flows_) flow.speed = 1.0;
    return;
  }
  // Max-min fair: the modest are served in full, the greedy share what is left.
  by_demand_.resize(flows_.size());
  for (std::size_t i = 0; i < flows_.size(); ++i) by_demand_[i] = i;
  std::stable_sort(by_demand_.begin(), by_demand_.end(),
                   [&](std::size_t a, std::size_t b) { return flows_[a].demand < flows_[b].demand; });
  double left = bandwidth_;
  std::size_t sharers = flows_.size();
  for (const std::size_t index : by_demand_) {
    Flow& flow = flows_[index];
    const double granted = std::min(flow.demand, left / static_cast<double>(sharers));
    flow.speed = flow.demand > 0 ? granted / flow.demand : 1.0;
    left -= granted;
    --sharers;
  }
}

void L1Port::arm() {
  if (flows_.empty()) return;
  double next = std::numeric_limits<double>::infinity();
  for (const Flow& flow : flows_) next = std::min(next, flow.remaining / flow.speed);
  const double whole = std::max(0.0, std::ceil(next - kRoundingSlack));
  wake_.cancel();
  wake_.notify(kernel_time(static_cast<std::uint64_t>(whole)));
}

void L1Port::serve() {
  advance();
  for (const Flow& flow : flows_) {
    if (flow.remaining <= kRoundingSlack) flow.done->notify(kernel_time(flow.tail_cycles));
  }
  std::erase_if(flows_, [](const Flow& flow) { return flow.remaining <= kRoundingSlack; });
  share_bandwidth();
  arm();
}

}  // namespace nibble
