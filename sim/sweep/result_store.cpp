#include "sim/sweep/result_store.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "models/base/error.hpp"

namespace nibble {
namespace {

constexpr const char* kSchemaVersion = "nibble/results/1";

// Written by the sweep's own thread only; WAL lets others read meanwhile.
constexpr const char* kPragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;";

constexpr const char* kTables = R"(
CREATE TABLE IF NOT EXISTS sweep (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS results (
  point INTEGER NOT NULL, network TEXT NOT NULL, recipe TEXT NOT NULL, batch INTEGER,
  status TEXT NOT NULL, reason TEXT NOT NULL, feasible INTEGER NOT NULL,
  time_s REAL, samples_per_s REAL, energy_j REAL, energy_per_sample_j REAL, power_w REAL, area_mm2 REAL,
  carbon_g REAL, utilisation REAL, tops REAL, tops_per_w REAL,
  axes TEXT NOT NULL, metrics TEXT NOT NULL,
  network_hash TEXT, accelerator_hash TEXT, technology_hash TEXT, recipe_hash TEXT, grid_hash TEXT,
  version TEXT NOT NULL, seed INTEGER NOT NULL,
  PRIMARY KEY (point, network, recipe)) WITHOUT ROWID;
)";

SqlValue value_of(const ResultRow& row, const std::string& column) {
  const auto found = row.find(column);
  if (found == row.end() || found->is_null()) return {};
  if (found->is_number_integer()) return found->get<std::int64_t>();
  if (found->is_number()) return found->get<double>();
  return found->get<std::string>();
}

std::string objectives_text(const Sweep& sweep) {
  Json objectives = Json::object();
  for (const SweepObjective& objective : sweep.objectives) objectives[objective.metric] = objective.maximise ? "max" : "min";
  return objectives.dump();
}

std::string axes_text(const Sweep& sweep) {
  Json axes = Json::array();
  for (const SweepAxis& axis : sweep.axes) {
    for (const std::string& key : axis.keys) axes.push_back(key);
  }
  return axes.dump();
}

std::string sweep_value(Database& database, const std::string& key) {
  std::string found;
  database.query("SELECT value FROM sweep WHERE key = ?1", {key}, [&](const auto& row) { found = text_of(row.front()); });
  return found;
}

Database::Access access_for(const std::string& path, bool resume) {
  if (!std::filesystem::exists(path)) return Database::Access::create;
  if (resume) return Database::Access::write;
  throw InputError("SWP-OUT", fmt::format("'{}' is there already", path),
                   "--resume goes on with it; or name another with --out");
}

}  // namespace

const std::vector<std::string>& result_columns() {
  static const std::vector<std::string> columns{
      "point",       "network",       "recipe",           "batch",           "status",      "reason",
      "feasible",    "time_s",        "samples_per_s",    "energy_j",        "energy_per_sample_j", "power_w",
      "area_mm2",    "carbon_g",      "utilisation",      "tops",            "tops_per_w",  "axes",
      "metrics",     "network_hash",  "accelerator_hash", "technology_hash", "recipe_hash", "grid_hash",
      "version",     "seed"};
  return columns;
}

ResultStore::ResultStore(const std::string& path, const Sweep& sweep, bool resume)
    : path_{path}, sweep_{sweep}, database_{path, access_for(path, resume)} {
  create();
  check_sweep();
}

void ResultStore::create() {
  database_.execute(kPragmas);
  database_.execute(std::string{"BEGIN IMMEDIATE;"} + kTables);
  const std::string set = "INSERT OR IGNORE INTO sweep VALUES (?1, ?2)";
  database_.query(set, {std::string{"schema"}, std::string{kSchemaVersion}});
  database_.query(set, {std::string{"name"}, sweep_.name});
  database_.query(set, {std::string{"description"}, sweep_.description});
  database_.query(set, {std::string{"hash"}, sweep_.hash});
  database_.query(set, {std::string{"version"}, std::string{NIBBLE_VERSION}});
  database_.query(set, {std::string{"axes"}, axes_text(sweep_)});
  database_.query(set, {std::string{"objectives"}, objectives_text(sweep_)});
  database_.execute("COMMIT");
}

void ResultStore::check_sweep() {
  const std::string hash = sweep_value(database_, "hash");
  const std::string version = sweep_value(database_, "version");
  if (hash != sweep_.hash) {
    throw InputError("SWP-OUT", fmt::format("'{}' holds another sweep: {}", path_, sweep_value(database_, "name")),
                     "a changed sweep file is another sweep: name another database with --out");
  }
  if (version != NIBBLE_VERSION) {
    throw InputError("SWP-OUT", fmt::format("'{}' was begun by version {}, this is {}", path_, version, NIBBLE_VERSION),
                     "finish it with that version, or begin another");
  }
}

void ResultStore::add(const ResultRow& row) {
  std::vector<SqlValue> values;
  std::string marks;
  for (const std::string& column : result_columns()) {
    values.push_back(value_of(row, column));
    marks += (marks.empty() ? "?" : ",?") + std::to_string(values.size());
  }
  database_.query("INSERT OR IGNORE INTO results VALUES (" + marks + ")", values);
}

std::set<ResultStore::Key> ResultStore::keys() {
  std::set<Key> keys;
  database_.query("SELECT point, network, recipe FROM results", {}, [&](const std::vector<SqlValue>& row) {
    keys.emplace(static_cast<std::uint64_t>(std::get<std::int64_t>(row[0])), text_of(row[1]), text_of(row[2]));
  });
  return keys;
}

void ResultStore::forget_failed() { database_.execute("DELETE FROM results WHERE status = 'failed'"); }

std::vector<std::vector<double>> ResultStore::objectives(std::uint64_t point) {
  std::string columns;
  for (const SweepObjective& objective : sweep_.objectives) columns += ", " + objective.metric;
  std::vector<std::vector<double>> found;
  bool usable = true;
  database_.query("SELECT feasible" + columns + " FROM results WHERE point = ?1 ORDER BY network, recipe",
                  {static_cast<std::int64_t>(point)}, [&](const std::vector<SqlValue>& row) {
                    usable = usable && std::get<std::int64_t>(row[0]) == 1;
                    std::vector<double> values;
                    for (std::size_t i = 1; i < row.size(); ++i) {
                      const auto* real = std::get_if<double>(&row[i]);
                      values.push_back(real == nullptr ? 0 : *real);
                    }
                    found.push_back(std::move(values));
                  });
  return usable ? found : std::vector<std::vector<double>>{};
}

namespace {

void merge_into(const std::vector<std::string>& parts, const std::string& merged) {
  Database target{merged, Database::Access::create};
  target.execute(kPragmas);
  target.execute(kTables);
  const std::string columns = fmt::format("{}", fmt::join(result_columns(), ", "));
  for (const std::string& part : parts) {
    target.query("ATTACH ?1 AS part", {part});
    target.execute("BEGIN; INSERT OR IGNORE INTO sweep SELECT * FROM part.sweep");
    bool alike = true;
    target.query("SELECT 1 FROM sweep JOIN part.sweep p USING (key) WHERE sweep.value != p.value LIMIT 1", {},
                 [&](const auto&) { alike = false; });
    if (!alike) throw InputError("SWP-MERGE", fmt::format("'{}' is of another sweep or version than '{}'", part, parts.front()));
    target.execute(fmt::format("INSERT OR IGNORE INTO results SELECT {} FROM part.results", columns));
    target.query(fmt::format("SELECT point FROM (SELECT {0} FROM part.results EXCEPT SELECT {0} FROM results) LIMIT 1", columns),
                 {}, [&](const std::vector<SqlValue>& row) {
                   throw InputError("SWP-MERGE", fmt::format("'{}' holds another result for point {}", part,
                                                             std::get<std::int64_t>(row.front())));
                 });
    target.execute("COMMIT; DETACH part");
  }
}

}  // namespace

void merge_results(const std::vector<std::string>& parts, const std::string& merged) {
  static_cast<void>(access_for(merged, false));
  for (const std::string& part : parts) {
    if (!std::filesystem::exists(part)) throw InputError("SWP-MERGE", fmt::format("there is no '{}'", part));
  }
  try {
    merge_into(parts, merged);
  } catch (...) {  // whole or not at all
    for (const char* ending : {"", "-wal", "-shm"}) std::filesystem::remove(merged + ending);
    throw;
  }
}

}  // namespace nibble
