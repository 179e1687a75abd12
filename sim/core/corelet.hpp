#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <systemc>
#include <vector>

#include "models/config/accelerator.hpp"
#include "models/timing/array_pass.hpp"
#include "sim/core/guard.hpp"
#include "sim/core/l1_port.hpp"
#include "sim/core/stall.hpp"

namespace nibble {

/// A corelet's share of one MPE instruction.
struct CoreletTask {
  const std::vector<Visit>* visits = nullptr;  ///< may be empty: nothing to do here
  double stationary_port = 1.0, streamed_port = 1.0;  ///< L1 port time of a byte, against one that lies in order
  WaitLog issue_log;                           ///< what the sequencer waited for before it could issue this
};

/// Corelet: an MPE array with its weight loader. The loader fetches stationary blocks through the L1 port as far
/// ahead as the weight buffers allow; the array streams rows past the block that is in place.
///
/// Timing  a visit takes its compute cycles, longer if the L1 port cannot feed it, then fill and drain
///         (models/timing/array_pass.hpp); it starts when its stationary block is complete.
/// Order   tasks and visits in order; a block's buffer is free again when its visit ends.
/// Counts  every array cycle in one ArrayState.
class Corelet : public sc_core::sc_module {
 public:
  using TaskDone = std::function<void(bool worked)>;  ///< false: the task had no visits

  Corelet(sc_core::sc_module_name name, const MpeArray& mpe, L1Port& l1, KernelGuard& guard, TaskDone on_done);

  void issue(CoreletTask task);
  [[nodiscard]] std::uint64_t tasks_ended() const { return first_task_; }  ///< since it was built
  [[nodiscard]] StateLedger& ledger() { return ledger_; }
  [[nodiscard]] std::string describe_stall() const;

 private:
  void load_blocks();
  void run_array();
  void run_visit(const Visit& visit, double streamed_port);
  void note_operands() { operands_in_ = true; }
  void move_operands_and_sums(const Visit& visit, Bytes streamed);

  std::uint64_t weight_buffers_;
  L1Port& l1_;
  KernelGuard& guard_;
  TaskDone on_done_;
  std::deque<CoreletTask> tasks_;
  std::uint64_t first_task_ = 0;          ///< sequence number of tasks_.front()
  std::uint64_t issued_ = 0;
  std::uint64_t blocks_loaded_ = 0, blocks_used_ = 0;
  StateLedger ledger_;
  sc_core::sc_event task_issued_, block_loaded_, block_freed_, load_done_, visit_done_, operands_done_;
  bool operands_in_ = false;              ///< of a visit whose operands and sums move apart
};

}  // namespace nibble
