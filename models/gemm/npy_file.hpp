#pragma once

#include <string>

#include "models/gemm/gemm.hpp"

namespace nibble {

/// Reads a matrix of NumPy's format 1.0, 2.0 or 3.0: two dimensions, little-endian float32 ('<f4'), C or Fortran
/// order. InputError [NPY-FILE] (unreadable), [NPY-FORMAT] (not NPY, another type, another shape, a wrong length).
[[nodiscard]] Matrix read_npy(const std::string& path);

/// The content of an NPY file: version 1.0, C order.
[[nodiscard]] std::string npy_content(const Matrix& matrix);

}  // namespace nibble
