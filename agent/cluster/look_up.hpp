#pragma once

#include "agent/kube/client.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "base/value/value.hpp"
#include "render/inputs/inputs.hpp"

namespace gitopsctl::agent::detail {

/// Objects of one list; a longer one is an error.
inline constexpr std::size_t max_looked_up = 2'000;

/// What the API server answers to `question` when `client` asks, in the form that helm's `lookup` has: the object, or
/// `{apiVersion, kind: KINDList, metadata: {}, items}`. An empty map when the server says that there is no such object, no
/// such namespace or no such kind. `metadata.managedFields` is left out, and of lists what only a watch needs: both change
/// with every write of anybody. Everything else that goes wrong is an error. Only for this room. Thread-safe.
[[nodiscard]] Result<Value> look_up(const KubeClient& client, const render::LookupQuestion& question,
                                    const Interrupt& interrupt);

/// Why nothing is answered for a binding without a service account.
[[nodiscard]] Error no_account(const render::LookupQuestion& question);

}  // namespace gitopsctl::agent::detail
