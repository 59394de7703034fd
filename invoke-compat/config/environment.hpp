#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::invoke {

/// Variables of the environment by name.
using Environment = std::map<std::string, std::string, std::less<>>;

/// What the environment says about configuration.
struct EnvironmentLevel {
  Value data;                         ///< a map with the leaves that are set
  std::vector<std::string> warnings;  ///< one line each; no values of variables that could be secret
};

/// Every leaf of `configuration` (what is no map; an empty map has none) is named by one variable: `INVOKE_` and its path,
/// joined by `_` and upper-cased. Variables that are set are read as the leaf is: true or false, whole number, number, text;
/// a null leaf takes text, but for `timeouts.command`, which is always a number of seconds.
/// `0` and nothing are false, every other text is true, as in pyinvoke; but `false`, `no` and `off` are false as well, with
/// a warning. Errors (`invalid_input`): `Found >1 source for A_B` when two leaves share a variable, whether it is set or
/// not; `Can't adapt an environment string into a <class 'list'>!`; text that is no number. They have no place and hold no
/// value. Pure.
[[nodiscard]] Result<EnvironmentLevel> environment_level(const Value& configuration, const Environment& environment);

}  // namespace gitopsctl::invoke
