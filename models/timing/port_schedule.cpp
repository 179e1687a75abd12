#include "models/timing/port_schedule.hpp"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

namespace nibble {
namespace {

/// Where a sequence of beats stands.
struct Position {
  std::uint64_t pass_first = 0;  ///< row
  std::uint64_t entry = 0, row = 0;

  void advance(const PortTraffic& traffic) {
    if (++row < std::min(pass_first + traffic.pass_rows, traffic.rows)) return;
    if (++entry == traffic.entries) {
      entry = 0;
      pass_first += traffic.pass_rows;
    }
    row = pass_first;
  }
};

/// One visit on its way, cycle by cycle in numbers of bits.
class Run {
 public:
  Run(const PortedArray& array, const PortTraffic& traffic, PortState state)
      : array_{array}, traffic_{traffic}, state_{std::move(state)}, issued_at_(traffic.pass_rows, 0),
        ended_rows_(array.rows + array.columns + array.latency + 1, 0) {
    sums_next_ = takes_sums(fetch_);
  }

  VisitSchedule finish() {
    for (cycle_ = 0;; ++cycle_) {
      collect_sums();
      note_end_of_streaming();
      left_ = array_.port_bits;
      sums_moved_ = 0;
      std::uint64_t share = array_share();
      std::uint64_t written = 0;
      if (cycle_ == 0) {
        left_ -= written = state_.used_bits;
      } else {
        written = write_sums(hungry() ? share / 2 : share);
      }
      if (ended()) {
        return {cycle_, moved_, streaming_cycles_, streaming_bits_, {std::move(state_.loads), array_.port_bits - left_, loader_idle_}};
      }
      if (hungry()) fetch(share - std::min(share, written));
      load();
      fetch(left_);
      write_sums(left_);
      issue();
      moved_ += array_.port_bits - left_;
    }
  }

 private:
  [[nodiscard]] bool takes_sums(const Position& at) const {
    return traffic_.sums_in_bits > 0 && at.pass_first < traffic_.rows && at.entry == traffic_.sums_in_entry;
  }
  [[nodiscard]] bool fetched_all() const { return fetch_.pass_first >= traffic_.rows; }
  [[nodiscard]] bool issued_all() const { return next_.pass_first >= traffic_.rows; }
  [[nodiscard]] std::uint64_t drained_at() const {
    return last_issue_ + (array_.rows - 1) + (array_.columns - 1) + array_.latency;
  }
  [[nodiscard]] bool ended() const { return issued_all() && cycle_ >= drained_at() && rows_out_ == traffic_.sum_rows; }

  void note_end_of_streaming() {
    if (!traffic_.sums_at_end || streaming_cycles_ > 0 || !issued_all() || cycle_ < drained_at()) return;
    streaming_cycles_ = cycle_;
    streaming_bits_ = moved_;
  }

  std::uint64_t array_share() {
    loader_idle_ = state_.loads.empty() || (cycle_ == 0 && state_.loader_idle_first);
    return left_ - (loader_idle_ ? 0 : std::min(state_.loads.front().wanted(), left_ / 2));
  }

  void load() {
    if (state_.loads.empty()) return;
    BlockLoad& load = state_.loads.front();
    const std::uint64_t moved = std::min(left_, load.wanted());
    load.bits -= moved;
    left_ -= moved;
    loaded_ += moved;
    if (load.bits == 0) state_.loads.erase(state_.loads.begin());
  }

  /// Sums come out of column c as many cycles after their row's last beat as they pass rows, columns and pipeline.
  void collect_sums() {
    if (traffic_.sums_at_end) {
      if (!issued_all() || cycle_ <= drained_at() || rows_left_array_ == traffic_.sum_rows) return;
      ++rows_left_array_;
      for (std::uint64_t c = 0; c < traffic_.columns; ++c) collect_column(c);
      return;
    }
    if (cycle_ > last_row_ended_ + ended_rows_.size()) return;  // no sums are on their way
    const std::uint64_t way = array_.rows - 1 + array_.latency;
    for (std::uint64_t c = 0; c < traffic_.columns && cycle_ >= way + c; ++c) {
      if (ended_rows_[(cycle_ - way - c) % ended_rows_.size()] != 0) collect_column(c);
    }
    ended_rows_[cycle_ % ended_rows_.size()] = 0;
  }

  void collect_column(std::uint64_t column) {
    const bool last = column + 1 == traffic_.columns;
    waiting_.push_back(last ? traffic_.last_column_sum_bits : traffic_.column_sum_bits);
    columns_out_.push_back(last);
  }

