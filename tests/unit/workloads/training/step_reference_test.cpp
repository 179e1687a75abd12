// Proves: one whole training step of a tiny network (forward, dgrad, wgrad, update) is that of plain loops, bit for bit, in
// 4 bits and in hybrid FP8: every product gathered index by index and summed in the machine's order, one rounding after the
// other by the scalar codec. Shared with the library: the quantisers, and libtorch's softmax.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <torch/torch.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "models/base/hash.hpp"
#include "models/formats/random.hpp"
#include "models/gemm/machine.hpp"
#include "workloads/lowering/precision.hpp"
#include "workloads/training/batches.hpp"
#include "workloads/training/trainable_network.hpp"
#include "workloads/training/trainer.hpp"

namespace nibble::training {
namespace {

using torch::Tensor;
using Values = std::vector<float>;

constexpr const char* kNetwork = R"(schema: nibble/network/1
name: tiny
layers:
  - {name: image, kind: input, output: [1, 5, 5]}
  - {name: conv1, kind: conv2d, inputs: [image], output: [3, 5, 5], kernel: [3, 3], padding: [1, 1], parameters: 27}
  - {name: relu1, kind: relu, inputs: [conv1], output: [3, 5, 5]}
  - {name: conv2, kind: conv2d, inputs: [relu1], output: [4, 3, 3], kernel: [3, 3], stride: [2, 2], padding: [1, 1], parameters: 108}
  - {name: relu2, kind: relu, inputs: [conv2], output: [4, 3, 3]}
  - {name: flat, kind: reshape, inputs: [relu2], output: [36]}
  - {name: hidden, kind: linear, inputs: [flat], output: [6], parameters: 216}
  - {name: relu3, kind: relu, inputs: [hidden], output: [6]}
  - {name: head, kind: linear, inputs: [relu3], output: [3], parameters: 18}
  - {name: loss, kind: loss, inputs: [head], output: [3]}
)";

struct Extent {
  std::size_t channels, height, width;
};

/// A layer that multiplies: its geometry, precision and state. A linear layer is a 1 x 1 convolution of 1 x 1 images.
struct PlainLayer {
  Extent in, out;
  std::size_t kernel, stride, padding;
  Precision precision;
  bool signed_input;
  Values weight;
  float clip = 0;
  Quantised x = {}, w = {};
  Values input = {}, weight_gradient = {};
  double clip_gradient = 0;
  int exponent = LayerArithmetic::kUnset;  ///< GradScale's
};

/// Sums products as the array of `pass` does, and rounds the sum into the output's format.
class Summer {
 public:
  Summer(const Precision& precision, GemmPass pass, double scale)
      : arithmetic_{default_machine_arithmetic(formats_of(precision, pass))}, scale_{static_cast<float>(scale)} {}

  void add(float a, float b) { products_.push_back(double{a} * b); }

  [[nodiscard]] float take() {
    double total = 0, chunk = 0;
    std::size_t in_chunk = 0;
    for (std::size_t k = 0; k < products_.size();) {
      double tree = 0;
      for (std::size_t i = 0; i < arithmetic_.tree_width && k < products_.size() && in_chunk < arithmetic_.chunk_length; ++i, ++in_chunk) {
        tree += products_[k++];
      }
      chunk = rounded(arithmetic_.accumulator, chunk + tree);
      if (in_chunk < arithmetic_.chunk_length && k < products_.size()) continue;
      total = rounded(arithmetic_.chunk_accumulator, total + chunk);
      chunk = 0;
      in_chunk = 0;
    }
    products_.clear();
    return static_cast<float>(rounded(arithmetic_.output, total * scale_));
  }

 private:
  static double rounded(const NumberFormat& format, double value) { return round_to(format, format.conversion, value) + 0.0; }

  GemmArithmetic arithmetic_;
  float scale_;
  std::vector<double> products_;
};

class PlainStep {
 public:
  PlainStep(std::vector<PlainLayer> layers, std::size_t samples) : layers_{std::move(layers)}, samples_{samples} {}

  /// Logits of images [n, 1, 5, 5].
  [[nodiscard]] Values forward(Values x) {
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      x = multiply(layers_[l], x);
      if (l + 1 < layers_.size()) std::replace_if(x.begin(), x.end(), [](float v) { return v < 0; }, 0.0F);
    }
    return x;
  }

