#include "sim/detailed/column_foot.hpp"

#include "models/base/check.hpp"
#include "models/formats/codec.hpp"
#include "sim/detailed/processing_element.hpp"

namespace nibble::detailed {
namespace {

constexpr std::uint64_t kNever = ~std::uint64_t{0};

}  // namespace

ColumnFoot::ColumnFoot(sc_core::sc_module_name name, const ArrayShape& shape, const std::uint64_t& cycle,
                       std::uint32_t column, std::deque<FinishedSums>& outputs)
    : sc_module{name},
      shape_{shape},
      cycle_{cycle},
      column_{column},
      outputs_{outputs},
      registers_(std::size_t{shape.accumulators} * shape.lanes),
      written_at_(shape.accumulators, kNever) {}

void ColumnFoot::begin(std::uint32_t lanes, bool takes_sums) {
  NIBBLE_CHECK(sums_from_l1_.empty(), "{}: {} rows of partial sums were not taken", name(), sums_from_l1_.size());
  lanes_ = lanes;
  takes_sums_ = takes_sums;
}

void ColumnFoot::accumulate(const SumWord& sums) {
  const Beat& beat = sums.beat;
  if (lanes_ == 0) return;
  check_timing(beat);
  SumRegister* const registers = registers_.data() + std::size_t{beat.accumulator} * shape_.lanes;
  for (std::uint32_t lane = 0; beat.first && lane < lanes_; ++lane) registers[lane].clear();
  const NumberFormat& format = shape_.arithmetic.chunk_accumulator;
  if (takes_sums_ && beat.takes_sums) {
    NIBBLE_CHECK(!sums_from_l1_.empty(), "{}: the partial sums of row {} have not arrived", name(), beat.row);
    for (std::uint32_t lane = 0; lane < lanes_; ++lane) {
      registers[lane].join(decode(format, sums_from_l1_.front()[lane]));
    }
    sums_from_l1_.pop_front();
  }
  for (std::uint32_t lane = 0; lane < lanes_; ++lane) {
    registers[lane].add(shape_.arithmetic, sums.lanes[lane], beat.chunk_ends);
  }
  accumulator_ = registers[0].total();
  if (!beat.last) return;
  FinishedSums finished{beat.row, column_, {}};
  for (std::uint32_t lane = 0; lane < lanes_; ++lane) {
    finished.codes.push_back(encode(format, format.conversion, registers[lane].total()).code);
  }
  outputs_.push_back(std::move(finished));
}

void ColumnFoot::check_timing(const Beat& beat) {
  std::uint64_t& written_at = written_at_[beat.accumulator];
  NIBBLE_CHECK(beat.first || cycle_ - written_at >= shape_.latency,
               "{}: accumulator {} is read {} cycles after the beat before it", name(), beat.accumulator,
               cycle_ - written_at);
  written_at = cycle_;
}

void ColumnFoot::trace(sc_core::sc_trace_file* file) const {
  sc_core::sc_trace(file, accumulator_, std::string{name()} + ".accumulator");
}

}  // namespace nibble::detailed
