#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace nibble::test {

/// Spoils texts and binary files a little, the same for the same seed on every system: bytes and lines that
/// are lost, doubled, swapped or new, and numbers that become ones nobody thought of.
class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : generator_{seed} {}

  /// One to four spoilings of `text`; never the empty text's.
  [[nodiscard]] std::string operator()(std::string text);
  /// Another small number in place of one: what a text with that says is mostly well formed.
  [[nodiscard]] std::string with_other_number(std::string text);

 private:
  void change_byte(std::string& text);
  void insert_bytes(std::string& text);
  void lose_bytes(std::string& text);
  void change_number(std::string& text);
  void change_word(std::string& text);
  void move_line(std::string& text);
  void double_line(std::string& text);
  void cut_end(std::string& text);

  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(generator_() % limit); }
  /// A maximal run of characters that `of_kind` accepts, found from a random place on; empty if there is
  /// none.
  struct Run {
    std::size_t begin = 0, length = 0;
  };
  Run run_of(const std::string& text, bool (*of_kind)(char));
  std::vector<std::string> lines_of(const std::string& text);

  std::mt19937_64 generator_;
};

}  // namespace nibble::test
