#pragma once

#include <chrono>
#include <string>

namespace nibble {

/// One line on stderr that says how far the work is, redrawn in place and gone at the end. In a pipe or a
/// file: nothing at all.
class Progress {
 public:
  Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  [[nodiscard]] bool visible() const { return visible_; }
  /// Redraws at most ten times a second, whatever it is called with in between.
  void show(const std::string& line);

 private:
  bool visible_ = false;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_;
};

/// "hfp8@rapid [=======>      ] 212/480 layer3.0.conv2"
[[nodiscard]] std::string progress_line(const std::string& name, std::size_t done, std::size_t total,
                                        const std::string& what);

}  // namespace nibble
