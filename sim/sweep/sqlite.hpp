#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace nibble {

/// A value of SQLite: NULL, a number or a text.
using SqlValue = std::variant<std::monostate, std::int64_t, double, std::string>;

/// The text of a value that is one; "" of any other.
[[nodiscard]] std::string text_of(const SqlValue& value);

/// An open database. Members throw InputError [DB-...] with SQLite's own words: a database is the user's file.
class Database {
 public:
  enum class Access { read, write, create };

  Database(const std::string& path, Access access);

  void execute(const std::string& sql);
  /// Runs a statement with its parameters bound; `row` is called for each row of the result.
  void query(const std::string& sql, const std::vector<SqlValue>& parameters = {},
             const std::function<void(const std::vector<SqlValue>&)>& row = {});

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };

  [[noreturn]] void fail(int code) const;
  [[nodiscard]] std::unique_ptr<sqlite3_stmt, Finalize> prepare(const std::string& sql) const;

  std::string path_;
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace nibble
