#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/mapper/mapper.hpp"

namespace nibble {

/// Columns of such a file, in the order in which results repeat them.
inline constexpr std::array kMeasuredColumns{"source", "op",    "batch", "m",            "n",           "k",
                                             "dtype",  "cores", "split", "where_inputs", "measured_us", "note"};
/// One row of a file of measured kernel times: what ran on the card, how it was shared, and how long it took.
struct MeasuredKernel {
  std::array<std::string, 12> fields;  ///< as in the file, in the order of kMeasuredColumns
  std::string op, dtype, where_inputs, note;
  std::string split_text;              ///< "(4,8,1)", "(1,4,8,1)", "planner" or ""
  std::uint64_t batch = 1, m = 0, n = 0, k = 0;
  std::uint32_t cores = 0;             ///< 0: the file does not say
  std::optional<CoreSplit> split;      ///< forced: (m,n,k) or (b,m,n,k); unset if the card's compiler chose
  double measured_us = 0;              ///< 0: not measured, to be predicted only
  int line = 0;

  /// The benchmark that made the row, from `bench_op=` in the note: "neg", "add3_sep"; "" if the note names none.
  [[nodiscard]] std::string bench() const;
  /// Values of the machine were chosen on the rows of half of the shapes, which this is one of. All rows of a shape (batch, m, n,
  /// k) are in one half, drawn by a hash of it.
  [[nodiscard]] bool in_fitted_half() const;
  /// The whole number behind `key=` in the note: "tiles", "lx_planning".
  [[nodiscard]] std::optional<std::uint64_t> noted(const std::string& key) const;
  /// Parts of the rows that were worked through one after another: "coarse tiles=4" or "tiles=4" in the note, else 1.
  /// InputError [MEASURED-VALUE] for none or more than 4096 of them.
  [[nodiscard]] std::uint64_t tiles() const;
};

/// Reads a CSV (RFC 4180) with the columns source, op, batch, m, n, k, dtype, cores, split, where_inputs, measured_us, note
/// in any order. InputError [MEASURED-...] with file, line, column and what is allowed.
[[nodiscard]] std::vector<MeasuredKernel> read_measured_kernels(const std::string& path);

}  // namespace nibble
