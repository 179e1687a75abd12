#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/base/error.hpp"
#include "sim/app/commands.hpp"
#include "sim/app/options.hpp"
#include "sim/app/process_pool.hpp"
#include "sim/app/progress.hpp"
#include "sim/detailed/verify_case.hpp"

namespace nibble {
namespace {

using detailed::VerifyCase;
using detailed::VerifyResult;

constexpr const char* kExamples = R"(Each case is a random tile (GEMM or convolution) on one array of a shipped machine or of a varied one, or on several
that share it and the port to L1, its operands in L1: through the fast simulator, and element by element and cycle by cycle on real operand codes. Results must equal
models/gemm to the last bit, counts must be the same, cycles within the bounds; else the exit code is 1.

Examples:
  nibble verify --cases 20
  nibble verify --cases 20 --seed 7 --format json
  nibble verify --cases 20 --corelets 2  # on one port
  nibble verify --seed 7 --case 3
  nibble verify --seed 7 --case 3 --vcd case3.vcd  # opens in GTKWave)";

// The bounds that the fast level is held to: the worst case of one corelet; where several contend for a port, nineteen of twenty.
constexpr double kMedianBound = 0.01;
constexpr double kWorstBound = 0.03;
constexpr double kSharedPortBound = 0.05;

struct VerifyOptions {
  std::uint64_t cases = 100;
  std::uint64_t seed = 1;
  std::uint32_t corelets = 1;
  std::optional<std::uint64_t> only;
  std::size_t jobs = 0;
  std::size_t worst = 5;
  std::string vcd;
  OutputOptions output;
};

Json case_document(const VerifyCase& drawn, const VerifyResult& result) {
  return {{"case", drawn.index},
          {"what", drawn.text()},
          {"fast_cycles", result.fast_cycles},
          {"detailed_cycles", result.detailed_cycles},
          {"cycle_error", result.cycle_error()},
          {"fast", {{"compute", result.fast_book.compute}, {"fill_drain", result.fast_book.fill_drain}, {"l1", result.fast_book.l1}}},
          {"detailed",
           {{"compute", result.detailed_book.compute},
            {"fill_drain", result.detailed_book.fill_drain},
            {"l1", result.detailed_book.l1}}},
          {"l0",
           {{"line_reads", result.l0.line_reads},
            {"line_writes", result.l0.line_writes},
            {"bank_conflicts", result.l0.conflicts}}},
          {"macs", result.detailed.macs},
          {"gated_macs", result.detailed.gated_macs},
          {"difference", result.difference()}};
}

std::vector<Json> run_cases(const VerifyOptions& options) {
  std::vector<Job> jobs;
  const std::uint64_t first = options.only.value_or(0);
  const std::uint64_t end = options.only ? first + 1 : options.cases;
  for (std::uint64_t i = first; i < end; ++i) {
    jobs.push_back({fmt::format("case {}", i), [i, &options](const auto&) {
                      const VerifyCase drawn = detailed::draw_case(options.seed, i, options.corelets);
                      return case_document(drawn, detailed::run_case(drawn, options.vcd)).dump();
                    }});
  }
  std::vector<Json> cases;
  for (const std::string& text : run_in_processes(jobs, options.jobs == 0 ? usable_processors() : options.jobs)) {
    cases.push_back(Json::parse(text));
  }
  return cases;
}

double size_of_error(const Json& one) { return std::fabs(one.at("cycle_error").get<double>()); }

Json verify_document(const VerifyOptions& options, std::vector<Json> cases) {
  std::stable_sort(cases.begin(), cases.end(),
                   [](const Json& a, const Json& b) { return size_of_error(a) > size_of_error(b); });
  const auto at_least = [&](double share) {  // largest error of that share of the cases
    const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(cases.size())));
    return size_of_error(cases[cases.size() - std::max<std::size_t>(rank, 1)]);
  };
  Json differing = Json::array();
  for (const Json& one : cases) {
    if (!one.at("difference").get<std::string>().empty()) differing.push_back(one);
  }
  const bool alone = options.corelets == 1;
  const double median = at_least(0.5), p95 = at_least(0.95), worst = at_least(1.0);
  // A single case is no distribution: only the worst bound holds for it.
  const bool typical = cases.size() == 1 || (median <= kMedianBound && (alone || p95 <= kSharedPortBound));
  const bool within = typical && (!alone || worst <= kWorstBound);
  Json document{{"schema", "nibble/verify/1"}, {"seed", options.seed}, {"corelets", options.corelets}, {"cases", cases.size()},
                {"median_error", median},      {"p95_error", p95},     {"worst_error", worst},
                {"median_bound", kMedianBound}, {"held", within && differing.empty()}, {"differing", differing}};
  document[alone ? "worst_bound" : "p95_bound"] = alone ? kWorstBound : kSharedPortBound;
  document["worst"] = Json::array();
  for (std::size_t i = 0; i < std::min(options.worst, cases.size()); ++i) document["worst"].push_back(cases[i]);
  return document;
}

