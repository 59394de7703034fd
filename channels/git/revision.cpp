#include "channels/git/revision.hpp"

#include <algorithm>

#include "base/text/escape.hpp"
#include "channels/git/library.hpp"

namespace gitopsctl::channels::git {
namespace {

Error unknown(const std::string& text) {
  return Error(ErrorCode::not_found, "there is no revision '" + terminal_safe(text) + "'")
      .with_hint("give a branch or tag of the remote, or a commit id; branches that were never fetched are not known");
}

/// A whole object name, of SHA-1 or SHA-256. Git takes upper-case digits as well.
bool is_whole_id(std::string_view text) {
  return (text.size() == GIT_OID_HEXSZ || text.size() == 64) &&
         text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

/// The commit that an object is or leads to. `digits` may be the beginning of its id.
Result<std::string> look_up_id(git_repository* repository, const std::string& digits, const std::string& text) {
  git_oid part;
  git_object* raw = nullptr;
  int code = git_oid_fromstrn(&part, digits.data(), digits.size());
  if (code == 0) code = git_object_lookup_prefix(&raw, repository, &part, digits.size(), GIT_OBJECT_ANY);
  const ObjectHandle object(raw);
  if (code == GIT_EAMBIGUOUS) {
    return Error(ErrorCode::invalid_input, "'" + digits + "' is the beginning of several objects")
        .with_hint("give more digits");
  }
  if (code == GIT_ENOTFOUND) return unknown(text);
  if (code != 0) return library_error(code, "look up '" + digits + "'");
  git_object* commit = nullptr;
  if (git_object_peel(&commit, raw, GIT_OBJECT_COMMIT) != 0) {
    return Error(ErrorCode::invalid_input, "'" + digits + "' is no commit");
  }
  const ObjectHandle owned(commit);
  return to_hex(*git_object_id(commit));
}

/// The commit that a name means; empty when it means none.
Result<std::string> look_up(git_repository* repository, const RefMap& refs, const std::string& base,
                            const std::string& text) {
  if (base == "HEAD" || base == "@") {
    git_oid id;
    if (git_reference_name_to_id(&id, repository, "HEAD") != 0) return unknown(text);
    return to_hex(id);
  }
  // As in Git, a whole id is that object or nothing: whoever may push could name a branch like the id that somebody else
  // asks for. Such a branch is reached as refs/heads/ID.
  if (is_whole_id(base)) return base.size() == GIT_OID_HEXSZ ? look_up_id(repository, base, text) : unknown(text);
  for (const auto* prefix : {"", "refs/", "refs/tags/", "refs/heads/"}) {
    if (const auto found = refs.find(prefix + base); found != refs.end()) return found->second;
  }
  const bool hex =
      base.size() >= 4 && base.size() < GIT_OID_HEXSZ && base.find_first_not_of("0123456789abcdef") == std::string::npos;
  return hex ? look_up_id(repository, base, text) : unknown(text);
}

}  // namespace

Result<std::string> resolve_revision(git_repository* repository, const RefMap& refs, const std::string& text) {
  if (text.empty() || text.size() > 1000) return Error(ErrorCode::invalid_input, "a revision is empty or too long");
  const auto cut = std::min(text.find_first_of("~^"), text.size());
  const std::string base = text.substr(0, cut);
  const std::string steps = text.substr(cut);
  if (steps.find_first_not_of("~^0123456789") != std::string::npos || steps.size() > 100) {
    return Error(ErrorCode::invalid_input, "the revision '" + terminal_safe(text) + "' has signs that are not supported")
        .with_hint("after a name only ~N and ^N are understood");
  }
  GITOPSCTL_TRY(const std::string id, look_up(repository, refs, base, text));
  if (steps.empty()) return id;
  git_object* raw = nullptr;
  const int code = git_revparse_single(&raw, repository, (id + steps).c_str());
  const ObjectHandle object(raw);
  if (code == GIT_ENOTFOUND) return unknown(text);
  if (code != 0) return library_error(code, "look up '" + terminal_safe(text) + "'");
  if (git_object_type(raw) != GIT_OBJECT_COMMIT) return unknown(text);
  return to_hex(*git_object_id(raw));
}

}  // namespace gitopsctl::channels::git
