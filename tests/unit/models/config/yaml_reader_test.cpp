// Proves: values arrive typed and ranged, annotations are transparent, problems are complete and in place,
// and the hash names what a file says rather than how it is written.
#include "models/config/yaml_reader.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace nibble {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

YamlFile parse(const std::string& text) { return YamlFile::parse(text, "test.yaml"); }

/// "LINE:COLUMN ID" of every problem that finish() throws.
std::vector<std::string> problems_of(const YamlFile& file) {
  std::vector<std::string> list;
  try {
    file.finish();
  } catch (const InputError& error) {
    for (const Problem& p : error.problems()) list.push_back(fmt::format("{}:{} {}", p.line, p.column, p.id));
  }
  return list;
}

std::string syntax_error_of(const std::string& text) {
  try {
    (void)parse(text);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(MapReader, ReadsEveryKindOfValue) {
  const YamlFile file = parse(
      "name: rapid\nkind: b\ncores: 4\nshare: 0.5\nmulticast: false\nformats: [fp16, int4]\nshape: [2, 3]\n"
      "size: 2 MiB\nclock: 1.6 GHz\nvoltage: 0.75 V\nlatency: 100 ns\npower: 75 W\nport: 128 B/cycle\n"
      "bandwidth: 200 GB/s\narea: 36 mm2\nenergy: 0.5 pJ\nintensity: 380 g/kWh\ninner: {depth: 2}\nlist: "
      "[{i: 1}, {i: 2}]\n");
  const MapReader root = file.root();
  EXPECT_EQ(root.text("name"), "rapid");
  EXPECT_EQ(root.choice("kind", {"a", "b"}), "b");
  EXPECT_EQ(root.integer("cores", 1, 8), 4);
  EXPECT_EQ(root.number("share", 0, 1), 0.5);
  EXPECT_FALSE(root.boolean("multicast"));
  EXPECT_THAT(root.texts("formats"), ElementsAre("fp16", "int4"));
  EXPECT_THAT(root.integers("shape"), ElementsAre(2, 3));
  EXPECT_EQ(root.bytes("size", Bytes{1}, Bytes{1 << 30}), Bytes{2097152});
  EXPECT_EQ(root.hertz("clock", Hertz{1}, Hertz{1e10}), Hertz{1.6e9});
  EXPECT_EQ(root.volts("voltage", Volts{0}, Volts{2}), Volts{0.75});
  EXPECT_EQ(root.seconds("latency", Seconds{0}, Seconds{1}), Seconds{1e-7});
  EXPECT_EQ(root.watts("power", Watts{0}, Watts{1000}), Watts{75});
  EXPECT_EQ(root.bytes_per_cycle("port", BytesPerCycle{1}, BytesPerCycle{4096}), BytesPerCycle{128});
  EXPECT_EQ(root.bytes_per_second("bandwidth", BytesPerSecond{1}, BytesPerSecond{1e13}),
            BytesPerSecond{2e11});
  EXPECT_EQ(root.square_millimetres("area", SquareMillimetres{1}, SquareMillimetres{900}),
            SquareMillimetres{36});
  EXPECT_EQ(root.picojoules("energy", Picojoules{0}, Picojoules{10}), Picojoules{0.5});
  EXPECT_EQ(root.grams_per_kilowatt_hour("intensity", GramsPerKilowattHour{0}, GramsPerKilowattHour{1000}),
            GramsPerKilowattHour{380});
  EXPECT_EQ(root.map("inner").count("depth", 0, 9), 2U);
  ASSERT_EQ(root.maps("list").size(), 2U);
  EXPECT_EQ(root.maps("list")[0].integer("i", 0, 9), 1);
  EXPECT_EQ(root.maps("list")[1].integer("i", 0, 9), 2);
  EXPECT_TRUE(file.ok());
  EXPECT_NO_THROW(file.finish());
}

TEST(MapReader, KeepsTheWordsThatYamlBends) {
  const YamlFile file = parse("country: no\nversion: 1.10\nmode: on\n");
  EXPECT_EQ(file.root().text("country"), "no");
  EXPECT_EQ(file.root().text("version"), "1.10");
  EXPECT_EQ(file.root().text("mode"), "on");
}

TEST(MapReader, FallsBackOnlyWhenTheKeyIsAbsent) {
  const YamlFile file = parse("cores: none\n");
  EXPECT_EQ(file.root().integer("banks", 1, 8, 2), 2);
  EXPECT_EQ(file.root().text("description", ""), "");
  EXPECT_EQ(file.root().integer("cores", 1, 8, 2), 2);
  EXPECT_THAT(problems_of(file), ElementsAre("1:8 CFG-TYPE"));
}

TEST(MapReader, RangesIncludeTheirEnds) {
  const YamlFile file = parse("low: 1\nhigh: 8\nunder: 0\nover: 9\n");
  for (const char* key : {"low", "high", "under", "over"}) (void)file.root().integer(key, 1, 8);
  EXPECT_THAT(problems_of(file), ElementsAre("3:8 CFG-RANGE", "4:7 CFG-RANGE"));
}

TEST(MapReader, ReadsAnnotatedValuesAsTheValues) {
  const YamlFile file =
      parse("cores: {value: 4, source: isca21, note: four of them}\nshape: {value: [1, 2], source: x}\n");
  EXPECT_EQ(file.root().integer("cores", 1, 8), 4);
  EXPECT_THAT(file.root().integers("shape"), ElementsAre(1, 2));
  EXPECT_EQ(file.root().source_of("cores"), "isca21");
  EXPECT_NO_THROW(file.finish());
}

TEST(MapReader, InheritsTheNearestSource) {
  const YamlFile file = parse(
      "source: top\na: 1\nb: {value: 2, source: own}\ninner: {c: 3, d: {value: 4, source: own}}\n"
      "other: {source: inner, e: 5}\n");
  const MapReader root = file.root();
  EXPECT_EQ(root.source_of("a"), "top");
  EXPECT_EQ(root.source_of("b"), "own");
  EXPECT_EQ(root.map("inner").source_of("c"), "top");
  EXPECT_EQ(root.map("inner").source_of("d"), "own");
  EXPECT_EQ(root.map("other").source_of("e"), "inner");
  EXPECT_EQ(root.source_of("absent"), "");
}

TEST(MapReader, ReportsAMissingMapOnce) {
  const YamlFile file = parse("name: x\n");
  const MapReader ring = file.root().map("ring");
  (void)file.root().text("name");
  (void)ring.bytes_per_cycle("bandwidth", BytesPerCycle{1}, BytesPerCycle{9});
  (void)ring.map("deeper").integer("n", 1, 2);
  EXPECT_TRUE(ring.keys().empty());
  EXPECT_THAT(problems_of(file), ElementsAre("1:1 CFG-MISSING"));
}

TEST(MapReader, NotesProblemsOfTheCaller) {
  const YamlFile file = parse("k: {value: 4096}\nm: 1\n");
  file.root().problem("k", "CFG-CONFLICT", "k and m", "reduce k");
  file.root().problem("absent", "CFG-CONFLICT", "no place of its own");
  (void)file.root().integer("m", 0, 9);
  EXPECT_FALSE(file.ok());
  EXPECT_THAT(problems_of(file), ElementsAre("1:1 CFG-CONFLICT", "1:12 CFG-CONFLICT"));
}

TEST(MapReader, ListsKeysInFileOrder) {
  EXPECT_THAT(parse("b: 1\nsource: s\na: 2\nnote: n\nc: 3\n").root().keys(), ElementsAre("b", "a", "c"));
}

TEST(YamlFile, ReportsKeysThatNobodyAskedFor) {
  const YamlFile file = parse("cores: 4\ncorse: 4\nring: {hops: 2}\n");
  (void)file.root().integer("cores", 1, 8);
  (void)file.root().map("ring");
  EXPECT_THAT(problems_of(file), ElementsAre("2:1 CFG-UNKNOWN", "3:8 CFG-UNKNOWN"));
  EXPECT_THAT(problems_of(file), testing::SizeIs(2)) << "finish() may be called again";
}

TEST(YamlFile, ReportsInFileOrderWhateverTheReadingOrder) {
  const YamlFile file = parse("a: x\nb: x\nc: x\n");
  for (const char* key : {"c", "a", "b"}) (void)file.root().integer(key, 0, 1);
  EXPECT_THAT(problems_of(file), ElementsAre("1:4 CFG-TYPE", "2:4 CFG-TYPE", "3:4 CFG-TYPE"));
}

TEST(YamlFile, RequiresItsSchema) {
  EXPECT_NO_THROW(parse("schema: nibble/grid/1\n").require_schema("nibble/grid/1"));
  EXPECT_THROW(parse("schema: nibble/grid/2\n").require_schema("nibble/grid/1"), InputError);
  EXPECT_THROW(parse("schema: [nibble/grid/1]\n").require_schema("nibble/grid/1"), InputError);
  EXPECT_THROW(parse("name: x\n").require_schema("nibble/grid/1"), InputError);
}

TEST(YamlFile, AliasesAreCopies) {
  const YamlFile file = parse("a: &pair {x: 1, y: 2}\nb: *pair\n");
  EXPECT_EQ(file.root().map("b").integer("y", 0, 9), 2);
  EXPECT_EQ(file.root().map("a").integer("x", 0, 9), 1);
}

TEST(YamlFile, HashNamesWhatIsSaid) {
  const std::string hash = parse("a: 1\nb: {c: [1, 2]}\n").hash();
  EXPECT_EQ(
      parse("# comment\nb:\n  c:\n    - 1\n    - 2\na: {value: 1, source: s, note: n}\nsource: t\n").hash(),
      hash);
  for (const char* other :
       {"a: 2\nb: {c: [1, 2]}\n", "a: 1\nb: {c: [2, 1]}\n", "a: 1\nb: {d: [1, 2]}\n",
        "a: 1\nb: {c: ['1, 2']}\n", "a: 1\nb: {c: [1, 2]}\nd: ~\n", "a: 1\nb: {c: [1, [2]]}\n"}) {
    EXPECT_NE(parse(other).hash(), hash) << other;
  }
}

// The hash goes into results that people keep: it must be the same on every machine and in every version.
TEST(YamlFile, HashIsStable) {
  EXPECT_EQ(parse("a: 1\nb: [x, y]\n").hash(), "c899ebc4e87eb8b35d9a6687421647db");
}

TEST(YamlFile, BadSyntaxNamesItsPlace) {
  EXPECT_THAT(syntax_error_of("a: [1, 2\n"), HasSubstr("test.yaml:2:1: error [YAML-SYNTAX]"));
  for (const char* open : {"a: 'open\n", "a: \"open\n", "a: \"open\\\"\n", "a: &x 'it''s open\nb: 1\n"}) {
    EXPECT_THAT(syntax_error_of(open), HasSubstr("test.yaml:1:4: error [YAML-SYNTAX] a quote is opened"))
        << open;
  }
  for (const char* closed :
       {"a: 'closed'\n", "a: \"closed\"", "a: 'it''s'", "a: ''", "a: \"\\\"\"", "'a': b"}) {
    EXPECT_EQ(syntax_error_of(closed), "no error") << closed;
  }
  EXPECT_THAT(syntax_error_of("a: *nowhere\n"), HasSubstr("[YAML-SYNTAX]"));
  EXPECT_THAT(syntax_error_of("a: &x [*x]\n"), HasSubstr("an alias stands inside the node that it names"));
}

TEST(YamlFile, RefusesWhatWouldNotFitMemory) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    bomb += fmt::format(
        "a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}]\n", i, i - 1);
  }
  EXPECT_THAT(syntax_error_of(bomb), HasSubstr("unfolds to more than"));
  EXPECT_THAT(syntax_error_of(std::string(200000, '[')), HasSubstr("[YAML-SYNTAX]"));
  EXPECT_THAT(syntax_error_of(std::string(200000, '{')), HasSubstr("[YAML-SYNTAX]"));
}

TEST(YamlFile, SurvivesBytesThatAreNotText) {
  for (const std::string& bytes :
       {std::string("\0\0\0", 3), std::string("\xff\xfe\x00\x01", 4), std::string("a: \x01\n"),
        std::string("\xc3: \x28\n"), std::string("%YAML 9.9\n---\na: 1\n")}) {
    try {
      const YamlFile file = parse(bytes);
      (void)file.root();
      file.finish();
    } catch (const InputError&) {  // refused with a problem, or harmless: never anything else
    }
  }
}

TEST(YamlFile, NamesAFileThatCannotBeRead) {
  for (const char* path : {"/nowhere/at/all.yaml", "/", "/dev/null"}) {
    try {
      (void)YamlFile::load(path);
      FAIL() << path;
    } catch (const InputError& error) {
      EXPECT_EQ(error.problems().front().id, "CFG-FILE");
      EXPECT_EQ(error.problems().front().file, path);
    }
  }
}

}  // namespace
}  // namespace nibble
