#include "agent/kube/status_error.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include "agent/kube/status_words.hpp"
#include "base/json/json.hpp"
#include "base/log/redaction.hpp"
#include "base/text/escape.hpp"
#include "channels/http/client.hpp"

namespace gitopsctl::agent {
namespace {

using Class = KubeErrorClass;

/// A Status is a few KB (an immutable Job's holds its whole template); what is larger is none of ours to read.
constexpr std::size_t max_status_bytes = 4U << 20U;
constexpr std::size_t max_causes = 100;
/// Causes and conflicts that a message names; all of them are in the KubeError.
constexpr std::size_t max_named = 5;

struct ClassRow {
  Class which;
  std::string_view name;
  ErrorCode code;
  bool transient;
  std::string_view hint;
};

constexpr std::array<ClassRow, 24> class_rows{{
    {Class::local, "Local", ErrorCode::internal, false, ""},
    {Class::no_answer, "NoAnswer", ErrorCode::unavailable, true,
     "it is tried again; if it stays so, look at the API server and at what stands between"},
    {Class::foreign_answer, "ForeignAnswer", ErrorCode::unavailable, false,
     "check that the address is that of a Kubernetes API server and that no proxy answers in its place"},
    {Class::bad_request, "BadRequest", ErrorCode::invalid_input, false, "correct the object; the same one fails again"},
    {Class::unauthorized, "Unauthorized", ErrorCode::forbidden, false,
     "the server does not accept the credentials; log in again or renew the token"},
    {Class::forbidden, "Forbidden", ErrorCode::forbidden, false,
     "grant this right to the account by a Role and RoleBinding"},
    {Class::quota, "QuotaExceeded", ErrorCode::forbidden, false, "raise the ResourceQuota or ask for less"},
    {Class::terminating, "Terminating", ErrorCode::unavailable, false,
     "wait until it is gone; finalizers that never end keep it: look at its conditions"},
    {Class::denied, "Denied", ErrorCode::forbidden, false, "change the object so that the policy admits it"},
    {Class::namespace_missing, "NamespaceMissing", ErrorCode::not_found, false,
     "create the namespace first, for example by listing it in the release"},
    {Class::no_match, "NoMatch", ErrorCode::invalid_input, false,
     "install its CustomResourceDefinition first, or write an apiVersion that the server has"},
    {Class::not_found, "NotFound", ErrorCode::not_found, false, "somebody else deleted it; it is looked at again"},
    {Class::field_conflict, "FieldConflict", ErrorCode::conflict, false,
     "take the field out of Git, or allow in Git to take it over"},
    {Class::stale_write, "StaleWrite", ErrorCode::conflict, false, "read it again and repeat"},
    {Class::precondition, "Precondition", ErrorCode::conflict, false,
     "it was changed or replaced since it was read; it is looked at again"},
    {Class::already_exists, "AlreadyExists", ErrorCode::conflict, false,
     "somebody else made it at this moment; it is looked at again"},
    {Class::expired, "Expired", ErrorCode::unavailable, false, "it is read again from the start"},
    {Class::misuse, "Misuse", ErrorCode::internal, false, "please report this with the version of the server"},
    {Class::too_large, "TooLarge", ErrorCode::too_large, false,
     "split the object: a request may have 3 MiB, its data 1 MiB"},
    {Class::invalid, "Invalid", ErrorCode::invalid_input, false, "correct the object; the same one fails again"},
    {Class::throttled, "Throttled", ErrorCode::unavailable, true, "the server is busy; it is tried again"},
    {Class::schema, "Schema", ErrorCode::invalid_input, false, "correct the object; the same one fails again"},
    {Class::webhook, "WebhookFailed", ErrorCode::unavailable, true,
     "look at the service behind the admission webhook; it is tried again"},
    {Class::unavailable, "Unavailable", ErrorCode::unavailable, true, "it is tried again"},
}};
constexpr ClassRow future_row{Class::future_version, "FutureVersion", ErrorCode::unavailable, true,
                              "the server was restored from a backup or lags; everything is read again"};

const ClassRow& row_of(Class which) noexcept {
  const auto found = std::ranges::find(class_rows, which, &ClassRow::which);
  return found == class_rows.end() ? future_row : *found;
}

bool has(std::string_view text, std::string_view part) noexcept { return text.find(part) != std::string_view::npos; }

bool any_cause(const KubeStatus& status, std::string_view reason) noexcept {
  return std::ranges::any_of(status.causes, [&](const auto& cause) { return cause.reason == reason; });
}

/// An admission webhook or policy that said no. Both may choose any code.
bool is_denial(std::string_view message) noexcept {
  return detail::denying_webhook(message).has_value() || detail::denying_policy(message).has_value();
}

Class class_of_forbidden(const KubeStatus& status) {
  const std::string_view text = status.message;
  if (any_cause(status, "NamespaceTerminating") || has(text, "unable to create new content in namespace") ||
      has(text, "create not allowed while custom resource definition is terminating")) {
    return Class::terminating;
  }
  if (has(text, ": exceeded quota: ") || has(text, ": failed quota: ")) return Class::quota;
  return Class::forbidden;
}

Class class_of_missing(const KubeStatus& status, const RequestFacts& facts, std::string_view details_kind) {
  if (!status.structured) return has(status.message, "404 page not found") ? Class::no_match : Class::foreign_answer;
  if (status.reason != "NotFound") return Class::foreign_answer;
  // The answer about a namespace itself reads the same.
  if (details_kind == "namespaces" && facts.resource != "namespaces" && status.message.starts_with("namespaces \"")) {
    return Class::namespace_missing;
  }
  // "the server could not find the requested resource": a Status about the path, not about an object.
  return has(status.message, "the server could not find the requested resource") ? Class::no_match : Class::not_found;
}

Class class_of_conflict(const KubeStatus& status) {
  const std::string_view text = status.message;
  if (status.reason == "AlreadyExists") return Class::already_exists;
  if (any_cause(status, "FieldManagerConflict")) return Class::field_conflict;
  // The last one: an apply that names a uid, where another object or none is there (a 422 in older versions).
  if (has(text, "the UID in the precondition") || has(text, "the ResourceVersion in the precondition") ||
      has(text, ": uid mismatch: the provided object specified uid ")) {
    return Class::precondition;
  }
  if (has(text, "The system is ensuring all content is removed from this namespace")) return Class::terminating;
  return status.structured ? Class::stale_write : Class::foreign_answer;
}

Class class_of_failure(const KubeStatus& status) {
  const std::string_view text = status.message;
  if (status.code == 500 && status.structured) {
    if (status.reason.empty() &&
        (text.starts_with("failed to create typed patch object") || text.starts_with("failed to convert new object"))) {
      return Class::schema;
    }
    if (has(text, "failed calling webhook ")) return Class::webhook;
  }
  if (status.code == 504 && any_cause(status, "ResourceVersionTooLarge")) return Class::future_version;
  return Class::unavailable;
}

Class class_of_code(const KubeStatus& status, const RequestFacts& facts, std::string_view details_kind) {
  if (status.structured && is_denial(status.message)) return Class::denied;
  switch (status.code) {
    case 400: return status.structured ? Class::bad_request : Class::foreign_answer;
    case 401: return Class::unauthorized;
    case 403: return status.structured ? class_of_forbidden(status) : Class::foreign_answer;
    case 404: return class_of_missing(status, facts, details_kind);
    case 405:
    case 406:
    case 415: return Class::misuse;
    case 409: return class_of_conflict(status);
    case 410: return Class::expired;
    case 413: return Class::too_large;
    case 422: {
      const bool uid_guard = facts.names_uid && !status.causes.empty() &&
                             std::ranges::all_of(status.causes, [](const auto& c) { return c.field == "metadata.uid"; });
      if (!status.structured) return Class::foreign_answer;
      return uid_guard ? Class::precondition : Class::invalid;
    }
    case 429: return Class::throttled;
    default: break;
  }
  if (status.code >= 500) return class_of_failure(status);
  return status.structured ? Class::bad_request : Class::foreign_answer;
}

/// The server's words for these are made of names, kinds and its own words; those for others may quote what was sent.
bool names_only(Class which) noexcept {
  constexpr std::array<Class, 11> safe{Class::unauthorized,      Class::forbidden,      Class::quota,     Class::terminating,
                                       Class::namespace_missing, Class::no_match,       Class::not_found, Class::stale_write,
                                       Class::precondition,      Class::already_exists, Class::throttled};
  return std::ranges::find(safe, which) != safe.end();
}

/// Refusals of what was sent, in words that may come from it.
bool quotes_content(Class which) noexcept {
  return which == Class::bad_request || which == Class::invalid || which == Class::schema || which == Class::denied;
}

std::vector<FieldConflict> conflicts_of(const KubeStatus& status) {
  std::vector<FieldConflict> out;
  for (const auto& cause : status.causes) {
    if (cause.reason != "FieldManagerConflict") continue;
    auto conflict = parse_conflict(cause.message, cause.field);
    out.push_back(conflict ? *std::move(conflict) : FieldConflict{"", "", "", "", cause.field});
  }
  const auto key = [](const FieldConflict& c) {
    return std::tie(c.field, c.manager, c.operation, c.subresource, c.api_version);
  };
  std::ranges::sort(out, [&](const auto& a, const auto& b) { return key(a) < key(b); });
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::string and_more(std::size_t all, std::size_t named) {
  return all > named ? " and " + std::to_string(all - named) + " more" : "";
}

std::string conflict_message(const std::vector<FieldConflict>& conflicts, std::size_t dropped) {
  std::string out = conflicts.size() == 1 ? "another manager owns " : "other managers own ";
  for (std::size_t i = 0; i < std::min(conflicts.size(), max_named); ++i) {
    const auto& conflict = conflicts[i];
    out += (i > 0 ? ", " : "") + conflict.field + " (" + (conflict.manager.empty() ? "unknown" : conflict.manager);
    if (!conflict.subresource.empty()) out += ", subresource " + conflict.subresource;
    out += conflict.operation == "Update" ? ", by update)" : ")";
  }
  return out + and_more(conflicts.size() + dropped, max_named);
}

/// Words of the server that quote nothing.
bool is_fixed(std::string_view message) noexcept {
  return message == "field is immutable" || message == "field is immutable when `immutable` is set";
}

std::string cause_message(const KubeStatus& status, bool sensitive) {
  std::string out;
  for (std::size_t i = 0; i < std::min(status.causes.size(), max_named); ++i) {
    const auto& cause = status.causes[i];
    if (i > 0 && cause == status.causes[i - 1]) continue;
    out += i > 0 ? "; " : "";
    if (!cause.field.empty()) out += cause.field + ": ";
    out += sensitive && !is_fixed(cause.message) ? cause.reason : cause.message;
  }
  return out + and_more(status.causes.size() + status.causes_dropped, max_named);
}

/// Lines joined: an Error's message is one line.
std::string one_line(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (!out.empty()) out += out.ends_with(':') ? " " : "; ";
    out += line;
  }
  return out;
}

std::string message_of(Class which, const KubeStatus& status, const std::vector<FieldConflict>& conflicts, bool sensitive) {
  if (which == Class::field_conflict && !conflicts.empty()) return conflict_message(conflicts, status.causes_dropped);
  if (which == Class::invalid && !status.causes.empty()) return cause_message(status, sensitive);
  if (which == Class::no_match && !status.structured) return "the server does not know this kind or version";
  if (which == Class::foreign_answer) {
    return "HTTP " + std::to_string(status.code) + " and no answer that an API server gives";
  }
  if (which == Class::webhook) {
    std::string out = "the admission webhook " + status.webhook + " could not be asked";
    const auto reason = status.message.rfind("failed to call webhook: ");
    // What stands behind is the error of the connection, with the address of the webhook.
    if (!sensitive && reason != std::string::npos) out += ": " + status.message.substr(reason + 24);
    return out;
  }
  if (status.message.empty()) {
    return "HTTP " + std::to_string(status.code) + (status.reason.empty() ? "" : " " + status.reason);
  }
  return one_line(status.message);
}

KubeError make_error(KubeStatus status, const RequestFacts& facts, std::string_view details_kind, std::string_view full) {
  // Judged by the whole words; shown without what could be secret.
  KubeStatus judged = status;
  judged.message = full;
  const Class which = class_of_code(judged, facts, details_kind);
  if (which == Class::webhook) status.webhook = detail::failed_webhook(full).value_or("");
  if (which == Class::denied) {
    status.webhook = detail::denying_webhook(full).value_or(detail::denying_policy(full).value_or(""));
  }
  status.webhook = scrub(status.webhook, 256);
  auto conflicts = conflicts_of(status);
  std::string message = message_of(which, status, conflicts, facts.sensitive);
  if (facts.sensitive && !names_only(which)) {
    for (auto& cause : status.causes) {
      if (cause.reason != "FieldManagerConflict") cause.message.clear();
    }
    status.message = quotes_content(which) ? detail::message_for_secret(which, status.webhook, full) : "";
    if (which != Class::invalid || status.causes.empty()) message = message_of(which, status, conflicts, true);
  }
  const ClassRow& row = row_of(which);
  Error error(row.code, std::move(message));
  if (!row.hint.empty()) error = error.with_hint(std::string(row.hint));
  if (!facts.what.empty()) error = error.in(facts.what);
  return {which, std::move(error), std::move(status), std::move(conflicts)};
}

KubeError from_status(const Value& body, int code, std::optional<Millis> retry_after, const RequestFacts& facts) {
  KubeStatus status;
  status.structured = true;
  status.code = code;
  status.retry_after = retry_after;
  status.reason = scrub(body.string_at({"reason"}), 128);
  const std::string_view full = body.string_at({"message"});
  status.message = scrub(full);
  if (const Value* causes = body.find_path({"details", "causes"}); causes != nullptr) {
    for (const Value& cause : causes->as_list()) {
      if (status.causes.size() == max_causes) {
        status.causes_dropped = causes->size() - max_causes;
        break;
      }
      status.causes.push_back({scrub(cause.string_at({"reason"}), 128), scrub(without_value(cause.string_at({"message"}))),
                               scrub(cause.string_at({"field"}))});
    }
  }
  const Value* seconds = body.find_path({"details", "retryAfterSeconds"});
  if (!status.retry_after && seconds != nullptr && seconds->as_int() > 0) {
    status.retry_after = Millis(std::min<std::int64_t>(seconds->as_int(), 86'400) * 1000);
  }
  return make_error(std::move(status), facts, body.string_at({"details", "kind"}), full);
}

}  // namespace

std::string_view class_name(KubeErrorClass which) noexcept { return row_of(which).name; }
std::string_view class_hint(KubeErrorClass which) noexcept { return row_of(which).hint; }

KubeError::KubeError(Error error) : Error(std::move(error)), detail_(std::make_shared<const Detail>()) {}

KubeError::KubeError(KubeErrorClass which, Error error, KubeStatus status, std::vector<FieldConflict> conflicts)
    : Error(std::move(error)),
      class_(which),
      detail_(std::make_shared<const Detail>(Detail{std::move(status), std::move(conflicts)})) {}

bool KubeError::transient() const noexcept { return row_of(class_).transient; }

bool KubeError::is_outage() const noexcept {
  switch (class_) {
    case Class::local:
    case Class::no_answer:
    case Class::foreign_answer:
    case Class::unauthorized:
    case Class::throttled:
    case Class::unavailable:
    case Class::future_version: return true;
    default: return false;
  }
}

KubeError KubeError::with(Error error) const {
  KubeError out = *this;
  static_cast<Error&>(out) = std::move(error);
  return out;
}

KubeError KubeError::in(std::string step) const { return with(Error::in(std::move(step))); }
KubeError KubeError::with_hint(std::string hint) const { return with(Error::with_hint(std::move(hint))); }

KubeError KubeError::with_outcome_unknown() const {
  KubeError out = *this;
  out.outcome_unknown_ = true;
  return out;
}

KubeError read_refusal(const RawRefusal& raw, const RequestFacts& facts, TimePoint now) {
  const auto retry_after = channels::parse_retry_after(raw.retry_after, now);
  if (raw.body.size() <= max_status_bytes) {
    const auto body = parse_json(raw.body, {}, true, max_status_bytes);
    if (body && body->string_at({"kind"}) == "Status") return from_status(*body, raw.code, retry_after, facts);
  }
  KubeStatus status;
  status.code = raw.code;
  status.retry_after = retry_after;
  // Pages of proxies are not shown: only what a server says in plain text is meant for people.
  const bool plain = raw.content_type.starts_with("text/plain") && raw.body.size() <= max_status_bytes;
  const std::string_view full = plain ? raw.body : std::string_view{};
  status.message = one_line(scrub(full, 256));
  return make_error(std::move(status), facts, {}, full);
}

KubeError read_status(const Value& status, const RequestFacts& facts) {
  const Value* code = status.find("code");
  return from_status(status, code != nullptr ? static_cast<int>(code->as_int()) : 500, std::nullopt, facts);
}

std::string scrub(std::string_view text, std::size_t max_bytes) {
  // Redacted before it is cut: half a secret would not be found. What is cut off anyway need not be looked through.
  const auto head = truncate_utf8(text, max_bytes * 4 + 4096);
  const std::string clean = terminal_safe(log::redact(head), true);
  const auto cut = truncate_utf8(clean, max_bytes);
  return cut.size() < clean.size() ? std::string(cut) + "…" : std::string(cut);
}

}  // namespace gitopsctl::agent
