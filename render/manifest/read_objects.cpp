#include "render/manifest/read_objects.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "base/yaml/yaml.hpp"

namespace gitopsctl::render {

namespace {

constexpr int max_list_depth = 8;        // a List in a List is legal and pointless; nobody nests further
constexpr std::size_t max_errors = 100;  // a wrong file of 10,000 documents must not become 10,000 messages
constexpr std::size_t max_name = 253;    // Kubernetes: a DNS subdomain's length, the longest of all name rules
constexpr std::size_t max_kind = 63;

std::string_view kind_word(const Value& value) {
  switch (value.kind()) {
    case Kind::absent:
    case Kind::null: return "null";
    case Kind::boolean: return "a boolean";
    case Kind::string: return "a text";
    case Kind::list: return "a list";
    case Kind::map: return "a map";
    default: return "a number";
  }
}

bool letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool valid_kind(std::string_view kind) {
  const bool letter = !kind.empty() && letter_or_digit(kind.front()) && (kind.front() < '0' || kind.front() > '9');
  return letter && kind.size() <= max_kind && std::all_of(kind.begin(), kind.end(), letter_or_digit);
}

bool valid_dns_part(std::string_view text) {
  return !text.empty() && text.size() <= max_name &&
         std::all_of(text.begin(), text.end(), [](char c) { return letter_or_digit(c) || c == '.' || c == '-'; });
}

bool valid_api_version(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return valid_dns_part(text);
  return valid_dns_part(text.substr(0, slash)) && valid_dns_part(text.substr(slash + 1));
}

/// What may stand in a URL path as a name; the finer rules of each kind are the server's business.
bool valid_name(std::string_view name) {
  if (name.size() > max_name || name == "." || name == "..") return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte < 0x7F && c != '/' && c != '%';
  });
}

/// Reads documents into objects and notes every mistake.
class Reader {
 public:
  explicit Reader(const ReadObjectsOptions& options = {}) { yaml_.quote_content = options.quote_content; }

  void read(std::string_view text, const std::string& source) {
    source_ = source;
    line_ = 0;
    auto documents = parse_yaml_stream(text, yaml_, source);
    if (!documents) {
      fail(documents.error());
      return;
    }
    for (const auto& document : *documents) read(document, source);
  }

  void read(const YamlDocument& document, const std::string& source) {
    source_ = source;
    line_ = document.line;
    if (!document.value.is_null()) add(document.value, 0);
  }

  Result<std::vector<Object>> finish(std::string_view default_namespace) {
    place_in_namespaces(default_namespace);
    find_duplicates();
    if (errors_.empty()) return std::move(objects_);
    if (dropped_ > 0) {
      errors_.emplace_back(ErrorCode::invalid_input, "and " + std::to_string(dropped_) + " more mistakes");
    }
    return combine(std::move(errors_));
  }

 private:
  void fail(Error error) {
    error = error.at({source_, line_, 0});
    if (errors_.size() < max_errors) {
      errors_.push_back(std::move(error));
    } else {
      ++dropped_;
    }
  }
  void fail(std::string message, std::string hint = {}) {
    Error error(ErrorCode::invalid_input, std::move(message));
    fail(hint.empty() ? error : error.with_hint(std::move(hint)));
  }

  void add(const Value& body, int depth) {
    if (!body.is_map()) {
      fail("the document is " + std::string(kind_word(body)) + ", not an object",
           "a manifest is a map with apiVersion, kind and metadata");
      return;
    }
    const Value* kind = body.find("kind");
    const Value* version = body.find("apiVersion");
    const auto known = errors_.size() + dropped_;
    if (kind == nullptr || kind->is_nothing() || (kind->is_string() && kind->as_string().empty())) {
      fail("the object has no kind");
    } else if (!kind->is_string() || !valid_kind(kind->as_string())) {
      fail("the object's kind is not the name of a kind (letters and digits, " + std::to_string(max_kind) + " at most)");
    }
    if (version == nullptr || version->is_nothing() || (version->is_string() && version->as_string().empty())) {
      fail("the object has no apiVersion");
    } else if (!version->is_string() || !valid_api_version(version->as_string())) {
      fail("the object's apiVersion is neither `version` nor `group/version`");
    }
    const bool readable = errors_.size() + dropped_ == known;
    if (readable && is_list_kind(body)) {
      open_list(body, depth);
    } else {
      add_object(body, readable);
    }
  }

  static bool is_list_kind(const Value& body) {
    const auto kind = body.string_at({"kind"});
    if (kind == "List") return true;
    const Value* items = body.find("items");
    return kind.ends_with("List") && items != nullptr && items->is_list();
  }

  void open_list(const Value& list, int depth) {
    const Value* items = list.find("items");
    if (items == nullptr) {
      fail("the List has no items", "write `items: []` when it is meant to be empty");
      return;
    }
    if (items->is_null()) return;  // what a template with an empty range writes
    if (!items->is_list()) {
      fail("the List's items are " + std::string(kind_word(*items)) + ", not a list");
      return;
    }
    if (depth >= max_list_depth) {
      fail("Lists are nested more than " + std::to_string(max_list_depth) + " deep");
      return;
    }
    const auto kind = list.string_at({"kind"});
    const auto item_kind = kind.substr(0, kind.size() - std::string_view("List").size());
    for (const auto& item : items->as_list()) {
      // Items of a typed list (`SecretList`) may leave out what the list's kind says.
      if (item.is_map() && !item_kind.empty() && item.find("kind") == nullptr) {
        Value typed = item.is_nil_container() ? Value::map() : item.shallow_copy();
        typed.set("kind", Value::string(item_kind));
        if (typed.find("apiVersion") == nullptr) typed.set("apiVersion", *list.find("apiVersion"));
        add(typed, depth + 1);
      } else {
        add(item, depth + 1);
      }
    }
  }

