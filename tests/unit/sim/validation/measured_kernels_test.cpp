// Proves: a file of measured kernels is read as it stands, quotes and all; what is wrong with it is one error with its line.
#include "sim/validation/measured_kernels.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "models/base/error.hpp"

namespace nibble {
namespace {

constexpr const char* kHead = "source,op,batch,m,n,k,dtype,cores,split,where_inputs,measured_us,note\n";

class MeasuredFile : public ::testing::Test {
 protected:
  std::vector<MeasuredKernel> read(const std::string& text) {
    std::ofstream{path_} << text;
    return read_measured_kernels(path_);
  }
  std::string error(const std::string& text) {
    try {
      static_cast<void>(read(text));
    } catch (const InputError& wrong) {
      return wrong.problems().front().text();
    }
    return "none";
  }
  void TearDown() override { std::filesystem::remove(path_); }
  std::string path_ = ::testing::TempDir() + "measured_kernels_" + std::to_string(getpid()) + ".csv";
};

TEST_F(MeasuredFile, FieldsSplitsAndNotes) {
  const auto kernels = read(std::string{kHead} +
                            "\"a, \"\"b\"\"\",bmm,8,1024,512,2048,fp16,32,\"(1,4,8,1)\",HBM,3.5,"
                            "\"bench_op=bmm_wd; coarse tiles=16; lx_planning=1\"\n"
                            "s,matmul,,64,128,256,fp16,4,\"(2,2,1)\",HBM,1e2,x\r\n"
                            "s,softmax,,64,128,,fp16,,,HBM,,\n");
  ASSERT_EQ(kernels.size(), 3U);
  EXPECT_EQ(kernels[0].fields[0], "a, \"b\"");
  EXPECT_EQ(kernels[0].batch, 8U);
  EXPECT_EQ(kernels[0].split, (CoreSplit{.count = 1, .m = 4, .n = 8, .k = 1}));
  EXPECT_EQ(kernels[0].bench(), "bmm_wd");
  EXPECT_EQ(kernels[0].tiles(), 16U);
  EXPECT_EQ(kernels[0].noted("tiles of"), std::nullopt);
  EXPECT_EQ(kernels[1].split, (CoreSplit{.count = 1, .m = 2, .n = 2, .k = 1}));
  EXPECT_EQ(kernels[1].measured_us, 100.0);
  EXPECT_EQ(kernels[2].split, std::nullopt);
  EXPECT_EQ(kernels[2].cores, 0U);
  EXPECT_EQ(kernels[2].measured_us, 0.0);
  EXPECT_EQ(kernels[2].line, 4);
}

TEST_F(MeasuredFile, ErrorsNameFileLineColumnAndWhatIsAllowed) {
  using ::testing::AllOf;
  using ::testing::HasSubstr;
  EXPECT_THAT(error("source,op\n"), AllOf(HasSubstr("MEASURED-COLUMN"), HasSubstr("no column 'batch'")));
  EXPECT_THAT(error(std::string{kHead} + "s,op\n"), AllOf(HasSubstr(":2"), HasSubstr("2 fields"), HasSubstr("12")));
  EXPECT_THAT(error(std::string{kHead} + "s,op,,x,1,1,fp16,1,,HBM,1,\n"), AllOf(HasSubstr(":2"), HasSubstr("m: 'x'")));
  EXPECT_THAT(error(std::string{kHead} + "s,op,,1,1,1,fp16,1,\"(4;8)\",HBM,1,\n"),
              AllOf(HasSubstr("split: '(4;8)'"), HasSubstr("(m,n,k)")));
  EXPECT_THAT(error(std::string{kHead} + "s,op,,1,1,1,fp16,1,,HBM,-1,\n"), HasSubstr("measured_us: '-1'"));
  EXPECT_THAT(error(""), HasSubstr("MEASURED-COLUMN"));
}

}  // namespace
}  // namespace nibble
