#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::agent {

/// What a failed request to an API server means, which decides what is done about it. HTTP code and reason alone do not say:
/// see read_refusal().
enum class KubeErrorClass : std::uint8_t {
  local,           ///< never sent, or given up by us: arguments, limits, credentials, deadline, stop
  no_answer,       ///< sent or not: no complete answer came
  foreign_answer,  ///< answered by something that is no API server, or in no form that one uses; never read as "absent"
  // Answers of the server:
  bad_request,        ///< 400: permanent
  unauthorized,       ///< 401, also after the credentials were renewed
  forbidden,          ///< 403 by the access rules: permanent
  quota,              ///< 403 by a ResourceQuota: permanent until something goes
  terminating,        ///< the namespace or the definition is going away: wait for its end, or fail
  denied,             ///< by an admission webhook or policy, whatever code it chose: permanent
  namespace_missing,  ///< the namespace of the object is not there (also in a dry run)
  no_match,           ///< 404 in plain text: the server does not know this group, version or resource
  not_found,          ///< the object is not there: the only class that proves absence
  field_conflict,     ///< other managers own fields of an apply; see KubeError::conflicts()
  stale_write,        ///< the object was modified since it was read: read again and repeat
  precondition,       ///< uid or resourceVersion of the request are no longer those of the object: decide anew
  already_exists,     ///< 409: somebody was quicker
  expired,            ///< 410: of a continue token or of the version to watch from
  misuse,             ///< 405, 406, 415: a mistake here
  too_large,          ///< 413
  invalid,            ///< 422: permanent; see KubeStatus::causes
  throttled,          ///< 429
  schema,             ///< an apply that does not fit the schema: a 500 without reason, and permanent
  webhook,            ///< an admission webhook could not be asked: a retry can help
  unavailable,        ///< 500, 502, 503, 504: a retry can help
  future_version,     ///< 504: a resourceVersion that the server has not seen (restored from a backup): drop caches, retry
};

/// The stable name of a class, as it stands in logs, metrics and tests (`FieldConflict`, `NotFound`, …).
[[nodiscard]] std::string_view class_name(KubeErrorClass which) noexcept;
/// What to do about errors of a class that say nothing better; empty: nothing in general.
[[nodiscard]] std::string_view class_hint(KubeErrorClass which) noexcept;

/// One cause of a Status. The message is one line without the value that it quotes, see without_value().
struct StatusCause {
  std::string reason;
  std::string message;
  std::string field;
  friend bool operator==(const StatusCause&, const StatusCause&) = default;
};

/// A `Status` as the server sent it, safe to show: registered secrets and control characters are out, texts are cut at
/// 1 KiB, at most 100 causes are kept. Of a request whose body is secret, texts that may quote it are left out.
struct KubeStatus {
  int code = 0;        ///< HTTP
  std::string reason;  ///< empty: the server named none
  std::string message;
  std::vector<StatusCause> causes;
  std::size_t causes_dropped = 0;     ///< beyond the 100
  std::optional<Millis> retry_after;  ///< from the header or the details
  bool structured = false;            ///< the body was a Status
  std::string webhook;                ///< the webhook or policy that failed or said no
};

/// Somebody else's ownership of a field that an apply wanted to change.
struct FieldConflict {
  std::string manager;
  std::string operation;    ///< `Apply` or `Update`
  std::string subresource;  ///< usually empty
  std::string api_version;  ///< known for `Update` only
  /// As the server writes it, `.spec.replicas`: dots in keys are not escaped, so it is resolved against an object and
  /// never split.
  std::string field;
  friend bool operator==(const FieldConflict&, const FieldConflict&) = default;
};

/// An Error of a request to an API server: one that also knows its class and what the server said. Passing it on as a plain
/// Error keeps message, place and hint. Cheap to copy, immutable.
class KubeError : public Error {
 public:
  /// Of class `local`.
  KubeError(Error error);  // NOLINT(google-explicit-constructor): `return error;` reads as what it is
  KubeError(KubeErrorClass which, Error error, KubeStatus status = {}, std::vector<FieldConflict> conflicts = {});

