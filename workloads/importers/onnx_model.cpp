#include "workloads/importers/onnx_model.hpp"

#include <fmt/format.h>

#include <utility>

#include "workloads/importers/onnx_graph.hpp"
#include "workloads/importers/onnx_importer.hpp"

namespace nibble {

Network onnx_model(const std::string& file, const std::string& content) {
  onnx_import::Graph graph = onnx_import::read_graph(file, content);
  const std::string producer = graph.producer;
  Network network = onnx_import::Importer{file, std::move(graph)}.run();
  network.description = "imported from ONNX";
  network.origin = fmt::format("ONNX, written by {}", producer);
  return network;
}

}  // namespace nibble
