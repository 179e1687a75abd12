#include "sim/system/exchange_plan.hpp"

#include <map>

#include "models/formats/format.hpp"

namespace nibble {

ExchangePlan plan_exchange(const Step& step, const std::string& format) {
  const std::size_t count = step.operations.size();
  std::map<TensorId, std::size_t> last_writer;
  for (std::size_t i = 0; i < count; ++i) {
    if (step.operations[i].pass == Pass::update) continue;
    for (const TensorUse& use : step.operations[i].writes) last_writer[use.tensor] = i;
  }
  ExchangePlan plan;
  plan.makes.resize(count);
  plan.needs.resize(count);
  std::map<TensorId, std::uint32_t> ids;
  for (std::size_t i = 0; i < count; ++i) {
    if (step.operations[i].pass != Pass::update) continue;
    for (const TensorUse& use : step.operations[i].reads) {
      const Tensor& tensor = step.tensors[use.tensor];
      const auto writer = last_writer.find(use.tensor);
      if (tensor.parameter || writer == last_writer.end()) continue;
      const auto [id, fresh] = ids.emplace(use.tensor, static_cast<std::uint32_t>(ids.size()));
      plan.needs[i].push_back(id->second);
      if (!fresh) continue;
      const Bits bits{tensor.elements.value() * format_storage(format).bits};
      plan.makes[writer->second].push_back({id->second, packed(bits)});
      plan.elements += tensor.elements;
    }
  }
  plan.gradients = ids.size();
  return plan;
}

}  // namespace nibble
