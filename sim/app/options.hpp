#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "sim/report/csv_report.hpp"
#include "sim/report/document.hpp"
#include "sim/system/run_result.hpp"

namespace nibble {

/// What `run` and `compare` simulate, apart from the machine and the recipe.
struct StepOptions {
  std::string network = "resnet50";
  std::uint64_t batch = 64;
  std::string mode = "training";
  std::string grid = "world";
  std::optional<std::uint32_t> chips;
  std::string operating_point;            ///< "" is the machine's own voltage and clock
  std::optional<double> power_cap_w;
  std::string throttling;                 ///< "" is the machine's own
  bool no_residency = false;
  bool no_memoise = false;
  bool no_fast_forward = false;
  bool recompute = false;
  std::optional<std::uint64_t> samples;
  std::optional<double> epochs;

  [[nodiscard]] RunRequest request(const std::string& recipe, const std::string& accelerator) const;
  /// What the options set of the machine's keys.
  [[nodiscard]] Overrides machine() const;
  /// Epochs alone are epochs of ImageNet. InputError [CLI-USAGE] for an inference.
  [[nodiscard]] std::optional<TrainingLength> training() const;
};

/// How and where a result is written.
struct OutputOptions {
  std::string format = "table";
  std::string output;  ///< "" is stdout
  bool layers = false;
  bool energy_table = false;

  [[nodiscard]] DocumentOptions document(const StepOptions& step) const;
  /// InputError [CLI-USAGE] if more than one table is asked for.
  [[nodiscard]] CsvRows csv_rows() const;
  /// Everything that can be known to be wrong before the work starts.
  void check() const;
};

void add_step_options(CLI::App& command, StepOptions& options);
void add_output_options(CLI::App& command, OutputOptions& options);

/// Writes a run's or a comparison's document as the options say.
void write_document(const Json& document, const OutputOptions& options);

/// Writes a text to where the options say.
void write_text(const std::string& text, const OutputOptions& options);

/// To stdout, whole; InputError [OUT-WRITE] if that fails.
void print(const std::string& text);

}  // namespace nibble
