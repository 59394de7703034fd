#include "agent/cli/revisions.hpp"

#include <cstdlib>
#include <filesystem>

#include "agent/cli/working_tree.hpp"
#include "agent/reconcile/crew.hpp"
#include "base/crypto/digest.hpp"

namespace gitopsctl::agent::cli {

namespace {

/// A mirror of the repository that the current directory is in.
Result<std::unique_ptr<channels::Mirror>> local_mirror() {
  const std::string root = working_tree_root();
  channels::RemoteConfig remote;
  remote.name = "local";
  remote.url = root;
  remote.ref_prefixes = {"refs/heads/", "refs/remotes/", "refs/tags/"};
  const char* home = std::getenv("HOME");
  const char* cache = std::getenv("XDG_CACHE_HOME");
  std::string base = cache != nullptr && *cache != '\0' ? cache : std::string(home == nullptr ? "/tmp" : home) + "/.cache";
  base += "/gitopsctl/mirrors";
  std::error_code failed;
  std::filesystem::create_directories(base, failed);
  GITOPSCTL_TRY(auto mirror, channels::Mirror::open(base + "/local-" + sha256_hex(root).substr(0, 16) + ".git", remote));
  GITOPSCTL_TRY(const auto listing, mirror->list_remote({}));
  GITOPSCTL_CHECK(mirror->fetch(listing, {}, {}));
  return mirror;
}

}  // namespace

Result<std::unique_ptr<Revisions>> Revisions::open(const Invocation& invocation, const std::string& channel) {
  return open(invocation, channel, false);
}

Result<std::unique_ptr<Revisions>> Revisions::open_with_key(const Invocation& invocation, const std::string& channel) {
  return open(invocation, channel, true);
}

Result<std::unique_ptr<Revisions>> Revisions::open(const Invocation& invocation, const std::string& channel, bool with_key) {
  auto out = std::unique_ptr<Revisions>(new Revisions());
  out->channel_ = channel;
  auto session = Session::open_named(invocation);
  if (session.ok()) {
    out->session_ = *std::move(session);
    auto bound = out->session_->channel(channel);
    if (!bound.ok()) return bound.error();
    out->bound_ = *std::move(bound);
    const auto fetch = [&]() -> Result<void> {
      GITOPSCTL_TRY(out->mirror_,
                    out->session_->knows_repository(*out->bound_) ? out->session_->mirror(*out->bound_) : local_mirror());
      return {};
    };
    const auto ask_for_key = [&]() -> Result<void> {
      if (!with_key) return {};
      GITOPSCTL_TRY(out->key_, out->session_->installation_key(*out->bound_));
      return {};
    };
    GITOPSCTL_CHECK(do_at_once(with_key ? 2 : 1, {fetch, ask_for_key}));
    return out;
  }
  // Without an agent's file a clone is enough for everything that needs no environment.
  if (session.error().code() != ErrorCode::not_found || invocation.given("config")) return session.error();
  GITOPSCTL_TRY(out->mirror_, local_mirror());
  return out;
}

Result<channels::CommitId> Revisions::resolve(const std::string& revision) {
  auto found = mirror_->resolve(revision);
  if (found.ok() || found.error().code() != ErrorCode::not_found) return found;
  auto remote = mirror_->resolve("refs/remotes/origin/" + revision);
  return remote.ok() ? remote : found;
}

Result<channels::CommitId> Revisions::tip() {
  auto found = resolve("releases/" + channel_);
  if (found.ok()) return found;
  return found.error().with_hint("the branch releases/" + channel_ +
                                 " is where the channel's revision comes from: push it first");
}

std::string Revisions::identity_prefix() const {
  if (!bound_) return channel_ + '/';
  return bound_->key.installation + '/' + bound_->key.to_string() + '/';
}

}  // namespace gitopsctl::agent::cli
