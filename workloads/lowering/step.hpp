#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "models/base/units.hpp"
#include "models/config/recipe.hpp"
#include "workloads/trace/network.hpp"

namespace nibble {

/// Rows of the report: which part of the step an operation belongs to.
enum class Pass : std::uint8_t { fwd, dgrad, wgrad, vector_fwd, vector_bwd, update, recompute };
[[nodiscard]] std::string to_string(Pass pass);

using TensorId = std::uint32_t;

/// A tensor that lives between operations, whole batch, in the format it is stored in.
struct Tensor {
  std::string name;    ///< "layer1.0.conv1:out", "...:grad", "...:weight"
  std::string format;  ///< name in models/formats
  Elements elements;
  double zeros = 0.0;      ///< measured share of zeros
  bool parameter = false;  ///< weights, optimiser state: alive across steps, always in memory
  Bytes size;              ///< packed
  bool input = false;      ///< arrives from outside the step: images, token indices, labels
};

/// Where a convolution reads its rows: what a tile of output pixels needs of the input, halo included.
/// A GEMM row is one output pixel; rows run over batch, then height, then width.
struct ConvGeometry {
  std::uint64_t batch = 0;
  std::uint64_t in_channels = 0;  ///< of one group
  std::uint64_t in_height = 0, in_width = 0;
  std::uint64_t out_height = 0, out_width = 0;
  Window window;  ///< as this GEMM sees it (a dgrad phase has its own taps)
};

/// C[m, n] = A[m, k] * B[k, n], `count` times over (groups, heads x batch).
struct GemmWork {
  std::uint64_t m = 0, n = 0, k = 0;
  std::uint64_t count = 1;
  std::string a_format, b_format;
  TensorId a = 0, b = 0, c = 0;
  double a_zeros = 0.0, b_zeros = 0.0;
  /// Convolutions: how A's rows (fwd, dgrad) or A's columns (wgrad: A = X^T) come out of an image.
  std::optional<ConvGeometry> geometry;
  bool b_is_weights = false;        ///< B is shared by all samples: multicast to data-parallel cores
  bool reduces_over_batch = false;  ///< wgrad: k runs over samples
  bool depthwise = false;           ///< one channel a group: lanes may take different channels
  bool batched = false;             ///< one of a batch that a machine works through in turn
  /// dgrad phases of a strided convolution write interleaved parts of one tensor: this GEMM's share of C.
  double c_share = 1.0;
  [[nodiscard]] Macs macs() const { return Macs{m * n * k * count}; }
};

/// Element-wise or reducing work on the SFUs.
struct VectorWork {
  std::string what;                 ///< "batch_norm statistics + relu + quantise (pact)": for people
  Elements elements;                ///< that pass through the SFU
  double lane_ops_per_element = 0;  ///< source: models/timing/vector_cost
  Elements summed = {};             ///< of these, as often as they are summed along a row: each waits for the one before
  std::uint64_t stored_sums = 0;    ///< rows whose sum leaves the lanes for a store
  Bytes constants{};                ///< read in L1 besides the tensors: constants that lie there like a tile
  bool in_arrays = false;           ///< its large operand streams through the arrays, in whose registers the small one stays
};

/// A tensor as one operation uses it.
struct TensorUse {
  TensorId tensor = 0;
  Bytes bytes;    ///< of this use
  Bytes pitch{};  ///< how far apart in memory the pieces lie that are picked up one by one; 0 = in order
  Bytes piece{};  ///< how long each of them is; 0 = a granule
  Bytes column{};  ///< how far apart lie those that other cores pick up meanwhile; 0 = no matter
  std::uint32_t interleave = 1;  ///< matrices whose granules lie in turn in memory, of which one is used at a time; 1 = in order
  std::uint32_t clash = 100;  ///< percent of the usual turnarounds of memory between reads and writes that it meets
  bool summed = false;  ///< written: a sum (or maximum) over all samples, of which each core that shares them has a part
};

/// One kernel: a GEMM with the vector work fused behind it, or vector work alone.
struct Operation {
  std::string layer;
  Pass pass = Pass::fwd;
  std::optional<GemmWork> gemm;
  std::vector<VectorWork> vector;  ///< fused epilogue of the GEMM, or the whole operation
  std::vector<TensorUse> reads;    ///< all inputs of GEMM and vector work; a GEMM's A and B come first
  std::vector<TensorUse>
      writes;  ///< all outputs; a GEMM's C first (absent if only the epilogue's result is stored)
};

/// One training step or one inference: operations in execution order over a table of tensors.
struct Step {
  std::string network, recipe;
  bool training = true;
  bool recomputed = false;  ///< activations are computed again in the backward pass (LoweringOptions::recompute)
  std::uint64_t batch = 0;
  std::vector<Tensor> tensors;
  std::vector<Operation> operations;
  /// Layers lowered to no operation, each with the reason ("dropout: mask applied in ..."); reported as
  /// coverage.
  std::vector<std::string> free_layers;
  [[nodiscard]] Macs macs() const;
  [[nodiscard]] Macs macs(Pass pass) const;
};

/// How the step is cut into kernels.
struct LoweringOptions {
  bool fuse = true;  ///< false: every primitive is a kernel of its own and all it makes goes through memory
  /// What the vector work behind a GEMM may read besides C, in tensors as large as C: a narrower one counts for its part.
  /// ESTIMATE: three, since each takes an L1 buffer of a tile of C. A residual block's backward pass reads two and a
  /// bit at once: the other branch's gradient, the tensor that batch norm saved, and masks of one bit an element.
  std::uint32_t epilogue_streams = 3;
  /// Training: let activations go where a segment of the network ends, and compute them again before the segment's
  /// backward pass (segments.hpp): less memory for one more forward pass of all but the last segment.
  bool recompute = false;
};

/// Lowers a network to a whole step. InputError [LOW-...] names any layer that has no cost model.
[[nodiscard]] Step lower_training_step(const Network& network, const Recipe& recipe, std::uint64_t batch,
                                       const LoweringOptions& options = {});
[[nodiscard]] Step lower_inference(const Network& network, const Recipe& recipe, std::uint64_t batch,
                                   const LoweringOptions& options = {});

}  // namespace nibble
