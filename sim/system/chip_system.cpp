#include "sim/system/chip_system.hpp"

#include <fmt/format.h>

#include "models/base/check.hpp"
#include "models/base/error.hpp"
#include "sim/core/kernel_time.hpp"
#include "sim/core/sanitizer_stack.hpp"

namespace nibble {

ChipSystem::ChipSystem(const Links& links, Hertz clock, std::uint32_t chips, std::uint32_t simulated)
    : simulated_{simulated} {
  NIBBLE_CHECK(chips > 1 && (simulated == 1 || simulated == chips), "{} of {} chips", simulated, chips);
  const double bytes_per_cycle = links.bandwidth.value() / clock.value();
  const double latency = links.latency.value() * clock.value();
  for (std::uint32_t i = 0; i < simulated; ++i) {
    exchanges_.push_back(std::make_unique<GradientExchange>(links.topology, chips));
    timelines_.push_back(std::make_unique<ChipTimeline>(fmt::format("chip{}", i).c_str(), *exchanges_.back()));
  }
  const std::uint32_t ways = links.topology == Topology::ring ? 2 : 1;
  for (std::uint32_t i = 0; i < simulated; ++i) {
    for (std::uint32_t way = 0; way < ways; ++way) {
      links_.push_back(
          std::make_unique<ChipLink>(fmt::format("link{}_{}", i, way).c_str(), bytes_per_cycle, latency));
      const std::uint32_t peer = (way == 0 ? i + 1 : i + simulated - 1) % simulated;
      exchanges_[i]->connect(way, *links_.back(), *exchanges_[peer]);
    }
  }
}

ChipSystem::~ChipSystem() = default;

SystemTimes ChipSystem::run(const std::vector<TimelineKernel>& kernels, std::size_t gradients) {
  for (const auto& exchange : exchanges_) exchange->reset();
  for (const auto& link : links_) link->reset();
  const std::uint64_t began = kernel_now();
  for (const auto& timeline : timelines_) timeline->start(kernels, gradients);
  sc_core::sc_start();
  restore_sanitizer_stack();
  for (const auto& timeline : timelines_) {
    if (!timeline->done()) throw InternalError{fmt::format("{} waits for gradients that never come", timeline->name())};
  }
  return collect(kernels, began);
}

SystemTimes ChipSystem::collect(const std::vector<TimelineKernel>& kernels, std::uint64_t began) const {
  SystemTimes times;
  times.cycles = Cycles{timelines_.front()->finished_at() - began};
  times.waiting = Cycles{timelines_.front()->waited_cycles()};
  times.collectives = exchanges_.front()->collectives();
  times.added = exchanges_.front()->added();
  std::uint64_t kernel_cycles = 0;
  for (const TimelineKernel& kernel : kernels) {
    kernel_cycles += kernel.cycles.value();
    for (const Gradient& gradient : kernel.makes) times.gradients += gradient.bytes;
  }
  double busy = 0;
  for (const auto& link : links_) {
    if (link->bytes_sent() != link->bytes_delivered()) {
      throw LawError{fmt::format("{}: {} bytes went in, {} came out", link->name(), link->bytes_sent().value(),
                                 link->bytes_delivered().value())};
    }
    times.sent += link->bytes_sent();
    busy += link->busy_cycles();
  }
  if (kernel_cycles + times.waiting.value() != times.cycles.value()) {
    throw LawError{fmt::format("a chip worked for {} cycles and waited for {}, the step took {}", kernel_cycles,
                               times.waiting.value(), times.cycles.value())};
  }
  times.sent = Bytes{times.sent.value() / simulated_};
  times.link_busy = busy / static_cast<double>(links_.size()) / static_cast<double>(times.cycles.value());
  return times;
}

}  // namespace nibble
