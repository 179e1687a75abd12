#pragma once

#include <cstdint>
#include <map>

namespace nibble::training {

/// How often each exponent, floor(log2 |x|), occurs among what is neither zero nor infinite; exponents that do not occur are absent.
using ExponentHistogram = std::map<int, std::uint64_t>;

/// What one batch shows of a tensor.
struct TensorMeasure {
  double zeros = 0;  ///< share of zeros
  ExponentHistogram exponents;
};

/// Of a layer's output, and of the loss's gradient in it, loss scale left out.
struct LayerMeasure {
  TensorMeasure activation, gradient;
};

}  // namespace nibble::training
