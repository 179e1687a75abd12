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

// ---- Looking at operands, and laying them out.

constexpr std::size_t kWords = kBytes / 4;  // floats, or pairs of 16-bit integers, in a vector
typedef std::int16_t Int16 __attribute__((vector_size(kBytes / 2)));

/// The first `count` floats of a vector; zeros behind them. Reads no further.
NIBBLE_INLINE Float load_first(const float* values, std::size_t count) {
#if NIBBLE_VECTOR_BYTES == 64
  return (Float)_mm512_maskz_loadu_ps(static_cast<__mmask16>((1U << count) - 1), values);
#elif NIBBLE_VECTOR_BYTES == 32
  const Int32 lane = {0, 1, 2, 3, 4, 5, 6, 7};
  return (Float)_mm256_maskload_ps(values, (__m256i)(lane < static_cast<std::int32_t>(count)));
#else
  Float loaded = {};
  __builtin_memcpy(&loaded, values, count * sizeof(float));
  return loaded;
#endif
}

/// Running minima and maxima by lane, as bits of positive floats. Zeros are neutral; what is not finite shows in `largest`.
struct LaneScan {
  Int32 lowest = kInfinity - Int32{};  ///< bits of the value of the lowest bit, less one
  Int32 largest = {};

  static constexpr std::int32_t kInfinity = 0x7F800000;

  NIBBLE_MEMBER void include(Int32 bits) {
    bits &= 0x7FFFFFFF;
    largest = larger_of(largest, bits);
    // A significand's lowest bit is what its float loses without it: exact. A power of two is its own.
    const Int32 without = (Int32)((Float)bits - (Float)(bits & (bits - 1)));
    const Int32 power = (bits & 0x7FFFFF) == 0;
    const Int32 lowest_bit = (bits & power) | (without & ~power);
    lowest = smaller_of(lowest, (lowest_bit - 1) & 0x7FFFFFFF);  // a zero becomes the largest integer
  }
};

/// The place of a power of two, by its float's bits.
std::int32_t place_of(std::int32_t bits) {
  return bits >= 0x800000 ? (bits >> 23) - 127 : __builtin_ctz(static_cast<unsigned>(bits)) - 149;
}

/// The largest finite magnitude's bits, one by one.
std::uint32_t largest_finite(const float* values, std::size_t rows, std::size_t stride, std::size_t count) {
  std::uint32_t largest = 0;
  for (std::size_t i = 0; i < rows * count; ++i) {
    std::uint32_t bits;
    __builtin_memcpy(&bits, values + i / count * stride + i % count, sizeof bits);
    bits &= 0x7FFFFFFFU;
    if (bits < static_cast<std::uint32_t>(LaneScan::kInfinity) && bits > largest) largest = bits;
  }
  return largest;
}

Scan scan(const float* values, std::size_t rows, std::size_t stride, std::size_t count) {
  constexpr std::size_t kLanes = kBytes / 4;
  LaneScan lanes;
  for (std::size_t row = 0; row < rows; ++row) {
    const float* in = values + row * stride;
    std::size_t i = 0;
    Int32 bits;
    for (; i + kLanes <= count; i += kLanes) {
      __builtin_memcpy(&bits, in + i, sizeof bits);
      lanes.include(bits);
    }
    if (i < count) lanes.include((Int32)load_first(in + i, count - i));
  }
  std::int32_t lowest = LaneScan::kInfinity, largest = 0;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    if (lanes.lowest[lane] < lowest) lowest = lanes.lowest[lane];
    if (lanes.largest[lane] > largest) largest = lanes.largest[lane];
  }
  const bool special = largest >= LaneScan::kInfinity;
  return {lowest + 1 < LaneScan::kInfinity ? place_of(lowest + 1) : Scan::kNone,
          special ? largest_finite(values, rows, stride, count) : static_cast<std::uint32_t>(largest), special ? 1U : 0U};
}

/// Up to kWords floats, `stride` apart; zeros behind them.
NIBBLE_INLINE Float load_floats(const float* values, std::size_t count, std::size_t stride) {
  Float loaded = {};
  if (stride != 1) {
    for (std::size_t i = 0; i < count; ++i) loaded[i] = values[i * stride];
  } else if (count == kWords) {
    __builtin_memcpy(&loaded, values, sizeof loaded);
  } else {
    loaded = load_first(values, count);
  }
  return loaded;
}

/// Floats that become integers, and what is known of all of them so far.
struct Integers {
  float unit, back;          ///< back: 1 / unit
  Int32 largest = {};        ///< bits of the largest magnitudes in the unit
  Int32 fraction = {};       ///< not zero once a value was no integer

  /// 16-bit integers in the lower halves. Added to kPlace, a float of less than 2^22 leaves its integer in the lowest bits;
  /// larger ones are worthless, and `largest` tells.
  NIBBLE_MEMBER Int32 of(Float values) {
    constexpr float kPlace = 0x1.8p23F;
    const Float scaled = values * unit;
    largest = larger_of(largest, (Int32)scaled & 0x7FFFFFFF);
    const Float placed = scaled + kPlace;
    fraction |= (Int32)((placed - kPlace) * back - values);  // +0 where nothing is lost
    return (Int32)placed;
  }
  /// As PackIntegers returns it.
  NIBBLE_MEMBER float verdict() const {
    std::int32_t bits = 0, wrong = 0;
    for (std::size_t i = 0; i < kWords; ++i) {
      if (largest[i] > bits) bits = largest[i];
      wrong |= fraction[i];
    }
    float magnitude;
    __builtin_memcpy(&magnitude, &bits, sizeof magnitude);
    return wrong == 0 ? magnitude : __builtin_nanf("");
  }
};

