// Proves: every shipped machine and recipe loads, and every figure in it names a source that
// models/SOURCES.md lists, or says that it is remembered or estimated and why.
#include <gmock/gmock.h>

#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "models/config/accelerator.hpp"
#include "models/config/catalogue.hpp"
#include "models/config/network_link.hpp"
#include "models/config/recipe.hpp"
#include "models/config/technology.hpp"
#include "models/config/yaml_node.hpp"
#include "tests/support/error_id.hpp"

namespace nibble {
namespace {

/// Keys that name things or choose among shipped files: they claim nothing that needs a source.
const std::set<std::string> kNames{"schema",     "extends",  "name",  "description",
                                   "technology", "training", "match", "mode"};

/// First column of the tables in models/SOURCES.md, and the two words that stand for no document.
std::set<std::string> known_sources() {
  std::set<std::string> keys{"memory", "estimate"};
  std::ifstream stream{data_directory() / "models/SOURCES.md"};
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with("| ")) continue;
    keys.insert(line.substr(2, line.find(' ', 2) - 2));
  }
  return keys;
}

struct Claim {
  std::string path;
  int line = 0;
  std::string source;
  std::string note;
};

/// Every value of a file with the source and the note that speak for it.
void collect(const YamlNode& node, const std::string& path, std::string note, std::vector<Claim>& claims) {
  if (const YamlNode::Entry* source = node.find("source"); source != nullptr) note.clear();
  if (const YamlNode::Entry* own = node.find("note"); own != nullptr) note = own->value.scalar;
  const bool has_children = node.kind == YamlNode::Kind::map && !is_annotated(node);
  if (!has_children) {
    const bool list_of_maps = !node.items.empty() && node.items.front().kind == YamlNode::Kind::map;
    const bool says_something =
        node.kind != YamlNode::Kind::null &&
        !(node.items.empty() && node.scalar.empty() && node.kind == YamlNode::Kind::sequence);
    if (!list_of_maps && says_something) claims.push_back({path, node.place.line, node.source, note});
    for (const YamlNode& item : node.items) {
      if (list_of_maps) collect(item, path + "[]", note, claims);
    }
    return;
  }
  for (const YamlNode::Entry& entry : node.entries) {
    if (kNames.contains(entry.key) || entry.key == "source" || entry.key == "note") continue;
    collect(entry.value, path + "." + entry.key, note, claims);
  }
}

class ShippedFiles : public testing::TestWithParam<Kind> {};

TEST_P(ShippedFiles, NameASourceForEveryValue) {
  const std::set<std::string> sources = known_sources();
  ASSERT_GT(sources.size(), 10U) << "models/SOURCES.md was not read";
  std::size_t count = 0;
  for (const std::string& name : shipped_names(GetParam())) {
    std::vector<Claim> claims;
    collect(parse_yaml_file(resolve(GetParam(), name)).root, "", "", claims);
    for (const Claim& claim : claims) {
      EXPECT_TRUE(sources.contains(claim.source))
          << name << ":" << claim.line << ": " << claim.path << " has the source '" << claim.source << "'";
      if (claim.source == "memory" || claim.source == "estimate") {
        EXPECT_FALSE(claim.note.empty())
            << name << ":" << claim.line << ": " << claim.path << " does not say why";
      }
    }
    count += claims.size();
  }
  EXPECT_GT(count, 17U) << "hardly anything was looked at";
}

INSTANTIATE_TEST_SUITE_P(Kinds, ShippedFiles, testing::Values(Kind::accelerator, Kind::recipe, Kind::link),
                         [](const auto& test) { return kind_name(test.param); });

TEST(ShippedLinks, LoadUnderTheirFilesNames) {
  for (const std::string& name : shipped_names(Kind::link)) EXPECT_EQ(load_network_link(name).name, name);
  EXPECT_EQ(test::id_of([] { static_cast<void>(load_network_link("carrier-pigeon")); }), "CAT-UNKNOWN");
}

TEST(ShippedAccelerators, LoadUnderTheirFilesNames) {
  for (const std::string& name : shipped_names(Kind::accelerator)) {
    const Accelerator accelerator = load_accelerator(name);
    EXPECT_EQ(accelerator.name, name);
    EXPECT_FALSE(accelerator.description.empty()) << name;
  }
}

// A mode without an energy would stop a run halfway.
TEST(ShippedAccelerators, FindEveryEnergyInTheirTechnology) {
  for (const std::string& name : shipped_names(Kind::accelerator)) {
    const Accelerator accelerator = load_accelerator(name);
    const Technology technology = load_technology(accelerator.technology);
    for (const MacMode& mode : accelerator.core.mpe.modes) {
      EXPECT_TRUE(technology.events.contains("mac." + mode.name)) << name << " " << mode.name;
    }
    EXPECT_TRUE(technology.events.contains("memory." + accelerator.memory.kind + ".read")) << name;
  }
}

TEST(ShippedRecipes, LoadUnderTheirFilesNames) {
  for (const std::string& name : shipped_names(Kind::recipe)) {
    const Recipe recipe = load_recipe(name);
    EXPECT_EQ(recipe.name, name);
    EXPECT_FALSE(recipe.description.empty()) << name;
  }
}

}  // namespace
}  // namespace nibble
