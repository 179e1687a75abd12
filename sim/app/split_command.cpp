#include <memory>

#include "sim/app/commands.hpp"
#include "sim/app/options.hpp"
#include "sim/app/process_pool.hpp"
#include "sim/report/split_document.hpp"
#include "sim/system/simulate.hpp"

namespace nibble {
namespace {

constexpr const char* kExamples = R"(Examples:
  nibble split --network resnet18 --batch 8 --link wifi
  nibble split --network mobilenetv2 --batch 8 --link ethernet --edge-grid france --cloud-grid germany
  nibble split --network resnet18 --batch 8 --format json --output split.json

The first layers are trained on the edge device, the rest on one chip of the server; activations go up, gradients come
down. Both machines are simulated over the whole step, then every cut between layers is added up.)";

struct SplitOptions {
  RunRequest request;
  std::string edge = "edge", cloud = "cloud-server", link = "wifi", edge_grid = "world", cloud_grid = "world";
  OutputOptions output;
};

Job job_of(RunRequest request, const std::string& accelerator) {
  request.accelerator = accelerator;
  return {accelerator, [request](const ProgressSink& progress) {
            DocumentOptions contents;
            contents.layers = true;
            return run_document(simulate(request, {.progress = progress}), contents).dump();
          }};
}

Json split(const SplitOptions& options) {
  SplitEnds ends;
  ends.link = load_network_link(options.link);
  ends.edge_grid = load_grid(options.edge_grid);
  ends.cloud_grid = load_grid(options.cloud_grid);
  const SimulationInputs inputs = load_inputs(options.request);
  const std::vector<Cut> cuts = cuts_of(lower(true, inputs.network, inputs.recipe, options.request.batch));
  const std::vector<std::string> results =
      run_in_processes({job_of(options.request, options.edge), job_of(options.request, options.cloud)}, usable_processors());
  ends.edge = Json::parse(results.front());
  ends.cloud = Json::parse(results.back());
  return split_document(ends, cuts);
}

void write(const SplitOptions& options) {
  const Json document = split(options);
  const std::string& format = options.output.format;
  write_text(format == "json" ? json_text(document) : format == "csv" ? split_csv(document) : split_table(document), options.output);
}

}  // namespace

void add_split_command(CLI::App& program) {
  auto options = std::make_shared<SplitOptions>();
  options->request.network = "resnet18";
  options->request.batch = 8;
  options->request.chips = 1;
  CLI::App* command = program.add_subcommand("split", "Share a training step between an edge device and a server: where to cut");
  command->footer(kExamples);
  command->add_option("-n,--network", options->request.network, "A layer trace, ONNX model or topology")->capture_default_str();
  command->add_option("-r,--recipe", options->request.recipe, "Formats, which both machines must multiply")->capture_default_str();
  command->add_option("-b,--batch", options->request.batch, "Samples of the step")->check(CLI::Range(1U, 65536U))->capture_default_str();
  command->add_option("--edge", options->edge, "Machine at the data")->capture_default_str();
  command->add_option("--cloud", options->cloud, "Machine far from them, one chip of it")->capture_default_str();
  command->add_option("--link", options->link, "What lies between: ethernet, lte, wifi, or a file")->capture_default_str();
  command->add_option("--edge-grid", options->edge_grid, "Electricity of the edge")->capture_default_str();
  command->add_option("--cloud-grid", options->cloud_grid, "Electricity of server and network")->capture_default_str();
  command->add_option("--format", options->output.format, "table, json or csv")->check(CLI::IsMember({"table", "json", "csv"}))->capture_default_str();
  command->add_option("-o,--output", options->output.output, "A file instead of stdout");
  command->callback([options] { write(*options); });
}

}  // namespace nibble
