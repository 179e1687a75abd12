#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

#include "models/config/catalogue.hpp"
#include "sim/app/commands.hpp"
#include "sim/app/options.hpp"
#include "sim/app/progress.hpp"
#include "sim/report/measured_document.hpp"

namespace nibble {
namespace {

constexpr const char* kExamples = R"(Examples:
  nibble validate
  nibble validate --only spyre
  nibble validate --only spyre --measured my_kernels.csv --format json
  nibble validate --only spyre --accelerator my_card.yaml --format csv --output rows.csv)";

constexpr const char* kShippedMeasurements = "configs/measurements/spyre.csv";

struct ValidateOptions {
  std::string only = "spyre";
  std::string measured;
  std::string accelerator = "spyre";
  OutputOptions output;
};

std::string text_of(const Json& document, const std::string& format) {
  if (format == "json") return json_text(document);
  return format == "csv" ? measured_csv(document) : measured_table(document);
}

void validate(const ValidateOptions& options) {
  options.output.check();
  const std::string file =
      options.measured.empty() ? (data_directory() / kShippedMeasurements).string() : options.measured;
  const std::vector<MeasuredKernel> kernels = read_measured_kernels(file);
  const Accelerator accelerator = load_accelerator(options.accelerator);
  Json document;
  {
    Progress progress;
    const auto show = [&](std::size_t done) {
      progress.show(progress_line(accelerator.name, done, kernels.size(), kernels[done - 1].op));
    };
    document = measured_document(simulate_measured(kernels, accelerator, show), accelerator.name,
                                 std::filesystem::path{file}.filename().string());
  }
  write_text(text_of(document, options.output.format), options.output);
}

}  // namespace

void add_validate_command(CLI::App& program) {
  auto options = std::make_shared<ValidateOptions>();
  CLI::App* command =
      program.add_subcommand("validate", "Simulate what was measured or published, and say how far off it is");
  command->footer(kExamples);
  command->add_option("--only", options->only, "Which group: spyre (kernel times of real silicon)")
      ->capture_default_str()
      ->check(CLI::IsMember({"spyre"}));
  command->add_option("--measured", options->measured,
                      "A CSV of measured kernels with the columns of configs/measurements/spyre.csv");
  command->add_option("-a,--accelerator", options->accelerator, "The machine that they were measured on")
      ->capture_default_str();
  add_output_options(*command, options->output);
  for (const char* unused : {"--layers", "--energy-table"}) command->remove_option(command->get_option(unused));
  command->callback([options] { validate(*options); });
}

}  // namespace nibble
