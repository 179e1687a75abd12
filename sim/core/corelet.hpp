#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <systemc>
#include <utility>
#include <vector>

#include "models/config/accelerator.hpp"
#include "models/timing/array_pass.hpp"
#include "sim/core/guard.hpp"
#include "sim/core/l1_port.hpp"
#include "sim/core/schedule_table.hpp"
#include "sim/core/stall.hpp"

namespace nibble {

/// A corelet's share of one MPE instruction.
struct CoreletTask {
  const std::vector<Visit>* visits = nullptr;  ///< may be empty: nothing to do here
  WaitLog issue_log;                           ///< what the sequencer waited for before it could issue this
};

/// Corelet: an MPE array with its weight loader. The loader fetches stationary blocks through the L1 port as far
/// ahead as the weight buffers allow; the array streams rows past the block that is in place.
///
/// Timing  a visit, with the blocks that are loaded meanwhile, takes what models/timing/port_schedule.hpp says, longer
///         if others keep the L1 port from it; it starts when its stationary block is complete. Blocks of a task that
///         is issued while a visit runs are loaded beside it as a flow of their own.
/// Order   tasks and visits in order; a block's buffer is free again when its visit ends.
/// Counts  every array cycle in one ArrayState.
class Corelet : public sc_core::sc_module {
 public:
  using TaskDone = std::function<void(bool worked)>;  ///< false: the task had no visits

  Corelet(sc_core::sc_module_name name, const MpeArray& mpe, L1Port& l1, ScheduleTable& schedules, KernelGuard& guard,
          TaskDone on_done);

  void issue(CoreletTask task);
  [[nodiscard]] std::uint64_t tasks_ended() const { return first_task_; }  ///< since it was built
  [[nodiscard]] StateLedger& ledger() { return ledger_; }
  [[nodiscard]] std::string describe_stall() const;

 private:
  void run_array();
  void await_block();
  void run_visit(const Visit& visit);
  void plan(const PortTraffic& traffic);
  void use_port(std::uint64_t bits, std::uint64_t cycles);
  [[nodiscard]] PortState port_state();
  void take_over(const PortState& after);
  void block_arrives();
  void load_beside();
  void background_load_ends();

  std::uint64_t weight_buffers_;
  L1Port& l1_;
  ScheduleTable& schedules_;
  KernelGuard& guard_;
  TaskDone on_done_;
  std::deque<CoreletTask> tasks_;
  std::uint64_t first_task_ = 0;          ///< sequence number of tasks_.front()
  std::uint64_t issued_ = 0;

  std::deque<BlockLoad> to_load_;         ///< blocks that are not in the registers yet
  std::uint64_t blocks_loaded_ = 0, blocks_used_ = 0;
  std::uint64_t claimed_ = 0;             ///< of to_load_, by the visit in progress
  bool visiting_ = false, loading_beside_ = false;
  PortTraffic planned_traffic_;           ///< of the latest visit, with planned_: most are like the one before
  PortState planned_from_;
  VisitSchedule planned_;
  PortState handed_over_;                 ///< by the visit before, if it ended at handed_over_at_
  std::uint64_t handed_over_at_ = 0;

  StateLedger ledger_;
  sc_core::sc_event task_issued_, load_done_, visit_done_, background_done_, block_loaded_;
};

}  // namespace nibble
