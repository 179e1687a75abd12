// The body of tile_{baseline,avx2,avx512}.cpp, compiled once for each instruction set. They define
// NIBBLE_VECTOR_BYTES before. No include guard, no includes, nothing of the standard library's templates, all in an
// unnamed namespace: an inline function compiled for AVX-512 must not be the one that the linker keeps for everybody.
//
// A tile of C stays in registers while its K products go by: sums of the current tree in vector registers, the two
// levels of accumulators beside them. Vectors are the compiler's own (GCC, Clang): +, *, &, comparisons by lane.

namespace {

using nibble::tile_kernel::Arithmetic;
using nibble::tile_kernel::Plan;
using nibble::tile_kernel::RoundingRule;
using nibble::tile_kernel::Scan;
using nibble::tile_kernel::Tree;
using nibble::tile_kernel::StretchValues;

constexpr int kBytes = NIBBLE_VECTOR_BYTES;
typedef float Float __attribute__((vector_size(kBytes)));
typedef double Double __attribute__((vector_size(kBytes)));
typedef std::int32_t Int32 __attribute__((vector_size(kBytes)));
typedef std::int64_t Int64 __attribute__((vector_size(kBytes)));

#define NIBBLE_MEMBER inline __attribute__((always_inline))
#define NIBBLE_INLINE static NIBBLE_MEMBER

/// The rounding error of sum = a + b, exactly (Knuth's two-sum).
template <class V>
NIBBLE_INLINE V error_of(V sum, V a, V b) {
  const V part = sum - a;
  return (a - (sum - part)) + (b - part);
}
// ---- What differs between instruction sets. Truncating addition: the sum cut after its last place.

#if NIBBLE_VECTOR_BYTES == 64

NIBBLE_INLINE Float fused(Float a, Float b, Float c) { return (Float)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c); }
NIBBLE_INLINE Double fused(Double a, Double b, Double c) {
  return (Double)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
}
NIBBLE_INLINE Int32 dot_pairs(Int32 a, Int32 b, Int32 c) {
  return (Int32)_mm512_dpwssd_epi32((__m512i)c, (__m512i)a, (__m512i)b);
}
NIBBLE_INLINE Int32 larger_of(Int32 a, Int32 b) { return (Int32)_mm512_max_epi32((__m512i)a, (__m512i)b); }
NIBBLE_INLINE Int32 smaller_of(Int32 a, Int32 b) { return (Int32)_mm512_min_epi32((__m512i)a, (__m512i)b); }
NIBBLE_INLINE Float add_cut(Float a, Float b) {
  return (Float)_mm512_add_round_ps((__m512)a, (__m512)b, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
}
NIBBLE_INLINE Double add_cut(Double a, Double b) {
  return (Double)_mm512_add_round_pd((__m512d)a, (__m512d)b, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
}

/// A sum of products that knows whether it is exact: rounded down all the way and rounded up all the way, it is where
/// both agree.
struct WatchedSum {
  Double down = {}, up = {};
  NIBBLE_MEMBER void add_product(Double a, Double b) {
    down = (Double)_mm512_fmadd_round_pd((__m512d)a, (__m512d)b, (__m512d)down, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
    up = (Double)_mm512_fmadd_round_pd((__m512d)a, (__m512d)b, (__m512d)up, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
  }
  /// Down, a sum of zero is -0: the sum with +0 is +0.
  NIBBLE_MEMBER Double value() const { return up + Double{}; }
  NIBBLE_MEMBER Int64 inexact() const { return down != up; }
};

#else

#if NIBBLE_VECTOR_BYTES == 32
NIBBLE_INLINE Float fused(Float a, Float b, Float c) { return (Float)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
NIBBLE_INLINE Double fused(Double a, Double b, Double c) {
  return (Double)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
}
NIBBLE_INLINE Int32 dot_pairs(Int32 a, Int32 b, Int32 c) {
  return c + (Int32)_mm256_madd_epi16((__m256i)a, (__m256i)b);
}
NIBBLE_INLINE Int32 larger_of(Int32 a, Int32 b) { return (Int32)_mm256_max_epi32((__m256i)a, (__m256i)b); }
NIBBLE_INLINE Int32 smaller_of(Int32 a, Int32 b) { return (Int32)_mm256_min_epi32((__m256i)a, (__m256i)b); }
#else
// Without a fused multiply-add: the product is exact, for every sum is.
NIBBLE_INLINE Float fused(Float a, Float b, Float c) { return a * b + c; }
NIBBLE_INLINE Double fused(Double a, Double b, Double c) { return a * b + c; }
NIBBLE_INLINE Int32 dot_pairs(Int32 a, Int32 b, Int32 c) {
  return c + (Int32)_mm_madd_epi16((__m128i)a, (__m128i)b);
}
NIBBLE_INLINE Int32 larger_of(Int32 a, Int32 b) { const Int32 first = a > b; return (a & first) | (b & ~first); }
NIBBLE_INLINE Int32 smaller_of(Int32 a, Int32 b) { const Int32 first = a < b; return (a & first) | (b & ~first); }
#endif

template <class V, class I>
NIBBLE_INLINE V add_and_cut(V a, V b) {
  const V sum = a + b;
  const V error = error_of(sum, a, b);
  // The nearest lies beyond the true sum iff the error points back towards zero: one place down then.
  const I beyond = ((error > 0) & (sum < 0)) | ((error < 0) & (sum > 0));
  return (V)((I)sum + beyond);
}
NIBBLE_INLINE Float add_cut(Float a, Float b) { return add_and_cut<Float, Int32>(a, b); }
NIBBLE_INLINE Double add_cut(Double a, Double b) { return add_and_cut<Double, Int64>(a, b); }

/// A sum of products that knows whether it is exact: products of floats are, and so are sums without an error.
struct WatchedSum {
  Double sum = {};
  Int64 wrong = {};
  NIBBLE_MEMBER void add_product(Double a, Double b) {
    const Double product = a * b;
    const Double next = sum + product;
    wrong |= error_of(next, sum, product) != 0;
    sum = next;
  }
  NIBBLE_MEMBER Double value() const { return sum; }
  NIBBLE_MEMBER Int64 inexact() const { return wrong; }
};

#endif

NIBBLE_INLINE Float spread(float x, Float) { return x - Float{}; }
NIBBLE_INLINE Double spread(double x, Double) { return x - Double{}; }

// ---- One accumulation: the exact sum a + b, rounded.

template <class V>
struct Bits;
template <>
struct Bits<Float> {
  using Vector = Int32;
  using Lane = std::int32_t;
  using Value = float;
};
template <>
struct Bits<Double> {
  using Vector = Int64;
  using Lane = std::int64_t;
  using Value = double;
};

/// kSticky and kBounded are compile-time twins of the rule's fields: the loop over trees has no branch in it.
template <class V, bool kSticky, bool kBounded>
NIBBLE_INLINE V rounded_sum(const RoundingRule& rule, V a, V b) {
  using I = typename Bits<V>::Vector;
  using Lane = typename Bits<V>::Lane;
  using Value = typename Bits<V>::Value;
  V result;
  if (rule.identity) {
    result = a + b;
  } else {
    I bits;
    if (kSticky) {
      const V nearest = a + b;
      const V cut = add_cut(a, b);
      bits = (I)cut | ((error_of(nearest, a, b) != 0) & 1);
      bits = bits + (((bits >> static_cast<Lane>(rule.drop)) & static_cast<Lane>(rule.even)) +
                     static_cast<Lane>(rule.increment));
    } else {
      bits = (I)add_cut(a, b) + static_cast<Lane>(rule.increment);
    }
    result = (V)(bits & static_cast<Lane>(rule.keep));
  }
  if (!kBounded) {
    constexpr Lane kSign = static_cast<Lane>(Lane{1} << (sizeof(Lane) * 8 - 1));
    const I sign = (I)result & kSign;
    const V magnitude = (V)((I)result & ~kSign);
    const I small = magnitude < static_cast<Value>(rule.smallest);
    const I large = magnitude > static_cast<Value>(rule.largest);
    const V beyond = spread(static_cast<Value>(rule.beyond), V{});
    const I kept = (I)result & ~small;
    result = (V)((kept & ~large) | (large & ((I)beyond | sign)));
  }
  return result;
}

// ---- Trees.

struct Int16Tree {
  using Operand = std::int32_t;  // a pair of 16-bit integers
  using Sum = Int32;
  using State = Float;
  using Value = float;
  NIBBLE_INLINE Sum load(const Operand* b) { Sum v; __builtin_memcpy(&v, b, sizeof v); return v; }
  NIBBLE_INLINE Sum broadcast(const Operand* a) { return *a - Sum{}; }
  NIBBLE_INLINE Sum multiply_add(Sum a, Sum b, Sum c) { return dot_pairs(a, b, c); }
  NIBBLE_INLINE State state(Sum sum) { return __builtin_convertvector(sum, Float); }
};

template <class V, class T>
struct FloatingTree {
  using Operand = T;
  using Sum = V;
  using State = V;
  using Value = T;
  NIBBLE_INLINE Sum load(const Operand* b) { Sum v; __builtin_memcpy(&v, b, sizeof v); return v; }
  NIBBLE_INLINE Sum broadcast(const Operand* a) { return spread(*a, Sum{}); }
  NIBBLE_INLINE Sum multiply_add(Sum a, Sum b, Sum c) { return fused(a, b, c); }
  NIBBLE_INLINE State state(Sum sum) { return sum; }
};
using Float32Tree = FloatingTree<Float, float>;
using Float64Tree = FloatingTree<Double, double>;

template <class T, int kRows, int kVectors, bool kSticky, bool kBounded>
void compute_tile(const Plan& plan, const typename T::Operand* a, const typename T::Operand* b, double* totals) {
  using State = typename T::State;
  constexpr int kLanes = kBytes / static_cast<int>(sizeof(typename T::Operand));
  State chunk[kRows][kVectors] = {};
  State total[kRows][kVectors] = {};
  for (std::size_t t = 0; t < plan.tree_count; ++t) {
    const Tree tree = plan.trees[t];
    typename T::Sum sum[kRows][kVectors] = {};
    for (std::uint32_t step = 0; step < tree.length; ++step) {
      typename T::Sum columns[kVectors];
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) columns[v] = T::load(b + v * kLanes);
#pragma GCC unroll 16
      for (int row = 0; row < kRows; ++row) {
        const typename T::Sum value = T::broadcast(a + static_cast<std::size_t>(row) * plan.row_steps);
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) sum[row][v] = T::multiply_add(value, columns[v], sum[row][v]);
      }
      ++a;
      b += kVectors * kLanes;
    }
#pragma GCC unroll 16
    for (int row = 0; row < kRows; ++row) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        chunk[row][v] = rounded_sum<State, kSticky, kBounded>(plan.chunk, chunk[row][v], T::state(sum[row][v]));
      }
    }
    if (tree.ends_chunk != 0) {
#pragma GCC unroll 16
      for (int row = 0; row < kRows; ++row) {
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) {
          total[row][v] = rounded_sum<State, kSticky, kBounded>(plan.total, total[row][v], chunk[row][v]);
          chunk[row][v] = State{};
        }
      }
    }
  }
  for (int row = 0; row < kRows; ++row) {
    for (int v = 0; v < kVectors; ++v) {
      typename T::Value lanes[kLanes];
      const State result = plan.chunked ? total[row][v] : chunk[row][v];
      __builtin_memcpy(lanes, &result, sizeof lanes);
      for (int lane = 0; lane < kLanes; ++lane) *totals++ = double{lanes[lane]} * plan.unit;
    }
  }
}

