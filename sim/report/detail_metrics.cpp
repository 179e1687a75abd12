#include "sim/report/metrics_table.hpp"

namespace nibble {

std::vector<Metric> detail_metrics() {
  const char* parts = "sim/report/layers_document.cpp";
  const char* lowering = "workloads/lowering/step.hpp";
  const char* mapper = "sim/mapper/program.hpp";
  const char* array = "sim/core/corelet.cpp";
  const char* core = "sim/core/compute_core.cpp";
  const char* energy = "models/energy/energy.cpp";
  const char* activity = "sim/chip/machine.cpp";
  const char* training = "sim/report/training_document.cpp";
  const char* training_run = "models/carbon/training_run.cpp";
  const char* equivalents = "models/carbon/equivalents.cpp";
  const char* of_operation = "all array cycles of the operation: machine.arrays * layers.cycles";
  return {
      {"energy_table.component", "text", "the part of the machine", "", energy},
      {"energy_table.event", "text", "what is counted: a key of the technology's file", "", energy},
      {"energy_table.class", "text", "dynamic (work), idle (clocks of waiting cores) or static (leakage)", "",
       energy},
      {"energy_table.count", "events", "how often it happened in the step", "", energy},
      {"energy_table.per", "text", "what one event is", "", energy},
      {"energy_table.each_pj", "pJ", "energy of one event at the machine's voltage", "one event", energy},
      {"energy_table.energy_j", "J", "count * each_pj; the rows add up to energy_j.total", "", energy},
      {"energy_table.verified", "true or false", "whether a source settles the constant", "",
       "models/config/technology.hpp"},
      {"energy_table.source", "text", "key into models/SOURCES.md, or the reasoning of an estimate", "",
       "models/config/technology.hpp"},
      {"training_run.epochs", "1", "passes over the samples, as given", "", training},
      {"training_run.samples", "samples", "of one epoch, as given", "", training},
      {"training_run.steps", "1",
       "steps of the training; a last, part-filled batch of an epoch is a step too", "", training_run},
      {"training_run.time_s", "s", "steps * time_s; validation, data loading and the host are not in it", "",
       training_run},
      {"training_run.energy_kwh", "kWh", "at the plug: steps * energy_j.total * PUE", "", training_run},
      {"training_run.carbon_kg.operational", "kg CO2e", "energy_kwh * intensity of the grid", "",
       training_run},
      {"training_run.carbon_kg.embodied", "kg CO2e", "steps * carbon_g.embodied", "", training_run},
      {"training_run.carbon_kg.total", "kg CO2e", "operational + embodied", "", training_run},
      {"training_run.equivalents.what", "text", "something that people know", "", equivalents},
      {"training_run.equivalents.count", "1", "how many of these emit as much as the training",
       "the emissions of one of them", equivalents},
      {"training_run.equivalents.source", "text", "key into models/SOURCES.md", "", equivalents},
      {"layers.name", "text", "the layer of the network that the operation belongs to", "", lowering},
      {"layers.pass", "text",
       "fwd, dgrad (gradients of activations), wgrad (gradients of weights), vector (SFU work "
       "alone) or update (optimiser)",
       "", parts},
      {"layers.phase", "text", "forward, backward or update", "", parts},
      {"layers.m", "1", "rows of the GEMM's result; 0 for vector work alone", "", lowering},
      {"layers.n", "1", "columns of the GEMM's result; 0 for vector work alone", "", lowering},
      {"layers.k", "1", "length of the GEMM's reduction; 0 for vector work alone", "", lowering},
      {"layers.count", "1", "independent GEMMs of this shape (groups, or heads * batch)", "", lowering},
      {"layers.mac_mode", "text", "MAC mode of the arrays; empty for vector work alone", "", mapper},
      {"layers.a_format", "text", "number format of the GEMM's first operand", "", lowering},
      {"layers.b_format", "text", "number format of the GEMM's second operand", "", lowering},
      {"layers.mapping", "text", "how the operation was split over cores and tiled", "", mapper},
      {"layers.vector_work", "text", "what the SFUs do in this operation", "", lowering},
      {"layers.macs", "MACs", "executed, gated ones included", "", core},
      {"layers.cycles", "core clock cycles", "duration of the operation", "", "sim/system/simulate.cpp"},
      {"layers.time_s", "s", "layers.cycles / machine.clock_hz", "", parts},
      {"layers.utilisation", "1 (0..1)",
       "layers.macs / (peak MACs per cycle of its MAC mode * layers.cycles)",
       "what the whole chip could have executed in that mode in the operation's cycles", parts},
      {"layers.compute_cycles", "array cycles", "rows stream through an array", of_operation, array},
      {"layers.fill_drain_cycles", "array cycles",
       "pipeline fill and drain, bubbles, weight loads not hidden", of_operation, array},
      {"layers.stalls.memory", "array cycles", "waiting for external memory", of_operation, core},
      {"layers.stalls.ring", "array cycles", "waiting for the ring or the exchange of partial sums",
       of_operation, core},
      {"layers.stalls.l1", "array cycles", "fed below full rate by the L1 port", of_operation, array},
      {"layers.stalls.vector", "array cycles", "the SFUs work and the arrays have nothing to do",
       of_operation, core},
      {"layers.stalls.sync", "array cycles", "done, or without a share, while another core still runs",
       of_operation, core},
      {"layers.stalls.throttled", "array cycles", "the clock pulse was left out; absent without a power cap", of_operation,
       "sim/system/power_governor.cpp"},
      {"layers.bytes.register_read", "bytes", "read from MPE registers and local accumulators", "", activity},
      {"layers.bytes.register_written", "bytes", "written to MPE registers and local accumulators", "",
       activity},
      {"layers.bytes.l0_read", "bytes", "read from L0 buffers", "", activity},
      {"layers.bytes.l0_written", "bytes", "written to L0 buffers", "", activity},
      {"layers.bytes.l1_read", "bytes", "read from L1 scratchpads", "", activity},
      {"layers.bytes.l1_written", "bytes", "written to L1 scratchpads", "", activity},
      {"layers.bytes.memory_read", "bytes", "read from external memory", "", activity},
      {"layers.bytes.memory_written", "bytes", "written to external memory", "", activity},
      {"layers.energy_j.*", "J", "as energy_j, of this operation alone", "", energy},
  };
}

}  // namespace nibble
