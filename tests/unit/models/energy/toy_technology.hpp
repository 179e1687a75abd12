#pragma once

#include "models/config/accelerator.hpp"
#include "models/config/technology.hpp"

namespace nibble {

/// Round energies that no chip has, each event another one, so that a mix-up changes the sum.
inline Technology toy_technology() {
  Technology technology;
  technology.name = "toy";
  technology.reference_voltage = Volts{1.0};
  double picojoules = 1;
  for (const char* key :
       {"mac.fp16", "mac.fp16.gated", "register.read", "register.write", "l0.read", "l0.write", "l1.read",
        "l1.write", "sfu.lane_op", "ring.byte_mm", "psum_ring.byte_mm", "memory.dram.read",
        "memory.dram.write", "clock.core_cycle", "clock.idle_core_cycle", "array.byte_mm", "memory.dram.row_miss"}) {
    technology.events[key] = {Picojoules{picojoules}, "event", "estimate", false};
    picojoules *= 2;
  }
  technology.leakage_w_per_mm2 = 0.5;
  technology.leakage_source = "estimate";
  return technology;
}

/// One core on 4 mm2: a ring hop is 2 mm.
inline Accelerator toy_accelerator() {
  Accelerator accelerator;
  accelerator.name = "toy";
  accelerator.voltage = Volts{1.0};
  accelerator.clock = Hertz{1e9};
  accelerator.cores = 1;
  accelerator.die_area = SquareMillimetres{4};
  accelerator.memory.kind = "dram";
  accelerator.memory.capacity = Bytes{1'000'000'000};
  accelerator.core.corelets = 2;
  MpeArray& mpe = accelerator.core.mpe;
  mpe.rows = mpe.columns = mpe.lanes = mpe.accumulators = 8;
  mpe.registers = Bytes{1024};
  mpe.mac_latency_cycles = 4;
  mpe.modes = {{"fp16", {"fp16", "fp16"}, 1, "fp16"}};
  accelerator.core.l0 = {8, Bytes{1024}, BytesPerCycle{16}};
  return accelerator;
}

}  // namespace nibble
