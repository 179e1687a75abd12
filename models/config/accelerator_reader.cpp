#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "models/base/hash.hpp"
#include "models/config/accelerator.hpp"
#include "models/config/accelerator_checks.hpp"
#include "models/config/extends.hpp"
#include "models/config/field_readers.hpp"

namespace nibble {
namespace {

// The ranges are wide on purpose: they catch slipped units and zeros, not unusual machines.
constexpr Bytes kKibibyte{1024}, kMebibyte{1024 * 1024}, kGibibyte{1024 * 1024 * 1024};
constexpr BytesPerCycle kNarrowest{1}, kWidest{65536};

const Words<Dataflow> kDataflows{{"weight_stationary", Dataflow::weight_stationary},
                                 {"output_stationary", Dataflow::output_stationary},
                                 {"input_stationary", Dataflow::input_stationary}};

/// Two format names. A wrong list is reported whole, and becomes a pair of the first known format.
std::vector<std::string> read_operands(const MapReader& map) {
  std::vector<std::string> operands = map.texts("operands");
  const std::vector<std::string> known = format_names();
  for (std::string& operand : operands) {
    if (std::find(known.begin(), known.end(), operand) != known.end()) continue;
    map.problem("operands", "CFG-CHOICE",
                fmt::format("'{}' in {} is not a number format", operand, map.path_of("operands")),
                words_hint(operand, known));
    operand = known.front();
  }
  if (operands.size() != 2 && map.has("operands")) {
    map.problem("operands", "CFG-RANGE",
                fmt::format("{} names {} formats", map.path_of("operands"), operands.size()), "needs two");
  }
  operands.resize(2, known.front());
  return operands;
}

MacMode read_mode(const MapReader& map, const std::string& name) {
  MacMode mode;
  mode.name = name;
  mode.operands = read_operands(map);
  mode.macs_per_lane = map.count("macs_per_lane", 1, 64);
  mode.accumulator = read_format(map, "accumulator");
  return mode;
}

MpeArray read_mpe(const MapReader& map) {
  MpeArray mpe;
  mpe.rows = map.count("rows", 1, 1024);
  mpe.columns = map.count("columns", 1, 1024);
  mpe.lanes = map.count("lanes", 1, 64);
  mpe.registers = map.bytes("registers", Bytes{1}, kMebibyte);
  mpe.weight_buffers = map.count("weight_buffers", 1, 2);
  mpe.accumulators = map.count("accumulators", 1, 4096);
  mpe.mac_latency_cycles = map.count("mac_latency_cycles", 1, 64);
  mpe.pass_bubble_cycles = map.count("pass_bubble_cycles", 0, 4096, 0);
  mpe.weight_rows_a_cycle = map.count("weight_rows_a_cycle", 0, 4096, 0);
  mpe.dataflow = read_enum(map, "dataflow", kDataflows, std::optional{Dataflow::weight_stationary});
  const MapReader modes = map.map("modes");
  for (const std::string& name : modes.keys()) mpe.modes.push_back(read_mode(modes.map(name), name));
  return mpe;
}

L0Buffers read_l0(const MapReader& map) {
  L0Buffers l0;
  l0.slices = map.count("slices", 1, 1024);
  l0.slice_capacity = map.bytes("slice_capacity", Bytes{1}, kMebibyte);
  l0.slice_bandwidth = map.bytes_per_cycle("slice_bandwidth", kNarrowest, kWidest);
  return l0;
}

L1Scratchpad read_l1(const MapReader& map) {
  L1Scratchpad l1;
  l1.capacity = map.bytes("capacity", kKibibyte, kGibibyte);
  l1.allocatable = map.number("allocatable", 0.05, 1.0, 1.0);
  l1.corelet_bandwidth = map.bytes_per_cycle("corelet_bandwidth", kNarrowest, kWidest);
  l1.ring_bandwidth = map.bytes_per_cycle("ring_bandwidth", kNarrowest, kWidest);
  l1.banks = map.count("banks", 1, 1024, 1);
  l1.keep_operands = map.boolean("keep_operands", true);
  if (map.has("output_tile")) l1.output_tile = map.bytes("output_tile", kKibibyte, kGibibyte);
  l1.output_side = map.count("output_side", 0, 65536, 0);
  if (map.has("vector_tile")) l1.vector_tile = map.bytes("vector_tile", Bytes{64}, kGibibyte);
  l1.gathered_rows = map.count("gathered_rows", 0, 65536, 0);
  l1.output_buffers = map.count("output_buffers", 1, 2, 2);
  return l1;
}

SfuArrays read_sfu(const MapReader& map) {
  SfuArrays sfu;
  sfu.arrays = map.count("arrays", 1, 64);
  sfu.units = map.count("units", 1, 1024);
  sfu.lanes = map.count("lanes", 1, 64);
  sfu.startup_cycles = map.count("startup_cycles", 0, 4096, 0);
  if (map.has("l1_bandwidth")) sfu.l1_bandwidth = map.bytes_per_cycle("l1_bandwidth", kNarrowest, kWidest);
  sfu.reduction_lanes = map.count("reduction_lanes", 0, 65536, 0);
  sfu.row_cycles = map.count("row_cycles", 0, 4096, 0);
  return sfu;
}

Core read_core(const MapReader& map) {
  Core core;
  core.corelets = map.count("corelets", 1, 64);
  core.mpe = read_mpe(map.map("mpe"));
  core.l0 = read_l0(map.map("l0"));
  core.l1 = read_l1(map.map("l1"));
  core.sfu = read_sfu(map.map("sfu"));
  return core;
}

Ring read_ring(const MapReader& map) {
  Ring ring;
  ring.bandwidth = map.bytes_per_cycle("bandwidth", kNarrowest, kWidest);
  if (map.has("unicast_bandwidth")) {
    ring.unicast_bandwidth = map.bytes_per_cycle("unicast_bandwidth", kNarrowest, kWidest);
  }
  ring.hop_cycles = map.count("hop_cycles", 0, 1000);
  ring.psum_bandwidth = map.bytes_per_cycle("psum_bandwidth", kNarrowest, kWidest);
  ring.multicast = map.boolean("multicast", true);
  ring.passes_sums = map.boolean("passes_sums", false);
  return ring;
}

Dma read_dma(const MapReader& map) {
  Dma dma;
  dma.burst = map.bytes("burst", Bytes{1}, kMebibyte * 16);
  dma.outstanding = map.count("outstanding", 1, 65536);
  dma.gather_cycles = map.count("gather_cycles", 0, 4096, 0);
  dma.shared_gather_cycles = map.count("shared_gather_cycles", 0, 4096, dma.gather_cycles);
  dma.crossed_gather_cycles = map.count("crossed_gather_cycles", 0, 4096, dma.shared_gather_cycles);
  return dma;
}

Memory read_memory(const MapReader& map) {
  Memory memory;
  memory.kind = map.text("kind");
  memory.bandwidth = map.bytes_per_second("bandwidth", BytesPerSecond{1e6}, BytesPerSecond{1e14});
  memory.efficiency = map.number("efficiency", 0.01, 1.0, 1.0);
  memory.latency = map.seconds("latency", Seconds{0}, Seconds{1e-3});
  memory.turnaround = map.seconds("turnaround", Seconds{0}, Seconds{1e-6}, Seconds{0});
  memory.turnaround_batch = map.bytes("turnaround_batch", Bytes{1}, kGibibyte, kMebibyte);
  if (map.has("one_sided_batch")) memory.one_sided_batch = map.bytes("one_sided_batch", Bytes{1}, kGibibyte);
  memory.collects = map.boolean("collects", false);
  memory.turnaround_pieces = map.count("turnaround_pieces", 0, 1 << 20, 0);
  memory.chained_clash = map.number("chained_clash", 0.0, 10.0, 1.0);
  memory.displaced_clash = map.number("displaced_clash", 0.0, 10.0, 1.0);
  memory.channels = map.count("channels", 1, 1024, 1);
  memory.interleave = map.bytes("interleave", Bytes{32}, kMebibyte, Bytes{256});
  memory.channel_hash = map.boolean("channel_hash", false);
  memory.banks = map.count("banks", 0, 1024, 0);
  memory.row_open = map.seconds("row_open", Seconds{0}, Seconds{1e-6}, Seconds{0});
  memory.row_cycle = map.seconds("row_cycle", Seconds{0}, Seconds{1e-6}, Seconds{0});
  memory.activate_gap = map.seconds("activate_gap", Seconds{0}, Seconds{1e-6}, Seconds{0});
  memory.page = map.bytes("page", Bytes{64}, kMebibyte, Bytes{4096});
  memory.activation = map.seconds("activation", Seconds{0}, Seconds{1e-6}, Seconds{0});
  memory.crossed_activation = map.seconds("crossed_activation", Seconds{0}, Seconds{1e-6}, Seconds{0});
  if (map.has("bank_span")) memory.bank_span = map.bytes("bank_span", kKibibyte, kGibibyte);
  memory.bank_conflict = map.seconds("bank_conflict", Seconds{0}, Seconds{1e-6}, Seconds{0});
  memory.capacity = map.bytes("capacity", kMebibyte, kGibibyte * 4096);
  memory.granule = map.bytes("granule", Bytes{1}, kKibibyte * 64);
  return memory;
}

Accelerator::PublishedPeak read_peak(const MapReader& map, const Accelerator& accelerator) {
  Accelerator::PublishedPeak peak;
  peak.mode = map.text("mode");
  peak.tops_per_w = map.number("tops_per_w", 0, 1e6);
  peak.source = map.source_of("tops_per_w");
  peak.voltage = map.volts("voltage", Volts{0.2}, Volts{2.0}, accelerator.voltage);
  peak.clock = map.hertz("clock", Hertz{1e6}, Hertz{1e10}, accelerator.clock);
  return peak;
}

Accelerator::PublishedRate read_rate(const MapReader& map) {
  return {map.text("mode"), map.number("tops", 0, 1e9), map.source_of("tops")};
}

const Words<Topology> kTopologies{{"ring", Topology::ring}, {"fully_connected", Topology::fully_connected}};

Links read_links(const MapReader& map) {
  Links links;
  links.topology = read_enum(map, "topology", kTopologies);
  links.bandwidth = map.bytes_per_second("bandwidth", BytesPerSecond{1e6}, BytesPerSecond{1e14});
  links.latency = map.seconds("latency", Seconds{0}, Seconds{1});
  return links;
}

OperatingPoint read_point(const MapReader& map) {
  return {map.text("name", ""), map.volts("voltage", Volts{0.2}, Volts{2.0}), map.hertz("clock", Hertz{1e6}, Hertz{1e10})};
}

/// `operating_point`, a name or a number from 1, takes the place of voltage and clock.
void set_operating_point(const MapReader& root, Accelerator& a) {
  const std::string wanted = root.text("operating_point", "");
  if (wanted.empty()) return;
  std::vector<std::string> known;
  for (std::size_t i = 0; i < a.operating_points.size(); ++i) {
    const OperatingPoint& point = a.operating_points[i];
    const std::string number = std::to_string(i + 1);
    if (wanted == point.name || wanted == number) {
      a.voltage = point.voltage;
      a.clock = point.clock;
      return;
    }
    known.push_back(fmt::format("{}{} ({} V, {:.4g} GHz)", number, point.name.empty() ? "" : " or " + point.name,
                                point.voltage.value(), point.clock.value() * 1e-9));
  }
  root.problem("operating_point", "CFG-CHOICE", fmt::format("operating_point = {}", wanted),
               known.empty() ? "this machine has no operating_points" : fmt::format("one of: {}", fmt::join(known, ", ")));
}

const Words<Throttling> kThrottlings{{"sparsity_aware", Throttling::sparsity_aware},
                                     {"worst_case", Throttling::worst_case}};

PowerManagement read_power(const MapReader& map) {
  PowerManagement power;
  if (map.has("cap")) power.cap = map.watts("cap", Watts{1e-3}, Watts{1e5});
  power.throttling = read_enum(map, "throttling", kThrottlings, {Throttling::sparsity_aware});
  return power;
}

void read_system(const MapReader& root, Accelerator& a) {
  a.chips = root.count("chips", 1, 65536, 1);
  if (root.has("links")) a.links = read_links(root.map("links"));
  if (root.has("operating_points")) {
    for (const MapReader& point : root.maps("operating_points")) a.operating_points.push_back(read_point(point));
  }
  set_operating_point(root, a);
  if (root.has("power")) a.power = read_power(root.map("power"));
  if (root.has("published_rates")) {
    for (const MapReader& rate : root.maps("published_rates")) a.published_rates.push_back(read_rate(rate));
  }
}

/// Takes keys out of a map; whatever else a machine comes to have stays, and counts, by itself.
void take_out(YamlNode& map, std::initializer_list<std::string_view> keys) {
  std::erase_if(map.entries, [&](const YamlNode::Entry& entry) {
    return std::find(keys.begin(), keys.end(), entry.key) != keys.end();
  });
}

/// Sets the hashes of what a kernel's cycles depend on: of one that is still to be mapped, and of programs.
void hash_timing(YamlNode tree, Accelerator& a) {
  take_out(tree, {"schema", "name", "description", "technology", "voltage", "die_area", "chips", "links",
                  "operating_points", "operating_point", "power", "published_peaks", "published_rates"});
  YamlNode clock;  // as it is set: the operating point's, if there is one
  clock.kind = YamlNode::Kind::scalar;
  clock.scalar = fmt::format("{} Hz", a.clock.value());
  tree.find("clock")->value = clock;
  a.timing_hash = content_hash(canonical_text(tree));
  YamlNode& core = tree.find("core")->value;
  // What only the mapper asks for has done its work when there is a program.
  take_out(core.find("l1")->value, {"capacity", "allocatable", "keep_operands", "output_tile", "output_buffers", "banks"});
  a.execution_hashes.matrix = content_hash(canonical_text(tree));
  take_out(core, {"mpe", "l0"});
  a.execution_hashes.vector = content_hash(canonical_text(tree));
}

}  // namespace

Accelerator load_accelerator(const std::string& name_or_path, const Overrides& overrides) {
  const YamlFile file = load_extended(Kind::accelerator, name_or_path, overrides);
  file.require_schema("nibble/accelerator/1");
  const MapReader root = file.root();
  Accelerator a;
  a.file = file.name();
  a.name = root.text("name");
  a.description = root.text("description", "");
  a.technology = root.text("technology");
  a.voltage = root.volts("voltage", Volts{0.2}, Volts{2.0});
  a.clock = root.hertz("clock", Hertz{1e6}, Hertz{1e10});
  a.cores = root.count("cores", 1, 1024);
  a.die_area = root.square_millimetres("die_area", SquareMillimetres{0.01}, SquareMillimetres{1e5});
  a.core = read_core(root.map("core"));
  a.ring = read_ring(root.map("ring"));
  a.dma = read_dma(root.map("dma"));
  a.memory = read_memory(root.map("memory"));
  read_system(root, a);
  if (root.has("published_peaks")) {
    for (const MapReader& peak : root.maps("published_peaks"))
      a.published_peaks.push_back(read_peak(peak, a));
  }
  if (file.ok()) check_accelerator(a, root);
  file.finish();
  a.hash = file.hash();
  hash_timing(file.tree(), a);
  return a;
}

}  // namespace nibble
