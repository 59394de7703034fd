#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/cli/invocation.hpp"
#include "base/result/result.hpp"

namespace gitopsctl::agent::cli {

/// A repository that was added with `helm repo add`, and the name of the chart that is asked of it.
struct NamedRepository {
  std::string url;
  std::string chart;
  std::string username;
  std::string password;
  std::string ca_file;
  bool insecure_skip_tls_verify = false;
  bool pass_credentials = false;  ///< to every host, not to the repository's alone
};

/// What `word` names as REPOSITORY/CHART, by helm's list of repositories: `--repository-config`, HELM_REPOSITORY_CONFIG, or
/// repositories.yaml in helm's configuration. Nothing for what is on this machine, for other forms, with `--repo`, for verbs
/// that stand in for no command of helm, and for a name that is not in the list. Errors: a list that cannot be read, a
/// repository with a client certificate.
[[nodiscard]] Result<std::optional<NamedRepository>> named_repository(const Invocation& invocation, std::string_view word);

/// True when an argument names such a repository, or the list is broken: then the network program has to look into it.
[[nodiscard]] bool names_repository(const Invocation& invocation);

}  // namespace gitopsctl::agent::cli
