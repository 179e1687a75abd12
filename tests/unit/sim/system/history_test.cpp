// Proves: a kernel takes as long, and its arrays wait for the same, whatever ran before it, to the cycle; without this no result could be shared.
#include <gmock/gmock.h>

#include <algorithm>

#include "sim/chip/machine.hpp"
#include "sim/mapper/mapper.hpp"
#include "sim/system/simulate.hpp"
#include "tests/support/forked.hpp"

namespace nibble {
namespace {

std::vector<KernelProgram> programs_of(const SimulationInputs& inputs, std::uint64_t batch) {
  const Step step = lower(true, inputs.network, inputs.recipe, batch);
  const ResidencyPlan plan = plan_residency(step, inputs.accelerator, {});
  std::vector<KernelProgram> programs;
  for (std::size_t i = 0; i < step.operations.size(); ++i) {
    programs.push_back(map_operation(step, i, inputs.accelerator, plan.operations[i], {}));
  }
  return programs;
}

TEST(History, KernelsTakeAsLongInAnyOrder) {
  RunRequest request;
  request.network = "resnet18";
  request.accelerator = "rapid";
  request.recipe = "fp16";
  const SimulationInputs inputs = load_inputs(request);
  const std::vector<KernelProgram> programs = programs_of(inputs, 1);
  const auto cycles = [&](bool backwards) {
    return test::forked([&] {
      Machine machine{inputs.accelerator};
      std::vector<double> result(8 * programs.size());
      for (std::size_t i = 0; i < programs.size(); ++i) {
        const std::size_t index = backwards ? programs.size() - 1 - i : i;
        const KernelResult kernel = machine.run(programs[index]);
        const ArrayCycles& a = kernel.array_cycles;
        std::size_t next = 8 * index;
        for (const std::uint64_t part : {kernel.cycles.value(), a.compute, a.fill_drain, a.memory, a.ring, a.l1, a.vector, a.sync}) {
          result[next++] = static_cast<double>(part);
        }
      }
      return result;
    });
  };
  EXPECT_EQ(cycles(false), cycles(true));
}

}  // namespace
}  // namespace nibble
