#include "sim/app/numerics_command.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <memory>

#include "models/base/error.hpp"
#include "models/formats/block_format.hpp"
#include "models/formats/number_text.hpp"
#include "models/formats/random.hpp"
#include "sim/app/options.hpp"
#include "sim/report/text_table.hpp"

namespace nibble {
namespace {

constexpr const char* kConvertExamples = R"(Examples:
  echo 0.1 | nibble numerics convert --format fp16
  echo 0x1.8p-3 | nibble numerics convert --format fp8-143:bias=7 --rounding nearest-even
  nibble numerics convert --format fixed16:il=4,fl=12 --seed 7 numbers.txt

Reads one number a line; prints code, exact value and flags, apart by blanks. Blank lines and # comments are skipped.)";

constexpr const char* kDecodeExamples = R"(Examples:
  echo 0x7ffe | nibble numerics decode --format fp16

Reads one code a line, in hex; prints code and exact value.)";

constexpr const char* kFormatsExamples = R"(Examples:
  nibble numerics formats
  nibble numerics formats e4m3
  nibble numerics formats fp8-143:bias=7,specials=nan-inf

Settings after a colon: bias, specials (none, ieee, nan, nan-inf), lowest (subnormal, zero) of floating formats,
phase (even, odd, odd-below) of fp4-radix4, il and fl of fixed16, underflow (flush, nearest) of all.)";

struct ConvertOptions {
  std::string format;
  std::string rounding;
  std::string overflow;
  std::uint64_t seed = 0;
  std::string file;
};

/// Calls `line_done(text, index)` for each line that says something. "" is stdin.
template <class LineDone>
void for_each_line(const std::string& file, LineDone line_done) {
  std::ifstream opened;
  if (!file.empty()) {
    opened.open(file);
    if (!opened) throw InputError{"NUM-FILE", fmt::format("{} cannot be read", file)};
  }
  std::istream& in = file.empty() ? std::cin : opened;
  std::string line;
  int number = 0;
  for (std::uint64_t index = 0; std::getline(in, line);) {
    ++number;
    line.erase(std::min(line.find('#'), line.size()));
    line.erase(line.find_last_not_of(" \t\r") + 1);
    line.erase(0, line.find_first_not_of(" \t"));
    if (line.empty()) continue;
    try {
      line_done(line, index++);
    } catch (const InputError& error) {
      Problem problem = error.problems().front();
      problem.file = file.empty() ? "stdin" : file;
      problem.line = number;
      problem.column = 1;
      throw InputError{problem};
    }
  }
}

void convert(const ConvertOptions& options) {
  const NumberFormat format = number_format(options.format);
  Conversion conversion = format.conversion;
  if (!options.rounding.empty()) conversion.rounding = rounding_from_word(options.rounding);
  if (!options.overflow.empty()) {
    conversion.overflow = options.overflow == "saturate" ? Overflow::saturate : Overflow::special;
  }
  const RandomBits random{options.seed, 0};
  std::string out;
  for_each_line(options.file, [&](const std::string& line, std::uint64_t index) {
    const Encoded encoded = encode(format, conversion, parse_written_number(line), random.at(index));
    out += fmt::format("{} {} {}\n", code_text(format, encoded.code), exact_text(decode(format, encoded.code)),
                       flags_text(encoded.flags));
  });
  print(out);
}

void decode_codes(const std::string& name, const std::string& file) {
  const NumberFormat format = number_format(name);
  std::string out;
  for_each_line(file, [&](const std::string& line, std::uint64_t) {
    const std::uint32_t code = parse_code(format, line);
    out += fmt::format("{} {}\n", code_text(format, code), exact_text(decode(format, code)));
  });
  print(out);
}

std::string fields_text(const NumberFormat& format) {
  if (format.encoding == Encoding::integer) {
    const std::string kind = format.is_signed ? "two's complement" : "unsigned";
    return format.scale_exponent == 0 ? kind : fmt::format("{} x 2^{}", kind, format.scale_exponent);
  }
  return fmt::format("{}-{}-{}{}", format.is_signed ? 1 : 0, format.exponent_bits, format.mantissa_bits,
                     format.log2_radix == 1 ? "" : fmt::format(", radix {}", 1 << format.log2_radix));
}

std::string specials_text(const NumberFormat& format) {
  if (format.encoding == Encoding::integer) return "none";
  switch (format.specials) {
    case Specials::none: return "none";
    case Specials::ieee: return "infinity, NaN";
    case Specials::all_ones_nan: return "NaN, all ones";
    case Specials::all_ones_nan_inf: return "NaN-infinity, all ones";
  }
  return "";
}

std::string bias_text(const NumberFormat& format) {
  return format.encoding == Encoding::integer ? "-" : fmt::format("{}", format.bias);
}

std::string short_text(double value) { return fmt::format("{:.6g}", value); }