  std::uint64_t write_sums(std::uint64_t budget) {
    std::uint64_t written = 0;
    budget = std::min(budget, left_);
    while (!waiting_.empty() && written < budget) {
      const std::uint64_t part = std::min(waiting_.front(), budget - written);
      written += part;
      waiting_.front() -= part;
      if (waiting_.front() > 0) break;
      waiting_.pop_front();
      rows_out_ += columns_out_.front() ? 1 : 0;
      columns_out_.pop_front();
    }
    left_ -= written;
    return written;
  }

  [[nodiscard]] bool has_room() const {
    if (sums_next_) return sums_fetched_ - sums_taken_ < traffic_.pass_rows;
    return fetched_ - issued_ < traffic_.l0_words && (!begins_step(fetch_) || steps_held() < traffic_.l0_steps);
  }
  /// Does this beat's item hold a step's second operand?
  [[nodiscard]] bool begins_step(const Position& at) const { return traffic_.l0_steps > 0 && at.row == at.pass_first; }
  /// Steps whose second operand is in L0: it leaves with the step's first beat.
  [[nodiscard]] std::uint64_t steps_held() const { return fetch_.entry - next_.entry - (begins_step(next_) ? 0 : 1); }
  /// Less than a pass is there.
  [[nodiscard]] bool hungry() const {
    return !fetched_all() && (arrived_ > 0 || has_room()) && fetched_ - issued_ < traffic_.pass_rows;
  }
  [[nodiscard]] std::uint64_t item_bits() const {
    const bool last_row = fetch_.row + 1 == traffic_.rows;
    if (sums_next_) return last_row ? traffic_.last_sums_in_bits : traffic_.sums_in_bits;
    const std::uint64_t shared = fetch_.row == fetch_.pass_first ? traffic_.shared_bits : 0;
    return (fetch_.entry + 1 == traffic_.entries ? traffic_.last_depth : traffic_.depth) *
           ((last_row ? traffic_.last_row_bits : traffic_.row_bits) + shared);
  }

  void fetch(std::uint64_t budget) {
    budget = std::min(budget, left_);
    while (budget > 0 && !fetched_all() && (arrived_ > 0 || has_room())) {
      std::uint64_t moved = std::min(budget, item_bits() - arrived_);
      if (sums_next_ && traffic_.sums_in_cycle_bits > 0) {
        moved = std::min(moved, traffic_.sums_in_cycle_bits - sums_moved_);
        if (moved == 0) return;
        sums_moved_ += moved;
      }
      budget -= moved;
      left_ -= moved;
      arrived_ += moved;
      if (arrived_ == item_bits()) deliver();
    }
  }

  void deliver() {
    arrived_ = 0;
    if (std::exchange(sums_next_, false)) {
      ++sums_fetched_;
      return;
    }
    ++fetched_;
    fetch_.advance(traffic_);
    sums_next_ = takes_sums(fetch_);
  }

  void issue() {
    if (issued_all()) return;
    const std::uint64_t accumulator = next_.row - next_.pass_first;
    const bool pass_begins = accumulator == 0 && next_.entry == 0, last = next_.entry + 1 == traffic_.entries;
    if (next_.entry > 0 && cycle_ < issued_at_[accumulator] + array_.latency) return;
    if (pass_begins && next_.pass_first > 0 && cycle_ <= last_issue_ + array_.bubble) return;
    if (fetched_ == issued_ || (last && !traffic_.sums_at_end && waiting_.size() >= array_.accumulators * array_.columns)) return;
    const bool takes = takes_sums(next_);
    if (takes && sums_fetched_ == sums_taken_) return;
    if (pass_begins) skip_repeated_passes();
    sums_taken_ += takes ? 1 : 0;
    ++issued_;
    issued_at_[accumulator] = last_issue_ = cycle_;
    if (last && !traffic_.sums_at_end) {
      ended_rows_[cycle_ % ended_rows_.size()] = 1;
      last_row_ended_ = cycle_;
    }
    next_.advance(traffic_);
  }

  /// All that decides what comes next, but for how much there is left to do; taken where a pass begins.
  [[nodiscard]] std::vector<std::uint64_t> signature() const {
    std::vector<std::uint64_t> all{fetched_ - issued_, arrived_, sums_next_ ? 1U : 0U, sums_fetched_ - sums_taken_,
                                   state_.loads.size(), left_};
    all.insert(all.end(), waiting_.begin(), waiting_.end());
    for (std::uint64_t i = 1; i < ended_rows_.size(); ++i) {
      all.push_back(cycle_ >= i ? ended_rows_[(cycle_ - i) % ended_rows_.size()] : 0);
    }
    return all;
  }

