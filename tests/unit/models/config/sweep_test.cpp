// Proves: ranges unroll in the unit that they begin with; a sweep is read as written; mistakes are named with their places.
#include "models/config/sweep.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "models/base/error.hpp"

namespace nibble {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(UnrollRange, MultipliesOrAddsUpToTheEnd) {
  EXPECT_THAT(unroll_range("512 KiB", "4 MiB", "2", ""), ElementsAre("512 KiB", "1024 KiB", "2048 KiB", "4096 KiB"));
  EXPECT_THAT(unroll_range("0.8 GHz", "1.4 GHz", "", "0.2 GHz"), ElementsAre("0.8 GHz", "1 GHz", "1.2 GHz", "1.4 GHz"));
  EXPECT_THAT(unroll_range("1", "6", "", "2"), ElementsAre("1", "3", "5"));
}

TEST(UnrollRange, RefusesWhatHasNoEnd) {
  EXPECT_THROW(static_cast<void>(unroll_range("1", "8", "1", "")), InputError);
  EXPECT_THROW(static_cast<void>(unroll_range("1", "8", "", "0")), InputError);
  EXPECT_THROW(static_cast<void>(unroll_range("8", "1", "2", "")), InputError);
  EXPECT_THROW(static_cast<void>(unroll_range("1 KiB", "8 GHz", "2", "")), InputError);
}

class SweepFile : public testing::Test {
 protected:
  ~SweepFile() override { std::filesystem::remove(path_); }
  std::string write(const std::string& axes) {
    std::ofstream{path_} << "schema: nibble/sweep/1\nname: mine\nbase:\n  accelerator: rapid\n  networks: [resnet18]\n"
                            "  recipes: [fp16]\n  batch: 1\n"
                         << axes << "objectives: {time_s: min}\n";
    return path_;
  }
  std::string message(const std::string& axes) {
    try {
      static_cast<void>(load_sweep(write(axes)));
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  }
  std::string path_ = std::filesystem::temp_directory_path() / ("nibble-sweep-" + std::to_string(::getpid()) + ".yaml");
};

TEST_F(SweepFile, IsReadAsWritten) {
  const Sweep sweep = load_sweep(write("axes:\n  cores: [1, 2]\nlinked:\n  - clock: [1 GHz, 2 GHz]\n    voltage: [0.6 V, 0.8 V]\n"));
  ASSERT_EQ(sweep.axes.size(), 2U);
  EXPECT_THAT(sweep.axes[0].keys, ElementsAre("cores"));
  EXPECT_THAT(sweep.axes[1].keys, ElementsAre("clock", "voltage"));
  EXPECT_EQ(sweep.axes[1].values[1][1].scalar, "0.8 V");
  EXPECT_EQ(sweep.sampling.method, SweepMethod::grid);
}

TEST_F(SweepFile, MistakesAreNamedWithTheirPlace) {
  EXPECT_THAT(message("linked:\n  - clock: [1 GHz, 2 GHz]\n    voltage: [0.6 V]\n"), HasSubstr("equally many"));
  EXPECT_THAT(message("axes:\n  cores: []\n"), HasSubstr(":9:"));
  EXPECT_THAT(message("axes:\n  cores: {from: 1, to: 4}\n"), HasSubstr("factor"));
  EXPECT_THAT(message("axes:\n  cores: [1]\nlinked:\n  - cores: [2]\n"), HasSubstr("two axes"));
  EXPECT_THAT(message("axis:\n  cores: [1]\n"), HasSubstr("did you mean 'axes'"));
}

}  // namespace
}  // namespace nibble
