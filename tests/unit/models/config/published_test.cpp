// Proves: bands and tolerances mean what they say; files of published figures are read strictly; every shipped row has a
// source that models/SOURCES.md lists, and is from memory where that says so.
#include "models/config/published.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>

#include "models/base/error.hpp"
#include "models/config/catalogue.hpp"

namespace nibble {
namespace {

PublishedRow row_of(double low, double high, double tolerance) {
  PublishedRow row;
  row.low = low;
  row.high = high;
  row.tolerance = tolerance;
  return row;
}

constexpr double kOpen = std::numeric_limits<double>::infinity();

TEST(PublishedRow, AValueHoldsWithinItsTolerance) {
  const PublishedRow row = row_of(8, 8, 0.25);
  EXPECT_TRUE(row.holds(6));
  EXPECT_TRUE(row.holds(10));
  EXPECT_FALSE(row.holds(5.99));
  EXPECT_FALSE(row.holds(10.01));
  EXPECT_EQ(row.ratio(12), 1.5);
  EXPECT_EQ(row.ratio(4), 0.5);
}

TEST(PublishedRow, ABandsRatioIsToTheEndThatIsMissed) {
  const PublishedRow row = row_of(100, 200, 0);
  EXPECT_EQ(row.ratio(50), 0.5);
  EXPECT_EQ(row.ratio(150), 1);
  EXPECT_EQ(row.ratio(300), 1.5);
  EXPECT_FALSE(row.holds(99.9));
}

TEST(PublishedRow, OneEndMayBeOpen) {
  EXPECT_TRUE(row_of(7, kOpen, 0).holds(1e9));
  EXPECT_FALSE(row_of(7, kOpen, 0).holds(6.9));
  EXPECT_TRUE(row_of(-kOpen, 7, 0.1).holds(7.6));
  EXPECT_FALSE(row_of(-kOpen, 7, 0.1).holds(7.8));
}

/// A group of one row.
std::string problem_of(const std::string& row, const std::string& runs = "") {
  const auto path = std::filesystem::temp_directory_path() / fmt::format("nibble-published-{}.yaml", ::getpid());
  std::ofstream{path} << "schema: nibble/published/1\nname: mine\ntolerance: 0.1\n" << runs << "rows:\n  - {" << row << "}\n";
  std::string problem;
  try {
    static_cast<void>(load_published(path.string()));
  } catch (const InputError& error) {
    problem = error.what();
  }
  std::filesystem::remove(path);
  return problem;
}

const std::string kHead = "what: w, source: s, trust: verified, ";
const std::string kPeak = "peak: {accelerator: rapid, mode: fp16}";

TEST(PublishedFile, SaysWhatIsWrongWithARow) {
  using testing::HasSubstr;
  EXPECT_EQ(problem_of(kHead + "published: 1, " + kPeak), "");
  EXPECT_THAT(problem_of(kHead + kPeak), HasSubstr("the row has no published figure"));
  EXPECT_THAT(problem_of(kHead + "published: 1"), HasSubstr("says in 0 ways how ours is got"));
  EXPECT_THAT(problem_of(kHead + "published: 1, at_least: 2, " + kPeak), HasSubstr("stands beside published"));
  EXPECT_THAT(problem_of(kHead + "band: {from: 2, to: 1}, " + kPeak), HasSubstr("needs rising ends"));
  EXPECT_THAT(problem_of("what: w, trust: verified, published: 1, " + kPeak), HasSubstr("the row has no source"));
  EXPECT_THAT(problem_of(kHead + "published: 1, peaks: {}, " + kPeak), HasSubstr("peaks"));
  EXPECT_THAT(problem_of(kHead + "published: 1, run: {runs: trainin, of: tops}",
                         "runs: {training: {accelerator: rapid, recipe: fp16, mode: training, batch: 1, networks: [x]}}\n"),
              HasSubstr("did you mean 'training'?"));
}

std::string sources_text() {
  std::ifstream stream{data_directory() / "models/SOURCES.md"};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

TEST(ShippedPublished, EveryRowHasAKnownSource) {
  const std::string sources = sources_text();
  EXPECT_GE(shipped_names(Kind::validation).size(), 5U);
  for (const std::string& name : shipped_names(Kind::validation)) {
    const PublishedGroup group = load_published(name);
    EXPECT_EQ(group.name, name);
    for (const PublishedRow& row : group.rows) {
      if (row.source == "memory") {
        EXPECT_EQ(row.trust, Trust::memory) << row.what;
      } else {
        EXPECT_THAT(sources, testing::HasSubstr("| " + row.source + " |")) << row.what;
      }
    }
  }
}

}  // namespace
}  // namespace nibble
