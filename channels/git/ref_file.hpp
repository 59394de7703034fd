#pragma once

#include <map>
#include <string>

#include "base/result/result.hpp"

namespace gitopsctl::channels::git {

/// The refs that a mirror keeps, full remote name → commit.
using RefMap = std::map<std::string, std::string>;

/// Where they live in the mirror: `refs/heads/x` is `refs/gitopsctl/remote/heads/x`.
inline constexpr std::string_view mirror_prefix = "refs/gitopsctl/remote/";

/// Reads the mirror's refs from `directory`/packed-refs; no file is no refs. `invalid_input` when the file is damaged,
/// `unavailable` or `forbidden` when it is there and cannot be read.
[[nodiscard]] Result<RefMap> read_refs(const std::string& directory);

/// Replaces them all in one step: the file is written beside, synced and renamed over the old one, so that at any instant
/// either all old or all new refs are there. Refs of others in that file are kept. The caller holds the mirror's fetch lock.
/// (Written by us and not through libgit2, which moves refs one by one.)
[[nodiscard]] Result<void> write_refs(const std::string& directory, const RefMap& refs);

}  // namespace gitopsctl::channels::git
