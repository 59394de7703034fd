#pragma once

#include <functional>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "invoke-compat/expression/secrets.hpp"

namespace gitopsctl::invoke {

/// What the names of an expression stand for. Nothing here is changed by an evaluation.
struct Scope {
  Value args = Value::map();        ///< by underscore spelling
  Value config = Value::map();      ///< its `secrets` says where secrets come from
  Value env = Value::map();         ///< texts; a name that is not there is null
  Value remainder = Value::list();  ///< texts behind `--`
  Value steps = Value::map();       ///< `{ID: {stdout, stderr, exited, ok}}` of the steps that ran
  Value project = Value::map();     ///< `{dir}`
  /// `{root, branch, sha}`; asked for only when an expression names `git`.
  std::function<Result<Value>()> git;
  /// Not owned; nullptr: `secret` is an error.
  Secrets* secrets = nullptr;
};

}  // namespace gitopsctl::invoke
