#pragma once

#include "models/energy/energy.hpp"
#include "sim/system/run_result.hpp"

namespace nibble {

/// A run of two operations on a machine of 2 cores x 1 corelet, every figure chosen by hand.
///
/// 300 cycles at 1 kHz are 0.3 s; a GEMM of 200 cycles, then vector work of 100. The machine's one mode does
/// 4 MACs a cycle and chip. Energies: 2 pJ a MAC, 1 pJ a byte of memory, nothing else.
inline RunResult filled_result() {
  RunResult result;
  result.request.network = "tiny";
  result.request.batch = 6;
  Accelerator& machine = result.accelerator;
  machine.name = "toy";
  machine.hash = "aa";
  machine.cores = 2;
  machine.clock = Hertz{1000};
  machine.voltage = Volts{1};
  machine.core.corelets = 1;
  machine.core.mpe.rows = 1;
  machine.core.mpe.columns = 2;
  machine.core.mpe.lanes = 1;
  machine.core.mpe.modes = {{"fp16", {"fp16", "fp16"}, 1, "fp16"}};
  machine.memory.kind = "dram";
  result.technology.name = "paper";
  result.technology.reference_voltage = Volts{1};
  for (const char* event :
       {"mac.fp16", "mac.fp16.gated", "register.read", "register.write", "l0.read", "l0.write", "l1.read",
        "l1.write", "sfu.lane_op", "ring.byte_mm", "psum_ring.byte_mm", "memory.dram.read",
        "memory.dram.write", "clock.core_cycle", "clock.idle_core_cycle"}) {
    result.technology.events[event] = {Picojoules{0}, "event", "hand"};
  }
  result.technology.events["mac.fp16"].energy = Picojoules{2};
  result.technology.events["memory.dram.read"].energy = Picojoules{1};
  result.technology.events["memory.dram.write"].energy = Picojoules{1};
  result.recipe.name = "fp16";
  result.grid.name = "nowhere";
  result.grid.intensity = GramsPerKilowattHour{400};
  result.grid.pue = 1.5;
  result.network_name = "tiny";

  OperationResult gemm;
  gemm.layer = "fc, the \"first\"";
  gemm.pass = Pass::wgrad;
  gemm.m = 10;
  gemm.n = 4;
  gemm.k = 5;
  gemm.count = 1;
  gemm.mac_mode = gemm.a_format = gemm.b_format = "fp16";
  gemm.macs = Macs{200};
  gemm.kernel.cycles = Cycles{200};
  gemm.kernel.array_cycles = {
      .compute = 250, .fill_drain = 50, .memory = 60, .ring = 10, .l1 = 20, .vector = 0, .sync = 10};
  gemm.kernel.activity.macs["fp16"] = 200;
  gemm.kernel.activity.memory_read = Bytes{64};
  gemm.kernel.memory_busy_cycles = 30;

  OperationResult vector;
  vector.layer = "relu";
  vector.pass = Pass::vector_bwd;
  vector.vector_work = "relu backward";
  vector.kernel.cycles = Cycles{100};
  vector.kernel.array_cycles = {.vector = 200};
  vector.kernel.activity.sfu_lane_ops = 40;
  vector.kernel.activity.memory_written = Bytes{36};
  vector.kernel.sfu_busy_cycles = 150;

  for (const OperationResult& operation : {gemm, vector}) {
    result.cycles += operation.kernel.cycles;
    result.macs += operation.macs;
    result.array_cycles += operation.kernel.array_cycles;
    result.activity += operation.kernel.activity;
    result.operations.push_back(operation);
  }
  result.time = Seconds{0.3};
  result.footprint = Bytes{123456};
  result.peak_macs = 1200;
  result.free_layers = {"dropout: a mask"};

  EnergyRow macs{"mpe",  "mac.fp16", EnergyClass::dynamic, 200, "MAC", Picojoules{2},
                 "hand", true,       Joules{400e-12}};
  EnergyRow bytes{"memory", "memory.dram.read", EnergyClass::dynamic, 100, "byte", Picojoules{1}, "hand",
                  false,    Joules{100e-12}};
  EnergyRow unused{"sfu", "sfu.lane_op", EnergyClass::dynamic, 0, "lane operation", Picojoules{1}, "hand",
                   true,  Joules{0}};
  result.energy.rows = {macs, bytes, unused};
  result.energy.components = {{"mpe", Joules{400e-12}}, {"memory", Joules{100e-12}}};
  result.energy.dynamic = result.energy.total = Joules{500e-12};
  result.carbon = {GramsCo2e{3}, GramsCo2e{1}, GramsCo2e{4}, GramsCo2e{1000}, 4.0, 0.5};
  return result;
}

}  // namespace nibble
