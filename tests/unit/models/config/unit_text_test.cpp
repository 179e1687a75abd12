// Proves: numbers are read strictly and to the nearest double; units scale to the house's base units.
#include "models/config/unit_text.hpp"

#include <gmock/gmock.h>

namespace nibble {
namespace {

using namespace unit_kinds;

TEST(ParseNumber, TakesPlainDecimals) {
  EXPECT_EQ(parse_number("0"), 0.0);
  EXPECT_EQ(parse_number("-1.5"), -1.5);
  EXPECT_EQ(parse_number("2.5e-3"), 0.0025);
  EXPECT_EQ(parse_number("1E6"), 1e6);
}

TEST(ParseNumber, RefusesEverythingElse) {
  for (const char* text : {"",      " 1",  "1 ",  "+1",   "01",  "010",  "1.",    ".5",  "1e",    "0x10",
                           "1_000", "1,5", "inf", "-inf", "nan", ".inf", "1e999", "--1", "1.2.3", "٣"}) {
    EXPECT_EQ(parse_number(text), std::nullopt) << text;
  }
}

TEST(ParseInteger, RefusesWhatOtherParsersBend) {
  EXPECT_EQ(parse_integer("-12"), -12);
  EXPECT_EQ(parse_integer("9223372036854775807"), 9223372036854775807LL);
  for (const char* text : {"010", "0x10", "1.0", "1e3", "+1", "-", "", "9223372036854775808", "4 "}) {
    EXPECT_EQ(parse_integer(text), std::nullopt) << text;
  }
}

TEST(IsIntegerText, TellsTooManyDigitsFromNoNumber) {
  EXPECT_TRUE(is_integer_text("99999999999999999999"));
  EXPECT_FALSE(is_integer_text("1.0"));
  EXPECT_FALSE(is_integer_text("1e3"));
  EXPECT_FALSE(is_integer_text("four"));
  EXPECT_FALSE(is_integer_text(""));
}

TEST(ParseQuantity, ScalesToTheBaseUnit) {
  EXPECT_EQ(parse_quantity("2 MiB", kBytes).value, 2097152);
  EXPECT_EQ(parse_quantity("2 MB", kBytes).value, 2000000);
  EXPECT_EQ(parse_quantity("1.5KiB", kBytes).value, 1536);
  EXPECT_EQ(parse_quantity("1.6 GHz", kHertz).value, 1.6e9);
  EXPECT_EQ(parse_quantity("550 mV", kVolts).value, 0.55);
  EXPECT_EQ(parse_quantity("128 B/cycle", kBytesPerCycle).value, 128);
  EXPECT_EQ(parse_quantity("200 GB/s", kBytesPerSecond).value, 200e9);
  EXPECT_EQ(parse_quantity("1.2 TB/s", kBytesPerSecond).value, 1.2e12);
  EXPECT_EQ(parse_quantity("36 mm2", kSquareMillimetres).value, 36);
  EXPECT_EQ(parse_quantity("11884 um2", kSquareMillimetres).value, 0.011884);
  EXPECT_EQ(parse_quantity("60 fJ", kPicojoules).value, 0.06);
  EXPECT_EQ(parse_quantity("0.429 kg/kWh", kGramsPerKilowattHour).value, 429);
  EXPECT_EQ(parse_quantity("50 mW/mm2", kWattsPerSquareMillimetre).value, 0.05);
}

TEST(ParseQuantity, ReadsSmallUnitsToTheNearestDouble) {
  // 100 * 1e-9 is 1.0000000000000001e-07: the literals are right only when the factor divides.
  EXPECT_EQ(parse_quantity("100 ns", kSeconds).value, 100e-9);
  EXPECT_EQ(parse_quantity("23.5 ns", kSeconds).value, 23.5e-9);
  EXPECT_EQ(parse_quantity("5.74 ps", kSeconds).value, 5.74e-12);
}

TEST(ParseQuantity, TellsABadUnitFromABadNumber) {
  for (const char* text : {"2", "2 Mib", "2 mib", "2 MiB/s", "2 B B", "2 GHz"}) {
    const ParsedQuantity parsed = parse_quantity(text, kBytes);
    EXPECT_EQ(parsed.value, std::nullopt) << text;
    EXPECT_TRUE(parsed.number_ok) << text;
  }
  for (const char* text : {"MiB", "", "two MiB", "+2 MiB", "02 MiB", "1e999 B"}) {
    const ParsedQuantity parsed = parse_quantity(text, kBytes);
    EXPECT_EQ(parsed.value, std::nullopt) << text;
    EXPECT_FALSE(parsed.number_ok) << text;
  }
}

TEST(UnitKind, WritesAsAPersonWould) {
  EXPECT_EQ(kBytes.text(65536), "64 KiB");
  EXPECT_EQ(kBytes.text(1000), "1000 B");
  EXPECT_EQ(kBytes.text(1610612736), "1.5 GiB");
  EXPECT_EQ(kHertz.text(1.6e9), "1.6 GHz");
  EXPECT_EQ(kSeconds.text(120e-9), "120 ns");
  EXPECT_EQ(kSeconds.text(0), "0 s");
  EXPECT_EQ(kVolts.text(0.55), "550 mV");
}

// A written quantity reads back as itself: hints in errors can be pasted into the file.
TEST(UnitKind, TextReadsBack) {
  for (const double size : {1.0, 1024.0, 1536.0, 2097152.0, 4398046511104.0}) {
    EXPECT_EQ(parse_quantity(kBytes.text(size), kBytes).value, size);
  }
  for (const double clock : {1.0, 1e6, 1.5e9, 1e10}) {
    EXPECT_EQ(parse_quantity(kHertz.text(clock), kHertz).value, clock);
  }
}

}  // namespace
}  // namespace nibble
