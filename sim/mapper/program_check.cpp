#include "sim/mapper/program_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "models/base/error.hpp"
#include "sim/mapper/mapper.hpp"

namespace nibble {

namespace {

constexpr std::array<const char*, kUnits> kUnitNames = {"load", "mpe", "sfu", "store"};
constexpr std::size_t kMostProblems = 20;  // enough to see what is wrong; a broken file can have thousands

/// Collects problems, then throws them together.
class Problems {
 public:
  void add(const std::string& id, std::string what, std::string hint = {}) {
    if (problems_.size() < kMostProblems) {
      problems_.push_back({.id = id, .file = {}, .what = std::move(what), .hint = std::move(hint)});
    }
  }
  [[nodiscard]] bool empty() const { return problems_.empty(); }
  void throw_if_any() {
    if (!problems_.empty()) throw InputError(std::move(problems_));
  }

 private:
  std::vector<Problem> problems_;
};

std::string place(std::size_t core, std::size_t unit, std::size_t index) {
  return fmt::format("core {}, {} instruction {}", core, kUnitNames[unit], index);
}

/// The group of cores that an instruction waits for: a multicast load or an exchange of partial sums.
struct Group {
  std::uint32_t id = 0;  ///< 0: the instruction stands alone
  std::uint32_t cores = 1;
};

Group group_of(std::size_t unit, const Instruction& instruction) {
  if (unit == static_cast<std::size_t>(Unit::load) && instruction.multicast != 0) {
    return {instruction.multicast, instruction.multicast_cores};
  }
  if (unit == static_cast<std::size_t>(Unit::store) && instruction.reduce != 0) {
    return {instruction.reduce, instruction.reduce_cores};
  }
  return {};
}

template <class Visit>
void for_each_instruction(const KernelProgram& program, Visit visit) {
  for (std::size_t core = 0; core < program.cores.size(); ++core) {
    for (std::size_t unit = 0; unit < kUnits; ++unit) {
      const auto& queue = program.cores[core].units[unit];
      for (std::size_t index = 0; index < queue.size(); ++index) visit(core, unit, index, queue[index]);
    }
  }
}

void check_slots(const KernelProgram& program, const Accelerator& accelerator, Problems& problems) {
  Bytes sum;
  for (const Bytes slot : program.slots) sum += slot;
  if (sum > usable_l1(accelerator)) {
    problems.add("PRG-L1", fmt::format("slots need {} bytes of each core's L1", sum.value()),
                 fmt::format("{} may allocate {} of its {} bytes", accelerator.name, usable_l1(accelerator).value(),
                             accelerator.core.l1.capacity.value()));
  }
  for_each_instruction(program, [&](std::size_t core, std::size_t unit, std::size_t index, const Instruction& work) {
    Bytes room;
    for (const SlotIndex slot : work.publishes) room += slot < program.slots.size() ? program.slots[slot] : Bytes{};
    if (unit == static_cast<std::size_t>(Unit::load) && work.bytes > room) {
      problems.add("PRG-SLOT-SIZE", fmt::format("{} loads {} bytes into {}", place(core, unit, index),
                                                work.bytes.value(), room.value()));
    }
    for (const SlotList* list : {&work.waits, &work.acquires, &work.publishes, &work.frees}) {
      for (const SlotIndex slot : *list) {
        if (slot >= program.slots.size()) {
          problems.add("PRG-SLOT", fmt::format("{} names slot {}", place(core, unit, index), slot),
                       fmt::format("the program has {} slots", program.slots.size()));
        }
      }
    }
  });
}

/// One unit fills a slot on a core, always the same one.
void check_owners(const KernelProgram& program, Problems& problems) {
  std::map<std::pair<std::size_t, SlotIndex>, std::size_t> owner;
  for_each_instruction(program, [&](std::size_t core, std::size_t unit, std::size_t index, const Instruction& work) {
    for (const SlotIndex slot : work.acquires) {
      const auto [entry, fresh] = owner.try_emplace({core, slot}, unit);
      if (!fresh && entry->second != unit) {
        problems.add("PRG-OWNER", fmt::format("{} acquires slot {}, which the {} unit fills", place(core, unit, index),
                                              slot, kUnitNames[entry->second]));
      }
    }
  });
}

void check_units(const KernelProgram& program, Problems& problems) {
  for_each_instruction(program, [&](std::size_t core, std::size_t unit, std::size_t index, const Instruction& work) {
    const std::string where = place(core, unit, index);
    if (unit == static_cast<std::size_t>(Unit::mpe) && work.m * work.n * work.k * work.count == 0) {
      problems.add("PRG-UNIT", fmt::format("{} multiplies an empty tile {} x {} x {}, {} times", where, work.m, work.n,
                                           work.k, work.count));
    }
    if (unit == static_cast<std::size_t>(Unit::load) && work.resident == (work.bytes.value() > 0)) {
      problems.add("PRG-UNIT", fmt::format("{} moves {} bytes and is{} resident", where, work.bytes.value(),
                                           work.resident ? "" : " not"),
                   "a load moves bytes, unless it is resident");
    }
    if (!work.source) return;
    if (unit != static_cast<std::size_t>(Unit::load) || work.resident || work.multicast != 0 || *work.source == core ||
        *work.source >= program.cores.size()) {
      problems.add("PRG-SOURCE", fmt::format("{} cannot read the L1 of core {}", where, *work.source),
                   "a load that moves bytes to one core may name another core of the machine");
    }
  });
}

/// Every group is named by as many different cores as it says, with the same size.
void check_groups(const KernelProgram& program, Problems& problems) {
  struct Seen {
    std::set<std::size_t> cores;
    Group group;
    Bytes bytes;
    bool passes_on = false;
    std::size_t instructions = 0;
  };
  std::map<std::pair<std::size_t, std::uint32_t>, Seen> groups;
  for_each_instruction(program, [&](std::size_t core, std::size_t unit, std::size_t index, const Instruction& work) {
    const Group group = group_of(unit, work);
    if (group.id == 0) return;
    const bool load = unit == static_cast<std::size_t>(Unit::load);
    const Bytes bytes = load ? work.bytes : work.reduce_bytes;
    Seen& seen = groups[{unit, group.id}];
    if (seen.instructions++ == 0) {
      seen.group = group;
      seen.bytes = bytes;
      seen.passes_on = work.passes_on;
    } else if (seen.group.cores != group.cores || seen.bytes != bytes || seen.passes_on != work.passes_on) {
      problems.add("PRG-GROUP", fmt::format("{} disagrees with its partners of group {} about cores, bytes or passing on",
                                            place(core, unit, index), group.id));
    }
    if (work.passes_on && group.cores != 2) {
      problems.add("PRG-GROUP", fmt::format("{} passes sums on among {} cores", place(core, unit, index), group.cores),
                   "from one core to one other");
    }
    seen.cores.insert(core);
  });
  for (const auto& [key, seen] : groups) {
    if (seen.cores.size() != seen.group.cores || seen.instructions != seen.group.cores) {
      problems.add("PRG-GROUP", fmt::format("{} group {} is for {} cores, but {} instructions of {} cores name it",
                                            kUnitNames[key.first], key.second, seen.group.cores, seen.instructions,
                                            seen.cores.size()));
    }
  }
}

/// Runs the queues without time: whatever can start does, until nothing can.
class TokenRun {
 public:
  TokenRun(const KernelProgram& program, Problems& problems)
      : program_{program}, problems_{problems}, next_(program.cores.size()) {
    for (auto& units : next_) units.fill(0);
    state_.assign(program.cores.size(), std::vector<State>(program.slots.size(), State::empty));
  }

