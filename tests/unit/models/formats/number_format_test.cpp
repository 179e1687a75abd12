#include "models/formats/number_format.hpp"

#include <gtest/gtest.h>

#include "models/base/error.hpp"
#include "models/formats/block_format.hpp"
#include "models/formats/format.hpp"

namespace nibble {
namespace {

std::string id_of(const char* text) {
  try {
    (void)number_format(text);
  } catch (const InputError& error) {
    return error.problems().front().id;
  }
  return "";
}

// Proves: settings reach the traits, and each wrong one is refused with its id.
TEST(NumberFormat, SettingsAfterTheColon) {
  EXPECT_EQ(number_format("fp8-143").largest(), 30);
  EXPECT_EQ(number_format("fp8-143:specials=nan-inf").largest(), 28);
  EXPECT_EQ(number_format("fp8-143:bias=7").largest(), 480);
  EXPECT_EQ(number_format("fp8-143:bias=7,lowest=subnormal,specials=nan").largest(), 448) << "OCP E4M3";
  EXPECT_EQ(number_format("fp8-152:specials=ieee").largest(), 57344);
  EXPECT_EQ(number_format("fp4-radix4:phase=odd").largest(), number_format("fp4-radix4-odd").largest());
  EXPECT_EQ(number_format("fixed16:il=4,fl=12").largest(), 8 - 0x1p-12);
  EXPECT_EQ(number_format("fixed16:il=4,fl=4").bits, 8U);
  EXPECT_EQ(id_of("fp8-134"), "FMT-UNKNOWN");
  EXPECT_EQ(id_of("mxfp4"), "FMT-BLOCK");
  for (const char* text : {"fp16:bias", "fp16:bias=x", "fp16:bias=1000", "int4:bias=3", "fp16:phase=odd", "fp16:top=1",
                           "fixed16:il=4", "fixed16:il=30,fl=30", "fp4-radix4:specials=ieee", "fp16:lowest=normal"}) {
    EXPECT_EQ(id_of(text), "FMT-SETTING") << text;
  }
}

// Proves: the traits are those of the layouts: fields add up to the width, names are unique.
TEST(NumberFormat, FieldsAddUp) {
  std::vector<std::string> names;
  for (const NumberFormat& format : element_formats()) {
    if (format.encoding == Encoding::floating) {
      EXPECT_EQ(format.bits, (format.is_signed ? 1 : 0) + format.exponent_bits + format.mantissa_bits) << format.name;
    }
    EXPECT_EQ(std::count(names.begin(), names.end(), format.name), 0);
    names.push_back(format.name);
    EXPECT_EQ(number_format(format.name).bits, format.bits);
  }
}

// Proves: what the rest of the house stores: element and scale bits by block, packed.
TEST(FormatStorage, PacksElementsAndScales) {
  EXPECT_EQ(format_storage("mxfp4").size(Elements{64}), Bytes{32 + 2});
  EXPECT_EQ(format_storage("mxfp4").size(Elements{33}), Bytes{19});  // 132 + 16 bits
  EXPECT_EQ(format_storage("fp4-radix4").size(Elements{3}), Bytes{2});
  EXPECT_EQ(format_storage("fp9-153").size(Elements{8}), Bytes{9});
  for (const char* name : {"fp32", "ieee16", "bf16", "fp16", "fp8-143", "fp8-152", "fp4-radix4", "int8", "int4", "int2",
                           "fixed16", "int32", "bit", "mxfp4", "nvfp4"}) {
    EXPECT_NO_THROW((void)format_storage(name)) << name;
  }
  EXPECT_THROW((void)format_storage("fp17"), InputError);
}

}  // namespace
}  // namespace nibble
