#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "models/config/recipe.hpp"
#include "workloads/lowering/graph.hpp"
#include "workloads/lowering/precision.hpp"
#include "workloads/lowering/segments.hpp"
#include "workloads/trace/network.hpp"

namespace nibble::lowering {

/// A weight tensor's copy in a GEMM's format.
struct WeightCopy {
  ValueId value = 0;
  bool sawb = false;  ///< quantised by SAWB, else cast
};

/// A weight tensor: what the optimiser keeps of it and the copies that GEMMs read.
struct Weights {
  LayerIndex layer = 0;                      ///< the owner, when several layers share them
  std::optional<ValueId> master;             ///< training only
  std::map<std::string, WeightCopy> copies;  ///< by format; none in the master's own
  std::optional<ValueId> gradient;
  Elements elements;
};

/// Of small parameters, whatever the recipe: their master and optimiser state, their statistics and
/// gradients.
inline constexpr const char* kSmallMaster = "fp32";

/// Biases, normalisations' scales and shifts, quantisers' clip levels: few, so that only their count of
/// kernels matters. Read in the recipe's vector format; master and optimiser state are FP32 whatever the
/// recipe.
struct SmallParameter {
  ValueId working = 0;
  std::optional<ValueId> gradient;  ///< of all layers that read it, added up
};

/// Where a small parameter is kept: layers that share one refer to the same.
struct SmallReference {
  LayerIndex owner = 0;
  std::size_t position = 0;  ///< among the owner's small parameters
};

/// A copy of an activation in a GEMM's format.
struct QuantisedActivation {
  ValueId value = 0;
  std::optional<ValueId> inside;   ///< PACT: which elements were inside the clip
  SmallReference clip;             ///< PACT: the clip level, a small parameter of the source layer
  std::vector<ValueId> gradients;  ///< contributions to this copy's gradient
  LayerIndex last_reader = 0;
};

/// What the forward pass of a layer leaves for its backward pass.
struct Saved {
  std::vector<ValueId> errors;  ///< a detector's loss: what its gradients are made of
  std::vector<ValueId> inputs;  ///< as the layer read them
  std::optional<ValueId>
      remembered;  ///< what the backward pass reads: a mask, indices, or a tensor in the saved format
  std::optional<ValueId> statistics;
  std::optional<ValueId> running;     ///< batch norm: its averages after the latest call
  std::optional<SmallReference> affine;  ///< scale and shift of a normalisation
  std::optional<SmallReference> bias;
  std::optional<ValueId> a, b;  ///< a GEMM's operands in its formats; a product's factors
};

/// What one step of an LSTM leaves for its backward pass.
struct LstmStep {
  ValueId gates = 0;  ///< all four, after their sigmoid or tanh
  ValueId cell = 0, cell_before = 0;
  std::optional<ValueId> inside;  ///< PACT: which elements of the state were inside the clip
};

/// Builds the graph of a step: forward layer by layer, backward in reverse, then the update.
class Builder {
 public:
  /// With `recompute`, activations within segments are let go and computed again before their backward pass.
  Builder(const Network& network, const Recipe& recipe, std::uint64_t batch, bool training, bool recompute);

  void forward();
  void backward();
  void update();

  [[nodiscard]] Graph take_graph() { return std::move(graph_); }
  [[nodiscard]] std::vector<std::string> take_free_layers() { return std::move(free_layers_); }

 private:
  // forward.cpp
  void forward_layer(LayerIndex index);
  void forward_gemm(LayerIndex index);
  void forward_matmul(LayerIndex index);
  void forward_activation(LayerIndex index, VectorKind kind);
  void forward_pool(LayerIndex index);
  void forward_upsample(LayerIndex index);
  void forward_combine(LayerIndex index, VectorKind kind);
  void forward_softmax(LayerIndex index);
  void forward_dropout(LayerIndex index);
  void forward_embedding(LayerIndex index);
  void forward_concat(LayerIndex index);
  void forward_cache(LayerIndex index);
  /// The format in which the first matrix product that reads the layer, through views, takes it; else recipe.vector.
  [[nodiscard]] std::string operand_format(LayerIndex index) const;
  void forward_reshape(LayerIndex index);
  ValueId add_bias(LayerIndex index, ValueId sums);
  /// What the backward pass will read of `id`: a copy if the recipe saves in a narrower format. `domain`: elements that
  /// the kernel streams over which makes it, if not its own.
  ValueId save(LayerIndex index, ValueId id, Elements domain = {});
  [[nodiscard]] bool feeds_embeddings_only(LayerIndex index) const;

