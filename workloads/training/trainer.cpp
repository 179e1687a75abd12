#include "workloads/training/trainer.hpp"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>

#include "models/base/error.hpp"
#include "models/base/hash.hpp"
#include "workloads/training/batches.hpp"
#include "workloads/training/checkpoint.hpp"
#include "workloads/training/trainable_network.hpp"
#include "workloads/training/weight_update.hpp"

namespace nibble::training {
namespace {

using torch::Tensor;

/// Shape and number of classes of the data are those of the network.
void require_fit(const Network& network, const Dataset& data) {
  const Shape image{data.train.channels, data.train.height, data.train.width};
  if (network.layers.front().output != image) {
    throw InputError{"TRAIN-DATA", fmt::format("{} takes images of {}; {} has {}", network.name,
                                               fmt::join(network.layers.front().output, " x "), data.name,
                                               fmt::join(image, " x ")),
                     "give data of the network's shape, or another network"};
  }
  for (const ImageSet* set : {&data.train, &data.test}) {
    const std::uint8_t highest = *std::max_element(set->labels.begin(), set->labels.end());
    if (highest >= network.layers.back().output.back()) {
      throw InputError{"TRAIN-DATA", fmt::format("{} has a label {}; {} tells {} classes apart", data.name, highest,
                                                 network.name, network.layers.back().output.back())};
    }
  }
}

std::size_t limited(std::uint64_t asked, std::size_t there) {
  return asked == 0 ? there : std::min<std::size_t>(asked, there);
}

std::span<float> values_of(const Tensor& tensor) {
  return {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

double correct_in(const Tensor& logits, const Tensor& labels) {
  return (logits.argmax(1) == labels).sum().item<double>();
}

std::string images_hash(const ImageSet& set) {
  const auto hash = [](const std::vector<std::uint8_t>& bytes) {
    return content_hash({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  };
  return hash(set.pixels) + hash(set.labels);
}

/// Of all that decides a run's bits.
std::string fingerprint(const Network& network, const Recipe& recipe, const Dataset& data, const TrainingOptions& o) {
  return content_hash(fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}", network.hash, recipe.hash,
                                  images_hash(data.train), images_hash(data.test), o.epochs, o.batch, o.seed, o.samples, o.tests,
                                  o.rate, o.momentum, o.decay, o.loss_scale, static_cast<int>(o.emulation), o.variant.chunk_length,
                                  o.variant.grad_scale, o.variant.two_grids));
}

}  // namespace

class Trainer::State {
 public:
  State(const Network& network, const Recipe& recipe, const Dataset& data, const TrainingOptions& options,
        std::filesystem::path folder)
      : recipe_{recipe},
        options_{options},
        train_{data.train, limited(options.samples, data.train.size()), options.batch,
               measure_pixels(data.train, limited(options.samples, data.train.size()))},
        test_{data.test, limited(options.tests, data.test.size()), options.batch,
              measure_pixels(data.train, limited(options.samples, data.train.size()))},
        network_{network, recipe, options.emulation, options.seed, options.variant},
        folder_{std::move(folder)},
        fingerprint_{fingerprint(network, recipe, data, options)} {
    for (const NamedTensor& p : network_.parameters()) velocity_.push_back({p.name, torch::zeros_like(p.tensor)});
    if (limited(options.samples, data.train.size()) < options.batch) {
      throw InputError{"TRAIN-BATCH", fmt::format("a batch of {} from {} samples", options.batch,
                                                  limited(options.samples, data.train.size())),
                       "give a --batch of at most the samples"};
    }
    if (!folder_.empty()) results_ = load_checkpoint(folder_, fingerprint_, all_state(), network_);
  }

  std::vector<EpochResult> run(const OnStep& on_step, const OnEpoch& on_epoch, std::uint64_t until) {
    const std::uint64_t last = until == 0 ? options_.epochs : std::min(until, options_.epochs);
    while (results_.size() < last) {
      results_.push_back(run_epoch(results_.size() + 1, on_step));
      if (!folder_.empty()) save_checkpoint(folder_, fingerprint_, all_state(), network_, results_);
      if (on_epoch) on_epoch(results_.back());
    }
    return results_;
  }

  [[nodiscard]] std::string hash() const {
    std::string bytes;
    for (const NamedTensor& named : all_state()) {
      const Tensor plain = named.tensor.detach().contiguous();
      bytes.append(static_cast<const char*>(plain.data_ptr()), plain.nbytes());
    }
    for (const std::int64_t exponent : network_.grad_scales()) bytes += fmt::format(" {}", exponent);
    return content_hash(bytes);
  }

  [[nodiscard]] std::vector<LayerZeros> zeros() {
    train_.in_order();
    const Batch batch = train_.at(0);
    return network_.measure_zeros(batch.images, batch.labels);
  }

  [[nodiscard]] const Network& network() const { return network_.network(); }

 private:
  [[nodiscard]] std::vector<NamedTensor> all_state() const {
    std::vector<NamedTensor> all = network_.parameters();
    all.insert(all.end(), network_.buffers().begin(), network_.buffers().end());
    for (const NamedTensor& v : velocity_) all.push_back({v.name + ".velocity", v.tensor});
    return all;
  }

  EpochResult run_epoch(std::uint64_t epoch, const OnStep& on_step) {
    const auto start = std::chrono::steady_clock::now();
    train_.shuffle(options_.seed, epoch);
    StepProgress progress{epoch, options_.epochs, 0, train_.count(), 0, 0};
    double loss = 0, correct = 0, seen = 0;
    for (std::size_t i = 0; i < train_.count(); ++i) {
      const Batch batch = train_.at(i);
      const auto [batch_loss, batch_correct] = step(batch, (epoch - 1) * train_.count() + i);
      seen += static_cast<double>(batch.labels.numel());
      loss += batch_loss * static_cast<double>(batch.labels.numel());
      correct += batch_correct;
      progress.step = i + 1;
      progress.loss = loss / seen;
      progress.accuracy = correct / seen;
      if (on_step) on_step(progress);
    }
    EpochResult result{epoch, progress.loss, progress.accuracy, test_accuracy(), 0};
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return result;
  }

  std::pair<double, double> step(const Batch& batch, std::uint64_t number) {
    network_.begin_step(number);
    for (const NamedTensor& p : network_.parameters()) p.tensor.mutable_grad() = Tensor{};
    const Tensor logits = network_.forward(batch.images, true);
    const Tensor loss = torch::cross_entropy_loss(logits, batch.labels);
    (loss * options_.loss_scale).backward();
    update(number);
    return {loss.item<double>(), correct_in(logits, batch.labels)};
  }

  void update(std::uint64_t number) {
    const torch::NoGradGuard guard;
    const double steps = static_cast<double>(options_.epochs * train_.count());
    const double cosine = std::cos(std::numbers::pi * static_cast<double>(number) / steps);
    const SgdStep sgd{static_cast<float>(options_.rate * 0.5 * (1 + cosine)), static_cast<float>(options_.momentum),
                      static_cast<float>(options_.decay)};
    for (std::size_t i = 0; i < velocity_.size(); ++i) {
      const Tensor& weight = network_.parameters()[i].tensor;
      if (!weight.grad().defined()) continue;
      const Tensor gradient = (weight.grad() / options_.loss_scale).contiguous();
      const RandomSource random{options_.seed, number * velocity_.size() + i, 0};
      update_weights(recipe_, sgd, values_of(gradient), values_of(velocity_[i].tensor), values_of(weight), random);
    }
  }

  double test_accuracy() {
    const torch::NoGradGuard guard;
    double correct = 0, seen = 0;
    for (std::size_t i = 0; i < test_.count(); ++i) {
      const Batch batch = test_.at(i);
      correct += correct_in(network_.forward(batch.images, false), batch.labels);
      seen += static_cast<double>(batch.labels.numel());
    }
    return correct / seen;
  }

  Recipe recipe_;
  TrainingOptions options_;
  Batches train_, test_;
  TrainableNetwork network_;
  std::vector<NamedTensor> velocity_;
  std::filesystem::path folder_;
  std::string fingerprint_;
  std::vector<EpochResult> results_;
};

Trainer::Trainer(const Network& network, const Recipe& recipe, const Dataset& data, const TrainingOptions& options,
                 std::filesystem::path folder) {
  require_fit(network, data);
  torch::set_num_threads(1);  // one order of summation: the same bits on every machine of a kind
  state_ = std::make_unique<State>(network, recipe, data, options, std::move(folder));
}

Trainer::~Trainer() = default;

std::vector<EpochResult> Trainer::run(const OnStep& on_step, const OnEpoch& on_epoch, std::uint64_t until) {
  return state_->run(on_step, on_epoch, until);
}

std::string Trainer::state_hash() const { return state_->hash(); }

std::string Trainer::measured_trace() { return trace_text(state_->network(), state_->zeros()); }

}  // namespace nibble::training
