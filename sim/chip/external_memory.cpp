#include "sim/chip/external_memory.hpp"

#include <algorithm>
#include <cmath>

#include "models/base/check.hpp"
#include "sim/chip/burst.hpp"
#include "sim/core/kernel_time.hpp"

namespace nibble {
namespace {

std::uint64_t ready_at(const tlm::tlm_generic_payload& payload) {
  return payload.get_extension<BurstExtension>()->ready;
}

}  // namespace

ExternalMemory::ExternalMemory(sc_core::sc_module_name name, const Memory& memory, Hertz core_clock)
    : sc_module{name},
      socket{"socket"},
      config_{memory},
      channels_{memory.channels},
      turnaround_batch_{memory.turnaround_batch.value()},
      one_sided_batch_{memory.one_sided_batch.value() > 0 ? memory.one_sided_batch.value()
                                                          : memory.turnaround_batch.value()},
      granule_{memory.granule.value()},
      page_{memory.page.value()},
      bank_span_{memory.bank_span.value()} {
  set_core_clock(core_clock);
  socket.register_nb_transport_fw(this, &ExternalMemory::accept);
  SC_HAS_PROCESS(ExternalMemory);
  SC_METHOD(serve);
  sensitive << wake_;
  dont_initialize();
}

void ExternalMemory::set_core_clock(Hertz clock) {
  bytes_per_cycle_ = config_.bandwidth.value() * config_.efficiency / clock.value();
  channel_bytes_per_cycle_ = config_.bandwidth.value() / config_.channels / clock.value();
  latency_cycles_ = config_.latency.value() * clock.value();
  turnaround_cycles_ = config_.turnaround.value() * clock.value();
  activation_cycles_ = config_.activation.value() * clock.value();
  bank_conflict_cycles_ = config_.bank_conflict.value() * clock.value();
}

void ExternalMemory::reset_counts() {
  read_ = written_ = Bytes{0};
  busy_ = 0;
  last_was_write_ = false;
  asked_clockwise_ = asked_counter_ = false;
  free_at_ = 0;
  began_ = kernel_now();
}

tlm::tlm_sync_enum ExternalMemory::accept(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                          sc_core::sc_time& /*delay*/) {
  NIBBLE_CHECK(phase == tlm::BEGIN_REQ, "the memory answers requests only");
  payload.acquire();
  (payload.get_extension<BurstExtension>()->clockwise ? asked_clockwise_ : asked_counter_) = true;
  Queue& queue = payload.is_write() ? writes_ : reads_;
  const auto later = [](const tlm::tlm_generic_payload* a, const tlm::tlm_generic_payload* b) {
    return ready_at(*a) < ready_at(*b);
  };
  queue.insert(std::upper_bound(queue.begin(), queue.end(), &payload, later), &payload);
  arm();
  return tlm::TLM_ACCEPTED;
}

bool ExternalMemory::ready(const Queue& queue) const {
  return !queue.empty() && ready_at(*queue.front()) <= kernel_now();
}

void ExternalMemory::arm() {
  if (reads_.empty() && writes_.empty()) return;
  std::uint64_t next = ~std::uint64_t{0};
  for (const Queue* queue : {&reads_, &writes_}) {
    if (!queue->empty()) next = std::min(next, ready_at(*queue->front()));
  }
  const std::uint64_t now = kernel_now();
  next = std::max({next, now, began_ + static_cast<std::uint64_t>(free_at_)});
  wake_.cancel();
  wake_.notify(kernel_time(next - now));
}

void ExternalMemory::serve() {
  const bool read_waits = ready(reads_), write_waits = ready(writes_);
  if (read_waits || write_waits) {
    const bool writing = write_waits && (!read_waits || !last_was_write_);
    serve_burst(writing ? writes_ : reads_, writing, writing ? read_waits : write_waits);
  }
  arm();
}

double ExternalMemory::activation_cycles(std::uint64_t bytes, const BurstExtension& burst) const {
  const std::uint64_t piece = std::max(granule_, burst.piece);
  if (burst.pitch <= piece) return 0.0;
  const auto page = static_cast<double>(page_), pitch = static_cast<double>(burst.pitch);
  const double shown = std::max(0.0, 1.0 - 2.0 * static_cast<double>(piece - granule_) / page);
  double lost = pitch / (pitch + page) * shown * activation_cycles_;
  if (bank_span_ > 0 && burst.pitch > bank_span_) {
    lost += (1.0 - static_cast<double>(bank_span_) / pitch) * bank_conflict_cycles_;
  }
  return static_cast<double>(bytes) / static_cast<double>(piece) * lost;
}

void ExternalMemory::serve_burst(Queue& queue, bool writing, bool other_waits) {
  tlm::tlm_generic_payload& payload = *queue.front();
  queue.pop_front();
  const std::uint64_t bytes = granules(payload.get_data_length());
  const BurstExtension& burst = *payload.get_extension<BurstExtension>();
  const std::uint64_t batch = asked_clockwise_ && asked_counter_ ? turnaround_batch_ : one_sided_batch_;
  std::uint64_t turnarounds = writing != last_was_write_ ? 1 : 0;
  if (other_waits) turnarounds = std::max(turnarounds, ceil_div(bytes, batch));
  last_was_write_ = writing;
  (writing ? written_ : read_) += Bytes{bytes};

  const double begin = std::max(free_at_, static_cast<double>(kernel_now() - began_));
  const double lost =
      static_cast<double>(turnarounds) * burst.clash * turnaround_cycles_ + activation_cycles(bytes, burst);
  free_at_ = begin + lost + transfer_cycles(bytes, burst.interleave);
  busy_ += free_at_ - begin;
  if (timeline_ != nullptr) {
    timeline_->memory(writing, began_ + static_cast<std::uint64_t>(begin),
                      began_ + static_cast<std::uint64_t>(std::ceil(free_at_)));
  }

  const double out = std::ceil(free_at_ + latency_cycles_);
  tlm::tlm_phase phase = tlm::BEGIN_RESP;
  sc_core::sc_time delay = kernel_time(began_ + static_cast<std::uint64_t>(out) - kernel_now());
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
  socket->nb_transport_bw(payload, phase, delay);
  payload.release();
}

}  // namespace nibble
