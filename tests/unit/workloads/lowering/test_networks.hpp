#pragma once

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "workloads/lowering/step.hpp"

namespace nibble::testing {

/// Small networks by hand: each call adds a layer that reads the layers given and returns its index.
class NetworkMaker {
 public:
  LayerIndex add(LayerKind kind, std::vector<LayerIndex> inputs, Shape output, std::uint64_t parameters = 0) {
    Layer layer;
    layer.name = to_string(kind) + "_" + std::to_string(network_.layers.size());
    layer.kind = kind;
    layer.inputs = std::move(inputs);
    layer.output = std::move(output);
    layer.parameters = parameters;
    network_.layers.push_back(std::move(layer));
    return static_cast<LayerIndex>(network_.layers.size() - 1);
  }
  LayerIndex input(Shape shape) { return add(LayerKind::input, {}, std::move(shape)); }
  LayerIndex like(LayerKind kind, LayerIndex x) { return add(kind, {x}, shape(x)); }
  LayerIndex both(LayerKind kind, LayerIndex a, LayerIndex b) { return add(kind, {a, b}, shape(a)); }
  LayerIndex windowed(LayerKind kind, LayerIndex x, std::uint64_t channels, Window w) {
    const Shape in = shape(x);
    Shape out{channels, 0, 0};
    for (std::size_t d = 0; d < 2; ++d) {
      out[d + 1] = (in[d + 1] + 2 * w.padding[d] - w.dilation[d] * (w.kernel[d] - 1) - 1) / w.stride[d] + 1;
    }
    const LayerIndex id = add(kind, {x}, out);
    at(id).window = w;
    return id;
  }
  LayerIndex conv(LayerIndex x, std::uint64_t channels, Window w, std::uint64_t groups = 1,
                  bool bias = false) {
    const LayerIndex id = windowed(LayerKind::conv2d, x, channels, w);
    at(id).groups = groups;
    at(id).bias = bias;
    at(id).parameters = channels * (shape(x)[0] / groups) * w.kernel[0] * w.kernel[1] + (bias ? channels : 0);
    return id;
  }
  LayerIndex linear(LayerIndex x, std::uint64_t features, bool bias = true) {
    Shape out = shape(x);
    const std::uint64_t in = out.back();
    out.back() = features;
    const LayerIndex id = add(LayerKind::linear, {x}, out, features * in + (bias ? features : 0));
    at(id).bias = bias;
    return id;
  }
  /// `biases`: numbers a gate, 0 to 2.
  LayerIndex lstm(LayerIndex x, std::uint64_t units, std::uint64_t biases = 1) {
    const Shape in = shape(x);
    const LayerIndex id =
        add(LayerKind::lstm, {x}, {in[0], units}, 4 * units * (in[1] + units + biases));
    at(id).bias = biases > 0;
    return id;
  }
  LayerIndex batch_norm(LayerIndex x) { return add(LayerKind::batch_norm, {x}, shape(x), 2 * shape(x)[0]); }
  LayerIndex layer_norm(LayerIndex x) {
    return add(LayerKind::layer_norm, {x}, shape(x), 2 * shape(x).back());
  }
  LayerIndex reshape(LayerIndex x, Shape out) { return add(LayerKind::reshape, {x}, std::move(out)); }
  LayerIndex slice(LayerIndex x, Shape out) {
    const LayerIndex id = reshape(x, std::move(out));
    at(id).slice = true;
    return id;
  }
  LayerIndex flatten(LayerIndex x) { return reshape(x, {element_count(shape(x)).value()}); }
  LayerIndex loss(LayerIndex x) { return like(LayerKind::loss, x); }

  Layer& at(LayerIndex id) { return network_.layers[id]; }
  Shape shape(LayerIndex id) const { return network_.layers[id].output; }
  Network take() { return std::move(network_); }

