// Proves, over random networks, recipes and both fusion settings: every step is a valid and complete
// computation.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "models/formats/format.hpp"
#include "test_networks.hpp"

namespace nibble {
namespace {

constexpr std::uint32_t kSeeds = 120;
constexpr std::uint64_t kBatch = 2;

std::vector<Recipe> recipes() {
  std::vector<Recipe> all{testing::fp32_recipe(), testing::fp16_recipe(), testing::hfp8_recipe(),
                          testing::fp4_recipe()};
  all.push_back(testing::fp4_recipe());  // ends in 16 bits, Adam, narrower saved tensors
  RecipeException first;
  first.match = LayerMatch::first;
  first.precision = testing::fp16_recipe().precision;
  RecipeException last = first;
  last.match = LayerMatch::last;
  all.back().exceptions = {first, last};
  all.back().optimizer = Optimizer::adam;
  all.back().saved = "fp8-152";
  all.back().stochastic_rounding = true;
  return all;
}

template <class Check>
void for_each_step(bool training, const Check& check) {
  for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
    const Network network = testing::random_network(seed);
    for (const Recipe& recipe : recipes()) {
      for (const bool fuse : {true, false}) {
        SCOPED_TRACE(::testing::Message()
                     << "seed " << seed << ", recipe " << recipe.name << ", fuse " << fuse);
        const LoweringOptions options{.fuse = fuse};
        check(network, recipe,
              training ? lower_training_step(network, recipe, kBatch, options)
                       : lower_inference(network, recipe, kBatch, options));
        if (::testing::Test::HasFailure()) return;
      }
    }
  }
}

/// Bytes of a tensor that were written before are at least those that are read of it.
void expect_written_before_read(const Step& step) {
  std::vector<std::uint64_t> written(step.tensors.size(), 0);
  for (const Operation& operation : step.operations) {
    for (const TensorUse& use : operation.reads) {
      const Tensor& tensor = step.tensors[use.tensor];
      if (tensor.parameter || tensor.input) continue;
      EXPECT_GE(written[use.tensor], use.bytes.value()) << operation.layer << " reads " << tensor.name;
    }
    for (const TensorUse& use : operation.writes) written[use.tensor] += use.bytes.value();
  }
}

/// Nothing is stored in vain: every tensor is read after it was written, but for the results of the step.
void expect_stores_are_read(const Step& step) {
  std::set<TensorId> pending;
  for (const Operation& operation : step.operations) {
    for (const TensorUse& use : operation.reads) pending.erase(use.tensor);
    for (const TensorUse& use : operation.writes) pending.insert(use.tensor);
  }
  for (const TensorId id : pending) {
    const Tensor& tensor = step.tensors[id];
    const bool result =
        tensor.parameter || tensor.elements.value() == 1 || !step.training ||  // loss, maxima, outputs
        tensor.name.ends_with(":cell after");  // where a longer sequence goes on
    EXPECT_TRUE(result) << tensor.name << " is written and never read";
  }
}

/// Formats, sizes and operand order are consistent.
void expect_well_formed(const Step& step) {
  for (const Tensor& tensor : step.tensors) {
    EXPECT_EQ(tensor.size, format_storage(tensor.format).size(tensor.elements)) << tensor.name;
  }
  for (const Operation& operation : step.operations) {
    EXPECT_TRUE(operation.gemm || !operation.vector.empty()) << operation.layer;
    EXPECT_FALSE(operation.writes.empty()) << operation.layer << " " << to_string(operation.pass);
    for (const VectorWork& work : operation.vector) EXPECT_GT(work.lane_ops_per_element, 0.0) << work.what;
    for (const auto* uses : {&operation.reads, &operation.writes}) {
      for (const TensorUse& use : *uses)
        EXPECT_LE(use.bytes, step.tensors[use.tensor].size) << operation.layer;
    }
    if (!operation.gemm) continue;
    ASSERT_GE(operation.reads.size(), 2U);
    EXPECT_EQ(operation.reads[0].tensor, operation.gemm->a);
    EXPECT_EQ(operation.reads[1].tensor, operation.gemm->b);
    EXPECT_EQ(step.tensors[operation.gemm->a].format, operation.gemm->a_format);
    EXPECT_EQ(step.tensors[operation.gemm->b].format, operation.gemm->b_format);
  }
}

/// Layers whose output the last layer depends on.
std::vector<bool> reaching_loss(const Network& network) {
  std::vector<bool> reaches(network.layers.size(), false);
  reaches.back() = true;
  for (std::size_t i = network.layers.size(); i-- > 0;) {
    if (!reaches[i]) continue;
    for (const LayerIndex input : network.layers[i].inputs) reaches[input] = true;
  }
  return reaches;
}

std::vector<bool> needing_gradient(const Network& network) {
  std::vector<bool> needs;
  for (const Layer& layer : network.layers) {
    bool any = layer.parameters > 0 || !layer.shares_weights_with.empty();
    for (const LayerIndex input : layer.inputs) any = any || needs[input];
    needs.push_back(any);
  }
  return needs;
}

/// MACs of a sample that would reach no pixel of dX, since the image is smaller than the stride.
std::uint64_t macs_of_empty_phases(const Network& network, LayerIndex index) {
  const Layer& layer = network.layers[index];
  if (layer.kind != LayerKind::conv2d) return 0;
  const Shape& in = network.layers[layer.inputs[0]].output;
  std::uint64_t reached = 1;
  for (std::size_t d = 0; d < 2; ++d) {
    const Window& w = layer.window;
    std::set<std::uint64_t> phases;
    for (std::uint64_t x = 0; x < in[d + 1]; ++x) phases.insert((x + w.padding[d]) % w.stride[d]);
    std::uint64_t taps = 0;
    for (std::uint64_t r = 0; r < w.kernel[d]; ++r) taps += phases.count(r * w.dilation[d] % w.stride[d]);
    reached *= taps;
  }
  const std::uint64_t all = layer.window.kernel[0] * layer.window.kernel[1];
  return layer_macs(network, index).value() / all * (all - reached);
}

TEST(Dataflow, TrainingReadsOnlyWhatIsThere) {
  for_each_step(true, [](const Network&, const Recipe&, const Step& step) {
    expect_written_before_read(step);
    expect_stores_are_read(step);
    expect_well_formed(step);
  });
}

TEST(Dataflow, InferenceReadsOnlyWhatIsThere) {
  for_each_step(false, [](const Network&, const Recipe&, const Step& step) {
    expect_written_before_read(step);
    expect_stores_are_read(step);
    expect_well_formed(step);
    for (const Operation& operation : step.operations) {
      EXPECT_TRUE(operation.pass == Pass::fwd || operation.pass == Pass::vector_fwd);
      for (const TensorUse& use : operation.writes) EXPECT_FALSE(step.tensors[use.tensor].parameter);
    }
  });
}

TEST(Dataflow, MacsAreTheLayersExactly) {
  for_each_step(true, [](const Network& network, const Recipe&, const Step& step) {
    const std::vector<bool> used = reaching_loss(network), needs = needing_gradient(network);
    std::uint64_t fwd = 0, dgrad = 0, wgrad = 0;
    for (LayerIndex i = 0; i < network.layers.size(); ++i) {
      const Layer& layer = network.layers[i];
      const std::uint64_t macs = layer_macs(network, i).value() * kBatch;
      if (macs == 0) continue;
      fwd += macs;
      if (!used[i]) continue;
      if (layer.kind == LayerKind::lstm) {  // no gradient to the state that came from outside
        const std::uint64_t steps = layer.output[0], units = layer.output[1], gates = 4 * units;
        dgrad += kBatch * (steps - 1) * gates * units;
        if (needs[layer.inputs[0]]) dgrad += macs - kBatch * steps * gates * units;
      } else if (needs[layer.inputs[0]]) dgrad += macs - macs_of_empty_phases(network, i) * kBatch;
      if (layer.kind != LayerKind::matmul || needs[layer.inputs[1]]) wgrad += macs;
    }
    EXPECT_EQ(testing::macs_of(step, Pass::fwd), fwd);
    EXPECT_EQ(fwd, network.macs_per_sample().value() * kBatch);
    EXPECT_EQ(testing::macs_of(step, Pass::dgrad), dgrad);
    EXPECT_EQ(testing::macs_of(step, Pass::wgrad), wgrad);
  });
}

TEST(Dataflow, UpdateTouchesEveryParameterOnce) {
  for_each_step(true, [](const Network& network, const Recipe& recipe, const Step& step) {
    const std::vector<bool> used = reaching_loss(network);
    std::uint64_t parameters = 0;
    for (LayerIndex i = 0; i < network.layers.size(); ++i)
      parameters += used[i] ? network.layers[i].parameters : 0;
    const std::uint64_t clips = testing::trained_clips(step);
    const char* optimizer = recipe.optimizer == Optimizer::adam ? "adam" : "sgd";
    EXPECT_EQ(testing::elements_of(step, optimizer), parameters + clips);

    // Every parameter that the forward pass read leaves the step with new content, exactly once.
    std::map<TensorId, std::uint64_t> written;
    for (const Operation& operation : step.operations) {
      for (const TensorUse& use : operation.writes) {
        if (step.tensors[use.tensor].parameter) written[use.tensor] += use.bytes.value();
      }
    }
    for (const auto& [tensor, bytes] : written) {
      EXPECT_EQ(bytes, step.tensors[tensor].size.value()) << step.tensors[tensor].name;
    }
  });
}

TEST(Dataflow, FusionNeverMovesMoreBytesOrChangesTheWork) {
  for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
    const Network network = testing::random_network(seed);
    for (const Recipe& recipe : recipes()) {
      for (const bool training : {true, false}) {
        const auto lower = training ? lower_training_step : lower_inference;
        const Step fused = lower(network, recipe, kBatch, {.fuse = true});
        const Step unfused = lower(network, recipe, kBatch, {.fuse = false});
        EXPECT_LT(testing::traffic(fused), testing::traffic(unfused))
            << "seed " << seed << ", " << recipe.name;
        EXPECT_LT(fused.operations.size(), unfused.operations.size());
        EXPECT_EQ(fused.macs(), unfused.macs());
        EXPECT_EQ(testing::elements_of(fused, ""), testing::elements_of(unfused, ""));
      }
    }
  }
}

