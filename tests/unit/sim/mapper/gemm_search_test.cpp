// Proves, over random shapes, machines and residencies: a search that is asked for one budget after another, prunes and shares
// what it has worked out chooses just what a new exhaustive search chooses for that budget alone.
#include "sim/mapper/gemm_search.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/support/small_machine.hpp"
#include "tests/unit/sim/mapper/small_steps.hpp"

namespace nibble {
namespace {

using test::Conv;

/// The same numbers on every machine, unlike the standard library's distributions.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : source_{seed} {}
  /// Of `least` to `most`.
  std::uint64_t between(std::uint64_t least, std::uint64_t most) { return least + source_() % (most - least + 1); }
  template <class Value>
  Value of(std::initializer_list<Value> values) {
    return values.begin()[source_() % values.size()];
  }
  bool maybe() { return source_() % 2 == 0; }

 private:
  std::mt19937_64 source_;
};

Step random_step(Draw& draw) {
  Step step = test::empty_step(draw.between(1, 8));
  if (draw.maybe()) {
    const std::uint64_t groups = draw.of<std::uint64_t>({1, 1, 1, 4}), kernel = draw.of<std::uint64_t>({1, 3, 5});
    test::add_conv(step,
                   {.batch = step.batch,
                    .in_channels = groups * draw.between(1, 96),
                    .out_channels = groups * draw.between(1, 96),
                    .size = draw.between(kernel, 40),
                    .kernel = kernel,
                    .stride = draw.between(1, 2),
                    .padding = kernel / 2,
                    .groups = groups},
                   draw.maybe());
  } else {
    const std::uint64_t count = draw.of<std::uint64_t>({1, 1, step.batch * 3});
    const std::uint64_t rows = draw.between(1, 200) * (count == 1 ? step.batch : 1);
    test::add_gemm(step, rows, draw.between(1, 1500), draw.between(1, 1500), count).gemm->b_is_weights = count == 1;
  }
  if (draw.maybe()) {  // vector work behind it that reads a large operand and a small one
    Operation& operation = step.operations.front();
    const std::uint64_t outputs = operation.gemm->m * operation.gemm->n * operation.gemm->count;
    operation.vector = {{"work", Elements{outputs}, 3.0}};
    const TensorId large = test::add_tensor(step, "large", outputs), small = test::add_tensor(step, "small", operation.gemm->n);
    operation.reads.push_back(test::all_of(step, large));
    operation.reads.push_back(test::all_of(step, small));
  }
  return step;
}

Accelerator random_machine(Draw& draw) {
  Accelerator machine = test::small_machine(static_cast<std::uint32_t>(draw.of<std::uint64_t>({1, 2, 3, 4, 6, 8})));
  machine.core.l1.capacity = Bytes{draw.between(100, 3000) * 1024};
  machine.memory.bandwidth = BytesPerSecond{draw.of({5e9, 100e9, 700e9, 5e12})};
  machine.ring.multicast = draw.maybe();
  machine.ring.passes_sums = draw.maybe();
  machine.core.l1.keep_operands = draw.between(0, 3) > 0;
  if (draw.between(0, 3) == 0) machine.core.l1.output_side = 128;
  return machine;
}

OperationResidency random_residency(Draw& draw, const Step& step) {
  OperationResidency residency;
  const Operation& operation = step.operations.front();
  for (std::size_t use = 0; use < operation.reads.size(); ++use) residency.reads.push_back(draw.between(0, 3) == 0);
  for (std::size_t use = 0; use < operation.writes.size(); ++use) residency.unstored.push_back(draw.between(0, 3) == 0);
  residency.by_sample = draw.between(0, 4) == 0;
  return residency;
}

std::string text_of(const std::optional<GemmChoice>& choice) {
  if (!choice) return "nothing fits";
  const GemmTiling& t = choice->tiling;
  return fmt::format("c{} m{} n{} k{}, {}x{} channels {} n {} count {}, {} {} {} {}: {} cycles {} B {} tiles", t.split.count,
                     t.split.m, t.split.n, t.split.k, t.pixels.rows, t.pixels.columns, t.channels, t.n, t.count,
                     static_cast<int>(t.order), static_cast<int>(t.keep_a), static_cast<int>(t.keep_b), t.corelets_split_n,
                     choice->cycles, choice->bytes, choice->tiles);
}

TEST(TilingSearch, ChoosesWhatAnExhaustiveSearchChoosesForEachBudget) {
  std::size_t fitted = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Draw draw{seed};
    const Step step = random_step(draw);
    const Accelerator machine = random_machine(draw);
    const GemmSpace space{step, 0, machine, random_residency(draw, step)};
    const std::vector<Bytes> lacks = lacks_of_smaller(machine);
    const auto times = std::make_shared<TileTimes>(space);
    TilingSearch shared{space, {}, times};
    for (int budgets = 0; budgets < 4; ++budgets) {
      const Bytes budget{draw.between(space.budget.value() / 20, space.budget.value())};
      TilingSearch alone{space, {.prune = false}, std::make_shared<TileTimes>(space)};
      const std::optional<GemmChoice> choice = shared.find(budget, lacks), exhaustive = alone.find(budget, lacks);
      ASSERT_EQ(text_of(choice), text_of(exhaustive)) << "seed " << seed << ", budget " << budget.value();
      fitted += choice ? 1 : 0;
    }
  }
  EXPECT_GT(fitted, 1000u);
}

}  // namespace
}  // namespace nibble
