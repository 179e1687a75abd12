#include "sim/mapper/operation_key.hpp"

#include <fmt/format.h>

#include <iterator>
#include <map>
#include <vector>

namespace nibble {
namespace {

void append_flags(std::string& key, const std::vector<bool>& flags) {
  for (const bool flag : flags) key += flag ? '1' : '0';
  key += ';';
}

void append_gemm(std::string& key, const GemmWork& g) {
  auto out = std::back_inserter(key);
  fmt::format_to(out, "g{},{},{},{},{},{},{},{},{}{}{}{},{};", g.m, g.n, g.k, g.count, g.a_format, g.b_format, g.a_zeros,
                 g.b_zeros, g.b_is_weights, g.reduces_over_batch, g.depthwise, g.batched, g.c_share);
  if (!g.geometry) return;
  const ConvGeometry& c = *g.geometry;
  const Window& w = c.window;
  fmt::format_to(out, "c{},{},{},{},{},{},{},{},{},{},{},{},{},{};", c.batch, c.in_channels, c.in_height, c.in_width,
                 c.out_height, c.out_width, w.kernel[0], w.kernel[1], w.stride[0], w.stride[1], w.padding[0], w.padding[1],
                 w.dilation[0], w.dilation[1]);
}

}  // namespace

std::string operation_key(const Step& step, std::size_t operation, const OperationResidency& residency) {
  return work_key(step, operation) + residency_key(residency);
}

std::string work_key(const Step& step, std::size_t operation) {
  const Operation& op = step.operations[operation];
  std::string key;
  auto out = std::back_inserter(key);
  // Tensors by order of appearance: which uses name the same one matters, its identity does not.
  std::map<TensorId, std::size_t> order;
  const auto append_use = [&](const TensorUse& use) {
    const Tensor& tensor = step.tensors[use.tensor];
    const std::size_t rank = order.emplace(use.tensor, order.size()).first->second;
    fmt::format_to(out, "t{},{},{},{},{},{},{},{},{},{},{},{};", rank, use.bytes.value(), use.pitch.value(),
                   use.piece.value(), use.column.value(), use.interleave, use.clash, tensor.format,
                   tensor.elements.value(), tensor.size.value(), tensor.parameter, use.summed);
  };
  fmt::format_to(out, "p{};", to_string(op.pass));
  if (op.gemm) append_gemm(key, *op.gemm);
  for (const VectorWork& work : op.vector) {
    fmt::format_to(out, "v{},{},{},{},{},{};", work.elements.value(), work.lane_ops_per_element,
                   work.summed.value(), work.stored_sums, work.constants.value(), work.in_arrays);
  }
  for (const TensorUse& use : op.reads) append_use(use);
  key += '>';
  for (const TensorUse& use : op.writes) append_use(use);
  return key;
}

std::string step_key(const Step& step) {
  std::string key = fmt::format("b{};", step.batch);
  auto out = std::back_inserter(key);
  for (std::size_t i = 0; i < step.operations.size(); ++i) {
    key += work_key(step, i);
    for (const auto* uses : {&step.operations[i].reads, &step.operations[i].writes}) {
      for (const TensorUse& use : *uses) fmt::format_to(out, "#{}", use.tensor);
    }
  }
  return key;
}

std::string residency_key(const OperationResidency& residency) {
  std::string key;
  auto out = std::back_inserter(key);
  append_flags(key, residency.reads);
  append_flags(key, residency.held);
  append_flags(key, residency.unstored);
  fmt::format_to(out, "o{},{},{}", residency.occupied.value(), residency.by_sample, residency.by_columns);
  for (const RowFetch& fetch : residency.fetches) {
    fmt::format_to(out, "f{},{},{}", fetch.core, fetch.source, fetch.bytes.value());
  }
  return key;
}

}  // namespace nibble
