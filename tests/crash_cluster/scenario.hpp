#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/value/value.hpp"
#include "tests/support/canary.hpp"

// What the agent deploys in a cluster, and what must become of each object of it. Written down here and derived from nothing
// that the program says. Every case has names of its own, which begin with its prefix; in names that are compared between
// cases `@` stands for it.

namespace gitopsctl::crash {

/// The commits of the case's branch: everything goes from the first to the second.
enum class Commit { first, second };

/// How much is deployed: everything that a cluster knows, or (for cases by the hundred) a few objects that nothing has to be
/// waited for.
enum class Extent { everything, few };

/// Names that a case uses.
struct Names {
  std::string prefix;
  Extent extent = Extent::everything;

  [[nodiscard]] std::string space(const std::string& of) const { return prefix + '-' + of; }
  [[nodiscard]] std::string channel() const { return prefix + "-test"; }
  [[nodiscard]] std::string other_channel() const { return prefix + "-prod"; }
  /// Another installation, whose channel, repository and releases have the same names.
  [[nodiscard]] std::string other_installation() const { return prefix + "-two"; }
  /// The prefix where `text` has `@`.
  [[nodiscard]] std::string fill(std::string text) const;
  /// `@` where `text` has the prefix.
  [[nodiscard]] std::string anonymous(std::string text) const;
};

/// The namespaces of a case, without its prefix.
[[nodiscard]] const std::vector<std::string>& spaces(const Names& names);

/// The releases of the channel at a commit, with their namespaces (without prefix).
[[nodiscard]] std::map<std::string, std::string> releases_at(const Names& names, Commit commit);
/// The ApplySet id of a release of the channel.
[[nodiscard]] std::string owner_of(const Names& names, const std::string& release);

/// An object as it has to be.
struct Wanted {
  std::string release;
  Value body;  ///< every field of it, and of ConfigMaps and Secrets no other data
};

/// Every object of ours at a commit, by `Kind/namespace/name`, with `@`.
[[nodiscard]] std::map<std::string, Wanted> objects_at(const Names& names, Commit commit);
/// What the second commit removes, sorted.
[[nodiscard]] std::vector<std::string> removed_by_second(const Names& names);

/// The files of the branch of the channel.
[[nodiscard]] std::map<std::string, std::string> files_of(const Names& names, Commit commit);
/// The files of other branches: of the second channel, the second repository, and the other installation; `word` tells their
/// objects apart.
[[nodiscard]] std::map<std::string, std::string> files_of_others(const Names& names, const std::string& channel,
                                                                 const std::string& word);
/// What people made by hand: of the same names in another namespace, and beside ours.
[[nodiscard]] std::string yaml_by_hand(const Names& names);
/// A Secret that somebody made with `kubectl apply`, and that the first commit takes over.
[[nodiscard]] std::string yaml_to_adopt(const Names& names);

/// Secret values of the scenario: none may be seen anywhere but in the objects that hold them.
[[nodiscard]] const support::Canaries& canaries();
/// All of them in one line, for a server that quotes what it refuses.
[[nodiscard]] std::string canary_text();

}  // namespace gitopsctl::crash
