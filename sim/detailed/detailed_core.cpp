#include "sim/detailed/detailed_core.hpp"

#include "models/base/check.hpp"
#include "sim/core/kernel_time.hpp"

namespace nibble::detailed {
namespace {

const std::string& held_format(const ArrayShape& shape) { return shape.transposed() ? shape.a_format : shape.b_format; }
const std::string& streamed_format(const ArrayShape& shape) {
  return shape.transposed() ? shape.b_format : shape.a_format;
}

}  // namespace

DetailedCore::DetailedCore(sc_core::sc_module_name name, const ArrayShape& shape, TileWork& work, KernelGuard& guard)
    : sc_module{name},
      shape_{shape},
      work_{work},
      guard_{guard},
      stationary_{number_format(held_format(shape))},
      streamed_{number_format(streamed_format(shape))},
      blocks_{plan_blocks(shape, work)},
      tick_{"tick"},
      data_phase_{"data_phase"},
      array_{"array", shape_, cycle_, data_phase_, stationary_, streamed_},
      port_{shape.port_bits},
      loader_{shape_, work_, blocks_, array_},
      issued_at_(shape.accumulators, 0) {
  SC_HAS_PROCESS(DetailedCore);
  SC_METHOD(control_phase);
  sensitive << tick_;
}

void DetailedCore::control_phase() {
  guard_.run([this] {
    if (done()) return;
    if (kernel_now() > 0) ++cycle_;
    run_cycle();
    if (done()) return;
    data_phase_.notify(sc_core::SC_ZERO_TIME);
    tick_.notify(kernel_time(1));
  });
}

void DetailedCore::run_cycle() {
  port_.begin_cycle();
  const std::uint64_t share = port_.share_beside(loader_.wanted(block_));
  const std::uint64_t written = write_sums(fetch_ && fetch_->hungry() ? share / 2 : share);
  end_block();
  if (done()) return;
  begin_block();
  if (fetch_ && fetch_->hungry()) fetch_->step(port_, share - written);
  loader_.step(port_, block_);
  if (fetch_) fetch_->step(port_, port_.left());
  write_sums(port_.left());
  Beat issued;
  const Activity activity = issue(issued);
  l0_read_bits_ += array_.advance_beats(issued, BlockView{shape_, blocks_[block_]});
  book(activity);
}

std::uint64_t DetailedCore::write_sums(std::uint64_t budget) {
  std::deque<FinishedSums>& queue = array_.outputs();
  std::uint64_t written = 0;
  while (!queue.empty()) {
    const FinishedSums& sums = queue.front();
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
    queue.pop_front();
  }
  return written;
}

void DetailedCore::end_block() {
  if (!fetch_) return;
  const Block& block = blocks_[block_];
  if (!next_beat_.at_end() || cycle_ < drained_at()) return;  // the last beat is still on its way east
  if (sums_finished_ < block.rows * BlockView{shape_, block}.channels()) return;
  count_block();
  fetch_.reset();
  ++block_;
}

void DetailedCore::begin_block() {
  if (fetch_ || loader_.blocks_loaded() <= block_) return;
  const Block& block = blocks_[block_];
  const auto buffer = static_cast<std::uint32_t>(block_ % shape_.buffers);
  fetch_.emplace(shape_, work_, block, buffer, array_);
  next_beat_ = BeatOrder{shape_, block, buffer};
  sums_finished_ = 0;
  const BlockView view{shape_, block};
  for (std::uint32_t c = 0; c < shape_.columns; ++c) array_.foot(c).begin(view.lanes(c), block.reads_sums);
}

DetailedCore::Activity DetailedCore::issue(Beat& issued) {
  if (!fetch_) return Activity::fill_drain;
  if (next_beat_.at_end()) {
    return cycle_ >= drained_at() ? Activity::l1 : Activity::fill_drain;
  }
  const Beat& beat = next_beat_.beat();
  if (!accumulator_free(beat)) return Activity::fill_drain;
  if (next_beat_.pass_begins() && next_beat_.pass() > 0 && cycle_ <= last_issue_ + shape_.bubble) {
    return Activity::fill_drain;
  }
  const std::uint64_t waiting = array_.outputs().size();
  const bool sums_can_leave = !beat.last || waiting < std::uint64_t{shape_.accumulators} * shape_.columns;
  if (!fetch_->beat_ready() || !sums_can_leave || (beat.takes_sums && !fetch_->sums_ready())) return Activity::l1;
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
  const Block& block = blocks_[block_];
  const BlockView view{shape_, block};
  const ElementCounts elements = array_.take_counts();
  const Bytes stationary = packed(Bits{loader_.block_bits(block_)});
  const Bytes streamed = packed(Bits{l0_read_bits_});
  const Bytes sums = packed(Bits{sums_finished_ * shape_.sum_bits});
  const Bytes moved_sums = packed(Bits{elements.lane_beats * shape_.sum_bits});
  counts_.macs += elements.macs;
  counts_.gated_macs += elements.gated_macs;
  counts_.register_read += packed(Bits{elements.macs * view.stationary_bits()}) + moved_sums;
  counts_.register_written += stationary + moved_sums;
  counts_.l0_read += streamed;
  counts_.l0_written += packed(Bits{fetch_->bits_fetched()});
  counts_.l1_read += stationary + packed(Bits{fetch_->bits_fetched()}) + packed(Bits{fetch_->sum_bits_fetched()});
  counts_.l1_written += sums;
  l0_read_bits_ = 0;
}

void DetailedCore::trace(sc_core::sc_trace_file* file) const {
  array_.trace(file);
  sc_core::sc_trace(file, cycle_, std::string{name()} + ".cycle");
}

}  // namespace nibble::detailed
