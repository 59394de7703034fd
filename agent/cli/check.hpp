#pragma once

#include <string>
#include <utility>

#include "base/result/result.hpp"

namespace gitopsctl::agent::cli {

/// One thing that `gitopsctl doctor` looked at.
struct Check {
  std::string name;
  bool ok = true;
  std::string message;
  std::string next;  ///< what to do, when it is not ok
};

[[nodiscard]] inline Check passed(std::string name, std::string message) {
  return {std::move(name), true, std::move(message), {}};
}

/// `next` is used when the error itself does not say what to do.
[[nodiscard]] inline Check failed(std::string name, const Error& error, std::string next) {
  if (!error.hint().empty()) next = error.hint();
  return {std::move(name), false, error.to_string(), std::move(next)};
}

}  // namespace gitopsctl::agent::cli
