#include <fmt/format.h>

#include <utility>

#include "models/base/check.hpp"
#include "workloads/lowering/builder.hpp"
#include "workloads/lowering/gemm_shapes.hpp"

namespace nibble::lowering {

GemmWork Builder::forward_work(LayerIndex index) const {
  switch (layer(index).kind) {
    case LayerKind::conv2d:
      return conv_forward(layer(index), input_of(index), batch_);
    case LayerKind::linear:
      return linear_forward(layer(index), input_of(index), batch_);
    default:
      return matmul_forward(layer(index), input_of(index), batch_);
  }
}

ValueId Builder::add_gemm(LayerIndex index, Pass pass, ValueId a, ValueId b, ValueId c,
                          std::vector<GemmPart> parts) {
  Elements a_read, b_read;
  for (GemmPart& part : parts) {
    if (!part.gemm) continue;
    part.gemm->a_format = graph_.value(a).format;
    part.gemm->b_format = graph_.value(b).format;
    part.gemm->a_zeros = graph_.value(a).zeros;
    part.gemm->b_zeros = graph_.value(b).zeros;
    a_read = std::max(a_read, part.a);
    b_read += part.b;
  }
  Node node;
  node.layer = index;
  node.pass = recomputing_ ? Pass::recompute : pass;
  node.kind = NodeKind::gemm;
  node.domain = graph_.value(c).elements;
  node.inputs = {{a, a_read}, {b, b_read}};
  node.outputs = {all_of(c)};
  node.parts = std::move(parts);
  graph_.add_node(std::move(node));
  return c;
}

ValueId Builder::activation_operand(LayerIndex index, std::size_t input, const std::string& format) {
  const ValueId x = *outputs_[layer(index).inputs[input]];
  return graph_.value(x).format == format ? x : quantise_activation(index, x, format).value;
}

QuantisedActivation& Builder::quantise_activation(LayerIndex index, ValueId x, const std::string& format) {
  const LayerIndex source = made_by_.at(x);
  auto& copies = quantised_[source];
  // A layer that is not run again reads the same copy in its backward pass, however far away that is.
  const LayerIndex reader = keeps_its_own(index) ? static_cast<LayerIndex>(network_.layers.size()) : index;
  const auto known = copies.find(format);
  if (known != copies.end()) {
    known->second.last_reader = std::max(known->second.last_reader, reader);
    return known->second;
  }
  const Elements elements = graph_.value(x).elements;
  QuantisedActivation copy;
  copy.last_reader = reader;
  copy.value = value(fmt::format("{} ({})", graph_.value(x).name, format), format, elements);
  graph_.value(copy.value).zeros = graph_.value(x).zeros;
  const bool pact = precision_.of(index).activation_quantiser == ActivationQuantiser::pact;
  std::vector<Use> inputs{all_of(x)}, outputs{all_of(copy.value)};
  std::vector<WorkItem> work{{pact ? VectorKind::pact_quantise : VectorKind::cast, elements}};
  if (pact) {
    const auto [clip, fresh] = clips_.try_emplace({source, format});
    if (fresh) clip->second = small_parameter(source, graph_.value(copy.value).name + ":clip", 1);
    copy.clip = clip->second;
    inputs.push_back(all_of(small(copy.clip).working));
  }
  if (pact && training_ && needs_gradient(source)) {
    copy.inside = value(graph_.value(copy.value).name + ":inside", "bit", elements);
    outputs.push_back(all_of(*copy.inside));
    work.push_back({VectorKind::pact_mask, elements, 1, copy.inside});
  }
  add_node(index, Pass::vector_fwd, NodeKind::pointwise, elements, std::move(inputs), std::move(outputs),
           std::move(work));
  return copies.emplace(format, copy).first->second;
}

std::pair<ValueId, ValueId> Builder::gradient_operands(LayerIndex index, ValueId dy) {
  const Precision& precision = precision_.of(index);
  const std::string& for_dgrad = precision.dgrad.a;
  const std::string& for_wgrad = precision.wgrad.b;
  const std::string name = graph_.value(dy).name;  // a copy: adding values moves them
  const std::string format = graph_.value(dy).format;
  const Elements elements = graph_.value(dy).elements;
  const auto copy = [&](const std::string& to, const char* grid) {
    const ValueId q = value(fmt::format("{} ({}{})", name, to, grid), to, elements);
    graph_.value(q).zeros = graph_.value(dy).zeros;
    return q;
  };
  if (precision.gradient_quantiser == GradientQuantiser::two_phase) {
    // One reading of the gradient, two copies; GradScale's maximum adjusts the scale of the next step.
    const ValueId even = copy(for_dgrad, ", even"), odd = copy(for_wgrad, ", odd");
    const ValueId maximum = value(name + ":maximum", "fp32", Elements{1});
    graph_.value(maximum).kept = true;
    for (const ValueId grid : {even, odd}) {
      add_node(index, Pass::vector_bwd, NodeKind::pointwise, elements, {all_of(dy)}, {all_of(grid)},
               {{VectorKind::two_phase_quantise, elements}});
    }
    add_node(index, Pass::vector_bwd, NodeKind::reduction, elements, {all_of(dy)}, {all_of(maximum, true)},
             {{VectorKind::gradient_max, elements}});
    return {even, odd};
  }
  const auto cast_to = [&](const std::string& to) {
    if (to == format) return dy;
    const ValueId q = copy(to, "");
    add_node(index, Pass::vector_bwd, NodeKind::pointwise, elements, {all_of(dy)}, {all_of(q)},
             {{VectorKind::cast, elements}});
    return q;
  };
  const ValueId first = cast_to(for_dgrad);
  return {first, for_wgrad == for_dgrad ? first : cast_to(for_wgrad)};
}

void Builder::contribute_operand(LayerIndex index, std::size_t input, ValueId operand, ValueId gradient) {
  const LayerIndex source = made_by_.at(*outputs_[layer(index).inputs[input]]);
  const auto copies = quantised_.find(source);
  if (copies != quantised_.end()) {
    for (auto& [format, copy] : copies->second) {
      if (copy.value != operand || !copy.inside) continue;
      copy.gradients.push_back(gradient);  // on through PACT once every reader of the copy has added its own
      return;
    }
  }
  contribute(layer(index).inputs[input], gradient);  // a cast passes gradients as they are
}

void Builder::gradients_of_copies(LayerIndex index) {
  const auto copies = quantised_.find(index);
  if (copies == quantised_.end()) return;
  for (auto& [format, copy] : copies->second) {
    if (copy.gradients.empty()) continue;
    // PACT: the gradient passes inside the clip; outside of it, it adds up to the clip's own gradient.
    const std::string name = graph_.value(copy.value).name;  // a copy: new values move the old ones
    const ValueId dy = sum_gradients(index, copy.gradients, name + ":grad");
    const Elements elements = graph_.value(dy).elements;
    const ValueId dx = value(name + ":grad (pact)", recipe_.vector, elements);
    const ValueId clip = value(name + ":clip:grad", "fp32", Elements{1});
    add_node(index, Pass::vector_bwd, NodeKind::pointwise, elements, {all_of(dy), all_of(*copy.inside)},
             {all_of(dx), all_of(clip, true)}, {{VectorKind::pact_backward, elements}});
    contribute_small(index, copy.clip, clip);
    contribute(index, dx);
  }
}

void Builder::backward_gemm(LayerIndex index, ValueId dy) {
  const Layer& l = layer(index);
  if (l.bias) {
    const std::uint64_t channels = l.kind == LayerKind::conv2d ? l.output.front() : l.output.back();
    const ValueId bias_gradient = value(l.name + ":bias:grad", "fp32", Elements{channels});
    add_node(index, Pass::vector_bwd, NodeKind::reduction, graph_.value(dy).elements, {all_of(dy)},
             {all_of(bias_gradient, true)}, {{VectorKind::bias_gradient, graph_.value(dy).elements}});
    contribute_small(index, *saved_[index].bias, bias_gradient);
  }
  const auto [even, odd] = gradient_operands(index, dy);
  wgrad(index, odd);
  if (needs_gradient(l.inputs.front())) contribute_operand(index, 0, *saved_[index].a, dgrad(index, even));
}

ValueId Builder::dgrad(LayerIndex index, ValueId gradient) {
  const Layer& l = layer(index);
  const ValueId dx =
      value(l.name + ":in:grad", precision_.of(index).dgrad.output, whole(input_of(index).output));
  std::vector<GemmPart> parts;
  if (l.kind == LayerKind::conv2d) {
    parts = conv_dgrad(l, input_of(index), batch_);
  } else {
    GemmPart part{forward_work(index), whole(l.output), weights_of(index).elements};
    std::swap(part.gemm->n, part.gemm->k);
    parts.push_back(part);
  }
  return add_gemm(index, Pass::dgrad, gradient, weight_operand(index, precision_.of(index).dgrad.b), dx,
                  std::move(parts));
}

void Builder::wgrad(LayerIndex index, ValueId gradient) {
  const Layer& l = layer(index);
  const Precision& precision = precision_.of(index);
  const ValueId x = activation_operand(index, 0, precision.wgrad.a);
  const ValueId dw = value(l.name + ":weight:grad", precision.wgrad.output, weights_of(index).elements);
  GemmPart part;
  part.b = whole(l.output);
  if (l.kind == LayerKind::conv2d) {
    part.gemm = conv_wgrad(l, input_of(index), batch_);
    part.a = touched_inputs(l, input_of(index), batch_);
  } else {
    part.gemm = forward_work(index);
    std::swap(part.gemm->m, part.gemm->k);
    part.gemm->b_is_weights = false;
    part.gemm->reduces_over_batch = true;
    part.a = whole(input_of(index).output);
  }
  add_gemm(index, Pass::wgrad, x, gradient, dw, {part});
  contribute_weights(index, dw);
}

void Builder::backward_matmul(LayerIndex index, ValueId dy) {
  // C = A B (or A B^T): dA = dC B^T in the formats of dgrad, dB = A^T dC in those of wgrad.
  const Layer& l = layer(index);
  const Precision& precision = precision_.of(index);
  const auto [for_a, for_b] = gradient_operands(index, dy);
  const GemmWork forward = forward_work(index);
  const Elements a = whole(input_of(index, 0).output), b = whole(input_of(index, 1).output),
                 c = whole(l.output);
  if (needs_gradient(l.inputs[0])) {
    GemmPart part{forward, c, b};
    std::swap(part.gemm->n, part.gemm->k);
    const ValueId da = value(l.name + ":a:grad", precision.dgrad.output, a);
    add_gemm(index, Pass::dgrad, for_a, activation_operand(index, 1, precision.dgrad.b), da, {part});
    contribute_operand(index, 0, *saved_[index].a, da);
  }
  if (needs_gradient(l.inputs[1])) {
    GemmPart part{forward, a, c};
    std::swap(part.gemm->m, part.gemm->k);
    const ValueId db = value(l.name + ":b:grad", precision.dgrad.output, b);
    add_gemm(index, Pass::wgrad, activation_operand(index, 0, precision.wgrad.a), for_b, db, {part});
    contribute_operand(index, 1, *saved_[index].b, db);
  }
}

}  // namespace nibble::lowering
