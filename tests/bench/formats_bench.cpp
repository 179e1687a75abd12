// Conversion of float arrays to codes and back: bytes of float in (or out) a second, one core. To nearest-even on every
// instruction set, in every other rounding on the best one; formats whose values are blocks of elements with their scales.

#include <benchmark/benchmark.h>

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "models/formats/array.hpp"
#include "models/formats/block_quantise.hpp"

namespace {

constexpr std::size_t kCount = 1 << 16;  // 256 KiB of floats: within the L2 cache

std::vector<float> log_uniform_values() {
  const nibble::RandomBits bits{1, 0};
  std::vector<float> values(kCount);
  for (std::size_t i = 0; i < kCount; ++i) {
    const double magnitude = std::exp2(bits.at(2 * i) * 0x1p-32 * 12 - 8);
    values[i] = static_cast<float>((bits.at(2 * i + 1) & 1U) != 0 ? magnitude : -magnitude);
  }
  return values;
}

template <class Code>
void encode(benchmark::State& state, const nibble::NumberFormat& format, nibble::Rounding rounding,
            nibble::SimdLevel level) {
  const std::vector<float> values = log_uniform_values();
  std::vector<Code> codes(kCount);
  nibble::Conversion conversion = format.conversion;
  conversion.rounding = rounding;
  for (auto _ : state) {
    nibble::encode_array(format, conversion, values, codes, {}, level);
    benchmark::DoNotOptimize(codes.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kCount * sizeof(float)));
}

template <class Code>
void decode(benchmark::State& state, const nibble::NumberFormat& format) {
  const std::vector<float> values = log_uniform_values();
  std::vector<Code> codes(kCount);
  nibble::encode_array(format, format.conversion, values, codes);
  std::vector<float> out(kCount);
  for (auto _ : state) {
    nibble::decode_array(format, std::span<const Code>{codes}, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kCount * sizeof(float)));
}

template <class Code>
void register_format(const nibble::NumberFormat& format) {
  const nibble::SimdLevel best = nibble::best_simd_level();
  for (const nibble::SimdLevel level : nibble::available_simd_levels()) {
    const std::string name = "encode/" + format.name + "/" + std::string{word_of(level)};
    benchmark::RegisterBenchmark(name.c_str(), [format, level](benchmark::State& s) {
      encode<Code>(s, format, nibble::Rounding::nearest_even, level);
    });
  }
  for (const std::string_view word : nibble::rounding_words()) {
    const nibble::Rounding rounding = nibble::rounding_from_word(word);
    if (rounding == nibble::Rounding::nearest_even) continue;  // above
    const std::string name = "encode/" + format.name + "/" + std::string{word};
    benchmark::RegisterBenchmark(name.c_str(), [format, rounding, best](benchmark::State& s) {
      encode<Code>(s, format, rounding, best);
    });
  }
  benchmark::RegisterBenchmark(("decode/" + format.name).c_str(),
                               [format](benchmark::State& s) { decode<Code>(s, format); });
}

void block(benchmark::State& state, const nibble::BlockFormat& format) {
  const std::vector<float> values = log_uniform_values();
  for (auto _ : state) benchmark::DoNotOptimize(nibble::block_quantise(values, format).codes.data());
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kCount * sizeof(float)));
}

}  // namespace

int main(int argc, char** argv) {
  for (const nibble::NumberFormat& format : nibble::element_formats()) {
    if (format.bits <= 8) {
      register_format<std::uint8_t>(format);
    } else if (format.bits <= 16) {
      register_format<std::uint16_t>(format);
    } else {
      register_format<std::uint32_t>(format);
    }
  }
  for (const nibble::BlockFormat& format : nibble::block_formats()) {
    benchmark::RegisterBenchmark(("block/" + std::string{format.name}).c_str(),
                                 [format](benchmark::State& s) { block(s, format); });
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