std::string case_text(const Json& one, std::uint64_t seed, std::uint32_t corelets) {
  const auto book = [&](const char* level) {
    const Json& part = one.at(level);
    return fmt::format("compute {} + fill and drain {} + L1 {}", part.at("compute").get<std::uint64_t>(),
                       part.at("fill_drain").get<std::uint64_t>(), part.at("l1").get<std::uint64_t>());
  };
  std::string text = fmt::format("  {:+.2f} %  nibble verify --seed {}{} --case {}\n    {}\n", 100 * one.at("cycle_error").get<double>(),
                                 seed, corelets == 1 ? "" : fmt::format(" --corelets {}", corelets), one.at("case").get<std::uint64_t>(), one.at("what").get<std::string>());
  text += fmt::format("    fast {} = {}\n    detailed {} = {}\n", one.at("fast_cycles").get<std::uint64_t>(), book("fast"),
                      one.at("detailed_cycles").get<std::uint64_t>(), book("detailed"));
  const auto difference = one.at("difference").get<std::string>();
  return difference.empty() ? text : text + "    DIFFERS: " + difference + "\n";
}

std::string verify_text(const Json& document) {
  const auto seed = document.at("seed").get<std::uint64_t>();
  const auto corelets = document.at("corelets").get<std::uint32_t>();
  const auto error = [&](const std::string& name) {
    const auto bound = document.find(name + "_bound");
    return fmt::format("{:.2f} %{}", 100 * document.at(name + "_error").get<double>(),
                       bound == document.end() ? "" : fmt::format(" (bound {:.0f})", 100 * bound->get<double>()));
  };
  std::string text = fmt::format("{} cases of seed {}{}: {} differ in bits or counts\n\n", document.at("cases").get<std::size_t>(), seed,
                                 corelets == 1 ? "" : fmt::format(" on {} corelets", corelets), document.at("differing").size());
  text += fmt::format("Cycles, fast against detailed: median error {}, 95th percentile {}, worst {}\n", error("median"), error("p95"),
                      error("worst"));
  text += "\nWorst cases\n";
  for (const Json& one : document.at("worst")) text += case_text(one, seed, corelets);
  if (!document.at("differing").empty()) text += "\nDiffering cases\n";
  for (const Json& one : document.at("differing")) text += case_text(one, seed, corelets);
  return text;
}

void verify(const VerifyOptions& options) {
  options.output.check();
  if (!options.vcd.empty() && !options.only) {
    throw InputError("CLI-USAGE", "--vcd shows one case", "choose it: --case 0");
  }
  const Json document = verify_document(options, run_cases(options));
  write_text(options.output.format == "json" ? json_text(document) : verify_text(document), options.output);
  if (!document.at("held").get<bool>()) throw LawError{"the fast simulator misses its bounds against the detailed core"};
}

}  // namespace

void add_verify_command(CLI::App& program) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* command = program.add_subcommand(
      "verify", "Hold the fast simulator against the detailed core, element by element and cycle by cycle");
  command->footer(kExamples);
  command->add_option("-n,--cases", options->cases, "How many cases to draw")
      ->capture_default_str()
      ->check(CLI::Range(1U, 1000000U));
  command->add_option("--seed", options->seed, "Of the draw: the same seed gives the same cases")->capture_default_str();
  command->add_option("--corelets", options->corelets, "That share the tile, and the port to L1")
      ->capture_default_str()
      ->check(CLI::Range(1U, 8U));
  command->add_option("--case", options->only, "This case alone");
  command->add_option("-j,--jobs", options->jobs, "Processes at once (default: one a processor)")->check(CLI::Range(1U, 1024U));
  command->add_option("--worst", options->worst, "How many of the worst cases to spell out")->capture_default_str();
  command->add_option("--vcd", options->vcd, "Waveform of the detailed run of --case");
  add_output_options(*command, options->output);
  for (const char* unused : {"--layers", "--energy-table"}) command->remove_option(command->get_option(unused));
  command->get_option("--format")->check(CLI::IsMember({"table", "json"}));
  command->callback([options] { verify(*options); });
}

}  // namespace nibble
