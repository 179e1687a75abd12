#pragma once

#include <torch/types.h>

#include <memory>
#include <vector>

#include "workloads/trace/network.hpp"
#include "workloads/training/layer_arithmetic.hpp"

namespace nibble::training {

/// A tensor of the network's state under its name: "conv1.weight".
struct NamedTensor {
  std::string name;
  torch::Tensor tensor;
};

/// Measured shares of zeros in a layer's output and in the gradient of it.
struct LayerZeros {
  double activation = 0, gradient = 0;
};

/// A layer trace brought to life: the file that the simulator reads is the network that is trained.
///
/// Convolutions and linear layers multiply as the recipe has it; everything between them is FP32.
class TrainableNetwork {
 public:
  /// InputError [TRAIN-LAYER] for kinds of layers that are not trained here, [TRAIN-RECIPE] for inference recipes.
  TrainableNetwork(const Network& network, const Recipe& recipe, Emulation emulation, std::uint64_t seed,
                   const ArithmeticVariant& variant = {});

  /// Logits of a batch [n, c, h, w]. `learning`: batch statistics, and gradients can be had.
  [[nodiscard]] torch::Tensor forward(const torch::Tensor& images, bool learning);
  void begin_step(std::uint64_t step);

  [[nodiscard]] const std::vector<NamedTensor>& parameters() const { return parameters_; }
  /// Running statistics of batch norms.
  [[nodiscard]] const std::vector<NamedTensor>& buffers() const { return buffers_; }
  /// GradScale's exponents, layer by layer.
  [[nodiscard]] std::vector<std::int64_t> grad_scales() const;
  void set_grad_scales(const std::vector<std::int64_t>& exponents);

  /// Shares of zeros of every layer over one batch, backward pass included; gradients are left as they come.
  [[nodiscard]] std::vector<LayerZeros> measure_zeros(const torch::Tensor& images, const torch::Tensor& labels);
  [[nodiscard]] const Network& network() const { return network_; }

 private:
  struct Part {  ///< what a layer has of its own
    std::unique_ptr<LayerArithmetic> arithmetic;
    torch::Tensor weight, bias, clip, mean, variance;
  };

  void make_part(LayerIndex index, const Precision& precision, Emulation emulation, std::uint64_t seed,
                 const ArithmeticVariant& variant);
  torch::Tensor parameter(const Layer& layer, const char* what, torch::Tensor value);
  [[nodiscard]] torch::Tensor run(LayerIndex index, const std::vector<torch::Tensor>& outputs, bool learning);
  [[nodiscard]] torch::Tensor multiply(LayerIndex index, const torch::Tensor& input);
  [[nodiscard]] std::vector<torch::Tensor> run_all(const torch::Tensor& images, bool learning);

  Network network_;
  std::vector<Part> parts_;
  std::vector<NamedTensor> parameters_, buffers_;
};

/// Mean cross entropy of the labels [...] under the logits [..., classes].
[[nodiscard]] torch::Tensor loss_of(const torch::Tensor& logits, const torch::Tensor& labels);

}  // namespace nibble::training
