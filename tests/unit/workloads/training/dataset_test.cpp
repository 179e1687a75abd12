// Proves: idx and CIFAR files are read as their formats define them, and damaged ones are refused by name; sets are
// found by name; pieces of text hold what comes next.
#include "workloads/training/dataset.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/error_id.hpp"
#include "workloads/training/batches.hpp"

namespace nibble::training {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class Files : public testing::Test {
 protected:
  Files() : folder_{fs::temp_directory_path() / ("nibble-data-" + std::to_string(getpid()))} { fs::create_directories(folder_); }
  ~Files() override { fs::remove_all(folder_); }
  fs::path write(const std::string& name, const std::string& bytes) const {
    std::ofstream{folder_ / name, std::ios::binary} << bytes;
    return folder_ / name;
  }
  fs::path folder_;
};

using namespace std::string_literals;
const std::string kTwoImages = "\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x03"s + "\x01\x02\x03\xff\0\x07"s;
const std::string kTwoLabels = "\0\0\x08\x01\0\0\0\x02\x09\x04"s;

TEST_F(Files, IdxIsReadBigEndianAndRowByRow) {
  const ImageSet set = read_idx(write("images", kTwoImages), write("labels", kTwoLabels));
  EXPECT_EQ(set.height, 1U);
  EXPECT_EQ(set.width, 3U);
  EXPECT_THAT(set.pixels, ElementsAre(1, 2, 3, 255, 0, 7));
  EXPECT_THAT(set.labels, ElementsAre(9, 4));
}

TEST_F(Files, WrongIdxIsRefused) {
  const fs::path labels = write("labels", kTwoLabels);
  const auto images = [&](const std::string& bytes) { return test::id_of([&] { static_cast<void>(read_idx(write("images", bytes), labels)); }); };
  EXPECT_EQ(images(kTwoImages.substr(0, kTwoImages.size() - 1)), "DATA-FORMAT");
  EXPECT_EQ(images(kTwoImages + "x"), "DATA-FORMAT");
  EXPECT_EQ(images(kTwoLabels), "DATA-FORMAT");
  EXPECT_EQ(images(""), "DATA-FORMAT");
  EXPECT_EQ(images("\0\0\x08\x03\0\0\0\x01\0\0\0\x01\0\0\0\x03\x01\x02\x03"s), "DATA-FORMAT");  // one image, two labels
  EXPECT_EQ(test::id_of([&] { static_cast<void>(read_idx(folder_ / "none", labels)); }), "DATA-FILE");
}

TEST_F(Files, CifarRecordsAreALabelAndThreePlanes) {
  ImageSet set;
  const std::string record = std::string(1, '\x03') + std::string(1024, 'r') + std::string(1024, 'g') + std::string(1024, 'b');
  append_cifar(write("batch", record + record), set);
  EXPECT_THAT(set.labels, ElementsAre(3, 3));
  EXPECT_EQ(set.pixels.size(), 2U * 3072U);
  EXPECT_EQ(set.pixels[1023], 'r');
  EXPECT_EQ(set.pixels[1024], 'g');
  EXPECT_EQ(set.pixels[3071], 'b');
  EXPECT_EQ(test::id_of([&] { append_cifar(write("short", record.substr(1)), set); }), "DATA-FORMAT");
}

TEST_F(Files, TheLastTenthOfATextIsTheTest) {
  const Dataset data = load_dataset(write("mine.txt", "In the beginning was a text.. of thirty").string());
  EXPECT_TRUE(data.is_text());
  EXPECT_EQ(std::string(data.text.train.begin(), data.text.train.end()), "In the beginning was a text.. of thi");
  EXPECT_EQ(std::string(data.text.test.begin(), data.text.test.end()), "rty");
  EXPECT_EQ(test::id_of([&] { static_cast<void>(load_dataset(write("short.txt", "text").string())); }), "DATA-FORMAT");
}

TEST_F(Files, NamesAreFoundAmongFetchedSets) {
  setenv("NIBBLE_DATASETS", folder_.c_str(), 1);
  EXPECT_EQ(test::id_of([] { static_cast<void>(load_dataset("kjv")); }), "DATA-MISSING");
  fs::create_directories(folder_ / "kjv");
  static_cast<void>(write("kjv/text.txt", "In the beginning"));
  EXPECT_EQ(load_dataset("kjv").name, "kjv");
  EXPECT_EQ(load_dataset("kjv").text.train.size(), 15U);
  unsetenv("NIBBLE_DATASETS");
  EXPECT_EQ(test::id_of([] { static_cast<void>(load_dataset("no-such-set")); }), "DATA-MISSING");
}

TEST(TextSamples, ArePiecesWithTheSameOneTokenOn) {
  const std::vector<std::uint8_t> text{10, 11, 12, 13, 14, 15, 16};
  const auto samples = text_samples(text, 3);
  ASSERT_EQ(samples->size(), 2U);
  const std::uint32_t which[] = {1, 0};
  const Batch batch = samples->gather(which);
  const std::int64_t *inputs = batch.inputs.data_ptr<std::int64_t>(), *labels = batch.labels.data_ptr<std::int64_t>();
  EXPECT_THAT(std::vector(inputs, inputs + 6), ElementsAre(13, 14, 15, 10, 11, 12));
  EXPECT_THAT(std::vector(labels, labels + 6), ElementsAre(14, 15, 16, 11, 12, 13));
  EXPECT_EQ(text_samples(std::span{text}.first(6), 3)->size(), 1U);  // the sixth is a label only
}

TEST(Fashion, IsSixtyThousandClothesWhereDebianPutsThem) {
  if (!fs::exists("/usr/share/datasets/fashion-mnist")) GTEST_SKIP() << "dataset-fashion-mnist is not installed";
  const Dataset data = load_dataset("fashion-mnist");
  EXPECT_EQ(data.train.size(), 60000U);
  EXPECT_EQ(data.test.size(), 10000U);
  for (std::uint8_t label = 0; label < 10; ++label) {
    EXPECT_EQ(std::count(data.test.labels.begin(), data.test.labels.end(), label), 1000) << int{label};
  }
}

}  // namespace
}  // namespace nibble::training
