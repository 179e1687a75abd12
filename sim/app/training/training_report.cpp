#include "sim/app/training/training_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "models/base/check.hpp"
#include "sim/report/html_page.hpp"
#include "sim/report/text_table.hpp"

namespace nibble {
namespace {

using training::EpochResult;
using training::ExponentHistogram;
using training::LayerMeasure;
using training::TensorMeasure;

constexpr int kPanelWidth = 300, kHeight = 220, kLeft = 46, kTop = 24, kBottom = 28;

struct Line {
  const char* name;
  const char* colour;
  std::vector<double> values;
};

/// One panel of the picture: lines over epochs, between 0 and `top`.
std::string panel(int left, const char* heading, double top, const char* unit, const std::vector<Line>& lines) {
  const double width = kPanelWidth - kLeft - 12, height = kHeight - kTop - kBottom;
  const auto x = [&](std::size_t i, std::size_t count) {
    return left + kLeft + (count < 2 ? width / 2 : width * static_cast<double>(i) / static_cast<double>(count - 1));
  };
  const auto y = [&](double value) { return kTop + height * (1 - value / top); };
  std::string text = fmt::format("<text x='{}' y='14' font-weight='600'>{}</text>\n", left + kLeft, heading);
  for (int tick = 0; tick <= 4; ++tick) {
    const double value = top * tick / 4;
    text += fmt::format("<line x1='{0}' x2='{1:.1f}' y1='{2:.1f}' y2='{2:.1f}' stroke='#8884'/><text x='{3}' y='{4:.1f}' "
                        "text-anchor='end'>{5:.3g}{6}</text>\n",
                        left + kLeft, left + kLeft + width, y(value), left + kLeft - 5, y(value) + 4, value, unit);
  }
  int label = 0;
  for (const Line& line : lines) {
    std::string points;
    for (std::size_t i = 0; i < line.values.size(); ++i) {
      points += fmt::format("{:.1f},{:.1f} ", x(i, line.values.size()), y(std::min(line.values[i], top)));
    }
    text += fmt::format("<polyline points='{}' fill='none' stroke='{}' stroke-width='2'/><text x='{}' y='{}' fill='{}'>{}</text>\n", points,
                        line.colour, left + kLeft + 8 + 70 * label, kHeight - 6, line.colour, line.name);
    ++label;
  }
  return text;
}

/// Layers that have something to show: rows of the map.
struct Row {
  std::string name;
  const TensorMeasure* tensor;
};

constexpr int kCell = 14, kNameWidth = 190, kZerosWidth = 60, kMostColumns = 60;

/// Columns of a map: exponents from low to high; what is smaller goes into the first.
struct Columns {
  int low = 0, high = 0;
  [[nodiscard]] int left_of(int exponent) const { return kNameWidth + kZerosWidth + kCell * (std::max(exponent, low) - low); }
};

Columns columns_of(const std::vector<Row>& rows) {
  Columns columns{std::numeric_limits<int>::max(), std::numeric_limits<int>::min()};
  for (const Row& row : rows) {
    columns.low = std::min(columns.low, row.tensor->exponents.begin()->first);
    columns.high = std::max(columns.high, row.tensor->exponents.rbegin()->first);
  }
  columns.low = std::max(columns.low, columns.high - kMostColumns + 1);
  return columns;
}

/// Name, zeros and cells of a layer: the darker, the larger the share of its values that are not zero.
std::string map_row(const Row& row, const Columns& columns, int top) {
  std::map<int, double> shares;  // by the column's left edge
  double all = 0;
  for (const auto& [exponent, count] : row.tensor->exponents) {
    shares[columns.left_of(exponent)] += static_cast<double>(count);
    all += static_cast<double>(count);
  }
  std::string text = fmt::format("<text x='0' y='{0}'>{1}</text><text x='{2}' y='{0}' text-anchor='end'>{3:.1f} %</text>\n", top + 11,
                                 html_escaped(row.name), kNameWidth + kZerosWidth - 10, 100 * row.tensor->zeros);
  for (const auto& [left, count] : shares) {
    const int exponent = columns.low + (left - columns.left_of(columns.low)) / kCell;
    text += fmt::format("<rect x='{}' y='{}' width='{}' height='{}' fill='#0072B2' fill-opacity='{:.2f}'><title>2^{}: {:.2f} %</title></rect>\n",
                        left, top, kCell - 1, kCell - 1, std::min(1.0, 0.08 + 2.5 * count / all), exponent, 100 * count / all);
  }
  return text;
}

/// Exponents as columns, layers as rows; empty without rows.
std::string exponent_map(const std::vector<Row>& rows) {
  if (rows.empty()) return "";
  const Columns columns = columns_of(rows);
  std::string text = fmt::format("<div class=scroll><svg xmlns='http://www.w3.org/2000/svg' width='{}' height='{}' font-family='system-ui' "
                                 "font-size='11' fill='currentColor'>\n<text x='{}' y='11' text-anchor='end'>zeros</text>\n",
                                 columns.left_of(columns.high + 1), kCell * (static_cast<int>(rows.size()) + 2), kNameWidth + kZerosWidth - 10);
  for (int e = columns.low; e <= columns.high; ++e) {
    if (e % 5 == 0) text += fmt::format("<text x='{}' y='11' text-anchor='middle'>{}</text>\n", columns.left_of(e) + kCell / 2, e);
  }
  int top = kCell;
  for (const Row& row : rows) {
    text += map_row(row, columns, top);
    top += kCell;
  }
  return text + "</svg></div>\n";
}

Json tensor_object(const TensorMeasure& tensor) {
  Json object{{"zeros", tensor.zeros}};
  Json exponents = Json::object();
  for (const auto& [exponent, count] : tensor.exponents) exponents[std::to_string(exponent)] = count;
  object["exponents"] = std::move(exponents);
  return object;
}

std::string epochs_section(const std::vector<EpochResult>& results) {
  std::vector<std::string> epochs;
  std::vector<double> loss, train, test, seconds;
  for (const EpochResult& result : results) {
    epochs.push_back(std::to_string(result.epoch));
    loss.push_back(result.loss);
    train.push_back(result.train_accuracy);
    test.push_back(result.test_accuracy);
    seconds.push_back(result.seconds);
  }
  return html_section("Epochs", {words("epoch", epochs), numbers("loss", "", loss), percents("training", train), percents("test", test),
                                 numbers("time", "s", seconds)});
}

}  // namespace

Json histograms_document(const Network& network, const std::vector<LayerMeasure>& measures) {
  NIBBLE_CHECK(measures.size() == network.layers.size(), "{} layers, {} measured", network.layers.size(), measures.size());
  Json document{{"schema", "nibble/histograms/1"}, {"program", {{"name", "nibble"}, {"version", NIBBLE_VERSION}}}, {"network", network.name}};
  Json layers = Json::array();
  for (std::size_t i = 0; i < measures.size(); ++i) {
    Json layer{{"name", network.layers[i].name}};
    layer["activation"] = tensor_object(measures[i].activation);
    if (network.layers[i].kind != LayerKind::input) layer["gradient"] = tensor_object(measures[i].gradient);
    layers.push_back(std::move(layer));
  }
  document["layers"] = std::move(layers);
  return document;
}

std::string curves_svg(const std::vector<EpochResult>& results) {
  Line loss{"loss", "#0072B2", {}}, train{"training", "#E69F00", {}}, test{"test", "#009E73", {}};
  double largest = 1e-9;
  for (const EpochResult& result : results) {
    loss.values.push_back(result.loss);
    train.values.push_back(100 * result.train_accuracy);
    test.values.push_back(100 * result.test_accuracy);
    if (std::isfinite(result.loss)) largest = std::max(largest, result.loss);
  }
  return fmt::format("<svg xmlns='http://www.w3.org/2000/svg' width='{}' height='{}' font-family='system-ui' font-size='11' "
                     "fill='currentColor'>\n{}{}</svg>\n",
                     2 * kPanelWidth, kHeight, panel(0, "Loss by epoch", 1.05 * largest, "", {loss}),
                     panel(kPanelWidth, "Accuracy by epoch", 100, " %", {train, test}));
}

std::string training_page(const std::string& title, const std::vector<EpochResult>& results, const Network& network,
                          const std::vector<LayerMeasure>& measures) {
  std::vector<Row> activations, gradients;
  for (std::size_t i = 0; i < measures.size(); ++i) {
    if (!measures[i].activation.exponents.empty()) activations.push_back({network.layers[i].name, &measures[i].activation});
    if (!measures[i].gradient.exponents.empty()) gradients.push_back({network.layers[i].name, &measures[i].gradient});
  }
  const std::string note = "<p class=note>Share of each layer's values with the exponent floor(log2 |x|), over one batch after the last epoch, before "
                           "they are rounded; below the 60th column all in the first. Zeros stand apart.</p>\n";
  return html_page(title, "<h1>" + html_escaped(title) + "</h1>\n" + curves_svg(results) + epochs_section(results) +
                              "<h2>Exponents of activations</h2>\n" + note + exponent_map(activations) +
                              "<h2>Exponents of gradients</h2>\n" + exponent_map(gradients), NIBBLE_VERSION);
}

}  // namespace nibble
