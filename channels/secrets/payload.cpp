#include "channels/secrets/payload.hpp"

#include "base/crypto/digest.hpp"
#include "channels/secrets/secret.hpp"

namespace gitopsctl::channels::secrets {
namespace {

/// As the registry of redaction takes them.
constexpr std::size_t shortest_word = 4;
constexpr std::size_t max_words = 10'000;

YamlOptions options_for(YamlNumbers numbers) {
  YamlOptions options;
  options.numbers = numbers;
  options.max_depth = 100;
  options.max_bytes = max_secret_bytes;
  options.max_alias_nodes = 10'000;
  options.max_nodes = 200'000;
  options.max_documents = max_secret_documents;
  options.unique_keys = true;
  options.quote_content = false;
  return options;
}

/// What a reader said, without anything that it may have quoted.
Error unreadable(const Error& error) {
  const bool large = error.code() == ErrorCode::too_large;
  return Error(large ? ErrorCode::too_large : ErrorCode::invalid_input,
               large ? "its YAML is larger or deeper than a secret may be" : "it is no YAML")
      .at({"", error.where().line, error.where().column});
}

Error bad(std::string_view what, int line) { return Error(ErrorCode::invalid_input, std::string(what)).at({"", line, 0}); }

void check_document(const YamlDocument& document, const std::string& release_namespace, std::vector<SecretObject>& out,
                    std::vector<Error>& mistakes) {
  const Value& object = document.value;
  if (!object.is_map()) {
    mistakes.push_back(bad("a document of it is no object", document.line));
    return;
  }
  for (const auto* key : {"apiVersion", "kind"}) {
    if (object.string_at({key}).empty())
      mistakes.push_back(bad("an object of it has no " + std::string(key), document.line));
  }
  if (object.string_at({"metadata", "name"}).empty())
    mistakes.push_back(bad("an object of it has no metadata.name", document.line));
  const Value* own = object.find_path({"metadata", "namespace"});
  if (own != nullptr && !own->is_nothing() && (!own->is_string() || own->as_string().empty())) {
    mistakes.push_back(bad("an object of it has a metadata.namespace that is no text", document.line));
    return;
  }
  const std::string named(own == nullptr ? std::string_view{} : own->as_string());
  if (named.empty() && release_namespace.empty()) {
    mistakes.push_back(bad("an object of it has no namespace, and the release has none either", document.line)
                           .with_hint("write metadata.namespace, or the release's namespace"));
  } else if (!named.empty() && !release_namespace.empty() && named != release_namespace) {
    mistakes.push_back(Error(ErrorCode::forbidden,
                             "an object of it has another namespace than the release, which is '" + release_namespace + "'")
                           .at({"", document.line, 0})
                           .with_hint("leave out metadata.namespace, or list the secret in a release of that namespace"));
  }
  out.push_back({object, named.empty() ? release_namespace : named, document.line});
}

void add_words(const Value& value, std::vector<std::string>& out) {  // NOLINT(misc-no-recursion)
  if (out.size() >= max_words) return;
  if (value.is_string() && value.as_string().size() >= shortest_word) out.emplace_back(value.as_string());
  for (const auto& item : value.as_list()) add_words(item, out);
  for (const auto& member : value.as_map()) add_words(member.value, out);
}

}  // namespace

Result<std::vector<SecretObject>> read_secret_manifest(std::string_view secret, const std::string& release_namespace) {
  const auto documents = parse_yaml_stream(secret, options_for(YamlNumbers::integers));
  if (!documents.ok()) return unreadable(documents.error());
  std::vector<SecretObject> out;
  std::vector<Error> mistakes;
  for (const auto& document : *documents) check_document(document, release_namespace, out, mistakes);
  if (documents->empty()) mistakes.push_back(bad("there is no object in it", 1));
  if (!mistakes.empty()) return combine(std::move(mistakes));
  return out;
}

Result<Value> read_secret_values(std::string_view secret, YamlNumbers numbers) {
  const auto documents = parse_yaml_stream(secret, options_for(numbers));
  if (!documents.ok()) return unreadable(documents.error());
  if (documents->empty()) return bad("there are no values in it", 1);
  if (documents->size() > 1) return bad("it has more than one document", (*documents)[1].line);
  if (!documents->front().value.is_map()) return bad("it is no map", documents->front().line);
  return documents->front().value;
}

std::vector<std::string> secret_words(const Value& document) {
  std::vector<std::string> out;
  const bool manifest = !document.string_at({"apiVersion"}).empty() && !document.string_at({"kind"}).empty();
  for (const auto& member : document.as_map()) {
    const auto key = member.key.view();
    if (manifest && (key == "apiVersion" || key == "kind" || key == "metadata" || key == "type")) continue;
    add_words(member.value, out);
  }
  if (!manifest || document.string_at({"kind"}) != "Secret") return out;
  if (const Value* data = document.find("data")) {
    for (const auto& member : data->as_map()) {
      auto plain = base64_decode(member.value.as_string());
      if (plain.ok() && plain->size() >= shortest_word && out.size() < max_words) out.push_back(*std::move(plain));
    }
  }
  return out;
}

}  // namespace gitopsctl::channels::secrets
