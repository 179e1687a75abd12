#include "workloads/lowering/gemm_shapes.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "models/base/check.hpp"

namespace nibble::lowering {
namespace {

bool is_depthwise(const Layer& layer, const Layer& input) {
  return layer.groups > 1 && layer.groups == input.output[0] && layer.output[0] == layer.groups;
}

ConvGeometry geometry(const Layer& layer, const Layer& input, std::uint64_t batch) {
  ConvGeometry g;
  g.batch = batch;
  g.in_channels = input.output[0] / layer.groups;
  g.in_height = input.output[1];
  g.in_width = input.output[2];
  g.out_height = layer.output[1];
  g.out_width = layer.output[2];
  g.window = layer.window;
  return g;
}

/// Positions of one input axis that some output reads.
std::uint64_t touched(const Window& w, std::size_t d, std::uint64_t in, std::uint64_t out) {
  std::vector<bool> seen(in, false);
  for (std::uint64_t o = 0; o < out; ++o) {
    for (std::uint64_t tap = 0; tap < w.kernel[d]; ++tap) {
      const std::uint64_t padded = o * w.stride[d] + tap * w.dilation[d];
      if (padded >= w.padding[d] && padded - w.padding[d] < in) seen[padded - w.padding[d]] = true;
    }
  }
  return static_cast<std::uint64_t>(std::count(seen.begin(), seen.end(), true));
}

/// One phase of one axis: input positions with (position + padding) mod stride == phase.
struct AxisPhase {
  std::uint64_t taps = 0;       ///< kernel taps that reach them
  std::uint64_t positions = 0;  ///< how many there are
};

AxisPhase axis_phase(const Window& w, std::size_t d, std::uint64_t in, std::uint64_t phase) {
  AxisPhase result;
  for (std::uint64_t tap = 0; tap < w.kernel[d]; ++tap) {
    if (tap * w.dilation[d] % w.stride[d] == phase) ++result.taps;
  }
  for (std::uint64_t position = 0; position < in; ++position) {
    if ((position + w.padding[d]) % w.stride[d] == phase) ++result.positions;
  }
  return result;
}

/// How the rows of one phase read the output gradient: a dense window of as many taps.
Window phase_window(const Layer& layer, const AxisPhase& vertical, const AxisPhase& horizontal) {
  Window w;
  w.kernel[0] = vertical.taps;
  w.kernel[1] = horizontal.taps;
  for (std::size_t d = 0; d < 2; ++d) {
    w.dilation[d] = layer.window.dilation[d] / std::gcd(layer.window.dilation[d], layer.window.stride[d]);
    w.padding[d] = (w.kernel[d] - 1) * w.dilation[d] / 2;
  }
  return w;
}

}  // namespace

GemmWork conv_forward(const Layer& layer, const Layer& input, std::uint64_t batch) {
  GemmWork g;
  g.m = batch * layer.output[1] * layer.output[2];
  g.n = layer.output[0] / layer.groups;
  g.k = input.output[0] / layer.groups * layer.window.kernel[0] * layer.window.kernel[1];
  g.count = layer.groups;
  g.geometry = geometry(layer, input, batch);
  g.b_is_weights = true;
  g.depthwise = is_depthwise(layer, input);
  return g;
}

GemmWork conv_wgrad(const Layer& layer, const Layer& input, std::uint64_t batch) {
  GemmWork g = conv_forward(layer, input, batch);
  std::swap(g.m, g.k);
  g.b_is_weights = false;
  g.reduces_over_batch = true;
  return g;
}

std::vector<GemmPart> conv_dgrad(const Layer& layer, const Layer& input, std::uint64_t batch) {
  const Window& w = layer.window;
  const std::uint64_t pixels = input.output[1] * input.output[2];
  const Elements dy{batch * element_count(layer.output).value()};
  std::vector<GemmPart> parts;
  std::uint64_t done = 0;
  for (std::uint64_t y = 0; y < w.stride[0]; ++y) {
    for (std::uint64_t x = 0; x < w.stride[1]; ++x) {
      const AxisPhase vertical = axis_phase(w, 0, input.output[1], y),
                      horizontal = axis_phase(w, 1, input.output[2], x);
      const std::uint64_t positions = vertical.positions * horizontal.positions;
      if (positions == 0) continue;  // an image smaller than the stride: all of the phase lies in the padding
      GemmPart part;
      part.c_begin = done;
      part.c_end = done += positions;
      part.c_total = pixels;
      if (const std::uint64_t taps = vertical.taps * horizontal.taps; taps > 0) {
        GemmWork g;
        g.m = batch * layer.output[1] * layer.output[2];
        g.n = input.output[0] / layer.groups;
        g.k = layer.output[0] / layer.groups * taps;
        g.count = layer.groups;
        g.b_is_weights = true;
        g.depthwise = is_depthwise(layer, input);
        g.c_share = static_cast<double>(positions) / static_cast<double>(pixels);
        ConvGeometry geo = geometry(layer, input, batch);
        geo.in_channels = layer.output[0] / layer.groups;
        geo.in_height = layer.output[1];
        geo.in_width = layer.output[2];
        geo.window = phase_window(layer, vertical, horizontal);
        g.geometry = geo;
        part.a = dy;
        part.b = Elements{g.n * g.k * g.count};
        part.gemm = g;
      }
      parts.push_back(part);
    }
  }
  NIBBLE_CHECK(done == pixels, "{}: {} of {} input pixels have a phase", layer.name, done, pixels);
  return parts;
}

Elements touched_inputs(const Layer& layer, const Layer& input, std::uint64_t batch) {
  return Elements{batch * input.output[0] * touched(layer.window, 0, input.output[1], layer.output[1]) *
                  touched(layer.window, 1, input.output[2], layer.output[2])};
}

GemmWork linear_forward(const Layer& layer, const Layer& input, std::uint64_t batch) {
  GemmWork g;
  g.k = input.output.back();
  g.n = layer.output.back();
  g.m = batch * element_count(layer.output).value() / g.n;
  g.b_is_weights = true;
  return g;
}

GemmWork matmul_forward(const Layer& layer, const Layer& a, std::uint64_t batch) {
  GemmWork g;
  g.m = layer.output[layer.output.size() - 2];
  g.n = layer.output.back();
  g.k = a.output.back();
  g.count = batch * element_count(layer.output).value() / (g.m * g.n);
  return g;
}

}  // namespace nibble::lowering
