#include "sim/mapper/row_residency.hpp"

#include <algorithm>

#include "sim/mapper/conv_tiles.hpp"
#include "sim/mapper/gemm_space.hpp"

namespace nibble {
namespace {

/// The rows of `all` that lie in `part`.
std::uint64_t overlap(Span all, Span part) {
  const std::uint64_t begin = std::max(all.begin, part.begin), end = std::min(all.end, part.end);
  return end > begin ? end - begin : 0;
}

/// The spans of input rows, counted over all samples, that the output rows `rows` need: one span a sample.
std::vector<Span> needed_rows(const PixelAxis& axis, Span rows) {
  std::vector<Span> needed;
  for (std::uint64_t row = rows.begin; row < rows.end;) {
    const std::uint64_t sample = row / axis.rows();
    const std::uint64_t first = sample * axis.rows();
    const std::uint64_t end = std::min(rows.end, first + axis.rows());
    const Span in_sample = axis.input_span({row - first, end - first});
    const std::uint64_t offset = sample * axis.input_height();
    needed.push_back({offset + in_sample.begin, offset + in_sample.end});
    row = end;
  }
  return needed;
}

std::vector<RowFetch> halo(const PixelAxis& held, const PixelAxis& reader, const Tensor& tensor, std::uint32_t cores) {
  std::vector<RowFetch> fetches;
  for (std::uint32_t core = 0; core < cores; ++core) {
    const std::vector<Span> needed = needed_rows(reader, reader.split(cores, core));
    for (std::uint32_t source = 0; source < cores; ++source) {
      if (source == core) continue;
      const Span there = held.split(cores, source);
      std::uint64_t rows = 0;
      for (const Span span : needed) rows += overlap(span, there);
      if (rows == 0) continue;
      fetches.push_back({core, source, Bytes{scale_up(tensor.size.value(), rows, held.all_rows())}});
    }
  }
  return fetches;
}

}  // namespace

bool shares_rows(const Step& step, const Operation& operation, const Accelerator& accelerator) {
  if (!operation.gemm || operation.pass == Pass::update) return false;
  const GemmWork& gemm = *operation.gemm;
  if (!gemm.b_is_weights && !gemm.reduces_over_batch) return false;  // attention: each sample has its own GEMMs
  return pixel_axis(step, gemm).all_rows() >= accelerator.cores;
}

std::optional<std::vector<RowFetch>> rows_to_fetch(const Step& step, const Operation& writer, const Operation& reader,
                                                   std::size_t use, const Accelerator& accelerator) {
  const GemmWork& gemm = *reader.gemm;
  const PixelAxis held = pixel_axis(step, *writer.gemm), axis = pixel_axis(step, gemm);
  const Tensor& tensor = step.tensors[reader.reads[use].tensor];
  if (held.samples() != axis.samples()) return std::nullopt;
  if (use == 0) {
    if (held.rows() != axis.input_height()) return std::nullopt;
    return halo(held, axis, tensor, accelerator.cores);
  }
  // Operands of the vector work lie as the result does, and the other operand of wgrad as the axis that it sums over:
  // element by element on the same core.
  const std::uint64_t elements = (use == 1 ? gemm.k : gemm.m) * gemm.n * gemm.count;
  if (held.rows() != axis.rows() || tensor.elements.value() != elements) return std::nullopt;
  return std::vector<RowFetch>{};
}

std::vector<Bytes> fetch_slots(const std::vector<RowFetch>& fetches, std::uint32_t cores) {
  std::vector<Bytes> slots;
  std::vector<std::size_t> next(cores);
  for (const RowFetch& fetch : fetches) {
    const std::size_t slot = next[fetch.core]++;
    if (slot == slots.size()) slots.emplace_back();
    slots[slot] = std::max(slots[slot], fetch.bytes);
  }
  return slots;
}

}  // namespace nibble
