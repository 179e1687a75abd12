// Every reader of a user's file, given spoiled copies of good ones: it takes them or says in an InputError
// what is wrong with them, and never crashes, hangs or throws anything else.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "models/base/error.hpp"
#include "models/config/accelerator.hpp"
#include "models/config/catalogue.hpp"
#include "models/config/grid.hpp"
#include "models/config/network_link.hpp"
#include "models/config/published.hpp"
#include "models/config/recipe.hpp"
#include "models/config/technology.hpp"
#include "models/gemm/npy_file.hpp"
#include "sim/mapper/program_check.hpp"
#include "sim/mapper/program_json.hpp"
#include "sim/sweep/design_space.hpp"
#include "sim/system/simulate.hpp"
#include "sim/validation/measured_work.hpp"
#include "tests/fuzz/mutator.hpp"
#include "workloads/importers/import_network.hpp"

namespace nibble {
namespace {

namespace fs = std::filesystem;

/// A reader and the files that it is given copies of.
struct Reader {
  std::string name;
  fs::path corpus;        ///< a file, or a folder of them
  std::string extension;  ///< of the files in that folder, and of the copies
  std::function<void(const std::string&)> read;
  std::size_t largest =
      200'000;  ///< bytes; larger files are left out: they hold nothing that the others don't
};

void lower_steps(const Network& network) {
  static const Recipe recipe = load_recipe("fp4");
  static_cast<void>(lower(true, network, recipe, 2));
  static_cast<void>(lower(false, network, recipe, 1));
}

void replay_programs(const std::string& path) {
  static const Accelerator accelerator = load_accelerator("rapid");
  std::ifstream file{path, std::ios::binary};
  for (const KernelProgram& program : read_programs(file, path)) check_program(program, accelerator);
}

void measured_rows(const std::string& path) {
  static const Accelerator accelerator = load_accelerator("spyre");
  for (const MeasuredKernel& kernel : read_measured_kernels(path))
    static_cast<void>(measured_work(kernel, accelerator));
}

const fs::path kRepo{NIBBLE_REPO_DIR};
const fs::path kTests{NIBBLE_TEST_DIR};

const Reader kReaders[] = {
    {"Accelerator", kRepo / "configs/accelerators", ".yaml",
     [](const auto& path) { static_cast<void>(load_accelerator(path)); }},
    {"Technology", kRepo / "configs/technologies", ".yaml",
     [](const auto& path) { static_cast<void>(load_technology(path)); }},
    {"Recipe", kRepo / "configs/recipes", ".yaml",
     [](const auto& path) { static_cast<void>(load_recipe(path)); }},
    {"Grid", kRepo / "configs/grids", ".yaml", [](const auto& path) { static_cast<void>(load_grid(path)); }},
    {"Link", kRepo / "configs/links", ".yaml", [](const auto& path) { static_cast<void>(load_network_link(path)); }},
    {"Published", kRepo / "configs/published", ".yaml",
     [](const auto& path) { static_cast<void>(load_published(path)); }},
    {"Sweep", kRepo / "configs/sweeps", ".yaml", [](const auto& path) { DesignSpace{load_sweep(path)}; }},
    {"Network", kRepo / "workloads/networks", ".yaml",
     [](const auto& path) { lower_steps(load_network(path)); }, 30'000},
    {"Onnx", kTests / "unit/workloads/importers/models", ".onnx",
     [](const auto& path) { lower_steps(import_network(path)); }},
    {"Topology", kTests / "fuzz/corpus/topology.csv", ".csv",
     [](const auto& path) { lower_steps(import_network(path)); }},
    {"Program", kTests / "fuzz/corpus/program.jsonl", ".jsonl", replay_programs},
    {"Measured", kTests / "fuzz/corpus/measured.csv", ".csv", measured_rows},
    {"Npy", kTests / "fuzz/corpus/matrix.npy", ".npy",
     [](const auto& path) { static_cast<void>(read_npy(path)); }},
};

std::vector<std::string> corpus_of(const Reader& reader) {
  std::vector<fs::path> paths;
  if (fs::is_directory(reader.corpus)) {
    for (const auto& entry : fs::directory_iterator{reader.corpus}) {
      if (entry.path().extension() == reader.extension && entry.file_size() <= reader.largest)
        paths.push_back(entry.path());
    }
  } else {
    paths.push_back(reader.corpus);
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> contents;
  for (const fs::path& path : paths) {
    std::ostringstream content;
    content << std::ifstream{path, std::ios::binary}.rdbuf();
    contents.push_back(content.str());
  }
  return contents;
}

/// How often a spoiled file is tried; more through the environment, where a long run is wanted.
std::size_t cases() {
  const char* const given = std::getenv("NIBBLE_FUZZ_CASES");
  return given == nullptr ? 300 : std::stoul(given);
}

class ReadersFuzz : public testing::TestWithParam<Reader> {};

TEST_P(ReadersFuzz, TakesAFileOrSaysWhatIsWrong) {
  const Reader& reader = GetParam();
  const std::vector<std::string> corpus = corpus_of(reader);
  ASSERT_FALSE(corpus.empty());
  // Stays there if the reader takes the process with it.
  const fs::path path = fs::path{testing::TempDir()} / ("nibble-fuzz-" + reader.name + reader.extension);
  std::size_t refused = 0;
  for (std::size_t i = 0; i < cases(); ++i) {
    const std::string spoiled = test::Mutator{i}(corpus[i % corpus.size()]);
    std::ofstream{path, std::ios::binary} << spoiled;
    try {
      reader.read(path.string());
    } catch (const InputError& error) {
      ++refused;
      ASSERT_FALSE(error.problems().empty());
      for (const Problem& problem : error.problems()) {
        EXPECT_FALSE(problem.id.empty() || problem.what.empty()) << "case " << i;
        const std::string text = problem.text();
        EXPECT_LE(std::count(text.begin(), text.end(), '\n'), problem.hint.empty() ? 0 : 1)
            << "case " << i << ": " << text;
      }
    } catch (const std::exception& error) {
      const fs::path kept = path.string() + fmt::format(".{}", i);
      fs::copy_file(path, kept, fs::copy_options::overwrite_existing);
      ADD_FAILURE() << "case " << i << " of " << kept.string() << ": " << error.what();
    }
  }
  fs::remove(path);
  EXPECT_GT(refused, cases() / 10) << "spoiled files pass as good ones";
}

INSTANTIATE_TEST_SUITE_P(All, ReadersFuzz, testing::ValuesIn(kReaders),
                         [](const auto& reader) { return reader.param.name; });

}  // namespace
}  // namespace nibble
