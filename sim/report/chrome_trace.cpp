#include "sim/report/chrome_trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "models/base/error.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble {
namespace {

constexpr std::uint32_t kStep = 0, kMemory = 1, kFirstCore = 2;  // processes
// Threads of a core behind those of its arrays.
enum CoreTrack : std::uint32_t { kLoads, kVector, kStores, kExchanges, kCoreTracks };
constexpr std::array<const char*, kCoreTracks> kCoreTrackNames{"loads", "vector", "stores", "partial sums"};
constexpr std::array<const char*, kArrayStates> kStates{"compute", "fill_drain", "memory", "ring",
                                                        "l1",      "vector",     "sync"};
constexpr std::size_t kBuffer = std::size_t{1} << 20;

std::string quoted(const std::string& text) { return nlohmann::json(text).dump(); }

std::string microseconds(std::uint64_t tenths) { return fmt::format("{}.{:04}", tenths / 10'000, tenths % 10'000); }

}  // namespace

ChromeTrace::ChromeTrace(const std::filesystem::path& path, const Accelerator& accelerator, KernelChoice detailed)
    : file_{path},
      detailed_{std::move(detailed)},
      clock_hz_{accelerator.clock.value()},
      corelets_{accelerator.core.corelets} {
  buffer_ = fmt::format("{{\"displayTimeUnit\":\"ns\",\"otherData\":{{\"accelerator\":{},\"clock_hz\":{:.0f}}},\n\"traceEvents\":[",
                        quoted(accelerator.name), clock_hz_);
  name_tracks(accelerator);
}

void ChromeTrace::name_tracks(const Accelerator& accelerator) {
  name_track({kStep, 0}, "step", "kernels");
  name_track({kMemory, 0}, "memory", "data bus");
  for (std::uint32_t core = 0; core < accelerator.cores; ++core) {
    const std::string process = fmt::format("core {}", core);
    for (std::uint32_t i = 0; i < corelets_; ++i) {
      name_track({kFirstCore + core, i}, process, fmt::format("array {}", i));
    }
    for (std::uint32_t i = 0; i < kCoreTracks; ++i) {
      name_track({kFirstCore + core, corelets_ + i}, process, kCoreTrackNames[i]);
    }
  }
}

void ChromeTrace::name_track(Track track, const std::string& process, const std::string& thread) {
  const auto name = [&](const char* what, const std::string& text) {
    write_event(fmt::format(R"({{"ph":"M","pid":{},"tid":{},"name":"{}","args":{{"name":{}}}}})", track.first,
                            track.second, what, quoted(text)));
  };
  if (track.second == 0) name("process_name", process);
  name("thread_name", thread);
}

void ChromeTrace::begin_kernel(const KernelProgram& program, std::uint64_t now, Hertz clock) {
  begin_ = now;
  in_detail_ = detailed_.contains(++kernels_, program.layer);
  any_in_detail_ = any_in_detail_ || in_detail_;
  stretch_ = clock_hz_ / clock.value();
  kernel_ = fmt::format("{} {}", program.layer, to_string(program.pass));
  kernel_arguments_ = fmt::format(R"(,"args":{{"number":{},"mac_mode":{},"mapping":{}}})", kernels_,
                                  quoted(program.mac_mode), quoted(program.mapping));
}

void ChromeTrace::end_kernel(const Activity& activity, std::uint64_t end) {
  for (const auto& [track, span] : open_) write_span(track, span.name, span.begin, span.end, "");
  open_.clear();
  write_span({kStep, 0}, kernel_, begin_, end, kernel_arguments_);
  write_rate("memory GB/s", static_cast<double>((activity.memory_read + activity.memory_written).value()), begin_, end);
  write_rate("ring GB/s, all segments", static_cast<double>(activity.ring_byte_hops), begin_, end);
  before_ += static_cast<double>(end - begin_) * stretch_;
  begin_ = end;
}

void ChromeTrace::array(std::uint32_t core, std::uint32_t corelet, ArrayState state, std::uint64_t begin,
                        std::uint64_t end) {
  add({kFirstCore + core, corelet}, kStates[static_cast<std::size_t>(state)], begin, end);
}

void ChromeTrace::unit(std::uint32_t core, Unit unit, std::uint64_t begin, std::uint64_t end) {
  if (unit == Unit::mpe) return;  // its arrays say more
  const CoreTrack track = unit == Unit::load ? kLoads : unit == Unit::sfu ? kVector : kStores;
  add({kFirstCore + core, corelets_ + track}, kCoreTrackNames[track], begin, end);
}

void ChromeTrace::exchange(std::uint32_t core, std::uint64_t begin, std::uint64_t end) {
  add({kFirstCore + core, corelets_ + kExchanges}, kCoreTrackNames[kExchanges], begin, end);
}

void ChromeTrace::memory(bool writing, std::uint64_t begin, std::uint64_t end) {
  add({kMemory, 0}, writing ? "write" : "read", begin, end);
}

void ChromeTrace::add(Track track, const char* name, std::uint64_t begin, std::uint64_t end) {
  if (!in_detail_) return;
  Span& span = open_[track];
  if (span.name != nullptr && begin <= span.end) {
    if (span.name == name) {
      span.end = std::max(span.end, end);
      return;
    }
    begin = span.end;  // fractions of a cycle, rounded up
  }
  if (end <= begin) return;
  if (span.name != nullptr) write_span(track, span.name, span.begin, span.end, "");
  span = {name, begin, end};
}

std::uint64_t ChromeTrace::tenths(std::uint64_t cycle) const {
  return static_cast<std::uint64_t>(
      std::llround((before_ + static_cast<double>(cycle - begin_) * stretch_) / clock_hz_ * 1e10));
}

void ChromeTrace::write_span(Track track, const std::string& name, std::uint64_t begin, std::uint64_t end,
                             const std::string& more) {
  // Both ends are rounded, and the length follows: spans that touch still do.
  write_event(fmt::format(R"({{"ph":"X","pid":{},"tid":{},"ts":{},"dur":{},"name":{}{}}})", track.first, track.second,
                          microseconds(tenths(begin)), microseconds(tenths(end) - tenths(begin)), quoted(name), more));
}

void ChromeTrace::write_rate(const char* name, double bytes, std::uint64_t begin, std::uint64_t end) {
  if (end == begin) return;
  const double rate = bytes / (static_cast<double>(end - begin) * stretch_ / clock_hz_) / 1e9;
  write_event(fmt::format(R"({{"ph":"C","pid":{},"ts":{},"name":"{}","args":{{"GB/s":{:.6g}}}}})", kMemory,
                          microseconds(tenths(begin)), name, rate));
}

void ChromeTrace::write_event(const std::string& event) {
  buffer_ += first_ ? "\n" : ",\n";
  first_ = false;
  buffer_ += event;
  if (buffer_.size() >= kBuffer) flush();
}

void ChromeTrace::flush() {
  file_.write(buffer_);
  bytes_ += buffer_.size();
  buffer_.clear();
}

void ChromeTrace::finish() {
  if (!any_in_detail_) {
    throw InputError("TRC-KERNELS", fmt::format("none of the {} kernels that ran is among those chosen for the timeline", kernels_),
                     "`nibble run --layers` names the layers; numbers go from 1 in the order in which kernels run");
  }
  buffer_ += "\n]}\n";
  flush();
  file_.commit();
}

}  // namespace nibble
