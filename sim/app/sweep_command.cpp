#include <memory>

#include "sim/app/commands.hpp"
#include "sim/app/process_pool.hpp"
#include "sim/app/sweep_pool.hpp"
#include "sim/app/sweep_run.hpp"
#include "sim/sweep/result_store.hpp"

namespace nibble {

void add_sweep_command(CLI::App& program) {
  auto options = std::make_shared<SweepOptions>();
  add_sweep_options(program, *options)->callback([options] {
    const std::size_t jobs = options->jobs > 0 ? options->jobs : usable_processors();
    run_sweep(*options, [&](const DesignSpace& space) {
      return std::make_unique<SweepPool>(space, jobs, options->point_timeout());
    });
  });
}

void add_merge_command(CLI::App& program) {
  struct Options {
    std::vector<std::string> parts;
    std::string out;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = program.add_subcommand("merge", "Join databases of one sweep's shards");
  command->footer(R"(Examples:
  nibble merge --out whole.db part1.db part2.db)");
  command->add_option("parts", options->parts, "Databases of the shards")->required();
  command->add_option("-o,--out", options->out, "The database to make")->required();
  command->callback([options] { merge_results(options->parts, options->out); });
}

}  // namespace nibble
