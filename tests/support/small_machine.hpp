#pragma once

#include "models/config/accelerator.hpp"

namespace nibble::test {

/// A machine with round numbers, so that a test can work its cycles out by hand: 1 GHz, memory 64 B/cycle without
/// losses, ring and ports 128 B/cycle, hops of 1 cycle.
inline Accelerator small_machine(std::uint32_t cores = 1) {
  Accelerator a;
  a.name = "small";
  a.clock = Hertz{1e9};
  a.voltage = Volts{0.75};
  a.cores = cores;
  a.die_area = SquareMillimetres{10};
  a.core.corelets = 1;
  a.core.mpe.rows = 8;
  a.core.mpe.columns = 8;
  a.core.mpe.lanes = 8;
  a.core.mpe.registers = Bytes{1024};
  a.core.mpe.weight_buffers = 2;
  a.core.mpe.accumulators = 8;
  a.core.mpe.mac_latency_cycles = 4;
  a.core.mpe.modes = {{"fp16", {"fp16", "fp16"}, 1, "fp16"}, {"int4", {"int4", "int4"}, 8, "int32"}};
  a.core.l0 = {8, Bytes{1024}, BytesPerCycle{16}};
  a.core.l1.capacity = Bytes{2 << 20};
  a.core.l1.corelet_bandwidth = BytesPerCycle{128};
  a.core.l1.ring_bandwidth = BytesPerCycle{128};
  a.core.sfu = {2, 8, 8, 0, {}};
  a.ring.bandwidth = BytesPerCycle{128};
  a.ring.hop_cycles = 1;
  a.ring.psum_bandwidth = BytesPerCycle{32};
  a.dma = {Bytes{4096}, 8};
  a.memory.kind = "lpddr5";
  a.memory.bandwidth = BytesPerSecond{64e9};
  a.memory.efficiency = 1.0;
  a.memory.turnaround_batch = Bytes{4096};
  a.memory.capacity = Bytes{std::uint64_t{8} << 30};
  a.memory.granule = Bytes{128};
  return a;
}

}  // namespace nibble::test
