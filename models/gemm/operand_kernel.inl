// The second part of tile_kernel.inl, under the same rules: what the operands hold, their layouts for the tile kernels, and
// totals that leave.

namespace {

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

}  // namespace
