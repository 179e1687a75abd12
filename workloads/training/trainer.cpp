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
#include "workloads/training/process_settings.hpp"
#include "workloads/training/trainable_network.hpp"
#include "workloads/training/weight_update.hpp"

namespace nibble::training {
namespace {

using torch::Tensor;

[[noreturn]] void refuse_shape(const Network& network, const Dataset& data, const Shape& sample) {
  throw InputError{"TRAIN-DATA", fmt::format("{} takes samples of {}; {} has {}", network.name,
                                             fmt::join(network.layers.front().output, " x "), data.name,
                                             data.is_text() ? "text" : fmt::format("{}", fmt::join(sample, " x "))),
                   "give data of the network's shape, or another network"};
}

void require_labels(const Network& network, const Dataset& data, std::span<const std::uint8_t> labels) {
  const std::uint8_t highest = *std::max_element(labels.begin(), labels.end());
  if (highest < network.layers.back().output.back()) return;
  throw InputError{"TRAIN-DATA", fmt::format("{} has a {} {}; {} tells {} apart", data.name, data.is_text() ? "byte" : "label",
                                             highest, network.name, network.layers.back().output.back())};
}

/// Shape and number of classes of the data are those of the network; a text's is any length of tokens.
void require_fit(const Network& network, const Dataset& data) {
  const Shape& sample = network.layers.front().output;
  const Shape image{data.train.channels, data.train.height, data.train.width};
  if (data.is_text() ? sample.size() != 1 : sample != image) refuse_shape(network, data, image);
  if (data.is_text()) {
    require_labels(network, data, data.text.train);
    require_labels(network, data, data.text.test);
  } else {
    require_labels(network, data, data.train.labels);
    require_labels(network, data, data.test.labels);
  }
}

std::size_t limited(std::uint64_t asked, std::size_t there) {
  return asked == 0 ? there : std::min<std::size_t>(asked, there);
}

std::span<float> values_of(const Tensor& tensor) {
  return {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

double correct_in(const Tensor& logits, const Tensor& labels) {
  return (logits.argmax(-1) == labels).sum().item<double>();
}

std::string data_hash(const Dataset& data) {
  std::string hashes;
  for (const auto* bytes : {&data.train.pixels, &data.train.labels, &data.test.pixels, &data.test.labels,
                            &data.text.train, &data.text.test}) {
    hashes += content_hash({reinterpret_cast<const char*>(bytes->data()), bytes->size()});
  }
  return hashes;
}

struct Sets {
  Batches train, test;
};

/// What is trained and tested on, in samples of the network's shape.
Sets sets_of(const Network& network, const Dataset& data, const TrainingOptions& options) {
  const auto batches = [&](std::unique_ptr<Samples> samples, std::uint64_t asked) {
    const std::size_t count = limited(asked, samples->size());
    return Batches{std::move(samples), count, options.batch};
  };
  if (data.is_text()) {
    const std::size_t length = network.layers.front().output.front();
    return {batches(text_samples(data.text.train, length), options.samples),
            batches(text_samples(data.text.test, length), options.tests)};
  }
  const PixelStatistics statistics = measure_pixels(data.train, limited(options.samples, data.train.size()));
  return {batches(image_samples(data.train, statistics), options.samples),
          batches(image_samples(data.test, statistics), options.tests)};
}

/// Of all that decides a run's bits.
std::string fingerprint(const Network& network, const Recipe& recipe, const Dataset& data, const TrainingOptions& o) {
  std::string all = fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}", network.hash, recipe.hash,
                                data_hash(data), o.epochs, o.batch, o.seed, o.samples, o.tests,
                                o.rate, o.momentum, o.decay, o.loss_scale, static_cast<int>(o.emulation), o.variant.chunk_length,
                                o.variant.grad_scale, o.variant.two_grids, o.variant.radix2, o.variant.nearest);
  if (o.variant.tree_width != 0) all += fmt::format(" {}", o.variant.tree_width);
  if (o.steps != 0) all += fmt::format(" {} steps", o.steps);
  return content_hash(all);
}

}  // namespace

class Trainer::State {
 public:
  State(const Network& network, const Recipe& recipe, const Dataset& data, const TrainingOptions& options,
        std::filesystem::path folder)
      : recipe_{recipe},
        options_{options},
        sets_{sets_of(network, data, options)},
        network_{network, recipe, options.emulation, options.seed, options.variant},
        folder_{std::move(folder)},
        fingerprint_{fingerprint(network, recipe, data, options)} {
    if (options.variant.nearest) recipe_.stochastic_rounding = false;
    for (const NamedTensor& p : network_.parameters()) velocity_.push_back({p.name, torch::zeros_like(p.tensor)});
    if (train_.samples() < options.batch || test_.samples() == 0) {
      throw InputError{"TRAIN-BATCH", fmt::format("a batch of {} from {} samples, {} to test", options.batch,
                                                  train_.samples(), test_.samples()),
                       "give a --batch of at most the samples"};
    }
    if (!folder_.empty()) results_ = load_checkpoint(folder_, fingerprint_, all_state(), network_);
  }

