#pragma once

#include <array>
#include <string_view>

#include "workloads/trace/network.hpp"

namespace nibble {

/// A layer kind as a trace spells it, and how many inputs it takes.
struct KindName {
  LayerKind kind;
  std::string_view name;
  std::size_t min_inputs, max_inputs;
};

inline constexpr std::size_t kAnyInputs = 1024;

inline constexpr std::array kLayerKinds{
    KindName{LayerKind::input, "input", 0, 0},
    KindName{LayerKind::conv2d, "conv2d", 1, 1},
    KindName{LayerKind::linear, "linear", 1, 1},
    KindName{LayerKind::matmul, "matmul", 2, 2},
    KindName{LayerKind::lstm, "lstm", 1, 1},
    KindName{LayerKind::batch_norm, "batch_norm", 1, 1},
    KindName{LayerKind::layer_norm, "layer_norm", 1, 1},
    KindName{LayerKind::rms_norm, "rms_norm", 1, 1},
    KindName{LayerKind::l2_norm, "l2_norm", 1, 1},
    KindName{LayerKind::relu, "relu", 1, 1},
    KindName{LayerKind::relu6, "relu6", 1, 1},
    KindName{LayerKind::leaky_relu, "leaky_relu", 1, 1},
    KindName{LayerKind::gelu, "gelu", 1, 1},
    KindName{LayerKind::sigmoid, "sigmoid", 1, 1},
    KindName{LayerKind::tanh, "tanh", 1, 1},
    KindName{LayerKind::silu, "silu", 1, 1},
    KindName{LayerKind::max_pool, "max_pool", 1, 1},
    KindName{LayerKind::avg_pool, "avg_pool", 1, 1},
    KindName{LayerKind::global_avg_pool, "global_avg_pool", 1, 1},
    KindName{LayerKind::upsample, "upsample", 1, 1},
    KindName{LayerKind::add, "add", 2, kAnyInputs},
    KindName{LayerKind::multiply, "multiply", 2, 2},
    KindName{LayerKind::softmax, "softmax", 1, 1},
    KindName{LayerKind::scale, "scale", 1, 1},
    KindName{LayerKind::embedding, "embedding", 1, 1},
    KindName{LayerKind::dropout, "dropout", 1, 1},
    KindName{LayerKind::concat, "concat", 2, kAnyInputs},
    KindName{LayerKind::cache, "cache", 1, 1},
    KindName{LayerKind::reshape, "reshape", 1, 1},
    KindName{LayerKind::loss, "loss", 1, 1},
    KindName{LayerKind::multibox_loss, "multibox_loss", 2, 2},
    KindName{LayerKind::yolo_loss, "yolo_loss", 1, kAnyInputs},
};
static_assert([] {
  for (std::size_t i = 0; i < kLayerKinds.size(); ++i) {
    if (static_cast<std::size_t>(kLayerKinds[i].kind) != i) return false;
  }
  return true;
}(), "kinds stand in the order of the enumeration");

}  // namespace nibble
