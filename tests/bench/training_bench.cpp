// How much longer an emulated training step takes than plain libtorch's in FP32 on the same core (cnn-28, batches of 64), and how
// far fast emulation strays from exact. Noise for images: the time does not hang on them.
#include <benchmark/benchmark.h>
#include <torch/torch.h>

#include <string>
#include <vector>

#include "workloads/training/batches.hpp"
#include "workloads/training/process_settings.hpp"
#include "workloads/training/trainable_network.hpp"
#include "workloads/training/weight_update.hpp"

namespace nibble::training {
namespace {

using torch::Tensor;

constexpr std::int64_t kBatch = 64;
constexpr double kLossScale = 1024;

Batch noise() {
  torch::manual_seed(1);
  return {torch::randn({kBatch, 1, 28, 28}), torch::randint(10, {kBatch}, torch::kInt64)};
}

std::span<float> values_of(const Tensor& tensor) { return {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())}; }

/// cnn-28 by libtorch's own layers.
torch::nn::Sequential plain_network() {
  using namespace torch::nn;
  const auto convolution = [](std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride) {
    return Conv2d{Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false)};
  };
  return Sequential{convolution(1, 16, 5, 2), BatchNorm2d{16}, ReLU{}, convolution(16, 32, 3, 2), BatchNorm2d{32}, ReLU{},
                    convolution(32, 32, 3, 1), BatchNorm2d{32}, ReLU{}, AdaptiveAvgPool2d{1}, Flatten{}, Linear{32, 10}};
}

/// As it comes, and with what training asks of the process.
void plain_libtorch(benchmark::State& state, bool settled) {
  torch::set_num_threads(1);
  if (settled) settle_process();
  torch::nn::Sequential network = plain_network();
  torch::optim::SGD optimiser{network->parameters(), torch::optim::SGDOptions(0.05).momentum(0.9).weight_decay(5e-4)};
  const Batch batch = noise();
  for (auto _ : state) {
    optimiser.zero_grad();
    torch::cross_entropy_loss(network->forward(batch.inputs), batch.labels).backward();
    optimiser.step();
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

/// A network in training, step by step.
class Training {
 public:
  Training(const std::string& recipe, Emulation emulation)
      : recipe_{load_recipe(recipe)}, network_{load_network("cnn-28"), recipe_, emulation, 1} {
    for (const NamedTensor& p : network_.parameters()) velocity_.push_back(torch::zeros_like(p.tensor));
  }

  void step(const Batch& batch) {
    network_.begin_step(number_);
    for (const NamedTensor& p : network_.parameters()) p.tensor.mutable_grad() = Tensor{};
    (loss_of(network_.forward(batch.inputs, true), batch.labels) * kLossScale).backward();
    const torch::NoGradGuard guard;
    for (std::size_t i = 0; i < velocity_.size(); ++i) {
      const Tensor& weight = network_.parameters()[i].tensor;
      const Tensor gradient = (weight.grad() / kLossScale).contiguous();
      update_weights(recipe_, {0.05F, 0.9F, 5e-4F}, values_of(gradient), values_of(velocity_[i]), values_of(weight),
                     {1, number_ * velocity_.size() + i, 0});
    }
    ++number_;
  }

  [[nodiscard]] Tensor weights() const {
    std::vector<Tensor> all;
    for (const NamedTensor& p : network_.parameters()) all.push_back(p.tensor.detach().flatten());
    return torch::cat(all);
  }

 private:
  Recipe recipe_;
  TrainableNetwork network_;
  std::vector<Tensor> velocity_;
  std::uint64_t number_ = 0;
};

void emulated(benchmark::State& state, const char* recipe, Emulation emulation) {
  settle_process();
  Training training{recipe, emulation};
  const Batch batch = noise();
  for (auto _ : state) training.step(batch);
  state.SetItemsProcessed(state.iterations() * kBatch);
}

/// Distance of fast's weights from exact's, as a share of how far exact's have come, after 1 and after 50 steps.
void divergence(benchmark::State& state, const char* recipe) {
  settle_process();
  const Batch batch = noise();
  for (auto _ : state) {
    Training exact{recipe, Emulation::exact}, fast{recipe, Emulation::fast};
    const Tensor start = exact.weights().clone();
    const auto apart = [&] {
      return ((exact.weights() - fast.weights()).norm() / (exact.weights() - start).norm()).item<double>();
    };
    exact.step(batch);
    fast.step(batch);
    state.counters["after_1"] = apart();
    for (int i = 1; i < 50; ++i) {
      exact.step(batch);
      fast.step(batch);
    }
    state.counters["after_50"] = apart();
  }
}

BENCHMARK_CAPTURE(plain_libtorch, as_it_comes, false)->Unit(benchmark::kMillisecond);  // first: the others settle the process
BENCHMARK_CAPTURE(plain_libtorch, settled, true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(emulated, fp4_exact, "fp4", Emulation::exact)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(emulated, fp4_fast, "fp4", Emulation::fast)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(emulated, hfp8_exact, "hfp8", Emulation::exact)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(emulated, hfp8_fast, "hfp8", Emulation::fast)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(emulated, fp32_fast, "fp32", Emulation::fast)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(divergence, fp4, "fp4")->Unit(benchmark::kMillisecond)->Iterations(1);
BENCHMARK_CAPTURE(divergence, hfp8, "hfp8")->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
}  // namespace nibble::training

BENCHMARK_MAIN();
