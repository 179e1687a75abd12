// Proves: whatever a file holds, reading it ends in a machine or in an InputError with a place, never in a
// crash, a hang or another exception. The mutations are seeded, so a failure can be repeated.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>

#include "models/base/error.hpp"
#include "models/config/accelerator.hpp"
#include "models/config/catalogue.hpp"

namespace nibble {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  return text.str();
}

/// One edit of the kind that people and bad disks make: a byte changed, a piece cut out, doubled or moved.
void mutate(std::string& text, std::mt19937_64& random) {
  static const std::string kBytes = "{}[]:,-&*#'\"|>%@!?~ \n\t0123456789aeEKMG./\\\x01\x80\xff";
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const std::size_t at = below(text.size());
  const std::size_t length = 1 + below(std::min<std::size_t>(40, text.size() - at));
  const std::string piece = text.substr(at, length);
  switch (below(4)) {
    case 0:
      text[at] = kBytes[below(kBytes.size())];
      break;
    case 1:
      text.erase(at, length);
      break;
    case 2:
      text.insert(at, piece);
      break;
    default:
      text.erase(at, length);
      text.insert(text.empty() ? 0 : below(text.size()), piece);
  }
}

TEST(MutatedFiles, LoadOrSayWhatIsWrong) {
  const std::string original = text_of(resolve(Kind::accelerator, "rapid"));
  const fs::path file = fs::path{testing::TempDir()} / "nibble_mutated_accelerator.yaml";
  std::mt19937_64 random{20260715};
  int refused = 0;
  for (int i = 0; i < 1500; ++i) {
    std::string text = original;
    for (std::uint64_t edits = 1 + random() % 4; edits > 0 && !text.empty(); --edits) mutate(text, random);
    std::ofstream{file, std::ios::binary} << text;
    try {
      (void)load_accelerator(file.string());
    } catch (const InputError& error) {
      ++refused;
      ASSERT_FALSE(error.problems().empty());
      for (const Problem& problem : error.problems()) {
        EXPECT_FALSE(problem.id.empty());
        EXPECT_FALSE(problem.file.empty()) << problem.text();
      }
    } catch (const std::exception& error) {
      FAIL() << "mutation " << i << ": " << error.what() << "\n" << text;
    }
  }
  EXPECT_GT(refused, 700) << "most edits hit something that matters";
  fs::remove(file);
}

}  // namespace
}  // namespace nibble
