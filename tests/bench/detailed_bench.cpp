// Element-cycles a second of the detailed core: one whole tile an iteration, forked, operands drawn and checked included.

#include <benchmark/benchmark.h>

#include "sim/detailed/verify_case.hpp"
#include "tests/support/forked.hpp"

namespace {

using nibble::detailed::VerifyCase;

VerifyCase tile(const char* machine, const char* mode_name, std::uint64_t m, std::uint64_t n, std::uint64_t k) {
  VerifyCase chosen;
  chosen.accelerator = nibble::load_accelerator(machine);
  chosen.accelerator.core.corelets = 1;
  for (const nibble::MacMode& mode : chosen.accelerator.core.mpe.modes) {
    if (mode.name == mode_name) chosen.mode = mode;
  }
  chosen.a_format = chosen.mode.operands[0];
  chosen.b_format = chosen.mode.operands[1];
  chosen.m = m;
  chosen.n = n;
  chosen.k = k;
  return chosen;
}

void run_tile(benchmark::State& state, const char* machine, const char* mode) {
  double element_cycles = 0;
  for (auto _ : state) {
    element_cycles = nibble::test::forked([&] {
      return std::vector<double>{static_cast<double>(
          nibble::detailed::run_case(tile(machine, mode, 64, 64, 256)).element_cycles)};
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
