// Proves, over real networks in training and inference, batches that divide over the cores and that don't, and scratchpads
// of 256 KiB to 8 MiB: traffic never rises as scratchpads grow; what stays in L1 never makes it more than without;
// everything still fits; and all that must pass through memory does.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <string>

#include "models/base/error.hpp"
#include "sim/mapper/mapper.hpp"
#include "sim/mapper/operation_key.hpp"
#include "sim/mapper/program_check.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble {
namespace {

struct TrafficCase {
  const char* network;
  const char* accelerator;
  const char* recipe;
  bool training;
};

class ScratchpadTraffic : public testing::TestWithParam<TrafficCase> {};

/// Bytes that a step moves between memory and L1: equal operations are mapped once.
Bytes traffic(const Step& step, const Accelerator& machine, bool residency) {
  const ResidencyPlan plan = plan_residency(step, machine, residency);
  std::map<std::string, Bytes> known;
  Bytes all;
  for (std::size_t i = 0; i < step.operations.size(); ++i) {
    const OperationResidency& held = plan.operations[i];
    const auto [found, fresh] = known.try_emplace(operation_key(step, i, held));
    if (fresh) {
      const KernelProgram program = map_operation(step, i, machine, held, {});
      const ProgramTotals sum = totals(program);
      Bytes slots, reads;
      for (const Bytes slot : program.slots) slots += slot;
      for (std::size_t use = 0; use < step.operations[i].reads.size(); ++use) {
        if (!held.read_resident(use)) reads += step.operations[i].reads[use].bytes;
      }
      EXPECT_LE(slots + held.occupied, usable_l1(machine)) << step.operations[i].layer;
      EXPECT_GE(sum.memory_read, reads) << step.operations[i].layer;
      found->second = sum.memory_read + sum.memory_written;
    }
    all += found->second;
  }
  return all;
}

TEST_P(ScratchpadTraffic, NeverRisesAsScratchpadsGrow) {
  const TrafficCase& tested = GetParam();
  const Network network = load_network(tested.network);
  const Recipe recipe = load_recipe(tested.recipe);
  Accelerator machine = load_accelerator(tested.accelerator);
  for (const std::uint64_t batch : {1, 2, 3, 4, 6, 8}) {
    const Step step = tested.training ? lower_training_step(network, recipe, batch) : lower_inference(network, recipe, batch);
    Bytes before{std::numeric_limits<std::uint64_t>::max()};
    for (const std::uint64_t kibibytes : {256, 512, 768, 1024, 2048, 3072, 4096, 8192}) {
      SCOPED_TRACE(std::to_string(kibibytes) + " KiB, batch " + std::to_string(batch));
      machine.core.l1.capacity = Bytes{kibibytes * 1024};
      const Bytes now = traffic(step, machine, true);
      EXPECT_LE(now, before);
      EXPECT_LE(now, traffic(step, machine, false));
      before = std::min(before, now);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shipped, ScratchpadTraffic,
                         testing::Values(TrafficCase{"resnet18", "rapid", "fp16", true},
                                         TrafficCase{"resnet8-28", "rapid-fp4", "fp4", true},
                                         TrafficCase{"mobilenetv2", "rapid", "int4", false},
                                         TrafficCase{"bert-base", "rapid", "int4", false}),
                         [](const testing::TestParamInfo<TrafficCase>& tested) {
                           std::string name = std::string{tested.param.network} + "_" + tested.param.recipe;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace nibble
