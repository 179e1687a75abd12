// Proves: columns align, one prefix serves a column, and digits are enough to tell values apart.
#include "sim/report/text_table.hpp"

#include <gmock/gmock.h>

#include <limits>

#include "models/base/error.hpp"

namespace nibble {
namespace {

using testing::ElementsAre;

TEST(TextTable, AlignsWordsLeftAndNumbersRight) {
  const std::string text = table_text({words("run", {"a", "longer"}), numbers("TOPS", "", {1.5, 20})});
  EXPECT_EQ(text,
            "run      TOPS\n"
            "a        1.50\n"
            "longer  20.00\n");
}

TEST(TextTable, GroupsAndUnitsTakeLinesOfTheirOwn) {
  TableColumn first = percents("x", {0.5});
  TableColumn second = percents("y", {1});
  first.group = second.group = "of all the time";
  EXPECT_EQ(table_text({words("run", {"r"}), first, second}),
            "     - of all the time -\n"
            "run     x              y\n"
            "        %              %\n"
            "r    50.0          100.0\n");
}

TEST(TextTable, ColumnsOfUnequalLengthAreAFault) {
  EXPECT_THROW(static_cast<void>(table_text({words("a", {"1"}), words("b", {})})), InternalError);
}

TEST(Amounts, OnePrefixServesTheColumn) {
  const TableColumn column = amounts("time", "s", {0.0021, 0.75});
  EXPECT_EQ(column.unit, "ms");
  EXPECT_THAT(column.cells, ElementsAre("2.10", "750.00"));
}

TEST(Amounts, HalfAUnitIsEnough) {
  const TableColumn column = amounts("energy", "J", {0.985, 5.668});
  EXPECT_EQ(column.unit, "J");
  EXPECT_THAT(column.cells, ElementsAre("0.985", "5.668"));
}

TEST(Amounts, ALargeRangeFollowsTheLargest) { EXPECT_EQ(amounts("", "J", {1e-12, 3}).unit, "mJ"); }

TEST(Amounts, ZeroAndNotANumberDoNotChooseThePrefix) {
  const TableColumn column = amounts("", "B", {0, 2048, std::numeric_limits<double>::quiet_NaN()});
  EXPECT_EQ(column.unit, "kB");
  EXPECT_THAT(column.cells, ElementsAre("0.00", "2.05", "-"));
  EXPECT_THAT(amounts("", "B", {0, 0}).cells, ElementsAre("0", "0"));
}

TEST(Amounts, OneAmountInWords) {
  EXPECT_EQ(amount_text(0.0981, "s"), "98.1 ms");
  EXPECT_EQ(amount_text(1.2e-9, "gCO2e"), "1.20 ngCO2e");
  EXPECT_EQ(amount_text(3e9, "B"), "3.00 GB");
}

TEST(Counts, AreExactAndGrouped) {
  EXPECT_THAT(counts("", {0, 999, 1000, 18446744073709551615ull}).cells,
              ElementsAre("0", "999", "1,000", "18,446,744,073,709,551,615"));
}

TEST(Wrapped, BreaksAtBlanksAndIndentsWhatFollows) {
  EXPECT_EQ(wrapped("one two three four", 9), "one two\n  three\n  four\n");
  EXPECT_EQ(wrapped("unbreakable", 4), "unbreakable\n");
}

}  // namespace
}  // namespace nibble
