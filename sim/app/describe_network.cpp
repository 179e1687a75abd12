#include <fmt/format.h>

#include "sim/app/describe.hpp"
#include "sim/report/text_table.hpp"
#include "workloads/importers/import_network.hpp"
#include "workloads/trace/network.hpp"

namespace nibble {
namespace {

std::string shape_text(const Shape& shape) {
  std::string text;
  for (const std::uint64_t size : shape) text += fmt::format("{}{}", text.empty() ? "" : "x", size);
  return text;
}

/// What a layer's kind and output leave open: its window and groups.
std::string details_of(const Layer& layer) {
  const bool windowed = layer.kind == LayerKind::conv2d || layer.kind == LayerKind::max_pool ||
                        layer.kind == LayerKind::avg_pool;
  if (!windowed) return "";
  const Window& window = layer.window;
  std::string text = fmt::format("{}x{}", window.kernel[0], window.kernel[1]);
  if (window.stride[0] != 1 || window.stride[1] != 1) {
    text += fmt::format(" stride {}", window.stride[0]);
    if (window.stride[0] != window.stride[1]) text += fmt::format("x{}", window.stride[1]);
  }
  if (window.padding[0] != 0 || window.padding[1] != 0) {
    text += fmt::format(" padding {}", window.padding[0]);
    if (window.padding[0] != window.padding[1]) text += fmt::format("x{}", window.padding[1]);
  }
  if (window.dilation[0] != 1 || window.dilation[1] != 1) {
    text += fmt::format(" dilation {}", window.dilation[0]);
  }
  if (layer.groups != 1) text += fmt::format(" groups {}", layer.groups);
  return text;
}

std::string layer_table(const Network& network) {
  std::vector<std::string> names, kinds, outputs, details;
  std::vector<unsigned long long> macs, parameters;
  for (LayerIndex i = 0; i < network.layers.size(); ++i) {
    const Layer& layer = network.layers[i];
    names.push_back(layer.name);
    kinds.push_back(to_string(layer.kind));
    outputs.push_back(shape_text(layer.output));
    details.push_back(details_of(layer));
    macs.push_back(layer_macs(network, i).value());
    parameters.push_back(layer.parameters);
  }
  return table_text({words("layer", names), words("kind", kinds), words("output", outputs),
                     words("window", details), counts("MACs", macs), counts("parameters", parameters)});
}

}  // namespace

std::string describe_network(const std::string& name_or_path) {
  const Network network = import_network(name_or_path);
  return fmt::format(
             "{}: {}\nsource {}\nfile {}\nhash {}\n\n{} layers, {:.3f} GMAC in a sample's forward pass, "
             "{:.3f} M "
             "parameters; shapes are of one sample\n\n",
             network.name, network.description, network.origin, network.file, network.hash,
             network.layers.size(), static_cast<double>(network.macs_per_sample().value()) * 1e-9,
             static_cast<double>(network.parameters().value()) * 1e-6) +
         layer_table(network);
}

}  // namespace nibble
