#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sim/mapper/mapper.hpp"
#include "sim/mapper/program_check.hpp"
#include "tests/unit/sim/mapper/small_steps.hpp"

/// What the mapper's tests ask of a mapped operation.
namespace nibble::test {

/// The step's first operation, mapped and checked.
inline KernelProgram map_first(const Step& step, const Accelerator& machine, const OperationResidency& residency = {},
                               const MapperOptions& options = {}) {
  KernelProgram program = map_operation(step, 0, machine, residency, options);
  check_program(program, machine);
  return program;
}

inline const std::vector<Instruction>& queue(const KernelProgram& program, std::size_t core, Unit unit) {
  return program.cores[core].units[static_cast<std::size_t>(unit)];
}

/// Elements of C that a core completes, and the reduction that each of its output tiles gets.
struct Outputs {
  std::uint64_t elements = 0;
  std::vector<std::uint64_t> depths;
};
inline Outputs outputs_of(const std::vector<Instruction>& mpe) {
  Outputs outputs;
  std::uint64_t depth = 0;
  const Instruction* first = nullptr;
  for (const Instruction& work : mpe) {
    if (!work.acquires.empty()) {
      EXPECT_FALSE(work.accumulate);
      depth = 0;
      first = &work;
    } else {
      EXPECT_TRUE(work.accumulate);
    }
    EXPECT_EQ(std::tie(work.m, work.n, work.count), std::tie(first->m, first->n, first->count));
    depth += work.k;
    if (work.publishes.empty()) continue;
    outputs.elements += work.m * work.n * work.count;
    outputs.depths.push_back(depth);
  }
  return outputs;
}

/// All of C's elements are completed, each output tile of each k part over all of that part's reduction.
inline void expect_whole_product(const KernelProgram& program, const GemmWork& gemm) {
  std::uint64_t elements = 0, elements_times_depth = 0;
  for (std::size_t core = 0; core < program.cores.size(); ++core) {
    const Outputs outputs = outputs_of(queue(program, core, Unit::mpe));
    for (const std::uint64_t depth : outputs.depths) {
      EXPECT_EQ(depth, outputs.depths.front()) << "core " << core;
    }
    elements += outputs.elements;
    if (!outputs.depths.empty()) elements_times_depth += outputs.elements * outputs.depths.front();
  }
  EXPECT_EQ(elements_times_depth, gemm.macs().value());
  EXPECT_EQ(elements % (gemm.m * gemm.n * gemm.count), 0u);  // once for each k part
  EXPECT_EQ(totals(program).macs, gemm.macs());
}

/// A step with one operation, and what it is called where it fails.
struct Case {
  Step step;
  std::string name;
};

/// GEMMs and convolutions, forward and weight gradients, of small and odd shapes.
inline std::vector<Case> gemm_cases() {
  std::vector<Case> cases;
  const auto plain = [&](std::uint64_t batch, std::uint64_t m, std::uint64_t n, std::uint64_t k, std::uint64_t count) {
    Step step = empty_step(batch);
    Operation& operation = add_gemm(step, m, n, k, count);
    operation.gemm->b_is_weights = count == 1;
    cases.push_back({step, fmt::format("gemm {}x{}x{} x{}", m, n, k, count)});
  };
  plain(1, 1, 1, 1, 1);
  plain(4, 4, 1000, 2048, 1);     // a classifier
  plain(3, 7, 13, 11, 1);         // nothing divides
  plain(2, 256, 768, 768, 1);     // a transformer's projection
  plain(2, 128, 128, 64, 24);     // its attention
  plain(1, 1, 4096, 25088, 1);    // a vector times a large matrix
  plain(5, 1000, 3, 129, 1);
  const auto conv = [&](const Conv& shape, bool wgrad) {
    Step step = empty_step(shape.batch);
    add_conv(step, shape, wgrad);
    cases.push_back({step, fmt::format("conv {} b{} {}->{} {}x{} k{} s{} g{}", wgrad ? "wgrad" : "fwd", shape.batch,
                                       shape.in_channels, shape.out_channels, shape.size, shape.size, shape.kernel,
                                       shape.stride, shape.groups)});
  };
  for (const bool wgrad : {false, true}) {
    conv({.batch = 4, .in_channels = 3, .out_channels = 64, .size = 56, .kernel = 7, .stride = 2, .padding = 3}, wgrad);
    conv({.batch = 1, .in_channels = 32, .out_channels = 48, .size = 28, .kernel = 3, .padding = 1}, wgrad);
    conv({.batch = 6, .in_channels = 64, .out_channels = 64, .size = 7, .kernel = 3, .padding = 1}, wgrad);
    conv({.batch = 2, .in_channels = 64, .out_channels = 128, .size = 14, .kernel = 1, .stride = 2}, wgrad);
    conv({.batch = 3, .in_channels = 32, .out_channels = 32, .size = 14, .kernel = 3, .padding = 1, .groups = 32}, wgrad);
    conv({.batch = 2, .in_channels = 64, .out_channels = 64, .size = 9, .kernel = 3, .padding = 1, .groups = 4}, wgrad);
  }
  return cases;
}

/// The exchanges of statistics in a program: how many cores join each, and with how many bytes.
inline std::vector<std::pair<std::uint32_t, std::uint64_t>> exchanges_of_sums(const KernelProgram& program) {
  std::map<std::uint32_t, std::pair<std::uint32_t, std::uint64_t>> found;
  for (std::size_t core = 0; core < program.cores.size(); ++core) {
    for (const Instruction& store : queue(program, core, Unit::store)) {
      if (store.reduce_bits == 0) continue;
      EXPECT_EQ(store.reduce_bits, 32u);
      found[store.reduce] = {store.reduce_cores, store.reduce_bytes.value()};
    }
  }
  std::vector<std::pair<std::uint32_t, std::uint64_t>> all;
  for (const auto& [id, exchange] : found) all.push_back(exchange);
  return all;
}

}  // namespace nibble::test
