#include "workloads/trace/shape_rules.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace nibble {
namespace {

std::string wants(const Shape& expected) { return fmt::format("its inputs give [{}]", fmt::join(expected, ", ")); }

std::string match(const Shape& given, const Shape& expected) { return given == expected ? "" : wants(expected); }

/// Output extent of a window over one dimension; 0 if the window does not fit.
std::uint64_t window_extent(const Window& w, std::size_t d, std::uint64_t in) {
  const std::uint64_t reach = (w.kernel[d] - 1) * w.dilation[d] + 1;
  const std::uint64_t far = w.padding[d] + static_cast<std::uint64_t>(w.far_padding[d]);  // wraps back if negative
  const std::uint64_t padded = in + w.padding[d] + far;
  if (padded < reach) return 0;
  const std::uint64_t whole = (padded - reach) / w.stride[d] + 1;
  const std::uint64_t rest = (padded - reach) % w.stride[d];
  // Rounded up, one more window looks over the far edge, but only if it begins before the padding there.
  const bool one_more = w.ceil && rest != 0 && whole * w.stride[d] < in + w.padding[d];
  return whole + (one_more ? 1 : 0);
}

std::string window_fault(const Layer& layer, const Shape& in, bool any_channels) {
  if (in.size() != 3 || layer.output.size() != 3) return "a window needs [channels, height, width] on both sides";
  const std::uint64_t channels = any_channels ? layer.output[0] : in[0];
  return match(layer.output, {channels, window_extent(layer.window, 0, in[1]), window_extent(layer.window, 1, in[2])});
}

std::string conv_fault(const Layer& layer, const Shape& in) {
  if (std::string fault = window_fault(layer, in, true); !fault.empty()) return fault;
  if (in[0] % layer.groups != 0 || layer.output[0] % layer.groups != 0) {
    return fmt::format("{} groups do not divide {} input and {} output channels", layer.groups, in[0], layer.output[0]);
  }
  return "";
}

std::string linear_fault(const Layer& layer, const Shape& in) {
  Shape expected = in;
  expected.back() = layer.output.back();
  return match(layer.output, expected);
}

/// [length, features] to [length, units].
std::string lstm_fault(const Layer& layer, const Shape& in) {
  if (in.size() != 2) return "a sequence is [length, features]";
  return match(layer.output, {in[0], layer.output.back()});
}

std::string matmul_fault(const Layer& layer, const Shape& a, const Shape& b) {
  if (a.size() < 2 || a.size() != b.size()) return "both factors need the same two or more dimensions";
  const std::size_t rows = a.size() - 2, columns = a.size() - 1;
  if (!std::equal(a.begin(), a.end() - 2, b.begin())) return "its factors have different batch dimensions";
  const std::uint64_t inner = layer.transpose_b ? b[columns] : b[rows];
  if (a[columns] != inner) return fmt::format("its factors disagree about the inner dimension: {} and {}", a[columns], inner);
  Shape expected = a;
  expected.back() = layer.transpose_b ? b[rows] : b[columns];
  return match(layer.output, expected);
}

/// The output names the dimension: inputs of one shape may be joined along any.
std::string concat_fault(const Layer& layer, const std::vector<const Layer*>& inputs) {
  const Shape& first = inputs.front()->output;
  std::vector<Shape> possible;
  for (std::size_t joined = 0; joined < first.size(); ++joined) {
    Shape expected = first;
    const bool fits = std::all_of(inputs.begin() + 1, inputs.end(), [&](const Layer* input) {
      Shape in = input->output;
      if (in.size() != first.size()) return false;
      expected[joined] += in[joined];
      in[joined] = first[joined];
      return in == first;
    });
    if (fits && layer.output == expected) return "";
    if (fits) possible.push_back(expected);
  }
  if (possible.empty()) return "its inputs differ in more than one dimension";
  std::string shapes;
  for (const Shape& shape : possible) {
    shapes += fmt::format("{}[{}]", shapes.empty() ? "" : " or ", fmt::join(shape, ", "));
  }
  return "its inputs give " + shapes;
}

std::string reshape_fault(const Layer& layer, const Shape& in) {
  const std::uint64_t out_elements = element_count(layer.output).value(), in_elements = element_count(in).value();
  if (layer.slice) return out_elements < in_elements ? "" : "a slice is smaller than its input";
  return out_elements == in_elements ? "" : fmt::format("{} elements out of {}", out_elements, in_elements);
}

/// One dimension is longer: that of the positions.
std::string cache_fault(const Layer& layer, const Shape& in) {
  const Shape& out = layer.output;
  std::size_t longer = 0, other = out.size() == in.size() ? 0 : 1;
  for (std::size_t d = 0; d < std::min(out.size(), in.size()); ++d) {
    longer += out[d] > in[d] ? 1 : 0;
    other += out[d] < in[d] ? 1 : 0;
  }
  return longer == 1 && other == 0 ? "" : fmt::format("its input's [{}] grows in one dimension", fmt::join(in, ", "));
}

std::string upsample_fault(const Layer& layer, const Shape& in) {
  const Shape& out = layer.output;
  if (in.size() != 3 || out.size() != 3) return "upsampling needs [channels, height, width] on both sides";
  if (out[0] == in[0] && out[1] % in[1] == 0 && out[2] % in[2] == 0) return "";
  return fmt::format("its input's [{}] may grow by whole factors in height and width", fmt::join(in, ", "));
}

std::string multibox_fault(const Layer& layer, const Shape& boxes, const Shape& classes) {
  if (boxes.size() != 2 || boxes[1] != 4) return "its first input is [boxes, 4]";
  if (classes.size() != 2 || classes[0] != boxes[0]) return fmt::format("its second input is [{}, classes]", boxes[0]);
  return match(layer.output, {1});
}

std::string yolo_fault(const Layer& layer, const std::vector<const Layer*>& inputs) {
  for (const Layer* input : inputs) {
    const Shape& in = input->output;
    if (in.size() != 3 || in[0] % layer.anchors != 0 || in[0] / layer.anchors < 6) {
      return fmt::format("its inputs are [{} * (5 + classes), height, width]", layer.anchors);
    }
  }
  return match(layer.output, {1});
}

/// The larger operand decides; dimensions of 1 repeat (squeeze and excite).
std::string broadcast_fault(const Layer& layer, const std::vector<const Layer*>& inputs) {
  Shape expected = inputs.front()->output;
  for (const Layer* input : inputs) {
    const Shape& in = input->output;
    if (in.size() != expected.size()) return "its inputs have different numbers of dimensions";
    for (std::size_t d = 0; d < in.size(); ++d) {
      if (in[d] != expected[d] && in[d] != 1 && expected[d] != 1) return "its inputs do not broadcast";
      expected[d] = std::max(expected[d], in[d]);
    }
  }
  return match(layer.output, expected);
}

/// One matrix for the input, one for the state. A bias is one number a gate, or two that are added (as PyTorch keeps them).
std::string lstm_parameters_fault(const Layer& layer, std::uint64_t features) {
  const std::uint64_t units = layer.output.back(), weights = 4 * units * (features + units), bias = 4 * units;
  if (!layer.shares_weights_with.empty()) return layer.parameters == 0 ? "" : "all of its weights are shared: 0";
  if (!layer.bias) return layer.parameters == weights ? "" : fmt::format("its shape gives {}", weights);
  if (layer.parameters == weights + bias || layer.parameters == weights + 2 * bias) return "";
  return fmt::format("its shape gives {} with one bias a gate, {} with two", weights + bias, weights + 2 * bias);
}

}  // namespace

