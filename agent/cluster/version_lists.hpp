#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/environment/environment.hpp"
#include "agent/kube/client.hpp"

namespace gitopsctl::agent::detail {

/// Who reads an object.
using ReaderOf = std::function<const KubeClient&(const render::ObjectId&)>;

/// The versions of as many of `ids` as lists tell of cheaply: one list of metadata for a kind of which there are many, in
/// all namespaces, or in each of them where `everywhere` is false. A kind that has many more objects than are asked for,
/// that may not be listed, or whose list fails, is left out: nothing is concluded from a list that is not whole. What a list
/// lacks was not there when it was read. Only for this room.
[[nodiscard]] KnownVersions versions_by_lists(const std::vector<render::ObjectId>& ids, const ReaderOf& reader_of,
                                              bool everywhere);

}  // namespace gitopsctl::agent::detail
