// Proves: whatever is killed at whatever time, and when the disk is full, no finished row is lost or doubled, and --resume
// ends in the bytes of an undisturbed sweep; a point that crashes or never ends is a row with the reason.
//
// Times of kills are drawn from the seed NIBBLE_FAULT_SEED (1); scripts/repeat_fault_tests.sh runs many seeds.
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <random>
#include <thread>

#include "sim/app/sweep_pool.hpp"
#include "tests/golden/rank_files.hpp"

namespace nibble {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Draws that repeat with the seed.
class Chance {
 public:
  [[nodiscard]] std::size_t below(std::size_t end) { return random_() % end; }
  void rest(std::chrono::milliseconds most) { std::this_thread::sleep_for(std::chrono::milliseconds{below(static_cast<std::size_t>(most.count()))}); }

 private:
  static unsigned seed() {
    const char* given = std::getenv("NIBBLE_FAULT_SEED");
    return given == nullptr ? 1 : static_cast<unsigned>(std::atoi(given));
  }
  std::mt19937 random_{seed()};
};

class Faults : public test::SweepFiles {
 protected:
  std::vector<std::string> resumed(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> command{NIBBLE_BINARY, "sweep", small(), "--out", database("cut.db"), "--jobs", "2", "--resume"};
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }
  /// Goes on to the end, and finds the rows of an undisturbed sweep there.
  void expect_whole(const std::vector<std::string>& command) const {
    const test::Outcome last = test::run(command);
    EXPECT_EQ(last.code, 0) << last.err;
    EXPECT_EQ(rows(database("cut.db")), expected());
    EXPECT_THAT(test::run(command).out, HasSubstr("0 new rows"));
  }

  Chance chance_;
};

TEST_F(Faults, KillsAndInterruptsOfTheProgramLoseAndDoubleNothing) {
  for (int round = 0; round < 10; ++round) {
    const int program = test::start(resumed());
    chance_.rest(250ms);
    ::kill(program, std::array{SIGKILL, SIGINT, SIGTERM}[chance_.below(3)]);
    static_cast<void>(test::end_of(program));
  }
  expect_whole(resumed());
}

TEST_F(Faults, KillsOfWorkersLoseAndDoubleNothing) {
  const int program = test::start(resumed());
  for (int round = 0; round < 20; ++round) {
    chance_.rest(40ms);
    const std::vector<int> workers = test::children_of(program);
    if (!workers.empty()) ::kill(workers[chance_.below(workers.size())], SIGKILL);
  }
  EXPECT_EQ(test::end_of(program), 0) << "a worker's death is not the program's";
  expect_whole(resumed({"--retry-failed"}));  // a point that was killed three times in a row counts as failed
}

/// Runs a command where no file may be larger than `bytes`: to a writer, a full disk.
int run_limited(const std::vector<std::string>& command, rlim_t bytes) {
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit limit{bytes, bytes};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, SIG_IGN);
    ::_exit(test::run(command).code);
  }
  return test::end_of(child);
}

