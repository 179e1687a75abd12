#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <systemc>
#include <vector>

#include "sim/core/guard.hpp"
#include "sim/detailed/counts.hpp"
#include "sim/detailed/l0_slice.hpp"
#include "sim/detailed/operand_fetch.hpp"
#include "sim/detailed/operand_word.hpp"
#include "sim/detailed/port.hpp"
#include "sim/detailed/tile_work.hpp"

namespace nibble::detailed {

/// Where an array is: at which port, as which of its arrays.
struct PortSeat {
  Port& port;
  std::uint32_t array = 0;
};

/// DetailedCore: the sequencer of one corelet's array with its L0 slices, at an L1 port, cycle by cycle on real codes.
///
/// A cycle has two phases. In the first, control: sums leave to L1, operands and weights arrive, a beat is issued. In the
///         second every element steps. An element sees only what others held at the end of the cycle before.
/// Order   blocks one after another: the next begins when the last beat of the one before has passed all columns and its sums
///         are in L1. Sums that leave the array in a cycle are written in the next; the last of these writes is not counted.
/// Checked by every element and foot: that sums and products which meet belong together, that no accumulator is read
///         before it is written. A broken schedule is an InternalError.
/// Arrays on one port: each has its turn in a cycle, in an order that changes (Port).
/// The array itself is a dataflow's: StationaryCore, OutputStationaryCore.
class DetailedCore : public sc_core::sc_module {
 public:
  [[nodiscard]] bool done() const { return block_ == blocks_.size(); }
  [[nodiscard]] const Counts& counts() const { return counts_; }
  [[nodiscard]] const CycleBook& cycles() const { return book_; }
  [[nodiscard]] virtual L0Accesses l0_accesses() const = 0;
  void trace(sc_core::sc_trace_file* file) const;

 protected:
  DetailedCore(sc_core::sc_module_name name, const ArrayShape& shape, TileWork& work, PortSeat seat, KernelGuard& guard);

  [[nodiscard]] const Block& block() const { return blocks_[block_]; }
  [[nodiscard]] std::size_t block_index() const { return block_; }  ///< in progress, or the next
  /// The last beat has passed every element, used or not: the sequencer counts on, it does not look.
  [[nodiscard]] bool drained() const { return next_beat_.at_end() && cycle_ >= drained_at(); }

  const ArrayShape shape_;
  TileWork& work_;
  const std::vector<Block> blocks_;
  std::uint64_t cycle_ = 0;
  sc_core::sc_event tick_, data_phase_;
  std::deque<FinishedSums> outputs_;           ///< sums that wait for the port

 private:
  enum class Activity : std::uint8_t { compute, fill_drain, l1 };

  /// Bits of weights that would be loaded in this cycle if they could.
  [[nodiscard]] virtual std::uint64_t wanted_load() const { return 0; }
  virtual void load(Port& /*port*/) {}
  [[nodiscard]] virtual bool block_in_place() const { return true; }
  [[nodiscard]] virtual BeatOrder beats() const = 0;                    ///< of the block
  [[nodiscard]] virtual std::unique_ptr<OperandFetch> begin_fetch() = 0;
  [[nodiscard]] virtual bool sums_can_leave(const Beat& beat) const = 0;
  /// The first half of a cycle in the array: what was issued enters, what is on its way moves. Returns the bits read from L0.
  virtual std::uint64_t step_array(const Beat& issued) = 0;
  virtual void collect_outputs() {}
  /// Once drained: nothing is left in the array that has to leave.
  [[nodiscard]] virtual bool emptied() const { return true; }
  [[nodiscard]] virtual ElementCounts take_counts() = 0;
  [[nodiscard]] virtual std::uint64_t held_bits() const { return 0; }     ///< of the operand that stays, a block
  [[nodiscard]] virtual unsigned held_element_bits() const { return 0; }  ///< that each MAC reads from registers
  virtual void trace_array(sc_core::sc_trace_file* file) const = 0;

  void control_phase();
  /// Whether other arrays come first in this cycle that have not been waited for; asks for another call then.
  [[nodiscard]] bool lets_others_go_first();
  void run_cycle();
  /// Moves up to `budget` bits; returns how many.
  std::uint64_t write_sums(std::uint64_t budget);
  void end_block();
  void begin_block();
  [[nodiscard]] Activity issue(Beat& issued);
  [[nodiscard]] std::uint64_t drained_at() const;
  [[nodiscard]] bool accumulator_free(const Beat& beat) const;
  void book(Activity activity);
  void count_block();

  KernelGuard& guard_;
  Port& port_;
  const std::uint32_t array_index_;            ///< at the port
  std::uint32_t others_before_ = 0;            ///< in this cycle, whose turn was awaited
  std::size_t block_ = 0;
  std::unique_ptr<OperandFetch> fetch_;        ///< of the block in progress; none: it waits for its weights
  BeatOrder next_beat_;
  std::vector<std::uint64_t> issued_at_;       ///< by accumulator
  std::uint64_t last_issue_ = 0;
  std::uint64_t sums_finished_ = 0;            ///< of the block, written to L1
  std::uint64_t head_sent_bits_ = 0;           ///< of the sums at the queue's front
  std::uint64_t l0_read_bits_ = 0;             ///< of the block
  Counts counts_;
  CycleBook book_;
};

/// The core for the array's dataflow. Runs `work` once sc_start() is called; its C takes the result. Throw what `guard`
/// holds afterwards.
[[nodiscard]] std::unique_ptr<DetailedCore> make_detailed_core(const char* name, const ArrayShape& shape, TileWork& work,
                                                               PortSeat seat, KernelGuard& guard);

}  // namespace nibble::detailed
