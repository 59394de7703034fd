#pragma once

#include "agent/environment/environment.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::agent {

/// Whether an object works, by its own word: the rules of kstatus, made stricter where that library takes for done what is
/// not (docs/cluster.md has the table). Kinds without a rule go by their conditions, and are ready when they have none.
/// Pure; the body comes from a server and may hold anything.
[[nodiscard]] Health health_of(const Value& body);

}  // namespace gitopsctl::agent
