#include "workloads/training/process_settings.hpp"

#include <dlfcn.h>
#include <malloc.h>
#include <torch/torch.h>

#include <limits>

namespace nibble::training {
namespace {

/// One order of summation. OpenBLAS has threads of its own, of which libtorch knows nothing where Debian builds it: two of
/// them split a sum in two, and spin while they wait.
void use_one_thread() {
  torch::set_num_threads(1);
  using SetThreads = void (*)(int);
  if (const auto set = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))) set(1);
}

/// Each step allocates what the last one gave back: as it comes, glibc returns large blocks to the system and gets them again
/// as fresh pages, which was a third of a step's time.
void keep_memory() {
  constexpr int kLargestThreshold = 32 << 20;  // that glibc takes
  mallopt(M_MMAP_THRESHOLD, kLargestThreshold);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
}

}  // namespace

void settle_process() {
  use_one_thread();
  keep_memory();
}

}  // namespace nibble::training
