// Proves: problems read as announced, errors carry all of them, and the nearest word is one that was meant.
#include "models/base/error.hpp"

#include <gmock/gmock.h>

#include "models/base/check.hpp"

namespace nibble {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(Problem, ReadsAsACompilersMessage) {
  EXPECT_EQ(
      (Problem{"CFG-RANGE", "a.yaml", 14, 24, "core.l1.capacity = 0 KiB", "needs 1 KiB or more"}.text()),
      "a.yaml:14:24: error [CFG-RANGE] core.l1.capacity = 0 KiB\n    needs 1 KiB or more");
}

TEST(Problem, LeavesOutWhatItDoesNotHave) {
  EXPECT_EQ((Problem{"CFG-FILE", "a.yaml", 0, 0, "cannot be read", ""}.text()),
            "a.yaml: error [CFG-FILE] cannot be read");
  EXPECT_EQ((Problem{"CLI-X", "", 0, 0, "what", ""}.text()), "error [CLI-X] what");
}

TEST(Problem, ShowsOnOneLineWhatAUserGave) {
  EXPECT_EQ((Problem{"CSV-X", "a\x1b.csv", 0, 0, "column 'a\nb\t\x7f'", "c\r\n"}.text()),
            "a\\x1b.csv: error [CSV-X] column 'a\\x0ab\\x09\\x7f'\n    c\\x0d\\x0a");
}

TEST(InputError, CarriesEveryProblem) {
  const InputError error{
      std::vector<Problem>{{"A", "f", 1, 1, "first", ""}, {"B", "f", 2, 1, "second", "hint"}}};
  EXPECT_EQ(error.problems().size(), 2U);
  EXPECT_STREQ(error.what(), "f:1:1: error [A] first\nf:2:1: error [B] second\n    hint");
}

TEST(NearestWord, FindsSlips) {
  const std::vector<std::string> known{"bandwidth", "capacity", "banks", "fp8-143", "fp8-152", "int4"};
  EXPECT_EQ(nearest_word("bandwith", known), "bandwidth");
  EXPECT_EQ(nearest_word("capcity", known), "capacity");
  EXPECT_EQ(nearest_word("bank", known), "banks");
  EXPECT_EQ(nearest_word("int8", known), "int4");
}

TEST(NearestWord, TakesABeginningForTheWord) {
  EXPECT_EQ(nearest_word("fp8", {"fp32", "fp16", "fp8-143", "fp8-152"}), "fp8-143");
}

TEST(NearestWord, DoesNotGuessWildly) {
  EXPECT_EQ(nearest_word("refresh_policy", {"bandwidth", "capacity", "latency"}), "");
  EXPECT_EQ(nearest_word("x", {}), "");
}

TEST(NearestWord, TakesTheFirstOfEquals) { EXPECT_EQ(nearest_word("int3", {"int4", "int2"}), "int4"); }

TEST(Check, ThrowsWithTheValues) {
  const int a = 3;
  EXPECT_NO_THROW(NIBBLE_CHECK(a == 3, "a = {}", a));
  try {
    NIBBLE_CHECK(a < 3, "a = {} exceeds {}", a, 2);
    FAIL();
  } catch (const InternalError& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("error_test.cpp"), HasSubstr("a < 3"), HasSubstr("a = 3 exceeds 2")));
  }
}

}  // namespace
}  // namespace nibble
