#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nibble {

/// What one reported number or word is: everything that `nibble explain` says of it.
///
/// `name` is its path in the JSON document and its CSV column: "energy_j.total". A '*' stands for a name that
/// the input chooses (a MAC mode, a run's label); elements of a list have the list's name: "layers.cycles".
struct Metric {
  std::string_view name;
  std::string_view unit;  ///< "s", "1" for a plain ratio, "text" for words
  std::string_view definition;
  std::string_view denominator;  ///< what it is divided by or out of; "" for a plain count or amount
  std::string_view counted_in;   ///< file of the code that counts or computes it
};

/// Every metric, in the order of the documents.
[[nodiscard]] const std::vector<Metric>& metrics();

/// The metrics that `given` means: the one of that name, or all under it ("energy_j"), or all that end with it
/// ("stalls.memory"), or all that have it as a part, units apart ("energy"). A comparison's path ("runs.time_s") and a table's
/// heading ("sustained", "TOPS/W") do, too. InputError [MET-UNKNOWN] with the nearest known word when there is none.
[[nodiscard]] std::vector<const Metric*> find_metrics(const std::string& given);

/// The metric of a document's leaf, '*' matching any one part; nullptr if nothing defines it.
[[nodiscard]] const Metric* metric_of(std::string_view path);

/// A metric as `explain` prints it: some lines of text.
[[nodiscard]] std::string explanation(const Metric& metric);

}  // namespace nibble
