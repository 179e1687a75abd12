#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>

#include "models/base/error.hpp"
#include "models/config/catalogue.hpp"
#include "models/config/yaml_reader.hpp"
#include "workloads/trace/layer_kinds.hpp"
#include "workloads/trace/network.hpp"
#include "workloads/trace/shape_rules.hpp"

namespace nibble {
namespace {

constexpr std::int64_t kLargestExtent = std::int64_t{1} << 32;
constexpr std::int64_t kLargestWindow = 4096;
constexpr double kLargestFactor = 1e6;

/// Reads the layers of one trace; problems go to the file, so that a reader sees all of them at once.
class NetworkReader {
 public:
  explicit NetworkReader(Network& network) : network_{network} {}

  void read_layer(const MapReader& map) {
    Layer layer;
    layer.name = map.text("name");
    read_kind(map, layer);
    const std::vector<const Layer*> inputs = read_inputs(map, layer);
    layer.output = read_output(map, layer.name);
    read_attributes(map, layer);
    const KindName& kind = kLayerKinds[static_cast<std::size_t>(layer.kind)];
    if (!can_be_checked(layer, inputs)) {
      // What is wrong has been said; what follows from it would only repeat it.
    } else if (inputs.size() < kind.min_inputs || inputs.size() > kind.max_inputs) {
      if (inputs.size() == layer_inputs_named_) {
        map.problem("inputs", "NET-INPUTS", fmt::format("{}: {} inputs", layer.name, inputs.size()),
                    kind.min_inputs == kind.max_inputs ? fmt::format("{} takes {}", kind.name, kind.min_inputs)
                                                       : fmt::format("{} takes {} or more", kind.name, kind.min_inputs));
      }
    } else {
      check_shape(map, layer, inputs);
    }
    const auto index = static_cast<LayerIndex>(network_.layers.size());
    if (!index_of_.emplace(layer.name, index).second) {
      map.problem("name", "NET-DUPLICATE", fmt::format("a second layer is called '{}'", layer.name));
    }
    network_.layers.push_back(std::move(layer));
  }

 private:
  static void check_shape(const MapReader& map, const Layer& layer, const std::vector<const Layer*>& inputs) {
    if (const std::string fault = shape_fault(layer, inputs); !fault.empty()) {
      map.problem("output", "NET-SHAPE",
                  fmt::format("{}: output [{}] does not fit", layer.name, fmt::join(layer.output, ", ")), fault);
    } else if (const std::string wrong = parameters_fault(layer, inputs); !wrong.empty()) {
      map.problem("parameters", "NET-SHAPE",
                  fmt::format("{}: parameters = {} does not fit", layer.name, layer.parameters), wrong);
    }
  }

  /// The output's extents; none if they could not be read, which has then been reported.
  static Shape read_output(const MapReader& map, const std::string& name) {
    // A fallback that no list can hold tells what is not a list from a list of nothing.
    const std::vector<std::int64_t> not_a_list{0};
    const auto fallback = map.has("output") ? std::optional{not_a_list} : std::nullopt;
    const std::vector<std::int64_t> extents = map.integers("output", 1, kLargestExtent, fallback);
    if (!fallback || extents == not_a_list) return {};
    if (extents.empty()) {
      map.problem("output", "NET-SHAPE", fmt::format("{}: output is empty", name), "a single number is written [1]");
    }
    if (!all_within(extents, 1, kLargestExtent)) return {};
    return {extents.begin(), extents.end()};
  }

  static bool all_within(const std::vector<std::int64_t>& values, std::int64_t min, std::int64_t max) {
    return std::all_of(values.begin(), values.end(), [=](std::int64_t value) { return value >= min && value <= max; });
  }

  /// Its kind and its window are known, and so are its own and its inputs' shapes.
  bool can_be_checked(const Layer& layer, const std::vector<const Layer*>& inputs) const {
    return kind_known_ && window_known_ && !layer.output.empty() &&
           std::none_of(inputs.begin(), inputs.end(), [](const Layer* input) { return input->output.empty(); });
  }

  void read_kind(const MapReader& map, Layer& layer) {
    std::vector<std::string> words;
    for (const KindName& entry : kLayerKinds) words.emplace_back(entry.name);
    // A kind that is there but wrong reads as "", not as the first of the words.
    const bool given = map.has("kind");
    const std::string word = map.choice("kind", words, given ? std::optional<std::string>{""} : std::nullopt);
    kind_known_ = given && !word.empty();
    for (const KindName& entry : kLayerKinds) {
      if (entry.name == word) layer.kind = entry.kind;
    }
  }

  std::vector<const Layer*> read_inputs(const MapReader& map, Layer& layer) {
    std::vector<const Layer*> inputs;
    const std::vector<std::string> names = map.texts("inputs", std::vector<std::string>{});
    layer_inputs_named_ = names.size();
    for (const std::string& name : names) {
      const auto found = index_of_.find(name);
      if (found == index_of_.end()) {
        std::vector<std::string> known;
        for (const auto& [earlier, index] : index_of_) known.push_back(earlier);
        const std::string near = nearest_word(name, known);
        map.problem("inputs", "NET-UNKNOWN", fmt::format("{}: no earlier layer is called '{}'", layer.name, name),
                    near.empty() ? "layers stand in the order in which they run" : fmt::format("did you mean '{}'?", near));
        continue;
      }
      layer.inputs.push_back(found->second);
    }
    for (const LayerIndex i : layer.inputs) inputs.push_back(&network_.layers[i]);
    return inputs;
  }

