#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "agent/config/agent_config.hpp"
#include "agent/environment/environment.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl::agent {

/// Who opens an environment: the agent may make what is not there yet; a command looks at what the agent made.
enum class Opener : std::uint8_t { agent, command };

/// The environment of a binding, as the agent's file describes it. Of a cluster nothing is asked yet. An embedded one whose
/// file is of a newer schema is an environment that answers with that error until it can be opened, for the agent; for a
/// command it is the error. `stop` ends it: what hangs is let go, and nothing new is begun (KubeClientOptions). `clock` must
/// outlive it.
[[nodiscard]] Result<std::unique_ptr<Environment>> open_environment(const AgentConfig& config, const BindingConfig& binding,
                                                                    Opener opener, Clock& clock,
                                                                    const std::stop_token& stop = {});

/// What tells the environments of two bindings apart: those of equal text may share one.
[[nodiscard]] std::string environment_identity(const AgentConfig& config, const BindingConfig& binding);

/// The installation's key of an environment: 32 bytes, from the file beside an embedded one, from a Secret of a cluster
/// (installation_key_secret()). The agent makes it when it is not there and nothing was deployed yet; it is never made anew.
/// Registered as a secret of the log.
[[nodiscard]] Result<std::string> load_environment_key(const AgentConfig& config, const BindingConfig& binding,
                                                       Environment& environment, Opener opener);

/// The Secret with the key of an installation: `gitopsctl-key-INSTALLATION` in the home namespace, member `key`.
[[nodiscard]] render::ObjectId installation_key_secret(const std::string& installation);

}  // namespace gitopsctl::agent
