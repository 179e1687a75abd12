#pragma once

#include <torch/types.h>

#include <vector>

#include "workloads/trace/network.hpp"

namespace nibble::training {

/// InputError [TRAIN-LAYER] for a layer that is not trained here.
void require_trainable(const Network& network, const Layer& layer);

/// What layers without weights make of their inputs, in FP32. Every tensor has the batch as its first dimension.
///
/// A reshape that exchanges two dimensions is a transposition; every other one is a view, row by row.
[[nodiscard]] torch::Tensor apply_plain_layer(const Network& network, const Layer& layer,
                                              const std::vector<torch::Tensor>& inputs);

/// What an input that is no sample holds, with a batch of one: positions [1, length], a causal mask [1, ..., n, n] that
/// is 0 where a row may look (at itself and before) and far below any score where not.
[[nodiscard]] torch::Tensor constant_input(const Layer& layer);

/// Whether a layer's output may be below zero; one a layer.
[[nodiscard]] std::vector<bool> layers_with_sign(const Network& network);

}  // namespace nibble::training
