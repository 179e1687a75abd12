// Proves, through the real binary: help, messages, exit codes and streams are as the documentation says.
#include <gmock/gmock.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "tests/golden/program.hpp"

namespace nibble {
namespace {

using test::nibble;
using testing::HasSubstr;
using testing::StartsWith;

const std::vector<std::string> kSmall = {"run", "--network", "resnet18", "--batch",
                                         "1",   "--mode",    "inference"};

std::vector<std::string> small(std::vector<std::string> more) {
  more.insert(more.begin(), kSmall.begin(), kSmall.end());
  return more;
}

class Help : public testing::TestWithParam<const char*> {};

TEST_P(Help, HasExamplesThatNameTheCommand) {
  const std::string command = GetParam();
  const test::Outcome help = command.empty() ? nibble({"--help"}) : nibble({command, "--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_EQ(help.err, "");
  EXPECT_THAT(help.out, HasSubstr("Examples:"));
  EXPECT_THAT(help.out, HasSubstr(("  nibble " + command).c_str()));
}
INSTANTIATE_TEST_SUITE_P(Commands, Help, testing::Values("", "run", "compare", "list", "show", "explain", "validate", "scaling", "split", "sensitivity"));

TEST(Program, TellsItsVersion) { EXPECT_EQ(nibble({"--version"}).out, "nibble " NIBBLE_VERSION "\n"); }

struct Mistake {
  const char* name;
  std::vector<std::string> arguments;
  const char* id;
  const char* hint;
};

void PrintTo(const Mistake& mistake, std::ostream* stream) { *stream << mistake.name; }

class WrongInput : public testing::TestWithParam<Mistake> {};

TEST_P(WrongInput, ExitsWithTwoAndSaysWhatWouldBeRight) {
  const test::Outcome outcome = nibble(GetParam().arguments);
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr(std::string("error [") + GetParam().id + "]"));
  EXPECT_THAT(outcome.err, HasSubstr(GetParam().hint));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, WrongInput,
    testing::Values(
        Mistake{"NoCommand", {}, "CLI-USAGE", "nibble --help"},
        Mistake{"UnknownCommand", {"comprae"}, "CLI-USAGE", "did you mean 'compare'?"},
        Mistake{"UnknownOption", {"run", "--bacth", "3"}, "CLI-USAGE", "did you mean '--batch'?"},
        Mistake{"BatchOfZero", {"run", "--batch", "0"}, "CLI-USAGE", "--batch"},
        Mistake{"BatchOfWords", {"run", "--batch", "many"}, "CLI-USAGE", "--batch"},
        Mistake{"UnknownMode", {"run", "--mode", "sleeping"}, "CLI-USAGE", "training"},
        Mistake{
            "UnknownNetwork", {"run", "--network", "resnet5O"}, "CAT-UNKNOWN", "did you mean 'resnet50'?"},
        Mistake{
            "UnknownAccelerator", {"run", "--accelerator", "rapit"}, "CAT-UNKNOWN", "did you mean 'rapid'?"},
        Mistake{"UnknownGrid", {"run", "--grid", "wrold"}, "CAT-UNKNOWN", "did you mean 'world'?"},
        Mistake{"FormatThatTheMachineLacks",
                {"run", "--recipe", "fp4", "--accelerator", "rapid"},
                "ACC-FORMAT",
                "int4 x int4"},
        Mistake{
            "InferenceRecipeInTraining", {"run", "--recipe", "int4"}, "LOW-INFERENCE", "--mode inference"},
        Mistake{
            "EpochsOfAnInference", {"run", "--mode", "inference", "--epochs", "2"}, "CLI-USAGE", "inference"},
        Mistake{"EpochsOfUnknownLength", {"run", "--network", "bert-base", "--epochs", "2"}, "CLI-USAGE", "--samples"},
        Mistake{
            "TwoTablesInCsv", {"run", "--format", "csv", "--layers", "--energy-table"}, "CLI-USAGE", "CSV"},
        Mistake{"FolderThatIsNotThere",
                {"run", "--output", "/no/such/folder/x"},
                "OUT-WRITE",
                "/no/such/folder/x"},
        Mistake{"ProgramThatIsNotThere", {"run", "--program", "/no/such/file"}, "PRG-FILE", "/no/such/file"},
        Mistake{
            "ProgramAndNetwork", {"run", "--program", "x", "--network", "vgg16"}, "CLI-USAGE", "--program"},
        Mistake{"RunWithoutMachine", {"compare", "--runs", "fp16"}, "CLI-USAGE", "fp16@rapid"},
        Mistake{"RunGivenTwice", {"compare", "--runs", "fp16@rapid,fp16@rapid"}, "CLI-USAGE", "twice"},
        Mistake{"RecipesWithoutMachine", {"compare", "--recipes", "fp16"}, "CLI-USAGE", "--accelerator"},
        Mistake{"UnknownKind", {"show", "netwrok", "vgg16"}, "CLI-KIND", "did you mean 'network"},
        Mistake{"UnknownMetric", {"explain", "utilization"}, "MET-UNKNOWN", "did you mean 'utilisation'?"}),
    [](const auto& test) { return test.param.name; });

TEST(Program, ReportsEveryProblemOfAFileWithItsPlace) {
  const test::TemporaryFolder folder;
  const std::string file = folder.write(
      "mine.yaml", "schema: nibble/accelerator/1\nextends: rapid\nname: mine\ncores: -1\nclok: 1 GHz\n");
  const test::Outcome outcome = nibble(small({"--accelerator", file}));
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr(file + ":4:"));
  EXPECT_THAT(outcome.err, HasSubstr(file + ":5:"));
  EXPECT_THAT(outcome.err, HasSubstr("did you mean 'clock'?"));
  EXPECT_THAT(outcome.err, HasSubstr("2 problems"));
}

TEST(Program, OnesOwnFileStandsWhereANameDoes) {
  const test::TemporaryFolder folder;
  const std::string file =
      folder.write("mine.yaml", "schema: nibble/accelerator/1\nextends: rapid\nname: mine\ncores: 2\n");
  const Json own = test::nibble_json(small({"--accelerator", file}));
  EXPECT_EQ(own.at("accelerator"), "mine");
  EXPECT_EQ(own.at("machine").at("cores"), 2);
}

TEST(Program, RecomputingTradesMemoryForOneMoreForwardPass) {
  const Json once = test::nibble_json({"run", "--network", "resnet18", "--recipe", "fp16", "--batch", "4"});
  const Json again = test::nibble_json({"run", "--network", "resnet18", "--recipe", "fp16", "--batch", "4", "--recompute"});
  EXPECT_EQ(once.at("recompute"), false);
  EXPECT_EQ(again.at("recompute"), true);
  const double forward = once.at("passes").at("fwd").at("macs");
  const double recomputed = again.at("passes").at("recompute").at("macs");
  EXPECT_EQ(again.at("macs").get<double>(), once.at("macs").get<double>() + recomputed);
  EXPECT_GT(recomputed, forward / 2);
  EXPECT_LT(recomputed, forward);  // the last segment is not run again
  EXPECT_LT(again.at("memory_footprint_bytes"), once.at("memory_footprint_bytes"));
}

TEST(Program, ATimelineShowsTheKernelsThatWereChosen) {
  const test::TemporaryFolder folder;
  const std::string all = folder.file("all.json"), some = folder.file("some.json");
  ASSERT_EQ(nibble(small({"--timeline", all})).code, 0);
  ASSERT_EQ(nibble(small({"--timeline", some, "--timeline-kernels", "1-2,fc"})).code, 0);
  EXPECT_LT(4 * test::content_of(some).size(), test::content_of(all).size());
  const test::Outcome none = nibble(small({"--timeline", folder.file("none.json"), "--timeline-kernels", "no-such-layer"}));
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("TRC-KERNELS"));
  EXPECT_EQ(nibble(small({"--timeline-kernels", "1"})).code, 2);
  EXPECT_EQ(folder.count(), 2U);
}

TEST(Program, WritesAFileWholeOrNotAtAll) {
  const test::TemporaryFolder folder;
  const std::string file = folder.write("result.json", "old");
  EXPECT_EQ(nibble(small({"--recipe", "no-such", "--format", "json", "--output", file})).code, 2);
  EXPECT_EQ(test::content_of(file), "old");
  const test::Outcome outcome = nibble(small({"--format", "json", "--output", file}));
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(Json::parse(test::content_of(file)).at("network"), "resnet18");
  EXPECT_EQ(folder.count(), 1U);
}

TEST(Program, SaysWhenStdoutCannotTakeTheResult) {
  const test::Outcome outcome = nibble(small({}), "/dev/full");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("OUT-WRITE"));
}

