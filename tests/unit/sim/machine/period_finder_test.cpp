// Proves: a period is found where what happened repeats, in order, and nowhere else.
#include "sim/chip/period_finder.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string_view>
#include <vector>

namespace nibble {
namespace {

/// One stretch for each letter; what happens in it is the letter, twice.
PeriodFinder finder_of(std::string_view letters) {
  PeriodFinder finder;
  for (const char letter : letters) {
    finder.note(static_cast<std::uint64_t>(letter));
    finder.note(static_cast<std::uint64_t>(letter));
    finder.close();
  }
  return finder;
}

TEST(PeriodFinder, TwoEqualPeriodsAtTheEndAreEnough) {
  EXPECT_EQ(finder_of("xyzabcabc").period(1), 3U);
  EXPECT_EQ(finder_of("aaaa").period(1), 1U);
  EXPECT_EQ(finder_of("aaaa").period(2), 2U) << "of at least two stretches";
  EXPECT_EQ(finder_of("abcab").period(1), 0U);
  EXPECT_EQ(finder_of("").period(1), 0U);
}

TEST(PeriodFinder, ALaterStretchMayEndARepetition) {
  PeriodFinder finder = finder_of("abab");
  EXPECT_TRUE(finder.repeats(2));
  finder.note('c');
  finder.close();
  EXPECT_FALSE(finder.repeats(2));
}

TEST(PeriodFinder, OrderWithinAStretchCounts) {
  PeriodFinder finder;
  for (const std::vector<std::uint64_t>& stretch : {std::vector<std::uint64_t>{1, 2}, std::vector<std::uint64_t>{2, 1}}) {
    for (const std::uint64_t what : stretch) finder.note(what);
    finder.close();
  }
  EXPECT_EQ(finder.period(1), 0U);
}

TEST(PeriodFinder, AgreesWithASearchOfTheLettersThemselves) {
  std::mt19937 random{1};
  for (int i = 0; i < 2000; ++i) {
    std::string letters;
    for (std::size_t n = random() % 14; n > 0; --n) letters += static_cast<char>('a' + random() % 2);
    std::size_t expected = 0;
    for (std::size_t p = letters.size() / 2; p > 0; --p) {
      if (letters.substr(letters.size() - p) == letters.substr(letters.size() - 2 * p, p)) expected = p;
    }
    EXPECT_EQ(finder_of(letters).period(1), expected) << letters;
  }
}

}  // namespace
}  // namespace nibble
