#include "models/gemm/npy_file.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "models/base/error.hpp"

namespace nibble {
namespace {

using testing::HasSubstr;

class NpyFile : public testing::Test {
 protected:
  std::string write(const std::string& content) {
    std::ofstream{path_, std::ios::binary} << content;
    return path_;
  }
  std::string what_of(const std::string& content) {
    try {
      (void)read_npy(write(content));
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  }
  std::string id_of(const std::string& content) {
    try {
      (void)read_npy(write(content));
    } catch (const InputError& error) {
      return error.problems().front().id;
    }
    return "";
  }
  void TearDown() override { std::filesystem::remove(path_); }

  std::string path_ = testing::TempDir() + "nibble_npy_" + testing::UnitTest::GetInstance()->current_test_info()->name();
};

std::string npy(const std::string& dictionary, const std::string& data, char version = 1) {
  std::string header = dictionary + "\n";
  std::string content{"\x93NUMPY", 6};
  content += {version, '\0', static_cast<char>(header.size()), '\0'};
  if (version > 1) content += std::string(2, '\0');
  return content + header + data;
}

// Two floats of NumPy's own: 1.0 and -2.5, little-endian.
const std::string kOne{"\x00\x00\x80\x3f", 4}, kOther{"\x00\x00\x20\xc0", 4};

// Proves: bytes as NumPy writes them: order, shape, both versions of the length field.
TEST_F(NpyFile, ReadsWhatNumpyWrites) {
  const Matrix c = read_npy(write(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", kOne + kOther + kOther + kOther)));
  EXPECT_EQ(c.rows, 2U);
  EXPECT_EQ(c.values, (std::vector<float>{1, -2.5F, -2.5F, -2.5F}));
  const Matrix fortran = read_npy(write(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2), }", kOne + kOther, 2)));
  EXPECT_EQ(fortran.at(0, 1), -2.5F);
  const Matrix turned = read_npy(write(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }", kOne + kOther + kOne + kOne)));
  EXPECT_EQ(turned.at(1, 0), -2.5F);
  EXPECT_EQ(turned.at(0, 1), 1);
}

TEST_F(NpyFile, WritesWhatItReads) {
  Matrix matrix{3, 5};
  for (std::size_t i = 0; i < 15; ++i) matrix.values[i] = static_cast<float>(i) - 7.25F;
  const std::string content = npy_content(matrix);
  EXPECT_EQ((content.size() - 60) % 64, 0U) << "NumPy wants the data aligned to 64 bytes";
  const Matrix back = read_npy(write(content));
  EXPECT_EQ(back.rows, 3U);
  EXPECT_EQ(back.values, matrix.values);
}

// Proves: the message says what the file holds instead.
TEST_F(NpyFile, SaysWhatItFound) {
  EXPECT_THAT(what_of(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }", kOne + kOne)), HasSubstr("'<f8'"));
  EXPECT_THAT(what_of(npy("{'descr': '>f4', 'fortran_order': False, 'shape': (1, 1), }", kOne)), HasSubstr("'>f4'"));
  EXPECT_THAT(what_of(npy("{'descr': '|O', 'fortran_order': False, 'shape': (1, 1), }", kOne)), HasSubstr("'|O'"));
  for (const char* shape : {"(2,)", "(1, 1, 1)", "()", "(1)"}) {
    EXPECT_THAT(what_of(npy(std::string{"{'descr': '<f4', 'fortran_order': False, 'shape': "} + shape + ", }", kOne)), HasSubstr(shape));
  }
}

// Proves: what is not a float32 matrix is refused, and no length is believed.
TEST_F(NpyFile, RefusesOtherFiles) {
  EXPECT_EQ(id_of(""), "NPY-FORMAT");
  EXPECT_EQ(id_of("not an npy file at all"), "NPY-FORMAT");
  EXPECT_EQ(id_of(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }", kOne + kOne)), "NPY-FORMAT");
  EXPECT_EQ(id_of(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", kOne + kOne)), "NPY-FORMAT");
  EXPECT_EQ(id_of(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1), }", kOne)), "NPY-FORMAT");
  EXPECT_EQ(id_of(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }", kOne)), "NPY-FORMAT");
  EXPECT_EQ(id_of(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1), }", kOne + kOne)), "NPY-FORMAT");
  EXPECT_EQ(id_of(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }", "")), "NPY-FORMAT");
  EXPECT_EQ(id_of(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 4611686018427387905), }", kOne)), "NPY-FORMAT");
  EXPECT_EQ(id_of(npy("{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1, 1), }", kOne)), "NPY-FORMAT");
  EXPECT_EQ(id_of(npy("{'descr': '<f4', 'shape': (1, 1), }", kOne)), "NPY-FORMAT");
  std::string cut = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1), }", "").substr(0, 30);
  EXPECT_EQ(id_of(cut), "NPY-FORMAT");
  EXPECT_THROW((void)read_npy("/no/such/file.npy"), InputError);
}

}  // namespace
}  // namespace nibble
