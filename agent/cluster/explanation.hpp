#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/environment/environment.hpp"
#include "agent/kube/client.hpp"
#include "agent/kube/openapi.hpp"
#include "base/time/clock.hpp"
#include "base/value/value.hpp"
#include "channels/plan/field_cause.hpp"

namespace gitopsctl::agent::detail {

/// Finds where differences come from, and asks the server for what that takes: its schemas, for fields that nobody wrote and
/// no table knows; its policies and webhooks, for those that one of them may have written. What cannot be had is not said.
/// Only for this room. Thread-safe.
class Explanation {
 public:
  /// `client` must be allowed to read; `clock` must outlive this.
  Explanation(KubeClient client, std::string manager, const std::string& cache_directory, Clock& clock);

  [[nodiscard]] std::vector<channels::FieldCause> of(const Difference& difference);
  /// What is to be said of an apply whose answer has other values than were asked for; empty when it has them all.
  /// `secret`: of the way to a field nothing but the names of fields is said.
  [[nodiscard]] std::vector<std::string> overridden(const Value& wish, const Value& result, bool secret);

 private:
  /// Something of the server that changes what is written.
  struct Mutator {
    std::string name;  ///< `MutatingAdmissionPolicy sidecars`
    Value rules;       ///< its resource rules
  };
  std::vector<std::string> mutators_of(const Value& object);
  void read_mutators();

  KubeClient client_;
  std::string manager_;
  Clock& clock_;
  OpenApi schemas_;
  std::mutex mutex_;
  std::vector<Mutator> mutators_;
  Millis mutators_until_{-1};
};

}  // namespace gitopsctl::agent::detail