  void skip_repeated_passes() {
    constexpr std::uint64_t kAfterSkip = 2;
    Pass now{signature(), next_.pass_first, cycle_, loaded_, moved_};
    const auto before = std::find_if(passes_.begin(), passes_.end(), [&](const Pass& p) { return p.state == now.state; });
    if (before == passes_.end()) {
      if (passes_.size() == kRemembered) passes_.pop_front();
      passes_.push_back(std::move(now));
      return;
    }
    const std::uint64_t rows = now.first_row - before->first_row, period = now.cycle - before->cycle;
    const std::uint64_t load = now.loaded - before->loaded;
    const std::uint64_t ahead = (fetched_ - issued_) / (traffic_.entries * traffic_.pass_rows) + kAfterSkip;
    const std::uint64_t keep = ahead * traffic_.pass_rows + rows;
    std::uint64_t times = traffic_.rows - next_.pass_first > keep ? (traffic_.rows - next_.pass_first - keep) / rows : 0;
    if (load > 0) {
      const std::uint64_t bits = state_.loads.front().bits, reserve = load + array_.port_bits;
      times = bits > reserve ? std::min(times, (bits - reserve) / load) : 0;
    }
    const std::uint64_t moved = now.moved - before->moved;
    passes_.clear();
    moved_ += times * moved;
    move_on(times, rows, period, load);
  }

  void move_on(std::uint64_t times, std::uint64_t rows, std::uint64_t period, std::uint64_t load) {
    if (times == 0) return;
    const std::size_t size = ended_rows_.size();
    std::vector<std::uint8_t> turned(size);
    for (std::size_t i = 0; i < size; ++i) turned[(cycle_ + times * period + i) % size] = ended_rows_[(cycle_ + i) % size];
    ended_rows_ = std::move(turned);
    cycle_ += times * period;
    last_issue_ += times * period;
    last_row_ended_ += times * period;
    for (Position* position : {&fetch_, &next_}) {
      position->pass_first += times * rows;
      position->row += times * rows;
    }
    rows_out_ += times * rows;
    const std::uint64_t beats = times * rows * traffic_.entries;
    fetched_ += beats;
    issued_ += beats;
    if (load == 0) return;
    state_.loads.front().bits -= times * load;
    loaded_ += times * load;
  }

  struct Pass {
    std::vector<std::uint64_t> state;
    std::uint64_t first_row = 0, cycle = 0, loaded = 0, moved = 0;
  };
  static constexpr std::size_t kRemembered = 16;

  const PortedArray& array_;
  const PortTraffic& traffic_;
  PortState state_;
  std::uint64_t cycle_ = 0, left_ = 0;
  bool loader_idle_ = false;
  std::uint64_t loaded_ = 0, moved_ = 0;           ///< bits, by the loader; by all
  std::uint64_t streaming_cycles_ = 0, streaming_bits_ = 0;

  Position fetch_, next_;                          ///< the beat whose bits come next; the beat to issue next
  bool sums_next_ = false;                         ///< partial sums come before that beat's operands
  std::uint64_t arrived_ = 0;                      ///< bits of it
  std::uint64_t fetched_ = 0, issued_ = 0;         ///< beats
  std::uint64_t sums_fetched_ = 0, sums_taken_ = 0;  ///< rows
  std::uint64_t sums_moved_ = 0;                   ///< bits of sums that were read in this cycle

  std::vector<std::uint64_t> issued_at_;           ///< by accumulator
  std::uint64_t last_issue_ = 0;
  std::vector<std::uint8_t> ended_rows_;           ///< by cycle: a row's last beat was issued
  std::uint64_t last_row_ended_ = 0;
  std::deque<std::uint64_t> waiting_;              ///< bits of sums that have left the array, by row and column
  std::deque<bool> columns_out_;                   ///< of each: the row's last
  std::uint64_t rows_left_array_ = 0, rows_out_ = 0;
  std::deque<Pass> passes_;
};

}  // namespace

VisitSchedule schedule_visit(const PortedArray& array, const PortTraffic& traffic, PortState state) {
  return Run{array, traffic, std::move(state)}.finish();
}

}  // namespace nibble