  std::vector<EpochResult> run(const OnStep& on_step, const OnEpoch& on_epoch, std::uint64_t until) {
    const std::uint64_t last = until == 0 ? epochs() : std::min(until, epochs());
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

  [[nodiscard]] std::vector<LayerMeasure> measure() {
    train_.in_order();
    const Batch batch = train_.at(0);
    return network_.measure(batch.inputs, batch.labels, options_.loss_scale);
  }

  [[nodiscard]] const Network& network() const { return network_.network(); }
  [[nodiscard]] std::uint64_t steps_per_epoch() const { return train_.samples() / options_.batch; }

 private:
  [[nodiscard]] std::uint64_t steps() const { return options_.steps == 0 ? options_.epochs * train_.count() : options_.steps; }
  [[nodiscard]] std::uint64_t epochs() const { return (steps() + train_.count() - 1) / train_.count(); }

  [[nodiscard]] std::vector<NamedTensor> all_state() const {
    std::vector<NamedTensor> all = network_.parameters();
    all.insert(all.end(), network_.buffers().begin(), network_.buffers().end());
    for (const NamedTensor& v : velocity_) all.push_back({v.name + ".velocity", v.tensor});
    return all;
  }

  EpochResult run_epoch(std::uint64_t epoch, const OnStep& on_step) {
    const auto start = std::chrono::steady_clock::now();
    train_.shuffle(options_.seed, epoch);
    const std::uint64_t first = (epoch - 1) * train_.count(), count = std::min<std::uint64_t>(train_.count(), steps() - first);
    StepProgress progress{epoch, epochs(), 0, count, 0, 0};
    double loss = 0, correct = 0, seen = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const Batch batch = train_.at(i);
      const auto [batch_loss, batch_correct] = step(batch, first + i);
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
    const Tensor logits = network_.forward(batch.inputs, true);
    const Tensor loss = loss_of(logits, batch.labels);
    (loss * options_.loss_scale).backward();
    update(number);
    return {loss.item<double>(), correct_in(logits, batch.labels)};
  }

  void update(std::uint64_t number) {
    const torch::NoGradGuard guard;
    const double cosine = std::cos(std::numbers::pi * static_cast<double>(number) / static_cast<double>(steps()));
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
      correct += correct_in(network_.forward(batch.inputs, false), batch.labels);
      seen += static_cast<double>(batch.labels.numel());
    }
    return correct / seen;
  }

  Recipe recipe_;
  TrainingOptions options_;
  Sets sets_;
  Batches &train_ = sets_.train, &test_ = sets_.test;
  TrainableNetwork network_;
  std::vector<NamedTensor> velocity_;
  std::filesystem::path folder_;
  std::string fingerprint_;
  std::vector<EpochResult> results_;
};

Trainer::Trainer(const Network& network, const Recipe& recipe, const Dataset& data, const TrainingOptions& options,
                 std::filesystem::path folder) {
  require_fit(network, data);
  settle_process();
  state_ = std::make_unique<State>(network, recipe, data, options, std::move(folder));
}

Trainer::~Trainer() = default;

std::vector<EpochResult> Trainer::run(const OnStep& on_step, const OnEpoch& on_epoch, std::uint64_t until) {
  return state_->run(on_step, on_epoch, until);
}

std::string Trainer::state_hash() const { return state_->hash(); }

std::uint64_t Trainer::steps_per_epoch() const { return state_->steps_per_epoch(); }

std::vector<LayerMeasure> Trainer::measure() { return state_->measure(); }

Network Trainer::measured_network(const std::vector<LayerMeasure>& measures) const {
  Network network = state_->network();
  const auto as_written = [](double share) { return std::round(share * 1e4) / 1e4; };
  for (std::size_t i = 0; i < measures.size(); ++i) {
    network.layers[i].activation_zeros = as_written(measures[i].activation.zeros);
    if (network.layers[i].kind != LayerKind::input) network.layers[i].gradient_zeros = as_written(measures[i].gradient.zeros);
  }
  return network;
}

std::string Trainer::measured_trace(const std::vector<LayerMeasure>& measures) const {
  return trace_text(state_->network(), measures);
}

}  // namespace nibble::training