  void run() {
    bool moved = true;
    while (moved && problems_.empty()) {
      moved = false;
      for (std::size_t core = 0; core < next_.size(); ++core) {
        for (std::size_t unit = 0; unit < kUnits; ++unit) {
          while (step(core, unit)) moved = true;
        }
      }
    }
    if (problems_.empty()) report_leftovers();
  }

 private:
  enum class State : std::uint8_t { empty, owned, full };

  [[nodiscard]] const Instruction* head(std::size_t core, std::size_t unit) const {
    const auto& queue = program_.cores[core].units[unit];
    return next_[core][unit] < queue.size() ? &queue[next_[core][unit]] : nullptr;
  }

  [[nodiscard]] bool ready(std::size_t core, const Instruction& work) const {
    const auto& slots = state_[core];
    const auto is_full = [&](SlotIndex slot) { return slots[slot] == State::full; };
    const auto is_empty = [&](SlotIndex slot) { return slots[slot] == State::empty; };
    return std::all_of(work.waits.begin(), work.waits.end(), is_full) &&
           std::all_of(work.acquires.begin(), work.acquires.end(), is_empty);
  }

  /// Some core stands ready to pass on the sums that an instruction begins on.
  [[nodiscard]] bool has_sums(const Instruction& work) const {
    if (work.begins_on == 0) return true;
    constexpr auto kStore = static_cast<std::size_t>(Unit::store);
    for (std::size_t core = 0; core < next_.size(); ++core) {
      const Instruction* store = head(core, kStore);
      if (store != nullptr && store->reduce == work.begins_on && ready(core, *store)) return true;
    }
    return false;
  }

