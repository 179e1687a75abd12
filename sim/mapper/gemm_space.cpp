#include "sim/mapper/gemm_space.hpp"

#include <algorithm>
#include <cmath>

#include "models/base/check.hpp"
#include "models/formats/format.hpp"
#include "models/timing/vector_cost.hpp"

namespace nibble {

namespace {

// An extra operand this many times smaller than the output is a parameter of the vector work, not a stream ...
constexpr std::uint64_t kOnceRatio = 16;
// ... if it also is small enough to keep beside the tiles for the whole kernel.
constexpr Bytes kOnceLimit{16 * 1024};

EpilogueUse epilogue_use(const Tensor& tensor, const TensorUse& use, const GemmWork& gemm) {
  const std::uint64_t outputs = gemm.m * gemm.n * gemm.count, columns = gemm.n * gemm.count;
  EpilogueUse epilogue{use.bytes};
  epilogue.once = use.bytes <= kOnceLimit && tensor.elements.value() * kOnceRatio <= outputs;
  epilogue.summed = use.summed && epilogue.once;
  epilogue.by_channel = tensor.elements.value() % columns == 0;
  epilogue.bits = static_cast<std::uint32_t>(format_storage(tensor.format).bits);
  return epilogue;
}

}  // namespace

bool samples_are_counted(const Step& step, const GemmWork& gemm) {
  return !gemm.geometry && !gemm.b_is_weights && !gemm.reduces_over_batch && gemm.count % step.batch == 0;
}

PixelAxis pixel_axis(const Step& step, const GemmWork& gemm) {
  const std::uint64_t extent = gemm.reduces_over_batch ? gemm.k : gemm.m;
  if (gemm.geometry) {
    PixelAxis axis{*gemm.geometry};
    NIBBLE_CHECK(axis.pixels() == extent, "geometry has {} output pixels, the GEMM {}", axis.pixels(), extent);
    return axis;
  }
  const bool by_sample = !samples_are_counted(step, gemm) && step.batch > 0 && extent % step.batch == 0;
  return by_sample ? PixelAxis{step.batch, extent / step.batch} : PixelAxis{extent, 1};
}

GemmSpace::GemmSpace(const Step& step, std::size_t index, const Accelerator& machine,
                     const OperationResidency& residency)
    : operation{&step.operations.at(index)},
      accelerator{&machine},
      mode{&require_mac_mode(machine, operation->gemm->a_format, operation->gemm->b_format)},
      pixels{pixel_axis(step, *operation->gemm)} {
  const GemmWork& gemm = *operation->gemm;
  NIBBLE_CHECK(operation->reads.size() == 2 || !operation->vector.empty(),
               "{}: operands besides A and B, and no vector work that reads them", operation->layer);
  NIBBLE_CHECK(operation->reads.size() >= 2 && gemm.macs().value() > 0, "{}: a GEMM needs operands and work",
               operation->layer);
  pixels_reduce = gemm.reduces_over_batch;
  samples_in_count = samples_are_counted(step, gemm);
  channels = pixels_reduce ? gemm.m : gemm.k;
  if (gemm.geometry) {
    const std::uint64_t window = gemm.geometry->window.kernel[0] * gemm.geometry->window.kernel[1];
    if (channels % window == 0) taps = window;
  }
  n = gemm.n;
  count = gemm.count;
  a = operation->reads[0].bytes;
  b = operation->reads[1].bytes;
  a_resident = residency.read_resident(0);
  b_resident = residency.read_resident(1);
  accumulator_bits = format_storage(mode->accumulator).bits;
  for (const VectorWork& work : operation->vector) {
    lane_ops += static_cast<std::uint64_t>(
        std::llround(static_cast<double>(work.elements.value()) * work.lane_ops_per_element));
    lane_waits += summing_waits(machine.core, work.summed, work.stored_sums);
  }
  for (std::size_t use = 2; use < operation->reads.size(); ++use) {
    const TensorUse& read = operation->reads[use];
    l1_extra_reads += read.bytes;
    if (residency.read_resident(use)) continue;
    extra_reads.push_back(epilogue_use(step.tensors.at(read.tensor), read, gemm));
  }
  for (std::size_t use = 0; use < operation->writes.size(); ++use) {
    const TensorUse& write = operation->writes[use];
    l1_writes += write.bytes;
    if (!residency.stored(use)) continue;
    stores.push_back(epilogue_use(step.tensors.at(write.tensor), write, gemm));
  }
  const Bytes usable = usable_l1(machine);
  NIBBLE_CHECK(residency.occupied < usable, "{}: residency holds {} of {} bytes of L1", operation->layer,
               residency.occupied.value(), usable.value());
  by_sample = residency.by_sample;
  by_columns = residency.by_columns;
  fetches = residency.fetches;
  fetch_slots = nibble::fetch_slots(fetches, machine.cores);
  budget = budget_beside(usable, residency.occupied);
}

Bytes GemmSpace::budget_beside(Bytes usable, Bytes occupied) const {
  Bytes left = usable - occupied;
  for (const Bytes slot : fetch_slots) left -= std::min(left, slot);
  return left;
}

std::uint64_t GemmSpace::outputs() const {
  return operation->gemm->m * operation->gemm->n * operation->gemm->count;
}

Bytes GemmSpace::a_tile(std::uint64_t input_pixels, std::uint64_t tile_channels, std::uint64_t groups) const {
  const std::uint64_t of_pixels = scale_up(a.value(), input_pixels, pixels.input_pixels());
  return Bytes{scale_up(of_pixels, tile_channels * groups, channels * count)};
}

Bytes GemmSpace::b_tile(std::uint64_t k_extent, std::uint64_t n_extent, std::uint64_t groups) const {
  return Bytes{scale_up(b.value(), k_extent * n_extent * groups, operation->gemm->k * n * count)};
}

CorePosition core_position(const CoreSplit& split, std::uint64_t core) {
  CorePosition position;
  position.k = core % split.k;
  position.n = core / split.k % split.n;
  position.m = core / (split.k * split.n) % split.m;
  position.count = core / (split.k * split.n * split.m);
  return position;
}

std::uint64_t core_number(const CoreSplit& split, const CorePosition& position) {
  return ((position.count * split.m + position.m) * split.n + position.n) * split.k + position.k;
}

CoreShare core_share(const GemmSpace& space, const CoreSplit& split, const CorePosition& position) {
  const bool reduce = space.pixels_reduce;
  const std::uint64_t units = space.channels / space.taps;
  CoreShare share;
  share.groups = balanced_part(space.count, split.count, position.count);
  share.rows = reduce ? space.pixels.split(split.k, position.k) : space.pixels.split(split.m, position.m);
  share.channels = space.taps * (reduce ? balanced_part(units, split.m, position.m).size()
                                        : balanced_part(units, split.k, position.k).size());
  share.n = balanced_part(space.n, split.n, position.n).size();
  return share;
}

}  // namespace nibble
