#include "sim/mapper/gemm_slots.hpp"

namespace nibble {

Bytes GemmSlots::footprint() const {
  Bytes sum;
  for (const SlotGroup& group : groups) sum += group.size * group.count;
  return sum;
}

std::vector<Bytes> GemmSlots::sizes() const {
  std::vector<Bytes> all;
  for (const SlotGroup& group : groups) all.insert(all.end(), group.count, group.size);
  return all;
}

GemmSlots gemm_slots(const GemmSpace& space, const GemmTiling& tiling, const TileCounts& tiles,
                     const TileExtents& largest) {
  GemmSlots slots;
  const auto add = [&](std::uint64_t count, Bytes size) {
    const auto first = static_cast<SlotIndex>(slots.total);
    slots.groups.push_back({count, size});
    slots.total += count;
    return first;
  };
  const bool reduce = space.pixels_reduce;
  const std::uint64_t m = reduce ? largest.channels : largest.pixels.pixels;
  const std::uint64_t k = reduce ? largest.pixels.pixels : largest.channels;
  const std::uint64_t elements = m * largest.n * largest.count;
  slots.a_count = space.a_resident ? 0 : a_slots(tiling, tiles);
  slots.b_count = space.b_resident ? 0 : b_slots(tiling, tiles);
  slots.c_count = output_slots(space, tiling, tiles);
  slots.a = add(slots.a_count, space.a_tile(largest.pixels.input_pixels, largest.channels, largest.count));
  slots.b = add(slots.b_count, space.b_tile(k, largest.n, largest.count));
  slots.c = add(slots.c_count, space.c_tile(elements));
  if (!space.has_vector_work()) return slots;
  const std::uint64_t all_elements = space.outputs() * tiling.split.k;
  if (tiling.split.k > 1) {
    slots.reduced = add(slots.c_count, Bytes{ceil_div(space.c_tile(elements).value(), tiling.split.k)});
  }
  const auto add_use = [&](const EpilogueUse& use) {
    return use.once ? add(1, use.bytes) : add(slots.c_count, Bytes{scale_up(use.bytes.value(), elements, all_elements)});
  };
  for (const EpilogueUse& use : space.extra_reads) slots.extra_reads.push_back(add_use(use));
  for (const EpilogueUse& use : space.stores) slots.stores.push_back(add_use(use));
  return slots;
}

}  // namespace nibble
