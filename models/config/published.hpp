#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "models/base/units.hpp"
#include "models/config/override.hpp"

namespace nibble {

/// How far a published figure itself can be trusted. verified: read in a document. memory: remembered. claim: its makers'
/// own words about their machine, without a measurement beside it. Only verified figures can fail a validation.
enum class Trust : std::uint8_t { verified, memory, claim };

/// Runs that rows measure: one for each network.
struct PublishedRuns {
  std::string accelerator, recipe;
  bool training = false;
  std::uint64_t batch = 1;                ///< of all chips together
  std::optional<std::uint32_t> chips;     ///< instead of the accelerator's own
  std::vector<std::string> networks;
  std::vector<std::string> later;         ///< used as soon as a network of that name is shipped
  Overrides set;                          ///< keys of the accelerator with other values
};

/// Arithmetic peak of a mode, 10^12 operations a second, all chips; over: of this machine and mode instead, as a ratio.
struct PeakMeasure {
  std::string accelerator, mode;
  std::string over_accelerator, over_mode;
  Overrides set;                          ///< keys of the accelerator with other values
};

/// What is taken of a mode with every lane at work.
enum class EfficiencyQuantity : std::uint8_t { tops_per_w, watts };

/// TOPS/W, or the chip's power, of a mode with every lane at work (models/energy).
struct EfficiencyMeasure {
  std::string accelerator, mode;
  EfficiencyQuantity of = EfficiencyQuantity::tops_per_w;
  Overrides set;                          ///< keys of the accelerator with other values
  Overrides over;                         ///< as a ratio to the same with these keys; empty: none
};

enum class Take : std::uint8_t { mean, least, most };

/// An expression over the metrics of each run, and what to take of its values over the networks.
struct RunMeasure {
  std::string runs, over;  ///< over: the same runs of this set, as a ratio network by network; "" for none
  std::string of;          ///< "tops_per_w", "2e-12 * macs / (energy_j.total - energy_j.memory)"
  Place place;             ///< of that text
  std::string layers;      ///< only GEMMs of layers of this name, '*' matching any characters; "" for the whole step
  Take take = Take::mean;
};

/// What a carbon figure is given in.
enum class CarbonUnit : std::uint8_t { kilowatt_hours, megawatt_hours, pounds, tonnes, car_lifetimes };

/// Strubell's estimate of a training on whole servers (models/carbon/equivalents.hpp).
struct StrubellMeasure {
  double hours = 0;
  Watts power;
  CarbonUnit as = CarbonUnit::tonnes;
};

/// Grams of ACT's formula for dies (models/carbon/embodied.hpp).
struct DieMeasure {
  SquareMillimetres area;
  double energy_kwh_per_cm2 = 0, gas_g_per_cm2 = 0, materials_g_per_cm2 = 0, yield = 1;
  GramsPerKilowattHour grid_intensity;
  GramsCo2e packages;
};

/// Grams of ACT's formula for memory and storage.
struct MemoryMeasure {
  Bytes capacity;
  double g_per_gb = 0, yield = 1;
  GramsCo2e packages;
};

/// Operational carbon of so many devices for so long (models/carbon/carbon.hpp).
struct TrainingMeasure {
  double devices = 0, days = 0, pue = 1;
  Watts power;
  GramsPerKilowattHour intensity;
  CarbonUnit as = CarbonUnit::tonnes;
};

using Measure = std::variant<PeakMeasure, EfficiencyMeasure, RunMeasure, StrubellMeasure, DieMeasure, MemoryMeasure,
                             TrainingMeasure>;

/// One published figure and how ours is got.
struct PublishedRow {
  std::string what, unit, source, note;
  Trust trust = Trust::verified;
  double low = -std::numeric_limits<double>::infinity();  ///< equal to `high`: a value; else a band, open on one side perhaps
  double high = std::numeric_limits<double>::infinity();
  double tolerance = 0;                                   ///< relative, beyond either end
  std::string because;                                    ///< why ours is known to lie outside; "" if it should not
  Measure measure;

  [[nodiscard]] bool is_value() const { return low == high; }
  [[nodiscard]] bool holds(double ours) const;
  /// ours / published; to the end that is missed of a band, 1 inside it.
  [[nodiscard]] double ratio(double ours) const;
};

/// A file of published figures: schema nibble/published/1.
struct PublishedGroup {
  std::string name, description;
  std::map<std::string, PublishedRuns> runs;
  std::vector<PublishedRow> rows;
  std::string file, hash;
};

[[nodiscard]] PublishedGroup load_published(const std::string& name_or_path);

}  // namespace nibble
