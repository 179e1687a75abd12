#include "workloads/lowering/cuts.hpp"

#include <map>

namespace nibble {
namespace {

/// Position of each operation's layer among those that own forward kernels; `names` gets them in that order.
std::vector<std::size_t> positions_of(const Step& step, std::vector<std::string>& names) {
  std::map<std::string, std::size_t> known;
  for (const Operation& operation : step.operations) {
    if (operation.pass != Pass::fwd && operation.pass != Pass::vector_fwd) continue;
    if (known.emplace(operation.layer, names.size()).second) names.push_back(operation.layer);
  }
  std::vector<std::size_t> positions;
  std::size_t last = 0;  // a layer without a kernel of its own goes with what ran before
  for (const Operation& operation : step.operations) {
    if (const auto found = known.find(operation.layer); found != known.end()) last = found->second;
    positions.push_back(last);
  }
  return positions;
}

/// Where a tensor comes from and where it is read.
struct Sides {
  bool from_near = false, from_far = false, to_near = false, to_far = false;
};

void add_crossings(const Step& step, Cut& cut) {
  std::vector<Sides> sides(step.tensors.size());
  for (std::size_t t = 0; t < sides.size(); ++t) sides[t].from_near = step.tensors[t].input;
  for (std::size_t i = 0; i < step.operations.size(); ++i) {
    const Operation& operation = step.operations[i];
    for (const TensorUse& use : operation.reads) {
      Sides& s = sides[use.tensor];
      (cut.near[i] ? s.to_near : s.to_far) = true;
      const bool first = !s.from_near && !s.from_far;
      if (step.tensors[use.tensor].parameter && first) (cut.near[i] ? s.from_near : s.from_far) = true;  // it lies there
    }
    for (const TensorUse& use : operation.writes) (cut.near[i] ? sides[use.tensor].from_near : sides[use.tensor].from_far) = true;
  }
  for (std::size_t t = 0; t < sides.size(); ++t) {
    if (sides[t].from_near && sides[t].to_far) cut.up += step.tensors[t].size;
    if (sides[t].from_far && sides[t].to_near) cut.down += step.tensors[t].size;
  }
}

}  // namespace

std::vector<Cut> cuts_of(const Step& step) {
  std::vector<std::string> names;
  const std::vector<std::size_t> positions = positions_of(step, names);
  std::vector<Cut> cuts;
  for (std::size_t c = 0; c <= names.size(); ++c) {
    Cut& cut = cuts.emplace_back();
    cut.after = c == 0 ? "" : names[c - 1];
    for (const std::size_t position : positions) cut.near.push_back(position < c);
    add_crossings(step, cut);
  }
  return cuts;
}

}  // namespace nibble
