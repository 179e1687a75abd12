#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <memory>
#include <thread>

#include "models/base/error.hpp"
#include "models/config/recipe.hpp"
#include "models/gemm/machine.hpp"
#include "models/gemm/npy_file.hpp"
#include "models/gemm/operands.hpp"
#include "models/gemm/study.hpp"
#include "sim/app/numerics_command.hpp"
#include "sim/app/options.hpp"
#include "sim/report/atomic_file.hpp"
#include "sim/report/text_table.hpp"

namespace nibble {
namespace {

constexpr const char* kExamples = R"(Examples:
  nibble numerics gemm --recipe hfp8 --pass fwd --a A.npy --b B.npy --out C.npy
  nibble numerics gemm --recipe fp4 --pass dgrad --m 8 --n 8 --k 4096
  nibble numerics gemm --recipe fp16 --m 4 --n 4 --k 16384 --distribution lognormal --chunk 64

With --a, --b and --out: multiplies these matrices (NPY, float32) as the machine would, quantised by the recipe.
fwd: A is activations, B weights. dgrad: A is output gradients, B weights. wgrad: A is activations, B output gradients.
Without: draws operands and prints, by accumulator and chunk length, the error against FP64 of the same operands.)";

constexpr const char* kAccumulationLegend = R"(
chunk: products that one accumulator adds up before their sum goes to a total of its own; none: one accumulator for all.
{} products are summed exactly before each rounding; the machine's own accumulator is {}, with chunks of 64 unless --chunk says else.
fp16: DLFloat16 (1-6-9); ieee16: the IEEE's (1-5-10).
relative RMS and SQNR (signal to quantisation noise): of the error. bias: its mean towards zero (-) or away from it (+).
swamping loss: share of what was added, by magnitude, that left its accumulator unchanged: too small beside the sum so far.
)";

constexpr const char* kTwoPhaseLegend = R"(
dgrad and wgrad read a copy of each gradient g, rounded to powers of four: the same (one grid), or one to 4^k and one to 2 x 4^k
(two phases). Errors are relative to g. both: of the mean of the two copies, so of what a layer learns from and passes on.
error correlation: 1: both copies err alike; below zero: they make up for one another.
bias swing over scales: how far the bias moves, up and down, as all gradients grow by one digit of the grid, a factor of four:
what a layer's gradients lose on one grid depends on where they lie, on two it nearly does not.
)";

struct GemmCommandOptions {
  std::string a, b, out;
  std::string recipe = "fp4";
  std::string pass = "fwd";
  std::string accelerator;
  std::string distribution = "normal";
  std::size_t m = 0, n = 0, k = 0;
  std::optional<std::uint32_t> chunk;
  std::uint32_t tree_width = 0;
  double pact_clip = 8.0;
  std::uint64_t seed = 0;
  unsigned threads = 1;
};

GemmPass pass_of(const std::string& word) {
  return word == "fwd" ? GemmPass::fwd : (word == "dgrad" ? GemmPass::dgrad : GemmPass::wgrad);
}

/// The machine whose order of accumulation counts: the one asked for, or the default for these formats.
GemmArithmetic arithmetic_for(const GemmCommandOptions& options, const GemmFormats& formats) {
  MachineOptions machine;
  if (options.chunk) machine.chunk_length = *options.chunk;
  machine.tree_width = options.tree_width;
  if (!options.accelerator.empty()) {
    const Accelerator accelerator = load_accelerator(options.accelerator);
    return machine_arithmetic(accelerator.core.mpe, require_mac_mode(accelerator, formats.a, formats.b), formats.a,
                              formats.b, formats.output, machine);
  }
  return default_machine_arithmetic(formats, machine);
}

/// The recipe's formats for the pass that was asked for; an inference recipe has them for fwd only.
Precision precision_of(const GemmCommandOptions& options) {
  const Precision precision = load_recipe(options.recipe).precision;
  if (formats_of(precision, pass_of(options.pass)).a.empty()) {
    throw InputError{"CLI-USAGE", fmt::format("the recipe {} has no {}: it is for inference", options.recipe, options.pass),
                     "--pass fwd, or a recipe for training"};
  }
  return precision;
}

QuantiserState quantiser_state(const GemmCommandOptions& options) {
  QuantiserState state;
  state.pact.clip = options.pact_clip;
  state.seed = options.seed;
  return state;
}

