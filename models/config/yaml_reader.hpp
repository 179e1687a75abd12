#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/base/units.hpp"
#include "models/config/unit_text.hpp"
#include "models/config/yaml_node.hpp"

namespace nibble {

class YamlFile;

/// "did you mean ...?" with the nearest of the known words, and all of them when they are few or none is
/// near.
[[nodiscard]] std::string words_hint(const std::string& given, const std::vector<std::string>& known);

/// One map of a strict YAML file. A getter that finds something wrong notes a problem and returns a harmless
/// value; YamlFile::finish() then throws all problems at once. Cheap to copy; valid while its YamlFile lives.
///
/// Every value may also be written `{value: V, source: KEY, note: TEXT}`, and every map may hold `source` and
/// `note`, which then speak for all values in it that have no source of their own.
/// Without a fallback a key is required (CFG-MISSING). Ranges are inclusive (CFG-RANGE).
class MapReader {
 public:
  [[nodiscard]] bool has(const std::string& key) const;
  /// In file order, `source` and `note` left out.
  [[nodiscard]] std::vector<std::string> keys() const;
  /// "core.l1": how messages call this map; "" for the root.
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string path_of(const std::string& key) const;

  [[nodiscard]] std::string text(const std::string& key, std::optional<std::string> fallback = {}) const;
  /// One of `words` (CFG-CHOICE).
  [[nodiscard]] std::string choice(const std::string& key, const std::vector<std::string>& words,
                                   std::optional<std::string> fallback = {}) const;
  [[nodiscard]] std::int64_t integer(const std::string& key, std::int64_t min, std::int64_t max,
                                     std::optional<std::int64_t> fallback = {}) const;
  /// An integer that fits the 32-bit fields of the machine description.
  [[nodiscard]] std::uint32_t count(const std::string& key, std::uint32_t min, std::uint32_t max,
                                    std::optional<std::uint32_t> fallback = {}) const;
  [[nodiscard]] double number(const std::string& key, double min, double max,
                              std::optional<double> fallback = {}) const;
  /// `true` or `false`; YAML 1.1's yes, no, on and off are refused.
  [[nodiscard]] bool boolean(const std::string& key, std::optional<bool> fallback = {}) const;
  [[nodiscard]] std::vector<std::string> texts(const std::string& key,
                                               std::optional<std::vector<std::string>> fallback = {}) const;
  [[nodiscard]] std::vector<std::int64_t> integers(
      const std::string& key, std::int64_t min = std::numeric_limits<std::int64_t>::min(),
      std::int64_t max = std::numeric_limits<std::int64_t>::max(),
      std::optional<std::vector<std::int64_t>> fallback = {}) const;

  /// A number with one of `kind`'s units (CFG-UNIT), in its base unit; the typed getters below are this.
  [[nodiscard]] double quantity(const std::string& key, const UnitKind& kind, double min, double max,
                                std::optional<double> fallback = {}) const;
  [[nodiscard]] Bytes bytes(const std::string& key, Bytes min, Bytes max,
                            std::optional<Bytes> fallback = {}) const;
  [[nodiscard]] Hertz hertz(const std::string& key, Hertz min, Hertz max,
                            std::optional<Hertz> fallback = {}) const;
  [[nodiscard]] Volts volts(const std::string& key, Volts min, Volts max,
                            std::optional<Volts> fallback = {}) const;
  [[nodiscard]] Seconds seconds(const std::string& key, Seconds min, Seconds max,
                                std::optional<Seconds> fallback = {}) const;
  [[nodiscard]] Watts watts(const std::string& key, Watts min, Watts max,
                            std::optional<Watts> fallback = {}) const;
  [[nodiscard]] BytesPerCycle bytes_per_cycle(const std::string& key, BytesPerCycle min, BytesPerCycle max,
                                              std::optional<BytesPerCycle> fallback = {}) const;
  [[nodiscard]] BytesPerSecond bytes_per_second(const std::string& key, BytesPerSecond min,
                                                BytesPerSecond max,
                                                std::optional<BytesPerSecond> fallback = {}) const;
  [[nodiscard]] SquareMillimetres square_millimetres(const std::string& key, SquareMillimetres min,
                                                     SquareMillimetres max,
                                                     std::optional<SquareMillimetres> fallback = {}) const;
  [[nodiscard]] Picojoules picojoules(const std::string& key, Picojoules min, Picojoules max,
                                      std::optional<Picojoules> fallback = {}) const;
  [[nodiscard]] GramsPerKilowattHour grams_per_kilowatt_hour(
      const std::string& key, GramsPerKilowattHour min, GramsPerKilowattHour max,
      std::optional<GramsPerKilowattHour> fallback = {}) const;

