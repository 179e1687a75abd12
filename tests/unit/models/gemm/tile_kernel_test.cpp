// Proves: what exactness proofs are told of operands (their lowest place, their largest magnitude, specials) is what one by
// one they have, on every instruction set; integers are packed only where they are some.
#include "models/gemm/tile_kernel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace nibble::tile_kernel {
namespace {

/// By frexp: value = significand x 2^exponent, significand an odd integer.
Scan scan_slowly(const std::vector<float>& values) {
  Scan all{Scan::kNone, 0, 0};
  for (const float value : values) {
    if (!std::isfinite(value)) all.special = 1;
    if (!std::isfinite(value) || value == 0) continue;
    int exponent = 0;
    auto significand = static_cast<std::int64_t>(std::ldexp(std::frexp(double{std::fabs(value)}, &exponent), 53));
    exponent -= 53;
    for (; significand % 2 == 0; significand /= 2) ++exponent;
    all.lowest = std::min(all.lowest, exponent);
    all.largest = std::max(all.largest, std::bit_cast<std::uint32_t>(std::fabs(value)));
  }
  return all;
}

void expect_same(const std::vector<float>& values, std::size_t rows) {
  const Scan slow = scan_slowly(values);
  for (const SimdLevel level : available_simd_levels()) {
    const std::size_t count = values.size() / rows;
    const Scan fast = kernels_of(level).scan(values.data(), rows, count, count);
    EXPECT_EQ(fast.lowest, slow.lowest) << word_of(level);
    EXPECT_EQ(fast.largest, slow.largest) << word_of(level);
    EXPECT_EQ(fast.special != 0, slow.special != 0) << word_of(level);
  }
}

TEST(Scan, FindsWhatEachValueHas) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float value : {0.0F, -0.0F, 1.0F, -1.5F, 0x1p-149F, 0x1.8p-148F, 0x1p-126F, 0x1.fffffcp-127F, 0x1.fffffep127F,
                            0x1.000002p-126F, kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN(),
                            std::bit_cast<float>(0x7f800001U), std::bit_cast<float>(0xffffffffU)}) {
    expect_same({value}, 1);
    expect_same({0, value, 3}, 1);
  }
  expect_same({}, 1);
  expect_same(std::vector<float>(50, 0.0F), 5);
}

TEST(Scan, FindsItInRowsOfAnyLength) {
  std::mt19937 generator{17};
  for (std::size_t length = 1; length < 80; ++length) {
    std::vector<float> values(3 * length);
    for (float& value : values) {
      value = std::bit_cast<float>(static_cast<std::uint32_t>(generator()));  // any bits
      if (generator() % 4 == 0) value = 0;
      if (length % 2 == 0 && !std::isfinite(value)) value = 1;
    }
    expect_same(values, 3);
  }
}

TEST(PackIntegers, RefusesWhatIsNone) {
  for (const SimdLevel level : available_simd_levels()) {
    const auto pack = [&](std::vector<float> values, float unit) {
      std::vector<std::int32_t> out(values.size() + 1);
      return kernels_of(level).pack_int16({values.data(), 0, 1, 1, 1, values.size()}, unit, out.data());
    };
    std::vector<float> row(37, -3.0F);
    EXPECT_EQ(pack(row, 1), 3) << word_of(level);
    EXPECT_TRUE(std::isnan(pack(row, 0.5F))) << "3 is no multiple of 2; " << word_of(level);
    row[36] = 1e9F;
    EXPECT_FALSE(pack(row, 1) <= 32767) << word_of(level);
    for (const float bad : {0.5F, 0x1p-149F, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      row[36] = bad;
      EXPECT_FALSE(pack(row, 1) <= 32767) << bad << word_of(level);
    }
  }
}

}  // namespace
}  // namespace nibble::tile_kernel
