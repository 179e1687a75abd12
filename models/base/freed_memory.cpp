#include "models/base/freed_memory.hpp"

#include <malloc.h>

#include <limits>

namespace nibble {

void keep_freed_memory() {
  constexpr int kLargestThreshold = 32 << 20;  // glibc refuses more
  mallopt(M_MMAP_THRESHOLD, kLargestThreshold);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
}

}  // namespace nibble
