#pragma once

#include <cstdint>

#include "models/config/accelerator.hpp"
#include "sim/validation/work_builder.hpp"

namespace nibble {

/// What the rows of each kind did on the card. Each throws InputError [MEASURED-VALUE] for sizes that the row
/// lacks.

/// Additions, chains of them, functions of one argument.
void pointwise_row(WorkBuilder& builder, const MeasuredKernel& kernel, const Accelerator& accelerator);
/// A matrix and a row, a column or a constant; a row and a column.
void broadcast_row(WorkBuilder& builder, const MeasuredKernel& kernel, const Accelerator& accelerator);
/// Transposes and concatenations.
void copy_row(WorkBuilder& builder, const MeasuredKernel& kernel, const Accelerator& accelerator);
/// Sums and maxima along rows, sums over rows.
void reduction_row(WorkBuilder& builder, const MeasuredKernel& kernel);
/// Softmax along rows.
void softmax_row(WorkBuilder& builder, const MeasuredKernel& kernel, const Accelerator& accelerator);
/// Products of matrices and of batches of them.
void matmul_row(WorkBuilder& builder, const MeasuredKernel& kernel, const Accelerator& accelerator);

/// How many cores ran it: those of the row, or all.
[[nodiscard]] std::uint64_t cores_of(const MeasuredKernel& kernel, const Accelerator& accelerator);
/// Bytes of one core's scratchpad that the card's compiler plans whole tensors into.
[[nodiscard]] Bytes planned_l1(const Accelerator& accelerator);
/// What a held tensor takes of the share that kernels have for their tiles: only what the rest of the
/// scratchpad cannot hold.
[[nodiscard]] Bytes taken_from_tiles(Bytes held, const Accelerator& accelerator);
/// InputError [MEASURED-VALUE] unless m and n, and k for a `product`, are given.
void require_sizes(const MeasuredKernel& kernel, bool product);

}  // namespace nibble