  /// `readable`: kind and apiVersion are as they should be; otherwise only the further mistakes are looked for.
  void add_object(const Value& body, bool readable) {
    const Value* metadata = body.find("metadata");
    if (metadata != nullptr && !metadata->is_nothing() && !metadata->is_map()) {
      fail("the object's metadata is " + std::string(kind_word(*metadata)) + ", not a map");
      return;
    }
    const Value* name = body.find_path({"metadata", "name"});
    if (name == nullptr || name->is_nothing() || (name->is_string() && name->as_string().empty())) {
      if (!body.string_at({"metadata", "generateName"}).empty()) {
        fail("the object has a metadata.generateName but no metadata.name",
             "every write would make a new object that nothing here could find again; give it a metadata.name");
      } else {
        fail("the object has no metadata.name");
      }
      return;
    }
    if (!name->is_string()) {
      fail("the object's metadata.name is " + std::string(kind_word(*name)) + ", not a text", "put the name in quotes");
      return;
    }
    if (!valid_name(name->as_string())) {
      fail("the object's metadata.name cannot be a name (" + std::to_string(max_name) +
           " printable ASCII characters at most, no blank, `/` or `%`)");
      return;
    }
    const Value* space = body.find_path({"metadata", "namespace"});
    if (space != nullptr && !space->is_nothing() && !space->is_string()) {
      fail("the object's metadata.namespace is " + std::string(kind_word(*space)) + ", not a text",
           "put the namespace in quotes");
      return;
    }
    if (space != nullptr && !valid_name(space->as_string())) {
      fail("the object's metadata.namespace cannot be the name of a namespace");
      return;
    }
    if (!readable) return;
    Object object;
    object.api_version = body.string_at({"apiVersion"});
    const auto slash = object.api_version.find('/');
    object.id.group = slash == std::string::npos ? "" : object.api_version.substr(0, slash);
    object.id.kind = body.string_at({"kind"});
    object.id.namespace_ = space == nullptr ? "" : space->as_string();
    object.id.name = name->as_string();
    object.body = body;
    object.source = source_;
    object.line = line_;
    objects_.push_back(std::move(object));
  }

  void place_in_namespaces(std::string_view default_namespace) {
    std::map<std::pair<std::string_view, std::string_view>, bool> defined;  // (group, kind) → outside of namespaces
    for (const auto& object : objects_) {
      if (object.id.kind != "CustomResourceDefinition" || object.id.group != "apiextensions.k8s.io") continue;
      defined[{object.body.string_at({"spec", "group"}), object.body.string_at({"spec", "names", "kind"})}] =
          object.body.string_at({"spec", "scope"}) == "Cluster";
    }
    for (auto& object : objects_) {
      const auto it = defined.find({object.id.group, object.id.kind});
      const bool outside = it != defined.end() ? it->second : is_cluster_scoped(object.id.group, object.id.kind);
      if (outside) {
        object.id.namespace_.clear();
      } else if (object.id.namespace_.empty()) {
        object.id.namespace_ = default_namespace;
      }
      write_namespace(object);
    }
  }

  static void write_namespace(Object& object) {
    if (object.body.string_at({"metadata", "namespace"}) == object.id.namespace_ &&
        (!object.id.namespace_.empty() || object.body.find_path({"metadata", "namespace"}) == nullptr)) {
      return;
    }
    Value metadata = object.body.find("metadata")->shallow_copy();
    if (object.id.namespace_.empty()) {
      metadata.erase("namespace");
    } else {
      metadata.set("namespace", Value::string(object.id.namespace_));
    }
    object.body = object.body.shallow_copy();
    object.body.set("metadata", std::move(metadata));
  }

  void find_duplicates() {
    std::map<ObjectId, const Object*> seen;
    for (const auto& object : objects_) {
      const auto [it, fresh] = seen.emplace(object.id, &object);
      if (fresh) continue;
      source_ = object.source;
      line_ = object.line;
      fail(object.id.to_string() + " is there twice; the other one is at " +
               Location{it->second->source, it->second->line, 0}.to_string(),
           "remove or rename one of them");
    }
  }

  YamlOptions yaml_;
  std::string source_;
  int line_ = 0;
  std::vector<Object> objects_;
  std::vector<Error> errors_;
  std::size_t dropped_ = 0;
};

}  // namespace

Result<std::vector<Object>> read_objects(std::string_view text, const std::string& source,
                                         std::string_view default_namespace, const ReadObjectsOptions& options) {
  Reader reader(options);
  reader.read(text, source);
  return reader.finish(default_namespace);
}

Result<std::vector<Object>> read_objects(const YamlDocument& document, const std::string& source,
                                         std::string_view default_namespace) {
  Reader reader;
  reader.read(document, source);
  return reader.finish(default_namespace);
}

Result<std::vector<Object>> read_objects(std::string_view text, const std::string& source,
                                         std::string_view default_namespace) {
  return read_objects(text, source, default_namespace, {});
}

Result<std::vector<Object>> read_object_set(const std::vector<ManifestText>& texts, std::string_view default_namespace) {
  Reader reader;
  for (const auto& text : texts) reader.read(text.text, text.source);
  return reader.finish(default_namespace);
}

}  // namespace gitopsctl::render