void multiply_files(const GemmCommandOptions& options) {
  const GemmPass pass = pass_of(options.pass);
  const Precision precision = precision_of(options);
  GemmArithmetic arithmetic = arithmetic_for(options, formats_of(precision, pass));
  arithmetic.seed = options.seed;
  const PassOperands operands =
      quantise_operands(precision, pass, read_npy(options.a), read_npy(options.b), quantiser_state(options));
  arithmetic.output_scale = operands.scale;
  Matrix c;
  gemm(arithmetic, operands.a, operands.b, c, {best_simd_level(), options.threads});
  AtomicFile file{options.out};
  file.write(npy_content(c));
  file.commit();
}

/// A drawn operand, or the values of a file over and over.
Matrix draw(const GemmCommandOptions& options, std::size_t rows, std::size_t columns, std::uint64_t tensor) {
  if (options.distribution == "normal" || options.distribution == "lognormal") {
    return random_matrix(rows, columns,
                         options.distribution == "normal" ? Distribution::normal : Distribution::lognormal,
                         options.seed, tensor);
  }
  const Matrix file = read_npy(options.distribution);
  if (file.values.empty()) throw InputError{"NPY-FORMAT", fmt::format("{} has no values", options.distribution)};
  Matrix matrix{rows, columns};
  for (std::size_t i = 0; i < matrix.values.size(); ++i) {
    matrix.values[i] = file.values[(i + tensor * file.values.size() / 2) % file.values.size()];
  }
  return matrix;
}

std::string percent(double share) { return fmt::format("{:.3g}%", 100 * share); }

/// Errors by accumulator and chunk length, everything else as the machine has it.
std::string accumulation_table(const GemmCommandOptions& options, const GemmArithmetic& machine,
                               const PassOperands& operands) {
  std::vector<std::string> accumulators, chunks, rms, sqnr, bias, swamping;
  const std::vector<std::uint32_t> lengths = options.chunk ? std::vector{*options.chunk} : std::vector{0U, 16U, 64U, 256U};
  std::vector<NumberFormat> formats{machine.accumulator};
  for (const char* name : {"fp16", "ieee16", "bf16", "fp32"}) {
    if (name != machine.accumulator.name) formats.push_back(number_format(name));
  }
  for (const NumberFormat& format : formats) {
    for (const std::uint32_t length : lengths) {
      GemmArithmetic arithmetic = machine;
      arithmetic.accumulator = arithmetic.chunk_accumulator = format;
      arithmetic.chunk_length = length;
      const ProductError error = study_product(arithmetic, operands.a, operands.b);
      accumulators.push_back(format.name);
      chunks.push_back(length == 0 ? "none" : fmt::format("{}", length));
      rms.push_back(fmt::format("{:.3g}", error.relative_rms));
      sqnr.push_back(std::isinf(error.sqnr_db) ? "exact" : fmt::format("{:.1f}", error.sqnr_db));
      bias.push_back(percent(error.bias));
      swamping.push_back(percent(error.swamping_loss));
    }
  }
  return table_text({words("accumulator", accumulators), words("chunk", chunks), words("relative RMS", rms),
                     words("SQNR dB", sqnr), words("bias", bias), words("swamping loss", swamping)});
}

/// What rounding the gradients on one grid or two does, by how far they spread.
std::string two_phase_table(std::uint64_t seed) {
  constexpr std::size_t kGradients = 20000;
  constexpr unsigned kScales = 16;
  std::vector<std::string> grids, spreads, dgrad, wgrad, together, rms, correlation, swing;
  for (const double spread : {0.0, 0.2, 0.5, 1.0}) {
    for (const bool single : {true, false}) {
      TwoPhaseOptions options;
      options.single_grid = single;
      const TwoPhaseError error = study_two_phase(options, spread, kGradients, kScales, seed);
      grids.emplace_back(single ? "one grid" : "two phases");
      spreads.push_back(fmt::format("{:.1f}", spread));
      dgrad.push_back(percent(error.dgrad.rms));
      wgrad.push_back(percent(error.wgrad.rms));
      together.push_back(percent(error.together.bias));
      rms.push_back(percent(error.together.rms));
      correlation.push_back(fmt::format("{:.3f}", error.error_correlation));
      swing.push_back(percent(error.bias_swing));
    }
  }
  return table_text({words("rounding", grids), words("spread of ln|g|", spreads), words("dgrad RMS", dgrad),
                     words("wgrad RMS", wgrad), words("both: RMS", rms), words("both: bias", together),
                     words("bias swing over scales", swing), words("error correlation", correlation)});
}

