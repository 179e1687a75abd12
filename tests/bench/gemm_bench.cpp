// GEMM emulation beside OpenBLAS SGEMM on the same shapes, one core. The counter is multiply-accumulates a second.

#include <benchmark/benchmark.h>
#include <cblas.h>

#include <cmath>

#include "models/formats/array.hpp"
#include "models/gemm/gemm.hpp"

extern "C" void openblas_set_num_threads(int threads);

namespace {

using nibble::Matrix;

/// Normal values rounded into a format; `scale`: their standard deviation.
Matrix normal_matrix(std::size_t rows, std::size_t columns, const char* format_name, float scale, std::uint64_t seed) {
  const nibble::NumberFormat format = nibble::number_format(format_name);
  const nibble::RandomBits bits{seed, 0};
  Matrix matrix{rows, columns};
  for (std::size_t i = 0; i < matrix.values.size(); ++i) {
    const double u = (bits.at(2 * i) + 0.5) * 0x1p-32, v = bits.at(2 * i + 1) * 0x1p-32;
    matrix.values[i] = scale * static_cast<float>(std::sqrt(-2 * std::log(u)) * std::cos(6.283185307179586 * v));
  }
  nibble::round_array(format, format.conversion, matrix.values, matrix.values);
  return matrix;
}

void count_macs(benchmark::State& state, std::size_t n) {
  state.counters["MAC/s"] = benchmark::Counter(static_cast<double>(n * n * n) * static_cast<double>(state.iterations()),
                                               benchmark::Counter::kIsRate);
}

void sgemm(benchmark::State& state) {
  openblas_set_num_threads(1);
  const auto n = static_cast<std::size_t>(state.range(0));
  const int size = static_cast<int>(n);
  const Matrix a = normal_matrix(n, n, "fp32", 1, 1), b = normal_matrix(n, n, "fp32", 1, 2);
  Matrix c{n, n};
  for (auto _ : state) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, size, size, size, 1, a.values.data(), size, b.values.data(),
                size, 0, c.values.data(), size);
    benchmark::DoNotOptimize(c.values.data());
  }
  count_macs(state, n);
}

struct Setup {
  const char* a;
  const char* b;
  float a_scale, b_scale;
  std::uint32_t tree;
};

void emulate(benchmark::State& state, const Setup& setup, nibble::SimdLevel level) {
  const auto n = static_cast<std::size_t>(state.range(0));
  nibble::GemmArithmetic arithmetic = nibble::default_arithmetic();
  arithmetic.tree_width = setup.tree;
  arithmetic.output = nibble::number_format("fp16");
  const Matrix a = normal_matrix(n, n, setup.a, setup.a_scale, 1), b = normal_matrix(n, n, setup.b, setup.b_scale, 2);
  Matrix c{n, n};
  for (auto _ : state) {
    nibble::gemm(arithmetic, a, b, c, {level, 1});
    benchmark::DoNotOptimize(c.values.data());
  }
  count_macs(state, n);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::RegisterBenchmark("sgemm", sgemm)->Arg(256)->Arg(1024)->Unit(benchmark::kMillisecond);
  // Trees as wide as the default machines': 8 rows by the MACs of a lane.
  const std::pair<const char*, Setup> setups[] = {
      {"int4xfp4_dlfloat16_chunk64", {"int4", "fp4-radix4", 2.5F, 8.0F, 32}},
      {"int4xint4_dlfloat16_chunk64", {"int4", "int4", 2.5F, 2.5F, 64}},
      {"hfp8_forward_dlfloat16_chunk64", {"fp8-143", "fp8-143", 1.0F, 0.05F, 16}},
      {"hfp8_backward_dlfloat16_chunk64", {"fp8-143", "fp8-152", 0.05F, 1.0F, 16}},
      {"fp16xfp16_dlfloat16_chunk64", {"fp16", "fp16", 1.0F, 0.05F, 8}}};
  for (const auto& [name, setup] : setups) {
    for (const nibble::SimdLevel level : nibble::available_simd_levels()) {
      const std::string full = std::string{name} + "/" + std::string{nibble::word_of(level)};
      const Setup chosen = setup;
      benchmark::RegisterBenchmark(full.c_str(), [chosen, level](benchmark::State& s) { emulate(s, chosen, level); })
          ->Arg(256)->Arg(1024)->Unit(benchmark::kMillisecond);
    }
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