template <class T, int kRows, int kVectors>
void tile(const Plan& plan, const void* a, const void* b, double* totals) {
  const auto* left = static_cast<const typename T::Operand*>(a);
  const auto* right = static_cast<const typename T::Operand*>(b);
  const bool sticky = plan.chunk.sticky || plan.total.sticky;
  const bool bounded = plan.chunk.bounded && plan.total.bounded;
  if (sticky) {
    compute_tile<T, kRows, kVectors, true, false>(plan, left, right, totals);
  } else if (bounded) {
    compute_tile<T, kRows, kVectors, false, true>(plan, left, right, totals);
  } else {
    compute_tile<T, kRows, kVectors, false, false>(plan, left, right, totals);
  }
}

template <int kRows, int kVectors, bool kSticky>
void compute_checked_tile(const Plan& plan, const double* a, const double* b, double* totals, std::uint8_t* inexact) {
  constexpr int kLanes = kBytes / 8;
  Double chunk[kRows][kVectors] = {}, total[kRows][kVectors] = {};
  Int64 wrong[kRows][kVectors] = {};
  for (std::size_t t = 0; t < plan.tree_count; ++t) {
    const Tree tree = plan.trees[t];
    WatchedSum sum[kRows][kVectors];
    for (std::uint32_t step = 0; step < tree.length; ++step) {
#pragma GCC unroll 8
      for (int row = 0; row < kRows; ++row) {
        const Double value = spread(a[static_cast<std::size_t>(row) * plan.row_steps], Double{});
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) sum[row][v].add_product(value, Float64Tree::load(b + v * kLanes));
      }
      ++a;
      b += kVectors * kLanes;
    }
#pragma GCC unroll 8
    for (int row = 0; row < kRows; ++row) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        wrong[row][v] |= sum[row][v].inexact();
        chunk[row][v] = rounded_sum<Double, kSticky, false>(plan.chunk, chunk[row][v], sum[row][v].value());
        if (tree.ends_chunk == 0) continue;
        total[row][v] = rounded_sum<Double, kSticky, false>(plan.total, total[row][v], chunk[row][v]);
        chunk[row][v] = Double{};
      }
    }
  }
  for (int row = 0; row < kRows; ++row) {
    for (int v = 0; v < kVectors; ++v) {
      const Double result = plan.chunked ? total[row][v] : chunk[row][v];
      for (int lane = 0; lane < kLanes; ++lane) {
        *totals++ = result[lane];
        *inexact++ = wrong[row][v][lane] != 0 ? 1 : 0;
      }
    }
  }
}