 private:
  Network network_;
};

inline Window square(std::uint64_t kernel, std::uint64_t stride = 1, std::uint64_t padding = 0,
                     std::uint64_t dilation = 1) {
  return {{kernel, kernel}, {stride, stride}, {padding, padding}, {dilation, dilation}};
}

/// A recipe with one format for activations and weights, one for gradients, `wide` for all else.
inline Recipe recipe_of(const std::string& narrow, const std::string& gradient, const std::string& wide) {
  Recipe recipe;
  recipe.name = narrow;
  recipe.precision.fwd = {narrow, narrow, wide};
  recipe.precision.dgrad = {gradient, narrow, wide};
  recipe.precision.wgrad = {narrow, gradient, wide};
  recipe.vector = recipe.saved = recipe.gradient_exchange = wide;
  recipe.master_weights = recipe.optimizer_state = "fp32";
  return recipe;
}
inline Recipe fp32_recipe() { return recipe_of("fp32", "fp32", "fp32"); }
inline Recipe fp16_recipe() { return recipe_of("fp16", "fp16", "fp16"); }
inline Recipe hfp8_recipe() {
  Recipe recipe = recipe_of("fp8-143", "fp8-152", "fp16");
  recipe.precision.weight_quantiser = WeightQuantiser::cast;
  recipe.precision.activation_quantiser = ActivationQuantiser::cast;
  recipe.precision.gradient_quantiser = GradientQuantiser::cast;
  return recipe;
}
inline Recipe fp4_recipe() {
  Recipe recipe = recipe_of("int4", "fp4-radix4", "fp16");
  recipe.precision.weight_quantiser = WeightQuantiser::sawb;
  recipe.precision.activation_quantiser = ActivationQuantiser::pact;
  recipe.precision.gradient_quantiser = GradientQuantiser::two_phase;
  return recipe;
}

/// A random convolutional network of a dozen layers of every image kind, ending in a loss.
inline Network random_image_network(std::uint32_t seed) {
  std::mt19937 random{seed};
  const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  NetworkMaker net;
  const std::uint64_t side = 5 + below(8);
  LayerIndex x = net.input({1 + below(4), side, side + below(3)});
  std::vector<LayerIndex> made{x};
  const LayerKind activations[] = {LayerKind::relu, LayerKind::relu6, LayerKind::gelu,    LayerKind::sigmoid,
                                   LayerKind::tanh, LayerKind::silu,  LayerKind::dropout, LayerKind::scale,
                                   LayerKind::leaky_relu};
  for (int step = 0; step < 14; ++step) {
    const Shape now = net.shape(x);
    const bool small = now[1] < 3 || now[2] < 3;
    std::vector<LayerIndex> alike;
    for (const LayerIndex other : made) {
      if (net.shape(other) == now) alike.push_back(other);
    }
    const LayerIndex partner = alike[below(static_cast<std::uint32_t>(alike.size()))];
    switch (below(11)) {
      case 9:
        x = net.add(LayerKind::l2_norm, {x}, now, below(2) ? now[0] : 0);
        break;
      case 10:
        if (now[1] < 8) x = net.add(LayerKind::upsample, {x}, {now[0], 2 * now[1], 3 * now[2]});
        break;
      case 0:
        x = net.conv(x, 4 + 2 * below(3), small ? square(1) : square(3, 1 + below(2), below(2)), 1, below(2));
        break;
      case 1:
        x = net.conv(x, 2 + below(5), square(1, 1 + below(2)));
        break;
      case 2:
        x = net.conv(x, now[0], square(3, 1, 1), now[0]);
        break;
      case 3:
        x = net.batch_norm(x);
        break;
      case 4:
        x = net.like(activations[below(9)], x);
        break;
      case 5:
        x = net.both(LayerKind::add, x, partner);
        break;
      case 6:
        x = net.both(LayerKind::multiply, x, partner);
        break;
      case 7: {
        Shape out = now;
        out[0] = 2 * now[0];
        if (out[0] <= 16) x = net.add(LayerKind::concat, {x, partner}, out);
        break;
      }
      default:
        if (!small) {
          x = net.windowed(below(2) ? LayerKind::max_pool : LayerKind::avg_pool, x, now[0],
                           square(2, 1 + below(2)));
        }
    }
    made.push_back(x);
  }
  x = below(2) ? net.flatten(net.add(LayerKind::global_avg_pool, {x}, {net.shape(x)[0], 1, 1}))
               : net.flatten(x);
  net.loss(net.linear(x, 10));
  return net.take();
}

/// A random little transformer: embeddings (perhaps tied to the head), attention by slices, feed-forward
/// blocks.
inline Network random_sequence_network(std::uint32_t seed) {
  std::mt19937 random{seed};
  const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  NetworkMaker net;
  const std::uint64_t length = 3 + below(5), heads = 1 + below(3), width = heads * (2 + 2 * below(3)),
                      words = 31;
  const LayerIndex tokens = net.input({length});
  const LayerIndex table = net.add(LayerKind::embedding, {tokens}, {length, width}, words * width);
  LayerIndex x = net.layer_norm(table);
  for (std::uint32_t block = 0; block < 1 + below(2); ++block) {
    const LayerIndex joint = net.linear(x, 3 * width);
    const Shape head{heads, length, width / heads};
    const LayerIndex q = net.slice(joint, head), k = net.slice(joint, head), v = net.slice(joint, head);
    LayerIndex scores = net.add(LayerKind::matmul, {q, k}, {heads, length, length});
    net.at(scores).transpose_b = true;
    scores = net.like(LayerKind::softmax, net.like(LayerKind::scale, scores));
    if (below(2)) scores = net.like(LayerKind::dropout, scores);
    const LayerIndex context = net.add(LayerKind::matmul, {scores, v}, head);
    x = net.layer_norm(net.both(LayerKind::add, x, net.linear(net.reshape(context, {length, width}), width)));
    const LayerIndex wide = net.like(below(2) ? LayerKind::gelu : LayerKind::relu, net.linear(x, 2 * width));
    x = net.layer_norm(net.both(LayerKind::add, x, net.linear(wide, width)));
  }
  if (below(3) == 0) {  // both directions over the sequence, and one over what they found
    const LayerIndex there = net.lstm(x, width, below(3)), back = net.lstm(x, width, below(3));
    net.at(back).reverse = true;
    x = net.lstm(net.add(LayerKind::concat, {there, back}, {length, 2 * width}), width, below(3));
  }
  if (below(3) == 0) x = net.slice(x, {1, width});  // the first token alone: most of its gradient is zero
  const bool tied = below(2) == 1;
  const LayerIndex decoder = net.linear(x, words, !tied);
  if (tied) {
    net.at(decoder).parameters = 0;
    net.at(decoder).shares_weights_with = net.at(table).name;
  }
  net.loss(decoder);
  return net.take();
}

inline Network random_network(std::uint32_t seed) {
  return seed % 3 == 0 ? random_sequence_network(seed) : random_image_network(seed);
}

/// Bytes that all operations of a step read and write together.
inline std::uint64_t traffic(const Step& step) {
  std::uint64_t sum = 0;
  for (const Operation& operation : step.operations) {
    for (const TensorUse& use : operation.reads) sum += use.bytes.value();
    for (const TensorUse& use : operation.writes) sum += use.bytes.value();
  }
  return sum;
}

inline std::uint64_t macs_of(const Step& step, Pass pass) {
  std::uint64_t sum = 0;
  for (const Operation& operation : step.operations) {
    if (operation.pass == pass && operation.gemm) sum += operation.gemm->macs().value();
  }
  return sum;
}

/// Clip levels that the step has a gradient for.
inline std::uint64_t trained_clips(const Step& step) {
  std::set<std::string> clips;
  for (const Tensor& tensor : step.tensors) {
    if (const std::size_t end = tensor.name.find(":clip:grad"); end != std::string::npos) clips.insert(tensor.name.substr(0, end));
  }
  return clips.size();
}

/// Elements that pass through vector work whose name holds `what`.
inline std::uint64_t elements_of(const Step& step, const std::string& what) {
  std::uint64_t sum = 0;
  for (const Operation& operation : step.operations) {
    for (const VectorWork& work : operation.vector) {
      if (work.what.find(what) != std::string::npos) sum += work.elements.value();
    }
  }
  return sum;
}

}  // namespace nibble::testing
