#include "sim/chip/fast_forward.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "sim/core/kernel_time.hpp"

namespace nibble {
namespace {

/// Queues with fewer instructions are over before their period would be known.
constexpr std::size_t kWorthWatching = 24;
/// What a served burst is noted as; instructions are noted by core, unit and end.
constexpr std::uint64_t kServed = ~std::uint64_t{0};

/// `before` moved on by `step`, which is unknown where no instruction had an id.
bool moved_on(const std::vector<std::uint32_t>& before, const std::vector<std::uint32_t>& now,
              std::optional<std::uint32_t> step) {
  return std::equal(before.begin(), before.end(), now.begin(), now.end(),
                    [&](std::uint32_t a, std::uint32_t b) { return step && b - a == *step; });
}

}  // namespace

void FastForward::start(const KernelProgram& program) {
  program_ = &program;
  stop();
  least_ = 1;
  stretch_began_ = kernel_now();
  finder_.reset();
  candidate_.reset();
  std::size_t longest = kWorthWatching - 1;
  for (std::uint32_t core = 0; core < program.cores.size(); ++core) {
    for (std::size_t unit = 0; unit < kUnits; ++unit) {
      if (program.cores[core].units[unit].size() <= longest) continue;
      longest = program.cores[core].units[unit].size();
      core_ = core;
      unit_ = static_cast<Unit>(unit);
    }
  }
}

void FastForward::stop() {
  core_.reset();
  skipped_ = 0;
}

void FastForward::note(std::uint32_t core, Unit unit, std::uint64_t ended) {
  if (!core_) return;
  const std::uint64_t event = (core * kUnits + static_cast<std::uint64_t>(unit)) * 2 + ended;
  finder_.note(event);
  finder_.note(kernel_now() - stretch_began_);
}

void FastForward::served(std::uint64_t bytes, bool writing, double free_in, double unused_turning) {
  if (!core_) return;
  finder_.note(kServed - (writing ? 1 : 0));
  finder_.note(bytes);
  finder_.note(kernel_now() - stretch_began_);
  finder_.note(std::bit_cast<std::uint64_t>(free_in));
  finder_.note(std::bit_cast<std::uint64_t>(unused_turning));
}

void FastForward::ended(std::uint32_t core, Unit unit) {
  note(core, unit, 1);
  if (core_ == core && unit_ == unit) end_stretch();
}

void FastForward::end_stretch() {
  finder_.close();
  stretch_began_ = kernel_now();
  if (!candidate_) {
    if (const std::size_t stretches = finder_.period(least_); stretches > 0) candidate_ = {stretches, 0, counts()};
    return;
  }
  if (++candidate_->seen < candidate_->stretches) return;
  if (finder_.repeats(candidate_->stretches)) {
    try_skip();
  } else {
    candidate_.reset();
  }
}

void FastForward::try_skip() {
  const Candidate period = *std::exchange(candidate_, std::nullopt);
  const Counts now = counts();
  IdSteps steps;
  const std::uint64_t times = periods_ahead(period.before, now, steps);
  if (times == 0) {
    least_ = period.stretches + 1;
    return;
  }
  skip(period.before, now, steps, times);
  least_ = 1;
  finder_.reset();
}

FastForward::Counts FastForward::counts() const {
  Counts all{kernel_now(), {}, parts_.ring.byte_hops(), parts_.psum_ring.byte_hops(), parts_.memory.counts(),
             parts_.memory_node.waiting(), parts_.psum_ring.waiting()};
  for (const auto& core : parts_.cores) all.cores.push_back(core->counts());
  return all;
}

std::uint64_t FastForward::periods_ahead(const Counts& before, const Counts& now, IdSteps& steps) const {
  std::uint64_t periods = std::numeric_limits<std::uint64_t>::max();
  for (std::size_t core = 0; core < parts_.cores.size(); ++core) {
    const ComputeCore::Counts &first = before.cores[core], &last = now.cores[core];
    if (!parts_.cores[core]->repeatable(first, last, now.now - before.now)) return 0;
    for (std::size_t unit = 0; unit < kUnits; ++unit) {
      const std::size_t period = last.fetched[unit] - first.fetched[unit];
      if (period == 0) continue;
      periods = std::min(periods, nibble::periods_ahead(program_->cores[core].units[unit], last.fetched[unit], period, steps));
      if (periods == 0) return 0;
    }
  }
  const bool known = moved_on(before.multicasts, now.multicasts, steps.multicast) &&
                     moved_on(before.exchanges, now.exchanges, steps.exchange);
  return known ? periods : 0;
}

void FastForward::skip(const Counts& before, const Counts& now, const IdSteps& steps, std::uint64_t periods) {
  const std::uint64_t cycles = periods * (now.now - before.now);
  for (std::size_t core = 0; core < parts_.cores.size(); ++core) {
    const ComputeCore::Counts &first = before.cores[core], &last = now.cores[core];
    parts_.cores[core]->skip(first, last, periods, cycles);
    constexpr auto kLoad = static_cast<std::size_t>(Unit::load);
    parts_.mnis[core]->skip((last.fetched[kLoad] - first.fetched[kLoad]) * periods);
  }
  parts_.ring.skip(periods * (now.ring_byte_hops - before.ring_byte_hops));
  parts_.psum_ring.skip(periods * (now.psum_byte_hops - before.psum_byte_hops),
                        static_cast<std::uint32_t>(periods * steps.exchange.value_or(0)));
  parts_.memory.skip(before.memory, now.memory, periods);
  parts_.memory_node.skip(static_cast<std::uint32_t>(periods * steps.multicast.value_or(0)));
  skipped_ += cycles;
}

}  // namespace nibble
