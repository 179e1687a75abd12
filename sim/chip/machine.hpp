#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <systemc>
#include <vector>

#include "models/config/accelerator.hpp"
#include "sim/chip/agenda.hpp"
#include "sim/chip/data_ring.hpp"
#include "sim/chip/external_memory.hpp"
#include "sim/chip/fast_forward.hpp"
#include "sim/chip/kernel_result.hpp"
#include "sim/chip/memory_node.hpp"
#include "sim/chip/mni.hpp"
#include "sim/chip/psum_ring.hpp"
#include "sim/core/compute_core.hpp"
#include "sim/core/guard.hpp"
#include "sim/core/schedule_table.hpp"
#include "sim/mapper/program.hpp"

namespace nibble {

/// Machine: a chip, built once, that runs kernels one after another; each starts on an idle chip.
///
/// Its clock may be set between kernels: a kernel's cycles are of the clock that it ran at, and the memory keeps its own pace.
/// SystemC allows one set of modules a process: build one Machine in a process and run everything on it.
/// run() throws InternalError with every module's stall report if a kernel cannot end (a deadlock), and LawError
/// if a law of the design does not hold for it.
class Machine {
 public:
  explicit Machine(const Accelerator& accelerator, Pace pace = Pace::fast_forward);
  ~Machine();

  [[nodiscard]] KernelResult run(const KernelProgram& program);
  void set_clock(Hertz clock);
  /// Tells `timeline`, which must outlive the machine, of all kernels from now on; nobody if it is nullptr.
  void observe(Timeline* timeline);

 private:
  [[nodiscard]] KernelResult collect(const KernelProgram& program, std::uint64_t begin) const;
  void watch_progress();
  void check_finished(const KernelProgram& program) const;

  Accelerator accelerator_;
  KernelGuard guard_;
  ScheduleTable schedules_;
  Agenda agenda_;
  DataRing ring_;
  PsumRing psum_ring_;
  MemoryNode memory_node_;
  ExternalMemory memory_;
  std::vector<std::unique_ptr<Mni>> mnis_;
  std::vector<std::unique_ptr<ComputeCore>> cores_;
  std::optional<FastForward> fast_forward_;
  Timeline* timeline_ = nullptr;
};

/// The design's laws for one kernel: time at least that of the array and of the memory at their peaks, MACs exact,
/// every array cycle booked once. Throws LawError.
void check_laws(const KernelProgram& program, const KernelResult& result, const Accelerator& accelerator);

}  // namespace nibble
