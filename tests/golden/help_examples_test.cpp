// Proves: every example that a command's help shows works as it stands there.
#include <gmock/gmock.h>
#include <unistd.h>

#include <boost/algorithm/string.hpp>

#include <filesystem>
#include <iomanip>
#include <sstream>

#include "models/gemm/npy_file.hpp"
#include "tests/golden/program.hpp"

namespace nibble {
namespace {

/// The command lines under "Examples:", without the program's name; text behind two or more blanks is a
/// comment.
std::vector<std::vector<std::string>> examples_of(const std::string& help) {
  std::vector<std::vector<std::string>> examples;
  std::istringstream lines{help.substr(help.find("Examples:"))};
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("  nibble ")) continue;
    line = line.substr(9);
    std::istringstream words{line.substr(0, line.find("  "))};
    std::vector<std::string>& example = examples.emplace_back();
    for (std::string word; words >> std::quoted(word);) example.push_back(word);
  }
  return examples;
}

/// Files of one's own that examples may name.
void write_own_files(const test::TemporaryFolder& folder) {
  static_cast<void>(
      folder.write("my_chip.yaml", "schema: nibble/accelerator/1\nextends: rapid\nname: mine\n"));
  std::filesystem::copy_file(std::filesystem::path{NIBBLE_REPO_DIR} / "workloads/networks/resnet18.yaml",
                             folder.file("my_network.yaml"));
  static_cast<void>(folder.write("my_card.yaml", "schema: nibble/accelerator/1\nextends: spyre\nname: mine\n"));
  Matrix a{2, 3}, b{3, 2};
  a.values = {1, 2, 3, 4, 5, 6};
  b.values = {1, 0, 0, 1, 1, 1};
  static_cast<void>(folder.write("A.npy", npy_content(a)));
  static_cast<void>(folder.write("B.npy", npy_content(b)));
  static_cast<void>(folder.write("numbers.txt", "0.1\n-3\n"));
  const std::string design = folder.write("design.yaml",
      "schema: nibble/sweep/1\nname: mine\nbase: {accelerator: rapid, networks: [resnet18], recipes: [fp16], batch: 1}\n"
      "axes:\n  core.l1.capacity: [1 MiB, 2 MiB]\nobjectives: {time_s: min}\n");
  EXPECT_EQ(test::nibble({"sweep", design, "--out", folder.file("results.db")}).code, 0);
  EXPECT_EQ(test::nibble({"sweep", design, "--out", folder.file("part1.db"), "--shard", "1/2"}).code, 0);
  EXPECT_EQ(test::nibble({"sweep", design, "--out", folder.file("part2.db"), "--shard", "2/2"}).code, 0);
  static_cast<void>(folder.write("my_kernels.csv",
                                 "source,op,batch,m,n,k,dtype,cores,split,where_inputs,measured_us,note\n"
                                 "mine,matmul,,512,512,512,fp16,32,\"(4,8,1)\",HBM,13.4,\n"));
}

class HelpExamples : public testing::TestWithParam<const char*> {};

TEST_P(HelpExamples, Work) {
  const test::TemporaryFolder folder;
  write_own_files(folder);
  std::filesystem::current_path(folder.file(""));
  std::vector<std::string> command;
  boost::split(command, GetParam(), boost::is_any_of(" "));
  command.push_back("--help");
  const test::Outcome help = test::nibble(command);
  const auto examples = examples_of(help.out);
  EXPECT_GE(examples.size(), 1U) << help.out;
  for (const std::vector<std::string>& example : examples) {
    const test::Outcome outcome = test::nibble(example);
    EXPECT_EQ(outcome.code, 0) << testing::PrintToString(example) << "\n" << outcome.err;
    EXPECT_EQ(outcome.err, "") << testing::PrintToString(example);
  }
  std::filesystem::current_path("/");
}

INSTANTIATE_TEST_SUITE_P(Commands, HelpExamples,
                         testing::Values("run", "compare", "list", "show", "explain", "validate", "scaling", "split", "sensitivity",
                                         "verify", "sweep", "results", "merge", "numerics convert", "numerics gemm", "numerics formats"));

}  // namespace
}  // namespace nibble