TEST(Dataflow, EveryLayerHasACostOrAReason) {
  // Unfused, since a fused layer's work stands under the name of the kernel's first.
  for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
    const Network network = testing::random_network(seed);
    for (const bool training : {true, false}) {
      const auto lower = training ? lower_training_step : lower_inference;
      const Step step = lower(network, testing::fp4_recipe(), kBatch, {.fuse = false});
      std::set<std::string> accounted;
      for (const std::string& line : step.free_layers) accounted.insert(line.substr(0, line.find(": ")));
      for (const Operation& operation : step.operations) accounted.insert(operation.layer);
      for (const Layer& layer : network.layers) EXPECT_TRUE(accounted.contains(layer.name)) << layer.name;
    }
  }
}

TEST(Dataflow, LoweringIsDeterministic) {
  for (const std::uint32_t seed : {1U, 3U, 8U}) {
    const Network network = testing::random_network(seed);
    const Step one = lower_training_step(network, testing::fp4_recipe(), kBatch);
    const Step two = lower_training_step(network, testing::fp4_recipe(), kBatch);
    ASSERT_EQ(one.tensors.size(), two.tensors.size());
    ASSERT_EQ(one.operations.size(), two.operations.size());
    for (std::size_t i = 0; i < one.tensors.size(); ++i) EXPECT_EQ(one.tensors[i].name, two.tensors[i].name);
    EXPECT_EQ(testing::traffic(one), testing::traffic(two));
  }
}

}  // namespace
}  // namespace nibble
