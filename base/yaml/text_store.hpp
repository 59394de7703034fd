#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace gitopsctl::yaml_detail {

/// Keeps the texts of waiting tokens that are not part of the input (joined lines, escapes). All are dropped at once, and
/// the memory is used again.
class TextStore {
 public:
  [[nodiscard]] std::string_view keep(std::string_view text) {
    if (text.empty()) return {};
    if (text.size() > left_) grow(text.size());
    char* place = at_;
    std::memcpy(place, text.data(), text.size());
    at_ += text.size();
    left_ -= text.size();
    return {place, text.size()};
  }

  void clear() {
    if (chunks_.empty()) return;
    // One chunk is enough for nearly every text; more are given back.
    chunks_.resize(1);
    at_ = chunks_.front().data.get();
    left_ = chunks_.front().size;
  }

 private:
  struct Chunk {
    std::unique_ptr<char[]> data;
    std::size_t size;
  };

  void grow(std::size_t needed) {
    constexpr std::size_t usual = 16384;
    const std::size_t size = needed > usual ? needed : usual;
    chunks_.push_back({std::make_unique<char[]>(size), size});
    at_ = chunks_.back().data.get();
    left_ = size;
  }

  std::vector<Chunk> chunks_;
  char* at_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace gitopsctl::yaml_detail
