#include "sim/chip/external_memory.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "models/base/check.hpp"
#include "sim/chip/burst.hpp"
#include "sim/chip/channels.hpp"
#include "sim/core/kernel_time.hpp"

namespace nibble {
namespace {

/// Cycles that channels may be behind: their parts are worked out together, in time for their answers.
constexpr std::uint64_t kLongestLag = 64;

/// Channels that work by themselves.
std::uint32_t buses(const Memory& memory) { return memory.banks > 0 ? memory.channels : 1; }

/// Adds to what a part moves; what goes on where its last run ends is the same run.
void add_run(ChannelPart& part, ChannelRun run) {
  part.bytes += run.bytes;
  if (!part.runs.empty() && part.runs.back().address + part.runs.back().bytes == run.address) {
    part.runs.back().bytes += run.bytes;
  } else {
    part.runs.push_back(run);
  }
}

}  // namespace

ExternalMemory::ExternalMemory(sc_core::sc_module_name name, const Memory& memory, Hertz core_clock,
                               Agenda& agenda)
    : sc_module{name},
      socket{"socket"},
      config_{memory},
      granule_{memory.granule.value()},
      page_{memory.page.value()},
      bank_span_{memory.bank_span.value()},
      channels_(buses(memory), MemoryChannel{memory, buses(memory)}),
      parts_(buses(memory)),
      alarm_{agenda, [this] { serve(); }} {
  set_core_clock(core_clock);
  reset_counts();
  socket.register_nb_transport_fw(this, &ExternalMemory::accept);
}

void ExternalMemory::set_core_clock(Hertz clock) {
  latency_cycles_ = config_.latency.value() * clock.value();
  activation_cycles_ = config_.activation.value() * clock.value();
  crossed_activation_cycles_ = config_.crossed_activation.value() * clock.value();
  bank_conflict_cycles_ = config_.bank_conflict.value() * clock.value();
  for (MemoryChannel& channel : channels_) channel.set_core_clock(clock);
  lag_ = latency_cycles_ < 2 ? 0 : std::min(kLongestLag, static_cast<std::uint64_t>(latency_cycles_) - 1);
}

void ExternalMemory::reset_counts() {
  read_ = written_ = Bytes{0};
  asked_clockwise_ = asked_counter_ = false;
  began_ = kernel_now();
  for (MemoryChannel& channel : channels_) channel.reset(began_);
}

std::uint64_t ExternalMemory::busy_cycles() const {
  double busy = 0;
  for (const MemoryChannel& channel : channels_) busy += channel.busy_cycles();
  return static_cast<std::uint64_t>(busy / static_cast<double>(channels_.size()));
}

std::uint64_t ExternalMemory::row_misses() const {
  if (config_.banks == 0) return 0;
  std::uint64_t opened = 0;
  for (const MemoryChannel& channel : channels_) opened += channel.rows_opened();
  return opened - std::min(opened, ceil_div((read_ + written_).value(), page_));
}

tlm::tlm_sync_enum ExternalMemory::accept(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                          sc_core::sc_time& /*delay*/) {
  NIBBLE_CHECK(phase == tlm::BEGIN_REQ, "the memory answers requests only");
  payload.acquire();
  BurstExtension& burst = *payload.get_extension<BurstExtension>();
  burst.last_out = 0;
  (burst.clockwise ? asked_clockwise_ : asked_counter_) = true;
  const std::uint64_t bytes = granules(payload.get_data_length());
  (payload.is_write() ? written_ : read_) += Bytes{bytes};
  ChannelPart part{&payload, payload.is_write(), burst.ready, burst.clash, batch_of(burst), opening_cycles(bytes, burst), gather_cycles(bytes, burst),
                   reached_channels(config_.channels, burst.interleave), bytes, {}};
  if (is_whole()) {
    burst.parts_open = 1;
    channels_.front().push(std::move(part));
    arm();
  } else {
    split(payload, part);
    alarm_.by(burst.ready + lag_);
  }
  return tlm::TLM_ACCEPTED;
}

std::uint64_t ExternalMemory::batch_of(const BurstExtension& burst) const {
  const bool in_pieces = burst.piece > granule_ && burst.pitch > burst.piece;
  return in_pieces ? config_.turnaround_pieces * burst.piece : 0;
}

double ExternalMemory::opening_cycles(std::uint64_t bytes, const BurstExtension& burst) const {
  const std::uint64_t piece = std::max(granule_, burst.piece);
  if (config_.banks > 0 || burst.pitch <= piece) return 0.0;
  const auto page = static_cast<double>(page_), pitch = static_cast<double>(burst.pitch), length = static_cast<double>(piece);
  double opened = pitch / (pitch + page) * activation_cycles_;
  if (bank_span_ > 0) {
    const auto span = static_cast<double>(bank_span_), column = static_cast<double>(burst.column);
    opened += column / (column + span) * crossed_activation_cycles_;
  }
  const double shown = std::max(0.0, 1.0 - 8.0 * (length - static_cast<double>(granule_)) / page);
  return static_cast<double>(bytes) / length * shown * opened;
}

double ExternalMemory::gather_cycles(std::uint64_t bytes, const BurstExtension& burst) const {
  const std::uint64_t piece = std::max(granule_, burst.piece);
  if (config_.banks > 0 || burst.pitch <= piece || bank_span_ == 0 || burst.pitch <= bank_span_) return 0.0;
  const double beyond = 1.0 - static_cast<double>(bank_span_) / static_cast<double>(burst.pitch);
  return static_cast<double>(bytes) / static_cast<double>(piece) * beyond * bank_conflict_cycles_;
}

std::uint32_t ExternalMemory::channel_of(std::uint64_t stripe) const {
  const std::uint64_t channels = channels_.size();
  if (!config_.channel_hash || channels == 1) return static_cast<std::uint32_t>(stripe % channels);
  std::uint64_t digits = 0;  // of the stripe's number in base `channels`: one stripe of each group for each channel
  for (std::uint64_t rest = stripe; rest > 0; rest /= channels) digits += rest % channels;
  return static_cast<std::uint32_t>(digits % channels);
}

void ExternalMemory::add_stretch(std::uint64_t address, std::uint64_t bytes) {
  const std::uint64_t width = config_.interleave.value(), channels = channels_.size(), group = width * channels;
  for (const std::uint64_t end = address + bytes; address < end;) {
    if (address % group == 0 && end - address >= group) {
      // Whole groups of stripes: one of each to each channel, one after another there.
      const std::uint64_t groups = (end - address) / group;
      for (ChannelPart& part : parts_) add_run(part, {address / channels, groups * width});
      address += groups * group;
      continue;
    }
    const std::uint64_t stripe = address / width, until = std::min(end, (stripe + 1) * width);
    add_run(parts_[channel_of(stripe)], {stripe / channels * width + address % width, until - address});
    address = until;
  }
}

void ExternalMemory::split(tlm::tlm_generic_payload& payload, const ChannelPart& common) {
  BurstExtension& burst = *payload.get_extension<BurstExtension>();
  const std::uint64_t piece = std::max(granule_, burst.piece);
  if (burst.pitch <= piece) {
    add_stretch(burst.address, common.bytes);
  } else {
    for (std::uint64_t done = 0, at = burst.address; done < common.bytes; done += piece, at += burst.pitch) {
      add_stretch(at, std::min(piece, common.bytes - done));
    }
  }
  burst.parts_open = 0;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i].bytes == 0) continue;
    ChannelPart part = common;
    part.opening_cycles *= static_cast<double>(parts_[i].bytes) / static_cast<double>(common.bytes);
    part.gather_cycles *= static_cast<double>(parts_[i].bytes) / static_cast<double>(common.bytes);
    part.bytes = parts_[i].bytes;
    part.runs = std::move(parts_[i].runs);
    parts_[i] = {};
    ++burst.parts_open;
    channels_[i].push(std::move(part));
  }
}

