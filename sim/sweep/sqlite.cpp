#include "sim/sweep/sqlite.hpp"

#include <fmt/format.h>

#include "models/base/error.hpp"

namespace nibble {
namespace {

constexpr int kBusyMilliseconds = 10'000;

void bind(sqlite3_stmt* statement, int index, const SqlValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    sqlite3_bind_int64(statement, index, *integer);
  } else if (const auto* real = std::get_if<double>(&value)) {
    sqlite3_bind_double(statement, index, *real);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    sqlite3_bind_text(statement, index, text->data(), static_cast<int>(text->size()), SQLITE_TRANSIENT);
  } else {
    sqlite3_bind_null(statement, index);
  }
}

SqlValue column(sqlite3_stmt* statement, int index) {
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_column_int64(statement, index)};
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, index);
    case SQLITE_NULL:
      return std::monostate{};
    default: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, index));
      return std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, index)));
    }
  }
}

int flags_of(Database::Access access) {
  switch (access) {
    case Database::Access::read:
      return SQLITE_OPEN_READONLY;
    case Database::Access::write:
      return SQLITE_OPEN_READWRITE;
    case Database::Access::create:
      return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  }
  return SQLITE_OPEN_READONLY;
}

}  // namespace

std::string text_of(const SqlValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text == nullptr ? "" : *text;
}

Database::Database(const std::string& path, Access access) : path_{path} {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &opened, flags_of(access), nullptr);
  database_.reset(opened);
  if (code != SQLITE_OK) fail(code);
  sqlite3_busy_timeout(opened, kBusyMilliseconds);
  // "name" means a column and nothing else: a misspelt one is an error, not a text.
  sqlite3_db_config(opened, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(opened, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
}

void Database::fail(int code) const {
  const std::string words = database_ ? sqlite3_errmsg(database_.get()) : sqlite3_errstr(code);
  const bool writing = code == SQLITE_FULL || code == SQLITE_READONLY || (code & 0xff) == SQLITE_IOERR;
  throw InputError(writing ? "OUT-WRITE" : "DB-SQL", fmt::format("{}: {}", path_.empty() ? "the expression" : path_, words),
                   writing ? "what was finished is kept; make room and go on with --resume" : "");
}

std::unique_ptr<sqlite3_stmt, Database::Finalize> Database::prepare(const std::string& sql) const {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(database_.get(), sql.c_str(), -1, &statement, nullptr);
  if (code != SQLITE_OK) fail(code);
  return std::unique_ptr<sqlite3_stmt, Finalize>{statement};
}

void Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

void Database::query(const std::string& sql, const std::vector<SqlValue>& parameters,
                     const std::function<void(const std::vector<SqlValue>&)>& row) {
  const auto statement = prepare(sql);
  for (std::size_t i = 0; i < parameters.size(); ++i) bind(statement.get(), static_cast<int>(i) + 1, parameters[i]);
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement.get())) == SQLITE_ROW) {
    if (!row) continue;
    std::vector<SqlValue> values;
    for (int i = 0; i < sqlite3_column_count(statement.get()); ++i) values.push_back(column(statement.get(), i));
    row(values);
  }
  if (code != SQLITE_DONE) fail(code);
}

}  // namespace nibble
