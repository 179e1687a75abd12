#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>

#include "models/config/accelerator.hpp"
#include "sim/core/timeline.hpp"
#include "sim/report/atomic_file.hpp"
#include "sim/report/kernel_choice.hpp"

namespace nibble {

/// Writes what a chip does as a Chrome trace (JSON object format), which ui.perfetto.dev and chrome://tracing open.
///
/// Tracks  "step": kernels, one after another; "memory": its data bus reading or writing, and its and the ring's average
///         rates in each kernel; "core N": each array by the states of `array_cycles`, loads, vector work, stores and
///         partial sums on the ring.
/// Time    microseconds of simulated time from the step's first kernel, to 0.1 ns.
/// Spans of one track that touch and are of one kind are one event, so that the file grows with what changes, not with
/// tiles. Events are written as kernels end; the file appears whole, with finish(), or not at all.
///
/// Kernels that `detailed` leaves out have their span and rates only: a long step has more events than a browser likes.
class ChromeTrace final : public Timeline {
 public:
  ChromeTrace(const std::filesystem::path& path, const Accelerator& accelerator, KernelChoice detailed = {});

  void begin_kernel(const KernelProgram& program, std::uint64_t now, Hertz clock) override;
  void end_kernel(const Activity& activity, std::uint64_t end) override;
  void array(std::uint32_t core, std::uint32_t corelet, ArrayState state, std::uint64_t begin,
             std::uint64_t end) override;
  void unit(std::uint32_t core, Unit unit, std::uint64_t begin, std::uint64_t end) override;
  void exchange(std::uint32_t core, std::uint64_t begin, std::uint64_t end) override;
  void memory(bool writing, std::uint64_t begin, std::uint64_t end) override;

  /// InputError [TRC-KERNELS] if no kernel was among the chosen ones: then no file is left.
  void finish();

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }  ///< written so far

 private:
  using Track = std::pair<std::uint32_t, std::uint32_t>;  ///< process and thread, as the viewer calls them
  struct Span {
    const char* name = nullptr;
    std::uint64_t begin = 0, end = 0;
  };

  void name_tracks(const Accelerator& accelerator);
  void name_track(Track track, const std::string& process, const std::string& thread);
  void add(Track track, const char* name, std::uint64_t begin, std::uint64_t end);
  void write_span(Track track, const std::string& name, std::uint64_t begin, std::uint64_t end, const std::string& more);
  void write_rate(const char* name, double bytes, std::uint64_t begin, std::uint64_t end);
  void write_event(const std::string& event);
  void flush();
  [[nodiscard]] std::uint64_t tenths(std::uint64_t cycle) const;  ///< of a nanosecond, from the step's begin

  AtomicFile file_;
  KernelChoice detailed_;
  double clock_hz_;
  std::uint32_t corelets_;
  std::size_t kernels_ = 0;     ///< seen
  bool in_detail_ = false;      ///< the one that runs
  bool any_in_detail_ = false;
  std::uint64_t bytes_ = 0;
  std::uint64_t begin_ = 0;   ///< of the kernel, in the simulation's time
  double stretch_ = 1;        ///< cycles of clock_hz_ in one of the kernel, whose clock may lose pulses to a power cap
  double before_ = 0;         ///< cycles of clock_hz_ of the step's kernels before it
  std::string kernel_, kernel_arguments_;
  std::map<Track, Span> open_;
  std::string buffer_;
  bool first_ = true;
};

}  // namespace nibble
