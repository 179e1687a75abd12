#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <systemc>
#include <tuple>
#include <vector>

#include "models/config/accelerator.hpp"
#include "models/energy/activity.hpp"
#include "sim/core/corelet.hpp"
#include "sim/core/data_mover.hpp"
#include "sim/core/guard.hpp"
#include "sim/core/l1_port.hpp"
#include "sim/core/progress.hpp"
#include "sim/core/schedule_table.hpp"
#include "sim/core/slots.hpp"
#include "sim/core/timeline.hpp"
#include "sim/mapper/program.hpp"

namespace nibble {

/// ComputeCore: the sequencer that drives a core's four in-order units, and the units themselves.
///
/// Each unit runs ahead of the others as far as the slots of the scratchpad allow: that is where double buffering
/// and overlap come from. The MPE unit issues one instruction while the one before it still runs, so that the
/// weight loaders work ahead across instructions too.
class ComputeCore : public sc_core::sc_module, private TransferClient {
 public:
  ComputeCore(sc_core::sc_module_name name, const Accelerator& accelerator, DataMover& mover, ScheduleTable& schedules,
              KernelGuard& guard);

  /// Hands over a kernel's instructions; they start in the next delta. `program` must outlive the run.
  void start(const KernelProgram& program, const KernelProgram::CoreProgram& instructions);
  /// True when every instruction of every unit has ended.
  [[nodiscard]] bool done() const;
  /// Tells `timeline`, which must outlive the core, what core number `core` does; nobody if it is nullptr.
  void observe(Timeline* timeline, std::uint32_t core);
  /// Tells `progress`, which must outlive the core, what core number `core` begins and ends.
  void watch(Progress& progress, std::uint32_t core);
  /// Closes the books of a kernel that ended at `end`.
  void close(std::uint64_t end);

  [[nodiscard]] std::uint64_t finished_at() const { return finished_at_; }
  [[nodiscard]] std::uint64_t array_cycles(ArrayState state) const;
  [[nodiscard]] std::uint64_t sfu_busy_cycles() const { return sfu_busy_; }
  /// Counts of this core since start(): all but memory and ring.
  [[nodiscard]] const Activity& activity() const { return activity_; }
  [[nodiscard]] Macs macs() const { return macs_; }
  [[nodiscard]] std::string describe_stall() const;

  /// All that grows while it works.
  struct Counts {
    std::array<std::size_t, kUnits> fetched{}, ended{}, in_flight{};  ///< instructions by unit
    std::vector<StateLedger::Counts> arrays;                          ///< by corelet
    std::uint64_t sfu_busy = 0;
    Macs macs;
    Activity activity;
  };
  [[nodiscard]] Counts counts() const;
  /// After two equal periods, each of `cycles` and the last of them from `first` to `last`: true if nothing is in flight that
  /// began before them, and every array cycle of the period is booked. Then the core is as it was a period ago.
  [[nodiscard]] bool repeatable(const Counts& first, const Counts& last, std::uint64_t cycles) const;
  /// Leaves out `times` more such periods, `cycles` in all.
  void skip(const Counts& first, const Counts& last, std::uint64_t times, std::uint64_t cycles);

 private:
  using VisitKey = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t, bool>;

  void run_load();
  void run_mpe();
  void run_sfu();
  void run_store();
  const Instruction& next_instruction(Unit unit);
  /// What a unit took last; its equal some periods on, if those were left out since.
  [[nodiscard]] const Instruction& latest_instruction(Unit unit) const;
  /// What vector work moves of L1: through the SFUs' port, and to the arrays through L0.
  struct VectorBytes {
    Bytes read, written, streamed;
  };
  void run_vector_lanes(std::uint64_t lane_ops, std::uint64_t waits, const VectorBytes& bytes, std::uint64_t startup,
                        sc_core::sc_event& done);
  void run_exchange(const Instruction& instruction);
  void await_sums(const Instruction& instruction);
  void corelet_finished(bool worked);
  void begin_instruction(Unit unit);
  void transfer_done(const Instruction& instruction, Unit unit, std::uint64_t left_memory) override;
  void end_instruction(const Instruction& instruction, Unit unit, std::uint64_t left_memory = 0);
  [[nodiscard]] std::uint64_t unfinished(Unit unit) const;
  void book_tail(ArrayState state, std::uint64_t begin, std::uint64_t end);

  const std::vector<Visit>& visits_of(const ArrayTile& tile);
  void count_visits(const std::vector<Visit>& visits);
  void begin_work();
  void end_work();

  const Accelerator& accelerator_;
  DataMover& mover_;
  KernelGuard& guard_;
  L1Port l1_;
  std::vector<std::unique_ptr<Corelet>> corelets_;
  SlotTable slots_;

  const KernelProgram* program_ = nullptr;
  const KernelProgram::CoreProgram* instructions_ = nullptr;
  const MacMode* mode_ = nullptr;
  std::array<std::size_t, kUnits> fetched_{}, ended_{};
  std::array<std::size_t, kUnits> in_flight_{};
  std::array<std::uint64_t, kUnits> flying_since_{};
  Timeline* timeline_ = nullptr;
  Progress* progress_ = nullptr;
  std::uint32_t number_ = 0;             ///< of this core, for those who look on
  std::map<VisitKey, std::vector<Visit>> visit_cache_;
  // What each unit waited for last. Members, since the stacks of SystemC threads are never unwound.
  WaitLog load_wait_, mpe_wait_, sfu_wait_, store_wait_;
  WaitLog sfu_waits_;                    ///< what held the SFUs up lately: arrays that wait for them wait for that

  std::uint64_t mpe_retired_total_ = 0;  ///< MPE instructions ended since the core was built
  std::uint64_t units_at_work_ = 0, working_since_ = 0;
  std::uint64_t finished_at_ = 0, sfu_busy_ = 0;
  Macs macs_;
  Activity activity_;
  std::array<sc_core::sc_event, kUnits> started_;  ///< by unit
  sc_core::sc_event mpe_retired_, sfu_done_, exchange_done_;
};

}  // namespace nibble
