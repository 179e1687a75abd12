#pragma once

#include <vector>

namespace nibble {

/// A tensor as the array multiplies it, and the factor that the array leaves to its output: real = value x scale.
///
/// The values are decoded codes: integers for INT4, powers of four for radix-4 FP4. MX block scales are in them.
struct Quantised {
  std::vector<float> values;
  double scale = 1.0;
};

}  // namespace nibble
