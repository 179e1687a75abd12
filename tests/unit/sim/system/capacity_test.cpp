// Proves: a tensor counts from its first write to its last use, parameters always; a step that does not fit names the
// largest batch that does.
#include "sim/system/capacity.hpp"

#include <gmock/gmock.h>

#include "models/base/error.hpp"

namespace nibble {
namespace {

Tensor tensor(std::uint64_t bytes, bool parameter = false) {
  Tensor t;
  t.size = Bytes{bytes};
  t.parameter = parameter;
  return t;
}

Operation operation(std::vector<TensorId> reads, std::vector<TensorId> writes) {
  Operation op;
  for (const TensorId id : reads) op.reads.push_back({id, Bytes{1}});
  for (const TensorId id : writes) op.writes.push_back({id, Bytes{1}});
  return op;
}

/// Weights of 100; a chain of tensors of 10 a sample, the first of which is read again at the end.
Step chain(std::uint64_t batch) {
  Step step;
  step.batch = batch;
  step.tensors = {tensor(100, true), tensor(10 * batch), tensor(10 * batch), tensor(10 * batch), tensor(10 * batch)};
  step.operations = {operation({0}, {1}), operation({1}, {2}), operation({2}, {3}), operation({1, 3}, {4})};
  return step;
}

TEST(PeakMemory, CountsWhatIsLiveTogether) {
  EXPECT_EQ(peak_memory(chain(1)), Bytes{100 + 30});  // 1, 2 and 3 in the third operation; 1, 3 and 4 in the last
  EXPECT_EQ(peak_memory(chain(7)), Bytes{100 + 210});
}

/// The chain; computed again, its first tensor does not wait for the end.
Step lowered(std::uint64_t batch, bool recompute) {
  Step step = chain(batch);
  step.recomputed = recompute;
  if (recompute) step.operations.back() = operation({3}, {4});
  return step;
}

std::string refusal(const Step& step, const Accelerator& machine) {
  try {
    check_capacity(step, machine, lowered);
    return "accepted";
  } catch (const InputError& error) {
    EXPECT_EQ(error.problems().front().id, "SYS-MEMORY");
    return error.what();
  }
}

TEST(CheckCapacity, NamesTheLargestBatch) {
  Accelerator machine;
  machine.name = "tiny";
  machine.memory.capacity = Bytes{100 + 30 * 5 + 29};
  EXPECT_EQ(check_capacity(chain(5), machine, lowered), Bytes{100 + 30 * 5});
  EXPECT_THAT(refusal(chain(64), machine), testing::AllOf(testing::HasSubstr("largest batch that fits is 5 a chip"),
                                                          testing::Not(testing::HasSubstr("--recompute"))));
}

TEST(CheckCapacity, SaysWhenRecomputingWouldDo) {
  Accelerator machine;
  machine.memory.capacity = Bytes{100 + 20 * 8};
  EXPECT_THAT(refusal(chain(8), machine), testing::HasSubstr("5 a chip, 5 in all; with --recompute this one fits"));
  EXPECT_EQ(check_capacity(lowered(8, true), machine, lowered), Bytes{260});
  EXPECT_THAT(refusal(lowered(9, true), machine), testing::HasSubstr("fits is 8 a chip"));
}

TEST(CheckCapacity, SaysWhenNothingFits) {
  Accelerator machine;
  machine.memory.capacity = Bytes{120};
  EXPECT_THROW(check_capacity(chain(1), machine, lowered), InputError);
}

}  // namespace
}  // namespace nibble