std::string all_formats_text() {
  std::vector<std::string> names, bits, fields, biases, specials, smallest, largest, descriptions;
  for (const NumberFormat& format : element_formats()) {
    names.push_back(format.name);
    bits.push_back(fmt::format("{}", format.bits));
    fields.push_back(fields_text(format));
    biases.push_back(bias_text(format));
    specials.push_back(specials_text(format));
    smallest.push_back(short_text(format.smallest()));
    largest.push_back(short_text(format.largest()));
    descriptions.push_back(format.description);
  }
  std::string text = table_text({words("format", names), words("bits", bits), words("fields", fields),
                                 words("bias", biases), words("specials", specials), words("smallest", smallest),
                                 words("largest", largest), words("description", descriptions)});
  std::vector<std::string> blocks, elements, scales, sizes, block_descriptions;
  for (const BlockFormat& block : block_formats()) {
    blocks.emplace_back(block.name);
    elements.emplace_back(block.element);
    scales.emplace_back(block.scale);
    sizes.push_back(fmt::format("{}", block.block));
    block_descriptions.emplace_back(block.description);
  }
  return text + "\n" + table_text({words("block format", blocks), words("elements", elements), words("scales", scales),
                                   words("block", sizes), words("description", block_descriptions)});
}

std::string code_table(const NumberFormat& format) {
  constexpr unsigned kWidest = 8;  // 256 codes
  if (format.bits > kWidest) return "";
  std::vector<std::string> codes, binary, values;
  for (std::uint32_t code = 0; code <= format.code_mask(); ++code) {
    codes.push_back(code_text(format, code));
    binary.push_back(fmt::format("{:0{}b}", code, format.bits));
    values.push_back(exact_text(decode(format, code)));
  }
  return "\n" + table_text({words("code", codes), words("binary", binary), words("value", values)});
}

std::string format_text(const std::string& name) {
  if (const BlockFormat* block = find_block_format(name)) {
    return fmt::format("{}: {}\n{} elements '{}' share a scale '{}'{}\n", block->name, block->description, block->block,
                       block->element, block->scale, block->tensor_scale ? ", all of them one FP32 scale" : "");
  }
  const NumberFormat format = number_format(name);
  std::vector<std::string> keys{"bits",     "fields",          "bias",    "specials", "largest",
                                "smallest normal", "smallest", "rounding", "overflow"};
  std::vector<std::string> values{fmt::format("{}", format.bits),
                                  fields_text(format),
                                  bias_text(format),
                                  specials_text(format),
                                  exact_text(format.largest()),
                                  exact_text(format.smallest_normal()),
                                  exact_text(format.smallest()),
                                  std::string{word_of(format.conversion.rounding)},
                                  format.conversion.overflow == Overflow::saturate || !format.has_nan()
                                      ? "saturates"
                                      : "becomes the special code"};
  return fmt::format("{}: {}\n\n", format.name, format.description) +
         table_text({words("property", std::move(keys)), words("value", std::move(values))}) + code_table(format);
}

void add_convert_command(CLI::App& numerics) {
  auto options = std::make_shared<ConvertOptions>();
  CLI::App* command = numerics.add_subcommand("convert", "Round numbers into a format, once");
  command->footer(kConvertExamples);
  command->add_option("--format", options->format, "The format; see: nibble numerics formats")->required();
  command->add_option("--rounding", options->rounding,
                      "nearest-even, nearest-away, radix4-threshold, toward-zero or stochastic (the format's own)");
  command->add_option("--overflow", options->overflow, "saturate or special (the format's own)")
      ->check(CLI::IsMember({"saturate", "special"}));
  command->add_option("--seed", options->seed, "Of stochastic rounding (0)");
  command->add_option("file", options->file, "Numbers, one a line (stdin)");
  command->callback([options] { convert(*options); });
}

void add_decode_command(CLI::App& numerics) {
  auto format = std::make_shared<std::string>(), file = std::make_shared<std::string>();
  CLI::App* command = numerics.add_subcommand("decode", "Say what codes of a format stand for");
  command->footer(kDecodeExamples);
  command->add_option("--format", *format, "The format; see: nibble numerics formats")->required();
  command->add_option("file", *file, "Codes in hex, one a line (stdin)");
  command->callback([format, file] { decode_codes(*format, *file); });
}

void add_formats_command(CLI::App& numerics) {
  auto name = std::make_shared<std::string>();
  CLI::App* command = numerics.add_subcommand("formats", "List the number formats, or print one with all its codes");
  command->footer(kFormatsExamples);
  command->add_option("name", *name, "A format, settings after a colon");
  command->callback([name] { print(name->empty() ? all_formats_text() : format_text(*name)); });
}

}  // namespace

void add_numerics_command(CLI::App& program) {
  CLI::App* numerics = program.add_subcommand("numerics", "Number formats and bit-exact GEMMs: convert, decode, multiply");
  numerics->require_subcommand(1);
  add_convert_command(*numerics);
  add_decode_command(*numerics);
  add_formats_command(*numerics);
  add_numerics_gemm_command(*numerics);
}

}  // namespace nibble