TEST(Program, ShowsNoProgressInAPipe) {
  const test::Outcome outcome = nibble(small({}));
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.out.find('\r'), std::string::npos);
  EXPECT_EQ(outcome.out.find('\x1b'), std::string::npos);
}

TEST(Program, ShowsItsProgressOnATerminal) {
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::execl(NIBBLE_BINARY, NIBBLE_BINARY, "run", "--network", "resnet18", "--batch", "1", static_cast<char*>(nullptr));
    ::_exit(127);
  }
  std::string shown;
  std::array<char, 4096> buffer;
  for (ssize_t count = 0; (count = ::read(terminal, buffer.data(), buffer.size())) > 0;) {
    shown.append(buffer.data(), static_cast<std::size_t>(count));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(terminal);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_THAT(shown, HasSubstr("\r\x1b[K"));  // drawn over and wiped
  EXPECT_THAT(shown, HasSubstr("samples/s"));
}

TEST(List, NamesWhatIsShipped) {
  EXPECT_THAT(nibble({"list", "networks"}).out,
              testing::AllOf(HasSubstr("resnet18"), HasSubstr("resnet50"), HasSubstr("vgg16"),
                             HasSubstr("mobilenetv2"), HasSubstr("bert-base")));
  EXPECT_THAT(nibble({"list", "accelerators"}).out, HasSubstr("rapid-fp32"));
  EXPECT_THAT(nibble({"list", "recipes"}).out, HasSubstr("hfp8"));
  EXPECT_THAT(nibble({"list", "technologies"}).out, HasSubstr("ibm-7nm"));
  EXPECT_THAT(nibble({"list", "grids"}).out, HasSubstr("france"));
  EXPECT_THAT(nibble({"list", "sweeps"}).out, HasSubstr("precision-bandwidth"));
}