template <int kRows, int kVectors>
void checked_tile(const Plan& plan, const void* a, const void* b, double* totals, std::uint8_t* inexact) {
  const auto* left = static_cast<const double*>(a);
  const auto* right = static_cast<const double*>(b);
  if (plan.chunk.sticky || plan.total.sticky) {
    compute_checked_tile<kRows, kVectors, true>(plan, left, right, totals, inexact);
  } else {
    compute_checked_tile<kRows, kVectors, false>(plan, left, right, totals, inexact);
  }
}

}  // namespace

#include "models/gemm/operand_kernel.inl"

namespace {

// As many accumulating registers as the set has room for, beside the operands.
#if NIBBLE_VECTOR_BYTES == 64
constexpr int kRows = 8, kVectors = 2;
#elif NIBBLE_VECTOR_BYTES == 32
constexpr int kRows = 4, kVectors = 2;
#else
constexpr int kRows = 4, kVectors = 2;
#endif
constexpr int kCheckedRows = kRows / 2;  // twice the registers for each sum
constexpr std::size_t kRowCount = kRows;
constexpr std::size_t kFloatColumns = kVectors * kBytes / 4;
constexpr std::size_t kDoubleColumns = kVectors * kBytes / 8;

constexpr nibble::tile_kernel::Kernels kTileKernels{
    scale_totals, scan,
    {kRowCount, kFloatColumns}, {kRowCount, kBytes / 4}, {kRowCount, kFloatColumns}, {kRowCount, kDoubleColumns},
    {kCheckedRows, kDoubleColumns},
    tile<Int16Tree, kRows, kVectors>, tile<Int16Tree, kRows, 1>, tile<Float32Tree, kRows, kVectors>,
    tile<Float64Tree, kRows, kVectors>, checked_tile<kCheckedRows, kVectors>,
    pack_int16, pack_floating<float>, pack_floating<double>};

#undef NIBBLE_INLINE
#undef NIBBLE_MEMBER

}  // namespace
