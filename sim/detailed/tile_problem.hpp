#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "models/formats/number_format.hpp"
#include "sim/detailed/tile_work.hpp"
#include "sim/detailed/verify_case.hpp"

namespace nibble::detailed {

/// An operand with the rest of the reduction that came before, as codes and as values.
struct Operands {
  std::vector<std::uint32_t> codes;
  std::vector<float> values;

  /// Any finite codes, `zeros` of them zero; of wide formats those of moderate size more often, so that sums do not just
  /// saturate.
  Operands(const std::string& name, std::size_t size, double zeros, std::mt19937_64& generator);
};

/// A corelet's part of the tile.
struct Share {
  std::uint64_t group0 = 0, groups = 0, row0 = 0, rows = 0, column0 = 0, columns = 0;
};

/// The parts of all corelets that have one.
[[nodiscard]] std::vector<Share> shares_of(const VerifyCase& drawn);

/// The tile of a case with drawn operands, cut out of a whole product whose reduction began `k_before` earlier, and what
/// models/gemm makes of it. The case and the shape stay with the caller.
class TileProblem {
 public:
  TileProblem(const VerifyCase& drawn, const ArrayShape& shape);

  [[nodiscard]] TileWork tile(const Share& share) const;
  /// A corelet's part of a whole C.
  [[nodiscard]] std::vector<std::uint32_t> part_of(const std::vector<std::uint32_t>& c, const Share& share) const;
  /// The whole C as it has to come out, in the accumulator's format.
  [[nodiscard]] std::vector<std::uint32_t> expected() const { return sums(whole_k_); }
  /// MACs of the tile with a zero operand.
  [[nodiscard]] std::uint64_t gated() const;

 private:
  [[nodiscard]] std::size_t a_index(std::uint64_t g, std::uint64_t i, std::uint64_t q) const {
    return (g * drawn_.m + i) * whole_k_ + q;
  }
  [[nodiscard]] std::size_t b_index(std::uint64_t g, std::uint64_t q, std::uint64_t j) const {
    return (g * whole_k_ + q) * drawn_.n + j;
  }
  /// C over the first k of the reduction, by the definition in models/gemm.
  [[nodiscard]] std::vector<std::uint32_t> sums(std::uint64_t k) const;

  const VerifyCase& drawn_;
  const ArrayShape& shape_;
  std::uint64_t whole_k_;
  std::mt19937_64 generator_;
  Operands a_, b_;
};

}  // namespace nibble::detailed
