// Whole steps, from names to joules, as a user of `nibble run` waits for them; points of a design space as a sweep goes through
// them cold; lowering and the mapper alone. Each iteration forks, since SystemC allows one machine a process. Times are the child's
// processor time, user and system: a busy machine does not change them much.

#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "sim/mapper/mapper.hpp"
#include "sim/mapper/residency.hpp"
#include "sim/system/simulate.hpp"
#include "tests/support/forked.hpp"

namespace {

using nibble::RunRequest;
using nibble::SimulationInputs;

double seconds(const timeval& time) { return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec); }

/// Processor time of all children that have ended.
double children_s() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

/// Times `simulate(iteration)` in children.
template <class Simulate>
void time_children(benchmark::State& state, Simulate&& simulate) {
  double kernels = 0, peak = 0;
  std::size_t iteration = 0;
  for (auto _ : state) {
    const double began = children_s();
    const std::vector<double> result = nibble::test::forked([&] {
      const nibble::RunResult run = simulate(iteration);
      return std::vector<double>{static_cast<double>(run.kernels_simulated), peak_mib()};
    });
    state.SetIterationTime(children_s() - began);
    ++iteration;
    kernels = result[0];
    peak = std::max(peak, result[1]);
  }
  state.counters["kernels"] = kernels;
  state.counters["peak_MiB"] = peak;
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

void simulate_step(benchmark::State& state, const RunRequest& request) {
  time_children(state, [&](std::size_t) { return nibble::simulate(request); });
}

void every_step(benchmark::State& state, RunRequest request) {
  request.fast_forward = false;
  simulate_step(state, request);
}

/// Points that differ in what all their kernels' times depend on; the network is read and lowered before, as in a sweep.
void cold_points(benchmark::State& state, const RunRequest& request) {
  SimulationInputs inputs = nibble::load_inputs(request);
  inputs.step = std::make_shared<const nibble::Step>(
      nibble::lower(request.training, inputs.network, inputs.recipe, request.batch));
  constexpr std::array kBandwidths{100e9, 200e9, 400e9, 800e9};
  constexpr std::array kCores{2U, 4U};
  time_children(state, [&](std::size_t point) {
    inputs.accelerator.memory.bandwidth = nibble::BytesPerSecond{kBandwidths[point % kBandwidths.size()]};
    inputs.accelerator.cores = kCores[point / kBandwidths.size() % kCores.size()];
    return nibble::simulate(request, inputs);
  });
  state.counters["points_per_s"] = benchmark::Counter(1, benchmark::Counter::kIsIterationInvariantRate);
}

void lower_step(benchmark::State& state, const RunRequest& request) {
  const SimulationInputs inputs = nibble::load_inputs(request);
  for (auto _ : state) {
    benchmark::DoNotOptimize(nibble::lower(request.training, inputs.network, inputs.recipe, request.batch));
  }
}

void map_step(benchmark::State& state, const RunRequest& request) {
  const SimulationInputs inputs = nibble::load_inputs(request);
  const nibble::Step step = nibble::lower(request.training, inputs.network, inputs.recipe, request.batch);
  for (auto _ : state) {
    const nibble::ResidencyPlan plan = nibble::plan_residency(step, inputs.accelerator, true);
    for (std::size_t i = 0; i < step.operations.size(); ++i) {
      benchmark::DoNotOptimize(nibble::map_operation(step, i, inputs.accelerator, plan.operations[i], {}));
    }
  }
  state.counters["operations"] = static_cast<double>(step.operations.size());
}

}  // namespace

// The goals: a ResNet-50 training step at batch 64 in under 1 s, its forward pass at batch 1 in under 0.1 s, 20 cold points a
// second. A larger batch has more tiles, but not more kinds of them.
BENCHMARK_CAPTURE(simulate_step, resnet50_training_fp32_b64, request("resnet50", "fp32", "rapid-fp32", 64, true))
    ->Unit(benchmark::kMillisecond)->UseManualTime();
BENCHMARK_CAPTURE(simulate_step, resnet50_training_fp16_b64, request("resnet50", "fp16", "rapid", 64, true))
    ->Unit(benchmark::kMillisecond)->UseManualTime();
BENCHMARK_CAPTURE(simulate_step, resnet50_training_hfp8_b64, request("resnet50", "hfp8", "rapid", 64, true))
    ->Unit(benchmark::kMillisecond)->UseManualTime();
BENCHMARK_CAPTURE(every_step, resnet50_training_hfp8_b64, request("resnet50", "hfp8", "rapid", 64, true))
    ->Unit(benchmark::kMillisecond)->UseManualTime();
BENCHMARK_CAPTURE(simulate_step, resnet50_training_hfp8_b512, request("resnet50", "hfp8", "rapid-train32", 512, true))
    ->Unit(benchmark::kMillisecond)->UseManualTime();
BENCHMARK_CAPTURE(simulate_step, resnet50_training_fp4_b64, request("resnet50", "fp4", "rapid-fp4", 64, true))
    ->Unit(benchmark::kMillisecond)->UseManualTime();
BENCHMARK_CAPTURE(simulate_step, resnet50_inference_int4_b1, request("resnet50", "int4", "rapid", 1, false))
    ->Unit(benchmark::kMillisecond)->UseManualTime();
BENCHMARK_CAPTURE(simulate_step, bert_base_training_hfp8_b16, request("bert-base", "hfp8", "rapid", 16, true))
    ->Unit(benchmark::kMillisecond)->UseManualTime();
BENCHMARK_CAPTURE(cold_points, resnet50_training_hfp8_b64, request("resnet50", "hfp8", "rapid", 64, true))
    ->Unit(benchmark::kMillisecond)->UseManualTime();
BENCHMARK_CAPTURE(lower_step, resnet50_training_fp4_b64, request("resnet50", "fp4", "rapid-fp4", 64, true))
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(map_step, resnet50_training_hfp8_b64, request("resnet50", "hfp8", "rapid", 64, true))
    ->Unit(benchmark::kMillisecond);

extern "C" int sc_main(int /*argc*/, char** /*argv*/) { return 99; }  // libsystemc asks for it; main is ours

BENCHMARK_MAIN();
