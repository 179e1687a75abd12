// Proves, over random networks, recipes and machines and over shipped ones: a kernel that is fast-forwarded
// takes exactly as many cycles as one that is simulated in every step, and counts exactly the same.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "models/config/catalogue.hpp"
#include "sim/chip/machine.hpp"
#include "sim/validation/measured_work.hpp"
#include "tests/support/forked.hpp"
#include "tests/support/random_inputs.hpp"

namespace nibble {
namespace {

void append(std::vector<double>& all, const KernelResult& kernel) {
  const ArrayCycles& array = kernel.array_cycles;
  const Activity& activity = kernel.activity;
  for (const std::uint64_t count : {kernel.cycles.value(),
                                    kernel.memory_busy_cycles,
                                    kernel.sfu_busy_cycles,
                                    array.compute,
                                    array.fill_drain,
                                    array.memory,
                                    array.ring,
                                    array.l1,
                                    array.vector,
                                    array.sync,
                                    activity.register_read.value(),
                                    activity.register_written.value(),
                                    activity.array_byte_hops,
                                    activity.l0_read.value(),
                                    activity.l0_written.value(),
                                    activity.l1_read.value(),
                                    activity.l1_written.value(),
                                    activity.sfu_lane_ops,
                                    activity.ring_byte_hops,
                                    activity.psum_ring_byte_hops,
                                    activity.memory_read.value(),
                                    activity.memory_written.value(),
                                    activity.core_busy_cycles,
                                    activity.core_idle_cycles}) {
    all.push_back(static_cast<double>(count));
  }
  for (const auto* modes : {&activity.macs, &activity.gated_macs}) {
    for (const auto& [mode, macs] : *modes) all.push_back(static_cast<double>(macs));
  }
}

std::vector<double> counts(const RunRequest& request, const SimulationInputs& inputs) {
  return test::forked([&] {
    std::vector<double> all;
    for (const OperationResult& operation : simulate(request, inputs).operations)
      append(all, operation.kernel);
    return all;
  });
}

void expect_no_difference(RunRequest request, const SimulationInputs& inputs, const std::string& what) {
  request.fast_forward = true;
  const std::vector<double> fast = counts(request, inputs);
  request.fast_forward = false;
  EXPECT_EQ(fast, counts(request, inputs)) << what;
}

TEST(FastForward, ChangesNoCycleAndNoCount) {
  for (std::uint64_t seed = 1000; seed < 1060; ++seed) {
    test::RandomInputs random{seed};
    const SimulationInputs inputs = random.inputs();
    RunRequest request;
    request.batch = random.pick({1, 3, 8, 64});
    expect_no_difference(request, inputs, fmt::format("seed {}", seed));
  }
}

TEST(FastForward, ChangesNothingOfShippedNetworks) {
  struct Case {
    const char *network, *recipe, *accelerator;
    std::uint64_t batch;
    bool training;
  };
  for (const auto& [network, recipe, accelerator, batch, training] :
       {Case{"resnet50", "hfp8", "rapid", 64, true}, Case{"resnet18", "fp4", "rapid-fp4", 128, true},
        Case{"mobilenetv2", "fp16", "core14", 16, true}, Case{"bert-base", "hfp8", "rapid", 16, true},
        Case{"resnet50", "fp16", "spyre", 16, false}}) {
    RunRequest request;
    request.network = network;
    request.recipe = recipe;
    request.accelerator = accelerator;
    request.batch = batch;
    request.training = training;
    expect_no_difference(request, load_inputs(request),
                         fmt::format("{} {} {}", network, recipe, accelerator));
  }
}

// The rows that a turnaround has time to open, and does not need to, are kept for what comes next.
TEST(FastForward, ChangesNothingOfGathersWhoseRowsOpenWhileTheBusTurnsAround) {
  const Accelerator accelerator = load_accelerator("spyre");
  const auto all_counts = [&](Pace pace) {
    return test::forked([&] {
      Machine machine{accelerator, pace};
      std::vector<double> all;
      for (std::uint64_t columns = 64; columns <= 4096; columns += columns < 1024 ? 64 : 512) {
        MeasuredKernel kernel;
        kernel.op = "copy";
        kernel.note = "bench_op=cat0";
        kernel.m = 4096;
        kernel.n = columns;
        const MeasuredWork work = measured_work(kernel, accelerator);
        append(all, machine.run(map_operation(work.step, 0, accelerator, work.residency[0], work.options)));
      }
      return all;
    });
  };
  EXPECT_EQ(all_counts(Pace::fast_forward), all_counts(Pace::every_step));
}

}  // namespace
}  // namespace nibble
