#include "workloads/importers/import_network.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "models/base/error.hpp"
#include "models/base/hash.hpp"
#include "workloads/importers/onnx_model.hpp"
#include "workloads/importers/topology_csv.hpp"

namespace nibble {
namespace {

std::string content_of(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    throw InputError{"CAT-UNKNOWN", fmt::format("there is no network file '{}'", path)};
  }
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

}  // namespace

Network import_network(const std::string& name_or_path) {
  const std::filesystem::path path{name_or_path};
  const bool onnx = path.extension() == ".onnx", csv = path.extension() == ".csv";
  if (!onnx && !csv) return load_network(name_or_path);
  const std::string content = content_of(name_or_path);
  Network network = onnx ? onnx_model(name_or_path, content) : topology_csv(name_or_path, content);
  network.name = path.stem().string();
  network.file = name_or_path;
  network.hash = content_hash(content);
  return network;
}

}  // namespace nibble