void study(const GemmCommandOptions& options) {
  const GemmPass pass = pass_of(options.pass);
  const Precision precision = precision_of(options);
  const GemmFormats& formats = formats_of(precision, pass);
  const GemmArithmetic machine = arithmetic_for(options, formats);
  const PassOperands operands =
      quantise_operands(precision, pass, draw(options, options.m, options.k, 0), draw(options, options.k, options.n, 1),
                        quantiser_state(options));
  std::string text = fmt::format(
      "{} {}: A ({} x {}, {}) times B ({} x {}, {}), {} values; what each accumulator makes of the quantised operands,\n"
      "against the same sum in FP64\n\n",
      options.recipe, options.pass, options.m, options.k, formats.a, options.k, options.n, formats.b, options.distribution);
  text += accumulation_table(options, machine, operands);
  text += fmt::format(kAccumulationLegend, machine.tree_width, machine.accumulator.name);
  if (precision.gradient_quantiser == GradientQuantiser::two_phase) {
    text += "\nWhat rounding radix-4 gradients on one grid or two does, by how far they spread about one magnitude\n\n";
    text += two_phase_table(options.seed);
    text += kTwoPhaseLegend;
  }
  print(text);
}

void run(const GemmCommandOptions& options) {
  const bool files = !options.a.empty() || !options.b.empty() || !options.out.empty();
  if (files && (options.a.empty() || options.b.empty() || options.out.empty())) {
    throw InputError{"CLI-USAGE", "--a, --b and --out belong together", "see: nibble numerics gemm --help"};
  }
  if (files) {
    multiply_files(options);
    return;
  }
  constexpr std::size_t kMostMacs = std::size_t{1} << 26;  // the study takes the slow path: about ten seconds
  if (options.m == 0 || options.n == 0 || options.k == 0 || options.m > kMostMacs || options.n > kMostMacs / options.m ||
      options.k > kMostMacs / (options.m * options.n)) {
    throw InputError{"CLI-USAGE", fmt::format("a study of {} x {} x {}", options.m, options.n, options.k),
                     fmt::format("give --m, --n and --k of at least 1, of which the product is at most {}", kMostMacs)};
  }
  study(options);
}

}  // namespace

void add_numerics_gemm_command(CLI::App& numerics) {
  auto options = std::make_shared<GemmCommandOptions>();
  CLI::App* command = numerics.add_subcommand("gemm", "Multiply matrices to the machine's last bit, or study its errors");
  command->footer(kExamples);
  command->add_option("--recipe", options->recipe, "Formats and quantisers (fp4)");
  command->add_option("--pass", options->pass, "fwd, dgrad or wgrad (fwd)")
      ->check(CLI::IsMember({"fwd", "dgrad", "wgrad"}));
  command->add_option("--accelerator", options->accelerator, "Whose array accumulates (the first that has the formats)");
  command->add_option("--a", options->a, "Left matrix, NPY float32");
  command->add_option("--b", options->b, "Right matrix, NPY float32");
  command->add_option("--out", options->out, "Product, NPY float32");
  command->add_option("--m", options->m, "Study: rows of A");
  command->add_option("--n", options->n, "Study: columns of B");
  command->add_option("--k", options->k, "Study: length of the reduction");
  command->add_option("--distribution", options->distribution, "Study: normal, lognormal or values of an NPY file (normal)");
  command->add_option("--chunk", options->chunk, "Products a chunk, 0 for no chunks (64; study: several)");
  command->add_option("--tree-width", options->tree_width, "Products summed exactly (rows x MACs of a lane)");
  command->add_option("--pact-clip", options->pact_clip, "Upper end of PACT activations, whose lower is 0 (8)")->check(CLI::PositiveNumber);
  command->add_option("--seed", options->seed, "Of drawn values and stochastic rounding (0)");
  command->add_option("--threads", options->threads, "For the product of files (1); the bits don't depend on it")
      ->check(CLI::Range(1U, 1024U));
  command->callback([options] { run(*options); });
}

}  // namespace nibble
