#pragma once

#include <cstddef>
#include <unordered_map>

#include "models/config/accelerator.hpp"
#include "models/timing/port_schedule.hpp"

namespace nibble {

/// ScheduleTable: what models/timing/port_schedule.hpp says of visits, asked once for all arrays of a machine: they are
/// equal, and do equal work on different cores.
class ScheduleTable {
 public:
  explicit ScheduleTable(const Core& core);

  /// schedule_visit() on this machine's array. The reference holds until the next call.
  const VisitSchedule& of(const PortTraffic& traffic, const PortState& state);

 private:
  struct Question {
    PortTraffic traffic;
    PortState state;
    friend bool operator==(const Question&, const Question&) = default;
  };
  struct Hash {
    std::size_t operator()(const Question& question) const;
  };

  const PortedArray array_;
  std::unordered_map<Question, VisitSchedule, Hash> known_;
};

}  // namespace nibble
