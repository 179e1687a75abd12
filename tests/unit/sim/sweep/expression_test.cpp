// Proves: dotted keys are whole names; constraints wait for values that are not there yet.
#include "sim/sweep/expression.hpp"

#include <gmock/gmock.h>

#include "models/base/error.hpp"

namespace nibble {
namespace {

TEST(NamesIn, KeepsDottedNamesAndLeavesOutSql) {
  EXPECT_THAT(names_in("core.mpe.rows * columns <= 256 AND network = 'a.b'"),
              testing::UnorderedElementsAre("core.mpe.rows", "columns", "network"));
  EXPECT_THAT(names_in("max(power_w, 3) < 1e3"), testing::UnorderedElementsAre("power_w"));
}

TEST(KnownName, AcceptsAnEndThatOnlyOneNameHas) {
  const std::vector<std::string> known{"core.mpe.rows", "core.l1.capacity", "memory.capacity"};
  EXPECT_EQ(known_name("mpe.rows", known), "core.mpe.rows");
  EXPECT_EQ(known_name("capacity", known), std::nullopt);
  EXPECT_EQ(known_name("memory.capacity", known), "memory.capacity");
}

TEST(Evaluator, AnswersOnlyWhenItKnowsAllValues) {
  Evaluator evaluator;
  const std::map<std::string, SqlValue> values{{"core.mpe.rows", std::int64_t{8}}, {"columns", std::int64_t{16}}};
  EXPECT_EQ(evaluator.holds("core.mpe.rows * columns <= 128", values), true);
  EXPECT_EQ(evaluator.holds("core.mpe.rows * columns < 128", values), false);
  EXPECT_EQ(evaluator.holds("power_w <= 10", values), std::nullopt);
  EXPECT_THROW(static_cast<void>(evaluator.holds("columns <=", values)), InputError);
}

}  // namespace
}  // namespace nibble