  void backward(Values gradient) {
    for (std::size_t l = layers_.size(); l-- > 0;) {
      gradient = pass_back(layers_[l], gradient, l > 0);
      if (l == 0) return;
      for (std::size_t i = 0; i < gradient.size(); ++i) {
        if (layers_[l].input[i] <= 0) gradient[i] = 0;  // relu's output is the layer's input
      }
    }
  }

  [[nodiscard]] std::vector<PlainLayer>& layers() { return layers_; }

 private:
  static bool clips(const PlainLayer& l) { return l.precision.activation_quantiser == ActivationQuantiser::pact; }
  static PactOptions pact(const PlainLayer& l) { return {4, l.clip, l.signed_input}; }

  static Quantised quantised(const PlainLayer& l, GemmPass pass, OperandRole role, const Values& values) {
    QuantiserState state;
    state.pact = pact(l);
    return quantise_tensor(l.precision, pass, role, values, state);
  }

  /// Calls visit(input index, weight index) for every tap of output (n, y, x) of map `o`, in the order in which forward sums;
  /// input index -1: padding.
  template <class Visit>
  void each_tap(const PlainLayer& l, std::size_t n, std::size_t o, std::size_t y, std::size_t x, Visit visit) const {
    for (std::size_t i = 0; i < l.in.channels; ++i)
      for (std::size_t a = 0; a < l.kernel; ++a)
        for (std::size_t b = 0; b < l.kernel; ++b) {
          const auto row = static_cast<std::ptrdiff_t>(y * l.stride + a) - static_cast<std::ptrdiff_t>(l.padding);
          const auto column = static_cast<std::ptrdiff_t>(x * l.stride + b) - static_cast<std::ptrdiff_t>(l.padding);
          const bool inside = row >= 0 && row < static_cast<std::ptrdiff_t>(l.in.height) && column >= 0 &&
                              column < static_cast<std::ptrdiff_t>(l.in.width);
          const auto plane = static_cast<std::ptrdiff_t>((n * l.in.channels + i) * l.in.height);
          visit(inside ? (plane + row) * static_cast<std::ptrdiff_t>(l.in.width) + column : -1,
                ((o * l.in.channels + i) * l.kernel + a) * l.kernel + b);
        }
  }

  /// Calls visit(n, o, y, x, index) for every output.
  template <class Visit>
  void each_output(const PlainLayer& l, Visit visit) const {
    for (std::size_t n = 0, index = 0; n < samples_; ++n)
      for (std::size_t o = 0; o < l.out.channels; ++o)
        for (std::size_t y = 0; y < l.out.height; ++y)
          for (std::size_t x = 0; x < l.out.width; ++x) visit(n, o, y, x, index++);
  }

  Values multiply(PlainLayer& l, const Values& input) {
    l.input = input;
    if (clips(l)) l.clip = static_cast<float>(first_clip(input, 4, l.signed_input));
    l.x = quantised(l, GemmPass::fwd, OperandRole::activations, input);
    l.w = quantised(l, GemmPass::fwd, OperandRole::weights, l.weight);
    Summer sum{l.precision, GemmPass::fwd, l.x.scale * l.w.scale};
    Values y(samples_ * l.out.channels * l.out.height * l.out.width);
    each_output(l, [&](std::size_t n, std::size_t o, std::size_t row, std::size_t column, std::size_t index) {
      each_tap(l, n, o, row, column, [&](std::ptrdiff_t from, std::size_t tap) {
        sum.add(from < 0 ? 0.0F : l.x.values[static_cast<std::size_t>(from)], l.w.values[tap]);
      });
      y[index] = sum.take();
    });
    return y;
  }

  Values pass_back(PlainLayer& l, const Values& gradient, bool wanted) {
    Quantised for_dgrad, for_wgrad;
    if (l.precision.gradient_quantiser == GradientQuantiser::two_phase) {
      GradScale scale;
      scale.settle(std::fabs(*std::max_element(gradient.begin(), gradient.end(), [](float a, float b) { return std::fabs(a) < std::fabs(b); })));
      l.exponent = scale.exponent();
      TwoPhaseGradients both = two_phase_quantise(gradient, scale);
      for_dgrad = both.dgrad;
      for_wgrad = both.wgrad;
    } else {
      for_dgrad = quantised(l, GemmPass::dgrad, OperandRole::gradients, gradient);
      for_wgrad = quantised(l, GemmPass::wgrad, OperandRole::gradients, gradient);
    }
    weigh(l, for_wgrad, quantised(l, GemmPass::wgrad, OperandRole::activations, l.input));
    if (!wanted) return {};
    Values result = spread_back(l, for_dgrad, quantised(l, GemmPass::dgrad, OperandRole::weights, l.weight));
    if (!clips(l)) return result;
    for (std::size_t i = 0; i < result.size(); ++i) {  // PACT: what is clipped moves the clip instead
      if (l.input[i] >= l.clip) l.clip_gradient += result[i];
      if (l.input[i] < 0 || l.input[i] > l.clip) result[i] = 0;
    }
    return result;
  }

