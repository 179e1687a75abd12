// Machines that nobody designed: shipped ones with some other numbers. What loads either simulates a small
// network and keeps the laws, or is refused in an InputError that says why.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "models/base/error.hpp"
#include "models/config/catalogue.hpp"
#include "sim/system/simulate.hpp"
#include "tests/fuzz/mutator.hpp"
#include "tests/support/forked.hpp"
#include "tests/support/random_inputs.hpp"

namespace nibble {
namespace {

namespace fs = std::filesystem;

constexpr rlim_t kSecondsOfCpu = 60;

std::string content_of(const fs::path& path) {
  std::ostringstream content;
  content << std::ifstream{path, std::ios::binary}.rdbuf();
  return content.str();
}

/// 1 if it ran, 0 if it was refused; what else comes of it is thrown.
double simulated(const fs::path& machine, const std::string& recipe, std::uint64_t seed) {
  return test::forked([&]() -> std::vector<double> {
           const rlimit limit{kSecondsOfCpu, kSecondsOfCpu};
           setrlimit(RLIMIT_CPU, &limit);
           test::RandomInputs random{seed};
           RunRequest request;
           request.recipe = recipe;
           request.accelerator = machine.string();
           request.network = "resnet18";
           request.batch = 1 + random.below(3);
           try {
             SimulationInputs inputs = load_inputs(request);
             inputs.network = random.network();
             static_cast<void>(simulate(request, inputs));
           } catch (const InputError&) {
             return {0};
           }
           return {1};
         })
      .front();
}

TEST(MachinesFuzz, RunsOrSaysWhyNot) {
  struct Pair {
    const char *accelerator, *recipe;
  };
  constexpr Pair kPairs[] = {{"rapid", "fp16"}, {"rapid", "hfp8"}, {"rapid-fp4", "fp4"},
                             {"a100", "fp16"},  {"spyre", "fp16"}, {"edge", "fp16"}};
  const char* const given = std::getenv("NIBBLE_FUZZ_CASES");
  const std::size_t cases = given == nullptr ? 60 : std::stoul(given);
  double ran = 0;
  for (std::size_t i = 0; i < cases; ++i) {
    const Pair& pair = kPairs[i % std::size(kPairs)];
    test::Mutator mutator{i};
    std::string text = content_of(resolve(Kind::accelerator, pair.accelerator));
    for (std::size_t changes = 0; changes < 1 + i % 3; ++changes) text = mutator.with_other_number(text);
    const fs::path path = fs::path{testing::TempDir()} / fmt::format("nibble-fuzz-machine.{}.yaml", i);
    std::ofstream{path, std::ios::binary} << text;
    try {
      ran += simulated(path, pair.recipe, i);
      fs::remove(path);
    } catch (const std::exception& error) {
      ADD_FAILURE() << path.string() << " (" << pair.recipe << ", seed " << i << "): " << error.what();
    }
  }
  EXPECT_GT(ran, 0.2 * static_cast<double>(cases)) << "too few of them can run";
}

}  // namespace
}  // namespace nibble
