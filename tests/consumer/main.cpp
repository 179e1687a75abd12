// Prints the cycles of one step: of ResNet-18 in FP16 on rapid, batch 1.
#include <cstdio>

#include "sim/system/simulate.hpp"

extern "C" int sc_main(int, char**) { return 3; }

int main() {
  nibble::RunRequest request;
  request.network = "resnet18";
  request.accelerator = "rapid";
  request.recipe = "fp16";
  request.batch = 1;
  const nibble::RunResult result = nibble::simulate(request);
  std::printf("%llu\n", static_cast<unsigned long long>(result.cycles.value()));
}