  /// A required sub-map. When it is missing, its own getters stay silent: one mistake, one problem.
  [[nodiscard]] MapReader map(const std::string& key) const;
  /// A required list of maps.
  [[nodiscard]] std::vector<MapReader> maps(const std::string& key) const;

  /// The `source` beside the value, else that of the nearest map above it in the same file, else "".
  [[nodiscard]] std::string source_of(const std::string& key) const;
  /// "line 14", or "line 14 of rapid.yaml" when the value came from an extended file; "not given" if absent.
  [[nodiscard]] std::string place_of(const std::string& key) const;
  /// The value stands in the file that was asked for, not in one that it extends.
  [[nodiscard]] bool in_loaded_file(const std::string& key) const;
  /// Notes a problem at the key's value, or at this map when the key is absent.
  void problem(const std::string& key, const std::string& id, const std::string& what,
               const std::string& hint = {}) const;

 private:
  friend class YamlFile;
  struct State;
  MapReader(std::shared_ptr<State> state, const YamlNode* node, std::string path)
      : state_{std::move(state)}, node_{node}, path_{std::move(path)} {}

  [[nodiscard]] const YamlNode* find(const std::string& key, bool required) const;
  [[nodiscard]] const YamlNode* find_value(const std::string& key, bool required) const;
  [[nodiscard]] const YamlNode* find_scalar(const std::string& key, bool required, const char* needs) const;
  [[nodiscard]] const YamlNode* find_list(const std::string& key, bool required, const char* needs) const;
  void note(const YamlNode& at, const std::string& id, const std::string& what,
            const std::string& hint) const;
  void note_range(const YamlNode& at, const std::string& key, const std::string& min,
                  const std::string& max) const;

  std::shared_ptr<State> state_;
  const YamlNode* node_ = nullptr;  ///< nullptr: a missing map that has been reported
  std::string path_;
};

/// A strict YAML file: read it through root(), then call finish().
class YamlFile {
 public:
  /// InputError [CFG-FILE] or [YAML-SYNTAX] when there is nothing to read.
  [[nodiscard]] static YamlFile load(const std::filesystem::path& path);
  [[nodiscard]] static YamlFile parse(const std::string& text, const std::string& name);
  /// Of a document that was put together elsewhere (models/config/extends.hpp).
  [[nodiscard]] static YamlFile of(YamlDocument document, const std::string& name);

  /// The top map. InputError [CFG-TYPE] at once if the file is something else.
  [[nodiscard]] MapReader root() const;
  /// Requires the line `schema: nibble/<what>/<version>`; InputError [CFG-SCHEMA] at once otherwise, since
  /// everything else in a file of another kind would be reported as wrong.
  void require_schema(const std::string& schema) const;

  /// No problem so far: cross-field checks may trust the values.
  [[nodiscard]] bool ok() const;
  /// Reports keys that nobody asked for (CFG-UNKNOWN) and throws one InputError with every problem, in file
  /// order.
  void finish() const;

  [[nodiscard]] const std::string& name() const;
  /// What the file says, after `extends`, with the sources beside the values: to be shown to people.
  [[nodiscard]] const YamlNode& tree() const;
  /// Content hash of what the file says, after `extends`; key order, layout, sources and notes do not count.
  [[nodiscard]] std::string hash() const;

 private:
  explicit YamlFile(std::shared_ptr<MapReader::State> state) : state_{std::move(state)} {}
  std::shared_ptr<MapReader::State> state_;
};

}  // namespace nibble