  [[nodiscard]] KubeErrorClass error_class() const noexcept { return class_; }
  [[nodiscard]] bool is(KubeErrorClass which) const noexcept { return class_ == which; }
  /// What the server said; empty when it said nothing.
  [[nodiscard]] const KubeStatus& status() const noexcept { return detail_->status; }
  /// Who owns what, for `field_conflict`: in the order of fields and managers, each once.
  [[nodiscard]] const std::vector<FieldConflict>& conflicts() const noexcept { return detail_->conflicts; }
  /// The same request can succeed a little later.
  [[nodiscard]] bool transient() const noexcept;
  /// It says nothing about the very object that was asked about: nobody answered, or who answered did not look at it.
  [[nodiscard]] bool is_outage() const noexcept;
  /// The request was sent, and nobody knows whether it was carried out.
  [[nodiscard]] bool outcome_unknown() const noexcept { return outcome_unknown_; }

  [[nodiscard]] KubeError in(std::string step) const;
  [[nodiscard]] KubeError with_hint(std::string hint) const;
  [[nodiscard]] KubeError with_outcome_unknown() const;

 private:
  struct Detail {
    KubeStatus status;
    std::vector<FieldConflict> conflicts;
  };
  KubeError with(Error error) const;

  KubeErrorClass class_ = KubeErrorClass::local;
  bool outcome_unknown_ = false;
  std::shared_ptr<const Detail> detail_;
};

/// A Result whose error is a KubeError. It is a Result: GITOPSCTL_TRY and functions that return Result take it as it is.
template <class T>
class [[nodiscard]] KubeResult : public Result<T> {
 public:
  KubeResult(T value) : Result<T>(std::move(value)) {}  // NOLINT(google-explicit-constructor)
  KubeResult(KubeError error)                           // NOLINT(google-explicit-constructor)
      : Result<T>(static_cast<const Error&>(error)), error_(std::move(error)) {}
  KubeResult(Error error) : KubeResult(KubeError(std::move(error))) {}  // NOLINT(google-explicit-constructor)

  /// As Result::error(), with the class.
  [[nodiscard]] const KubeError& error() const {
    if (!error_) std::abort();
    return *error_;
  }

 private:
  std::optional<KubeError> error_;
};

/// Success without a value, or a KubeError.
template <>
class [[nodiscard]] KubeResult<void> : public Result<void> {
 public:
  KubeResult() = default;
  KubeResult(KubeError error)  // NOLINT(google-explicit-constructor)
      : Result<void>(static_cast<const Error&>(error)), error_(std::move(error)) {}
  KubeResult(Error error) : KubeResult(KubeError(std::move(error))) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] const KubeError& error() const {
    if (!error_) std::abort();
    return *error_;
  }

 private:
  std::optional<KubeError> error_;
};

/// What was asked, as far as its answer depends on it.
struct RequestFacts {
  std::string what;        ///< for people: `apply of Secret web/key`
  std::string resource;    ///< `secrets`; of a namespace itself: `namespaces`
  bool sensitive = false;  ///< the body is secret: texts that may quote it are not shown
  bool names_uid = false;  ///< the body of an apply names a uid: it asks for that very object
};

/// A refusal as it came over the wire.
struct RawRefusal {
  int code = 0;
  std::string_view content_type;
  std::string_view retry_after;  ///< the header
  std::string_view body;
};

/// What an answer of 300 and more means: the HTTP code, the reason and the words of the message together, since neither
/// alone says it (a schema error of an apply is a 500; quota, access rules, policies and dying namespaces are all 403).
/// Answers that are no Status of an API server are never read as absence. Pure.
[[nodiscard]] KubeError read_refusal(const RawRefusal& raw, const RequestFacts& facts, TimePoint now);

/// The same for a `Status` object that came inside an answer, as the ERROR event of a watch does.
[[nodiscard]] KubeError read_status(const Value& status, const RequestFacts& facts);

/// The owner phrase of a conflict's cause: `conflict with "M" with subresource "scale" using apps/v1`; nothing when it is in
/// no known form.
[[nodiscard]] std::optional<FieldConflict> parse_conflict(std::string_view message, std::string_view field);

/// A cause's text without the value that it quotes: `Invalid value: "x": must be y` gives `must be y`. One line.
[[nodiscard]] std::string without_value(std::string_view cause_message);

/// `text` of a server, safe to show: without registered secrets and control characters, at most `max_bytes`.
[[nodiscard]] std::string scrub(std::string_view text, std::size_t max_bytes = 1024);

}  // namespace gitopsctl::agent
