#include "sim/system/capacity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "models/base/error.hpp"

namespace nibble {
namespace {

struct Life {
  std::size_t first = 0, last = 0;
  bool used = false;
};

std::vector<Life> lives_of(const Step& step) {
  std::vector<Life> lives(step.tensors.size());
  for (std::size_t i = 0; i < step.operations.size(); ++i) {
    for (const auto* uses : {&step.operations[i].reads, &step.operations[i].writes}) {
      for (const TensorUse& use : *uses) {
        Life& life = lives[use.tensor];
        if (!life.used) life.first = i;
        life.last = i;
        life.used = true;
      }
    }
  }
  return lives;
}

/// The largest batch below `batch` that fits; 0 if none does.
std::uint64_t largest_fitting(std::uint64_t batch, Bytes capacity, const std::function<Step(std::uint64_t)>& lower) {
  std::uint64_t fits = 0, too_large = batch;
  while (too_large - fits > 1) {
    const std::uint64_t middle = fits + (too_large - fits) / 2;
    (peak_memory(lower(middle)) <= capacity ? fits : too_large) = middle;
  }
  return fits;
}

double gibibytes(Bytes bytes) { return static_cast<double>(bytes.value()) / (1024.0 * 1024.0 * 1024.0); }

}  // namespace

Bytes peak_memory(const Step& step) {
  const std::vector<Life> lives = lives_of(step);
  Bytes always;
  std::vector<Bytes> begins(step.operations.size() + 1), ends(step.operations.size() + 1);
  for (std::size_t t = 0; t < lives.size(); ++t) {
    const Tensor& tensor = step.tensors[t];
    if (!lives[t].used) continue;
    if (tensor.parameter || tensor.input) {
      always += tensor.size;
      continue;
    }
    begins[lives[t].first] += tensor.size;
    ends[lives[t].last + 1] += tensor.size;
  }
  Bytes live = always, peak = always;
  for (std::size_t i = 0; i < step.operations.size(); ++i) {
    live = live + begins[i] - ends[i];
    peak = std::max(peak, live);
  }
  return peak;
}

Bytes check_capacity(const Step& step, const Accelerator& accelerator,
                     const std::function<Step(std::uint64_t, bool)>& lower) {
  const Bytes needed = peak_memory(step), capacity = accelerator.memory.capacity;
  if (needed <= capacity) return needed;
  const auto as_asked = [&](std::uint64_t batch) { return lower(batch, step.recomputed); };
  const std::uint64_t fits = largest_fitting(step.batch, capacity, as_asked);
  const bool would_fit =
      step.training && !step.recomputed && peak_memory(lower(step.batch, true)) <= capacity;
  throw InputError{"SYS-MEMORY",
                   fmt::format("a batch of {} a chip needs {:.4g} GiB, the memory of '{}' has {:.4g} GiB", step.batch,
                               gibibytes(needed), accelerator.name, gibibytes(capacity)),
                   (fits == 0 ? std::string{"not even a batch of 1 fits"}
                              : fmt::format("the largest batch that fits is {} a chip, {} in all", fits,
                                            fits * accelerator.chips)) +
                       (would_fit ? "; with --recompute this one fits" : "")};
}

}  // namespace nibble
