#include "workloads/training/process_settings.hpp"

#include <dlfcn.h>
#include <torch/torch.h>

#include "models/base/freed_memory.hpp"

namespace nibble::training {
namespace {

/// One order of summation. OpenBLAS has threads of its own, of which libtorch knows nothing where Debian builds it: two of
/// them split a sum in two, and spin while they wait.
void use_one_thread() {
  torch::set_num_threads(1);
  using SetThreads = void (*)(int);
  if (const auto set = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))) set(1);
}

}  // namespace

void settle_process() {
  use_one_thread();
  keep_freed_memory();
}

}  // namespace nibble::training
