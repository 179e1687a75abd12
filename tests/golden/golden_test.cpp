// Proves: the five networks give the results on record. A change that is meant is recorded with
// scripts/update_goldens.py.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/golden/program.hpp"

namespace nibble {
namespace {

/// Counts must be equal; computed figures to 1e-9, for another machine's mathematical library.
void expect_on_record(const Json& record, const Json& now, const std::string& path) {
  if (record.is_object()) {
    for (const auto& [key, value] : record.items()) {
      ASSERT_TRUE(now.contains(key)) << path << "." << key;
      expect_on_record(value, now.at(key), path + "." + key);
    }
  } else if (record.is_array()) {
    ASSERT_EQ(record.size(), now.size()) << path;
    for (std::size_t i = 0; i < record.size(); ++i) {
      expect_on_record(record[i], now[i], path + "[" + std::to_string(i) + "]");
    }
  } else if (record.is_number_float()) {
    EXPECT_NEAR(record.get<double>(), now.get<double>(), 1e-9 * std::abs(record.get<double>())) << path;
  } else {
    EXPECT_EQ(record, now) << path;
  }
}

class Golden : public testing::TestWithParam<const char*> {};

TEST_P(Golden, IsAsOnRecord) {
  const std::string file = std::string(NIBBLE_TEST_DIR) + "/golden/data/" + GetParam() + ".json";
  const std::string text = test::content_of(file);
  ASSERT_FALSE(text.empty()) << file << ": record it with scripts/update_goldens.py";
  const Json record = Json::parse(text);
  ASSERT_GT(record.at("result").at("runs").size(), 0U);
  const Json now = test::nibble_json(record.at("command").get<std::vector<std::string>>());
  expect_on_record(record.at("result"), now, GetParam());
  if (HasFailure()) ADD_FAILURE() << "if the change is meant: scripts/update_goldens.py " NIBBLE_BINARY;
}
INSTANTIATE_TEST_SUITE_P(Networks, Golden,
                         testing::Values("resnet18-training", "resnet50-training", "vgg16-training",
                                         "mobilenetv2-training", "bert-base-training", "resnet50-inference"),
                         [](const auto& test) {
                           std::string name = test.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace nibble
