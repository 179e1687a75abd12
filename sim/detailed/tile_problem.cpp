#include "sim/detailed/tile_problem.hpp"

#include <cmath>

#include "models/formats/codec.hpp"
#include "models/gemm/accumulate.hpp"
#include "models/timing/corelet_share.hpp"

namespace nibble::detailed {
namespace {

std::uint32_t finite_code(const NumberFormat& format, std::mt19937_64& generator) {
  const std::uint64_t bits = generator();
  if (format.bits >= 16 && (bits >> 61) != 0) {
    const double value = (static_cast<double>(static_cast<std::uint32_t>(bits)) * 0x1p-31 - 1.0) * 4;
    return encode(format, format.conversion, value).code;
  }
  std::uint32_t code = static_cast<std::uint32_t>(bits) & format.code_mask();
  if (std::isfinite(decode(format, code))) return code;
  return 1;
}

}  // namespace

Operands::Operands(const std::string& name, std::size_t size, double zeros, std::mt19937_64& generator) {
  const NumberFormat format = number_format(name);
  for (std::size_t i = 0; i < size; ++i) {
    const double uniform = static_cast<double>(generator() >> 11) * 0x1p-53;
    codes.push_back(uniform < zeros ? 0 : finite_code(format, generator));
    values.push_back(static_cast<float>(decode(format, codes.back())));
  }
}

std::vector<Share> shares_of(const VerifyCase& drawn) {
  const ArrayTile whole{drawn.m, drawn.n, drawn.k, drawn.count, drawn.depthwise, drawn.k_before > 0};
  std::vector<Share> shares;
  Share next;
  for (std::uint32_t i = 0; i < drawn.accelerator.core.corelets; ++i) {
    const ArrayTile part = corelet_share(whole, drawn.split_n, drawn.accelerator.core, i);
    if (part.m == 0) continue;
    next.groups = part.count, next.rows = part.m, next.columns = part.n;
    shares.push_back(next);
    if (part.n < whole.n) {
      next.column0 += part.n;
    } else if (part.count < whole.count) {
      next.group0 += part.count;
    } else {
      next.row0 += part.m;
    }
  }
  return shares;
}

TileProblem::TileProblem(const VerifyCase& drawn, const ArrayShape& shape)
    : drawn_{drawn}, shape_{shape}, whole_k_{drawn.k_before + drawn.k}, generator_{drawn.seed * 0x9e3779b97f4a7c15U + drawn.index},
      a_{drawn.a_format, drawn.count * drawn.m * whole_k_, drawn.zeros, generator_},
      b_{drawn.b_format, drawn.count * whole_k_ * drawn.n, drawn.zeros, generator_} {}

TileWork TileProblem::tile(const Share& share) const {
  TileWork work;
  work.m = share.rows, work.n = share.columns, work.k = drawn_.k, work.count = share.groups;
  work.depthwise = drawn_.depthwise;
  work.accumulate = drawn_.k_before > 0;
  for (std::uint64_t g = share.group0; g < share.group0 + share.groups; ++g) {
    for (std::uint64_t i = share.row0; i < share.row0 + share.rows; ++i) {
      for (std::uint64_t q = drawn_.k_before; q < whole_k_; ++q) work.a.push_back(a_.codes[a_index(g, i, q)]);
    }
    for (std::uint64_t q = drawn_.k_before; q < whole_k_; ++q) {
      for (std::uint64_t j = share.column0; j < share.column0 + share.columns; ++j) work.b.push_back(b_.codes[b_index(g, q, j)]);
    }
  }
  work.c = part_of(sums(drawn_.k_before), share);
  return work;
}

std::vector<std::uint32_t> TileProblem::part_of(const std::vector<std::uint32_t>& c, const Share& share) const {
  std::vector<std::uint32_t> part;
  for (std::uint64_t g = share.group0; g < share.group0 + share.groups; ++g) {
    for (std::uint64_t i = share.row0; i < share.row0 + share.rows; ++i) {
      const auto row = c.begin() + static_cast<std::ptrdiff_t>((g * drawn_.m + i) * drawn_.n + share.column0);
      part.insert(part.end(), row, row + static_cast<std::ptrdiff_t>(share.columns));
    }
  }
  return part;
}

std::uint64_t TileProblem::gated() const {
  std::uint64_t live = 0;
  for (std::uint64_t g = 0; g < drawn_.count; ++g) {
    for (std::uint64_t q = drawn_.k_before; q < whole_k_; ++q) {
      std::uint64_t rows = 0, columns = 0;
      for (std::uint64_t i = 0; i < drawn_.m; ++i) rows += a_.values[a_index(g, i, q)] != 0 ? 1 : 0;
      for (std::uint64_t j = 0; j < drawn_.n; ++j) columns += b_.values[b_index(g, q, j)] != 0 ? 1 : 0;
      live += rows * columns;
    }
  }
  return drawn_.m * drawn_.n * drawn_.k * drawn_.count - live;
}

std::vector<std::uint32_t> TileProblem::sums(std::uint64_t k) const {
  const NumberFormat& format = shape_.arithmetic.chunk_accumulator;
  std::vector<std::uint32_t> codes;
  for (std::uint64_t g = 0; g < drawn_.count; ++g) {
    for (std::uint64_t i = 0; i < drawn_.m; ++i) {
      for (std::uint64_t j = 0; j < drawn_.n; ++j) {
        const double total = accumulate_element(shape_.arithmetic, a_.values.data() + a_index(g, i, 0), 1,
                                                b_.values.data() + b_index(g, 0, j), drawn_.n, k, i * drawn_.n + j);
        codes.push_back(encode(format, format.conversion, total).code);
      }
    }
  }
  return codes;
}

}  // namespace nibble::detailed
