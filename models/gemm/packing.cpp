#include "models/gemm/packing.hpp"

#include <algorithm>

namespace nibble::packing {
namespace {

constexpr std::size_t kStretch = 64;  // products: about what one tree to a few trees hold

}  // namespace

std::vector<std::size_t> stretch_ends(const std::vector<TreeSpan>& spans) {
  std::vector<std::size_t> ends;
  std::size_t begin = 0;
  for (const TreeSpan& span : spans) {
    const std::size_t end = span.begin + span.length;
    if (end - begin < kStretch && &span != &spans.back()) continue;
    ends.push_back(end);
    begin = end;
  }
  return ends;
}

Ranges find_ranges(const Vectors& source, const std::vector<std::size_t>& ends, std::size_t lanes,
                   tile_kernel::ScanFloats scan) {
  Ranges ranges{ends.size(), std::vector<OperandRange>((source.count + lanes - 1) / lanes * ends.size())};
  for (std::size_t first = 0; first < source.count; first += lanes) {
    const std::size_t used = std::min(lanes, source.count - first);
    std::size_t begin = 0;
    for (std::size_t s = 0; s < ends.size(); ++s) {
      OperandRange& cell = ranges.cells[first / lanes * ends.size() + s];
      const float* values = source.values + first * source.vector_stride + begin * source.step_stride;
      const std::size_t length = ends[s] - begin;
      cell.include(source.step_stride == 1 ? scan(values, used, source.vector_stride, length)
                                           : scan(values, length, source.step_stride, used));
      begin = ends[s];
    }
  }
  return ranges;
}

OperandRange sampled_range(const Matrix& matrix, tile_kernel::ScanFloats scan) {
  constexpr std::size_t kRuns = 16, kRun = 256;
  OperandRange range;
  const std::size_t size = matrix.values.size(), run = std::min(kRun, size);
  for (std::size_t i = 0; i < kRuns; ++i) {
    range.include(scan(matrix.values.data() + (size - run) / kRuns * i, 1, run, run));
  }
  return range;
}

std::vector<TreeSpan> joined_spans(const std::vector<TreeSpan>& spans, std::size_t per_step) {
  std::vector<TreeSpan> joined;
  for (const TreeSpan& span : spans) {
    if (joined.empty() || joined.back().length % per_step != 0) {
      joined.push_back(span);
    } else {
      joined.back().length += span.length;
    }
  }
  return joined;
}

}  // namespace nibble::packing
