// Proves: maps merge key by key, everything else replaces, `~` takes away, and every value keeps its own
// place and source whichever file it came from.
#include "models/config/extends.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace nibble {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

/// A folder of files that lives as long as the test.
class Extends : public testing::Test {
 protected:
  Extends() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path{testing::TempDir()} / (std::string{"nibble_extends_"} + test->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "deeper");
  }
  ~Extends() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream{folder_ / name} << text;
  }
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }
  [[nodiscard]] YamlFile load(const std::string& name) const {
    return load_extended(Kind::accelerator, path(name));
  }
  [[nodiscard]] std::string error_of(const std::string& name) const {
    try {
      (void)load(name);
    } catch (const InputError& error) {
      return error.what();
    }
    return "no error";
  }

 private:
  fs::path folder_;
};

// Files are remembered once parsed: by what they hold, neither by name nor by time.
TEST_F(Extends, AFileThatHasChangedIsReadAnew) {
  write("parent.yaml", "a: 1\n");
  write("child.yaml", "extends: ./parent.yaml\nb: 2\nb: 2\n");
  EXPECT_EQ(load("child.yaml").root().integer("a", 0, 9), 1);
  write("parent.yaml", "a: 3\n");
  EXPECT_EQ(load("child.yaml").root().integer("a", 0, 9), 3);
  EXPECT_THROW(load("child.yaml").finish(), InputError) << "a file's problems come with it each time";
  fs::remove(path("parent.yaml"));
  EXPECT_THAT(error_of("child.yaml"), HasSubstr("parent.yaml"));
}

TEST_F(Extends, MapsMergeAndTheRestReplaces) {
  write("parent.yaml", "a: 1\nlist: [1, 2, 3]\ncore: {x: 1, deep: {y: 2, z: 3}}\n");
  write("child.yaml", "extends: ./parent.yaml\nlist: [9]\ncore: {deep: {z: 4}, w: 5}\n");
  const YamlFile file = load("child.yaml");
  const MapReader root = file.root();
  EXPECT_EQ(root.integer("a", 0, 9), 1);
  EXPECT_THAT(root.integers("list"), ElementsAre(9));
  EXPECT_EQ(root.map("core").integer("x", 0, 9), 1);
  EXPECT_EQ(root.map("core").integer("w", 0, 9), 5);
  EXPECT_EQ(root.map("core").map("deep").integer("y", 0, 9), 2);
  EXPECT_EQ(root.map("core").map("deep").integer("z", 0, 9), 4);
  EXPECT_NO_THROW(file.finish()) << "'extends' itself is not an unknown key";
}

TEST_F(Extends, AnAnnotatedValueIsReplacedWithItsSource) {
  write("parent.yaml", "a: {value: 1, source: old, note: of the parent}\nb: {value: 1, source: old}\nc: 1\n");
  write("child.yaml",
        "extends: ./parent.yaml\na: {value: 2, source: new}\nb: 2\nc: {value: 2, source: new}\n");
  const MapReader root = load("child.yaml").root();
  for (const char* key : {"a", "b", "c"}) EXPECT_EQ(root.integer(key, 0, 9), 2) << key;
  EXPECT_EQ(root.source_of("a"), "new");
  EXPECT_EQ(root.source_of("b"), "") << "the parent's source does not vouch for the child's value";
}

TEST_F(Extends, AMapsSourceSpeaksForItsOwnFileOnly) {
  write("parent.yaml", "source: parent\na: 1\nmap: {source: inner, x: 1, y: 1}\n");
  write("child.yaml", "extends: ./parent.yaml\nsource: child\nb: 2\nmap: {y: 2}\n");
  const MapReader root = load("child.yaml").root();
  EXPECT_EQ(root.source_of("a"), "parent");
  EXPECT_EQ(root.source_of("b"), "child");
  EXPECT_EQ(root.map("map").source_of("x"), "inner");
  EXPECT_EQ(root.map("map").source_of("y"), "child");
}

TEST_F(Extends, TildeTakesAKeyAway) {
  write("parent.yaml", "a: 1\nmodes: {fp16: {rate: 1}, int4: {rate: 8}}\n");
  write("child.yaml", "extends: ./parent.yaml\na: ~\nmodes: {fp16: ~}\n");
  const MapReader root = load("child.yaml").root();
  EXPECT_FALSE(root.has("a"));
  EXPECT_THAT(root.map("modes").keys(), ElementsAre("int4"));
}

TEST_F(Extends, PlacesNameTheFileThatHoldsTheValue) {
  write("parent.yaml", "a: 1\nb: wrong\n");
  write("child.yaml", "extends: ./parent.yaml\nc: wrong\n");
  const YamlFile file = load("child.yaml");
  for (const char* key : {"a", "b", "c"}) (void)file.root().integer(key, 0, 9);
  EXPECT_EQ(file.root().place_of("a"), "line 1 of parent.yaml");
  EXPECT_EQ(file.root().place_of("c"), "line 2");
  EXPECT_FALSE(file.root().in_loaded_file("a"));
  EXPECT_TRUE(file.root().in_loaded_file("c"));
  try {
    file.finish();
    FAIL();
  } catch (const InputError& error) {
    ASSERT_EQ(error.problems().size(), 2U);
    EXPECT_EQ(error.problems()[0].file, path("child.yaml")) << "the loaded file comes first";
    EXPECT_EQ(error.problems()[1].file, path("parent.yaml"));
    EXPECT_EQ(error.problems()[1].line, 2);
  }
}

TEST_F(Extends, ReportsDuplicatesOfEveryFile) {
  write("parent.yaml", "a: 1\na: 2\n");
  write("child.yaml", "extends: ./parent.yaml\nb: 1\nb: 2\n");
  const YamlFile file = load("child.yaml");
  EXPECT_FALSE(file.ok());
  EXPECT_THROW(file.finish(), InputError);
}

TEST_F(Extends, APathIsRelativeToItsFile) {
  write("top.yaml", "a: 1\n");
  write("deeper/middle.yaml", "extends: ../top.yaml\nb: 2\n");
  write("bottom.yaml", "extends: deeper/middle.yaml\n");
  EXPECT_EQ(load("bottom.yaml").root().integer("a", 0, 9), 1);
  EXPECT_EQ(load("bottom.yaml").root().integer("b", 0, 9), 2);
}

TEST_F(Extends, ACircleIsNamed) {
  write("a.yaml", "extends: ./b.yaml\n");
  write("b.yaml", "extends: ./c.yaml\n");
  write("c.yaml", "extends: ./b.yaml\n");
  EXPECT_THAT(error_of("a.yaml"), HasSubstr("[CFG-EXTENDS]"));
  EXPECT_THAT(error_of("a.yaml"), HasSubstr("a.yaml -> b.yaml -> c.yaml -> b.yaml"));
  EXPECT_THAT(error_of("a.yaml"), HasSubstr("c.yaml:1:10"));
}

TEST_F(Extends, TheHashIsOfTheWhole) {
  write("parent.yaml", "a: 1\nb: 2\n");
  write("child.yaml", "extends: ./parent.yaml\nb: 3\n");
  write("flat.yaml", "b: 3\na: 1\n");
  EXPECT_EQ(load("child.yaml").hash(), load("flat.yaml").hash());
  EXPECT_NE(load("child.yaml").hash(), load("parent.yaml").hash());
}

}  // namespace
}  // namespace nibble
