// Proves: the governor's clock is the fastest of all 64 at which the chip's power fits under the cap, by trying each; cycles
// are booked without remainder; zeros buy speed; the memory keeps its own pace; a cap below leakage is refused.
#include "sim/system/power_governor.hpp"

#include <gmock/gmock.h>

#include "models/base/error.hpp"
#include "sim/mapper/mapper.hpp"
#include "tests/support/forked.hpp"
#include "tests/unit/sim/mapper/small_steps.hpp"

namespace nibble {
namespace {

constexpr unsigned kLevels = 64;

/// A GEMM of rapid's, some of its operands zero.
KernelProgram gemm_program(const Accelerator& machine, std::uint64_t m, std::uint64_t k, double zeros = 0) {
  Step step = test::empty_step(1);
  test::add_gemm(step, m, 1024, k).gemm->a_zeros = zeros;
  return map_operation(step, 0, machine, {}, {});
}

Accelerator capped(double watts, Throttling throttling = Throttling::sparsity_aware) {
  Accelerator machine = load_accelerator("rapid");
  machine.power = {Watts{watts}, throttling};
  return machine;
}

/// Cycles, throttled and all array cycles, chip's power at the real operands, memory's busy cycles.
std::vector<double> governed(const Accelerator& accelerator, const KernelProgram& program) {
  return test::forked([&] {
    const Technology technology = load_technology(accelerator.technology);
    Machine machine{accelerator};
    const KernelResult kernel = PowerGovernor{machine, accelerator, technology}.run(program);
    const Seconds time = duration(kernel.cycles, accelerator.clock);
    const Watts power = chip_power(energy_of(kernel.activity, accelerator, technology, time), time, 1);
    return std::vector<double>{static_cast<double>(kernel.cycles.value()),
                               static_cast<double>(kernel.array_cycles.throttled),
                               static_cast<double>(kernel.array_cycles.total()), power.value(),
                               static_cast<double>(kernel.memory_busy_cycles)};
  });
}

/// Power and cycles of the full clock at each level, 1 to 64, without the governor.
std::vector<double> each_level(const Accelerator& accelerator, const KernelProgram& program) {
  return test::forked([&] {
    const Technology technology = load_technology(accelerator.technology);
    Machine machine{accelerator};
    std::vector<double> numbers;
    for (unsigned level = 1; level <= kLevels; ++level) {
      const Hertz clock = accelerator.clock * (double{1} * level / kLevels);
      machine.set_clock(clock);
      const KernelResult kernel = machine.run(program);
      const Seconds time = duration(kernel.cycles, clock);
      numbers.push_back(chip_power(energy_of(kernel.activity, accelerator, technology, time), time, 1).value());
      numbers.push_back(static_cast<double>(ceil_div(kernel.cycles.value() * kLevels, level)));
    }
    return numbers;
  });
}

TEST(PowerGovernor, FindsTheFastestClockThatFits) {
  const Accelerator free = load_accelerator("rapid");
  for (const auto& [m, k] : {std::pair{1024U, 1024U}, std::pair{8U, 4096U}}) {  // bound by arithmetic, and by memory
    const KernelProgram program = gemm_program(free, m, k);
    const std::vector<double> levels = each_level(free, program);
    for (const double share : {0.2, 0.5, 0.8, 0.97}) {
      const double cap = share * levels[2 * kLevels - 2];
      double expected = 0;
      for (unsigned level = 1; level <= kLevels; ++level) {
        if (levels[2 * level - 2] <= cap) expected = levels[2 * level - 1];
      }
      const std::vector<double> got = governed(capped(cap), program);
      EXPECT_EQ(got[0], expected) << m << " rows at " << share;
      EXPECT_LE(got[3], cap * (1 + 1e-9));
      EXPECT_EQ(got[2], got[0] * free.cores * free.core.corelets);
      EXPECT_GT(got[1], 0);
    }
  }
}

TEST(PowerGovernor, ACapThatIsNotReachedChangesNothing) {
  const Accelerator free = load_accelerator("rapid");
  const KernelProgram program = gemm_program(free, 512, 512);
  EXPECT_EQ(governed(capped(1000), program), governed(free, program));
}

TEST(PowerGovernor, ZerosBuySpeedUnlessTheClockIsSetForTheWorstCase) {
  const double cap = 4;
  const KernelProgram dense = gemm_program(capped(cap), 1024, 1024), sparse = gemm_program(capped(cap), 1024, 1024, 0.6);
  const double dense_cycles = governed(capped(cap), dense)[0];
  EXPECT_LT(governed(capped(cap), sparse)[0], dense_cycles);
  EXPECT_EQ(governed(capped(cap, Throttling::worst_case), sparse)[0], dense_cycles);
}

TEST(PowerGovernor, AKernelThatWaitsForMemoryGivesUpLessThanItsClock) {
  const Accelerator free = load_accelerator("rapid");
  const KernelProgram program = gemm_program(free, 8, 4096);  // each weight is used eight times
  const std::vector<double> full = governed(free, program);
  const std::vector<double> half = governed(capped(0.6 * full[3]), program);
  const double clock_share = 1 - half[1] / half[2];
  EXPECT_LT(half[0] / full[0], 0.9 / clock_share);
  EXPECT_NEAR(half[4], full[4], 0.01 * full[4]);  // as many nanoseconds of traffic
}

TEST(PowerGovernor, RefusesACapBelowWhatTheChipLeaks) {
  const KernelProgram program = gemm_program(capped(0.01), 64, 64);
  try {
    (void)governed(capped(0.01), program);
    FAIL();
  } catch (const std::exception& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("[PWR-CAP]"));
    EXPECT_THAT(error.what(), testing::HasSubstr("power.cap is 0.01 W"));
  }
}

TEST(PowerKey, TellsApartWhatChangesAClock) {
  const Technology technology = load_technology("ibm-7nm");
  EXPECT_EQ(power_key(load_accelerator("rapid"), technology), "");
  const std::string key = power_key(capped(4), technology);
  Accelerator other = capped(4);
  other.voltage = Volts{0.6};
  for (const Accelerator& machine : {capped(5), capped(4, Throttling::worst_case), other}) {
    EXPECT_NE(power_key(machine, technology), key);
  }
}

}  // namespace
}  // namespace nibble
