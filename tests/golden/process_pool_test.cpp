// Proves: jobs in processes of their own give their results in order, their errors unchanged, and never
// outlive the parent; a child that is killed is reported with the reason.
#include "sim/app/process_pool.hpp"

#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <new>
#include <stdexcept>
#include <thread>

#include "models/base/error.hpp"
#include "sim/app/interrupt.hpp"

namespace nibble {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

using Report = std::function<void(std::size_t, std::size_t, const std::string&)>;

Job job(const std::string& name, std::function<std::string()> work) {
  return {name, [work](const Report&) { return work(); }};
}

/// A counter that forked processes share.
class SharedCounter {
 public:
  SharedCounter()
      : memory_{::mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                       -1, 0)},
        value_{new (memory_) std::atomic<int>{0}} {}
  SharedCounter(const SharedCounter&) = delete;
  SharedCounter& operator=(const SharedCounter&) = delete;
  ~SharedCounter() { ::munmap(memory_, sizeof(std::atomic<int>)); }
  std::atomic<int>& value() { return *value_; }

 private:
  void* memory_;
  std::atomic<int>* value_;
};

TEST(ProcessPool, GivesResultsInTheOrderOfTheJobs) {
  std::vector<Job> jobs;
  for (int i = 0; i < 4; ++i) {
    jobs.push_back(job("job", [i] {
      std::this_thread::sleep_for((3 - i) * 30ms);
      return std::to_string(i);
    }));
  }
  EXPECT_THAT(run_in_processes(jobs, 4), ElementsAre("0", "1", "2", "3"));
}

TEST(ProcessPool, RunsNoMoreThanAskedForAtOnce) {
  SharedCounter running, most;
  std::vector<Job> jobs(6, job("job", [&]() -> std::string {
                          const int now = ++running.value();
                          int seen = most.value();
                          while (now > seen && !most.value().compare_exchange_weak(seen, now)) {
                          }
                          std::this_thread::sleep_for(20ms);
                          --running.value();
                          return "";
                        }));
  static_cast<void>(run_in_processes(jobs, 2));
  EXPECT_EQ(most.value(), 2);
}

TEST(ProcessPool, CarriesLargeResultsAndOddBytes) {
  const std::string large(5'000'000, 'x');
  EXPECT_THAT(
      run_in_processes({job("large", [&] { return large; }), job("odd", [] { return "a\n\"b\"\t"; })}, 2),
      ElementsAre(large, "a\n\"b\"\t"));
}

TEST(ProcessPool, EachJobHasAProcessOfItsOwn) {
  const auto pid = [] { return std::to_string(::getpid()); };
  const std::vector<std::string> pids = run_in_processes({job("a", pid), job("b", pid)}, 1);
  EXPECT_NE(pids[0], pids[1]);
  EXPECT_NE(pids[0], std::to_string(::getpid()));
}

TEST(ProcessPool, AnInputErrorArrivesWithAllItsProblems) {
  const std::vector<Problem> problems = {{"CFG-RANGE", "a.yaml", 3, 7, "cores = 0", "needs 1 to 64"},
                                         {"CFG-UNKNOWN", "a.yaml", 9, 1, "'clok' is not a key", ""}};
  try {
    static_cast<void>(
        run_in_processes({job("bad", [&]() -> std::string { throw InputError{problems}; })}, 1));
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), InputError{problems}.what());
    EXPECT_EQ(error.problems().size(), 2U);
    EXPECT_EQ(error.problems()[0].line, 3);
  }
}

TEST(ProcessPool, EachKindOfErrorStaysItsKind) {
  const auto failing = [](auto error) {
    return [error] {
      static_cast<void>(run_in_processes({job("bad", [error]() -> std::string { throw error; })}, 1));
    };
  };
  EXPECT_THROW(failing(LawError{"x"})(), LawError);
  EXPECT_THROW(failing(InternalError{"x"})(), InternalError);
  EXPECT_THROW(failing(std::bad_alloc{})(), std::bad_alloc);
  EXPECT_THROW(failing(std::runtime_error{"x"})(), InternalError);
}

TEST(ProcessPool, TheFirstErrorInOrderIsReportedWhicheverCameFirst) {
  const std::vector<Job> jobs = {job("slow",
                                     []() -> std::string {
                                       std::this_thread::sleep_for(100ms);
                                       throw InputError{"FIRST", "slow"};
                                     }),
                                 job("quick", []() -> std::string {
                                   throw InputError{"SECOND", "quick"};
                                 })};
  try {
    static_cast<void>(run_in_processes(jobs, 2));
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_EQ(error.problems()[0].id, "FIRST");
  }
}

TEST(ProcessPool, JobsBehindAFailedOneAreEndedOrNeverStarted) {
  SharedCounter started;
  const std::vector<Job> jobs = {job("bad", []() -> std::string { throw LawError{"x"}; }),
                                 job("endless",
                                     []() -> std::string {
                                       std::this_thread::sleep_for(1h);
                                       return "";
                                     }),
                                 job("late", [&]() -> std::string {
                                   ++started.value();
                                   return "";
                                 })};
  EXPECT_THROW(static_cast<void>(run_in_processes(jobs, 2)), LawError);
  EXPECT_EQ(started.value(), 0);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "no child is left";
}

std::string internal_error_of(const std::function<std::string()>& work) {
  try {
    static_cast<void>(run_in_processes({job("fp4@rapid", work)}, 1));
  } catch (const InternalError& error) {
    return error.what();
  }
  return "no error";
}

TEST(ProcessPool, AKilledChildIsReportedWithTheReason) {
  const std::string text = internal_error_of([]() -> std::string {
    ::raise(SIGKILL);
    return "";
  });
  EXPECT_THAT(text, HasSubstr("the run fp4@rapid was killed by signal 9"));
  EXPECT_THAT(text, HasSubstr("memory"));
}

TEST(ProcessPool, AChildThatLeavesWithoutAWordIsReported) {
  EXPECT_THAT(internal_error_of([]() -> std::string { ::_exit(7); }), HasSubstr("ended with code 7"));
}

TEST(ProcessPool, TellsProgress) {
  std::vector<std::size_t> seen;
  const Job talking{"talking", [](const Report& report) {
                      report(3, 10, "conv1");
                      return std::string{};
                    }};
  static_cast<void>(run_in_processes({talking}, 1,
                                     [&](std::size_t ended, const std::string& name, std::size_t done,
                                         std::size_t total, const std::string& what) {
                                       EXPECT_EQ(name, "talking");
                                       EXPECT_EQ(what, "conv1");
                                       seen = {ended, done, total};
                                     }));
  EXPECT_THAT(seen, ElementsAre(0U, 3U, 10U));
}

TEST(ProcessPool, ASignalEndsAllChildren) {
  SharedCounter started;
  const auto endless = [&]() -> std::string {
    if (++started.value() == 2) ::kill(::getppid(), SIGTERM);
    std::this_thread::sleep_for(1h);
    return "";
  };
  try {
    static_cast<void>(run_in_processes({job("a", endless), job("b", endless)}, 2));
    FAIL() << "not interrupted";
  } catch (const Interrupted& interrupted) {
    EXPECT_EQ(interrupted.signal(), SIGTERM);
  }
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "no child is left";
}

TEST(ProcessPool, ThereIsAProcessor) { EXPECT_GE(usable_processors(), 1U); }

}  // namespace
}  // namespace nibble
