// Proves: each job runs once however many workers there are; one that throws, is killed or leaves takes none of the others
// with it and is reported; workers end with the process that started them.
#include "sim/app/forked_jobs.hpp"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "tests/support/error_id.hpp"

namespace nibble {
namespace {

namespace fs = std::filesystem;

class ForkedJobs : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  /// A byte more in the job's file: its size is how often the job ran.
  void mark(std::size_t job) const { std::ofstream{file(job), std::ios::app} << 'x'; }
  [[nodiscard]] std::vector<std::size_t> marks(std::size_t count) const {
    std::vector<std::size_t> sizes;
    for (std::size_t i = 0; i < count; ++i) sizes.push_back(fs::exists(file(i)) ? fs::file_size(file(i)) : 0);
    return sizes;
  }
  [[nodiscard]] fs::path file(std::size_t job) const { return folder_ / std::to_string(job); }

 private:
  fs::path folder_ = fs::temp_directory_path() / ("nibble-jobs-" + std::to_string(getpid()));
};

TEST_F(ForkedJobs, RunOnceEachWhateverTheWorkers) {
  for (const std::size_t workers : {1U, 3U, 9U}) {
    std::size_t done = 0;
    const std::size_t count = 5;
    run_forked(count, workers, [&](std::size_t i) { mark(workers * 100 + i); }, [&](std::size_t now) { done = now; });
    EXPECT_EQ(done, count);
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(fs::file_size(file(workers * 100 + i)), 1U) << workers << " workers";
  }
}

TEST_F(ForkedJobs, NothingToDoEnds) { run_forked(0, 4, [](std::size_t) { FAIL(); }, [](std::size_t) {}); }

TEST_F(ForkedJobs, OneThatThrowsLeavesTheOthersAlone) {
  const auto run = [&] {
    run_forked(6, 2, [&](std::size_t i) {
      if (i == 1) throw std::runtime_error{"on purpose"};
      mark(i);
    }, [](std::size_t) {});
  };
  EXPECT_EQ(test::id_of(run), "REPRODUCE-RUN");
  EXPECT_THAT(marks(6), testing::ElementsAre(1, 0, 1, 1, 1, 1));
}

TEST_F(ForkedJobs, OneThatIsKilledLeavesTheOthersToTheOtherWorker) {
  const auto run = [&] {
    run_forked(6, 2, [&](std::size_t i) {
      if (i == 1) raise(SIGKILL);
      mark(i);
    }, [](std::size_t) {});
  };
  EXPECT_EQ(test::id_of(run), "REPRODUCE-RUN");
  EXPECT_THAT(marks(6), testing::ElementsAre(1, 0, 1, 1, 1, 1));
}

/// A library that calls exit() in the only worker: status 0, and still nothing after it ran.
TEST_F(ForkedJobs, AWorkerThatLeavesIsNoSuccess) {
  const auto run = [&] {
    run_forked(4, 1, [&](std::size_t i) {
      if (i == 1) _exit(0);
      mark(i);
    }, [](std::size_t) {});
  };
  EXPECT_EQ(test::id_of(run), "REPRODUCE-RUN");
  EXPECT_THAT(marks(4), testing::ElementsAre(1, 0, 0, 0));
}

/// Orphans come to this process, which can then wait for them.
TEST_F(ForkedJobs, WorkersEndWithTheirStarter) {
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  const pid_t starter = fork();
  if (starter == 0) {
    run_forked(2, 2, [&](std::size_t i) {
      mark(i);
      std::this_thread::sleep_for(std::chrono::minutes{5});
    }, [](std::size_t) {});
    _exit(0);
  }
  while (!fs::exists(file(0)) || !fs::exists(file(1))) std::this_thread::sleep_for(std::chrono::milliseconds{5});
  kill(starter, SIGTERM);
  for (int ended = 0; ended < 3; ++ended) {  // the starter and its workers, none of which sleeps on
    int status = 0;
    ASSERT_GT(waitpid(-1, &status, 0), 0);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
  }
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}

}  // namespace
}  // namespace nibble
