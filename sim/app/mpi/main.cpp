#include <boost/mpi/communicator.hpp>
#include <boost/mpi/environment.hpp>

#include "sim/app/application.hpp"
#include "sim/app/mpi/rank_server.hpp"
#include "sim/app/mpi/rank_workers.hpp"
#include "sim/app/sweep_run.hpp"

// libsystemc brings a main of its own that calls sc_main; ours comes first.
extern "C" int sc_main(int /*argc*/, char** /*argv*/) { return 3; }

namespace {

int lead(int argc, const char* const* argv, const boost::mpi::communicator& world) {
  nibble::RankTeam team{world};
  nibble::SweepOptions options;
  const int code = nibble::run_program(argc, argv, [&](CLI::App& program) {
    nibble::add_sweep_options(program, options)->callback([&] {
      team.recruit(options);
      nibble::run_sweep(options, [&](const nibble::DesignSpace& space) {
        return std::make_unique<nibble::RankWorkers>(team, space, options);
      });
    });
  });
  team.dismiss();
  return code;
}

}  // namespace

/// `mpirun -n N nibble sweep ...` runs this program as its ranks.
int main(int argc, char** argv) {
  const boost::mpi::environment environment{argc, argv};
  const boost::mpi::communicator world;
  if (world.rank() == 0) return lead(argc, argv, world);
  const int code = nibble::run_guarded([&] { nibble::serve_rank(world); });
  if (code != 0) boost::mpi::environment::abort(code);  // or the others would wait for this rank
  return code;
}
