#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace nibble {

/// OrderedQueue: what comes nearly in the order in which it goes. `Before(a, b)`: a goes before b; of equals the one that came
/// first. Room is kept, so that a queue in use allocates nothing.
template <class Item, class Before>
class OrderedQueue {
 public:
  [[nodiscard]] bool empty() const { return head_ == items_.size(); }
  [[nodiscard]] std::size_t size() const { return items_.size() - head_; }
  [[nodiscard]] const Item& front() const { return items_[head_]; }

  void insert(Item item) {
    items_.push_back(std::move(item));
    for (std::size_t i = items_.size() - 1; i > head_ && Before{}(items_[i], items_[i - 1]); --i) {
      std::swap(items_[i], items_[i - 1]);
    }
  }

  Item take_front() {
    Item first = std::move(items_[head_++]);
    if (empty()) {
      items_.clear();
      head_ = 0;
    } else if (head_ >= kWorthMoving && 2 * head_ >= items_.size()) {
      items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(head_));
      head_ = 0;
    }
    return first;
  }

 private:
  static constexpr std::size_t kWorthMoving = 64;

  std::vector<Item> items_;  ///< those before head_ have gone
  std::size_t head_ = 0;
};

}  // namespace nibble