  /// wgrad: for every tap, the sum over samples and pixels.
  void weigh(PlainLayer& l, const Quantised& g, const Quantised& x) const {
    std::vector<Summer> sums(l.weight.size(), Summer{l.precision, GemmPass::wgrad, x.scale * g.scale});
    each_output(l, [&](std::size_t n, std::size_t o, std::size_t row, std::size_t column, std::size_t index) {
      each_tap(l, n, o, row, column, [&](std::ptrdiff_t from, std::size_t tap) {
        sums[tap].add(from < 0 ? 0.0F : x.values[static_cast<std::size_t>(from)], g.values[index]);
      });
    });
    l.weight_gradient.clear();
    for (Summer& sum : sums) l.weight_gradient.push_back(sum.take());
  }

  /// dgrad: for every input, the sum over maps and taps; where no output lies at the tap, a product with zero.
  Values spread_back(const PlainLayer& l, const Quantised& g, const Quantised& w) const {
    Summer sum{l.precision, GemmPass::dgrad, g.scale * w.scale};
    Values result;
    for (std::size_t n = 0; n < samples_; ++n)
      for (std::size_t i = 0; i < l.in.channels; ++i)
        for (std::size_t y = 0; y < l.in.height; ++y)
          for (std::size_t x = 0; x < l.in.width; ++x) {
            for (std::size_t o = 0; o < l.out.channels; ++o)
              for (std::size_t a = l.kernel; a-- > 0;)
                for (std::size_t b = l.kernel; b-- > 0;) {
                  // Output row r reads input row r * stride + a - padding.
                  const std::size_t r = y + l.padding - a, c = x + l.padding - b;  // wraps around below zero
                  const bool there = r % l.stride == 0 && c % l.stride == 0 && r / l.stride < l.out.height && c / l.stride < l.out.width &&
                                     y + l.padding >= a && x + l.padding >= b;
                  const std::size_t at = ((n * l.out.channels + o) * l.out.height + r / l.stride) * l.out.width + c / l.stride;
                  sum.add(there ? g.values[at] : 0.0F, w.values[((o * l.in.channels + i) * l.kernel + a) * l.kernel + b]);
                }
            result.push_back(sum.take());
          }
    return result;
  }

  std::vector<PlainLayer> layers_;
  std::size_t samples_;
};

/// Rounds in place as the recipe's state is kept.
void keep(Values& values, const std::string& name, bool stochastic, std::uint64_t seed, std::uint64_t tensor) {
  const NumberFormat format = number_format(name);
  Conversion conversion = format.conversion;
  if (stochastic) conversion.rounding = Rounding::stochastic;
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(round_to(format, conversion, values[i], RandomBits{seed, tensor}.at(i)));
  }
}

ImageSet noise(std::size_t images) {
  ImageSet set{1, 5, 5, {}, {}};
  const RandomBits random{3, 0};
  for (std::size_t i = 0; i < images; ++i) {
    set.labels.push_back(static_cast<std::uint8_t>(random.at(i) % 3));
    for (std::size_t p = 0; p < 25; ++p) set.pixels.push_back(static_cast<std::uint8_t>(random.at(1000 + i * 25 + p)));
  }
  return set;
}

Values vector_of(const Tensor& tensor) {
  const Tensor plain = tensor.detach().contiguous();
  return {plain.data_ptr<float>(), plain.data_ptr<float>() + plain.numel()};
}

/// Gradient of the scaled loss in the logits, as libtorch has it.
Values loss_gradient(const Values& logits, const Batch& batch, double loss_scale) {
  Tensor tensor = torch::tensor(logits).view({batch.labels.size(0), -1}).requires_grad_(true);
  (loss_of(tensor, batch.labels) * loss_scale).backward();
  return vector_of(tensor.grad());
}

std::string bytes_of(const std::vector<Values>& tensors) {
  std::string bytes;
  for (const Values& v : tensors) bytes.append(reinterpret_cast<const char*>(v.data()), v.size() * sizeof(float));
  return bytes;
}

std::string exponents_of(PlainStep& step) {
  std::string text;
  for (const PlainLayer& l : step.layers()) text += fmt::format(" {}", l.exponent);
  return text;
}

