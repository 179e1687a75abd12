#include "sim/app/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace nibble {
namespace {

constexpr auto kRedraw = std::chrono::milliseconds{100};
constexpr std::size_t kBarWidth = 24;
constexpr const char* kClearLine = "\r\x1b[K";

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

Progress::Progress() : visible_{::isatty(STDERR_FILENO) == 1} {}

Progress::~Progress() {
  if (drawn_) fmt::print(stderr, "{}", kClearLine);
}

void Progress::show(const std::string& line) {
  if (!visible_) return;
  const auto now = std::chrono::steady_clock::now();
  if (drawn_ && now - last_ < kRedraw) return;
  last_ = now;
  drawn_ = true;
  // A line that wraps could not be redrawn in place.
  fmt::print(stderr, "{}{}", kClearLine, line.substr(0, terminal_width() - 1));
  std::fflush(stderr);
}

std::string progress_line(const std::string& name, std::size_t done, std::size_t total,
                          const std::string& what) {
  const std::size_t filled = total == 0 ? 0 : std::min(kBarWidth, done * kBarWidth / total);
  return fmt::format("{} [{:<{}}] {}/{} {}", name, std::string(filled, '='), kBarWidth, done, total, what);
}

}  // namespace nibble