  /// Runs the head of one queue, with its whole group if it has one. False if it cannot start yet.
  bool step(std::size_t core, std::size_t unit) {
    const Instruction* work = head(core, unit);
    if (work == nullptr || !problems_.empty() || !ready(core, *work) || !has_sums(*work)) return false;
    const Group group = group_of(unit, *work);
    if (group.id == 0) {
      finish(core, unit, *work);
      return true;
    }
    std::vector<std::size_t> members;
    for (std::size_t other = 0; other < next_.size(); ++other) {
      const Instruction* partner = head(other, unit);
      if (partner != nullptr && group_of(unit, *partner).id == group.id && ready(other, *partner)) {
        members.push_back(other);
      }
    }
    if (members.size() < group.cores) return false;
    for (const std::size_t member : members) finish(member, unit, *head(member, unit));
    return true;
  }

  void finish(std::size_t core, std::size_t unit, const Instruction& work) {
    auto& slots = state_[core];
    for (const SlotIndex slot : work.acquires) slots[slot] = State::owned;
    for (const SlotIndex slot : work.publishes) {
      if (slots[slot] != State::owned) complain(core, unit, slot, "publishes", "no instruction has acquired");
      slots[slot] = State::full;
    }
    for (const SlotIndex slot : work.frees) {
      if (slots[slot] != State::full) complain(core, unit, slot, "frees", "is not full");
      slots[slot] = State::empty;
    }
    ++next_[core][unit];
  }

  void complain(std::size_t core, std::size_t unit, SlotIndex slot, const char* verb, const char* why) {
    problems_.add("PRG-TOKEN",
                  fmt::format("{} {} slot {}, which {}", place(core, unit, next_[core][unit]), verb, slot, why));
  }

  void report_leftovers() {
    for (std::size_t core = 0; core < next_.size(); ++core) {
      for (std::size_t unit = 0; unit < kUnits; ++unit) {
        if (const Instruction* work = head(core, unit)) {
          problems_.add("PRG-DEADLOCK", fmt::format("{} never starts: {}", place(core, unit, next_[core][unit]),
                                                    obstacle(core, *work)));
        }
      }
    }
    if (!problems_.empty()) return;
    for (std::size_t core = 0; core < next_.size(); ++core) {
      for (std::size_t slot = 0; slot < program_.slots.size(); ++slot) {
        if (state_[core][slot] != State::empty) {
          problems_.add("PRG-LEFT-FULL", fmt::format("core {} ends with slot {} in use: what fills it is never used "
                                                     "up", core, slot));
        }
      }
    }
  }

  [[nodiscard]] std::string obstacle(std::size_t core, const Instruction& work) const {
    for (const SlotIndex slot : work.waits) {
      if (state_[core][slot] != State::full) return fmt::format("slot {} is never filled", slot);
    }
    for (const SlotIndex slot : work.acquires) {
      if (state_[core][slot] != State::empty) return fmt::format("slot {} is never freed", slot);
    }
    return "its partners on other cores never come";
  }

  const KernelProgram& program_;
  Problems& problems_;
  std::vector<std::array<std::size_t, kUnits>> next_;
  std::vector<std::vector<State>> state_;
};

}  // namespace

ProgramTotals totals(const KernelProgram& program) {
  ProgramTotals sum;
  sum.cores.resize(program.cores.size());
  std::set<std::uint32_t> multicasts;
  for_each_instruction(program, [&](std::size_t core, std::size_t unit, std::size_t, const Instruction& work) {
    CoreTotals& mine = sum.cores[core];
    ++mine.instructions;
    switch (static_cast<Unit>(unit)) {
      case Unit::load:
        mine.loaded += work.bytes;
        if (work.source) break;  // another core's L1
        if (work.multicast == 0 || multicasts.insert(work.multicast).second) sum.memory_read += work.bytes;
        break;
      case Unit::mpe:
        mine.macs += Macs{work.m * work.n * work.k * work.count};
        break;
      case Unit::sfu:
        mine.lane_ops += work.lane_ops;
        break;
      case Unit::store:
        mine.stored += work.bytes;
        sum.memory_written += work.bytes;
        break;
    }
  });
  for (const CoreTotals& core : sum.cores) {
    sum.macs += core.macs;
    sum.lane_ops += core.lane_ops;
    sum.instructions += core.instructions;
  }
  return sum;
}

void check_program(const KernelProgram& program, const Accelerator& accelerator) {
  Problems problems;
  if (program.cores.size() != accelerator.cores) {
    problems.add("PRG-CORES", fmt::format("the program is for {} cores", program.cores.size()),
                 fmt::format("{} has {}", accelerator.name, accelerator.cores));
  }
  check_slots(program, accelerator, problems);
  problems.throw_if_any();
  check_owners(program, problems);
  check_units(program, problems);
  check_groups(program, problems);
  problems.throw_if_any();
  TokenRun{program, problems}.run();
  problems.throw_if_any();
}

}  // namespace nibble
