#include "workloads/importers/topology_csv.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <set>

#include "models/base/csv.hpp"
#include "models/base/error.hpp"

namespace nibble {
namespace {

constexpr std::uint64_t kLargest = std::uint64_t{1} << 32;
const std::vector<std::string> kConvolution{"ifmap height", "ifmap width",  "filter height", "filter width",
                                            "channels",     "num filter"};
const std::vector<std::string> kStrides{"strides", "stride height", "stride width"};
const std::vector<std::string> kProduct{"m", "n", "k"};

/// Lower case, without blanks at either end, plurals of "stride" and "filter" as SCALE-Sim's own files vary them.
std::string plain(const std::string& text) {
  std::string word;
  for (const char c : text) word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const auto first = word.find_first_not_of(" \t"), last = word.find_last_not_of(" \t");
  word = first == std::string::npos ? "" : word.substr(first, last - first + 1);
  if (word == "stride") return "strides";
  if (word == "num filters") return "num filter";
  if (word == "layer name" || word == "layer") return "name";
  return word;
}

/// Reads the rows of one file by the names of its columns.
class Topology {
 public:
  Topology(const std::string& file, const std::vector<CsvRecord>& records) : file_{file}, records_{records} {}

  Network read() {
    if (records_.empty()) throw InputError{Problem{"TOP-EMPTY", file_, 0, 0, "the file is empty", "a header and rows"}};
    read_header();
    for (std::size_t i = 1; i < records_.size(); ++i) {
      record_ = &records_[i];
      if (std::any_of(record_->fields.begin(), record_->fields.end(), [](const auto& f) { return !plain(f).empty(); })) {
        read_row();
      }
    }
    if (problems_.empty() && network_.layers.empty()) problem("TOP-EMPTY", 0, "there are no layers", "a row for each");
    if (!problems_.empty()) throw InputError{problems_};
    return std::move(network_);
  }

 private:
  void problem(const std::string& id, std::size_t column, const std::string& what, const std::string& hint) {
    problems_.push_back({id, file_, record_->line, static_cast<int>(column), what, hint});
  }

  void read_header() {
    record_ = &records_.front();
    for (std::size_t i = 0; i < record_->fields.size(); ++i) {
      const std::string word = plain(record_->fields[i]);
      if (word.empty()) continue;  // a comma at the end
      if (!known(word)) {
        problem("TOP-COLUMN", i + 1, fmt::format("column '{}' is not known", record_->fields[i]), columns_hint());
      } else if (!columns_.emplace(word, i).second) {
        problem("TOP-COLUMN", i + 1, fmt::format("a second column '{}'", record_->fields[i]), "one of each");
      }
    }
    products_ = columns_.contains("m");
    std::vector<std::string> missing;
    if (!columns_.contains("name")) missing.emplace_back("layer name");
    for (const std::string& word : products_ ? kProduct : kConvolution) {
      if (!columns_.contains(word)) missing.push_back(word);
    }
    const bool strides = columns_.contains("strides") ||
                         (columns_.contains("stride height") && columns_.contains("stride width"));
    if (!products_ && !strides) missing.emplace_back("strides");
    if (!missing.empty()) {
      problem("TOP-COLUMN", 0, fmt::format("no column '{}'", fmt::join(missing, "', '")), columns_hint());
    }
    if (!problems_.empty()) throw InputError{problems_};
  }

  static bool known(const std::string& word) {
    const auto in = [&](const std::vector<std::string>& words) {
      return std::find(words.begin(), words.end(), word) != words.end();
    };
    return word == "name" || in(kConvolution) || in(kStrides) || in(kProduct) || word.starts_with("sparsity");
  }

  static std::string columns_hint() {
    return "convolutions: layer name, " + fmt::format("{}", fmt::join(kConvolution, ", ")) +
           ", strides (or stride height, stride width); products: layer, m, n, k";
  }

  [[nodiscard]] std::string field(const std::string& word) const {
    const std::size_t at = columns_.at(word);
    return at < record_->fields.size() ? plain(record_->fields[at]) : "";
  }

