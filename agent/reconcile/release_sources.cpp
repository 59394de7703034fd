#include "agent/reconcile/release_sources.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/budget/budget.hpp"
#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "base/text/escape.hpp"
#include "render/helm/values_text.hpp"

namespace gitopsctl::agent {

namespace {

using channels::ValuesSource;
using render::LookupQuestion;

constexpr std::string_view absent = "absent";

/// Keyed: it is published, and what it is of may be a short secret.
std::string digest_of(const std::string& installation_key, std::string_view bytes) {
  return "hmac:" + hmac_sha256_hex(installation_key, "source of a render\n" + std::string(bytes));
}

bool is_nothing(const Value& answer) { return answer.is_map() && answer.size() == 0; }

std::string digest_of_answer(const std::string& installation_key, const Value& answer) {
  return is_nothing(answer) ? std::string(absent) : digest_of(installation_key, canonical_json(answer));
}

LookupQuestion question_of(const ValuesSource& source, const std::string& namespace_) {
  return {"v1", std::string(source.kind_name()), namespace_, source.name};
}

/// The text of a key of a ConfigMap or Secret; nothing when it is not there.
Result<std::optional<std::string>> text_of(const Value& object, const std::string& kind, const std::string& key) {
  const auto member = [&](std::string_view part) -> const Value* {
    const Value* data = object.find(part);
    const Value* found = data == nullptr ? nullptr : data->find(key);
    return found != nullptr && found->is_string() ? found : nullptr;
  };
  const Value* plain = member("data");
  if (kind == "ConfigMap" && plain != nullptr) return std::optional<std::string>(plain->as_string());
  const Value* encoded = kind == "Secret" ? plain : member("binaryData");
  if (encoded == nullptr) return std::optional<std::string>();
  auto bytes = base64_decode(encoded->as_string());
  // The error of the decoder would quote it.
  if (!bytes.ok()) return Error(ErrorCode::invalid_input, "the key '" + key + "' is not in base64");
  return std::optional<std::string>(*std::move(bytes));
}

std::string source_name(const LookupQuestion& question, const std::string& key) {
  return question.to_string() + ", key " + key;
}

}  // namespace

SourceAccess sources_in(Environment& environment, std::vector<std::string> namespaces) {
  return {[&environment](const LookupQuestion& question, const Interrupt& interrupt) {
            return environment.look_up(question, interrupt);
          },
          std::move(namespaces),
          {}};
}

std::vector<channels::SourceRecord> records_of(const std::vector<SourceRead>& reads) {
  std::vector<channels::SourceRecord> out;
  out.reserve(reads.size());
  for (const auto& read : reads) out.push_back({read.source, read.digest});
  return out;
}

bool unchanged(const std::vector<SourceRead>& reads, const std::string& installation_key, const SourceAccess& access) {
  std::map<LookupQuestion, Value> answers;
  for (const auto& read : reads) {
    auto known = answers.find(read.question);
    if (known == answers.end()) {
      if (!access.ask) return false;
      auto answer = access.ask(read.question, access.interrupt);
      if (!answer.ok()) return false;
      known = answers.emplace(read.question, *std::move(answer)).first;
    }
    if (read.key.empty()) {
      if (digest_of_answer(installation_key, known->second) != read.digest) return false;
      continue;
    }
    const auto text = text_of(known->second, read.question.kind, read.key);
    if (!text.ok() || (*text ? digest_of(installation_key, **text) : std::string(absent)) != read.digest) return false;
  }
  return true;
}

ReleaseSources::ReleaseSources(const channels::Release& release, const std::string& installation_key,
                               const SourceAccess& access)
    : release_(release), key_(installation_key), access_(access) {
  // They stand in every message about the release.
  for (const auto* word : {&release.name, &release.namespace_, &release.helm_name}) secrets_.allow(*word);
}

Result<Value> ReleaseSources::ask(const LookupQuestion& question) {
  if (const auto known = answers_.find(question); known != answers_.end()) return known->second;
  GITOPSCTL_CHECK(access_.interrupt.check("reading what a release takes from the environment"));
  auto answer = access_.ask(question, access_.interrupt);
  if (answer.ok()) secrets_.learn_object(*answer);
  return answers_.emplace(question, std::move(answer)).first->second;
}

Result<std::optional<std::string>> ReleaseSources::read_key(const ValuesSource& source, const LookupQuestion& question) {
  GITOPSCTL_TRY(const auto object, ask(question));
  if (is_nothing(object)) {
    if (source.optional) return std::optional<std::string>();
    return Error(ErrorCode::not_found, question.to_string() + " does not exist");
  }
  GITOPSCTL_TRY(auto text, text_of(object, question.kind, source.key));
  if (!text && !source.optional)
    return Error(ErrorCode::not_found, question.to_string() + " has no key '" + source.key + "'");
  if (text && text->size() > max_value_bytes) {
    return Error(ErrorCode::too_large,
                 source_name(question, source.key) + " has more than " + std::to_string(max_value_bytes >> 20U) + " MiB");
  }
  return text;
}

Result<std::vector<render::GivenValues>> ReleaseSources::values() {
  std::vector<render::GivenValues> out;
  values_read_.clear();
  if (release_.values_from.empty()) return out;
  const auto& first = release_.values_from.front();
  if (!access_.ask) {
    return Error(ErrorCode::needs_source, "values of " + question_of(first, release_.namespace_).to_string() +
                                              " are needed, and no cluster is asked here")
        .at(first.where)
        .with_hint(
            "`gitopsctl render` takes them from a file (--lookup-snapshot), `gitopsctl diff` of a bound channel "
            "from its cluster");
  }
  const auto& allowed = access_.namespaces;
  if (!allowed.empty() && std::ranges::find(allowed, release_.namespace_) == allowed.end()) {
    return Error(ErrorCode::forbidden,
                 "values are not read from namespace '" + release_.namespace_ + "', which the binding does not allow")
        .at(first.where)
        .with_hint("the agent's file lists the namespaces of the channel (bindings[].namespaces)");
  }
  for (const auto& source : release_.values_from) {
    const auto question = question_of(source, release_.namespace_);
    auto text = read_key(source, question);
    if (!text.ok()) {
      const Error& error = text.error();
      const bool missing = error.code() == ErrorCode::not_found;
      return Error(error.code(), "values of the release: " + error.message())
          .at(source.where)
          .with_hint(missing ? "put it there; `optional: true` says that there may be none" : error.hint());
    }
    values_read_.push_back({question, source.key, *text ? digest_of(key_, **text) : std::string(absent),
                            question.to_string() + ' ' + source.key});
    if (!*text) continue;
    render::GivenValues given{source_name(question, source.key), **std::move(text), source.target_path};
    if (source.is_secret()) {
      // The object's own learning saw the text as a whole.
      const auto values = render::helm::read_values(given.text, given.source, {}, false);
      if (given.target_path.empty() && values.ok()) secrets_.learn(*values);
    }
    out.push_back(std::move(given));
  }
  return out;
}

render::Lookup ReleaseSources::lookup() {
  if (!release_.lookup || !access_.ask) return {};
  return [this](const LookupQuestion& question) -> Result<Value> {
    // On a thread with a budget, and kept beyond it.
    const BudgetDeferral kept;
    used_.insert(question);
    if (const auto known = answers_.find(question); known != answers_.end()) return known->second;
    if (used_.size() > max_lookups) {
      return Error(ErrorCode::too_large, "more than " + std::to_string(max_lookups) + " different lookups");
    }
    missing_.insert(question);
    return Value::map();
  };
}

void ReleaseSources::begin_round() {
  missing_.clear();
  used_.clear();
}

Result<void> ReleaseSources::find_missing() {
  for (const auto& question : missing_) {
    auto answer = ask(question);
    if (!answer.ok()) {
      switch (answer.error().code()) {
        case ErrorCode::forbidden:
        case ErrorCode::unsupported:
        case ErrorCode::invalid_input:
        case ErrorCode::too_large: continue;
        default: return answer.error().in("lookup of " + terminal_safe(truncate_utf8(question.to_string(), 200)));
      }
    }
    answered_bytes_ += canonical_json(*answer).size();
    if (answered_bytes_ > max_lookup_bytes) {
      return Error(ErrorCode::too_large,
                   "lookups of the release answer more than " + std::to_string(max_lookup_bytes >> 20U) + " MiB")
          .with_hint("look up single objects instead of lists");
    }
  }
  return {};
}

std::optional<Error> ReleaseSources::refused() const {
  for (const auto& question : used_) {
    const auto answer = answers_.find(question);
    if (answer == answers_.end() || answer->second.ok()) continue;
    return answer->second.error().in("lookup of " + terminal_safe(truncate_utf8(question.to_string(), 200)));
  }
  return std::nullopt;
}

std::vector<SourceRead> ReleaseSources::reads() const {
  std::vector<SourceRead> out = values_read_;
  for (const auto& question : used_) {
    const auto answer = answers_.find(question);
    if (answer == answers_.end() || !answer->second.ok()) continue;
    out.push_back({question, "", digest_of_answer(key_, *answer->second),
                   secrets_.scrub("lookup " + question.api_version + ' ' + question.to_string())});
  }
  return out;
}

}  // namespace gitopsctl::agent