  // backward.cpp
  void backward_layer(LayerIndex index);
  void backward_activation(LayerIndex index, ValueId dy, VectorKind kind);
  void backward_pool(LayerIndex index, ValueId dy);
  void backward_combine(LayerIndex index, ValueId dy);
  void backward_reshape(LayerIndex index, ValueId dy);
  void backward_slice(LayerIndex index, ValueId dy);
  [[nodiscard]] std::optional<ValueId> gradient_of_output(LayerIndex index);
  [[nodiscard]] ValueId sum_gradients(LayerIndex index, const std::vector<ValueId>& parts,
                                      const std::string& name);
  void gradients_of_copies(LayerIndex index);
  void complete_slices(LayerIndex index);
  void backward_concat(LayerIndex index, ValueId dy);
  void backward_embedding(LayerIndex index, ValueId dy);

  // recompute.cpp
  void backward_of_segments();
  void recompute(const Segment& segment);
  void forget(LayerIndex index, LayerIndex end);
  [[nodiscard]] bool keeps_its_own(LayerIndex index) const;

  // normalisation.cpp
  void forward_batch_norm(LayerIndex index);
  void forward_layer_norm(LayerIndex index);
  void forward_rows(LayerIndex index, VectorKind kind, const std::string& statistics, Elements of_rows);
  void backward_rows(LayerIndex index, ValueId dy, VectorKind kind, Elements affine);
  void forward_rms_norm(LayerIndex index);
  void forward_l2_norm(LayerIndex index);
  void backward_rms_norm(LayerIndex index, ValueId dy);
  void backward_l2_norm(LayerIndex index, ValueId dy);
  void backward_batch_norm(LayerIndex index, ValueId dy);
  void backward_layer_norm(LayerIndex index, ValueId dy);

  // losses.cpp
  void forward_loss(LayerIndex index);
  void forward_softmax_loss(LayerIndex index);
  void forward_multibox_loss(LayerIndex index);
  void forward_yolo_loss(LayerIndex index);
  void backward_loss(LayerIndex index);
  void backward_softmax_loss(LayerIndex index);
  void backward_multibox_loss(LayerIndex index);
  void backward_yolo_loss(LayerIndex index);
  ValueId loss_value(LayerIndex index, const std::string& part);
  ValueId true_boxes(LayerIndex index);

  // gemm_nodes.cpp
  void backward_gemm(LayerIndex index, ValueId dy);
  void backward_matmul(LayerIndex index, ValueId dy);
  ValueId dgrad(LayerIndex index, ValueId gradient);
  void wgrad(LayerIndex index, ValueId gradient);
  ValueId add_gemm(LayerIndex index, Pass pass, ValueId a, ValueId b, ValueId c, std::vector<GemmPart> parts);
  ValueId activation_operand(LayerIndex index, std::size_t input, const std::string& format);
  std::pair<ValueId, ValueId> gradient_operands(LayerIndex index, ValueId dy);
  /// Hands the gradient of a GEMM's operand back to the layer that made it, through the quantiser between
  /// them.
  void contribute_operand(LayerIndex index, std::size_t input, ValueId operand, ValueId gradient);
  QuantisedActivation& quantise_activation(LayerIndex index, ValueId x, const std::string& format);
  [[nodiscard]] GemmWork forward_work(LayerIndex index) const;

  // recurrent.cpp
  /// The extents of an LSTM layer.
  struct Sequence {
    std::uint64_t batch = 0, steps = 0, features = 0, units = 0;
    [[nodiscard]] Elements state() const { return Elements{batch * units}; }  ///< of one step
    [[nodiscard]] Elements gates() const { return state() * 4; }
    [[nodiscard]] Elements all(Elements of_step) const { return of_step * steps; }
  };
  [[nodiscard]] Sequence sequence(LayerIndex index) const;
  [[nodiscard]] Elements lstm_weights(LayerIndex index) const;
  void forward_lstm(LayerIndex index);
  void backward_lstm(LayerIndex index, ValueId dy);
  void lstm_wgrad(LayerIndex index, ValueId gates);
  ValueId part_of(ValueId whole, const std::string& name, Elements elements);
  QuantisedActivation* state_copy(LayerIndex index, const std::string& format);
  ValueId quantise_state(LayerIndex index, QuantisedActivation& copy, ValueId state, LstmStep& step);
  /// State and cell of a step; `read`: both sums and the cell before.
  std::pair<ValueId, ValueId> lstm_cell(LayerIndex index, const std::vector<ValueId>& read, LstmStep& step);
  std::pair<ValueId, ValueId> lstm_cell_backward(LayerIndex index, const LstmStep& step,
                                                 const std::vector<ValueId>& state_gradients,
                                                 std::optional<ValueId> cell_gradient);
  ValueId state_gradient(LayerIndex index, ValueId gates, const LstmStep& before, std::optional<ValueId> clips);
  void gather(ValueId step, std::optional<ValueId>& all, std::uint64_t steps);
  void sum_bias(LayerIndex index, ValueId gates, std::optional<ValueId>& biases);
  void finish_steps(LayerIndex index, ValueId parts, SmallReference parameter);

