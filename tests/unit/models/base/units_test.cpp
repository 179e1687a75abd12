// Proves: quantities of different kinds do not mix, and the few conversions between them round as they say.
#include "models/base/units.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <type_traits>

namespace nibble {
namespace {

template <class A, class B>
concept Addable = requires(A a, B b) {
  a + b;
};
template <class A, class B>
concept Comparable = requires(A a, B b) {
  a < b;
};
template <class A, class B>
concept Multipliable = requires(A a, B b) {
  a* b;
};
template <class A, class B>
concept RatioDefined = requires(A a, B b) {
  ratio(a, b);
};

static_assert(Addable<Cycles, Cycles> && Comparable<Cycles, Cycles>);
static_assert(!Addable<Cycles, Bytes>, "bytes and cycles must not add");
static_assert(!Addable<Bits, Bytes>, "bits and bytes differ by a factor of eight");
static_assert(!Addable<Joules, Picojoules>, "a factor of 1e12 must be written out");
static_assert(!Addable<Cycles, std::uint64_t>, "a naked number says not what it counts");
static_assert(!Comparable<Cycles, Seconds>);
static_assert(!Multipliable<Cycles, Bytes> && Multipliable<Bytes, std::uint64_t>);
static_assert(RatioDefined<Bytes, Bytes> && !RatioDefined<Bytes, Bits>);
static_assert(!std::is_convertible_v<std::uint64_t, Cycles> &&
              std::is_constructible_v<Cycles, std::uint64_t>);
static_assert(!std::is_convertible_v<Cycles, std::uint64_t>);
static_assert(sizeof(Cycles) == sizeof(std::uint64_t), "the type costs nothing");

TEST(Quantity, Computes) {
  Cycles cycles{10};
  cycles += Cycles{5};
  cycles -= Cycles{3};
  EXPECT_EQ(cycles, Cycles{12});
  EXPECT_EQ(cycles * 2, Cycles{24});
  EXPECT_EQ(2 * cycles, Cycles{24});
  EXPECT_LT(Cycles{11}, cycles);
  EXPECT_EQ(Cycles{}, Cycles{0});
  EXPECT_DOUBLE_EQ(ratio(Bytes{3}, Bytes{4}), 0.75);
}

TEST(CeilDiv, RoundsUp) {
  EXPECT_EQ(ceil_div(0, 8), 0U);
  EXPECT_EQ(ceil_div(1, 8), 1U);
  EXPECT_EQ(ceil_div(8, 8), 1U);
  EXPECT_EQ(ceil_div(9, 8), 2U);
}

TEST(TransferTime, APartBeatCostsAWholeCycle) {
  EXPECT_EQ(transfer_time(Bytes{0}, BytesPerCycle{128}), Cycles{0});
  EXPECT_EQ(transfer_time(Bytes{1}, BytesPerCycle{128}), Cycles{1});
  EXPECT_EQ(transfer_time(Bytes{128}, BytesPerCycle{128}), Cycles{1});
  EXPECT_EQ(transfer_time(Bytes{129}, BytesPerCycle{128}), Cycles{2});
  EXPECT_EQ(transfer_time(Bytes{100}, BytesPerCycle{62.5}), Cycles{2});
}

TEST(Packed, PadsTheEndOfATensorOnly) {
  EXPECT_EQ(packed(Bits{0}), Bytes{0});
  EXPECT_EQ(packed(Bits{4}), Bytes{1});
  EXPECT_EQ(packed(Bits{8}), Bytes{1});
  EXPECT_EQ(packed(Bits{3 * 4}), Bytes{2});       // three INT4 elements
  EXPECT_EQ(packed(Bits{1000 * 2}), Bytes{250});  // INT2 packs four to a byte
}

TEST(Duration, IsCyclesOverClock) {
  EXPECT_DOUBLE_EQ(duration(Cycles{1600}, Hertz{1.6e9}).value(), 1e-6);
  EXPECT_DOUBLE_EQ(to_joules(Picojoules{1e12}).value(), 1.0);
}

}  // namespace
}  // namespace nibble
