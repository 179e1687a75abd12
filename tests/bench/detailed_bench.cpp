// Element-cycles a second of the detailed core: one tile an iteration, in a process of its own; its modules' making included.

#include <benchmark/benchmark.h>

#include "sim/detailed/detailed_core.hpp"
#include "tests/support/forked.hpp"

namespace {

using nibble::detailed::TileWork;

/// 64 x 64 x 256 with all kinds of codes, zeros among them.
TileWork tile() {
  TileWork work;
  work.m = work.n = 64;
  work.k = 256;
  work.a.resize(work.m * work.k);
  work.b.resize(work.k * work.n);
  work.c.resize(work.m * work.n);
  for (std::size_t i = 0; i < work.a.size(); ++i) work.a[i] = static_cast<std::uint32_t>(i * 7 % 13);
  for (std::size_t i = 0; i < work.b.size(); ++i) work.b[i] = static_cast<std::uint32_t>(i * 5 % 11);
  return work;
}

void run_tile(benchmark::State& state, const char* machine, const char* mode_name) {
  const nibble::Accelerator accelerator = nibble::load_accelerator(machine);
  nibble::MacMode mode;
  for (const nibble::MacMode& known : accelerator.core.mpe.modes) {
    if (known.name == mode_name) mode = known;
  }
  const nibble::detailed::ArrayShape shape =
      nibble::detailed::array_shape(accelerator.core, mode, mode.operands[0], mode.operands[1], false);
  double element_cycles = 0;
  for (auto _ : state) {
    element_cycles = nibble::test::forked([&] {
      TileWork work = tile();
      nibble::KernelGuard guard;
      nibble::detailed::Port port{shape.port_bits};
      const auto core = nibble::detailed::make_detailed_core("core", shape, work, {port}, guard);
      sc_core::sc_start();
      guard.rethrow();
      return std::vector<double>{static_cast<double>(core->cycles().total() * shape.rows * shape.columns)};
    })[0];
  }
  state.counters["element_cycles_per_s"] = benchmark::Counter(element_cycles, benchmark::Counter::kIsIterationInvariantRate);
}

}  // namespace

BENCHMARK_CAPTURE(run_tile, rapid_fp16, "rapid", "fp16")->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(run_tile, rapid_hfp8, "rapid", "hfp8-fwd")->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(run_tile, rapid_int4, "rapid", "int4")->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(run_tile, rapid_fp4_training, "rapid-fp4", "int4xfp4")->Unit(benchmark::kMillisecond)->UseRealTime();

extern "C" int sc_main(int /*argc*/, char** /*argv*/) { return 99; }  // libsystemc asks for it; main is ours

BENCHMARK_MAIN();
