#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "sim/system/simulate.hpp"

namespace nibble::test {

/// Small random networks, recipes and machines, the same for the same seed on every system.
class RandomInputs {
 public:
  explicit RandomInputs(std::uint64_t seed) : generator_{seed} {}

  /// A chain of convolutions, normalisations, activations, pools and residual adds with a classifier and a loss.
  Network network() {
    Network net;
    net.name = "random";
    add(net, LayerKind::input, {}, {pick({3, 8, 16}), pick({8, 12, 17}), pick({8, 12, 17})});
    const std::uint64_t blocks = 1 + below(3);
    for (std::uint64_t i = 0; i < blocks; ++i) add_block(net);
    const Shape last = net.layers.back().output;
    add(net, LayerKind::global_avg_pool, {index(net)}, {last[0], 1, 1});
    add(net, LayerKind::reshape, {index(net)}, {last[0]});
    const std::uint64_t classes = pick({10, 100, 37});
    add(net, LayerKind::linear, {index(net)}, {classes});
    net.layers.back().bias = true;
    net.layers.back().parameters = last[0] * classes + classes;
    add(net, LayerKind::loss, {index(net)}, {classes});
    return net;
  }

  /// Shipped inputs with a random network, on a random variant of the recipe's machine.
  SimulationInputs inputs() {
    struct Pair {
      const char *recipe, *accelerator;
    };
    constexpr Pair kPairs[] = {{"fp32", "rapid-fp32"}, {"fp16", "rapid"},    {"hfp8", "rapid"},
                               {"fp8", "rapid"},       {"fp4", "rapid-fp4"}, {"int16", "rapid-fixed16"}};
    const Pair pair = kPairs[below(std::size(kPairs))];
    RunRequest request;
    request.recipe = pair.recipe;
    request.accelerator = pair.accelerator;
    request.network = "resnet18";
    SimulationInputs inputs = load_inputs(request);
    inputs.network = network();
    Accelerator& a = inputs.accelerator;
    a.cores = static_cast<std::uint32_t>(pick({1, 2, 4, 6}));
    a.core.corelets = static_cast<std::uint32_t>(pick({1, 2}));
    a.core.mpe.rows = static_cast<std::uint32_t>(pick({4, 8}));
    a.core.l0.slices = a.core.mpe.rows;
    a.core.mpe.columns = static_cast<std::uint32_t>(pick({4, 8, 16}));
    a.core.mpe.weight_buffers = static_cast<std::uint32_t>(pick({1, 2}));
    a.core.mpe.dataflow = static_cast<Dataflow>(below(3));
    a.core.l1.capacity = Bytes{pick({256, 512, 2048}) * 1024};
    a.memory.bandwidth = BytesPerSecond{static_cast<double>(pick({25, 100, 400})) * 1e9};
    a.ring.multicast = below(4) != 0;
    return inputs;
  }

  std::uint64_t below(std::uint64_t limit) { return generator_() % limit; }
  std::uint64_t pick(std::initializer_list<std::uint64_t> values) { return values.begin()[below(values.size())]; }

 private:
  static LayerIndex index(const Network& net) { return static_cast<LayerIndex>(net.layers.size() - 1); }

  static void add(Network& net, LayerKind kind, std::vector<LayerIndex> inputs, Shape output) {
    Layer layer;
    layer.name = fmt::format("{}{}", to_string(kind), net.layers.size());
    layer.kind = kind;
    layer.inputs = std::move(inputs);
    layer.output = std::move(output);
    net.layers.push_back(std::move(layer));
  }

  void add_conv(Network& net, std::uint64_t channels, std::uint64_t kernel, std::uint64_t stride, std::uint64_t groups) {
    const Shape in = net.layers.back().output;
    const auto extent = [&](std::uint64_t n) { return (n + 2 * (kernel / 2) - kernel) / stride + 1; };
    add(net, LayerKind::conv2d, {index(net)}, {channels, extent(in[1]), extent(in[2])});
    Layer& conv = net.layers.back();
    conv.groups = groups;
    for (std::size_t d = 0; d < 2; ++d) {
      conv.window.kernel[d] = kernel;
      conv.window.stride[d] = stride;
      conv.window.padding[d] = kernel / 2;
    }
    conv.parameters = channels * (in[0] / groups) * kernel * kernel;
  }

  void add_block(Network& net) {
    const LayerIndex entry = index(net);
    const Shape in = net.layers.back().output;
    const bool residual = below(3) == 0;
    const bool depthwise = !residual && below(4) == 0;
    const std::uint64_t kernel = pick({1, 3, 5});
    add_conv(net, residual || depthwise ? in[0] : pick({5, 16, 64, 96}), kernel, residual ? 1 : pick({1, 2}),
             depthwise ? in[0] : 1);
    const Shape out = net.layers.back().output;
    add(net, LayerKind::batch_norm, {index(net)}, out);
    net.layers.back().parameters = 2 * out[0];
    if (residual) add(net, LayerKind::add, {entry, index(net)}, out);
    add(net, below(2) == 0 ? LayerKind::relu : LayerKind::gelu, {index(net)}, out);
    if (below(3) == 0 && out[1] >= 4 && out[2] >= 4) {
      add(net, LayerKind::max_pool, {index(net)}, {out[0], out[1] / 2, out[2] / 2});
      for (std::size_t d = 0; d < 2; ++d) net.layers.back().window.kernel[d] = net.layers.back().window.stride[d] = 2;
    }
  }

  std::mt19937_64 generator_;
};

}  // namespace nibble::test