/// One lane, its values side by side: pairs lie in memory as single integers do.
float pack_int16_row(const StretchValues& stretch, float unit, std::int16_t* out) {
  Integers integers{unit, 1 / unit};
  std::size_t k = 0;
  for (; k + kWords <= stretch.length; k += kWords) {
    const Int16 narrow = __builtin_convertvector(integers.of(load_floats(stretch.values + k, kWords, 1)), Int16);
    __builtin_memcpy(out + k, &narrow, sizeof narrow);
  }
  const std::size_t left = stretch.length - k;
  const Int16 narrow = __builtin_convertvector(integers.of(load_floats(stretch.values + k, left, 1)), Int16);
  __builtin_memcpy(out + k, &narrow, (left + left % 2) * sizeof(std::int16_t));
  return integers.verdict();
}

float pack_int16(const StretchValues& stretch, float unit, void* out) {
  if (stretch.lanes == 1 && stretch.step_stride == 1) return pack_int16_row(stretch, unit, static_cast<std::int16_t*>(out));
  auto* pairs = static_cast<std::int32_t*>(out);
  Integers integers{unit, 1 / unit};
  for (std::size_t k = 0; k < stretch.length; k += 2) {
    for (std::size_t lane = 0; lane < stretch.lanes; lane += kWords) {
      const std::size_t used = lane >= stretch.used ? 0 : (stretch.used - lane < kWords ? stretch.used - lane : kWords);
      const float* first = stretch.values + k * stretch.step_stride + lane * stretch.lane_stride;
      const bool paired = k + 1 < stretch.length;
      const Int32 low = integers.of(load_floats(first, used, stretch.lane_stride));
      const Int32 high = integers.of(load_floats(first + (paired ? stretch.step_stride : 0), paired ? used : 0, stretch.lane_stride));
      const Int32 both = (low & 0xFFFF) | (high << 16);
      const std::size_t lanes = stretch.lanes - lane < kWords ? stretch.lanes - lane : kWords;
      __builtin_memcpy(pairs + lane, &both, lanes * sizeof(std::int32_t));
    }
    pairs += stretch.lanes;
  }
  return integers.verdict();
}

typedef float HalfFloat __attribute__((vector_size(kBytes / 2)));

NIBBLE_INLINE void store_first(const Float& values, float* out, std::size_t count) {
  __builtin_memcpy(out, &values, count * sizeof(float));
}
NIBBLE_INLINE void store_first(const Float& values, double* out, std::size_t count) {
  HalfFloat half[2];
  __builtin_memcpy(half, &values, sizeof values);
  const Double wide[2] = {__builtin_convertvector(half[0], Double), __builtin_convertvector(half[1], Double)};
  __builtin_memcpy(out, wide, count * sizeof(double));
}

/// One NaN for all: what the kernels do to its bits is known for this one.
NIBBLE_INLINE Float one_nan(Float values) {
  const Int32 number = values == values;
  return (Float)(((Int32)values & number) | (0x7FC00000 & ~number));
}

/// One lane, its values side by side.
template <class T>
void pack_floating_row(const float* values, std::size_t length, T* out) {
  std::size_t k = 0;
  for (; k + kWords <= length; k += kWords) store_first(one_nan(load_first(values + k, kWords)), out + k, kWords);
  if (k < length) store_first(one_nan(load_first(values + k, length - k)), out + k, length - k);
}

template <class T>
void pack_floating(const StretchValues& stretch, void* out) {
  auto* values = static_cast<T*>(out);
  if (stretch.lanes == 1 && stretch.step_stride == 1) {
    pack_floating_row(stretch.values, stretch.length, values);
    return;
  }
  for (std::size_t k = 0; k < stretch.length; ++k) {
    const float* in = stretch.values + k * stretch.step_stride;
    for (std::size_t lane = 0; lane < stretch.lanes; lane += kWords) {
      const std::size_t used = lane >= stretch.used ? 0 : (stretch.used - lane < kWords ? stretch.used - lane : kWords);
      const std::size_t lanes = stretch.lanes - lane < kWords ? stretch.lanes - lane : kWords;
      store_first(one_nan(load_floats(in + lane * stretch.lane_stride, used, stretch.lane_stride)), values + lane, lanes);
    }
    values += stretch.lanes;
  }
}

bool scale_totals(const double* totals, double scale, bool nearest, float* outputs, std::size_t count) {
  constexpr std::uint64_t kCut = (std::uint64_t{1} << 29) - 1;
  const std::uint64_t cut = nearest ? 0 : kCut;
  std::uint64_t outside = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double product = totals[i] * scale;
    std::uint64_t bits;
    __builtin_memcpy(&bits, &product, sizeof bits);
    const std::uint64_t field = (bits >> 52) & 0x7FF;  // NaN and infinity, 2047, pass
    outside |= static_cast<std::uint64_t>((field - (1023 - 120) > 246) & (field != 0x7FF) & (product != 0));
    bits = (bits & ~cut) | ((bits & cut) != 0 ? kCut + 1 : 0);
    double odd;
    __builtin_memcpy(&odd, &bits, sizeof odd);
    outputs[i] = static_cast<float>(odd);
  }
  return outside == 0;
}

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
