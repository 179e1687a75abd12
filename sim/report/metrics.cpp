#include "sim/report/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "models/base/error.hpp"
#include "sim/report/metrics_table.hpp"

namespace nibble {
namespace {

std::vector<Metric> all_metrics() {
  std::vector<Metric> all = run_metrics();
  for (const auto& more : {detail_metrics(), compare_metrics()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

/// '*' in the pattern matches any text: what it stands for may itself hold dots ("fp16@./my.machine").
bool matches(std::string_view pattern, std::string_view path) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == path;
  const std::string_view head = pattern.substr(0, star);
  const std::string_view tail = pattern.substr(star + 1);
  return path.size() > head.size() + tail.size() && path.starts_with(head) && path.ends_with(tail);
}

std::string_view last_part(std::string_view name) { return name.substr(name.rfind('.') + 1); }

/// True if a part of the name is the word, or the word with a unit behind it: "energy" is in
/// "layers.energy_j.*".
bool has_part(std::string_view name, std::string_view word) {
  while (!name.empty()) {
    const std::string_view part = name.substr(0, name.find('.'));
    if (part.starts_with(word) && (part.size() == word.size() || part[word.size()] == '_')) return true;
    name.remove_prefix(std::min(name.size(), part.size() + 1));
  }
  return false;
}

/// Headings of tables that are not the names of what stands under them.
constexpr std::pair<std::string_view, std::string_view> kHeadings[] = {
    {"sustained", "tops"},   {"samples/s", "samples_per_s"}, {"tops/w", "tops_per_w"},
    {"faster", "ratios.to.*.speed"}, {"less energy", "ratios.to.*.energy"}, {"fill+drain", "array_cycles.fill_drain"}};

/// The name that a user's word means: as tables spell it, or as a path within a comparison ("runs.time_s").
std::string name_of(std::string word) {
  std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (word.starts_with("runs.")) word.erase(0, 5);
  for (const auto& [heading, name] : kHeadings) {
    if (word == heading) return std::string{name};
  }
  return word;
}

/// Every word that find_metrics knows: names, their first parts and their last parts.
std::vector<std::string> known_words() {
  std::vector<std::string> words;
  for (const Metric& metric : metrics()) {
    words.emplace_back(metric.name);
    words.emplace_back(metric.name.substr(0, metric.name.find('.')));
    words.emplace_back(last_part(metric.name));
  }
  return words;
}

}  // namespace

const std::vector<Metric>& metrics() {
  static const std::vector<Metric> all = all_metrics();
  return all;
}

const Metric* metric_of(std::string_view path) {
  const auto found = std::find_if(metrics().begin(), metrics().end(),
                                  [&](const Metric& metric) { return matches(metric.name, path); });
  return found != metrics().end() ? &*found : nullptr;
}

std::vector<const Metric*> find_metrics(const std::string& given) {
  if (const Metric* exact = metric_of(given)) return {exact};
  const std::string word = name_of(given);
  if (const Metric* exact = metric_of(word)) return {exact};
  std::vector<const Metric*> found;
  for (const Metric& metric : metrics()) {
    if (metric.name.starts_with(word + ".")) found.push_back(&metric);
  }
  if (!found.empty()) return found;
  for (const Metric& metric : metrics()) {
    if (word.find('.') != std::string::npos && metric.name.ends_with("." + word)) found.push_back(&metric);
  }
  if (!found.empty()) return found;
  for (const Metric& metric : metrics()) {
    if (has_part(metric.name, word)) found.push_back(&metric);
  }
  if (!found.empty()) return found;
  const std::string near = nearest_word(word, known_words());
  throw InputError(
      "MET-UNKNOWN", fmt::format("'{}' is not a metric", given),
      near.empty() ? "'nibble explain' lists all of them" : fmt::format("did you mean '{}'?", near));
}

std::string explanation(const Metric& metric) {
  std::string text =
      fmt::format("{}\n  unit         {}\n  definition   {}\n", metric.name, metric.unit, metric.definition);
  if (!metric.denominator.empty()) text += fmt::format("  denominator  {}\n", metric.denominator);
  return text + fmt::format("  counted in   {}\n", metric.counted_in);
}

}  // namespace nibble
