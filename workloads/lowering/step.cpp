#include "workloads/lowering/step.hpp"

#include <fmt/format.h>

#include "models/base/error.hpp"
#include "workloads/lowering/builder.hpp"
#include "workloads/lowering/emission.hpp"
#include "workloads/lowering/fusion.hpp"

namespace nibble {
namespace {

Step lower(const Network& network, const Recipe& recipe, std::uint64_t batch, bool training,
           const LoweringOptions& options) {
  if (batch == 0) throw InputError{"LOW-BATCH", "batch = 0", "needs one sample or more"};
  if (training && !recipe.training) {
    throw InputError{"LOW-INFERENCE", fmt::format("recipe '{}' is for inference only", recipe.name),
                     "use --mode inference, or a recipe for training"};
  }
  if (training && !is_loss(network.layers.back().kind)) {
    throw InputError{"LOW-LOSS", fmt::format("network '{}' does not end in a loss", network.name),
                     "a training step starts its backward pass there: add a layer of kind loss, multibox_loss or yolo_loss"};
  }
  const bool recompute = training && options.recompute;
  lowering::Builder builder{network, recipe, batch, training, recompute};
  builder.forward();
  if (training) {
    builder.backward();
    builder.update();
  }
  Step step;
  step.network = network.name;
  step.recipe = recipe.name;
  step.training = training;
  step.recomputed = recompute;
  step.batch = batch;
  step.free_layers = builder.take_free_layers();
  lowering::Graph graph = builder.take_graph();
  graph.remove_dead_nodes();
  lowering::emit(graph, lowering::fuse(graph, options), network, step);
  return step;
}

}  // namespace

std::string to_string(Pass pass) {
  switch (pass) {
    case Pass::fwd:
      return "fwd";
    case Pass::dgrad:
      return "dgrad";
    case Pass::wgrad:
      return "wgrad";
    case Pass::vector_fwd:
      return "vector_fwd";
    case Pass::vector_bwd:
      return "vector_bwd";
    case Pass::update:
      return "update";
    case Pass::recompute:
      return "recompute";
  }
  throw InternalError{"a pass without a name"};
}

Macs Step::macs() const {
  Macs sum;
  for (const Operation& operation : operations) {
    if (operation.gemm) sum += operation.gemm->macs();
  }
  return sum;
}

Macs Step::macs(Pass pass) const {
  Macs sum;
  for (const Operation& operation : operations) {
    if (operation.gemm && operation.pass == pass) sum += operation.gemm->macs();
  }
  return sum;
}

Step lower_training_step(const Network& network, const Recipe& recipe, std::uint64_t batch,
                         const LoweringOptions& options) {
  return lower(network, recipe, batch, true, options);
}

Step lower_inference(const Network& network, const Recipe& recipe, std::uint64_t batch,
                     const LoweringOptions& options) {
  return lower(network, recipe, batch, false, options);
}

}  // namespace nibble
