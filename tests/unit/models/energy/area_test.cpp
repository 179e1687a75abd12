// Proves: a die is the sum of its parts, grows with each of them, and that of the published chip is near the published one.
#include "models/energy/area.hpp"

#include <gtest/gtest.h>

#include "models/base/error.hpp"

namespace nibble {
namespace {

TEST(Area, PartsAddUpToAboutThePublishedDie) {
  const Accelerator rapid = load_accelerator("rapid");
  const AreaReport area = area_of(rapid, load_technology(rapid.technology));
  double sum = 0;
  for (const auto& [name, part] : area.components) {
    EXPECT_GE(part.value(), 0) << name;
    sum += part.value();
  }
  EXPECT_DOUBLE_EQ(sum, area.total.value());
  // The cores were scaled to what is told of theirs; the interface and the rest are estimates.
  EXPECT_NEAR(area.total.value(), rapid.die_area.value(), 0.1 * rapid.die_area.value());
}

TEST(Area, EveryPartCosts) {
  const Accelerator rapid = load_accelerator("rapid");
  const Technology technology = load_technology(rapid.technology);
  const double before = area_of(rapid, technology).total.value();
  const auto grown = [&](auto change) {
    Accelerator larger = rapid;
    change(larger);
    return area_of(larger, technology).total.value();
  };
  EXPECT_GT(grown([](Accelerator& a) { a.cores *= 2; }), before * 1.5);
  EXPECT_GT(grown([](Accelerator& a) { a.core.l1.capacity = a.core.l1.capacity * 2; }), before);
  EXPECT_GT(grown([](Accelerator& a) { a.core.mpe.columns *= 2; }), before);
  EXPECT_GT(grown([](Accelerator& a) { a.core.sfu.lanes *= 2; }), before);
  EXPECT_GT(grown([](Accelerator& a) { a.memory.bandwidth = BytesPerSecond{400e9}; }), before);
}

TEST(Area, AMissingEntryIsNamed) {
  const Accelerator rapid = load_accelerator("rapid");
  Technology technology = load_technology(rapid.technology);
  technology.areas.erase("sfu.lane");
  EXPECT_THROW(static_cast<void>(area_of(rapid, technology)), InputError);
}

}  // namespace
}  // namespace nibble