std::string shape_fault(const Layer& layer, const std::vector<const Layer*>& inputs) {
  if (layer.kind == LayerKind::input) return "";
  const Shape& in = inputs.front()->output;
  switch (layer.kind) {
    case LayerKind::conv2d: return conv_fault(layer, in);
    case LayerKind::linear: return linear_fault(layer, in);
    case LayerKind::lstm: return lstm_fault(layer, in);
    case LayerKind::matmul: return matmul_fault(layer, in, inputs[1]->output);
    case LayerKind::max_pool:
    case LayerKind::avg_pool: return window_fault(layer, in, false);
    case LayerKind::global_avg_pool: return in.size() == 3 ? match(layer.output, {in[0], 1, 1}) : wants({0, 1, 1});
    case LayerKind::add:
    case LayerKind::multiply: return broadcast_fault(layer, inputs);
    case LayerKind::upsample: return upsample_fault(layer, in);
    case LayerKind::multibox_loss: return multibox_fault(layer, in, inputs[1]->output);
    case LayerKind::yolo_loss: return yolo_fault(layer, inputs);
    case LayerKind::cache: return cache_fault(layer, in);
    case LayerKind::concat: return concat_fault(layer, inputs);
    case LayerKind::reshape: return reshape_fault(layer, in);
    case LayerKind::embedding: {
      Shape expected = in;
      expected.push_back(layer.output.back());
      return match(layer.output, expected);
    }
    default: return match(layer.output, in);
  }
}

std::string parameters_fault(const Layer& layer, const std::vector<const Layer*>& inputs) {
  if (layer.kind == LayerKind::lstm) return lstm_parameters_fault(layer, inputs.front()->output.back());
  std::uint64_t weights = 0, bias = 0;
  if (layer.kind == LayerKind::conv2d) {
    const std::uint64_t channels = inputs.front()->output[0] / layer.groups;
    bias = layer.output[0];
    weights = bias * channels * layer.window.kernel[0] * layer.window.kernel[1];
  } else if (layer.kind == LayerKind::linear) {
    bias = layer.output.back();
    weights = inputs.front()->output.back() * bias;
  } else {
    return "";
  }
  if (!layer.bias) bias = 0;
  if (layer.shares_weights_with.empty()) {
    return layer.parameters == weights + bias ? "" : fmt::format("its shape gives {}", weights + bias);
  }
  // The weights are the other layer's; the bias may be, too.
  if (layer.parameters == 0 || layer.parameters == bias) return "";
  return bias == 0 ? "all of its weights are shared: 0"
                   : fmt::format("its weights are shared: {} with a bias of its own, 0 without", bias);
}

}  // namespace nibble