class Steps : public testing::TestWithParam<const char*> {
 protected:
  Steps() {
    const std::filesystem::path path = std::filesystem::temp_directory_path() / fmt::format("nibble-step-{}.yaml", getpid());
    std::ofstream{path} << kNetwork;
    network_ = load_network(path.string());
    std::filesystem::remove(path);
    options_.epochs = 1;
    options_.batch = 16;
    options_.seed = 9;
  }

  [[nodiscard]] PlainStep plain(const TrainableNetwork& start) const {
    const lowering::LayerPrecision precision{network_, recipe_};
    const auto weight = [&](const std::string& name) {
      for (const NamedTensor& p : start.parameters()) {
        if (p.name == name) return vector_of(p.tensor);
      }
      throw std::out_of_range{name};
    };
    return {{{{1, 5, 5}, {3, 5, 5}, 3, 1, 1, precision.of(1), true, weight("conv1.weight")},
             {{3, 5, 5}, {4, 3, 3}, 3, 2, 1, precision.of(3), false, weight("conv2.weight")},
             {{36, 1, 1}, {6, 1, 1}, 1, 1, 0, precision.of(6), false, weight("hidden.weight")},
             {{6, 1, 1}, {3, 1, 1}, 1, 1, 0, precision.of(8), false, weight("head.weight")}},
            options_.batch};
  }

  /// Momentum's first step from a velocity of zero; number 0 of the training.
  void update(Values& weight, Values& velocity, std::size_t which) const {
    const auto decay = static_cast<float>(options_.decay), rate = static_cast<float>(options_.rate);
    const std::uint64_t tensor = 2 * which;
    for (std::size_t i = 0; i < weight.size(); ++i) velocity[i] = velocity[i] / static_cast<float>(options_.loss_scale) + decay * weight[i];
    if (recipe_.optimizer_state != "fp32") keep(velocity, recipe_.optimizer_state, recipe_.stochastic_rounding, options_.seed, tensor);
    for (std::size_t i = 0; i < weight.size(); ++i) weight[i] -= rate * velocity[i];
    if (recipe_.master_weights != "fp32") keep(weight, recipe_.master_weights, recipe_.stochastic_rounding, options_.seed, tensor + 1);
  }

  Network network_;
  Recipe recipe_ = load_recipe(GetParam());
  TrainingOptions options_;
};

TEST_P(Steps, AreThoseOfPlainLoopsBitForBit) {
  const Dataset data{"noise", noise(16), noise(16)};
  const TrainableNetwork start{network_, recipe_, Emulation::exact, options_.seed};
  PlainStep step = plain(start);
  Batches batches{image_samples(data.train, measure_pixels(data.train, 16)), 16, 16};
  batches.shuffle(options_.seed, 1);
  const Batch batch = batches.at(0);
  const Values logits = step.forward(vector_of(batch.inputs));
  EXPECT_GT(std::count_if(logits.begin(), logits.end(), [](float v) { return v != 0; }), 40);
  step.backward(loss_gradient(logits, batch, options_.loss_scale));

  std::vector<Values> weights, velocities;
  for (PlainLayer& l : step.layers()) {
    EXPECT_THAT(l.weight_gradient, testing::Contains(testing::Ne(0.0F)));
    weights.push_back(l.weight);
    velocities.push_back(l.weight_gradient);
    if (l.clip == 0) continue;
    weights.push_back({l.clip});
    velocities.push_back({static_cast<float>(l.clip_gradient)});
  }
  TrainableNetwork ours{network_, recipe_, Emulation::exact, options_.seed};
  ours.begin_step(0);
  (loss_of(ours.forward(batch.inputs, true), batch.labels) * options_.loss_scale).backward();
  ASSERT_EQ(ours.parameters().size(), weights.size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    EXPECT_EQ(vector_of(ours.parameters()[i].tensor.grad()), velocities[i]) << ours.parameters()[i].name;
  }

  for (std::size_t i = 0; i < weights.size(); ++i) update(weights[i], velocities[i], i);
  Trainer trainer{network_, recipe_, data, options_};
  static_cast<void>(trainer.run());
  EXPECT_EQ(trainer.state_hash(), content_hash(bytes_of(weights) + bytes_of(velocities) + exponents_of(step)));
}

INSTANTIATE_TEST_SUITE_P(Recipes, Steps, testing::Values("fp4", "hfp8", "fp8", "fp16"));

}  // namespace
}  // namespace nibble::training
