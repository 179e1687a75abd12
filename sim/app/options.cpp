#include "sim/app/options.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "models/base/error.hpp"
#include "sim/report/atomic_file.hpp"
#include "sim/report/html_report.hpp"
#include "sim/report/table_report.hpp"
#include "workloads/importers/import_network.hpp"
#include "workloads/trace/network.hpp"

namespace nibble {
namespace {

constexpr std::uint64_t kLargestBatch = 1'000'000;
constexpr std::uint64_t kMostSamples = 1'000'000'000'000;
/// Training images of ILSVRC 2012, which ResNet, VGG and MobileNet are trained on (imagenet in
/// models/SOURCES.md).
constexpr std::uint64_t kImageNetSamples = 1'281'167;
/// Networks for ImageNet take pictures of 224 pixels and more; smaller ones are of other data.
constexpr std::uint64_t kLeastImageNetExtent = 192;

std::string text_of(const Json& document, const OutputOptions& options) {
  if (options.format == "json") return json_text(document);
  if (options.format == "html") return html_text(document);
  if (options.format == "csv") return csv_text(document, options.csv_rows());
  if (document.at("schema") == kScalingSchema) return scaling_table(document);
  return document.at("schema") == kCompareSchema ? compare_table(document) : run_table(document);
}

/// Samples of an epoch that nobody stated: ImageNet's for a network that takes its images.
std::uint64_t default_samples(const std::string& network) {
  const Shape input = import_network(network).layers.front().output;
  const bool image = input.size() == 3 && input[0] == 3 && std::min(input[1], input[2]) >= kLeastImageNetExtent;
  if (image) return kImageNetSamples;
  throw InputError("CLI-USAGE", fmt::format("{} does not take ImageNet's pictures: how long is an epoch?", network),
                   "give --samples, the number of training samples");
}

}  // namespace

Overrides StepOptions::machine() const {
  Overrides set;
  const auto add = [&](const char* key, const char* option, const std::string& text) {
    YamlNode value;
    value.kind = YamlNode::Kind::scalar;
    value.scalar = text;
    value.place.file = std::make_shared<const std::string>(option);
    set.push_back({key, std::move(value)});
  };
  if (!operating_point.empty()) add("operating_point", "--operating-point", operating_point);
  if (power_cap_w) add("power.cap", "--power-cap", fmt::format("{} W", *power_cap_w));
  if (!throttling.empty()) add("power.throttling", "--throttling", throttling);
  return set;
}

RunRequest StepOptions::request(const std::string& recipe, const std::string& accelerator) const {
  RunRequest request;
  request.network = network;
  request.accelerator = accelerator;
  request.recipe = recipe;
  request.machine = machine();
  request.grid = grid;
  request.batch = batch;
  request.chips = chips;
  request.training = mode == "training";
  request.residency = !no_residency;
  request.memoise = !no_memoise;
  request.fast_forward = !no_fast_forward;
  request.recompute = recompute;
  return request;
}

std::optional<TrainingLength> StepOptions::training() const {
  if (!samples && !epochs) return std::nullopt;
  if (mode != "training") {
    throw InputError("CLI-USAGE", "--samples and --epochs scale a training, this is an inference");
  }
  return TrainingLength{epochs.value_or(1.0), samples ? *samples : default_samples(network)};
}

DocumentOptions OutputOptions::document(const StepOptions& step) const {
  return {.layers = layers, .energy_table = energy_table, .training = step.training()};
}

CsvRows OutputOptions::csv_rows() const {
  if (layers && energy_table) {
    throw InputError("CLI-USAGE", "CSV is one table: --layers and --energy-table are two");
  }
  if (layers) return CsvRows::layers;
  return energy_table ? CsvRows::energy_table : CsvRows::runs;
}

void OutputOptions::check() const {
  if (format == "csv") static_cast<void>(csv_rows());
  if (!output.empty()) check_writable(output);
}

void add_step_options(CLI::App& command, StepOptions& options) {
  command.add_option("-n,--network", options.network, "Shipped network, or a file: layer trace (.yaml), ONNX (.onnx), topology (.csv)")
      ->capture_default_str();
  command.add_option("-b,--batch", options.batch, "Samples in a step, of all chips together")
      ->capture_default_str()
      ->check(CLI::Range(std::uint64_t{1}, kLargestBatch));
  command.add_option("--mode", options.mode, "training (a whole step) or inference (its forward pass)")
      ->capture_default_str()
      ->check(CLI::IsMember({"training", "inference"}));
  command.add_option("--grid", options.grid, "Where the electricity comes from")->capture_default_str();
  command.add_option("--chips", options.chips, "Chips that share the batch (default: the machine's own)")
      ->check(CLI::Range(1U, 65536U));
  command.add_option("--operating-point", options.operating_point,
                     "Voltage and clock: one of the machine's operating points, by name or by number from 1");
  command.add_option("--power-cap", options.power_cap_w,
                     "Watts that a chip may take, its external memory aside: clock pulses are left out to stay below")
      ->check(CLI::Range(1e-3, 1e5));
  command.add_option("--throttling", options.throttling,
                     "What the cap takes the chip to draw: sparsity_aware, with the zeros that its operands have (default), "
                     "or worst_case, as if there were none");
  command.add_flag("--no-residency", options.no_residency,
                   "Send every tensor through external memory, even where it would fit on chip");
  command.add_flag("--recompute", options.recompute,
                   "Training: keep activations only between segments of the network and compute the others again "
                   "in the backward pass; less memory, more arithmetic");
  command.add_flag("--no-memoise", options.no_memoise,
                   "Simulate equal operations again: slower, with equal results");
  command.add_flag("--no-fast-forward", options.no_fast_forward,
                   "Simulate every tile and burst in its own time, also where they only repeat: slower, with equal results");
  command
      .add_option(
          "--samples", options.samples,
          "Scale the step to a training over so many samples (default for networks of ImageNet pictures: its 1281167)")
      ->check(CLI::Range(std::uint64_t{1}, kMostSamples));
  command.add_option("--epochs", options.epochs, "Passes over the samples of that training (default 1)")
      ->check(CLI::Range(1e-6, 1e9));
}

void add_output_options(CLI::App& command, OutputOptions& options) {
  command.add_option("-f,--format", options.format, "table, json, csv or html (one page with charts)")
      ->capture_default_str()
      ->check(CLI::IsMember({"table", "json", "csv", "html"}));
  command.add_option("-o,--output", options.output,
                     "Write to this file, whole or not at all, instead of stdout");
  command.add_flag("--layers", options.layers, "Add a row for each operation of the step");
  command.add_flag("--energy-table", options.energy_table,
                   "Add a row for each event: count, pJ, source, product");
}

void write_document(const Json& document, const OutputOptions& options) {
  write_text(text_of(document, options), options);
}

void write_text(const std::string& text, const OutputOptions& options) {
  if (options.output.empty()) {
    print(text);
  } else {
    write_file(options.output, text);
  }
}

void print(const std::string& text) { write_all(STDOUT_FILENO, text, "stdout"); }

}  // namespace nibble
