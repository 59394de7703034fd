#pragma once

#include <cstdlib>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/result/error.hpp"

namespace gitopsctl {

/// A value or an Error. The only error model of the program: no exception crosses a library boundary or a C callback.
/// `value()`/`operator*` on an error, and `error()` on a value, are programming mistakes and abort.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  // Implicit on purpose: `return value;` and `return Error{…};` read as what they are.
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  [[nodiscard]] T& value() & { return *get(); }
  [[nodiscard]] const T& value() const& { return *get(); }
  /// By value, so that `for (x : *f())` does not walk through a result that is gone.
  [[nodiscard]] T value() && { return std::move(*get()); }
  [[nodiscard]] T& operator*() & { return *get(); }
  [[nodiscard]] const T& operator*() const& { return *get(); }
  [[nodiscard]] T operator*() && { return std::move(*get()); }
  [[nodiscard]] T* operator->() { return get(); }
  [[nodiscard]] const T* operator->() const { return get(); }

  [[nodiscard]] const Error& error() const {
    const auto* error = std::get_if<1>(&state_);
    if (error == nullptr) std::abort();
    return *error;
  }
  [[nodiscard]] T value_or(T fallback) const& { return ok() ? *get() : std::move(fallback); }  // NOLINT(performance-*)

 private:
  T* get() {
    auto* value = std::get_if<0>(&state_);
    if (value == nullptr) std::abort();
    return value;
  }
  const T* get() const {
    const auto* value = std::get_if<0>(&state_);
    if (value == nullptr) std::abort();
    return value;
  }
  std::variant<T, Error> state_;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)
  [[nodiscard]] bool ok() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }
  [[nodiscard]] const Error& error() const {
    if (!error_) std::abort();
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace gitopsctl

#define GITOPSCTL_CONCAT_INNER(a, b) a##b
#define GITOPSCTL_CONCAT(a, b) GITOPSCTL_CONCAT_INNER(a, b)

/// `GITOPSCTL_TRY(auto x, expression);` declares x from a Result, or returns its error from the enclosing function.
#define GITOPSCTL_TRY(declaration, expression) \
  GITOPSCTL_TRY_INNER(GITOPSCTL_CONCAT(result_, __LINE__), declaration, expression)
#define GITOPSCTL_TRY_INNER(name, declaration, expression) \
  auto name = (expression);                                \
  if (!name.ok()) return name.error();                     \
  declaration = std::move(name).value()

/// `GITOPSCTL_CHECK(expression);` returns the error of a Result from the enclosing function, else drops its value.
#define GITOPSCTL_CHECK(expression) GITOPSCTL_CHECK_INNER(GITOPSCTL_CONCAT(check_, __LINE__), expression)
#define GITOPSCTL_CHECK_INNER(name, expression)                    \
  do {                                                             \
    if (auto name = (expression); !name.ok()) return name.error(); \
  } while (false)
