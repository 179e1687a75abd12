#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

#include "models/base/check.hpp"
#include "models/formats/format.hpp"
#include "sim/detailed/verify_case.hpp"

namespace nibble::detailed {
namespace {

/// Shipped machines with different arrays; larger systems are made of the same cores.
constexpr std::array kMachines{"rapid", "rapid-fp4", "rapid-fp32", "rapid-fixed16", "spyre", "core14", "train-fp4-area"};
/// Products of a case at most: seconds, not minutes, of detailed simulation.
constexpr std::uint64_t kMostProducts = 1'500'000;

class Draw {
 public:
  Draw(std::uint64_t seed, std::uint64_t index) {
    std::seed_seq words{seed, seed >> 32, index, index >> 32};
    generator_.seed(words);
  }
  std::uint64_t below(std::uint64_t limit) { return generator_() % limit; }
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  std::uint32_t pick(std::initializer_list<std::uint32_t> values) { return values.begin()[below(values.size())]; }
  /// Sizes of all magnitudes alike, odd ones included.
  std::uint64_t size(std::uint64_t largest) {
    const double exponent = std::log2(static_cast<double>(largest)) * static_cast<double>(below(1U << 20)) / (1U << 20);
    return std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::exp2(exponent) + 0.5), 1, largest);
  }

 private:
  std::mt19937_64 generator_;
};

void draw_core(Draw& draw, Core& core) {
  MpeArray& mpe = core.mpe;
  mpe.rows = draw.pick({1, 2, 3, 4, 6, 8, 12, 16});
  mpe.columns = draw.pick({1, 2, 4, 5, 8, 16});
  mpe.lanes = draw.pick({1, 2, 4, 8, 16});
  mpe.mac_latency_cycles = draw.pick({1, 2, 3, 4, 6, 8});
  mpe.accumulators = draw.pick({4, 8, 8, 16, 32, 64});
  mpe.pass_bubble_cycles = draw.pick({0, 0, 0, 1, 3});
  mpe.weight_buffers = draw.pick({1, 2, 2, 3});
  mpe.weight_rows_a_cycle = draw.pick({0, 0, 1, 2});
  mpe.registers = Bytes{std::uint64_t{draw.pick({512, 1024, 2048})} * std::max(1U, mpe.lanes / 4)};
  mpe.dataflow = static_cast<Dataflow>(draw.below(3));
  core.l0.slices = mpe.rows;
  core.l0.slice_capacity = Bytes{draw.pick({256, 512, 1024, 4096})};
  core.l0.slice_bandwidth = BytesPerCycle{static_cast<double>(draw.pick({8, 16, 16, 32}))};
  core.l1.corelet_bandwidth = BytesPerCycle{static_cast<double>(draw.pick({64, 128, 128, 256, 512}))};
}

void draw_gemm(Draw& draw, VerifyCase& drawn) {
  drawn.origin = "gemm";
  drawn.m = draw.size(600);
  drawn.n = draw.size(300);
  drawn.k = draw.size(1500);
  if (draw.one_in(6)) drawn.count = draw.between(2, 4);
}

/// A convolution as lowering makes GEMMs of it: pixels x taps of all channels x filters.
void draw_conv(Draw& draw, VerifyCase& drawn) {
  const std::uint64_t kernel = draw.pick({1, 3, 3, 5, 7}), pixels = draw.between(3, 20);
  const std::uint64_t channels = draw.pick({3, 8, 16, 24, 32, 64}), filters = draw.pick({8, 10, 16, 32, 48, 64, 96});
  drawn.depthwise = draw.one_in(5);
  drawn.m = pixels * pixels;
  drawn.k = kernel * kernel * (drawn.depthwise ? 1 : channels);
  drawn.n = drawn.depthwise ? 1 : filters;
  drawn.count = drawn.depthwise ? channels : 1;
  drawn.origin = fmt::format("{}conv {}x{} of {} channels, {}x{} pixels", drawn.depthwise ? "depthwise " : "", kernel,
                             kernel, channels, pixels, pixels);
}