TEST(Show, PutsPublishedEfficienciesBesideTheModels) {
  const test::Outcome outcome = nibble({"show", "accelerator", "rapid"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("Published peak efficiency"));
  EXPECT_THAT(outcome.out, HasSubstr("3.5"));
  EXPECT_THAT(outcome.out, HasSubstr("16.5"));
  EXPECT_THAT(outcome.out, HasSubstr("isca21"));
}

TEST(Show, BreaksTheDieDownIntoParts) {
  const std::string shown = nibble({"show", "accelerator", "rapid"}).out;
  EXPECT_THAT(shown, HasSubstr("Area by the model of parts"));
  EXPECT_THAT(shown, testing::ContainsRegex("sfu +[0-9.]+\n"));
}

TEST(Show, KnowsEveryKind) {
  EXPECT_THAT(nibble({"show", "network", "resnet50"}).out, HasSubstr("25.557 M"));
  EXPECT_THAT(nibble({"show", "recipe", "fp4"}).out, HasSubstr("fp4-radix4"));
  EXPECT_THAT(nibble({"show", "technology", "ibm-7nm"}).out, HasSubstr("mac.int4xfp4"));
  EXPECT_THAT(nibble({"show", "grid", "world"}).out, HasSubstr("475 g/kWh"));
  EXPECT_THAT(nibble({"show", "sweep", "edge"}).out, HasSubstr("108 points x 1 networks x 2 recipes = 216 runs"));
}

TEST(Explain, SaysDefinitionDenominatorAndPlace) {
  const test::Outcome outcome = nibble({"explain", "utilisation"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, StartsWith("utilisation\n"));
  EXPECT_THAT(outcome.out, HasSubstr("denominator"));
  EXPECT_THAT(outcome.out, HasSubstr("counted in"));
}

}  // namespace
}  // namespace nibble
