#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "models/gemm/npy_file.hpp"
#include "tests/golden/program.hpp"

namespace nibble {
namespace {

using testing::HasSubstr;
using testing::Not;

class NumericsCommand : public testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& content) {
    std::ofstream{folder_.file(name), std::ios::binary} << content;
    return folder_.file(name);
  }
  static test::Outcome run(std::vector<std::string> words) {
    words.insert(words.begin(), "numerics");
    return test::nibble(words);
  }

  test::TemporaryFolder folder_;
};

TEST_F(NumericsCommand, ConvertsLineByLine) {
  const std::string numbers = file("numbers", "0.1\n\n# a comment\n0x1.8p+1\n 1e12 # too large\n");
  const test::Outcome outcome = run({"convert", "--format", "fp16", numbers});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "0x3733 0.0999755859375 inexact\n0x4100 3 -\n0x7fff nan overflow,inexact\n");
}

TEST_F(NumericsCommand, RoundsAsAsked) {
  const std::string numbers = file("numbers", "2.5\n");
  EXPECT_EQ(run({"convert", "--format", "int4", "--rounding", "nearest-away", numbers}).out, "0x3 3 inexact\n");
  EXPECT_EQ(run({"convert", "--format", "int4", "--rounding", "toward-zero", numbers}).out, "0x2 2 inexact\n");
  const test::Outcome first = run({"convert", "--format", "int4", "--rounding", "stochastic", "--seed", "5", numbers});
  EXPECT_EQ(first.out, run({"convert", "--format", "int4", "--rounding", "stochastic", "--seed", "5", numbers}).out);
}

TEST_F(NumericsCommand, DecodesCodes) {
  const std::string codes = file("codes", "0x7ffe\n3e00\n");
  EXPECT_EQ(run({"decode", "--format", "fp16", codes}).out, "0x7ffe 8573157376\n0x3e00 1\n");
}

// Proves: the place of what is wrong is named, and the exit code says whose fault it is.
TEST_F(NumericsCommand, NamesTheLineThatIsWrong) {
  const std::string numbers = file("numbers", "1\nabc\n");
  const test::Outcome outcome = run({"convert", "--format", "fp16", numbers});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("numbers:2:1: error [NUM-SYNTAX]"));
  EXPECT_THAT(run({"convert", "--format", "fp8-134", numbers}).err, HasSubstr("did you mean 'fp8-1"));
}

TEST_F(NumericsCommand, PrintsFormats) {
  EXPECT_THAT(run({"formats"}).out, HasSubstr("mxfp6-e2m3"));
  EXPECT_THAT(run({"formats", "fp4-radix4"}).out, HasSubstr("0x7   0111    64"));
  EXPECT_THAT(run({"formats", "fp8-143:bias=7"}).out, HasSubstr("480"));
  EXPECT_THAT(run({"formats", "nvfp4"}).out, HasSubstr("ue4m3"));
}

// Proves: a product of files by hand: HFP8 holds these values, and DLFloat16 their sums of products.
TEST_F(NumericsCommand, MultipliesFiles) {
  Matrix a{1, 2}, b{2, 2};
  a.values = {16, 1};
  b.values = {16, 0.5F, 1, 0.25F};
  const std::string left = file("a.npy", npy_content(a)), right = file("b.npy", npy_content(b));
  const std::string out = folder_.file("c.npy");
  const test::Outcome outcome = run({"gemm", "--recipe", "hfp8", "--pass", "fwd", "--a", left, "--b", right, "--out", out});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(read_npy(out).values, (std::vector<float>{257, 8.25F}));
  EXPECT_EQ(run({"gemm", "--recipe", "hfp8", "--a", left}).code, 2);
  EXPECT_EQ(run({"gemm", "--recipe", "int4", "--pass", "wgrad", "--a", left, "--b", right, "--out", out}).code, 2);
}

TEST_F(NumericsCommand, StudiesChunksAndPhases) {
  const test::Outcome outcome = run({"gemm", "--recipe", "fp4", "--pass", "dgrad", "--m", "2", "--n", "2", "--k", "512"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("swamping loss"));
  EXPECT_THAT(outcome.out, HasSubstr("two phases"));
  EXPECT_THAT(run({"gemm", "--recipe", "hfp8", "--m", "2", "--n", "2", "--k", "64", "--chunk", "16"}).out,
              Not(HasSubstr("two phases")));
  EXPECT_EQ(run({"gemm", "--recipe", "fp4", "--m", "0", "--n", "2", "--k", "64"}).code, 2);
}

}  // namespace
}  // namespace nibble
