#include "models/gemm/npy_file.hpp"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>

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

std::size_t take_size(const std::string& path, std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc{}) bad(path, "the array does not have two dimensions");
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return size;
}

struct Header {
  std::size_t rows = 0, columns = 0;
  bool fortran_order = false;
};

Header parse_header(const std::string& path, std::string_view text) {
  Header header;
  if (!value_of(path, text, "descr").starts_with("'<f4'")) bad(path, "the elements are not float32 ('<f4')");
  const std::string_view order = value_of(path, text, "fortran_order");
  header.fortran_order = order.starts_with("True");
  if (!header.fortran_order && !order.starts_with("False")) bad(path, "fortran_order is neither True nor False");
  std::string_view shape = value_of(path, text, "shape");
  if (!shape.starts_with('(')) bad(path, "the shape is no tuple");
  shape.remove_prefix(1);
  header.rows = take_size(path, shape);
  if (!shape.starts_with(',')) bad(path, "the array does not have two dimensions");
  shape.remove_prefix(1);
  header.columns = take_size(path, shape);
  if (!shape.starts_with(')') && !shape.starts_with(",)")) bad(path, "the array does not have two dimensions");
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
