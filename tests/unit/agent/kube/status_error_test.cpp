#include "agent/kube/status_error.hpp"

#include <doctest/doctest.h>

#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "base/log/redaction.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;

namespace {

using Class = KubeErrorClass;

struct Cause {
  std::string reason;
  std::string message;
  std::string field;
};

std::string status_body(int code, const std::string& reason, const std::string& message,
                        const std::vector<Cause>& causes = {}, const std::string& details_kind = {}, int retry_seconds = 0) {
  Value details = Value::map();
  if (!details_kind.empty()) details.set("kind", Value::string(details_kind));
  if (retry_seconds > 0) details.set("retryAfterSeconds", Value::int64(retry_seconds));
  if (!causes.empty()) {
    Value list = Value::list();
    for (const auto& cause : causes) {
      list.push_back(make_map({{"reason", Value::string(cause.reason)},
                               {"message", Value::string(cause.message)},
                               {"field", Value::string(cause.field)}}));
    }
    details.set("causes", list);
  }
  Value status = make_map({{"kind", Value::string("Status")},
                           {"apiVersion", Value::string("v1")},
                           {"metadata", Value::map()},
                           {"status", Value::string("Failure")},
                           {"message", Value::string(message)},
                           {"details", details},
                           {"code", Value::int64(code)}});
  if (!reason.empty()) status.set("reason", Value::string(reason));
  return *to_json(status);
}

KubeError refusal(int code, const std::string& body,
                  const RequestFacts& facts = {"apply of apps/Deployment web/nginx", "deployments"},
                  const std::string& content_type = "application/json", const std::string& retry_after = {}) {
  return read_refusal({code, content_type, retry_after, body}, facts, TimePoint(Millis(0)));
}

bool holds(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// Everything that a KubeError can show.
std::string all_words(const KubeError& error) {
  std::string out = error.to_string() + '\n' + error.hint() + '\n' + error.status().message + '\n' + error.status().reason +
                    '\n' + error.status().webhook + '\n';
  for (const auto& cause : error.status().causes) out += cause.reason + '\n' + cause.message + '\n' + cause.field + '\n';
  for (const auto& conflict : error.conflicts()) out += conflict.manager + '\n' + conflict.field + '\n';
  return out;
}

struct Row {
  const char* name;
  int code;
  std::string body;
  Class which;
  ErrorCode error_code;
  bool transient;
  std::string content_type = "application/json";
};

std::vector<Row> rows() {
  const auto s = status_body;
  return {
      {"name differs", 400,
       s(400, "BadRequest", "the name of the object (a) does not match the name on the URL (b)", {}, "", 0),
       Class::bad_request, ErrorCode::invalid_input, false},
      {"strict decoding", 400, s(400, "BadRequest", "strict decoding error: unknown field \"spec.x\"", {}, "", 0),
       Class::bad_request, ErrorCode::invalid_input, false},
      {"unauthorized", 401, s(401, "Unauthorized", "Unauthorized", {}, "", 0), Class::unauthorized, ErrorCode::forbidden,
       false},
      {"unauthorized, text", 401, "Unauthorized\n", Class::unauthorized, ErrorCode::forbidden, false, "text/plain"},
      {"rights", 403,
       s(403, "Forbidden",
         "configmaps \"a\" is forbidden: User \"x\" cannot patch resource \"configmaps\" in API group \"\"", {},
         "configmaps", 0),
       Class::forbidden, ErrorCode::forbidden, false},
      {"quota exceeded", 403,
       s(403, "Forbidden", "pods \"a\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1",
         {}, "pods", 0),
       Class::quota, ErrorCode::forbidden, false},
      {"quota failed", 403,
       s(403, "Forbidden", "pods \"a\" is forbidden: failed quota: q: must specify limits.cpu for: c", {}, "pods", 0),
       Class::quota, ErrorCode::forbidden, false},
      {"terminating namespace", 403,
       s(403, "Forbidden",
         "configmaps \"a\" is forbidden: unable to create new content in namespace n because it is being terminated",
         {{"NamespaceTerminating", "namespace n is being terminated", "metadata.namespace"}}, "configmaps", 0),
       Class::terminating, ErrorCode::unavailable, false},
      {"terminating definition", 403,
       s(403, "Forbidden",
         "widgets.x.io \"a\" is forbidden: create not allowed while custom resource definition is terminating", {}, "", 0),
       Class::terminating, ErrorCode::unavailable, false},
      {"terminating namespace, deleted again", 409,
       s(409, "Conflict",
         "Operation cannot be fulfilled on namespaces \"n\": The system is ensuring all content is removed from this "
         "namespace.  Upon completion, this namespace will automatically be purged by the system.",
         {}, "namespaces", 0),
       Class::terminating, ErrorCode::unavailable, false},
      {"policy", 422,
       s(422, "Invalid",
         "configmaps \"a\" is forbidden: ValidatingAdmissionPolicy 'P' with binding 'B' denied request: no such luck", {},
         "configmaps", 0),
       Class::denied, ErrorCode::forbidden, false},
      {"webhook says no", 403, s(403, "Forbidden", "admission webhook \"w.x.io\" denied the request: because", {}, "", 0),
       Class::denied, ErrorCode::forbidden, false},
      {"webhook says no with a code of its own", 500,
       s(500, "", "admission webhook \"w.x.io\" denied the request: why", {}, "", 0), Class::denied, ErrorCode::forbidden,
       false},
      {"namespace missing", 404, s(404, "NotFound", "namespaces \"n\" not found", {}, "namespaces", 0),
       Class::namespace_missing, ErrorCode::not_found, false},
      {"unknown path", 404, "404 page not found\n", Class::no_match, ErrorCode::invalid_input, false,
       "text/plain; charset=utf-8"},
      {"unknown resource", 404, s(404, "NotFound", "the server could not find the requested resource", {}, "", 0),
       Class::no_match, ErrorCode::invalid_input, false},
      {"absent", 404, s(404, "NotFound", "deployments.apps \"a\" not found", {}, "deployments", 0), Class::not_found,
       ErrorCode::not_found, false},
      {"a proxy's page", 404, "<html>404 Not Found</html>", Class::foreign_answer, ErrorCode::unavailable, false,
       "text/html"},
      {"a proxy's text", 404, "default backend - 404", Class::foreign_answer, ErrorCode::unavailable, false, "text/plain"},
      {"some JSON", 404, "{\"error\":\"not found\"}", Class::foreign_answer, ErrorCode::unavailable, false},
      {"a Status of another reason", 404, s(404, "", "gone fishing", {}, "", 0), Class::foreign_answer,
       ErrorCode::unavailable, false},
      {"a login page", 302, "<html>log in</html>", Class::foreign_answer, ErrorCode::unavailable, false, "text/html"},
      {"a proxy forbids", 403, "Forbidden", Class::foreign_answer, ErrorCode::unavailable, false, "text/plain"},
      {"field conflict", 409,
       s(409, "Conflict", "Apply failed with 1 conflict: conflict with \"kubectl\": .data.a",
         {{"FieldManagerConflict", "conflict with \"kubectl\"", ".data.a"}}, "", 0),
       Class::field_conflict, ErrorCode::conflict, false},
      {"stale write", 409,
       s(409, "Conflict",
         "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes to the "
         "latest version and try again",
         {}, "configmaps", 0),
       Class::stale_write, ErrorCode::conflict, false},
      {"uid guard", 409,
       s(409, "Conflict",
         "Operation cannot be fulfilled on ConfigMap \"a\": the UID in the precondition (A) does not match the UID in "
         "record "
         "(B). The object might have been deleted and then recreated",
         {}, "ConfigMap", 0),
       Class::precondition, ErrorCode::conflict, false},
      {"version guard", 409,
       s(409, "Conflict",
         "Operation cannot be fulfilled on ConfigMap \"a\": the ResourceVersion in the precondition (1) does not match the "
         "ResourceVersion in record (2). The object might have been modified",
         {}, "ConfigMap", 0),
       Class::precondition, ErrorCode::conflict, false},
      {"uid of an apply", 409,
       s(409, "Conflict",
         "Operation cannot be fulfilled on configmaps \"a\": uid mismatch: the provided object specified uid A, and no "
         "existing "
         "object was found",
         {}, "configmaps", 0),
       Class::precondition, ErrorCode::conflict, false},
      {"exists", 409, s(409, "AlreadyExists", "configmaps \"a\" already exists", {}, "configmaps", 0), Class::already_exists,
       ErrorCode::conflict, false},
      {"expired", 410, s(410, "Expired", "The provided continue parameter is too old", {}, "", 0), Class::expired,
       ErrorCode::unavailable, false},
      {"gone", 410, s(410, "Gone", "too old resource version: 1 (2)", {}, "", 0), Class::expired, ErrorCode::unavailable,
       false},
      {"method", 405,
       s(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {}, "", 0),
       Class::misuse, ErrorCode::internal, false},
      {"accept", 406, s(406, "NotAcceptable", "only the following media types are accepted", {}, "", 0), Class::misuse,
       ErrorCode::internal, false},
      {"media type", 415, s(415, "UnsupportedMediaType", "the body of the request was in an unknown format", {}, "", 0),
       Class::misuse, ErrorCode::internal, false},
      {"too large", 413, s(413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728", {}, "", 0),
       Class::too_large, ErrorCode::too_large, false},
      {"invalid", 422,
       s(422, "Invalid", "Deployment.apps \"a\" is invalid: spec.replicas: Invalid value: -1: must be >= 0",
         {{"FieldValueInvalid", "Invalid value: -1: must be greater than or equal to 0", "spec.replicas"}}, "Deployment", 0),
       Class::invalid, ErrorCode::invalid_input, false},
      {"too many requests, text", 429, "Too many requests, please try again later.\n", Class::throttled,
       ErrorCode::unavailable, true, "text/plain; charset=utf-8"},
      {"too many requests, Status", 429, s(429, "TooManyRequests", "busy", {}, "", 2), Class::throttled,
       ErrorCode::unavailable, true},
      {"schema", 500,
       s(500, "",
         "failed to create typed patch object (n/a; apps/v1, Kind=Deployment): .spec.x: field not declared in schema", {},
         "", 0),
       Class::schema, ErrorCode::invalid_input, false},
      {"no base64", 500,
       s(500, "", "failed to convert new object (n/a; /v1, Kind=Secret): illegal base64 data at input byte 4", {}, "", 0),
       Class::schema, ErrorCode::invalid_input, false},
      {"webhook refused", 500,
       s(500, "InternalError",
         "Internal error occurred: failed calling webhook \"w.x.io\": failed to call webhook: Post "
         "\"https://w.n.svc:443/?timeout=10s\": dial tcp: connection refused",
         {{"", "failed calling webhook \"w.x.io\"", ""}}, "", 0),
       Class::webhook, ErrorCode::unavailable, true},
      {"internal", 500, s(500, "InternalError", "Internal error occurred: etcdserver: leader changed", {}, "", 0),
       Class::unavailable, ErrorCode::unavailable, true},
      {"bad gateway", 502, "<html>", Class::unavailable, ErrorCode::unavailable, true, "text/html"},
      {"stale group", 503, "service unavailable\n", Class::unavailable, ErrorCode::unavailable, true, "text/plain"},
      {"shutting down", 503, s(503, "ServiceUnavailable", "apiserver is shutting down", {}, "", 1), Class::unavailable,
       ErrorCode::unavailable, true},
      {"timeout", 504, s(504, "Timeout", "Timeout: request did not complete within requested timeout", {}, "", 0),
       Class::unavailable, ErrorCode::unavailable, true},
      {"future version", 504,
       s(504, "Timeout", "Timeout: Too large resource version: 99, current: 5",
         {{"ResourceVersionTooLarge", "Too large resource version", ""}}, "", 1),
       Class::future_version, ErrorCode::unavailable, true},
  };
}

}  // namespace

TEST_SUITE("kube/status_error") {
  TEST_CASE("every row of the table has its class") {
    for (const auto& row : rows()) {
      CAPTURE(row.name);
      const auto error =
          refusal(row.code, row.body, {"apply of apps/Deployment web/nginx", "deployments"}, row.content_type);
      CHECK(class_name(error.error_class()) == class_name(row.which));
      CHECK(error.code() == row.error_code);
      CHECK(error.transient() == row.transient);
      CHECK(error.status().code == row.code);
      CHECK_FALSE(error.message().empty());
      CHECK_FALSE(holds(error.message(), "\n"));
      CHECK(error.to_string().starts_with("apply of apps/Deployment web/nginx: "));
    }
  }

  TEST_CASE("only the server's own word proves absence") {
    for (const auto& row : rows()) {
      CAPTURE(row.name);
      const auto error = refusal(row.code, row.body, {"", "deployments"}, row.content_type);
      CHECK(error.is(Class::not_found) == (std::string(row.name) == "absent"));
      // Cut short, or as a proxy would relabel it: never absence.
      const auto cut = refusal(row.code, row.body.substr(0, row.body.size() / 2), {"", "deployments"}, row.content_type);
      CHECK_FALSE(cut.is(Class::not_found));
    }
    CHECK_FALSE(refusal(404, "").is(Class::not_found));
    CHECK_FALSE(
        refusal(404, std::string(5U << 20U, ' ') + status_body(404, "NotFound", "x \"a\" not found")).is(Class::not_found));
  }

  TEST_CASE("a missing namespace is told from a namespace that is asked for") {
    const auto body = status_body(404, "NotFound", "namespaces \"n\" not found", {}, "namespaces");
    CHECK(refusal(404, body, {"", "configmaps"}).is(Class::namespace_missing));
    CHECK(refusal(404, body, {"", "namespaces"}).is(Class::not_found));
  }

  TEST_CASE("a uid in an apply asks for that very object") {
    const Cause cause{"FieldValueInvalid", "Invalid value: \"x\": field is immutable", "metadata.uid"};
    const std::string text = "ConfigMap \"a\" is invalid: metadata.uid: Invalid value: \"x\": field is immutable";
    const auto once = status_body(422, "Invalid", text, {cause});
    const auto twice = status_body(422, "Invalid", text, {cause, cause});  // as the server has it
    const auto more = status_body(422, "Invalid", text, {cause, {"FieldValueRequired", "Required value", "spec.x"}});
    CHECK(refusal(422, once, {"", "configmaps", false, true}).is(Class::precondition));
    CHECK(refusal(422, twice, {"", "configmaps", false, true}).is(Class::precondition));
    CHECK(refusal(422, once, {"", "configmaps", false, false}).is(Class::invalid));
    CHECK(refusal(422, more, {"", "configmaps", false, true}).is(Class::invalid));
    CHECK(refusal(422, twice, {"", "configmaps", false, false}).message() == "metadata.uid: field is immutable");
  }

  TEST_CASE("text of others does not choose the class") {
    // A field's value and a pod's name are somebody's words.
    const auto quoted =
        status_body(403, "Forbidden",
                    "configmaps \"a\" is forbidden: User \"ValidatingAdmissionPolicy 'P' with binding 'B' denied "
                    "request: \" cannot get resource");
    CHECK(refusal(403, quoted).is(Class::forbidden));
    const auto inner =
        status_body(500, "InternalError", "Internal error occurred: admission webhook \"w\" denied the request: x");
    CHECK(refusal(500, inner).is(Class::unavailable));
    const auto schema = status_body(500, "InternalError", "Internal error occurred: failed to create typed patch object");
    CHECK(refusal(500, schema).is(Class::unavailable));
  }

  TEST_CASE("conflicts are read from the causes, in an order of their own") {
    const auto error = refusal(
        409, status_body(409, "Conflict", "Apply failed with 4 conflicts: …",
                         {{"FieldManagerConflict", "conflict with \"hpa\" with subresource \"scale\" using apps/v1",
                           ".spec.replicas"},
                          {"FieldManagerConflict", "conflict with \"kubectl-edit\" using v1", ".metadata.labels.a.b/c"},
                          {"FieldManagerConflict", "conflict with \"a \\\"b\\\"\"", ".spec.replicas"},
                          {"FieldManagerConflict", "conflict with \"kubectl-edit\" using v1", ".metadata.labels.a.b/c"},
                          {"FieldManagerConflict", "words of a later version", ".data.x"}}));
    REQUIRE(error.is(Class::field_conflict));
    const std::vector<FieldConflict> expected{
        {"", "", "", "", ".data.x"},
        {"kubectl-edit", "Update", "", "v1", ".metadata.labels.a.b/c"},
        {"a \"b\"", "Apply", "", "", ".spec.replicas"},
        {"hpa", "Update", "scale", "apps/v1", ".spec.replicas"},
    };
    CHECK(error.conflicts() == expected);
    CHECK(
        error.message() ==
        "other managers own .data.x (unknown), .metadata.labels.a.b/c (kubectl-edit, by update), .spec.replicas (a \"b\"), "
        ".spec.replicas (hpa, subresource scale, by update)");
    CHECK_FALSE(parse_conflict("conflict with \"open", ".a").has_value());
    CHECK_FALSE(parse_conflict("", ".a").has_value());
  }

  TEST_CASE("values that causes quote are left out, the reason stays") {
    CHECK(without_value("Invalid value: \"Foo: \\\"x\\\": bar\": a lowercase RFC 1123 label must consist of …") ==
          "a lowercase RFC 1123 label must consist of …");
    CHECK(without_value("Invalid value: -1: must be greater than or equal to 0") == "must be greater than or equal to 0");
    CHECK(without_value("Invalid value: core.PodTemplateSpec{Labels:map[string]string{\"a\": \"b}: \"}, Spec: x}: field is "
                        "immutable") == "field is immutable");
    CHECK(without_value("Invalid value: {\"metadata\":{\"a\":\"}\"}}: field is immutable") == "field is immutable");
    CHECK(without_value("Unsupported value: \"x\": supported values: \"a\", \"b\"") == "supported values: \"a\", \"b\"");
    CHECK(without_value("Duplicate value: \"x\"") == "Duplicate value");
    CHECK(without_value("Invalid value: {\"cut") == "Invalid value");
    CHECK(without_value("Forbidden: pod updates may not change fields other than `spec.x`\n  core.PodSpec{ secret }") ==
          "Forbidden: pod updates may not change fields other than `spec.x`");
    CHECK(without_value("Required value") == "Required value");
  }

  TEST_CASE("an invalid object is told by its fields") {
    std::vector<Cause> causes;
    for (int i = 0; i < 130; ++i) {
      causes.push_back({"FieldValueInvalid", "Invalid value: \"x\": wrong", "spec.f" + std::to_string(i)});
    }
    const auto error = refusal(422, status_body(422, "Invalid", std::string(9000, 'x'), causes, "Deployment"));
    CHECK(error.status().causes.size() == 100);
    CHECK(error.status().causes_dropped == 30);
    CHECK(error.message() == "spec.f0: wrong; spec.f1: wrong; spec.f2: wrong; spec.f3: wrong; spec.f4: wrong and 125 more");
    CHECK(error.status().message.size() < 1100);
  }

  TEST_CASE("how long to wait comes from the header or from the details") {
    CHECK(refusal(429, "Too many requests", {}, "text/plain", "3").status().retry_after == Millis(3000));
    CHECK(refusal(429, status_body(429, "TooManyRequests", "busy", {}, "", 2)).status().retry_after == Millis(2000));
    CHECK(refusal(429, status_body(429, "TooManyRequests", "busy", {}, "", 2), {}, "application/json", "5")
              .status()
              .retry_after == Millis(5000));
    CHECK_FALSE(refusal(429, "Too many requests", {}, "text/plain", "soon").status().retry_after.has_value());
  }

  TEST_CASE("webhooks and policies are named") {
    for (const auto& row : rows()) {
      const auto error = refusal(row.code, row.body);
      if (row.which == Class::webhook) {
        CHECK(error.status().webhook == "w.x.io");
        CHECK(error.message() ==
              "the admission webhook w.x.io could not be asked: Post \"https://w.n.svc:443/?timeout=10s\": dial "
              "tcp: connection refused");
      }
      if (row.which == Class::denied) CHECK((error.status().webhook == "w.x.io" || error.status().webhook == "P"));
    }
  }

  TEST_CASE("nothing of a secret's content is shown, whichever way the server quotes it") {
    const std::string canary = "c4n4ry+value";
    const std::vector<std::string> forms{canary, base64_encode(canary)};
    const RequestFacts facts{"apply of Secret web/key", "secrets", true, false};
    for (const auto& form : forms) {
      for (const int code : {400, 403, 404, 409, 410, 413, 415, 418, 422, 429, 500, 503, 504}) {
        for (const auto* reason : {"", "BadRequest", "Invalid", "InternalError", "Timeout", "Conflict"}) {
          for (const auto& message :
               {"strict decoding error: \"" + form + "\"",
                "failed to create typed patch object (n/a; /v1, Kind=Secret): .data[" + form +
                    "].x: expected string, got &value{" + form + "}",
                "failed to convert new object: " + form, "admission webhook \"w\" denied the request: " + form,
                "failed calling webhook \"w\": failed to call webhook: " + form, form}) {
            if (code == 403 || code == 404 || code == 409 || code == 429) continue;  // made of names, see below
            const auto error = refusal(
                code, status_body(code, reason, message, {{"FieldValueInvalid", "Invalid value: " + form, "data[a]"}}),
                facts);
            CAPTURE(code);
            CAPTURE(message);
            CHECK_FALSE(holds(all_words(error), form));
          }
        }
      }
      CHECK_FALSE(holds(all_words(refusal(400, form, facts, "text/plain")), form));
    }
    const auto denied =
        refusal(403, status_body(403, "Forbidden", "admission webhook \"w\" denied the request: " + canary), facts);
    CHECK(denied.message() == "denied by w (its words may quote the content)");
    const auto schema =
        refusal(500,
                status_body(500, "",
                            "failed to create typed patch object (n/a; /v1, Kind=Secret): errors:\n  .dta: field not "
                            "declared in schema\n  .data.x: expected string, got 5"),
                facts);
    CHECK(schema.message() == "the server refuses the content at .dta, .data.x");
    const auto base64 = refusal(
        500,
        status_body(500, "", "failed to convert new object (n/a; /v1, Kind=Secret): illegal base64 data at input byte 4"),
        facts);
    CHECK(base64.message() == "the server refuses the content: a value of 'data' is no base64");
    // What is made of names stays readable.
    const auto rights =
        refusal(403, status_body(403, "Forbidden", "secrets \"key\" is forbidden: User \"x\" cannot patch"), facts);
    CHECK(rights.message() == "secrets \"key\" is forbidden: User \"x\" cannot patch");
    const auto invalid = refusal(422, status_body(422, "Invalid", canary, {{"FieldValueInvalid", canary, "type"}}), facts);
    CHECK(invalid.message() == "type: FieldValueInvalid");
  }

  TEST_CASE("registered secrets and control characters are taken out of every text") {
    log::register_secret("hunter2hunter2");
    const auto error = refusal(422, status_body(422, "Invalid", "a\x1B[31m hunter2hunter2",
                                                {{"FieldValueInvalid", "must not be hunter2hunter2", "spec.x\x1B"}}));
    CHECK_FALSE(holds(all_words(error), "hunter2"));
    CHECK_FALSE(holds(all_words(error), "\x1B"));
    // Also one that the cut would halve.
    const std::string long_text = std::string(1015, 'x') + "hunter2hunter2";
    CHECK_FALSE(holds(all_words(refusal(400, status_body(400, "BadRequest", long_text))), "hunter"));
    log::forget_secrets();
  }

  TEST_CASE("the class survives steps and hints, and a plain Error keeps the words") {
    const auto error = refusal(404, status_body(404, "NotFound", "x \"a\" not found")).in("release web").with_hint("look");
    CHECK(error.is(Class::not_found));
    CHECK(error.hint() == "look");
    const auto plain = [&]() -> Result<int> {
      const auto inner = [&]() -> KubeResult<int> { return error; };
      GITOPSCTL_TRY(const int value, inner());
      return value;
    }();
    REQUIRE_FALSE(plain.ok());
    CHECK(plain.error().to_string() == error.to_string());
    const KubeResult<int> local = Error(ErrorCode::timeout, "too late");
    CHECK(local.error().is(Class::local));
    CHECK(local.error().code() == ErrorCode::timeout);
  }

  TEST_CASE("an event's Status is read like an answer's") {
    const auto body = parse_json(status_body(410, "Expired", "too old resource version: 1 (2)"));
    REQUIRE(body.ok());
    CHECK(read_status(*body, {}).is(Class::expired));
    CHECK(read_status(Value::map(), {}).is(Class::unavailable));
  }
}
