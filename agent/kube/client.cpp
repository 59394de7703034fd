#include "agent/kube/client.hpp"

#include <algorithm>
#include <utility>

#include "agent/kube/client_core.hpp"
#include "agent/kube/object_url.hpp"
#include "base/json/json.hpp"
#include "base/text/escape.hpp"

namespace gitopsctl::agent {
namespace {

using detail::facts_of;
using detail::NamedBody;
using detail::NameRule;
using render::ObjectId;

/// How often a lost answer is looked into before the caller is told.
constexpr unsigned max_lost_answers = 4;
/// Legacy discovery asks every group; one whose server is away must not hold up the others.
constexpr Millis group_discovery_repeat{2'000};
constexpr std::uint64_t max_document_bytes = 32ULL << 20U;

Result<std::string> write_parameters(const KubeWriteOptions& options, bool force) {
  const std::string& manager = options.field_manager;
  const bool printable =
      std::ranges::all_of(manager, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; });
  if (manager.empty() || manager.size() > 128 || !printable) {
    return Error(ErrorCode::invalid_input, "a field manager has 1 to 128 printable bytes");
  }
  if (manager.starts_with("kubectl")) {
    return Error(ErrorCode::invalid_input, "a field manager must not begin with 'kubectl'")
        .with_hint("the server writes annotations of its own for such names");
  }
  return detail::query({{"fieldManager", manager},
                        {"fieldValidation", "Strict"},
                        {"force", force ? "true" : ""},
                        {"dryRun", options.dry_run ? "All" : ""}});
}

Result<std::string> address(const ApiResource& resource, const ObjectId& id, std::string_view subresource) {
  GITOPSCTL_TRY(auto path, detail::object_path(resource, id));
  return detail::with_subresource(std::move(path), subresource);
}

KubeKind kind_of(const ObjectId& id, const std::string& version) { return {id.group, version, id.kind}; }

Result<std::string> body_of(const Value& object, const ObjectId& id) {
  GITOPSCTL_TRY(auto body, to_json(object, {.escape_html = false}));
  if (body.size() > detail::max_object_bytes) return Error(ErrorCode::too_large, id.to_string() + " is larger than 8 MiB");
  return body;
}

}  // namespace

namespace detail {

RequestFacts facts_of(std::string_view what, const ApiResource& resource, const ObjectId& id, const KubeCall& call) {
  const bool secret = resource.group.empty() && resource.plural == "secrets";
  return {std::string(what) + " " + terminal_safe(id.to_string()), resource.plural, secret || call.sensitive, false};
}

KubeError wrong_answer(const RequestFacts& facts, const std::string& why) {
  return {KubeErrorClass::foreign_answer,
          Error(ErrorCode::unavailable, "the answer is " + why)
              .with_hint("check that the address is that of a Kubernetes API server and that no proxy answers in its place")
              .in(facts.what)};
}

KubeResult<Value> read_object(const std::string& body, const ApiResource& resource, const std::string& name,
                              const RequestFacts& facts, bool metadata_only) {
  // The reader's error is not passed on: it may quote the answer.
  auto read = parse_json(body, {}, true, max_object_bytes);
  if (!read) return wrong_answer(facts, "no JSON");
  const auto kind = read->string_at({"kind"});
  const bool partial = kind == "PartialObjectMetadata" && read->string_at({"apiVersion"}).starts_with("meta.k8s.io/");
  if (kind != resource.kind && !(partial && metadata_only)) return wrong_answer(facts, "of another kind");
  if (!name.empty() && read->string_at({"metadata", "name"}) != name) return wrong_answer(facts, "about another object");
  if (!metadata_only) return std::move(read).value();
  return make_map({{"apiVersion", Value::string(resource.api_version())},
                   {"kind", Value::string(resource.kind)},
                   {"metadata", *read->find("metadata")}});
}

}  // namespace detail

KubeClient::Core::Core(KubeTarget target, KubeClientOptions options)
    : transport(std::move(target), std::move(options)),
      discovery([this](const DiscoveryRequest& asked, const Interrupt& interrupt) -> KubeResult<DiscoveryAnswer> {
        KubeRequest request;
        request.path = asked.path;
        request.accept = asked.accept;
        request.etag = asked.etag;
        request.traffic = KubeTraffic::discovery;
        request.max_answer_bytes = 64ULL << 20U;
        request.facts.what = "discovery of " + asked.path;
        if (asked.path != "/api" && asked.path != "/apis") request.repeat_for = group_discovery_repeat;
        GITOPSCTL_TRY(auto answer, transport.send(request, {}, {interrupt, false, {}}));
        return DiscoveryAnswer{answer.status, answer.etag, std::move(answer.body)};
      }) {}

KubeClient::KubeClient(KubeTarget target, KubeClientOptions options) {
  as_ = target.impersonation;
  core_ = std::make_shared<Core>(std::move(target), std::move(options));
}

KubeClient KubeClient::as(Impersonation who) const { return KubeClient(core_, std::move(who)); }
Discovery& KubeClient::discovery() const noexcept { return core_->discovery; }
const KubeTransport& KubeClient::transport() const noexcept { return core_->transport; }

KubeResult<std::string> KubeClient::document(const std::string& path, const KubeCall& call) const {
  KubeRequest request;
  request.path = path;
  request.traffic = KubeTraffic::discovery;
  request.max_answer_bytes = max_document_bytes;
  request.repeat_for = group_discovery_repeat;
  request.facts.what = "get of " + terminal_safe(truncate_utf8(path, 300));
  GITOPSCTL_TRY(auto answer, core_->transport.send(request, as_, call));
  return std::move(answer.body);
}

KubeResult<Value> KubeClient::get(const ObjectId& id, const KubeGetOptions& options, const KubeCall& call) const {
  return mapped(kind_of(id, options.version), call, [&](const ApiResource& resource) -> KubeResult<Value> {
    KubeRequest request;
    GITOPSCTL_TRY(request.path, detail::object_path(resource, id));
    if (options.metadata_only) request.accept = detail::accept_metadata;
    request.max_answer_bytes = detail::max_object_bytes;
    request.facts = facts_of("get of", resource, id, call);
    GITOPSCTL_TRY(const auto answer, core_->transport.send(request, as_, call));
    return detail::read_object(answer.body, resource, id.name, request.facts, options.metadata_only);
  });
}

KubeResult<std::optional<Value>> KubeClient::find(const ObjectId& id, const KubeGetOptions& options,
                                                  const KubeCall& call) const {
  auto found = get(id, options, call);
  if (found) return std::optional<Value>(std::move(found).value());
  if (found.error().is(KubeErrorClass::not_found)) return std::optional<Value>();
  return found.error();
}

KubeResult<KubeWritten> KubeClient::write(const KubeRequest& request, const ApiResource& resource, const std::string& name,
                                          const KubeCall& call) const {
  GITOPSCTL_TRY(auto answer, core_->transport.send(request, as_, call));
  KubeWritten out;
  out.created = answer.status == 201;
  out.warnings = std::move(answer.warnings);
  auto object = detail::read_object(answer.body, resource, name, request.facts, request.accept == detail::accept_metadata);
  // It was written all the same: this is a lost answer, not a failed write.
  if (!object) return object.error().with_outcome_unknown();
  out.object = std::move(object).value();
  return out;
}

KubeResult<KubeWritten> KubeClient::write_once(const KubeRequest& request, const ApiResource& resource,
                                               const std::string& name, KubeErrorClass collision, const Look& look,
                                               const KubeCall& call) const {
  std::optional<KubeError> lost;
  for (unsigned losses = 0;;) {
    auto written = write(request, resource, name, call);
    if (written) return written;
    const KubeError& error = written.error();
    if (error.outcome_unknown()) {
      lost = error;
    } else if (!lost || !error.is(collision)) {
      return error;
    }
    // A collision after a lost answer may be one with ourselves.
    if (!look || ++losses > max_lost_answers) return *lost;
    auto seen = look();
    if (!seen && !seen.error().is(collision)) return lost->in("and what became of it cannot be read");
    if (!seen) return seen.error();
    if (*seen) return KubeWritten{std::move(**seen), collision == KubeErrorClass::already_exists, {}};
    const Millis wait = core_->transport.pause(losses);
    if (call.interrupt.deadline.left() <= wait) return *lost;
    if (call.on_repeat) call.on_repeat(*lost, wait);
    if (!core_->transport.sleep(wait, call.interrupt)) return *lost;
  }
}

KubeResult<KubeWritten> KubeClient::apply(const Value& object, const KubeApplyOptions& options, const KubeCall& call) const {
  GITOPSCTL_TRY(const NamedBody named, detail::identify(object, NameRule::named));
  return mapped(kind_of(named.id, named.version), call, [&](const ApiResource& resource) -> KubeResult<KubeWritten> {
    KubeRequest request;
    request.method = "PATCH";
    GITOPSCTL_TRY(const auto path, address(resource, named.id, options.subresource));
    GITOPSCTL_TRY(const auto parameters, write_parameters(options, options.force));
    request.path = path + parameters;
    if (options.metadata_only) request.accept = detail::accept_metadata;
    request.content_type = "application/apply-patch+yaml";  // JSON is YAML
    GITOPSCTL_TRY(request.body, body_of(object, named.id));
    request.traffic = options.dry_run ? KubeTraffic::dry_run : KubeTraffic::apply;
    request.facts = facts_of(options.dry_run ? "dry run of" : "apply of", resource, named.id, call);
    request.facts.names_uid = !object.string_at({"metadata", "uid"}).empty();
    return write(request, resource, named.id.name, call);
  });
}

KubeResult<KubeWritten> KubeClient::create(const Value& object, const KubeWriteOptions& options,
                                           const KubeCall& call) const {
  GITOPSCTL_TRY(const NamedBody named, detail::identify(object, NameRule::named_or_generated));
  if (!options.subresource.empty()) return Error(ErrorCode::invalid_input, "a subresource is not created");
  return mapped(kind_of(named.id, named.version), call, [&](const ApiResource& resource) -> KubeResult<KubeWritten> {
    KubeRequest request;
    request.method = "POST";
    if (!named.generated) GITOPSCTL_CHECK(detail::object_path(resource, named.id));
    GITOPSCTL_TRY(const auto path, detail::parent_path(resource, named.id));
    GITOPSCTL_TRY(const auto parameters, write_parameters(options, false));
    request.path = path + parameters;
    request.content_type = "application/json";
    GITOPSCTL_TRY(request.body, body_of(object, named.id));
    request.traffic = options.dry_run ? KubeTraffic::dry_run : KubeTraffic::create;
    request.repeatable = options.dry_run;
    request.facts = facts_of("create of", resource, named.id, call);
    const Look look = [&]() -> KubeResult<std::optional<Value>> {
      auto live = find(named.id, {named.version, false}, call);
      if (!live || !*live || detail::created_by(**live, object, options.field_manager)) return live;
      const Error other(ErrorCode::conflict, "it exists, and is not what was to be created");
      return KubeError(KubeErrorClass::already_exists, other.in(request.facts.what)).with_outcome_unknown();
    };
    return write_once(request, resource, named.id.name, KubeErrorClass::already_exists, named.generated ? Look() : look,
                      call);
  });
}

KubeResult<Value> KubeClient::ask(const Value& question, const KubeCall& call) const {
  GITOPSCTL_TRY(const NamedBody named, detail::identify(question, NameRule::nameless));
  return mapped(kind_of(named.id, named.version), call, [&](const ApiResource& resource) -> KubeResult<Value> {
    if (resource.can("get")) return Error(ErrorCode::invalid_input, named.id.kind + " is kept, and no question");
    KubeRequest request;
    request.method = "POST";
    GITOPSCTL_TRY(request.path, detail::parent_path(resource, named.id));
    request.content_type = "application/json";
    GITOPSCTL_TRY(request.body, body_of(question, named.id));
    request.facts = facts_of("answer to", resource, named.id, call);
    GITOPSCTL_TRY(const auto answer, core_->transport.send(request, as_, call));
    return detail::read_object(answer.body, resource, "", request.facts, false);
  });
}

KubeResult<KubeWritten> KubeClient::put(const Value& object, const KubeWriteOptions& options, const KubeCall& call) const {
  GITOPSCTL_TRY(const NamedBody named, detail::identify(object, NameRule::named));
  const std::string version(object.string_at({"metadata", "resourceVersion"}));
  if (version.empty())
    return Error(ErrorCode::invalid_input, "a put of " + named.id.to_string() + " without a resourceVersion");
  return mapped(kind_of(named.id, named.version), call, [&](const ApiResource& resource) -> KubeResult<KubeWritten> {
    KubeRequest request;
    request.method = "PUT";
    GITOPSCTL_TRY(const auto path, address(resource, named.id, options.subresource));
    GITOPSCTL_TRY(const auto parameters, write_parameters(options, false));
    request.path = path + parameters;
    request.content_type = "application/json";
    GITOPSCTL_TRY(request.body, body_of(object, named.id));
    request.traffic = options.dry_run ? KubeTraffic::dry_run : KubeTraffic::put;
    request.repeatable = options.dry_run;
    request.facts = facts_of("put of", resource, named.id, call);
    const Look look = [&]() -> KubeResult<std::optional<Value>> {
      auto live = get(named.id, {named.version, false}, call);
      if (!live) return live.error();
      if (live->string_at({"metadata", "resourceVersion"}) == version) return std::optional<Value>();
      const bool same =
          options.subresource.empty() ? detail::says_the_same(*live, object) : detail::same_status(*live, object);
      if (same) return std::optional<Value>(std::move(live).value());
      const Error other(ErrorCode::conflict, "it was modified since it was read");
      return KubeError(KubeErrorClass::stale_write, other.with_hint("read it again and repeat").in(request.facts.what))
          .with_outcome_unknown();
    };
    return write_once(request, resource, named.id.name, KubeErrorClass::stale_write, look, call);
  });
}

KubeResult<KubeWritten> KubeClient::patch(const ObjectId& id, const Value& operations, const KubeWriteOptions& options,
                                          const KubeCall& call) const {
  if (!operations.is_list()) return Error(ErrorCode::internal, "a JSON patch is a list");
  return mapped(kind_of(id, ""), call, [&](const ApiResource& resource) -> KubeResult<KubeWritten> {
    KubeRequest request;
    request.method = "PATCH";
    GITOPSCTL_TRY(const auto path, address(resource, id, options.subresource));
    GITOPSCTL_TRY(const auto parameters, write_parameters(options, false));
    request.path = path + parameters;
    request.content_type = "application/json-patch+json";
    GITOPSCTL_TRY(request.body, body_of(operations, id));
    request.traffic = options.dry_run ? KubeTraffic::dry_run : KubeTraffic::patch;
    request.repeatable = options.dry_run;
    request.facts = facts_of("patch of", resource, id, call);
    return write(request, resource, id.name, call);
  });
}

KubeResult<KubeDeleted> KubeClient::remove(const ObjectId& id, const KubeDeleteOptions& options,
                                           const KubeCall& call) const {
  return mapped(kind_of(id, options.version), call, [&](const ApiResource& resource) -> KubeResult<KubeDeleted> {
    using Propagation = KubeDeleteOptions::Propagation;
    const auto policy = options.propagation == Propagation::background   ? "Background"
                        : options.propagation == Propagation::foreground ? "Foreground"
                                                                         : "Orphan";
    Value body = make_map({{"kind", Value::string("DeleteOptions")},
                           {"apiVersion", Value::string("v1")},
                           {"propagationPolicy", Value::string(policy)}});
    Value preconditions = Value::map();
    if (!options.uid.empty()) preconditions.set("uid", Value::string(options.uid));
    if (!options.resource_version.empty()) preconditions.set("resourceVersion", Value::string(options.resource_version));
    if (preconditions.size() > 0) body.set("preconditions", preconditions);
    if (options.dry_run) body.set("dryRun", Value::list({Value::string("All")}));
    KubeRequest request;
    request.method = "DELETE";
    GITOPSCTL_TRY(request.path, detail::object_path(resource, id));
    // The body counts; here it is for who looks at addresses, such as audit logs and proxies.
    if (options.dry_run) request.path += "?dryRun=All";
    request.content_type = "application/json";
    GITOPSCTL_TRY(request.body, body_of(body, id));
    request.traffic = options.dry_run ? KubeTraffic::dry_run : KubeTraffic::remove;
    // Without a uid a repeat could hit an object that was made anew meanwhile.
    request.repeatable = !options.uid.empty() || options.dry_run;
    request.facts = facts_of("delete of", resource, id, call);
    auto answer = core_->transport.send(request, as_, call);
    if (!answer && answer.error().is(KubeErrorClass::not_found)) return KubeDeleted{true, true, {}, {}};
    if (!answer) return answer.error();
    KubeDeleted out;
    out.warnings = std::move(answer->warnings);
    auto read = parse_json(answer->body, {}, true, detail::max_object_bytes);
    if (!read) return detail::wrong_answer(request.facts, "no JSON").with_outcome_unknown();
    if (read->string_at({"kind"}) == "Status") {
      out.gone = read->string_at({"status"}) == "Success";
      if (!out.gone) return detail::wrong_answer(request.facts, "neither a success nor an object").with_outcome_unknown();
      return out;
    }
    // Finalizers remain, or it is one of the kinds whose last state is the answer: both are waited for.
    auto object = detail::read_object(answer->body, resource, id.name, request.facts, false);
    if (!object) return object.error().with_outcome_unknown();
    out.object = std::move(object).value();
    return out;
  });
}

}  // namespace gitopsctl::agent
