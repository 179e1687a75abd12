#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace nibble::onnx_import {

/// One node of an ONNX graph, with the attributes that layers are made of.
struct Node {
  std::string name;  ///< or its first output's, if it has none
  std::string op;
  std::vector<std::string> inputs, outputs;
  std::map<std::string, std::vector<std::int64_t>> integers;
  std::map<std::string, double> numbers;
  std::map<std::string, std::string> words;

  [[nodiscard]] std::int64_t integer(const std::string& key, std::int64_t fallback) const {
    const auto found = integers.find(key);
    return found == integers.end() || found->second.empty() ? fallback : found->second.front();
  }
};

/// What is known before anything runs: an initialiser or a Constant's value. Numbers only if they are few.
struct Constant {
  std::vector<std::int64_t> dims;
  std::vector<double> values;
};

/// An ONNX model as plain data, all shapes inferred, the batch being 1.
struct Graph {
  std::vector<Node> nodes;
  std::map<std::string, std::vector<std::int64_t>> shapes;  ///< of every value that has one
  std::map<std::string, Constant> constants;
  std::vector<std::string> inputs, outputs;
  std::string producer;
};

/// Parses a model and infers its shapes. InputError [ONNX-PARSE], [ONNX-BATCH], [ONNX-SHAPE]; [ONNX-MISSING] if this program
/// was built without ONNX.
[[nodiscard]] Graph read_graph(const std::string& file, const std::string& content);

}  // namespace nibble::onnx_import
