#include "sim/report/metrics_table.hpp"

namespace nibble {

std::vector<Metric> run_metrics() {
  const char* document = "sim/report/run_document.cpp";
  const char* parts = "sim/report/layers_document.cpp";
  const char* array = "sim/core/corelet.cpp";
  const char* core = "sim/core/compute_core.cpp";
  const char* system = "sim/system/simulate.cpp";
  const char* energy = "models/energy/energy.cpp";
  const char* carbon = "models/carbon/carbon.cpp";
  const char* activity = "sim/chip/machine.cpp";
  const char* of_run = "all array cycles of the run (array_cycles.total)";
  return {
      {"schema", "text", "name and version of the document's layout", "", document},
      {"program.name", "text", "the program that made the document", "", document},
      {"program.version", "text", "its version", "", document},
      {"program.inputs.network", "text", "content hash (XXH3, 128 bit) of the layer trace", "", document},
      {"program.inputs.accelerator", "text", "content hash of the resolved machine", "", document},
      {"program.inputs.technology", "text", "content hash of the event energies", "", document},
      {"program.inputs.recipe", "text", "content hash of the recipe", "", document},
      {"program.inputs.grid", "text", "content hash of the electricity grid", "", document},
      {"network", "text", "name of the network", "", document},
      {"accelerator", "text", "name of the machine", "", document},
      {"technology", "text", "name of the machine's process technology, whose event energies are used", "", document},
      {"recipe", "text", "name of the recipe: which tensor has which number format", "", document},
      {"grid", "text", "name of the electricity grid", "", document},
      {"mode", "text",
       "training: forward, backward and weight update of one batch; inference: its forward pass alone; program: "
       "programs that were made elsewhere", "", document},
      {"batch", "samples", "samples in the step", "", document},
      {"residency", "true or false",
       "whether tensors that fit stay in L1 between the operation that makes them and the one that reads them", "",
       "sim/mapper/residency.cpp"},
      {"machine.clock_hz", "Hz", "core clock", "", "models/config/accelerator.hpp"},
      {"machine.voltage_v", "V", "core supply voltage", "", "models/config/accelerator.hpp"},
      {"machine.cores", "1", "cores of the chip", "", "models/config/accelerator.hpp"},
      {"machine.arrays", "1", "MPE arrays of the chip: cores * corelets", "", document},
      {"time_s", "s", "simulated duration of the step: cycles / machine.clock_hz", "", system},
      {"cycles", "core clock cycles", "from the step's first request to its last completion, all units idle again",
       "", system},
      {"samples_per_s", "samples/s", "batch / time_s", "one second of simulated time", document},
      {"macs", "MACs",
       "multiply-accumulates executed by the arrays; those that zero-gating holds still are counted too", "", core},
      {"peak_macs", "MACs",
       "what the arrays could have executed over all cycles of the step: macs * cycles / ideal cycles, the ideal being "
       "every lane at work in every cycle, each GEMM at the rate of its own MAC mode", "", system},
      {"tops", "10^12 operations/s", "sustained rate: 2 * macs / time_s (a multiply and an add are two operations)",
       "one second of simulated time, waiting and vector work included", document},
      {"utilisation", "1 (0..1)", "macs / peak_macs: the share of its cycles in which the step's MACs could have been done, each GEMM at the full "
       "rate of its own number formats",
       "all cycles of the step, waiting and vector work included", document},
      {"array_cycles.total", "array cycles", "machine.arrays * cycles; exactly the sum of the parts", "", parts},
      {"array_cycles.compute", "array cycles", "rows stream through an array", of_run, array},
      {"array_cycles.fill_drain", "array cycles",
       "pipeline fill and drain, bubbles between passes, loads of weight blocks that no computation hides", of_run,
       array},
      {"array_cycles.memory", "array cycles", "waiting for data from external memory, or for a buffer that is on "
       "its way there", of_run, core},
      {"array_cycles.ring", "array cycles",
       "the data has left the memory and not arrived; exchange of partial sums between cores", of_run, core},
      {"array_cycles.l1", "array cycles", "the L1 port could not feed the array at its full rate", of_run, array},
      {"array_cycles.vector", "array cycles", "the SFUs work and the arrays have nothing to do", of_run, core},
      {"array_cycles.sync", "array cycles",
       "done, or without a share of the work, while another core or corelet still runs", of_run, core},
      {"passes.*.operations", "1", "operations of this part of the step (fwd: forward GEMMs; dgrad: gradients of "
       "activations; wgrad: gradients of weights; vector: work on the SFUs alone; update: the optimiser)", "", parts},
      {"passes.*.macs", "MACs", "executed in this part of the step", "", parts},
      {"passes.*.cycles", "core clock cycles", "of this part of the step; the parts add up to cycles", "", parts},
      {"passes.*.time_s", "s", "passes.*.cycles / machine.clock_hz", "", parts},
      {"energy_j.total", "J", "energy of the step: the sum of all components", "", energy},
      {"energy_j.mpe", "J", "multiply-accumulates, at the energy of their number formats; gated ones at theirs", "",
       energy},
      {"energy_j.registers", "J", "weight registers and local accumulators of the MPEs", "", energy},
      {"energy_j.l0", "J", "L0 streaming buffers", "", energy},
      {"energy_j.l1", "J", "L1 scratchpads", "", energy},
      {"energy_j.sfu", "J", "special-function units: all vector work", "", energy},
      {"energy_j.ring", "J", "data ring and partial-sum ring", "", energy},
      {"energy_j.memory", "J", "external memory, its interface included", "", energy},
      {"energy_j.clock", "J", "clock trees and control of the cores, working and waiting", "", energy},
      {"energy_j.leakage", "J", "leakage of the die over the whole time", "", energy},
      {"energy_class_j.dynamic", "J", "spent by work", "", energy},
      {"energy_class_j.idle", "J", "clocks of cores that wait", "", energy},
      {"energy_class_j.static", "J", "leakage over the whole time", "", energy},
      {"power_w", "W", "average power: energy_j.total / time_s", "one second of simulated time", document},
      {"tops_per_w", "10^12 operations/J", "2 * macs / energy_j.total",
       "energy of everything, external memory and leakage included", document},
      {"carbon_g.operational", "g CO2e", "energy_j.total * PUE * intensity of the grid", "", carbon},
      {"carbon_g.embodied", "g CO2e", "the step's share of what making the device emitted: device_embodied_g * "
       "time_s / (lifetime * utilisation)", "", carbon},
      {"carbon_g.total", "g CO2e", "operational + embodied", "", carbon},
      {"carbon_assumptions.intensity_g_per_kwh", "g CO2e/kWh", "what a kilowatt-hour of the grid emits", "one kWh",
       "models/config/grid.hpp"},
      {"carbon_assumptions.pue", "1", "power usage effectiveness: energy of the building / energy of its machines",
       "energy of the machines", "models/config/grid.hpp"},
      {"carbon_assumptions.device_embodied_g", "g CO2e", "making the whole device: die, memory, package", "", carbon},
      {"carbon_assumptions.device_lifetime_years", "years", "over which the making is spread", "", carbon},
      {"carbon_assumptions.device_utilisation", "1 (0..1)", "share of its lifetime that the device works",
       "the whole lifetime", carbon},
      {"bytes.register_read", "bytes", "read from MPE registers and local accumulators", "", activity},
      {"bytes.register_written", "bytes", "written to MPE registers and local accumulators", "", activity},
      {"bytes.l0_read", "bytes", "read from L0 buffers", "", activity},
      {"bytes.l0_written", "bytes", "written to L0 buffers", "", activity},
      {"bytes.l1_read", "bytes", "read from L1 scratchpads, by arrays, SFUs and stores", "", activity},
      {"bytes.l1_written", "bytes", "written to L1 scratchpads, by arrays, SFUs and loads", "", activity},
      {"bytes.memory_read", "bytes", "read from external memory", "", activity},
      {"bytes.memory_written", "bytes", "written to external memory", "", activity},
      {"activity.macs.*", "MACs", "executed in this MAC mode, gated ones included", "", activity},
      {"activity.gated_macs.*", "MACs", "of these: an operand was zero and the lane held still", "", activity},
      {"activity.sfu_lane_ops", "lane operations", "of the SFUs", "", activity},
      {"activity.ring_byte_hops", "bytes * hops", "on the data ring", "", activity},
      {"activity.psum_ring_byte_hops", "bytes * hops", "on the partial-sum ring", "", activity},
      {"activity.core_busy_cycles", "core cycles", "summed over cores: some unit of the core works", "", activity},
      {"activity.core_idle_cycles", "core cycles", "summed over cores: the rest; busy + idle = cores * cycles", "",
       activity},
      {"activity.memory_busy_cycles", "core clock cycles", "in which the external memory moves data", "",
       "sim/chip/external_memory.cpp"},
      {"activity.sfu_busy_cycles", "corelet cycles", "summed over corelets: the SFUs work", "", core},
      {"coverage.layers_with_cost", "1", "layers of the network (and the optimiser) that became operations", "",
       document},
      {"coverage.operations", "1", "operations of the step; each has been simulated", "", document},
      {"coverage.gemm_operations", "1", "of these: with a GEMM", "", document},
      {"coverage.vector_operations", "1", "of these: vector work alone", "", document},
      {"coverage.free_layers", "text", "layers that need no operation, each with the reason", "", document},
      {"unverified_constants", "text", "events of this run whose energy constant no source settles (marked in the "
       "technology's file); change them there", "", document},
  };
}

}  // namespace nibble