  // update.cpp
  void update_weights(Weights& weights);
  void quantise_weights(const Weights& weights, ValueId master);
  ValueId update_in_place(ValueId old, std::vector<Use>& outputs);
  void update_small(LayerIndex index);

  // parameters.cpp
  Weights& weights_of(LayerIndex index);
  ValueId weight_operand(LayerIndex index, const std::string& format);
  /// The layer whose weights `index` shares; none if they are its own.
  [[nodiscard]] std::optional<LayerIndex> sharer(LayerIndex index) const;
  /// The first of a chain of layers that share: the one that has the weights.
  [[nodiscard]] LayerIndex owner_of(LayerIndex index) const;
  [[nodiscard]] std::uint64_t bias_elements(LayerIndex index) const;
  /// Adds a gradient to what other uses of the same weights left.
  void contribute_weights(LayerIndex index, ValueId gradient);
  SmallReference small_parameter(LayerIndex index, const std::string& name, std::uint64_t elements);
  [[nodiscard]] SmallParameter& small(SmallReference reference) {
    return small_[reference.owner][reference.position];
  }
  /// The bias that `index` adds: its own, or that of the layer it shares with.
  SmallReference bias_of(LayerIndex index);
  /// Scale and shift of a normalisation, its own or shared; none if it has none.
  std::optional<SmallReference> affine_of(LayerIndex index);
  /// Adds a gradient to what other uses of the same parameter left.
  void contribute_small(LayerIndex index, SmallReference parameter, ValueId gradient);

  // builder.cpp
  [[nodiscard]] const Layer& layer(LayerIndex index) const { return network_.layers[index]; }
  [[nodiscard]] Elements whole(const Shape& shape) const {
    return Elements{element_count(shape).value() * batch_};
  }
  [[nodiscard]] const Layer& input_of(LayerIndex index, std::size_t i = 0) const {
    return network_.layers[layer(index).inputs[i]];
  }
  ValueId value(const std::string& name, const std::string& format, Elements elements);
  ValueId parameter(const std::string& name, const std::string& format, Elements elements);
  /// An element-wise node with one result, of the same number of elements as `like` unless given.
  ValueId pointwise(LayerIndex index, Pass pass, VectorKind kind, std::vector<ValueId> inputs,
                    const std::string& name);
  void add_node(LayerIndex index, Pass pass, NodeKind kind, Elements domain, std::vector<Use> inputs,
                std::vector<Use> outputs, std::vector<WorkItem> work);
  [[nodiscard]] Use all_of(ValueId id, bool at_end = false) const {
    return {id, graph_.value(id).elements, at_end, at_end};
  }
  void set_output(LayerIndex index, ValueId id);
  /// Adds a gradient that flows back into the output of `index`.
  void contribute(LayerIndex index, ValueId gradient);
  [[nodiscard]] bool needs_gradient(LayerIndex index) const { return needs_gradient_[index]; }

  const Network& network_;
  const Recipe& recipe_;
  std::uint64_t batch_;
  bool training_;
  std::vector<Segment> segments_;  ///< one, unless activations are computed again
  bool recomputing_ = false;
  LayerPrecision precision_;
  Graph graph_;
  std::vector<std::optional<ValueId>> outputs_;      ///< by layer
  std::vector<Saved> saved_;                         ///< by layer
  std::vector<bool> needs_gradient_;                 ///< by layer: of its output
  std::vector<std::vector<ValueId>> contributions_;  ///< by layer: gradients of its output, to be added
  std::map<ValueId, LayerIndex> made_by_;            ///< by value: the first layer whose output it is
  std::map<LayerIndex, std::map<std::string, QuantisedActivation>>
      quantised_;                        ///< by layer of origin and format
  std::map<std::pair<LayerIndex, std::string>, SmallReference> clips_;  ///< PACT's, by the same
  std::map<ValueId, ValueId> narrowed_;  ///< copies in the format that the recipe saves in
  struct Gathered {
    ValueId value;
    Elements covered;
  };
  std::map<LayerIndex, Gathered> gathered_;  ///< by layer: gradient whose slices lie in one tensor
  std::map<LayerIndex, std::vector<LstmStep>> recurrences_;
  std::map<LayerIndex, Weights> weights_;
  std::map<LayerIndex, std::vector<SmallParameter>> small_;
  std::vector<std::string> free_layers_;
};

}  // namespace nibble::lowering
