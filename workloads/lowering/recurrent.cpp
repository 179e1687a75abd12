// LSTM layers. Sequences lie in memory by steps, so that a step's part of a tensor is one piece. The four gates of a unit
// are adjacent columns of both matrices: a tile of sums holds all that its units need, and the cell's arithmetic runs
// behind the product. Both matrices are one tensor, read in parts.
#include <fmt/format.h>

#include <tuple>
#include <utility>

#include "workloads/lowering/builder.hpp"

namespace nibble::lowering {
namespace {

constexpr std::uint64_t kGates = 4;  // input, forget, cell, output

/// Rows of one step or of all, times one of the two matrices.
GemmPart product_of(std::uint64_t rows, std::uint64_t inner, std::uint64_t columns) {
  GemmWork gemm;
  gemm.m = rows;
  gemm.n = columns;
  gemm.k = inner;
  gemm.b_is_weights = true;
  GemmPart part;
  part.gemm = gemm;
  part.a = Elements{rows * inner};
  part.b = Elements{inner * columns};
  return part;
}

/// A^T B, over the rows of all steps: what accumulates a weight's gradient over samples and time.
GemmPart gradient_of(std::uint64_t inputs, std::uint64_t columns, std::uint64_t rows) {
  GemmPart part = product_of(inputs, rows, columns);
  part.gemm->b_is_weights = false;
  part.gemm->reduces_over_batch = true;
  return part;
}

}  // namespace

Builder::Sequence Builder::sequence(LayerIndex index) const {
  const Layer& l = layer(index);
  return {batch_, l.output.front(), input_of(index).output.back(), l.output.back()};
}

Elements Builder::lstm_weights(LayerIndex index) const {
  const Sequence s = sequence(index);
  return Elements{kGates * s.units * (s.features + s.units)};
}

ValueId Builder::part_of(ValueId whole, const std::string& name, Elements elements) {
  const ValueId part = value(name, graph_.value(whole).format, elements);
  graph_.value(part).zeros = graph_.value(whole).zeros;
  graph_.place(part, whole);
  return part;
}

/// The copy of all states that the recurrent products read; steps fill it one after the other. None if they read the
/// output itself.
QuantisedActivation* Builder::state_copy(LayerIndex index, const std::string& format) {
  const ValueId out = *outputs_[index];
  if (graph_.value(out).format == format) return nullptr;
  const std::string name = fmt::format("{} ({})", graph_.value(out).name, format);
  const Elements elements = graph_.value(out).elements;
  QuantisedActivation copy;
  copy.value = value(name, format, elements);
  graph_.value(copy.value).zeros = graph_.value(out).zeros;
  if (precision_.of(index).activation_quantiser == ActivationQuantiser::pact) {
    copy.clip = small_parameter(index, name + ":clip", 1);
    if (training_) copy.inside = value(name + ":inside", "bit", elements);
  }
  return &quantised_[index].emplace(format, copy).first->second;
}

/// A step's state in the format of the recurrent product.
ValueId Builder::quantise_state(LayerIndex index, QuantisedActivation& copy, ValueId state, LstmStep& step) {
  const Sequence s = sequence(index);
  const bool pact = precision_.of(index).activation_quantiser == ActivationQuantiser::pact;
  const ValueId narrow = part_of(copy.value, graph_.value(copy.value).name, s.state());
  std::vector<Use> inputs{all_of(state)}, outputs{all_of(narrow)};
  std::vector<WorkItem> work{{pact ? VectorKind::pact_quantise : VectorKind::cast, s.state()}};
  if (pact) inputs.push_back(all_of(small(copy.clip).working));
  if (copy.inside) {
    step.inside = part_of(*copy.inside, graph_.value(*copy.inside).name, s.state());
    outputs.push_back(all_of(*step.inside));
    work.push_back({VectorKind::pact_mask, s.state()});
  }
  add_node(index, Pass::vector_fwd, NodeKind::pointwise, s.gates(), std::move(inputs), std::move(outputs),
           std::move(work));
  return narrow;
}

void Builder::forward_lstm(LayerIndex index) {
  const Sequence s = sequence(index);
  const std::string& name = layer(index).name;
  const Precision& precision = precision_.of(index);
  Saved& saved = saved_[index];
  saved.a = activation_operand(index, 0, precision.fwd.a);
  saved.b = weight_operand(index, precision.fwd.b);
  ValueId from_input = value(name + ":of input", precision.fwd.output, s.all(s.gates()));
  add_gemm(index, Pass::fwd, *saved.a, *saved.b, from_input,
           {product_of(s.batch * s.steps, s.features, kGates * s.units)});
  if (layer(index).bias) from_input = add_bias(index, from_input);
  set_output(index, value(name + ":out", recipe_.vector, s.all(s.state())));

  QuantisedActivation* const copy = state_copy(index, precision.fwd.a);
  ValueId state = value(name + ":state before", precision.fwd.a, s.state());
  ValueId cell = value(name + ":cell before", recipe_.vector, s.state());
  for (const ValueId initial : {state, cell}) graph_.value(initial).input = true;
  for (std::uint64_t t = 0; t < s.steps; ++t) {
    const ValueId sums = value(name + ":of state", precision.fwd.output, s.gates());
    add_gemm(index, Pass::fwd, state, *saved.b, sums, {product_of(s.batch, s.units, kGates * s.units)});
    LstmStep step;
    step.cell_before = recurrences_[index].empty() ? cell : recurrences_[index].back().cell;
    std::tie(state, cell) = lstm_cell(index, {sums, part_of(from_input, name + ":of input", s.gates()), cell}, step);
    if (copy != nullptr) state = quantise_state(index, *copy, state, step);
    recurrences_[index].push_back(step);
  }
  graph_.value(cell).name = name + ":cell after";
  graph_.value(cell).kept = true;  // where the next part of a longer sequence goes on
}

std::pair<ValueId, ValueId> Builder::lstm_cell(LayerIndex index, const std::vector<ValueId>& read, LstmStep& step) {
  const Sequence s = sequence(index);
  const std::string& name = layer(index).name;
  const ValueId state = part_of(*outputs_[index], name + ":out", s.state());
  const ValueId cell = value(name + ":cell", recipe_.vector, s.state());
  const ValueId gates = value(name + ":gates", recipe_.vector, s.gates());
  std::vector<Use> inputs;
  for (const ValueId id : read) inputs.push_back(all_of(id));
  add_node(index, Pass::vector_fwd, NodeKind::pointwise, s.gates(), std::move(inputs),
           {all_of(gates), all_of(cell), all_of(state)},
           {{VectorKind::lstm_gates, s.gates()}, {VectorKind::lstm_cell, s.state()}});
  step.gates = save(index, gates, s.gates());
  step.cell = save(index, cell, s.gates());
  return {state, cell};
}

/// Back through one step: from the gradients of its state and cell to those of its gates and of the cell before.
std::pair<ValueId, ValueId> Builder::lstm_cell_backward(LayerIndex index, const LstmStep& step,
                                                        const std::vector<ValueId>& state_gradients,
                                                        std::optional<ValueId> cell_gradient) {
  const Sequence s = sequence(index);
  const std::string& name = layer(index).name;
  const ValueId gates = value(name + ":gates:grad", recipe_.vector, s.gates());
  const ValueId cell = value(name + ":cell:grad", recipe_.vector, s.state());
  std::vector<Use> inputs{all_of(step.gates), all_of(step.cell), all_of(step.cell_before)};
  std::vector<WorkItem> work{{VectorKind::lstm_cell_backward, s.state()},
                             {VectorKind::lstm_gates_backward, s.gates()}};
  for (const ValueId id : state_gradients) inputs.push_back(all_of(id));
  if (state_gradients.size() > 1) work.push_back({VectorKind::add, s.state()});
  if (cell_gradient) inputs.push_back(all_of(*cell_gradient));
  add_node(index, Pass::vector_bwd, NodeKind::pointwise, s.gates(), std::move(inputs),
           {all_of(gates), all_of(cell)}, std::move(work));
  return {gates, cell};
}

/// The gradient that a step's gates send to the state before it.
ValueId Builder::state_gradient(LayerIndex index, ValueId gates, const LstmStep& before,
                                std::optional<ValueId> clips) {
  const Sequence s = sequence(index);
  const Precision& precision = precision_.of(index);
  const ValueId dh = value(layer(index).name + ":state:grad", precision.dgrad.output, s.state());
  add_gemm(index, Pass::dgrad, gates, weight_operand(index, precision.dgrad.b), dh,
           {product_of(s.batch, kGates * s.units, s.units)});
  if (!before.inside) return dh;
  const ValueId inside = value(graph_.value(dh).name + " (pact)", recipe_.vector, s.state());
  add_node(index, Pass::vector_bwd, NodeKind::pointwise, s.state(), {all_of(dh), all_of(*before.inside)},
           {all_of(inside), all_of(part_of(*clips, "clip:grad", Elements{1}), true)},
           {{VectorKind::pact_backward, s.state()}});
  return inside;
}

void Builder::backward_lstm(LayerIndex index, ValueId dy) {
  const Sequence s = sequence(index);
  const std::string& name = layer(index).name;
  const std::vector<LstmStep>& steps = recurrences_.at(index);
  const bool clipped = s.steps > 1 && steps.front().inside;
  std::optional<ValueId> even_all, odd_all, biases, clips, state, cell;
  if (clipped) {
    const SmallReference clip = quantised_[index].at(precision_.of(index).fwd.a).clip;
    const std::string clip_name = graph_.value(small(clip).working).name;
    clips = value(clip_name + ":grad of steps", kSmallMaster, Elements{s.steps - 1});
  }
  for (std::uint64_t t = s.steps; t-- > 0;) {
    std::vector<ValueId> state_gradients{part_of(dy, name + ":grad", s.state())};
    if (state) state_gradients.push_back(*state);
    ValueId gates = 0;
    std::tie(gates, cell) = lstm_cell_backward(index, steps[t], state_gradients, cell);
    if (layer(index).bias) sum_bias(index, gates, biases);
    const auto [even, odd] = gradient_operands(index, gates);
    gather(even, even_all, s.steps);
    if (odd != even) gather(odd, odd_all, s.steps);
    if (t > 0) state = state_gradient(index, even, steps[t - 1], clips);
  }
  if (biases) finish_steps(index, *biases, *saved_[index].bias);
  if (clips) finish_steps(index, *clips, quantised_[index].at(precision_.of(index).fwd.a).clip);
  lstm_wgrad(index, odd_all ? *odd_all : *even_all);
  if (!needs_gradient(layer(index).inputs.front())) return;
  const Precision& precision = precision_.of(index);
  const ValueId dx = value(name + ":in:grad", precision.dgrad.output, whole(input_of(index).output));
  add_gemm(index, Pass::dgrad, *even_all, weight_operand(index, precision.dgrad.b), dx,
           {product_of(s.batch * s.steps, kGates * s.units, s.features)});
  contribute_operand(index, 0, *saved_[index].a, dx);
}

/// Puts a step's value into one that holds those of all steps.
void Builder::gather(ValueId step, std::optional<ValueId>& all, std::uint64_t steps) {
  const std::string name = graph_.value(step).name + " of all steps";  // copies: a new value moves the old ones
  const std::string format = graph_.value(step).format;
  const double zeros = graph_.value(step).zeros;
  const Elements elements = graph_.value(step).elements * steps;
  if (!all) {
    all = value(name, format, elements);
    graph_.value(*all).zeros = zeros;
  }
  graph_.place(step, *all);
}

/// A step's part of the bias's gradient.
void Builder::sum_bias(LayerIndex index, ValueId gates, std::optional<ValueId>& biases) {
  const Sequence s = sequence(index);
  const Elements one{kGates * s.units};
  if (!biases) biases = value(layer(index).name + ":bias:grad of steps", kSmallMaster, s.all(one));
  add_node(index, Pass::vector_bwd, NodeKind::reduction, s.gates(), {all_of(gates)},
           {all_of(part_of(*biases, "bias:grad", one), true)}, {{VectorKind::bias_gradient, s.gates()}});
}

/// Adds up what the steps left for a small parameter.
void Builder::finish_steps(LayerIndex index, ValueId parts, SmallReference parameter) {
  const Elements all = graph_.value(parts).elements;
  const std::string name = graph_.value(small(parameter).working).name + ":grad (all steps)";
  const ValueId sum = value(name, kSmallMaster, graph_.value(small(parameter).working).elements);
  add_node(index, Pass::vector_bwd, NodeKind::reduction, all, {all_of(parts)}, {all_of(sum, true)},
           {{VectorKind::bias_gradient, all}});
  contribute_small(index, parameter, sum);
}

/// Gradients of both matrices, each one product over all samples and steps.
void Builder::lstm_wgrad(LayerIndex index, ValueId gates) {
  const Sequence s = sequence(index);
  const Precision& precision = precision_.of(index);
  const std::uint64_t rows = s.batch * s.steps, columns = kGates * s.units;
  const ValueId dw = value(layer(index).name + ":weight:grad", precision.wgrad.output, lstm_weights(index));
  const ValueId of_input = part_of(dw, "weight:grad", Elements{s.features * columns});
  const ValueId of_state = part_of(dw, "weight:grad", Elements{s.units * columns});
  const ValueId out = *outputs_[index];
  // The states before each step: all but the last and the one that came from outside, as many as the output holds.
  const bool as_is = graph_.value(out).format == precision.wgrad.a;
  const ValueId states = as_is ? out : quantise_activation(index, out, precision.wgrad.a).value;
  add_gemm(index, Pass::wgrad, states, gates, of_state, {gradient_of(s.units, columns, rows)});
  add_gemm(index, Pass::wgrad, activation_operand(index, 0, precision.wgrad.a), gates, of_input,
           {gradient_of(s.features, columns, rows)});
  contribute_weights(index, dw);
}

}  // namespace nibble::lowering