void draw_shape(Draw& draw, VerifyCase& drawn) {
  if (draw.one_in(2)) {
    draw_conv(draw, drawn);
  } else {
    draw_gemm(draw, drawn);
  }
  while (drawn.m * drawn.n * drawn.k * drawn.count > kMostProducts) {
    std::uint64_t& largest = drawn.m > drawn.k ? drawn.m : drawn.k;
    largest = ceil_div(largest, 2);
  }
}

bool usable(const VerifyCase& drawn) {
  const Core& core = drawn.accelerator.core;
  if (core.mpe.dataflow == Dataflow::output_stationary) {
    const std::uint64_t output_bits = 2 * format_storage(drawn.mode.accumulator).bits;
    return core.mpe.registers.value() * 8 >= output_bits * core.mpe.lanes;
  }
  const unsigned bits = std::max(format_storage(drawn.a_format).bits, format_storage(drawn.b_format).bits);
  const std::uint64_t word = std::uint64_t{drawn.mode.macs_per_lane} * bits;
  return core.mpe.registers.value() * 8 / core.mpe.weight_buffers >= word * core.mpe.lanes &&
         core.l0.slice_capacity.value() * 8 >= 2 * word;
}

}  // namespace

std::string VerifyCase::text() const {
  const Core& core = accelerator.core;
  constexpr std::array kFlows{"weight", "output", "input"};
  return fmt::format(
      "{}{}: {}{} x {} x {} lanes, {} stationary, {} B registers in {}{}, {} accumulators, latency {}, bubble {}, L0 {} B by {}, L1 {} "
      "B/cycle; {} x {} in {}; m {} n {} k {}{}{}, {}",
      accelerator.name, as_shipped ? "" : " varied",
      core.corelets > 1 ? fmt::format("{} corelets by {}, ", core.corelets, split_n ? "columns" : count > 1 ? "groups" : "rows") : "",
      core.mpe.rows, core.mpe.columns, core.mpe.lanes,
      kFlows[static_cast<std::size_t>(core.mpe.dataflow)], core.mpe.registers.value(), core.mpe.weight_buffers,
      core.mpe.weight_rows_a_cycle > 0 ? fmt::format(" written {} rows a cycle", core.mpe.weight_rows_a_cycle) : "",
      core.mpe.accumulators, core.mpe.mac_latency_cycles, core.mpe.pass_bubble_cycles, core.l0.slice_capacity.value(),
      core.l0.slice_bandwidth.value(), core.l1.corelet_bandwidth.value(), a_format, b_format, mode.name, m, n, k,
      count > 1 ? fmt::format(", {} times", count) : "", k_before > 0 ? fmt::format(", {} of k before", k_before) : "",
      origin);
}

VerifyCase draw_case(std::uint64_t seed, std::uint64_t index, std::uint32_t corelets) {
  Draw draw{seed, index};
  VerifyCase drawn;
  drawn.seed = seed;
  drawn.index = index;
  drawn.accelerator = load_accelerator(kMachines[draw.below(kMachines.size())]);
  drawn.accelerator.core.corelets = corelets;
  const Core shipped = drawn.accelerator.core;
  const auto& modes = shipped.mpe.modes;
  drawn.as_shipped = draw.one_in(3);
  do {
    drawn.mode = modes[draw.below(modes.size())];
    const bool swapped = draw.one_in(2);
    drawn.a_format = drawn.mode.operands[swapped ? 1 : 0];
    drawn.b_format = drawn.mode.operands[swapped ? 0 : 1];
    drawn.accelerator.core = shipped;
    if (!drawn.as_shipped) draw_core(draw, drawn.accelerator.core);
  } while (!usable(drawn));
  draw_shape(draw, drawn);
  drawn.zeros = 0.1 * static_cast<double>(draw.below(8));
  const ArrayShape shape = array_shape(drawn.accelerator.core, drawn.mode, drawn.a_format, drawn.b_format, drawn.depthwise);
  const std::uint64_t chunk = std::max(shape.arithmetic.chunk_length, shape.arithmetic.tree_width);
  if (draw.one_in(5)) drawn.k_before = chunk * draw.between(1, 2);
  drawn.split_n = draw.one_in(2);
  return drawn;
}

}  // namespace nibble::detailed