  void read_pair(const MapReader& map, const std::string& key, std::uint64_t (&pair)[2], std::int64_t min) {
    if (!map.has(key)) return;
    const std::vector<std::int64_t> not_a_list{min - 1};  // no list that is within its range
    const std::vector<std::int64_t> values = map.integers(key, min, kLargestWindow, not_a_list);
    const bool within = all_within(values, min, kLargestWindow);
    if (within && values.size() != 2) {
      map.problem(key, "NET-PAIR", fmt::format("{} has {} numbers", key, values.size()), "needs [height, width]");
    }
    if (!within || values.size() != 2) {
      window_known_ = false;
      return;
    }
    pair[0] = static_cast<std::uint64_t>(values[0]);
    pair[1] = static_cast<std::uint64_t>(values[1]);
  }

  /// `[height, width]` for both sides alike, or `[top, left, bottom, right]`.
  void read_padding(const MapReader& map, Window& window) {
    const std::vector<std::int64_t> not_a_list{-1};
    if (!map.has("padding")) return;
    const std::vector<std::int64_t> values = map.integers("padding", 0, kLargestWindow, not_a_list);
    const bool within = all_within(values, 0, kLargestWindow);
    if (within && values.size() != 2 && values.size() != 4) {
      map.problem("padding", "NET-PAIR", fmt::format("padding has {} numbers", values.size()),
                  "needs [height, width], or [top, left, bottom, right]");
    }
    if (!within || (values.size() != 2 && values.size() != 4)) {
      window_known_ = false;
      return;
    }
    for (std::size_t d = 0; d < 2; ++d) {
      window.padding[d] = static_cast<std::uint64_t>(values[d]);
      window.far_padding[d] = values.size() == 4 ? values[d + 2] - values[d] : 0;
    }
  }

  void read_loss(const MapReader& map, Layer& layer) {
    if (layer.kind == LayerKind::yolo_loss) layer.anchors = static_cast<std::uint64_t>(map.integer("anchors", 1, 64, 3));
    layer.objects = static_cast<std::uint64_t>(map.integer("objects", 1, 4096));
  }

  void read_attributes(const MapReader& map, Layer& layer) {
    window_known_ = true;
    const bool windowed = layer.kind == LayerKind::conv2d || layer.kind == LayerKind::max_pool ||
                          layer.kind == LayerKind::avg_pool;
    if (windowed) {
      read_pair(map, "kernel", layer.window.kernel, 1);
      read_pair(map, "stride", layer.window.stride, 1);
      read_padding(map, layer.window);
      read_pair(map, "dilation", layer.window.dilation, 1);
      if (layer.kind != LayerKind::conv2d) layer.window.ceil = map.boolean("ceil", false);
    }
    if (layer.kind == LayerKind::conv2d) layer.groups = static_cast<std::uint64_t>(map.integer("groups", 1, 1 << 20, 1));
    if (layer.kind == LayerKind::conv2d || layer.kind == LayerKind::linear || layer.kind == LayerKind::lstm) {
      layer.bias = map.boolean("bias", false);
    }
    if (layer.kind == LayerKind::lstm) layer.reverse = map.boolean("reverse", false);
    if (layer.kind == LayerKind::leaky_relu) layer.slope = map.number("slope", 0, 1, 0.01);
    if (layer.kind == LayerKind::multibox_loss || layer.kind == LayerKind::yolo_loss) read_loss(map, layer);
    if (layer.kind == LayerKind::matmul) layer.transpose_b = map.boolean("transpose_b", false);
    if (layer.kind == LayerKind::reshape) layer.slice = map.boolean("slice", false);
    if (layer.kind == LayerKind::input && map.has("constant")) {
      layer.constant = map.choice("constant", {"positions", "causal_mask"}, "");
    }
    if (layer.kind == LayerKind::scale && map.has("factor")) layer.factor = map.number("factor", -kLargestFactor, kLargestFactor);
    layer.parameters = static_cast<std::uint64_t>(map.integer("parameters", 0, kLargestExtent, 0));
    layer.shares_weights_with = map.text("shares_weights_with", "");
    if (!layer.shares_weights_with.empty() && !index_of_.contains(layer.shares_weights_with)) {
      map.problem("shares_weights_with", "NET-UNKNOWN",
                  fmt::format("{}: no earlier layer is called '{}'", layer.name, layer.shares_weights_with));
    }
    if (map.has("activation_zeros")) layer.activation_zeros = map.number("activation_zeros", 0, 1);
    if (map.has("gradient_zeros")) layer.gradient_zeros = map.number("gradient_zeros", 0, 1);
  }

  Network& network_;
  std::map<std::string, LayerIndex> index_of_;
  std::size_t layer_inputs_named_ = 0;
  bool kind_known_ = false;
  bool window_known_ = true;
};

}  // namespace

Network load_network(const std::string& name_or_path) {
  const std::filesystem::path path = resolve(Kind::network, name_or_path);
  const YamlFile file = YamlFile::load(path);
  file.require_schema("nibble/network/1");
  Network network;
  network.file = path.string();
  const MapReader root = file.root();
  network.name = root.text("name");
  network.description = root.text("description", "");
  network.origin = root.text("origin", "");
  const std::vector<MapReader> layers = root.maps("layers");
  network.layers.reserve(layers.size());  // NetworkReader keeps pointers while it reads
  NetworkReader reader{network};
  for (const MapReader& layer : layers) reader.read_layer(layer);
  if (layers.empty()) root.problem("layers", "NET-EMPTY", "the network has no layers");
  file.finish();
  network.hash = file.hash();
  return network;
}

}  // namespace nibble
