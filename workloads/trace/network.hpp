#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/base/units.hpp"

namespace nibble {

enum class LayerKind : std::uint8_t {
  input, conv2d, linear, matmul,
  lstm,       ///< one layer, one direction, over a sequence
  batch_norm, layer_norm,
  rms_norm,   ///< each row divided by the root of its mean square; with a scale an element of the row
  l2_norm,    ///< each pixel's channels divided by their length; with a scale a channel
  relu, relu6, leaky_relu, gelu, sigmoid, tanh, silu,
  max_pool, avg_pool, global_avg_pool,
  upsample,   ///< every pixel repeated, a whole number of times in each direction
  add, multiply, softmax, scale,
  embedding, dropout, concat,
  cache,      ///< inference: earlier positions, which memory keeps, and the input as the newest
  reshape,    ///< flatten, transpose, slice, view: no arithmetic
  loss,       ///< softmax and cross entropy over the last dimension
  multibox_loss,  ///< SSD's: boxes and their classes against the objects of an image
  yolo_loss,      ///< YOLOv3's: one feature map for each scale
};

using LayerIndex = std::uint32_t;
using Shape = std::vector<std::uint64_t>;  ///< of one sample: the batch dimension is left out

/// A window over an image: convolutions and pools. Order: height, width.
struct Window {
  std::uint64_t kernel[2] = {1, 1};
  std::uint64_t stride[2] = {1, 1};
  std::uint64_t padding[2] = {0, 0};    ///< top and left
  std::uint64_t dilation[2] = {1, 1};
  std::int64_t far_padding[2] = {0, 0};  ///< bottom and right: how much more than top and left
  bool ceil = false;  ///< pools: the output's extent is rounded up, not down
};

/// One layer of a captured network. Shapes are of one sample.
struct Layer {
  std::string name;                  ///< unique, as in the model: "layer1.0.conv1"
  LayerKind kind = LayerKind::input;
  std::vector<LayerIndex> inputs;    ///< producers, always earlier in the list
  Shape output;                      ///< conv2d: [channels, height, width]; linear: [..., features]
  Window window;                     ///< conv2d and pools
  std::uint64_t groups = 1;          ///< conv2d
  bool bias = false;                 ///< conv2d, linear, lstm
  bool reverse = false;              ///< lstm: runs from the last step to the first
  bool transpose_b = false;          ///< matmul: C = A * B^T
  double slope = 0.01;               ///< leaky_relu: of what is negative
  std::uint64_t anchors = 3;         ///< yolo_loss: boxes that each pixel predicts
  std::uint64_t objects = 0;         ///< multibox_loss, yolo_loss: true boxes in an image
  bool slice = false;                ///< reshape: takes a part of its input
  std::string constant;              ///< input: what it holds if it is no sample: "positions", "causal_mask"; else empty
  std::optional<double> factor;      ///< scale: what it multiplies by, where the trace says so
  std::uint64_t parameters = 0;      ///< trainable, bias included
  std::string shares_weights_with;   ///< tied weights: that layer's name; parameters: only its own
  std::optional<double> activation_zeros;  ///< measured share of zeros in this layer's output, 0..1
  std::optional<double> gradient_zeros;    ///< measured share of zeros in the gradient of its output
};

/// A captured network: layers in an order in which they can run.
struct Network {
  std::string name;
  std::string description;
  std::string origin;                ///< what was captured, by what
  std::vector<Layer> layers;
  std::string file;
  std::string hash;

  [[nodiscard]] Elements parameters() const;
  /// Multiply-accumulates of one sample's forward pass (conv2d, linear, matmul, lstm), padding counted.
  [[nodiscard]] Macs macs_per_sample() const;
};

/// Multiply-accumulates of one layer's forward pass for one sample; 0 for all but conv2d, linear, matmul, lstm.
[[nodiscard]] Macs layer_macs(const Network& network, LayerIndex layer);

/// Reads a trace (schema: workloads/README.md), checks shapes and dependencies; InputError with every problem.
[[nodiscard]] Network load_network(const std::string& name_or_path);

[[nodiscard]] std::string to_string(LayerKind kind);
[[nodiscard]] bool is_loss(LayerKind kind);
[[nodiscard]] Elements element_count(const Shape& shape);

}  // namespace nibble
