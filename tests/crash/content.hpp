#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/crash/snapshot.hpp"

// What the lab deploys, and what must become of each object of it. Written down here and derived from nothing that the
// program says, so that a program that does something else every time does not pass either.

namespace gitopsctl::crash {

/// The commits of `releases/test`, in order.
enum class Commit {
  before,  ///< `first`, and an object that `first` gives up and a rule keeps
  first,
  second,
};

/// How an object has to look; `value` is as StoredObject::value has it, for ConfigMaps and Deployments.
struct Wanted {
  std::string value;
  std::string owner;  ///< the owner label
};

/// Somebody else's labels: the owner of objects that are not ours.
inline constexpr const char* other_owner = "applyset-of-somebody-else-v1";

/// The files of `releases/test` at a commit, and those of `releases/prod`, which never moves.
[[nodiscard]] std::map<std::string, std::string> files_of(Commit commit);

/// Every object, by `Kind/namespace/name`, that the environment holds when a commit is deployed, besides what the program
/// tells people; those of other people and of channel `prod` too. For `first` after somebody's hands were put right.
[[nodiscard]] std::map<std::string, Wanted> objects_at(Commit commit);

/// What deploying `second` after `first` deletes, sorted; with the inventory and the Release of the release that goes.
[[nodiscard]] std::vector<std::string> deletions_of_second();

/// Objects that carry the owner label of a release whose inventory must not list them: somebody made them anew.
[[nodiscard]] bool is_of_others(const std::string& name, Commit commit);

/// What other people did before anything was deployed (objects without an owner, or with another), and after `first` was:
/// they take objects over, free them, make them anew, and put the marks of controllers and of other tools on them.
void put_objects_of_others(const std::string& environment_file);
void let_others_touch(const std::string& environment_file);

}  // namespace gitopsctl::crash
