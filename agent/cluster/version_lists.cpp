#include "agent/cluster/version_lists.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "agent/cluster/parallel.hpp"
#include "base/result/no_throw.hpp"

namespace gitopsctl::agent::detail {
namespace {

/// Lists at once.
constexpr std::size_t max_parallel = 8;
/// From so many objects of a kind on, one list is cheaper than a request for each: in one namespace, and in all.
constexpr std::size_t worth_a_list = 8;
constexpr std::size_t worth_all = 64;
/// One list of each of so many namespaces is no more than one of all, which may hold a lot that nobody asked for.
constexpr std::size_t few_namespaces = 4;
/// A list may be so many times longer than what is asked for: an object in it costs about as much less than a request.
constexpr std::size_t longer = 16;

/// What one list is to tell.
struct Question {
  const KubeClient* reader = nullptr;
  KubeKind kind;
  std::string namespace_;
  std::vector<const render::ObjectId*> wanted;
};

/// A list of each namespace where there are few of them; else one of all namespaces, where it may be asked for.
std::vector<Question> questions_for(const std::vector<render::ObjectId>& ids, const ReaderOf& reader_of, bool everywhere) {
  using Wanted = std::vector<const render::ObjectId*>;
  std::map<std::tuple<const KubeClient*, std::string, std::string>, std::map<std::string, Wanted>> kinds;
  for (const auto& id : ids) kinds[{&reader_of(id), id.group, id.kind}][id.namespace_].push_back(&id);
  std::vector<Question> out;
  for (auto& [kind, spaces] : kinds) {
    const auto& [reader, group, name] = kind;
    std::size_t total = 0;
    for (const auto& [space, wanted] : spaces) total += wanted.size();
    if (everywhere && total >= worth_all && spaces.size() > few_namespaces) {
      Question question{reader, {group, "", name}, "", {}};
      for (const auto& [space, wanted] : spaces) std::ranges::copy(wanted, std::back_inserter(question.wanted));
      out.push_back(std::move(question));
      continue;
    }
    for (auto& [space, wanted] : spaces) {
      if (wanted.size() >= worth_a_list) out.push_back({reader, {group, "", name}, space, std::move(wanted)});
    }
  }
  return out;
}

KnownVersions answer(const Question& question) {
  const auto resource = question.reader->discovery().map(question.kind.group, "", question.kind.kind, {});
  if (!resource.ok()) return {};
  KubeListOptions options;
  options.namespace_ = question.namespace_;
  options.metadata_only = true;
  options.most = question.wanted.size() * longer;
  const auto listed = question.reader->list(question.kind, options, {});
  KnownVersions out;
  // Also when the server does not know the kind: who looks at the objects finds out what that means.
  if (!listed.ok()) return out;
  using Name = std::pair<std::string_view, std::string_view>;
  std::map<Name, std::string_view> versions;
  for (const auto& item : listed->items) {
    versions[{item.string_at({"metadata", "namespace"}), item.string_at({"metadata", "name"})}] =
        item.string_at({"metadata", "resourceVersion"});
  }
  for (const render::ObjectId* id : question.wanted) {
    if (resource->namespaced && id->namespace_.empty()) continue;
    const std::string_view space = resource->namespaced ? std::string_view(id->namespace_) : std::string_view();
    const auto found = versions.find(Name(space, id->name));
    out[*id] = found == versions.end() ? std::nullopt : std::optional<std::string>(found->second);
  }
  return out;
}

}  // namespace

KnownVersions versions_by_lists(const std::vector<render::ObjectId>& ids, const ReaderOf& reader_of, bool everywhere) {
  const auto questions = questions_for(ids, reader_of, everywhere);
  std::vector<KnownVersions> answers(questions.size());
  in_parallel(questions.size(), max_parallel, [&](std::size_t i) {
    const auto done = no_throw("a list", [&]() -> Result<void> {
      answers[i] = answer(questions[i]);
      return {};
    });
    if (!done.ok()) answers[i].clear();
    return true;
  });
  KnownVersions out;
  for (auto& known : answers) out.merge(known);
  return out;
}

}  // namespace gitopsctl::agent::detail
