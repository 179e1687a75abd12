#include <fmt/format.h>

#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "models/base/error.hpp"
#include "models/base/hash.hpp"
#include "sim/app/commands.hpp"
#include "sim/app/options.hpp"
#include "sim/app/progress.hpp"
#include "sim/mapper/program_json.hpp"
#include "sim/report/atomic_file.hpp"
#include "sim/report/chrome_trace.hpp"
#include "sim/system/simulate.hpp"

namespace nibble {
namespace {

constexpr const char* kExamples = R"(Examples:
  nibble run --network resnet50 --accelerator rapid --recipe hfp8 --batch 64
  nibble run --network bert-base --recipe int4 --mode inference --batch 1 --layers
  nibble run --network my_network.yaml --accelerator my_chip.yaml --format json --output result.json
  nibble run --recipe fp4 --accelerator rapid-fp4 --samples 1281167 --epochs 90 --grid france
  nibble run --network resnet50 --accelerator rapid-train-system --batch 512
  nibble run --network resnet18 --batch 1 --dump-program step.jsonl
  nibble run --network resnet18 --batch 4 --timeline step.trace.json
  nibble run --batch 64 --timeline first.trace.json --timeline-kernels 1-40,fc
  nibble run --network resnet50 --recipe fp16 --batch 64 --recompute
  nibble run --network vgg16 --recipe int4 --mode inference --batch 1 --operating-point low
  nibble run --network vgg16 --recipe fp16 --mode inference --batch 1 --power-cap 6
  nibble run --program step.jsonl --accelerator rapid)";

// Of a timeline, in bytes: beyond it its writer is told of --timeline-kernels.
constexpr std::uint64_t kLargeTimeline = 30'000'000;

struct RunOptions {
  StepOptions step;
  OutputOptions output;
  std::string accelerator = "rapid";
  std::string recipe = "hfp8";
  std::string dump_program;
  std::string program;
  std::string timeline;
  std::vector<std::string> timeline_kernels;
  bool batch_given = false;
};

ProgressSink sink_of(Progress& progress, const std::string& name) {
  if (!progress.visible()) return {};
  return [&progress, name](std::size_t done, std::size_t total, const std::string& what) {
    progress.show(progress_line(name, done, total, what));
  };
}

RunResult replay_file(const RunOptions& options, const Onlookers& onlookers) {
  std::ifstream file{options.program};
  if (!file) throw InputError("PRG-FILE", fmt::format("cannot read the program '{}'", options.program));
  std::ostringstream content;
  content << file.rdbuf();
  std::istringstream lines{content.str()};
  const std::vector<KernelProgram> programs = read_programs(lines, options.program);
  RunRequest request = options.step.request("", options.accelerator);
  request.batch =
      options.batch_given ? options.step.batch : 1;  // a program does not say how many samples it is for
  RunResult result = replay(request, programs, onlookers);
  result.network_name = std::filesystem::path{options.program}.stem().string();
  result.network_hash = content_hash(content.str());
  return result;
}

RunResult simulate_step(const RunOptions& options, Onlookers onlookers) {
  std::optional<AtomicFile> dump;
  if (!options.dump_program.empty()) {
    dump.emplace(options.dump_program);
    onlookers.programs = [&dump](const KernelProgram& program) { dump->write(to_json_lines(program)); };
  }
  RunResult result = simulate(options.step.request(options.recipe, options.accelerator), onlookers);
  if (dump) dump->commit();
  return result;
}

void finish(ChromeTrace& timeline, const std::string& path) {
  timeline.finish();
  if (timeline.bytes() < kLargeTimeline) return;
  fmt::print(stderr, "{}: {} MB, which a browser takes a while to open; --timeline-kernels 1-40 (or a layer's name) writes "
                     "the detail of some kernels only\n", path, timeline.bytes() / 1'000'000);
}

void run(const RunOptions& options) {
  options.output.check();
  const DocumentOptions contents = options.output.document(options.step);
  Json document;
  {
    Progress progress;
    std::optional<ChromeTrace> timeline;
    if (!options.timeline.empty()) {
      timeline.emplace(options.timeline, load_accelerator(options.accelerator, options.step.machine()),
                       KernelChoice{options.timeline_kernels});
    }
    const Onlookers onlookers{.progress = sink_of(progress, options.recipe + "@" + options.accelerator),
                              .timeline = timeline ? &*timeline : nullptr};
    const RunResult result =
        options.program.empty() ? simulate_step(options, onlookers) : replay_file(options, onlookers);
    if (timeline) finish(*timeline, options.timeline);
    document = run_document(result, contents);
  }
  write_document(document, options.output);
}

}  // namespace

void add_run_command(CLI::App& program) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = program.add_subcommand("run", "Simulate one step of a network on a machine");
  command->footer(kExamples);
  command->add_option("-a,--accelerator", options->accelerator, "Shipped machine or a YAML file of one's own")
      ->capture_default_str();
  CLI::Option* recipe =
      command->add_option("-r,--recipe", options->recipe, "Which tensor has which number format")
          ->capture_default_str();
  add_step_options(*command, options->step);
  CLI::Option* dump =
      command->add_option("--dump-program", options->dump_program,
                          "Write the programs that drive the machine to this file (JSON lines)");
  CLI::Option* timeline = command->add_option(
      "--timeline", options->timeline,
      "Write what every unit of a chip did when to this file: a Chrome trace, opens in ui.perfetto.dev");
  command->add_option("--timeline-kernels", options->timeline_kernels,
                      "Kernels that the timeline shows in detail: 7, 1-40 (in the order in which they run), a layer's name")
      ->delimiter(',')
      ->needs(timeline);
  command->add_option("--program", options->program, "Replay programs from this file instead of a network")
      ->excludes(recipe, dump, command->get_option("--network"), command->get_option("--mode"),
                 command->get_option("--samples"), command->get_option("--no-residency"), command->get_option("--recompute"),
                 command->get_option("--chips"));
  add_output_options(*command, options->output);
  command->callback([options, command] {
    options->batch_given = command->count("--batch") > 0;
    run(*options);
  });
}

}  // namespace nibble
