#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/sweep/sqlite.hpp"

namespace nibble {

/// The names in an expression that stand for values, dotted ones whole: "core.mpe.rows * columns <= 256" gives
/// core.mpe.rows and columns. Words of SQL, functions and texts in quotes are left out.
[[nodiscard]] std::vector<std::string> names_in(const std::string& expression);

/// The expression with each of its names replaced by what `write` gives for it.
[[nodiscard]] std::string replace_names(const std::string& expression,
                                        const std::function<std::string(const std::string&)>& write);

/// The known name that `given` means: itself, or the only one that ends in "." + given.
[[nodiscard]] std::optional<std::string> known_name(const std::string& given, const std::vector<std::string>& known);

/// Evaluates SQL expressions over named values, in memory.
class Evaluator {
 public:
  Evaluator();
  /// True if the expression holds; not set while one of its names has no value yet. InputError [DB-SQL].
  [[nodiscard]] std::optional<bool> holds(const std::string& expression, const std::map<std::string, SqlValue>& values);
  /// The expression's number; not set while one of its names has no value yet, or if it has none (x / 0). InputError [DB-SQL].
  [[nodiscard]] std::optional<double> number(const std::string& expression, const std::map<std::string, SqlValue>& values);

 private:
  [[nodiscard]] std::optional<double> evaluate(const std::string& expression, const std::map<std::string, SqlValue>& values,
                                               bool& complete);

  Database database_;
};

}  // namespace nibble
