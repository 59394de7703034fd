#include <algorithm>
#include <array>
#include <mutex>
#include <set>
#include <unordered_map>

#include "base/text/go_format.hpp"
#include "base/text/json_pointer.hpp"
#include "render/functions/go_json.hpp"
#include "render/functions/go_url.hpp"
#include "render/schema/metaschemas.hpp"
#include "render/schema/plain_schema.hpp"
#include "render/schema/program.hpp"
#include "render/schema/schema.hpp"
#include "render/schema/words.hpp"
#include "render/template/engine.hpp"

namespace gitopsctl::render::schema {
namespace {

/// Where helm says that the schema of a chart is.
constexpr std::string_view schema_url = "file:///values.schema.json";

Error failure(std::string message, ErrorCode code = ErrorCode::invalid_input) { return {code, std::move(message)}; }

/// A part of a document with an `$id` of its own, or its root.
struct Resource {
  std::string id;
  int draft = 0;
  std::map<std::string, std::string, std::less<>> anchors;  ///< name to pointer
  std::set<std::string, std::less<>> dynamic_anchors;
};

struct Document {
  std::string_view url;  ///< the program keeps it
  Value root;
  bool plain = false;  ///< no identities or names in it but those of the root; what keywords expect to be schemas are some
  std::map<std::string, Resource, std::less<>> resources;  ///< by pointer
  std::map<std::string, std::string, std::less<>> places;  ///< the pointer of the resource with an id
  std::set<std::string, std::less<>> seen;                 ///< places that are known to be schemas
  std::unordered_map<std::string_view, Node*> nodes;       ///< by pointer
};

/// What a keyword holds: a schema, a list of them, or a map of them.
enum class Shape : std::uint8_t { one, list, map };
struct SchemaKeyword {
  std::string_view name;
  Shape shape;
  int since;  ///< the first draft that has it
};
constexpr std::array<SchemaKeyword, 23> schema_keywords{{
    {"definitions", Shape::map, 4},
    {"not", Shape::one, 4},
    {"allOf", Shape::list, 4},
    {"anyOf", Shape::list, 4},
    {"oneOf", Shape::list, 4},
    {"properties", Shape::map, 4},
    {"additionalProperties", Shape::one, 4},
    {"patternProperties", Shape::map, 4},
    {"items", Shape::one, 4},
    {"items", Shape::list, 4},
    {"additionalItems", Shape::one, 4},
    {"dependencies", Shape::map, 4},
    {"propertyNames", Shape::one, 6},
    {"contains", Shape::one, 6},
    {"if", Shape::one, 7},
    {"then", Shape::one, 7},
    {"else", Shape::one, 7},
    {"$defs", Shape::map, 2019},
    {"dependentSchemas", Shape::map, 2019},
    {"unevaluatedProperties", Shape::one, 2019},
    {"unevaluatedItems", Shape::one, 2019},
    {"contentSchema", Shape::one, 2019},
    {"prefixItems", Shape::list, 2020},
}};

std::string_view before_fragment(std::string_view url) { return url.substr(0, url.find('#')); }

/// The fragment of a reference, unescaped.
Result<std::string> fragment_of(std::string_view reference) {
  const auto hash = reference.find('#');
  if (hash == std::string_view::npos) return std::string();
  auto out = go_path_unescape(reference.substr(hash + 1));
  if (out.ok()) return out;
  return failure("error in parsing " + go_quote(reference) + ": " + out.error().message());
}

/// A fragment that is no place in the document is a name.
bool is_anchor(std::string_view fragment) { return !fragment.empty() && !fragment.starts_with('/'); }

std::string escaped(std::string_view pointer) {
  std::string out;
  for (std::size_t at = 0; at <= pointer.size();) {
    const auto end = std::min(pointer.find('/', at), pointer.size());
    out += (at > 0 ? "/" : "") + go_path_escape(pointer.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::string location_of(std::string_view url, std::string_view pointer) { return std::string(url) + '#' + escaped(pointer); }

/// `reference` seen from `base`, without its fragment.
Result<std::string> join(std::string_view base, std::string_view reference) {
  const auto named = [](std::string_view what, const Error& error) {
    return failure("error in parsing " + go_quote(what) + ": " + error.message());
  };
  const auto from = GoUrl::parse(base);
  if (!from.ok()) return named(base, from.error());
  const auto to = GoUrl::parse(before_fragment(reference));
  if (!to.ok()) return named(before_fragment(reference), to.error());
  return from->resolve(*to).to_string();
}

/// The number of the draft that a `$schema` names; 0 for others.
int draft_of(std::string_view url) {
  if (url.ends_with('#')) url.remove_suffix(1);
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!url.starts_with(scheme)) continue;
    url.remove_prefix(scheme.size());
    break;
  }
  struct Row {
    std::string_view url;
    int draft;
  };
  constexpr std::array<Row, 6> table{{
      {"json-schema.org/schema", 2020},
      {"json-schema.org/draft/2020-12/schema", 2020},
      {"json-schema.org/draft/2019-09/schema", 2019},
      {"json-schema.org/draft-07/schema", 7},
      {"json-schema.org/draft-06/schema", 6},
      {"json-schema.org/draft-04/schema", 4},
  }};
  const auto row = std::find_if(table.begin(), table.end(), [&](const Row& r) { return r.url == url; });
  return row == table.end() ? 0 : row->draft;
}

constexpr int newest_draft = 2020;

class Compiler {
 public:
  /// A compiler of metaschemas asserts every format and does not check them against themselves.
  Compiler(bool metaschemas, Habits habits)
      : metaschemas_(metaschemas), habits_(habits), program_(std::make_shared<Program>()) {}

  Result<std::shared_ptr<const Program>> compile(const std::string& url, const Value& document) {
    GITOPSCTL_CHECK(add_document(url, document));
    program_->root = node_at(documents_.find(url)->second, "");
    // Nodes that are met while others are compiled are appended.
    for (std::size_t i = 0; i < program_->nodes.size(); ++i) {
      GITOPSCTL_CHECK(compile_node(program_->nodes[i], *node_documents_[i]));
    }
    return std::shared_ptr<const Program>(program_);
  }

 private:
  // ---------------------------------------------------------------------------------------------------------- documents

  Result<Document*> document(const std::string& url) {
    if (const auto known = documents_.find(url); known != documents_.end()) return &known->second;
    if (const auto text = metaschema_text(url); !text.empty()) {
      GITOPSCTL_TRY(const auto value, parse_go_json_numbers(text));
      return add_document(url, value);
    }
    GITOPSCTL_TRY(const auto parsed, GoUrl::parse(url));
    if (parsed.scheme == "urn") {
      auto& list = program_->unresolved;
      if (std::find(list.begin(), list.end(), url) == list.end()) list.push_back(url);
      return add_document(url, Value::boolean(true));
    }
    return cannot_load(url, parsed.scheme);
  }

  static Error cannot_load(const std::string& url, const std::string& scheme) {
    const std::string what = "failing loading " + go_quote(url) + ": ";
    if (scheme != "file" && scheme != "http" && scheme != "https") {
      return failure(what + "no URLLoader registered for " + go_quote(url));
    }
    return failure(what + "a schema may refer to nothing outside of its file", ErrorCode::unsupported)
        .with_hint("copy what it refers to into `$defs` of the schema, or set `skipSchemaValidation: true`");
  }

  Result<Document*> add_document(const std::string& url, const Value& root) {
    auto& document = documents_[url];
    document.url = program_->urls.emplace_back(url);
    document.root = program_->roots.emplace_back(root);
    const bool is_given = !metaschemas_ && metaschema_text(url).empty();
    const int draft = is_given ? draft_said(root) : 0;
    const auto plainness = draft == 0 ? Plainness::unknown : look_at_schema(root, draft);
    if (plainness == Plainness::plain) {
      document.plain = true;
      GITOPSCTL_CHECK(collect_map(document, root, url, "", newest_draft, false));
      return &document;
    }
    GITOPSCTL_CHECK(collect(document, root, url, "", newest_draft));
    if (is_given && plainness == Plainness::unknown) GITOPSCTL_CHECK(validate(document, root, ""));
    return &document;
  }

  /// The draft that a document is of; 0 for what is no draft.
  static int draft_said(const Value& root) {
    const Value* name = root.find("$schema");
    return name == nullptr || !name->is_string() ? newest_draft : draft_of(name->as_string());
  }

  static const std::string& resource_of(const Document& document, std::string_view pointer) {
    if (document.resources.size() == 1) return document.resources.begin()->first;
    for (;;) {
      if (const auto found = document.resources.find(pointer); found != document.resources.end()) return found->first;
      const auto slash = pointer.rfind('/');
      if (slash == std::string_view::npos) return document.resources.find("")->first;
      pointer = pointer.substr(0, slash);
    }
  }
  static Resource& resource_at(Document& document, std::string_view pointer) {
    return document.resources.find(resource_of(document, pointer))->second;
  }

  static Result<const Value*> look_up(const Document& document, const std::string& pointer) {
    const Value* value = &document.root;
    for (std::size_t at = 0; at < pointer.size();) {
      const auto end = std::min(pointer.find('/', at + 1), pointer.size());
      const std::string_view step = std::string_view(pointer).substr(at + 1, end - at - 1);
      at = end;
      for (auto tilde = step.find('~'); tilde != std::string_view::npos; tilde = step.find('~', tilde + 1)) {
        if (tilde + 1 < step.size() && (step[tilde + 1] == '0' || step[tilde + 1] == '1')) continue;
        return failure("invalid json-pointer " + go_quote(location_of(document.url, pointer)));
      }
      const Value* next = nullptr;
      if (value->is_map()) {
        next = value->find(pointer_key(step));
      } else if (value->is_list()) {
        const auto number = ExactNumber::parse(step);
        const auto index = number ? number->to_integer() : std::nullopt;
        if (index && *index >= 0 && static_cast<std::size_t>(*index) < value->as_list().size()) {
          next = &value->as_list()[static_cast<std::size_t>(*index)];
        }
      }
      if (next == nullptr) {
        return failure("json-pointer in " + go_quote(location_of(document.url, pointer)) + " not found");
      }
      value = next;
    }
    return value;
  }

  /// Finds the resources and anchors at and below a place.
  Result<void> collect(Document& document, const Value& schema, const std::string& base, const std::string& pointer,
                       int fallback) {
    if (document.seen.contains(pointer)) return {};
    if (schema.is_map()) {
      GITOPSCTL_CHECK(collect_map(document, schema, base, pointer, fallback));
    } else if (pointer.empty()) {
      document.resources.emplace("", Resource{base, fallback, {}, {}});
      document.places.emplace(base, "");
    }
    document.seen.insert(pointer);
    return {};
  }

  Result<void> collect_map(Document& document, const Value& schema, std::string base, const std::string& pointer,
                           int fallback, bool with_parts = true) {
    GITOPSCTL_TRY(int draft, draft_named(document, schema, pointer, fallback));
    bool names_draft = schema.find("$schema") != nullptr && schema.find("$schema")->is_string();
    auto id = id_of(schema, draft);
    if (id.empty() && !pointer.empty()) {
      // Only a resource says which draft it is.
      draft = fallback;
      names_draft = false;
      id = id_of(schema, draft);
    }
    if (!id.empty()) {
      auto joined = join(base, id);
      if (!joined.ok()) return failure("error in parsing id at " + go_quote(location_of(document.url, pointer)));
      base = *std::move(joined);
    }
    if (!id.empty() || pointer.empty()) {
      const auto [place, fresh] = document.places.emplace(base, pointer);
      if (!fresh && place->second != pointer) {
        return failure("duplicate id " + go_quote(base) + " in " + go_quote(document.url) + " at " + go_quote(pointer) +
                       " and " + go_quote(place->second));
      }
      document.resources.emplace(pointer, Resource{base, names_draft ? draft : fallback, {}, {}});
    }
    const auto own = document.places.find(base);
    if (own == document.places.end()) return failure("no resource for " + go_quote(base), ErrorCode::internal);
    Resource& resource = document.resources.find(own->second)->second;
    GITOPSCTL_CHECK(collect_anchors(document, schema, pointer, resource));
    if (!with_parts) return {};
    const int inherited = resource.draft;
    for (const auto& keyword : schema_keywords) {
      if (keyword.since > draft) continue;
      const Value* value = schema.find(keyword.name);
      if (value == nullptr) continue;
      const auto below = pointer + '/' + pointer_step(keyword.name);
      if (keyword.shape == Shape::one) {
        GITOPSCTL_CHECK(collect(document, *value, base, below, inherited));
      } else if (keyword.shape == Shape::map && value->is_map()) {
        for (const auto& member : value->as_map()) {
          GITOPSCTL_CHECK(collect(document, member.value, base, below + '/' + pointer_step(member.key.view()), inherited));
        }
      } else if (keyword.shape == Shape::list && value->is_list()) {
        for (std::size_t i = 0; i < value->as_list().size(); ++i) {
          GITOPSCTL_CHECK(collect(document, value->as_list()[i], base, below + '/' + std::to_string(i), inherited));
        }
      }
    }
    return {};
  }

  static std::string_view id_keyword(int draft) { return draft == 4 ? "id" : "$id"; }

  static std::string id_of(const Value& schema, int draft) {
    // Before 2019-09 what stands beside a reference does not count.
    if (draft < 2019 && schema.find("$ref") != nullptr) return "";
    const Value* id = schema.find(id_keyword(draft));
    return id == nullptr ? "" : std::string(before_fragment(id->as_string()));
  }

  Result<int> draft_named(const Document& document, const Value& schema, const std::string& pointer, int fallback) {
    const Value* name = schema.find("$schema");
    if (name == nullptr || !name->is_string()) return fallback;
    if (const int draft = draft_of(name->as_string()); draft != 0) return draft;
    const std::string url(before_fragment(name->as_string()));
    const auto parsed = GoUrl::parse(url);
    if (!parsed.ok()) {
      return failure("invalid $schema in " + go_quote(location_of(document.url, pointer)) + ": " + parsed.error().message());
    }
    if (pointer.empty() && url == document.url) return failure("draft " + go_quote(url) + " is not supported");
    if (!metaschema_text(url).empty()) {
      return failure("the vocabulary " + go_quote(url) + " alone as `$schema` is not supported", ErrorCode::unsupported)
          .with_hint("name the whole draft, or set `skipSchemaValidation: true`");
    }
    if (parsed->scheme == "urn") return fallback;
    return cannot_load(url, parsed->scheme);
  }

  static Result<void> collect_anchors(const Document& document, const Value& schema, const std::string& pointer,
                                      Resource& resource) {
    const auto add = [&](std::string_view name) -> Result<void> {
      const auto [known, fresh] = resource.anchors.emplace(name, pointer);
      if (fresh || known->second == pointer) return {};
      return failure("duplicate anchor " + go_quote(name) + " in " + go_quote(document.url) + " at " +
                     go_quote(known->second) + " and " + go_quote(pointer));
    };
    const auto text = [&](std::string_view keyword) -> const Value* {
      const Value* value = schema.find(keyword);
      return value != nullptr && value->is_string() ? value : nullptr;
    };
    if (resource.draft < 2019) {
      const Value* id = schema.find("$ref") == nullptr ? text(id_keyword(resource.draft)) : nullptr;
      if (id == nullptr) return {};
      const auto fragment = fragment_of(id->as_string());
      if (!fragment.ok()) return failure("error in parsing anchor at " + go_quote(location_of(document.url, pointer)));
      return is_anchor(*fragment) ? add(*fragment) : Result<void>();
    }
    if (const Value* anchor = text("$anchor")) GITOPSCTL_CHECK(add(anchor->as_string()));
    if (resource.draft < 2020) return {};
    if (const Value* anchor = text("$dynamicAnchor")) {
      GITOPSCTL_CHECK(add(anchor->as_string()));
      resource.dynamic_anchors.emplace(anchor->as_string());
    }
    return {};
  }

  /// A reference may lead to a place where no keyword expects a schema.
  Result<void> ensure_schema(Document& document, const std::string& pointer) {
    if (document.seen.contains(pointer)) return {};
    GITOPSCTL_TRY(const auto* value, look_up(document, pointer));
    Resource& above = resource_at(document, pointer);
    GITOPSCTL_CHECK(collect(document, *value, above.id, pointer, above.draft));
    if (metaschemas_) return {};
    return validate(document, *value, pointer);
  }

  [[nodiscard]] Result<void> validate(Document& document, const Value& value, const std::string& pointer) const {
    Resources metas;
    for (const auto& [place, resource] : document.resources) {
      GITOPSCTL_TRY(metas[place], metaschema(resource.draft));
    }
    GITOPSCTL_TRY(const Node* meta, metaschema(resource_at(document, pointer).draft));
    GITOPSCTL_TRY(const auto problems, find_problems(*meta, value, true, habits_, &metas));
    if (problems.empty()) return {};
    return failure(go_quote(location_of(document.url, pointer)) +
                   " is not valid against metaschema: jsonschema validation failed with " + quoted(meta->location()) + '\n' +
                   problems);
  }

  // -------------------------------------------------------------------------------------------------------------- nodes

  /// The node of a place. `source`: what is there, when a keyword leads to it.
  Node* node_at(Document& document, std::string pointer, const Value* source = nullptr) {
    if (const auto known = document.nodes.find(pointer); known != document.nodes.end()) {
      if (known->second->source == nullptr) known->second->source = source;
      return known->second;
    }
    Node& node = program_->nodes.emplace_back();
    node_documents_.push_back(&document);
    node.url = document.url;
    node.pointer = std::move(pointer);
    node.source = source;
    document.nodes.emplace(node.pointer, &node);
    return &node;
  }

  Result<void> compile_node(Node& node, Document& document) {
    const bool is_known = document.plain && (node.source != nullptr || node.pointer.empty());
    if (!is_known) GITOPSCTL_CHECK(ensure_schema(document, node.pointer));
    const Value* source = node.source;
    if (source == nullptr) {
      GITOPSCTL_TRY(source, look_up(document, node.pointer));
    }
    const Value& value = *source;
    const auto& place = resource_of(document, node.pointer);
    const Resource& resource = document.resources.find(place)->second;
    node.draft = resource.draft;
    node.resource = node_at(document, place);
    if (node.draft >= 2020 && node.resource == &node) {
      for (const auto& name : resource.dynamic_anchors) {
        node.dynamic_anchors[name] = node_at(document, resource.anchors.find(name)->second);
      }
    }
    if (value.is_bool()) node.boolean = value.as_bool();
    if (value.is_map() && value.size() == 0) node.boolean = true;
    if (!value.is_map() || node.boolean) return {};
    GITOPSCTL_CHECK(Keywords(*this, document, resource, value, node).read());
    node.all_properties_evaluated = node.additional_properties.given();
    node.all_items_evaluated = node.items != nullptr || node.additional_items.given();
    node.items_evaluated = node.prefix_items.size();
    return {};
  }

  /// The keywords of one schema.
  class Keywords {
   public:
    Keywords(Compiler& compiler, Document& document, const Resource& resource, const Value& schema, Node& node)
        : compiler_(compiler), document_(document), resource_(resource), schema_(schema), node_(node) {
      for (const auto& member : schema.as_map()) names_ |= bit_of(member.key.view());
    }

    Result<void> read() {
      GITOPSCTL_TRY(node_.ref, reference("$ref"));
      // Before 2019-09 what stands beside a reference does not count, but for `const`, which the library reads even so.
      if (const Value* only = find("const"); only != nullptr && node_.draft >= 6) node_.constant = *only;
      if (node_.draft < 2019 && node_.ref != nullptr) return {};
      read_combinations();
      GITOPSCTL_CHECK(read_object());
      read_array();
      GITOPSCTL_CHECK(read_scalar());
      if (node_.draft >= 2019) GITOPSCTL_CHECK(read_2019());
      return {};
    }

   private:
    void read_combinations() {
      node_.all_of = list("allOf");
      node_.any_of = list("anyOf");
      node_.one_of = list("oneOf");
      node_.not_ = one("not");
      if (node_.draft < 7) return;
      node_.if_ = one("if");
      if (node_.if_ == nullptr) return;
      const Value* condition = find("if");
      if (!condition->is_bool() || condition->as_bool()) node_.then_ = one("then");
      if (!condition->is_bool() || !condition->as_bool()) node_.else_ = one("else");
    }

    Result<void> read_object() {
      node_.min_properties = whole("minProperties");
      node_.max_properties = whole("maxProperties");
      node_.required = texts(find("required"));
      node_.properties = map("properties");
      for (const auto& [text, node] : map("patternProperties")) {
        GITOPSCTL_TRY(auto regex, regex_of("patternProperties", std::string(text)));
        node_.pattern_properties.push_back({std::move(regex), node});
      }
      node_.additional_properties = additional("additionalProperties");
      if (const Value* all = find("dependencies"); all != nullptr && all->is_map()) {
        for (const auto& member : all->as_map()) {
          auto& dependency = node_.dependencies.emplace_back(member.key.str(), Node::Dependency()).second;
          if (member.value.is_list()) {
            dependency.names = texts(&member.value);
          } else {
            dependency.node = at("dependencies", member.key.view(), member.value);
          }
        }
      }
      if (node_.draft >= 6) node_.property_names = one("propertyNames");
      return {};
    }

    void read_array() {
      node_.min_items = whole("minItems");
      node_.max_items = whole("maxItems");
      node_.unique_items = yes("uniqueItems");
      const Value* items = find("items");
      if (node_.draft >= 2020) {
        node_.prefix_items = list("prefixItems");
        node_.items = one("items");
      } else if (items != nullptr && items->is_list()) {
        node_.prefix_items = list("items");
        node_.additional_items = additional("additionalItems");
      } else {
        node_.items = one("items");
      }
      if (node_.draft >= 6) node_.contains = one("contains");
    }

    Result<void> read_scalar() {
      if (const Value* types = find("type")) node_.types = type_bits(*types);
      if (const Value* all = find("enum"); all != nullptr && all->is_list()) node_.enumeration = all->as_list();
      node_.multiple_of = kept_number("multipleOf");
      node_.minimum = kept_number("minimum");
      node_.maximum = kept_number("maximum");
      node_.exclusive_minimum = kept_number("exclusiveMinimum");
      node_.exclusive_maximum = kept_number("exclusiveMaximum");
      // Draft 4 has them as a flag of the bound.
      if (yes("exclusiveMinimum")) node_.exclusive_minimum = std::move(node_.minimum);
      if (yes("exclusiveMaximum")) node_.exclusive_maximum = std::move(node_.maximum);
      node_.min_length = whole("minLength");
      node_.max_length = whole("maxLength");
      if (const auto* pattern = text("pattern")) {
        node_.pattern_text = pattern->as_string();
        GITOPSCTL_TRY(node_.pattern, regex_of("pattern", node_.pattern_text));
      }
      const auto* format = text("format");
      if (format != nullptr && (compiler_.metaschemas_ || node_.draft < 2019)) {
        node_.format_name = format->as_string();
        node_.format = find_format(node_.format_name, compiler_.habits_);
      }
      return {};
    }

    Result<void> read_2019() {
      GITOPSCTL_TRY(node_.recursive_ref, reference("$recursiveRef"));
      node_.recursive_anchor = yes("$recursiveAnchor");
      if (node_.contains != nullptr) {
        node_.min_contains = whole("minContains");
        node_.max_contains = whole("maxContains");
      }
      if (const Value* all = find("dependentRequired"); all != nullptr && all->is_map()) {
        for (const auto& member : all->as_map()) {
          if (member.value.is_list()) node_.dependent_required.emplace_back(member.key.str(), texts(&member.value));
        }
      }
      node_.dependent_schemas = map("dependentSchemas");
      node_.unevaluated_items = one("unevaluatedItems");
      node_.unevaluated_properties = one("unevaluatedProperties");
      if (node_.draft < 2020) return {};
      GITOPSCTL_TRY(node_.dynamic_ref, reference("$dynamicRef"));
      if (node_.dynamic_ref != nullptr) {
        GITOPSCTL_TRY(const auto fragment, fragment_of(find("$dynamicRef")->as_string()));
        if (is_anchor(fragment)) node_.dynamic_ref_anchor = fragment;
      }
      if (const auto* anchor = text("$dynamicAnchor")) node_.dynamic_anchor = anchor->as_string();
      return {};
    }

    Result<const Node*> reference(std::string_view keyword) {
      const auto* target = text(keyword);
      if (target == nullptr) return static_cast<const Node*>(nullptr);
      GITOPSCTL_TRY(const auto fragment, fragment_of(target->as_string()));
      GITOPSCTL_TRY(const auto url, join(resource_.id, target->as_string()));
      auto* document = &document_;
      auto known = document->places.find(url);
      if (url == document->url) {
        known = document->places.end();
      } else if (known == document->places.end()) {
        GITOPSCTL_TRY(document, compiler_.document(url));
        known = document->places.end();
      }
      const auto place = document->resources.find(known == document->places.end() ? "" : known->second);
      if (!is_anchor(fragment)) return static_cast<const Node*>(compiler_.node_at(*document, place->first + fragment));
      const auto anchor = place->second.anchors.find(fragment);
      if (anchor == place->second.anchors.end()) {
        return failure("anchor in " + go_quote(place->second.id + '#' + escaped(fragment)) + " not found in schema " +
                       go_quote(document->url));
      }
      return static_cast<const Node*>(compiler_.node_at(*document, anchor->second));
    }

    Result<std::shared_ptr<const Regex>> regex_of(std::string_view keyword, const std::string& pattern) const {
      auto regex = Regex::compile(pattern);
      if (regex.ok()) return regex;
      return failure("invalid regex " + go_quote(pattern) + " at " +
                     go_quote(node_.location() + '/' + std::string(keyword)) + ": " + regex.error().message());
    }

    /// No keyword has a character that would have to be escaped.
    const Node* at(std::string_view keyword, std::string_view step, const Value& value) {
      std::string pointer;
      pointer.reserve(node_.pointer.size() + keyword.size() + step.size() + 8);
      pointer.append(node_.pointer).append(1, '/').append(keyword).append(1, '/');
      if (step.find_first_of("~/") == std::string_view::npos) {
        pointer.append(step);
      } else {
        pointer.append(pointer_step(step));
      }
      return compiler_.node_at(document_, std::move(pointer), &value);
    }
    const Node* one(std::string_view keyword) {
      const Value* value = find(keyword);
      if (value == nullptr) return nullptr;
      std::string pointer;
      pointer.reserve(node_.pointer.size() + keyword.size() + 1);
      pointer.append(node_.pointer).append(1, '/').append(keyword);
      return compiler_.node_at(document_, std::move(pointer), value);
    }
    std::vector<const Node*> list(std::string_view keyword) {
      std::vector<const Node*> out;
      const Value* value = find(keyword);
      if (value == nullptr || !value->is_list()) return out;
      for (std::size_t i = 0; i < value->as_list().size(); ++i)
        out.push_back(at(keyword, std::to_string(i), value->as_list()[i]));
      return out;
    }
    NodeMap map(std::string_view keyword) {
      NodeMap out;
      const Value* value = find(keyword);
      if (value == nullptr || !value->is_map()) return out;
      out.reserve(value->size());
      for (const auto& member : value->as_map()) out.add(member.key.view(), at(keyword, member.key.view(), member.value));
      return out;
    }
    Additional additional(std::string_view keyword) {
      Additional out;
      const Value* value = find(keyword);
      if (value != nullptr && value->is_bool()) {
        out.allowed = value->as_bool();
      } else {
        out.node = one(keyword);
      }
      return out;
    }

    [[nodiscard]] const Value* text(std::string_view keyword) const {
      const Value* value = find(keyword);
      return value != nullptr && value->is_string() ? value : nullptr;
    }
    [[nodiscard]] bool yes(std::string_view keyword) const {
      const Value* value = find(keyword);
      return value != nullptr && value->as_bool();
    }
    [[nodiscard]] std::optional<ExactNumber> number(std::string_view keyword) const {
      const Value* value = find(keyword);
      if (value == nullptr || type_of(*value) != static_cast<unsigned>(Type::number)) return std::nullopt;
      return ExactNumber::parse(number_text(*value));
    }
    [[nodiscard]] std::unique_ptr<const ExactNumber> kept_number(std::string_view keyword) const {
      auto value = number(keyword);
      return value ? std::make_unique<const ExactNumber>(*std::move(value)) : nullptr;
    }
    [[nodiscard]] std::optional<std::int64_t> whole(std::string_view keyword) const {
      const auto value = number(keyword);
      return value ? value->to_integer() : std::nullopt;
    }
    static std::vector<std::string> texts(const Value* value) {
      std::vector<std::string> out;
      if (value == nullptr) return out;
      for (const auto& item : value->as_list()) {
        if (item.is_string()) out.emplace_back(item.as_string());
      }
      return out;
    }
    static unsigned type_bits(const Value& types) {
      unsigned out = 0;
      const auto add = [&](const Value& name) {
        for (unsigned bit = 1; bit <= static_cast<unsigned>(Type::object); bit <<= 1U) {
          if (name.is_string() && name.as_string() == type_names(bit)) out |= bit;
        }
      };
      add(types);
      for (const auto& name : types.as_list()) add(name);
      return out;
    }

    [[nodiscard]] const Value* find(std::string_view keyword) const {
      return (names_ & bit_of(keyword)) == 0 ? nullptr : schema_.find(keyword);
    }
    /// A bit that a name has: most keywords are not there, and this tells it at once.
    static std::uint64_t bit_of(std::string_view name) {
      if (name.empty()) return 1;
      const std::size_t first = static_cast<unsigned char>(name.front());
      const std::size_t last = static_cast<unsigned char>(name.back());
      return 1ULL << ((name.size() + 5 * first + 11 * last) % 64);
    }

    Compiler& compiler_;
    Document& document_;
    const Resource& resource_;
    const Value& schema_;
    Node& node_;
    std::uint64_t names_ = 0;  ///< the bits of the names in it
  };

  static Result<const Node*> metaschema(int draft) {
    // Compiled once; what a thread finds is never changed.
    static std::mutex mutex;
    static std::map<int, std::shared_ptr<const Program>> programs;
    const std::lock_guard lock(mutex);
    auto& program = programs[draft];
    if (program != nullptr) return program->root;
    const auto all = metaschema_drafts();
    const auto one = std::find_if(all.begin(), all.end(), [&](const auto& known) { return known.draft == draft; });
    if (one == all.end()) return failure("no metaschema for draft " + std::to_string(draft), ErrorCode::internal);
    GITOPSCTL_TRY(const auto value, parse_go_json_numbers(metaschema_text(one->url)));
    GITOPSCTL_TRY(program, Compiler(true, {}).compile(std::string(one->url), value));
    return program->root;
  }

  bool metaschemas_;
  Habits habits_;
  std::shared_ptr<Program> program_;
  std::map<std::string, Document, std::less<>> documents_;
  std::vector<Document*> node_documents_;  ///< of each node
};

}  // namespace

std::string Node::location() const { return location_of(url, pointer); }

Result<Schema> Schema::compile(std::string_view json, Habits habits) {
  Result<std::shared_ptr<const Program>> program = Error(ErrorCode::internal, "the schema was not compiled");
  // As deep as the JSON may be nested.
  run_with_large_stack([&] {
    const auto value = parse_go_json_numbers(json, habits.release);
    program = value.ok() ? Compiler(false, habits).compile(std::string(schema_url), *value)
                         : Result<std::shared_ptr<const Program>>(value.error());
  });
  if (!program.ok()) return program.error();
  return Schema(*std::move(program), habits);
}

Result<std::string> Schema::problems(const Value& value, bool quote_values) const {
  return find_problems(*program_->root, value, quote_values, habits_);
}

const std::vector<std::string>& Schema::unresolved() const noexcept { return program_->unresolved; }

}  // namespace gitopsctl::render::schema
