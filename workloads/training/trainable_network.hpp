#pragma once

#include <torch/types.h>

#include <memory>
#include <vector>

#include "workloads/trace/network.hpp"
#include "workloads/training/layer_arithmetic.hpp"
#include "workloads/training/layer_measure.hpp"
#include "workloads/training/lstm.hpp"

namespace nibble::training {

/// A tensor of the network's state under its name: "conv1.weight".
struct NamedTensor {
  std::string name;
  torch::Tensor tensor;
};

/// A layer trace brought to life: the file that the simulator reads is the network that is trained.
///
/// Convolutions, linear layers, products of activations and LSTMs multiply as the recipe has it; the rest is FP32.
class TrainableNetwork {
 public:
  /// InputError [TRAIN-LAYER] for kinds of layers that are not trained here, [TRAIN-RECIPE] for inference recipes.
  TrainableNetwork(const Network& network, const Recipe& recipe, Emulation emulation, std::uint64_t seed,
                   const ArithmeticVariant& variant = {});

  /// Logits of a batch, images [n, c, h, w] or tokens [n, length]. `learning`: batch statistics, and gradients can be had.
  [[nodiscard]] torch::Tensor forward(const torch::Tensor& samples, bool learning);
  void begin_step(std::uint64_t step);

  [[nodiscard]] const std::vector<NamedTensor>& parameters() const { return parameters_; }
  /// Running statistics of batch norms.
  [[nodiscard]] const std::vector<NamedTensor>& buffers() const { return buffers_; }
  /// GradScale's exponents, layer by layer.
  [[nodiscard]] std::vector<std::int64_t> grad_scales() const;
  void set_grad_scales(const std::vector<std::int64_t>& exponents);

  /// Zeros and exponents of every layer over one batch, backward pass included, which the loss enters times `loss_scale`.
  [[nodiscard]] std::vector<LayerMeasure> measure(const torch::Tensor& samples, const torch::Tensor& labels,
                                                  double loss_scale);
  [[nodiscard]] const Network& network() const { return network_; }

 private:
  struct Part {  ///< what a layer has of its own
    std::unique_ptr<LayerArithmetic> arithmetic;
    torch::Tensor weight, bias, clip, second_clip, mean, variance;
    LstmPart lstm;
  };
  struct Making {  ///< what parts are made with
    const Precision& precision;
    Emulation emulation;
    std::uint64_t seed;
    const ArithmeticVariant& variant;
  };

  void make_part(LayerIndex index, const Making& making);
  void make_weights(const Layer& layer, Part& part);
  void make_lstm(LayerIndex index, LstmPart& part, const Making& making);
  [[nodiscard]] std::unique_ptr<LayerArithmetic> arithmetic(std::uint64_t stream, const Making& making) const;
  torch::Tensor parameter(const Layer& layer, const char* what, torch::Tensor value);
  torch::Tensor clip(const Layer& layer, const char* what, const LayerArithmetic& arithmetic, float first);
  [[nodiscard]] torch::Tensor run(LayerIndex index, const std::vector<torch::Tensor>& outputs, bool learning);
  [[nodiscard]] torch::Tensor multiply(LayerIndex index, const torch::Tensor& input);
  [[nodiscard]] torch::Tensor multiply_activations(LayerIndex index, const torch::Tensor& a, const torch::Tensor& b);
  [[nodiscard]] torch::Tensor recur(LayerIndex index, const torch::Tensor& sequence);
  [[nodiscard]] std::vector<torch::Tensor> run_all(const torch::Tensor& samples, bool learning);
  /// Layer by layer.
  [[nodiscard]] std::vector<LayerArithmetic*> all_arithmetic() const;

  Network network_;
  std::vector<bool> sign_;  ///< which outputs may be below zero
  std::vector<Part> parts_;
  std::vector<NamedTensor> parameters_, buffers_;
};

/// Mean cross entropy of the labels [...] under the logits [..., classes].
[[nodiscard]] torch::Tensor loss_of(const torch::Tensor& logits, const torch::Tensor& labels);

}  // namespace nibble::training
