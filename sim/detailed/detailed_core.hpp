#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <systemc>
#include <vector>

#include "sim/core/guard.hpp"
#include "sim/detailed/counts.hpp"
#include "sim/detailed/element_array.hpp"
#include "sim/detailed/operand_fetch.hpp"
#include "sim/detailed/port.hpp"
#include "sim/detailed/weight_loader.hpp"

namespace nibble::detailed {

/// DetailedCore: one corelet's array with its L0 slices, weight loader and L1 port, cycle by cycle on real codes.
///
/// A cycle has two phases. In the first, control: sums leave to L1, operands and weights arrive, a beat is issued. In the
///         second every element steps. An element sees only what others held at the end of the cycle before.
/// Order   blocks one after another: the next begins when the last beat of the one before has passed all columns and its sums are in L1. Sums that leave the array
///         in a cycle are written in the next; the last of these writes is not counted.
/// Checked by every element and foot: that sums and products which meet belong together, that no accumulator is read
///         before it is written. A broken schedule is an InternalError.
class DetailedCore : public sc_core::sc_module {
 public:
  /// Runs `work` once sc_start() is called; its C takes the result. Throw what `guard` holds afterwards.
  DetailedCore(sc_core::sc_module_name name, const ArrayShape& shape, TileWork& work, KernelGuard& guard);

  [[nodiscard]] bool done() const { return block_ == blocks_.size(); }
  [[nodiscard]] const Counts& counts() const { return counts_; }
  [[nodiscard]] const CycleBook& cycles() const { return book_; }
  void trace(sc_core::sc_trace_file* file) const;

 private:
  enum class Activity : std::uint8_t { compute, fill_drain, l1 };

  void control_phase();
  void run_cycle();
  /// Moves up to `budget` bits; returns how many.
  std::uint64_t write_sums(std::uint64_t budget);
  void end_block();
  void begin_block();
  [[nodiscard]] Activity issue(Beat& issued);
  /// When the last beat has passed every element, used or not: the sequencer counts on, it does not look.
  [[nodiscard]] std::uint64_t drained_at() const;
  [[nodiscard]] bool accumulator_free(const Beat& beat) const;
  void book(Activity activity);
  void count_block();

  const ArrayShape shape_;
  TileWork& work_;
  KernelGuard& guard_;
  CodeTable stationary_, streamed_;
  const std::vector<Block> blocks_;
  std::uint64_t cycle_ = 0;
  sc_core::sc_event tick_, data_phase_;
  ElementArray array_;
  Port port_;
  WeightLoader loader_;

  std::size_t block_ = 0;                      ///< the block in progress, or the next
  std::optional<OperandFetch> fetch_;          ///< of the block in progress; none: it waits for its weights
  BeatOrder next_beat_;
  std::vector<std::uint64_t> issued_at_;       ///< by accumulator
  std::uint64_t last_issue_ = 0;
  std::uint64_t sums_finished_ = 0;            ///< of the block, written to L1
  std::uint64_t head_sent_bits_ = 0;           ///< of the sums at the queue's front
  std::uint64_t l0_read_bits_ = 0;             ///< of the block
  Counts counts_;
  CycleBook book_;
};

}  // namespace nibble::detailed
