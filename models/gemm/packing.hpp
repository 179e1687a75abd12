#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <vector>

#include "models/gemm/plan.hpp"

/// Operands as the tile kernels read them, and what exactness proofs need to know of their parts.
namespace nibble::packing {

/// One operand as the kernels read it. A: row after row; B: panels of `lanes` columns, one after the other.
struct Packed {
  std::size_t panels = 0;
  std::size_t panel_bytes = 0;
  std::size_t vector_steps = 0;  ///< of one row or column
  std::unique_ptr<std::byte[]> bytes;
  std::size_t capacity = 0;      ///< of `bytes`

  /// Room for `size` bytes; what was there is lost.
  void make_room(std::size_t size) {
    if (size <= capacity) return;
    bytes = std::make_unique_for_overwrite<std::byte[]>(size);
    capacity = size;
  }
  [[nodiscard]] const std::byte* panel(std::size_t i) const { return bytes.get() + i * panel_bytes; }
};

/// An operand seen as `count` vectors along the reduction.
struct Vectors {
  const float* values = nullptr;
  std::size_t count = 0;
  std::size_t vector_stride = 0, step_stride = 0;
  std::size_t length = 0;  ///< of a vector: the reduction's

  /// One vector's last value lies before the next one's first.
  [[nodiscard]] bool contiguous() const { return step_stride == 1 && vector_stride == length; }
  [[nodiscard]] float at(std::size_t vector, std::size_t k) const {
    return values[vector * vector_stride + k * step_stride];
  }
};

/// Ranges of an operand by panel and, within it, by stretch of the reduction: proofs for few values hold more often.
struct Ranges {
  std::size_t stretches = 0;
  std::vector<OperandRange> cells;  ///< panel x stretches + stretch

  [[nodiscard]] const OperandRange& at(std::size_t panel, std::size_t stretch) const {
    return cells[panel * stretches + stretch];
  }
  [[nodiscard]] OperandRange whole() const {
    OperandRange range;
    for (const OperandRange& cell : cells) range.include(cell);
    return range;
  }
};

/// Ends of the stretches that proofs are made for: after each 64 products or more, where a tree ends.
[[nodiscard]] std::vector<std::size_t> stretch_ends(const std::vector<TreeSpan>& spans);

[[nodiscard]] Ranges find_ranges(const Vectors& source, const std::vector<std::size_t>& ends, std::size_t lanes,
                                 tile_kernel::ScanFloats scan);

/// Of a sample: most operands of integer formats show their unit in it.
[[nodiscard]] OperandRange sampled_range(const Matrix& matrix, tile_kernel::ScanFloats scan);

/// How an arithmetic's operands are laid out.
struct Layout {
  std::size_t per_step = 1;       ///< products of one lane side by side
  std::size_t operand_bytes = 0;  ///< of one lane's step

  [[nodiscard]] std::size_t steps(std::size_t products) const { return (products + per_step - 1) / per_step; }
};

/// Trees one behind the other that can be laid out in one go: a tree that fills its last step, and the next.
[[nodiscard]] std::vector<TreeSpan> joined_spans(const std::vector<TreeSpan>& spans, std::size_t per_step);

/// Lays `source` out in panels of `lanes` vectors. `pack_stretch` packs one stretch; false: give up.
template <class PackStretch>
bool pack(const Vectors& source, const std::vector<TreeSpan>& spans, std::size_t lanes, std::size_t vectors,
          const Layout& layout, Packed& packed, const PackStretch& pack_stretch) {
  packed.vector_steps = 0;
  for (const TreeSpan& span : spans) packed.vector_steps += layout.steps(span.length);
  const std::vector<TreeSpan> stretches = joined_spans(spans, layout.per_step);
  packed.panels = (vectors + lanes - 1) / lanes;
  packed.panel_bytes = packed.vector_steps * lanes * layout.operand_bytes;
  packed.make_room(packed.panels * packed.panel_bytes);
  std::byte* out = packed.bytes.get();
  std::size_t p = 0;
  if (lanes == 1 && source.contiguous() && stretches.size() == 1 && source.length % layout.per_step == 0) {
    // Rows one behind the other, whole steps each: one long one.
    if (!pack_stretch(tile_kernel::StretchValues{source.values, 0, 1, 1, 1, source.count * source.length}, out)) return false;
    p = source.count;
    out += p * packed.panel_bytes;
  }
  for (; p < packed.panels; ++p) {
    const float* panel = source.values + p * lanes * source.vector_stride;
    const std::size_t used = p * lanes < source.count ? std::min(lanes, source.count - p * lanes) : 0;
    for (const TreeSpan& span : stretches) {
      const std::size_t bytes = layout.steps(span.length) * lanes * layout.operand_bytes;
      if (used == 0) {  // rows that make up a last tile
        std::memset(out, 0, bytes);
      } else if (!pack_stretch(tile_kernel::StretchValues{panel + span.begin * source.step_stride, source.vector_stride,
                                                          source.step_stride, used, lanes, span.length}, out)) {
        return false;
      }
      out += bytes;
    }
  }
  return true;
}

}  // namespace nibble::packing
