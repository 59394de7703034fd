#pragma once

#include <optional>
#include <stop_token>
#include <utility>

namespace gitopsctl {

/// A stop that is requested as soon as one of two is; while this lives.
class EitherStop {
 public:
  EitherStop(std::stop_token one, std::stop_token other) {
    if (!one.stop_possible() || !other.stop_possible()) {
      token_ = one.stop_possible() ? std::move(one) : std::move(other);
      return;
    }
    token_ = source_.emplace().get_token();
    first_.emplace(std::move(one), Forward{&*source_});
    second_.emplace(std::move(other), Forward{&*source_});
  }
  EitherStop(const EitherStop&) = delete;
  EitherStop& operator=(const EitherStop&) = delete;

  [[nodiscard]] const std::stop_token& token() const noexcept { return token_; }

 private:
  struct Forward {
    std::stop_source* source;
    void operator()() const noexcept { source->request_stop(); }
  };
  std::stop_token token_;
  std::optional<std::stop_source> source_;
  std::optional<std::stop_callback<Forward>> first_;
  std::optional<std::stop_callback<Forward>> second_;
};

}  // namespace gitopsctl
