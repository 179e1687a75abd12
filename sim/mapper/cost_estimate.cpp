#include "sim/mapper/cost_estimate.hpp"

#include <algorithm>

#include "models/timing/array_pass.hpp"

namespace nibble {

namespace {

// Share of the smaller resource totals that shows in the run time although they overlap with the largest.
// ESTIMATE: measured kernels of the family lie between the maximum and the sum of compute and memory time; the
// true share differs by kernel, and here it only ranks mappings: of two with the same bottleneck the one that uses
// less of everything else wins.
constexpr double kInterference = 0.1;

}  // namespace

TileTimes::TileTimes(const GemmSpace& space)
    : core_{space.accelerator->core},
      mode_{*space.mode},
      a_format_{space.operation->gemm->a_format},
      b_format_{space.operation->gemm->b_format},
      depthwise_{space.operation->gemm->depthwise} {}

std::size_t TileTimes::Hash::operator()(const Tile& tile) const {
  std::uint64_t hash = tile.accumulate ? 1 : 0;
  for (const std::uint64_t extent : {tile.m, tile.n, tile.k, tile.count}) {
    hash = (hash ^ extent) * 0x9E3779B97F4A7C15U;
    hash ^= hash >> 32;
  }
  return hash;
}

const TileTime& TileTimes::of(std::uint64_t m, std::uint64_t n, std::uint64_t k, std::uint64_t count,
                              bool accumulate) {
  const auto [entry, fresh] = known_.try_emplace(Tile{m, n, k, count, accumulate});
  if (!fresh) return entry->second;
  const std::uint64_t corelets = core_.corelets;
  TileTime by_n = of_corelet(m, ceil_div(n, corelets), k, count, accumulate);
  by_n.split_n = true;
  TileTime other = count > 1 ? of_corelet(m, n, k, ceil_div(count, corelets), accumulate)
                             : of_corelet(ceil_div(m, corelets), n, k, count, accumulate);
  other.split_n = false;
  entry->second = by_n.total <= other.total ? by_n : other;
  return entry->second;
}

TileTime TileTimes::of_corelet(std::uint64_t m, std::uint64_t n, std::uint64_t k, std::uint64_t count,
                               bool accumulate) const {
  const ArrayTile tile{.m = m, .n = n, .k = k, .count = count, .depthwise = depthwise_, .accumulate = accumulate};
  const double port = core_.l1.corelet_bandwidth.value() / static_cast<double>(core_.corelets);
  double compute = 0, array = 0, port_bytes = 0, last_work = 0;
  for (const Visit& visit :
       array_visits(core_.mpe, core_.l0, mode_, a_format_, b_format_, tile)) {
    const auto repeat = static_cast<double>(visit.repeat);
    double load = static_cast<double>(visit.stationary.value()) / port;
    if (visit.load_bits_a_cycle > 0) {
      load = std::max(load, static_cast<double>(ceil_div(visit.stationary_bits.value(), visit.load_bits_a_cycle)));
    }
    const double work = static_cast<double>((visit.compute + visit.fill_drain).value());
    // With two weight buffers the next block loads while this one works; with one it waits.
    const bool overlaps = core_.mpe.weight_buffers > 1;
    array += overlaps ? std::max(load, last_work) + (repeat - 1) * std::max(load, work) : repeat * (load + work);
    last_work = overlaps ? work : 0;
    compute += repeat * static_cast<double>(visit.compute.value());
    port_bytes += repeat * static_cast<double>(
                               (visit.stationary + visit.streamed + visit.psum_read + visit.psum_written).value());
  }
  array += last_work;
  return {.compute = compute, .total = std::max(array, port_bytes / port)};
}

MachineRates::MachineRates(const Accelerator& accelerator) {
  const Core& core = accelerator.core;
  const Memory& memory = accelerator.memory;
  const double clock = accelerator.clock.value();
  memory_bytes_per_cycle = memory.bandwidth.value() * memory.efficiency / clock;
  memory_latency_cycles = memory.latency.value() * clock;
  if (memory.turnaround_batch.value() > 0) {
    turnaround_cycles_per_byte =
        2 * memory.turnaround.value() * clock / static_cast<double>(memory.turnaround_batch.value());
  }
  port_bytes_per_cycle = std::min(core.l1.ring_bandwidth.value(), accelerator.ring.bandwidth.value());
  psum_bytes_per_cycle = accelerator.ring.psum_bandwidth.value();
  lane_ops_per_cycle = static_cast<double>(core.corelets) * core.sfu.arrays * core.sfu.units * core.sfu.lanes;
  sfu_startup_cycles = core.sfu.startup_cycles;
}

double pipeline_cycles(const MachineRates& rates, const KernelLoad& load) {
  const double bytes = load.memory_read + load.memory_written;
  const double memory = bytes / rates.memory_bytes_per_cycle +
                        rates.turnaround_cycles_per_byte * std::min(load.memory_read, load.memory_written);
  const double port = load.loaded_per_core / rates.port_bytes_per_cycle;
  const double fill = rates.memory_latency_cycles + load.first_read / rates.memory_bytes_per_cycle;
  const double drain = load.last_written / rates.memory_bytes_per_cycle;
  const double tile = load.tile_compute + load.tile_sfu + load.tile_psum;
  // The busiest resource works without a break; the tile's other stages come before its first or after its last.
  const double bound = std::max({load.compute + fill + load.tile_psum + load.tile_sfu + drain,
                                 std::max(memory, port) + rates.memory_latency_cycles + tile,
                                 // Two slots: a tile is asked for when the one before the last is done.
                                 load.streamed_tiles / 2 * rates.memory_latency_cycles + tile,
                                 load.sfu + fill + load.tile_compute + load.tile_psum + drain,
                                 load.psum + fill + load.tile_compute + load.tile_sfu + drain});
  const double all = load.compute + load.sfu + load.psum + memory;
  const double largest = std::max({load.compute, load.sfu, load.psum, memory});
  return bound + kInterference * (all - largest);
}

}  // namespace nibble
