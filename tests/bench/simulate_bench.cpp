// Whole steps, from names to joules: what a user of `nibble run` waits for. Each iteration forks, since SystemC allows one
// machine a process; the fork itself takes about a millisecond.

#include <benchmark/benchmark.h>

#include "sim/system/simulate.hpp"
#include "tests/support/forked.hpp"

namespace {

using nibble::RunRequest;

void simulate_step(benchmark::State& state, const RunRequest& request) {
  double kernels = 0, cycles = 0;
  for (auto _ : state) {
    const std::vector<double> result = nibble::test::forked([&] {
      const nibble::RunResult run = nibble::simulate(request);
      return std::vector<double>{static_cast<double>(run.kernels_simulated), static_cast<double>(run.cycles.value())};
    });
    kernels = result[0];
    cycles = result[1];
  }
  state.counters["kernels"] = kernels;
  state.counters["simulated_cycles_per_s"] =
      benchmark::Counter(cycles, benchmark::Counter::kIsIterationInvariantRate);
}

RunRequest request(const char* network, const char* recipe, const char* accelerator, std::uint64_t batch, bool training) {
  RunRequest r;
  r.network = network;
  r.recipe = recipe;
  r.accelerator = accelerator;
  r.batch = batch;
  r.training = training;
  return r;
}

}  // namespace

// The goals: a ResNet-50 training step at batch 64 in under 1 s, its forward pass at batch 1 in under 0.1 s.
BENCHMARK_CAPTURE(simulate_step, resnet50_training_fp32_b64, request("resnet50", "fp32", "rapid-fp32", 64, true))
    ->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(simulate_step, resnet50_training_fp16_b64, request("resnet50", "fp16", "rapid", 64, true))
    ->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(simulate_step, resnet50_training_fp4_b64, request("resnet50", "fp4", "rapid-fp4", 64, true))
    ->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(simulate_step, resnet50_inference_int4_b1, request("resnet50", "int4", "rapid", 1, false))
    ->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(simulate_step, bert_base_training_hfp8_b16, request("bert-base", "hfp8", "rapid", 16, true))
    ->Unit(benchmark::kMillisecond)->UseRealTime();

extern "C" int sc_main(int /*argc*/, char** /*argv*/) { return 99; }  // libsystemc asks for it; main is ours

BENCHMARK_MAIN();
