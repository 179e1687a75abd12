#pragma once

#include <cstdint>
#include <vector>

#include "sim/detailed/verify_case.hpp"
#include "tests/support/forked.hpp"
#include "tests/support/small_machine.hpp"

namespace nibble::detailed {

/// One MAC an element, one weight a buffer, no pipeline; weights enter a row a cycle, and the port is never in the way.
inline VerifyCase systolic(std::uint32_t rows, std::uint32_t columns, std::uint32_t buffers, std::uint64_t m, std::uint64_t folds) {
  VerifyCase textbook;
  textbook.accelerator = test::small_machine();
  Core& core = textbook.accelerator.core;
  core.mpe.rows = core.l0.slices = rows;
  core.mpe.columns = columns;
  core.mpe.lanes = 1;
  core.mpe.registers = Bytes{2 * buffers};
  core.mpe.weight_buffers = buffers;
  core.mpe.weight_rows_a_cycle = 1;
  core.mpe.accumulators = 2048;
  core.mpe.mac_latency_cycles = 1;
  core.l1.corelet_bandwidth = BytesPerCycle{4096};
  textbook.mode = core.mpe.modes[0];
  textbook.a_format = textbook.b_format = "fp16";
  textbook.m = m;
  textbook.n = columns;
  textbook.k = rows * folds;
  return textbook;
}

struct Outcome {
  double detailed = 0, fast = 0, wrong = 0, same = 0;
};

inline Outcome run(const VerifyCase& chosen) {
  const std::vector<double> numbers = test::forked([&] {
    const VerifyResult result = run_case(chosen);
    return std::vector<double>{static_cast<double>(result.detailed_cycles), static_cast<double>(result.fast_cycles),
                               static_cast<double>(result.wrong_elements), result.difference().empty() ? 1.0 : 0.0};
  });
  return {numbers[0], numbers[1], numbers[2], numbers[3]};
}

}  // namespace nibble::detailed
