#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/config/accelerator.hpp"
#include "models/gemm/gemm.hpp"

namespace nibble::detailed {

/// A GEMM tile with its operand codes, as it lies in L1: `count` independent C[m, n] (+)= A[m, k] B[k, n].
struct TileWork {
  std::uint64_t m = 0, n = 0, k = 0, count = 1;
  bool depthwise = false;         ///< n = 1, each of a column's lanes may take its own group
  bool accumulate = false;        ///< C holds partial sums of the reduction before this tile
  std::vector<std::uint32_t> a;   ///< [count][m][k]
  std::vector<std::uint32_t> b;   ///< [count][k][n]
  std::vector<std::uint32_t> c;   ///< [count][m][n], in the accumulator's format

  [[nodiscard]] std::uint32_t a_at(std::uint64_t g, std::uint64_t i, std::uint64_t q) const {
    return a[(g * m + i) * k + q];
  }
  [[nodiscard]] std::uint32_t b_at(std::uint64_t g, std::uint64_t q, std::uint64_t j) const {
    return b[(g * k + q) * n + j];
  }
  [[nodiscard]] std::uint32_t& c_at(std::uint64_t g, std::uint64_t i, std::uint64_t j) {
    return c[(g * m + i) * n + j];
  }
};

/// The array as the detailed core builds it for one mode and one pair of operand formats.
struct ArrayShape {
  std::uint32_t rows = 1, columns = 1, lanes = 1;
  std::uint32_t macs = 1;            ///< of a lane and cycle
  std::uint32_t entries = 1;         ///< words of one weight buffer; output stationary: outputs of a lane
  std::uint32_t buffers = 1;
  std::uint32_t accumulators = 1;
  std::uint32_t latency = 1;
  std::uint32_t bubble = 0;
  std::uint32_t load_rows = 0;       ///< whose registers can be written in one cycle; 0: as many as the port brings
  Dataflow dataflow = Dataflow::weight_stationary;
  std::uint64_t slice_words = 1;     ///< operand words that a slice of L0 holds
  std::uint64_t head_words = 0;      ///< output stationary: words of B that L0 holds above each column
  std::uint64_t port_bits = 8;       ///< of the L1 port, a cycle
  std::uint64_t slice_bits = 8;      ///< of an L0 slice's port, a cycle: of a line in its banks
  std::string a_format, b_format;
  unsigned a_bits = 0, b_bits = 0, sum_bits = 0;
  GemmArithmetic arithmetic;         ///< the order in which this array sums
  std::uint32_t chunk_trees = 0;     ///< trees of a chunk; 0: one level

  [[nodiscard]] bool transposed() const { return dataflow == Dataflow::input_stationary; }
  [[nodiscard]] unsigned streamed_bits() const { return transposed() ? b_bits : a_bits; }  ///< an element, along the rows
};

/// InputError [ACC-REGISTERS] if a buffer holds no entry, or the registers no output.
[[nodiscard]] ArrayShape array_shape(const Core& core, const MacMode& mode, const std::string& a_format,
                                     const std::string& b_format, bool depthwise);

}  // namespace nibble::detailed
