#include "workloads/training/lstm.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <vector>

#include "workloads/training/quantised_convolution.hpp"

namespace nibble::training {
namespace {

using torch::Tensor;

/// Rows [m, k] by a layer's weights.
Tensor rows_product(const Tensor& rows, const Tensor& weight, const Tensor& clip, const ConvolutionShape& shape,
                    LayerArithmetic& arithmetic) {
  const Tensor products = quantised_convolution(rows.unsqueeze(-1).unsqueeze(-1), weight, clip, shape, arithmetic);
  return products.squeeze(-1).squeeze(-1);
}

}  // namespace

Tensor lstm_states(const Tensor& sequence, LstmPart& part, bool sequence_has_sign, bool reverse) {
  const std::int64_t samples = sequence.size(0), length = sequence.size(1), units = part.state_weight.size(1);
  ConvolutionShape shape;
  shape.negative_inputs = sequence_has_sign;
  Tensor projected = rows_product(sequence.reshape({samples * length, -1}), part.input_weight, part.input_clip, shape, *part.of_input);
  if (part.bias.defined()) projected = projected + part.bias;
  projected = projected.reshape({samples, length, 4 * units});
  shape.negative_inputs = true;
  Tensor state, cell = torch::zeros({samples, units});
  std::vector<Tensor> states(static_cast<std::size_t>(length));
  for (std::int64_t step = 0; step < length; ++step) {
    const std::int64_t t = reverse ? length - 1 - step : step;
    Tensor gates = projected.select(1, t);
    shape.part = step;
    if (step > 0) gates = gates + rows_product(state, part.state_weight, part.state_clip, shape, *part.of_state);
    const std::vector<Tensor> gate = gates.chunk(4, 1);
    cell = torch::sigmoid(gate[1]) * cell + torch::sigmoid(gate[0]) * torch::tanh(gate[2]);
    state = torch::sigmoid(gate[3]) * torch::tanh(cell);
    states[static_cast<std::size_t>(t)] = state;
  }
  return torch::stack(states, 1);
}

}  // namespace nibble::training
