#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "models/formats/format.hpp"
#include "sim/mapper/mapper.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble::test {

/// A tensor of `elements` in `format`; returns its place in the step's table.
inline TensorId add_tensor(Step& step, const std::string& name, std::uint64_t elements,
                           const std::string& format = "fp16", bool parameter = false) {
  Tensor tensor;
  tensor.name = name;
  tensor.format = format;
  tensor.elements = Elements{elements};
  tensor.parameter = parameter;
  tensor.size = format_storage(format).size(tensor.elements);
  step.tensors.push_back(tensor);
  return static_cast<TensorId>(step.tensors.size() - 1);
}

inline TensorUse all_of(const Step& step, TensorId tensor) { return {tensor, step.tensors[tensor].size}; }

inline Step empty_step(std::uint64_t batch) {
  Step step;
  step.network = "test";
  step.recipe = "test";
  step.batch = batch;
  return step;
}

/// Appends C[m, n] = A[m, k] * B[k, n], `count` times, with nothing behind it.
inline Operation& add_gemm(Step& step, std::uint64_t m, std::uint64_t n, std::uint64_t k, std::uint64_t count = 1,
                           const std::string& format = "fp16") {
  GemmWork gemm;
  gemm.m = m;
  gemm.n = n;
  gemm.k = k;
  gemm.count = count;
  gemm.a_format = gemm.b_format = format;
  gemm.a = add_tensor(step, "a", m * k * count, format);
  gemm.b = add_tensor(step, "b", k * n * count, format);
  gemm.c = add_tensor(step, "c", m * n * count, format);
  gemm.b_is_weights = true;
  Operation operation;
  operation.layer = "gemm";
  operation.reads = {all_of(step, gemm.a), all_of(step, gemm.b)};
  operation.writes = {all_of(step, gemm.c)};
  operation.gemm = gemm;
  step.operations.push_back(operation);
  return step.operations.back();
}

/// A convolution of square images, kernels and strides.
struct Conv {
  std::uint64_t batch = 1, in_channels = 1, out_channels = 1, size = 1, kernel = 1, stride = 1, padding = 0, groups = 1;
  [[nodiscard]] std::uint64_t out_size() const { return (size + 2 * padding - kernel) / stride + 1; }
};

inline ConvGeometry geometry_of(const Conv& conv) {
  ConvGeometry geometry;
  geometry.batch = conv.batch;
  geometry.in_channels = conv.in_channels / conv.groups;
  geometry.in_height = geometry.in_width = conv.size;
  geometry.out_height = geometry.out_width = conv.out_size();
  for (int axis = 0; axis < 2; ++axis) {
    geometry.window.kernel[axis] = conv.kernel;
    geometry.window.stride[axis] = conv.stride;
    geometry.window.padding[axis] = conv.padding;
  }
  return geometry;
}

/// Appends a convolution's forward pass, or its weight gradient (A = X^T, B = dY).
inline Operation& add_conv(Step& step, const Conv& conv, bool wgrad = false, const std::string& format = "fp16") {
  const std::uint64_t pixels = conv.batch * conv.out_size() * conv.out_size();
  const std::uint64_t taps = conv.in_channels / conv.groups * conv.kernel * conv.kernel;
  const std::uint64_t outputs = conv.out_channels / conv.groups;
  GemmWork gemm;
  gemm.m = wgrad ? taps : pixels;
  gemm.n = outputs;
  gemm.k = wgrad ? pixels : taps;
  gemm.count = conv.groups;
  gemm.a_format = gemm.b_format = format;
  const TensorId x = add_tensor(step, "x", conv.batch * conv.in_channels * conv.size * conv.size, format);
  const TensorId w = add_tensor(step, "w", taps * outputs * conv.groups, format, true);
  const TensorId y = add_tensor(step, "y", pixels * outputs * conv.groups, format);
  gemm.a = x;
  gemm.b = wgrad ? y : w;
  gemm.c = wgrad ? w : y;
  gemm.geometry = geometry_of(conv);
  gemm.b_is_weights = !wgrad;
  gemm.reduces_over_batch = wgrad;
  gemm.depthwise = conv.groups == conv.in_channels && conv.groups > 1;
  Operation operation;
  operation.layer = "conv";
  operation.pass = wgrad ? Pass::wgrad : Pass::fwd;
  operation.reads = {all_of(step, gemm.a), all_of(step, gemm.b)};
  operation.writes = {all_of(step, gemm.c)};
  operation.gemm = gemm;
  step.operations.push_back(operation);
  return step.operations.back();
}

/// Appends vector work alone over given tensors.
inline Operation& add_vector(Step& step, std::vector<TensorId> reads, std::vector<TensorId> writes,
                             std::uint64_t elements, double lane_ops) {
  Operation operation;
  operation.layer = "vector";
  operation.pass = Pass::vector_fwd;
  operation.vector = {{"work", Elements{elements}, lane_ops}};
  for (const TensorId id : reads) operation.reads.push_back(all_of(step, id));
  for (const TensorId id : writes) operation.writes.push_back(all_of(step, id));
  step.operations.push_back(operation);
  return step.operations.back();
}

inline Bytes sum_of(const std::vector<TensorUse>& uses) {
  Bytes sum;
  for (const TensorUse& use : uses) sum += use.bytes;
  return sum;
}

}  // namespace nibble::test
