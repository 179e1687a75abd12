#include "sim/app/training/train_command.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "models/base/error.hpp"
#include "models/config/recipe.hpp"
#include "sim/app/options.hpp"
#include "sim/app/progress.hpp"
#include "sim/app/training/energy_report.hpp"
#include "sim/app/training/training_report.hpp"
#include "sim/report/atomic_file.hpp"
#include "workloads/trace/network.hpp"
#include "workloads/training/dataset.hpp"
#include "workloads/training/trainer.hpp"

namespace nibble {
namespace {

using training::EpochResult;
using training::StepProgress;

constexpr const char* kExamples = R"(Examples:
  nibble train --network cnn-28 --data fashion-mnist --recipe fp4 --epochs 1 --samples 640 --tests 640
  nibble train --recipe fp32 --emulation fast --epochs 1 --samples 640 --tests 640 --out fp32-run
  nibble train --recipe hfp8 --emulation fast --epochs 1 --samples 640 --tests 640 --trace measured.yaml
  nibble train --emulation fast --epochs 1 --samples 640 --tests 640 --energy rapid-fp4,fp16@rapid,fp16@a100

Every GEMM of forward pass, dgrad and wgrad has the recipe's formats, bit for bit as the machine sums them (exact), or
with the same operands summed in FP32 (fast). With --out, checkpoint.pt and log.jsonl are replaced after each epoch; the
same command goes on from there, after Ctrl-C too, and ends in the same bits; curves.svg, histograms.json and report.html
follow at the end. --energy simulates a step of this very
training (its network, batch, formats and measured zeros) on machines, and prints what all its steps would have cost.)";

struct TrainOptions {
  std::string network = "cnn-28", data = "fashion-mnist", recipe = "fp4", emulation = "exact";
  std::string out, trace, grid = "world";
  std::vector<std::string> energy;
  training::TrainingOptions training;
};

void show_step(Progress& progress, const StepProgress& at) {
  const std::string what = fmt::format("loss {:.4f}, accuracy {:.2f}%", at.loss, 100 * at.accuracy);
  progress.show(progress_line(fmt::format("epoch {}/{}", at.epoch, at.epochs), at.step, at.steps, what));
}

std::string epoch_text(const EpochResult& result) {
  return fmt::format("epoch {:3}  loss {:.4f}  training {:6.2f}%  test {:6.2f}%  {:.1f} s\n", result.epoch, result.loss,
                     100 * result.train_accuracy, 100 * result.test_accuracy, result.seconds);
}

/// Of the training that `trainer` has done, or is to do.
Json charge(const std::vector<ChargedRun>& runs, const TrainOptions& options, const training::Trainer& trainer,
            const Network& network) {
  const std::uint64_t samples = trainer.steps_per_epoch() * options.training.batch;
  return training_costs(runs, network, options.training.batch, options.grid,
                         {static_cast<double>(options.training.epochs), samples});
}

/// Everything about a finished training that --trace and --out ask for, the costs apart.
void write_reports(const TrainOptions& options, const training::Trainer& trainer, const Network& network,
                   const std::vector<EpochResult>& results, const std::vector<training::LayerMeasure>& measures) {
  const std::string histograms = json_text(histograms_document(network, measures));
  if (!options.trace.empty()) {
    write_file(options.trace, trainer.measured_trace(measures));
    write_file(std::filesystem::path{options.trace}.replace_extension(".histograms.json"), histograms);
  }
  if (options.out.empty()) return;
  const std::filesystem::path out = options.out;
  const std::string title = fmt::format("{} on {} in {}, {} emulation", network.name, options.data, options.recipe, options.emulation);
  write_file(out / "histograms.json", histograms);
  write_file(out / "curves.svg", curves_svg(results));
  write_file(out / "report.html", training_page(title, results, network, measures));
}

void train(TrainOptions& options) {
  options.training.emulation =
      options.emulation == "exact" ? training::Emulation::exact : training::Emulation::fast;
  const Network network = load_network(options.network);
  const Recipe recipe = load_recipe(options.recipe);
  const training::Dataset data = training::load_dataset(options.data);
  const std::vector<ChargedRun> charged = charged_runs(options.energy, options.recipe);
  training::Trainer trainer{network, recipe, data, options.training, options.out};
  // What no machine can run is said before hours of training, not after.
  if (!charged.empty()) static_cast<void>(charge(charged, options, trainer, network));
  std::vector<EpochResult> results;
  {
    Progress progress;
    results = trainer.run([&](const StepProgress& at) { show_step(progress, at); },
                          [&](const EpochResult& result) { print(epoch_text(result)); });
  }
  print(fmt::format("state {}\n", trainer.state_hash()));
  if (options.trace.empty() && options.out.empty() && charged.empty()) return;
  const std::vector<training::LayerMeasure> measures = trainer.measure();
  write_reports(options, trainer, network, results, measures);
  if (charged.empty()) return;
  const Json costs = charge(charged, options, trainer, trainer.measured_network(measures));
  print("\n" + training_cost_table(costs));
  if (!options.out.empty()) write_file(std::filesystem::path{options.out} / "energy.json", json_text(costs));
}

}  // namespace

void add_train_command(CLI::App& program) {
  auto options = std::make_shared<TrainOptions>();
  training::TrainingOptions& training = options->training;
  CLI::App* command = program.add_subcommand("train", "Train a network in few bits, for real");
  command->footer(kExamples);
  command->add_option("--network", options->network, "A layer trace (cnn-28)");
  command->add_option("--data", options->data, "fashion-mnist, kjv, mnist, cifar-10 (scripts/fetch_data.sh gets them), a folder of such files, or a text (fashion-mnist)");
  command->add_option("--recipe", options->recipe, "Formats and quantisers (fp4)");
  command->add_option("--epochs", training.epochs, "(3)")->check(CLI::Range(1U, 100000U));
  command->add_option("--batch", training.batch, "Samples a step (64)")->check(CLI::Range(1U, 65536U));
  command->add_option("--seed", training.seed, "Of first weights, order and stochastic rounding (0)");
  command->add_option("--samples", training.samples, "First of the training set, 0 for all (0)");
  command->add_option("--tests", training.tests, "First of the test set, 0 for all (0)");
  command->add_option("--rate", training.rate, "Learning rate at the start; falls along a cosine (0.05)")->check(CLI::PositiveNumber);
  command->add_option("--decay", training.decay, "Weight decay (5e-4)")->check(CLI::NonNegativeNumber);
  command->add_option("--loss-scale", training.loss_scale, "Factor of the loss, taken out of the weights' gradients (1024)")
      ->check(CLI::PositiveNumber);
  command->add_option("--emulation", options->emulation, "exact or fast (exact)")->check(CLI::IsMember({"exact", "fast"}));
  command->add_option("--out", options->out, "Folder for checkpoint and log, to go on from, and the report");
  command->add_option("--trace", options->trace, "Write the network with measured zeros, for nibble run --network, and beside it FILE.histograms.json");
  command->add_option("--energy", options->energy, "Machines that the training is charged to: accelerator or recipe@accelerator, ...")
      ->delimiter(',');
  command->add_option("--grid", options->grid, "Whose electricity --energy counts (world)");
  command->callback([options] { train(*options); });
}

}  // namespace nibble