std::size_t lines(const std::string& text) { return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')); }

TEST_F(Faults, AFullDiskKeepsWhatIsFinished) {
  EXPECT_EQ(run_limited(resumed(), 80'000), 2);
  const std::size_t kept = lines(rows(database("cut.db")));
  EXPECT_GT(kept, 0U);
  EXPECT_LT(kept, 12U);
  expect_whole(resumed());
}

/// A small tmpfs of this process's own, where that is allowed: for root, or in a user namespace.
bool mount_small_disk(const std::string& folder) {
  if (::unshare(CLONE_NEWNS) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  return ::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=128k") == 0;
}

constexpr int kForbidden = 77;

/// Runs a command that writes `name` on a small disk until that is full, and saves what is there then into `folder`. Gives
/// 0 if it ended with exit code 2 and said how to go on; kForbidden where no disk may be mounted.
int run_on_small_disk(const std::vector<std::string>& command, const std::string& disk, const std::string& folder) {
  std::filesystem::create_directory(disk);
  const pid_t child = ::fork();
  if (child != 0) return test::end_of(child);
  if (!mount_small_disk(disk)) ::_exit(kForbidden);
  const test::Outcome outcome = test::run(command);
  for (const auto& file : std::filesystem::directory_iterator{disk}) {
    std::filesystem::copy_file(file.path(), folder + "/" + file.path().filename().string());
  }
  ::_exit(outcome.code == 2 && outcome.err.find("make room and go on with --resume") != std::string::npos ? 0 : 1);
}

TEST_F(Faults, AFullFileSystemKeepsWhatIsFinished) {
  const std::string disk = folder_.file("disk");
  const int code = run_on_small_disk({NIBBLE_BINARY, "sweep", small(), "--out", disk + "/cut.db", "--jobs", "2"}, disk, folder_.file(""));
  if (code == kForbidden) GTEST_SKIP() << "no file system may be mounted here";
  ASSERT_EQ(code, 0);
  const std::size_t kept = lines(rows(database("cut.db")));
  EXPECT_GT(kept, 0U);
  EXPECT_LT(kept, 12U);
  expect_whole(resumed());
}

/// All rows that a pool finds where one of its points is at fault.
class FaultyPoint : public Faults {
 protected:
  std::vector<ResultRow> rows_with(const std::function<void()>& fault, std::chrono::milliseconds timeout = {}) {
    const DesignSpace space{load_sweep(small())};
    std::vector<SweepTask> tasks;
    for (std::uint64_t point = 0; point < 6; ++point) tasks.push_back({point, 0, point % 2});
    SweepPool pool{space, 2, timeout, [&](const DesignSpace& s, const SweepTask& task, KernelCache& kernels) {
                     if (task.point == 3) fault();
                     return evaluate(s, task, kernels);
                   }};
    std::vector<ResultRow> found;
    pool.run(tasks, [&](const ResultRow& row) { found.push_back(row); });
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.at("point") < b.at("point"); });
    return found;
  }

  void expect_one_failed(const std::vector<ResultRow>& faulty, const std::string& reason) {
    const std::vector<ResultRow> sound = rows_with([] {});
    ASSERT_EQ(faulty.size(), sound.size());
    for (std::size_t i = 0; i < sound.size(); ++i) {
      if (i != 3) {
        EXPECT_EQ(faulty[i], sound[i]);
      } else {
        EXPECT_EQ(faulty[i].at("status"), "failed");
        EXPECT_THAT(faulty[i].at("reason"), HasSubstr(reason));
      }
    }
  }
};

TEST_F(FaultyPoint, ThatCrashesIsARow) {
  expect_one_failed(rows_with([] {
                      std::signal(SIGSEGV, SIG_DFL);  // sanitizers have a handler of their own
                      ::raise(SIGSEGV);
                    }),
                    "signal 11");
}

TEST_F(FaultyPoint, ThatNeverEndsIsARow) {
  expect_one_failed(rows_with([] { for (;;) ::pause(); }, 2s), "took longer than 2 s");
}

TEST_F(FaultyPoint, ThatHasNoMemoryIsARow) {
  expect_one_failed(rows_with([] { throw std::bad_alloc{}; }), "bad_alloc");
}

TEST_F(FaultyPoint, ThatLeavesIsARow) { expect_one_failed(rows_with([] { ::_exit(0); }), "ended with code 0"); }

class RankFaults : public test::RankFiles {
 protected:
  /// Waits for mpirun and its ranks. One that dies while it connects can leave a lock of Debian's PMIx (4.2.2) taken: mpirun has
  /// then ended all ranks, and waits for that lock in PMIx_server_finalize for ever. That the ranks are dead is what counts.
  static void expect_end(int job, const std::vector<int>& ranks) {
    if (!test::ends_within(job, 60)) {
      for (const int rank : ranks) EXPECT_TRUE(test::dead(rank)) << "mpirun waits for a rank";
      ::kill(job, SIGKILL);
    }
    static_cast<void>(test::end_of(job));
    for (const int rank : ranks) EXPECT_TRUE(test::gone(rank));
  }

  Chance chance_;
};

TEST_F(RankFaults, KilledRanksLoseAndDoubleNothing) {
  const auto command = on_ranks(3, {small(), "--out", database("cut.db"), "--resume"});
  for (int round = 0; round < 3; ++round) {
    const int job = test::start(command);
    const std::vector<int> ranks = ranks_of(job, 3);
    ASSERT_EQ(ranks.size(), 3U);
    chance_.rest(700ms);
    const std::size_t victim = chance_.below(4);
    ::kill(victim == 3 ? job : ranks[victim], SIGKILL);
    expect_end(job, ranks);
  }
  const test::Outcome last = test::run(command);
  EXPECT_EQ(last.code, 0) << last.err;
  EXPECT_EQ(rows(database("cut.db")), expected());
  EXPECT_THAT(test::run(command).out, HasSubstr("0 new rows"));
}

TEST_F(RankFaults, AFullFileSystemEndsAllRanks) {
  const std::string disk = folder_.file("disk");
  const int code = run_on_small_disk(on_ranks(2, {small(), "--out", disk + "/cut.db"}), disk, folder_.file(""));
  if (code == kForbidden) GTEST_SKIP() << "no file system may be mounted here";
  ASSERT_EQ(code, 0);
  EXPECT_EQ(test::run(on_ranks(2, {small(), "--out", database("cut.db"), "--resume"})).code, 0);
  EXPECT_EQ(rows(database("cut.db")), expected());
}

}  // namespace
}  // namespace nibble
