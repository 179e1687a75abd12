// Proves: every broken file is answered with exactly the problems that its head announces, no more and no
// fewer.
//
// A file begins with one line for each problem: "# expect: LINE:COLUMN [ID] what -> hint". A problem in
// another file of the corpus has that file's name before LINE. accelerator-*.yaml and recipe-*.yaml say what
// to load.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "models/base/error.hpp"
#include "models/config/accelerator.hpp"
#include "models/config/recipe.hpp"

namespace nibble {
namespace {

namespace fs = std::filesystem;

const fs::path kCorpus = fs::path{NIBBLE_TEST_DIR} / "unit/models/config/broken";

std::vector<std::string> corpus() {
  std::vector<std::string> names;
  for (const fs::directory_entry& file : fs::directory_iterator{kCorpus}) {
    if (file.path().extension() == ".yaml") names.push_back(file.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string without(std::string text, const std::string& part) {
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at))
    text.erase(at, part.size());
  return text;
}

std::vector<std::string> announced(const fs::path& file) {
  const std::string prefix = "# expect: ";
  std::vector<std::string> lines;
  std::ifstream stream{file};
  for (std::string line; std::getline(stream, line) && line.starts_with(prefix);) {
    lines.push_back(line.substr(prefix.size()));
  }
  return lines;
}

std::string one_line(const Problem& problem, const fs::path& file) {
  std::string place = problem.file == file.string() ? "" : problem.file + ":";
  place += problem.line > 0 ? fmt::format("{}:{} ", problem.line, problem.column) : "";
  const std::string hint = problem.hint.empty() ? "" : " -> " + problem.hint;
  return without(fmt::format("{}[{}] {}{}", place, problem.id, problem.what, hint), kCorpus.string() + "/");
}

std::vector<std::string> reported(const fs::path& file) {
  std::vector<std::string> lines;
  try {
    if (file.filename().string().starts_with("accelerator-")) {
      (void)load_accelerator(file.string());
    } else {
      (void)load_recipe(file.string());
    }
  } catch (const InputError& error) {
    for (const Problem& problem : error.problems()) lines.push_back(one_line(problem, file));
  }
  return lines;
}

class BrokenFile : public testing::TestWithParam<std::string> {};

TEST_P(BrokenFile, IsAnsweredAsAnnounced) {
  const fs::path file = kCorpus / (GetParam() + ".yaml");
  ASSERT_FALSE(announced(file).empty()) << "the file announces no problem";
  EXPECT_EQ(reported(file), announced(file));
}

INSTANTIATE_TEST_SUITE_P(Corpus, BrokenFile, testing::ValuesIn(corpus()), [](const auto& test) {
  std::string name = test.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

// Without these the corpus could be green because what the files extend is broken itself.
TEST(BrokenFiles, ExtendSoundFiles) {
  EXPECT_NO_THROW((void)load_accelerator((kCorpus / "base/accelerator.yaml").string()));
  EXPECT_NO_THROW((void)load_recipe((kCorpus / "base/recipe.yaml").string()));
  EXPECT_NO_THROW((void)load_recipe((kCorpus / "base/inference.yaml").string()));
}

}  // namespace
}  // namespace nibble