  std::uint64_t number(const std::string& word) {
    const std::string text = field(word);
    std::uint64_t value = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (status == std::errc{} && end == text.data() + text.size() && value >= 1 && value <= kLargest) return value;
    problem("TOP-NUMBER", columns_.at(word) + 1, fmt::format("{} = '{}'", word, text), "a whole number from 1 to 2^32");
    return 0;
  }

  void read_row() {
    const std::size_t faults = problems_.size();
    const std::size_t at = columns_.at("name");
    std::string name = at < record_->fields.size() ? record_->fields[at] : "";
    name.erase(0, name.find_first_not_of(" \t"));
    name.erase(name.find_last_not_of(" \t") + 1);
    if (name.empty()) problem("TOP-NAME", at + 1, "a layer without a name", "");
    if (!names_.insert(name).second) problem("TOP-NAME", at + 1, fmt::format("a second layer '{}'", name), "");
    for (const auto& [word, column] : columns_) {
      if (!word.starts_with("sparsity")) continue;
      const std::string text = field(word);
      if (text.empty() || text == "1:1") continue;
      problem("TOP-SPARSITY", column + 1, fmt::format("{}: sparsity '{}'", name, text), "1:1, or nothing: all is dense");
    }
    products_ ? read_product(name, faults) : read_convolution(name, faults);
  }

  void read_product(const std::string& name, std::size_t faults) {
    const std::uint64_t m = number("m"), n = number("n"), k = number("k");
    if (problems_.size() > faults) return;
    Layer layer = layer_of(name, LayerKind::linear, {m, k}, {m, n});
    layer.parameters = n * k;
    network_.layers.push_back(std::move(layer));
  }

  void read_convolution(const std::string& name, std::size_t faults) {
    const Shape image{number("channels"), number("ifmap height"), number("ifmap width")};
    const std::uint64_t filters = number("num filter");
    Window window;
    for (std::size_t d = 0; d < 2; ++d) {
      window.kernel[d] = number(d == 0 ? "filter height" : "filter width");
      if (columns_.contains("strides")) {
        window.stride[d] = d == 0 ? number("strides") : window.stride[0];
      } else {
        window.stride[d] = number(d == 0 ? "stride height" : "stride width");
      }
    }
    if (problems_.size() > faults) return;
    Shape output{filters, 0, 0};
    for (std::size_t d = 0; d < 2; ++d) {
      if (window.kernel[d] > image[d + 1]) {
        return problem("TOP-SHAPE", 0, fmt::format("{}: a filter of {} over an image of {}", name, window.kernel[d],
                                                   image[d + 1]), "padding is part of the image here");
      }
      // Rounded up, as there: a last window that looks over the edge reads padding.
      output[d + 1] = (image[d + 1] - window.kernel[d] + window.stride[d] - 1) / window.stride[d] + 1;
      window.far_padding[d] = static_cast<std::int64_t>((output[d + 1] - 1) * window.stride[d] + window.kernel[d]) -
                              static_cast<std::int64_t>(image[d + 1]);
    }
    Layer layer = layer_of(name, LayerKind::conv2d, image, output);
    layer.window = window;
    layer.parameters = filters * image[0] * window.kernel[0] * window.kernel[1];
    network_.layers.push_back(std::move(layer));
  }

  Layer layer_of(const std::string& name, LayerKind kind, Shape in, Shape out) {
    Layer input;
    input.name = name + ":input";
    input.output = std::move(in);
    Layer layer;
    layer.name = name;
    layer.kind = kind;
    layer.inputs = {static_cast<LayerIndex>(network_.layers.size())};
    layer.output = std::move(out);
    network_.layers.push_back(std::move(input));
    return layer;
  }

  const std::string& file_;
  const std::vector<CsvRecord>& records_;
  const CsvRecord* record_ = nullptr;
  std::map<std::string, std::size_t> columns_;
  bool products_ = false;
  std::set<std::string> names_;
  std::vector<Problem> problems_;
  Network network_;
};

}  // namespace

Network topology_csv(const std::string& file, const std::string& content) {
  const std::vector<CsvRecord> records = csv_records(content);
  Network network = Topology{file, records}.read();
  network.description = "layers of a topology file, each with an input of its own";
  network.origin = "SCALE-Sim topology";
  return network;
}

}  // namespace nibble
