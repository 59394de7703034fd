#pragma once

#include <git2.h>

#include <string>

#include "base/result/result.hpp"
#include "channels/git/ref_file.hpp"

namespace gitopsctl::channels::git {

/// What a person means by `text`, by Git's rules with the remote's names: a full ref, a branch, a tag, `HEAD`, a commit id
/// or the beginning of one (at least four digits), followed by any number of `~`, `~N`, `^`, `^N`. A whole id (40 or 64 hex
/// digits) never means a branch or tag of that name. `not_found` when there is no such thing; `invalid_input` when the
/// beginning is not unique or the text has other signs.
[[nodiscard]] Result<std::string> resolve_revision(git_repository* repository, const RefMap& refs, const std::string& text);

}  // namespace gitopsctl::channels::git
