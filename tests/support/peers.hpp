#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gitopsctl::tests {

/// The path of a program that tests and benchmarks compare with (helm, goyaml, …): `$GITOPSCTL_PEERS/<name>`, else
/// `<repository>/build/peers/bin/<name>`. Nothing when it is not there; tests ask need_peer() instead.
[[nodiscard]] std::optional<std::string> find_peer(std::string_view name);

}  // namespace gitopsctl::tests
