#include "models/gemm/npy_file.hpp"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>
#include <tuple>
#include <utility>

#include "models/base/error.hpp"

namespace nibble {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::string_view kMagic{"\x93NUMPY", 6};

[[noreturn]] void bad(const std::string& path, const std::string& what) {
  throw InputError{"NPY-FORMAT", fmt::format("{}: {}", path, what),
                   "a two-dimensional array of float32: np.save(path, x.astype('<f4'))"};
}

/// The text after "'key':", blanks skipped.
std::string_view value_of(const std::string& path, std::string_view header, std::string_view key) {
  const std::string quoted = fmt::format("'{}':", key);
  const std::size_t at = header.find(quoted);
  if (at == std::string_view::npos) bad(path, fmt::format("the header has no '{}'", key));
  std::string_view value = header.substr(at + quoted.size());
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  return value;
}

/// The two sizes of "(rows, columns)".
std::pair<std::size_t, std::size_t> two_sizes(const std::string& path, std::string_view text) {
  const std::string_view tuple = text.substr(0, std::min(text.size(), text.find(')') + 1));
  const auto refuse = [&] { bad(path, fmt::format("its shape is {}, not two dimensions", tuple)); };
  std::size_t sizes[2] = {};
  if (!text.starts_with('(')) refuse();
  text.remove_prefix(1);
  for (std::size_t& size : sizes) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error != std::errc{}) refuse();
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (&size == &sizes[0] && !text.starts_with(',')) refuse();
    if (&size == &sizes[0]) text.remove_prefix(1);
  }
  if (!text.starts_with(')') && !text.starts_with(",)")) refuse();
  return {sizes[0], sizes[1]};
}

struct Header {
  std::size_t rows = 0, columns = 0;
  bool fortran_order = false;
};

Header parse_header(const std::string& path, std::string_view text) {
  Header header;
  const std::string_view type = value_of(path, text, "descr");
  if (!type.starts_with("'<f4'")) {
    bad(path, fmt::format("its elements are {}, not float32 in little-endian order ('<f4')", type.substr(0, type.find_first_of(",}"))));
  }
  const std::string_view order = value_of(path, text, "fortran_order");
  header.fortran_order = order.starts_with("True");
  if (!header.fortran_order && !order.starts_with("False")) bad(path, "fortran_order is neither True nor False");
  std::tie(header.rows, header.columns) = two_sizes(path, value_of(path, text, "shape"));
  return header;
}

/// A header's length field of `bytes` bytes at `at`.
std::size_t length_at(std::string_view file, std::size_t at, std::size_t bytes) {
  std::uint32_t length = 0;
  std::memcpy(&length, file.data() + at, bytes);
  return length;
}

}  // namespace

Matrix read_npy(const std::string& path) {
  std::ifstream stream{path, std::ios::binary};
  const std::string file{std::istreambuf_iterator<char>{stream}, {}};
  if (!stream.is_open() || stream.bad()) throw InputError{"NPY-FILE", fmt::format("{} cannot be read", path)};
  if (file.size() < 12 || !std::string_view{file}.starts_with(kMagic)) bad(path, "this is not an NPY file");
  const int version = file[6];
  if (version < 1 || version > 3) bad(path, fmt::format("NPY version {} is not known", version));
  const std::size_t field = version == 1 ? 2 : 4, begin = 8 + field, length = length_at(file, 8, field);
  if (length > file.size() - begin) bad(path, "the header is cut off");
  const Header header = parse_header(path, std::string_view{file}.substr(begin, length));
  const std::size_t data = file.size() - begin - length;
  // By division: rows x columns may be more than there are numbers for.
  const std::size_t numbers = data / sizeof(float);
  const bool fits = data % sizeof(float) == 0 && (header.columns == 0 ? numbers == 0
                                                                      : numbers % header.columns == 0 &&
                                                                            numbers / header.columns == header.rows);
  if (!fits) bad(path, fmt::format("{} bytes of data for {} x {} float32", data, header.rows, header.columns));
  Matrix matrix{header.rows, header.columns};
  if (data == 0) return matrix;
  std::memcpy(matrix.values.data(), file.data() + begin + length, data);
  if (!header.fortran_order) return matrix;
  const Matrix columns_first = matrix;
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    for (std::size_t c = 0; c < matrix.columns; ++c) matrix.at(r, c) = columns_first.values[c * matrix.rows + r];
  }
  return matrix;
}

std::string npy_content(const Matrix& matrix) {
  std::string header = fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", matrix.rows,
                                   matrix.columns);
  // Magic, version and length take 10 bytes; the data begin at a multiple of 64, after a line end.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  const auto length = static_cast<std::uint16_t>(header.size());
  std::string content{kMagic};
  content += {'\x01', '\0', static_cast<char>(length & 0xFF), static_cast<char>(length >> 8)};
  content += header;
  content.append(reinterpret_cast<const char*>(matrix.values.data()), matrix.values.size() * sizeof(float));
  return content;
}

}  // namespace nibble
