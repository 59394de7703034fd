#include "agent/cli/lookup_snapshot.hpp"

#include <array>
#include <cerrno>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

#include "render/manifest/object.hpp"
#include "render/release/lookup_snapshot.hpp"

namespace gitopsctl::agent::cli {

namespace {

constexpr std::size_t max_snapshot_bytes = 100U << 20U;  // as every file of YAML

Result<std::string> read_snapshot(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return Error(ErrorCode::not_found, path + ": " + std::generic_category().message(errno == 0 ? ENOENT : errno))
        .with_hint("--lookup-snapshot names a file of objects, as `kubectl get … -o yaml` prints them");
  }
  std::string out;
  std::array<char, 65536> part{};
  while (file.read(part.data(), part.size()) || file.gcount() > 0) {
    out.append(part.data(), static_cast<std::size_t>(file.gcount()));
    if (out.size() > max_snapshot_bytes) return Error(ErrorCode::too_large, path + " is larger than 100 MiB");
  }
  return out;
}

}  // namespace

Result<render::Lookup> snapshot_lookup(const Invocation& invocation) {
  if (!invocation.given("lookup-snapshot")) return render::Lookup();
  const std::string path = invocation.text("lookup-snapshot");
  GITOPSCTL_TRY(const auto text, read_snapshot(path));
  GITOPSCTL_TRY(auto objects, render::read_objects(text, path, "default"));
  return render::lookup_in(std::move(objects));
}

Result<SourceAccess> snapshot_sources(const Invocation& invocation) {
  GITOPSCTL_TRY(auto lookup, snapshot_lookup(invocation));
  SourceAccess out;
  if (lookup) {
    out.ask = [lookup = std::move(lookup)](const render::LookupQuestion& question, const Interrupt& /*interrupt*/) {
      return lookup(question);
    };
  }
  return out;
}

}  // namespace gitopsctl::agent::cli
