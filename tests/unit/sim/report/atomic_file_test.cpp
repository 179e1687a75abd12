// Proves: a file appears whole or not at all, the old one stays until then, and nothing else is left behind.
#include "sim/report/atomic_file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <sstream>

#include "models/base/error.hpp"

namespace nibble {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  return text.str();
}

class AtomicFileTest : public testing::Test {
 protected:
  AtomicFileTest() : folder_{fs::path{testing::TempDir()} / ("atomic-" + std::to_string(::getpid()))} {
    fs::create_directories(folder_);
  }
  ~AtomicFileTest() override { fs::remove_all(folder_); }

  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator{folder_}, fs::directory_iterator{}));
  }

  fs::path folder_;
};

std::string error_id(const std::function<void()>& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.problems()[0].id;
  }
  return "no error";
}

TEST_F(AtomicFileTest, WritesAndReplaces) {
  const fs::path path = folder_ / "result.json";
  write_file(path, "old");
  write_file(path, "new and longer");
  EXPECT_EQ(content_of(path), "new and longer");
  EXPECT_EQ(files(), 1u);
}

TEST_F(AtomicFileTest, NothingHappensBeforeCommit) {
  const fs::path path = folder_ / "result.json";
  write_file(path, "old");
  {
    AtomicFile file{path};
    file.write("half of the n");
    EXPECT_EQ(content_of(path), "old");
  }
  EXPECT_EQ(content_of(path), "old");
  EXPECT_EQ(files(), 1u);
}

TEST_F(AtomicFileTest, KeepsPermissionsAndHeedsTheMask) {
  const fs::path path = folder_ / "result.json";
  const mode_t mask = ::umask(027);
  write_file(path, "x");
  ::umask(mask);
  EXPECT_EQ(fs::status(path).permissions(), fs::perms{0640});
  fs::permissions(path, fs::perms{0604});
  write_file(path, "y");
  EXPECT_EQ(fs::status(path).permissions(), fs::perms{0604});
}

TEST_F(AtomicFileTest, ALinkStaysALink) {
  const fs::path target = folder_ / "target.json";
  const fs::path link = folder_ / "link.json";
  write_file(target, "old");
  fs::create_symlink("target.json", link);
  write_file(link, "new");
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(content_of(target), "new");
}

TEST_F(AtomicFileTest, AFullDeviceIsAnError) {
  EXPECT_EQ(error_id([] { write_file("/dev/full", "x"); }), "OUT-WRITE");
}

TEST_F(AtomicFileTest, WhatIsNotAFileIsWrittenStraightTo) {
  EXPECT_NO_THROW(write_file("/dev/null", "x"));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_F(AtomicFileTest, MissingFoldersAndFoldersAreErrorsAtOnce) {
  EXPECT_EQ(error_id([&] { check_writable(folder_ / "nowhere" / "x.json"); }), "OUT-WRITE");
  EXPECT_EQ(error_id([&] { check_writable(folder_); }), "OUT-WRITE");
  EXPECT_EQ(error_id([] { write_file("", "x"); }), "OUT-WRITE");
  EXPECT_NO_THROW(check_writable(folder_ / "x.json"));
  EXPECT_EQ(files(), 0u);
}

TEST_F(AtomicFileTest, AFileThatMayNotBeWrittenIsLeftAlone) {
  const fs::path path = folder_ / "result.json";
  write_file(path, "old");
  fs::permissions(path, fs::perms{0444});
  fs::permissions(folder_, fs::perms::all);
  const auto try_as_nobody = [&] {
    constexpr uid_t kNobody = 65534;
    if (::geteuid() == 0 && ::setresuid(kNobody, kNobody, kNobody) != 0)
      ::_exit(2);  // root may write anything
    ::_exit(error_id([&] { write_file(path, "new"); }) == "OUT-WRITE" ? 0 : 1);
  };
  EXPECT_EXIT(try_as_nobody(), testing::ExitedWithCode(0), "");
  EXPECT_EQ(content_of(path), "old");
  EXPECT_EQ(files(), 1u);
}

}  // namespace
}  // namespace nibble
