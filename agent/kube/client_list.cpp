#include <algorithm>
#include <iterator>
#include <utility>

#include "agent/kube/client_core.hpp"
#include "agent/kube/object_url.hpp"
#include "base/json/json.hpp"

namespace gitopsctl::agent {
namespace {

/// How often a list that the server forgot between two pages is begun anew.
constexpr int max_restarts = 5;
/// Pages of one list; a server that never ends is none.
constexpr int max_pages = 100'000;

struct Page {
  std::vector<Value> items;
  std::string resource_version;
  std::string next;
  std::size_t remaining = 0;  ///< on the pages after it, where the server counts them
};

/// The kind of a list is that of its items and `List`, unless a CustomResourceDefinition gives it another name. Servers that
/// cannot leave out all but metadata answer with whole objects.
bool is_list_of(const Value& answer, const ApiResource& resource, bool metadata_only) {
  const auto kind = answer.string_at({"kind"});
  const auto api_version = answer.string_at({"apiVersion"});
  if (kind == "PartialObjectMetadataList") return metadata_only && api_version.starts_with("meta.k8s.io/");
  if (kind == "List" || kind == resource.kind + "List") return true;
  const bool custom = resource.group.find('.') != std::string::npos;  // built-in kinds keep to the rule
  return custom && api_version == resource.api_version() && !kind.empty() && kind != resource.kind;
}

KubeResult<Page> read_page(const std::string& body, const ApiResource& resource, bool metadata_only,
                           const RequestFacts& facts) {
  const auto read = parse_json(body, {}, true, detail::max_list_bytes);
  if (!read) return detail::wrong_answer(facts, "no JSON");
  const Value* items = read->find("items");
  // A list that says nothing about its items is none; an empty one says so. Go's nil slice is null.
  if (items == nullptr || !(items->is_list() || items->is_null()) || !is_list_of(*read, resource, metadata_only)) {
    return detail::wrong_answer(facts, "no list of this kind");
  }
  Page page;
  page.resource_version = read->string_at({"metadata", "resourceVersion"});
  page.next = read->string_at({"metadata", "continue"});
  if (page.resource_version.empty()) return detail::wrong_answer(facts, "a list without a version");
  const Value api_version = Value::string(resource.api_version());
  const Value item_kind = Value::string(resource.kind);
  const Value* remaining = read->find_path({"metadata", "remainingItemCount"});
  if (page.next.empty() && remaining != nullptr && remaining->as_int() > 0) {
    return detail::wrong_answer(facts, "a list that ends before its end");
  }
  if (remaining != nullptr) page.remaining = static_cast<std::size_t>(std::max<std::int64_t>(0, remaining->as_int()));
  page.items.reserve(items->size());
  for (const Value& item : items->as_list()) {
    const auto kind = item.string_at({"kind"});
    if (item.string_at({"metadata", "name"}).empty()) return detail::wrong_answer(facts, "a list with items without a name");
    if (!kind.empty() && kind != resource.kind && kind != "PartialObjectMetadata") {
      return detail::wrong_answer(facts, "a list with items of another kind");
    }
    Value whole = metadata_only ? make_map({{"metadata", *item.find("metadata")}}) : item;
    whole.set("apiVersion", api_version);
    whole.set("kind", item_kind);
    page.items.push_back(std::move(whole));
  }
  return page;
}

}  // namespace

KubeResult<KubeList> KubeClient::list(const KubeKind& kind, const KubeListOptions& options, const KubeCall& call) const {
  return mapped(kind, call, [&](const ApiResource& resource) -> KubeResult<KubeList> {
    GITOPSCTL_TRY(const auto path, detail::collection_path(resource, options.namespace_));
    KubeRequest request;
    request.traffic = KubeTraffic::list;
    request.max_answer_bytes = detail::max_list_bytes;
    if (options.metadata_only) request.accept = detail::accept_metadata_list;
    request.facts = detail::facts_of("list of", resource, {kind.group, kind.kind, options.namespace_, ""}, call);
    for (int restarts = 0;; ++restarts) {
      KubeList all;
      std::string next;
      std::uint64_t bytes = 0;
      bool forgotten = false;
      for (int pages = 0;; ++pages) {
        request.path = path + detail::query({{"labelSelector", options.label_selector},
                                             {"fieldSelector", options.field_selector},
                                             {"limit", std::to_string(options.page_size)},
                                             {"continue", next}});
        const auto answer = core_->transport.send(request, as_, call);
        // The token that comes with a 410 would go on with another state of the world: never used.
        forgotten = !answer && answer.error().is(KubeErrorClass::expired) && pages > 0;
        if (forgotten) break;
        if (!answer) return answer.error();
        bytes += answer->body.size();
        GITOPSCTL_TRY(auto page, read_page(answer->body, resource, options.metadata_only, request.facts));
        std::move(page.items.begin(), page.items.end(), std::back_inserter(all.items));
        all.resource_version = std::move(page.resource_version);
        if (page.next.empty()) return all;
        const auto there = all.items.size() + std::max<std::size_t>(page.remaining, 1);
        if (options.most > 0 && there > options.most) {
          return Error(ErrorCode::too_large, "there are more than " + std::to_string(options.most)).in(request.facts.what);
        }
        if (page.next == next) return detail::wrong_answer(request.facts, "the same page again");
        if (bytes > detail::max_list_bytes || pages >= max_pages) {
          return Error(ErrorCode::too_large, "the list is larger than 256 MiB")
              .with_hint("list one namespace, or a part by labels")
              .in(request.facts.what);
        }
        next = std::move(page.next);
      }
      if (restarts >= max_restarts) {
        return KubeError(KubeErrorClass::expired,
                         Error(ErrorCode::unavailable, "the server forgets the list before it was read")
                             .with_hint("it changes too quickly or is read too slowly; it is tried again")
                             .in(request.facts.what));
      }
    }
  });
}

}  // namespace gitopsctl::agent
