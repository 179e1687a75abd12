#include "sim/validation/measured_work.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "models/base/error.hpp"
#include "sim/validation/measured_rooms.hpp"

namespace nibble {
namespace {

[[noreturn]] void unknown(const MeasuredKernel& kernel, const std::string& what, const std::string& allowed) {
  throw InputError{Problem{"MEASURED-OP", "", kernel.line, 0, what, allowed}};
}

/// Throws for what would otherwise be taken for something else.
void check_row(const MeasuredKernel& kernel, const Accelerator& accelerator) {
  constexpr std::array<std::string_view, 5> kFormats{"", "fp16", "float16", "bf16", "bfloat16"};  // all 16 bits on the card
  if (std::find(kFormats.begin(), kFormats.end(), kernel.dtype) == kFormats.end()) {
    unknown(kernel, fmt::format("dtype '{}'", kernel.dtype), "fp16, float16, bf16, bfloat16 or nothing");
  }
  if (kernel.cores > accelerator.cores) {
    unknown(kernel, fmt::format("{} cores", kernel.cores),
            fmt::format("at most the {} of {}", accelerator.cores, accelerator.name));
  }
}

}  // namespace

std::uint64_t cores_of(const MeasuredKernel& kernel, const Accelerator& accelerator) {
  return kernel.cores > 0 ? kernel.cores : accelerator.cores;
}

// spyre-measured: 1587 of 2048 KB; what is left is its kernels' own, see core.l1.allocatable of the machine.
Bytes planned_l1(const Accelerator& accelerator) {
  return Bytes{
      static_cast<std::uint64_t>(static_cast<double>(accelerator.core.l1.capacity.value()) * 1587 / 2048)};
}

Bytes taken_from_tiles(Bytes held, const Accelerator& accelerator) {
  const Bytes rest = accelerator.core.l1.capacity - usable_l1(accelerator);
  return held > rest ? held - rest : Bytes{};
}

void require_sizes(const MeasuredKernel& kernel, bool product) {
  if (kernel.m > 0 && kernel.n > 0 && (!product || kernel.k > 0)) return;
  throw InputError{Problem{"MEASURED-VALUE", "", kernel.line, 0,
                           fmt::format("{} without its sizes", kernel.op),
                           product ? "m, n and k" : "m and n"}};
}

MeasuredWork measured_work(const MeasuredKernel& kernel, const Accelerator& accelerator) {
  check_row(kernel, accelerator);
  WorkBuilder builder{kernel};
  if (kernel.op == "matmul" || kernel.op == "bmm") {
    matmul_row(builder, kernel, accelerator);
  } else if (kernel.op == "pointwise") {
    pointwise_row(builder, kernel, accelerator);
  } else if (kernel.op == "broadcast") {
    broadcast_row(builder, kernel, accelerator);
  } else if (kernel.op == "copy") {
    copy_row(builder, kernel, accelerator);
  } else if (kernel.op == "reduction") {
    reduction_row(builder, kernel);
  } else if (kernel.op == "softmax") {
    softmax_row(builder, kernel, accelerator);
  } else {
    unknown(kernel, fmt::format("operation '{}'", kernel.op),
            "matmul, bmm, pointwise, broadcast, copy, reduction or softmax");
  }
  if (kernel.where_inputs == "LX") builder.start_from_l1();
  return builder.take();
}

}  // namespace nibble
