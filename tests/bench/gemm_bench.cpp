// GEMM emulation beside OpenBLAS SGEMM on the same shapes, one core. The counter is multiply-accumulates a second.

#include <benchmark/benchmark.h>
#include <cblas.h>
#include <fmt/format.h>

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

/// C[m, n] = A[m, k] x B[k, n].
struct Shape {
  std::size_t m, n, k;
};

/// Squares; then a 3x3 convolution's forward pass and weight gradient, a narrow one's, and a last layer.
constexpr Shape kShapes[] = {{256, 256, 256},  {1024, 1024, 1024}, {4096, 64, 576},
                             {64, 576, 4096}, {16384, 16, 144},   {128, 10, 512}};

void count_macs(benchmark::State& state, const Shape& shape) {
  const auto macs = static_cast<double>(shape.m * shape.n * shape.k);
  state.counters["MAC/s"] =
      benchmark::Counter(macs * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void sgemm(benchmark::State& state, const Shape& shape) {
  openblas_set_num_threads(1);
  const int m = static_cast<int>(shape.m), n = static_cast<int>(shape.n), k = static_cast<int>(shape.k);
  const Matrix a = normal_matrix(shape.m, shape.k, "fp32", 1, 1), b = normal_matrix(shape.k, shape.n, "fp32", 1, 2);
  Matrix c{shape.m, shape.n};
  for (auto _ : state) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, a.values.data(), k, b.values.data(), n, 0,
                c.values.data(), n);
    benchmark::DoNotOptimize(c.values.data());
  }
  count_macs(state, shape);
}

struct Setup {
  const char* a;
  const char* b;
  float a_scale, b_scale;
  std::uint32_t tree;
};

void emulate(benchmark::State& state, const Setup& setup, const Shape& shape, nibble::SimdLevel level) {
  nibble::GemmArithmetic arithmetic = nibble::default_arithmetic();
  arithmetic.tree_width = setup.tree;
  arithmetic.output = nibble::number_format("fp16");
  const Matrix a = normal_matrix(shape.m, shape.k, setup.a, setup.a_scale, 1);
  const Matrix b = normal_matrix(shape.k, shape.n, setup.b, setup.b_scale, 2);
  Matrix c{shape.m, shape.n};
  for (auto _ : state) {
    nibble::gemm(arithmetic, a, b, c, {level, 1});
    benchmark::DoNotOptimize(c.values.data());
  }
  count_macs(state, shape);
}

}  // namespace

int main(int argc, char** argv) {
  // Trees as wide as the default machines': 8 rows by the MACs of a lane.
  const std::pair<const char*, Setup> setups[] = {
      {"int4xfp4_dlfloat16_chunk64", {"int4", "fp4-radix4", 2.5F, 8.0F, 32}},
      {"int4xint4_dlfloat16_chunk64", {"int4", "int4", 2.5F, 2.5F, 64}},
      {"hfp8_forward_dlfloat16_chunk64", {"fp8-143", "fp8-143", 1.0F, 0.05F, 16}},
      {"hfp8_backward_dlfloat16_chunk64", {"fp8-143", "fp8-152", 0.05F, 1.0F, 16}},
      {"fp16xfp16_dlfloat16_chunk64", {"fp16", "fp16", 1.0F, 0.05F, 8}}};
  for (const Shape& shape : kShapes) {
    const std::string size = fmt::format("{}x{}x{}", shape.m, shape.n, shape.k);
    const auto add = [&](const std::string& name, auto run) {
      benchmark::RegisterBenchmark(fmt::format("{}/{}", name, size).c_str(), run)->Unit(benchmark::kMicrosecond);
    };
    add("sgemm", [shape](benchmark::State& s) { sgemm(s, shape); });
    for (const auto& [name, setup] : setups) {
      for (const nibble::SimdLevel level : nibble::available_simd_levels()) {
        add(fmt::format("{}/{}", name, nibble::word_of(level)),
            [chosen = setup, shape, level](benchmark::State& s) { emulate(s, chosen, shape, level); });
      }
    }
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
