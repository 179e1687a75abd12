#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "models/base/error.hpp"
#include "workloads/trace/network.hpp"

// A corpus of traces that must be refused: broken/*.yaml. Each begins with one line for every problem in it,
// `# expect: LINE:COLUMN ID TEXT`, where TEXT stands in the message or its hint. Nothing else may be
// reported.

namespace nibble {
namespace {

std::vector<std::filesystem::path> corpus() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::directory_iterator{NIBBLE_TEST_DIR "/unit/workloads/trace/broken"}) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

struct Expected {
  std::string place_and_id;  ///< "7:12 NET-SHAPE"
  std::string text;
};

std::vector<Expected> expectations(const std::filesystem::path& path) {
  constexpr std::string_view kMark = "# expect: ";
  std::vector<Expected> expected;
  std::ifstream file{path};
  for (std::string line; std::getline(file, line) && line.starts_with(kMark);) {
    std::istringstream words{line.substr(kMark.size())};
    std::string place, id, text;
    words >> place >> id >> std::ws;
    std::getline(words, text);
    expected.push_back({place + " " + id, text});
  }
  return expected;
}

class BrokenTrace : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(BrokenTrace, IsRefusedWithItsProblems) {
  const std::vector<Expected> expected = expectations(GetParam());
  ASSERT_FALSE(expected.empty()) << GetParam() << " says nothing about what is wrong with it";
  std::vector<Problem> problems;
  try {
    (void)load_network(GetParam().string());
    FAIL() << GetParam() << " was accepted";
  } catch (const InputError& error) {
    problems = error.problems();
  }
  ASSERT_EQ(problems.size(), expected.size()) << InputError{problems}.what();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const Problem& problem = problems[i];
    EXPECT_EQ(std::to_string(problem.line) + ":" + std::to_string(problem.column) + " " + problem.id,
              expected[i].place_and_id);
    EXPECT_THAT(problem.what + " " + problem.hint, testing::HasSubstr(expected[i].text));
    EXPECT_EQ(problem.file, GetParam().string());
  }
}

INSTANTIATE_TEST_SUITE_P(Corpus, BrokenTrace, testing::ValuesIn(corpus()), [](const auto& test) {
  std::string name = test.param.stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace nibble
