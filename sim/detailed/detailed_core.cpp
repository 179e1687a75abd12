#include "sim/detailed/detailed_core.hpp"

#include <algorithm>

#include "models/base/check.hpp"
#include "sim/core/kernel_time.hpp"
#include "sim/detailed/output_stationary_core.hpp"
#include "sim/detailed/stationary_core.hpp"

namespace nibble::detailed {

DetailedCore::DetailedCore(sc_core::sc_module_name name, const ArrayShape& shape, TileWork& work, PortSeat seat,
                           KernelGuard& guard)
    : sc_module{name},
      shape_{shape},
      work_{work},
      blocks_{plan_blocks(shape, work)},
      tick_{"tick"},
      data_phase_{"data_phase"},
      guard_{guard},
      port_{seat.port},
      array_index_{seat.array},
      issued_at_(std::max(shape.accumulators, shape.entries), 0) {
  SC_HAS_PROCESS(DetailedCore);
  SC_METHOD(control_phase);
  sensitive << tick_;
}

void DetailedCore::control_phase() {
  guard_.run([this] {
    if (done() || lets_others_go_first()) return;
    if (kernel_now() > 0) ++cycle_;
    run_cycle();
    if (done()) return;
    data_phase_.notify(sc_core::SC_ZERO_TIME);
    tick_.notify(kernel_time(1));
  });
}

bool DetailedCore::lets_others_go_first() {
  if (others_before_ == port_.place(array_index_, kernel_now())) {
    others_before_ = 0;
    return false;
  }
  ++others_before_;
  next_trigger(sc_core::SC_ZERO_TIME);
  return true;
}

void DetailedCore::run_cycle() {
  port_.begin_cycle(kernel_now());
  if (fetch_) fetch_->begin_cycle();
  collect_outputs();
  const std::uint64_t share = port_.share_beside(wanted_load());
  const std::uint64_t written = write_sums(fetch_ && fetch_->hungry() ? share / 2 : share);
  end_block();
  if (done()) return;
  begin_block();
  if (fetch_ && fetch_->hungry()) fetch_->step(port_, share - written);
  load(port_);
  if (fetch_) fetch_->step(port_, port_.left());
  write_sums(port_.left());
  Beat issued;
  const Activity activity = issue(issued);
  l0_read_bits_ += step_array(issued);
  book(activity);
}

std::uint64_t DetailedCore::write_sums(std::uint64_t budget) {
  std::uint64_t written = 0;
  while (!outputs_.empty()) {
    const FinishedSums& sums = outputs_.front();
    const std::uint64_t bits = sums.codes.size() * shape_.sum_bits;
    const std::uint64_t part = port_.move(std::min(bits - head_sent_bits_, budget - written));
    written += part;
    head_sent_bits_ += part;
    if (head_sent_bits_ < bits) return written;
    const BlockView view{shape_, blocks_[block_]};
    for (std::size_t lane = 0; lane < sums.codes.size(); ++lane) {
      view.output(work_, sums.row, std::uint64_t{sums.column} * shape_.lanes + lane) = sums.codes[lane];
    }
    sums_finished_ += sums.codes.size();
    head_sent_bits_ = 0;
    outputs_.pop_front();
  }
  return written;
}

void DetailedCore::end_block() {
  if (!fetch_) return;
  if (!drained() || sums_finished_ < block().rows * BlockView{shape_, block()}.channels()) return;
  count_block();
  fetch_.reset();
  ++block_;
}

void DetailedCore::begin_block() {
  if (fetch_ || !block_in_place()) return;
  fetch_ = begin_fetch();
  fetch_->begin_cycle();
  next_beat_ = beats();
  sums_finished_ = 0;
}

DetailedCore::Activity DetailedCore::issue(Beat& issued) {
  if (!fetch_) return Activity::fill_drain;
  if (next_beat_.at_end()) return drained() && emptied() ? Activity::l1 : Activity::fill_drain;
  const Beat& beat = next_beat_.beat();
  if (!accumulator_free(beat)) return Activity::fill_drain;
  if (next_beat_.pass_begins() && next_beat_.pass() > 0 && cycle_ <= last_issue_ + shape_.bubble) {
    return Activity::fill_drain;
  }
  if (!fetch_->beat_ready() || !sums_can_leave(beat) || (beat.takes_sums && !fetch_->sums_ready())) return Activity::l1;
  issued = beat;
  issued_at_[beat.accumulator] = last_issue_ = cycle_;
  fetch_->beat_issued(beat);
  next_beat_.advance();
  return Activity::compute;
}

std::uint64_t DetailedCore::drained_at() const {
  return last_issue_ + (shape_.rows - 1) + (shape_.columns - 1) + shape_.latency;
}

bool DetailedCore::accumulator_free(const Beat& beat) const {
  return beat.first || cycle_ >= issued_at_[beat.accumulator] + shape_.latency;
}

void DetailedCore::book(Activity activity) {
  switch (activity) {
    case Activity::compute: ++book_.compute; break;
    case Activity::fill_drain: ++book_.fill_drain; break;
    case Activity::l1: ++book_.l1; break;
  }
}

void DetailedCore::count_block() {
  const ElementCounts elements = take_counts();
  const Bytes held = packed(Bits{held_bits()});
  const Bytes streamed = packed(Bits{fetch_->bits_fetched()});
  const Bytes moved_sums = packed(Bits{elements.lane_beats * shape_.sum_bits});
  counts_.macs += elements.macs;
  counts_.gated_macs += elements.gated_macs;
  counts_.register_read += packed(Bits{elements.macs * held_element_bits()}) + moved_sums;
  counts_.register_written += held + moved_sums;
  counts_.l0_read += packed(Bits{l0_read_bits_});
  counts_.l0_written += streamed;
  counts_.l1_read += held + streamed + packed(Bits{fetch_->sum_bits_fetched()});
  counts_.l1_written += packed(Bits{sums_finished_ * shape_.sum_bits});
  l0_read_bits_ = 0;
}

void DetailedCore::trace(sc_core::sc_trace_file* file) const {
  trace_array(file);
  sc_core::sc_trace(file, cycle_, std::string{name()} + ".cycle");
}

std::unique_ptr<DetailedCore> make_detailed_core(const char* name, const ArrayShape& shape, TileWork& work, PortSeat seat,
                                                 KernelGuard& guard) {
  if (shape.dataflow == Dataflow::output_stationary) {
    return std::make_unique<OutputStationaryCore>(name, shape, work, seat, guard);
  }
  return std::make_unique<StationaryCore>(name, shape, work, seat, guard);
}

}  // namespace nibble::detailed