void ExternalMemory::arm() {
  const std::uint64_t next = channels_.front().next(kernel_now());
  if (next != MemoryChannel::kNever) alarm_.by(next);
}

void ExternalMemory::skip(const Counts& first, const Counts& last, std::uint64_t times) {
  const Bytes read = (last.read - first.read) * times, written = (last.written - first.written) * times;
  read_ += read;
  written_ += written;
  channels_.front().skip((last.busy - first.busy) * static_cast<double>(times), read, written);
}

void ExternalMemory::serve() {
  if (is_whole()) {
    serve_whole();
  } else {
    serve_channels();
  }
}

void ExternalMemory::serve_whole() {
  MemoryChannel::Served served;
  const bool one_sided = !(asked_clockwise_ && asked_counter_);
  if (channels_.front().serve(kernel_now(), one_sided, served) && note(channels_.front(), served)) {
    answer(*static_cast<tlm::tlm_generic_payload*>(served.part.burst));
  }
  arm();
}

void ExternalMemory::serve_channels() {
  const std::uint64_t now = kernel_now();
  const bool one_sided = !(asked_clockwise_ && asked_counter_);
  done_.clear();
  std::uint64_t next = MemoryChannel::kNever;
  MemoryChannel::Served served;
  for (MemoryChannel& channel : channels_) {
    std::uint64_t at = channel.next(0);
    for (; at <= now; at = channel.next(0)) {
      if (!channel.serve(at, one_sided, served)) break;
      if (note(channel, served)) done_.push_back(static_cast<tlm::tlm_generic_payload*>(served.part.burst));
    }
    next = std::min(next, at);
  }
  const auto last_out = [](const tlm::tlm_generic_payload* p) { return p->get_extension<BurstExtension>()->last_out; };
  std::stable_sort(done_.begin(), done_.end(), [&](const auto* a, const auto* b) { return last_out(a) < last_out(b); });
  for (tlm::tlm_generic_payload* payload : done_) answer(*payload);
  if (next != MemoryChannel::kNever) alarm_.by(next + lag_);
}

bool ExternalMemory::note(const MemoryChannel& channel, const MemoryChannel::Served& served) {
  if (timeline_ != nullptr && &channel == channels_.data()) {
    timeline_->memory(served.part.write, began_ + static_cast<std::uint64_t>(served.begin),
                      began_ + static_cast<std::uint64_t>(std::ceil(served.end)));
  }
  if (progress_ != nullptr) {
    progress_->served(served.part.bytes, served.part.write, served.end - static_cast<double>(kernel_now() - began_), served.unused_turning);
  }
  BurstExtension& burst = *static_cast<tlm::tlm_generic_payload*>(served.part.burst)->get_extension<BurstExtension>();
  burst.last_out = std::max(burst.last_out, served.end);
  return --burst.parts_open == 0;
}

void ExternalMemory::answer(tlm::tlm_generic_payload& payload) {
  const double out = std::ceil(payload.get_extension<BurstExtension>()->last_out + latency_cycles_);
  tlm::tlm_phase phase = tlm::BEGIN_RESP;
  sc_core::sc_time delay = kernel_time(began_ + static_cast<std::uint64_t>(out) - kernel_now());
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
  socket->nb_transport_bw(payload, phase, delay);
  payload.release();
}

}  // namespace nibble
