// Proves: names and paths resolve, wrong ones are answered with the nearest name, $NIBBLE_DATA is taken at
// its word.
#include "models/config/catalogue.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "models/base/error.hpp"

namespace nibble {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;

/// Sets $NIBBLE_DATA for one test.
class DataVariable {
 public:
  explicit DataVariable(const char* value) {
    if (const char* old = std::getenv("NIBBLE_DATA")) old_ = old;
    value == nullptr ? unsetenv("NIBBLE_DATA") : setenv("NIBBLE_DATA", value, 1);
  }
  ~DataVariable() { old_ ? setenv("NIBBLE_DATA", old_->c_str(), 1) : unsetenv("NIBBLE_DATA"); }
  DataVariable(const DataVariable&) = delete;
  DataVariable& operator=(const DataVariable&) = delete;

 private:
  std::optional<std::string> old_;
};

TEST(Catalogue, ListsShippedNamesInOrder) {
  const std::vector<std::string> names = shipped_names(Kind::accelerator);
  EXPECT_THAT(names, Contains("rapid"));
  EXPECT_THAT(names, Contains("rapid-fp4"));
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
}

TEST(Catalogue, ResolvesANameToItsFile) {
  EXPECT_EQ(resolve(Kind::recipe, "fp4"), data_directory() / "configs/recipes/fp4.yaml");
}

TEST(Catalogue, KeepsAPath) {
  const std::string path = (data_directory() / "configs/recipes/fp4.yaml").string();
  EXPECT_EQ(resolve(Kind::recipe, path), path);
}

TEST(Catalogue, AnswersAWrongNameWithTheNearest) {
  try {
    (void)resolve(Kind::accelerator, "rapit");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_EQ(error.problems().front().id, "CAT-UNKNOWN");
    EXPECT_THAT(error.what(), HasSubstr("did you mean 'rapid'?"));
  }
}

TEST(Catalogue, ListsTheNamesWhenNoneIsNear) {
  try {
    (void)resolve(Kind::recipe, "something-else-entirely");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("fp4-conv1x1-fp8"));
  }
}

TEST(Catalogue, RefusesAPathToNothingOrToAFolder) {
  EXPECT_THROW((void)resolve(Kind::recipe, "./nothing.yaml"), InputError);
  EXPECT_THROW((void)resolve(Kind::recipe, data_directory().string()), InputError);
  EXPECT_THROW((void)resolve(Kind::recipe, ""), InputError);
}

TEST(Catalogue, TakesTheDataVariableAtItsWord) {
  const DataVariable variable{"/nowhere"};
  EXPECT_THROW((void)data_directory(), InputError);
}

TEST(Catalogue, FindsItsDataWithoutTheVariable) {
  const DataVariable variable{nullptr};
  EXPECT_TRUE(fs::is_directory(data_directory() / "configs/accelerators"));
}

TEST(Catalogue, NamesEveryKind) {
  EXPECT_EQ(kind_name(Kind::network), "network");
  EXPECT_EQ(kind_name(Kind::grid), "grid");
}

}  // namespace
}  // namespace nibble
