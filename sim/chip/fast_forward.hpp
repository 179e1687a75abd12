#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "sim/chip/data_ring.hpp"
#include "sim/chip/external_memory.hpp"
#include "sim/chip/memory_node.hpp"
#include "sim/chip/mni.hpp"
#include "sim/chip/period_finder.hpp"
#include "sim/chip/psum_ring.hpp"
#include "sim/chip/repeated_work.hpp"
#include "sim/core/compute_core.hpp"
#include "sim/core/progress.hpp"
#include "sim/mapper/program.hpp"

namespace nibble {

/// The modules of a chip whose work can be skipped.
struct ChipParts {
  const std::vector<std::unique_ptr<ComputeCore>>& cores;
  const std::vector<std::unique_ptr<Mni>>& mnis;
  DataRing& ring;
  PsumRing& psum_ring;
  MemoryNode& memory_node;
  ExternalMemory& memory;
};

/// FastForward: skips tile loops that go on as they did.
///
/// What happens in a kernel (each instruction's begin and end, each burst that the memory serves, with the fraction of a
/// cycle in which the bus is free again) is watched, cut into stretches at the ends of one queue's instructions. Once three
/// periods in a row are equal to the cycle, in order, and all that is in flight began within the last two, the machine is
/// in the state in which it was a period ago: modules keep nothing else. If the instructions ahead repeat, too, every
/// further period will be the same, but for the last, which is left to be simulated.
///
/// A period is skipped by leaving it out: queues move on, counts grow by what a period counts, ids of requests that wait
/// for other cores move on, and the cycles go to skipped_cycles(). No module's state changes, and the kernel's time stays.
class FastForward : public Progress {
 public:
  explicit FastForward(const ChipParts& parts) : parts_{parts} {}

  /// Before a kernel; `program` must outlive it.
  void start(const KernelProgram& program);
  /// Watches no kernel from now on, until the next start().
  void stop();
  /// Cycles of this kernel that were left out of the kernel's time.
  [[nodiscard]] std::uint64_t skipped_cycles() const { return skipped_; }

  void began(std::uint32_t core, Unit unit) override { note(core, unit, 0); }
  void ended(std::uint32_t core, Unit unit) override;
  void served(std::uint64_t bytes, bool writing, double free_in, double unused_turning) override;

 private:
  struct Counts {
    std::uint64_t now = 0;
    std::vector<ComputeCore::Counts> cores;
    std::uint64_t ring_byte_hops = 0, psum_byte_hops = 0;
    ExternalMemory::Counts memory;
    std::vector<std::uint32_t> multicasts, exchanges;  ///< that wait for other cores
  };
  /// A period that was seen twice, and what had been counted then.
  struct Candidate {
    std::size_t stretches = 0, seen = 0;
    Counts before;
  };

  void note(std::uint32_t core, Unit unit, std::uint64_t ended);
  void end_stretch();
  void try_skip();
  [[nodiscard]] Counts counts() const;
  /// How many periods like the one between the two counts can be left out; 0: it does not repeat, or ends soon.
  [[nodiscard]] std::uint64_t periods_ahead(const Counts& before, const Counts& now, IdSteps& steps) const;
  void skip(const Counts& before, const Counts& now, const IdSteps& steps, std::uint64_t periods);

  ChipParts parts_;
  const KernelProgram* program_ = nullptr;
  std::optional<std::uint32_t> core_;    ///< whose instructions cut what happens into stretches; none: too few
  Unit unit_ = Unit::load;
  std::uint64_t stretch_began_ = 0, skipped_ = 0;
  std::size_t least_ = 1;                ///< shorter periods were found not to repeat
  PeriodFinder finder_;
  std::optional<Candidate> candidate_;
};

}  // namespace nibble
