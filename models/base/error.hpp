#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace nibble {

/// One thing that is wrong with an input. `id` is stable ("CFG-RANGE"); tests and scripts match on it.
struct Problem {
  std::string id;
  std::string file;
  int line = 0;    ///< 1-based; 0 when the problem has no place in the file
  int column = 0;  ///< 1-based
  std::string what;  ///< key path, what was given
  std::string hint;  ///< what is allowed, or the nearest known word; may be empty

  /// "file:line:column: error [ID] what", then the hint on an indented second line.
  [[nodiscard]] std::string text() const;
};

/// The user's input is wrong (exit code 2). Carries every problem found, not only the first.
class InputError : public std::runtime_error {
 public:
  explicit InputError(std::vector<Problem> problems);
  explicit InputError(Problem problem);
  /// A problem with no place in a file: a command line value, a missing file.
  InputError(std::string id, std::string what, std::string hint = {});

  [[nodiscard]] const std::vector<Problem>& problems() const { return problems_; }

 private:
  std::vector<Problem> problems_;
};

/// A law that every run is held to did not hold (exit code 1).
class LawError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The program itself is at fault (exit code 3).
class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// The known word nearest to `given`, or "" when none is near enough to be meant: within an edit distance of 2,
/// or of a third of a long word; a word that `given` begins counts as one edit away. Of equals the first.
[[nodiscard]] std::string nearest_word(const std::string& given, const std::vector<std::string>& known);

}  // namespace nibble
