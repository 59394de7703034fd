#pragma once

#include <string>

#include "agent/kube/client.hpp"

namespace gitopsctl::agent {

/// What copies of a client share. Only for this room.
struct KubeClient::Core {
  Core(KubeTarget target, KubeClientOptions options);

  KubeTransport transport;
  Discovery discovery;
};

/// Runs `work` with the resource of a kind. When the server does not know its URL, what is known of the server is out of
/// date: it is asked again, once.
template <class Work>
auto KubeClient::mapped(const KubeKind& kind, const KubeCall& call, const Work& work) const
    -> decltype(work(std::declval<const ApiResource&>())) {
  const auto before = core_->discovery.table(call.interrupt);
  if (!before) return before.error();
  const auto resource = core_->discovery.find(kind.group, kind.version, kind.kind, call.interrupt);
  if (!resource) return resource.error();
  auto result = work(**resource);
  if (result.ok() || !result.error().is(KubeErrorClass::no_match)) return result;
  const auto after = core_->discovery.refresh(before->generation, call.interrupt);
  if (!after) return after.error();
  const auto again = core_->discovery.find(kind.group, kind.version, kind.kind, call.interrupt);
  if (!again) return again.error();
  return work(**again);
}

namespace detail {

// Servers behind an APIService may not know these forms: then they answer with the whole.
inline constexpr std::string_view accept_metadata =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
inline constexpr std::string_view accept_metadata_list =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
/// Whole answers, and lists over all their pages; one object.
inline constexpr std::uint64_t max_list_bytes = 256ULL << 20U;
inline constexpr std::uint64_t max_object_bytes = 8ULL << 20U;

/// The facts of a request about `resource`. `what` is the verb for people.
[[nodiscard]] RequestFacts facts_of(std::string_view what, const ApiResource& resource, const render::ObjectId& id,
                                    const KubeCall& call);

/// `foreign_answer`: the server answered well, with something that cannot be the answer.
[[nodiscard]] KubeError wrong_answer(const RequestFacts& facts, const std::string& why);

/// The object in an answer, which must be of this kind and (unless that is empty) name; with `metadata_only` no more than
/// its real apiVersion and kind and its metadata, whichever form the server chose.
[[nodiscard]] KubeResult<Value> read_object(const std::string& body, const ApiResource& resource, const std::string& name,
                                            const RequestFacts& facts, bool metadata_only);

}  // namespace detail
}  // namespace gitopsctl::agent
