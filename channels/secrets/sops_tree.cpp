#include "channels/secrets/sops_tree.hpp"

#include <algorithm>
#include <set>

#include "base/json/json.hpp"
#include "base/text/escape.hpp"
#include "base/yaml/event_source.hpp"
#include "base/yaml/input.hpp"
#include "base/yaml/scalar.hpp"

namespace gitopsctl::channels::secrets {
namespace {

using yaml_detail::Event;
using yaml_detail::EventType;

/// Counts the nodes and levels of one file, whoever reads it.
class Bounds {
 public:
  explicit Bounds(const std::string& file) : file_(file) {}
  [[nodiscard]] Result<void> count(int depth, int line) {
    if (++nodes_ > max_sops_nodes) return too_large("more than " + std::to_string(max_sops_nodes) + " values", line);
    if (depth > max_sops_depth) return too_large("more than " + std::to_string(max_sops_depth) + " levels", line);
    return {};
  }
  [[nodiscard]] Error bad(std::string_view what, int line) const {
    return Error(ErrorCode::invalid_input, "the encrypted file cannot be read: " + std::string(what)).at({file_, line, 0});
  }
  [[nodiscard]] Error unsupported(std::string_view what, int line) const {
    return Error(ErrorCode::unsupported, "the encrypted file has " + std::string(what))
        .at({file_, line, 0})
        .with_hint("configure command: [sops] to have the sops program decrypt it");
  }

 private:
  [[nodiscard]] Error too_large(const std::string& what, int line) const {
    return Error(ErrorCode::too_large, "the encrypted file has " + what).at({file_, line, 0});
  }
  const std::string& file_;
  std::size_t nodes_ = 0;
};

/// Adds a member to a map whose keys so far are `keys`.
Result<void> add_member(SopsNode& map, std::set<std::string, std::less<>>& keys, std::string key, SopsNode value,
                        const Bounds& bounds) {
  if (!keys.insert(key).second) return bounds.bad("a key stands twice in one map", value.line);
  map.members.push_back({std::move(key), std::move(value)});
  return {};
}

// ------------------------------------------------------------------------------------------------------------------ YAML

class YamlTree {
 public:
  YamlTree(std::string_view text, const std::string& file) : bounds_(file), events_(text, YamlProfile::go_v3) {}

  Result<std::vector<SopsNode>> read() {
    std::vector<SopsNode> documents;
    for (;;) {
      GITOPSCTL_CHECK(next());
      if (event_.type == EventType::stream_end) return documents;
      if (event_.type != EventType::document_start) return bounds_.bad("it is no YAML", line());
      GITOPSCTL_CHECK(next());
      GITOPSCTL_TRY(SopsNode root, node(0));
      GITOPSCTL_CHECK(next());
      if (event_.type != EventType::document_end) return bounds_.bad("it is no YAML", line());
      if (root.kind == SopsNode::Kind::null) {
        root.kind = SopsNode::Kind::map;
      } else if (root.kind != SopsNode::Kind::map) {
        return bounds_.bad("its top level is no map", root.line);
      }
      documents.push_back(std::move(root));
    }
  }

 private:
  Result<void> next() {
    if (events_.next(event_)) return {};
    return bounds_.bad("it is no YAML", events_.error().problem_mark.line + 1);
  }
  [[nodiscard]] int line() const { return event_.mark.line + 1; }

  // The node whose first event is event_. Its depth is bounded.
  Result<SopsNode> node(int depth) {  // NOLINT(misc-no-recursion)
    GITOPSCTL_CHECK(bounds_.count(depth, line()));
    if (event_.type == EventType::alias || !event_.anchor.empty()) return bounds_.unsupported("anchors or aliases", line());
    SopsNode out;
    out.line = line();
    switch (event_.type) {
      case EventType::scalar: return scalar();
      case EventType::list_start:
        out.kind = SopsNode::Kind::list;
        for (;;) {
          GITOPSCTL_CHECK(next());
          if (event_.type == EventType::list_end) return out;
          GITOPSCTL_TRY(SopsNode item, node(depth + 1));
          out.items.push_back(std::move(item));
        }
      case EventType::map_start: {
        out.kind = SopsNode::Kind::map;
        std::set<std::string, std::less<>> keys;
        for (;;) {
          GITOPSCTL_CHECK(next());
          if (event_.type == EventType::map_end) return out;
          GITOPSCTL_TRY(SopsNode key, node(depth + 1));
          if (key.kind != SopsNode::Kind::text) return bounds_.bad("a key is no text", key.line);
          GITOPSCTL_CHECK(next());
          GITOPSCTL_TRY(SopsNode value, node(depth + 1));
          GITOPSCTL_CHECK(add_member(out, keys, std::string(key.text.view()), std::move(value), bounds_));
        }
      }
      default: return bounds_.bad("it is no YAML", line());
    }
  }

  [[nodiscard]] Result<SopsNode> scalar() const {
    constexpr std::string_view standard = "tag:yaml.org,2002:";
    const std::string_view tag = event_.tag.starts_with(standard) ? event_.tag.substr(standard.size()) : std::string_view{};
    if (!event_.tag.empty() && event_.tag != "!" && tag.empty()) return bounds_.unsupported("a tag", line());
    SopsNode out;
    out.line = line();
    // A number that is written with its tag may stand in quotes.
    const bool resolved = event_.plain || tag == "int" || tag == "float" || tag == "bool" || tag == "null";
    if (!resolved || tag == "str") {
      if (!event_.tag.empty() && event_.tag != "!" && tag != "str") return bounds_.unsupported("a tag", line());
      return text_node(std::string(event_.value));
    }
    if (auto time = sops_timestamp(event_.value); !time.empty()) return text_node(std::move(time));
    using yaml_detail::ScalarType;
    const auto value = yaml_detail::resolve_plain(event_.value, YamlProfile::go_v3);
    switch (value.type) {
      case ScalarType::string: return text_node(std::string(event_.value));
      case ScalarType::null: return out;
      case ScalarType::boolean:
        out.kind = SopsNode::Kind::boolean;
        out.boolean = value.boolean;
        return out;
      case ScalarType::integer:
        out.kind = SopsNode::Kind::integer;
        out.integer = value.integer;
        if (tag == "float") {
          out.kind = SopsNode::Kind::floating;
          out.floating = static_cast<double>(value.integer);
        }
        return out;
      case ScalarType::unsigned_integer: return bounds_.unsupported("an integer of more than 63 bits", line());
      case ScalarType::floating:
        out.kind = SopsNode::Kind::floating;
        out.floating = value.floating;
        return out;
    }
    return out;
  }

  [[nodiscard]] SopsNode text_node(std::string text) const {
    SopsNode out;
    out.line = line();
    out.kind = SopsNode::Kind::text;
    out.text = SecretBytes(std::move(text));
    return out;
  }

  Bounds bounds_;
  yaml_detail::EventSource events_;
  Event event_;
};

Result<std::vector<SopsNode>> read_yaml(std::string_view text, const std::string& file) {
  yaml_detail::Input input;
  yaml_detail::open_input(text, input);
  if (!input.problem.empty()) return Bounds(file).bad("it has characters that YAML does not allow", 0);
  return YamlTree(input.text, file).read();
}

// ------------------------------------------------------------------------------------------------------------------ JSON

/// Walks a text that parse_json() has taken already, to see the order of its keys.
class JsonTree {
 public:
  JsonTree(std::string_view text, const std::string& file) : bounds_(file), text_(text) {}

  Result<SopsNode> read() {
    skip();
    if (at() != '{') return bounds_.bad("its top level is no map", line_);
    return node(0);
  }

 private:
  [[nodiscard]] char at() const { return pos_ < text_.size() ? text_[pos_] : '\0'; }
  void skip() {
    for (; pos_ < text_.size(); ++pos_) {
      const char c = text_[pos_];
      if (c == '\n') ++line_;
      if (c != ' ' && c != '\t' && c != '\r' && c != '\n') return;
    }
  }
  /// A string or another scalar, up to where it ends.
  std::string_view literal() {
    const std::size_t begin = pos_;
    if (at() == '"') {
      for (++pos_; pos_ < text_.size() && text_[pos_] != '"'; ++pos_) {
        if (text_[pos_] == '\\') ++pos_;
      }
      ++pos_;
    } else {
      while (pos_ < text_.size() && std::string_view(" \t\r\n,]}").find(text_[pos_]) == std::string_view::npos) ++pos_;
    }
    pos_ = std::min(pos_, text_.size());
    return text_.substr(begin, pos_ - begin);
  }

  Result<SopsNode> node(int depth) {  // NOLINT(misc-no-recursion)
    GITOPSCTL_CHECK(bounds_.count(depth, line_));
    SopsNode out;
    out.line = line_;
    if (at() == '[') {
      out.kind = SopsNode::Kind::list;
      ++pos_;
      for (skip(); pos_ < text_.size() && at() != ']'; skip()) {
        GITOPSCTL_TRY(SopsNode item, node(depth + 1));
        out.items.push_back(std::move(item));
        skip();
        if (at() == ',') ++pos_;
      }
      ++pos_;
      return out;
    }
    if (at() == '{') {
      out.kind = SopsNode::Kind::map;
      std::set<std::string, std::less<>> keys;
      ++pos_;
      for (skip(); pos_ < text_.size() && at() != '}'; skip()) {
        GITOPSCTL_TRY(const SopsNode key, scalar());
        skip();
        ++pos_;  // the colon
        skip();
        GITOPSCTL_TRY(SopsNode value, node(depth + 1));
        GITOPSCTL_CHECK(add_member(out, keys, std::string(key.text.view()), std::move(value), bounds_));
        skip();
        if (at() == ',') ++pos_;
      }
      ++pos_;
      return out;
    }
    return scalar();
  }

  Result<SopsNode> scalar() {
    SopsNode out;
    out.line = line_;
    const auto value = parse_json(literal());
    if (!value.ok()) return bounds_.bad("it is no JSON", line_);
    if (value->is_string()) {
      out.kind = SopsNode::Kind::text;
      out.text = SecretBytes(std::string(value->as_string()));
    } else if (value->is_bool()) {
      out.kind = SopsNode::Kind::boolean;
      out.boolean = value->as_bool();
    } else if (value->is_int()) {
      out.kind = SopsNode::Kind::integer;
      out.integer = value->as_int();
    } else if (value->is_float()) {
      out.kind = SopsNode::Kind::floating;
      out.floating = value->as_double();
    }
    return out;
  }

  Bounds bounds_;
  std::string_view text_;
  std::size_t pos_ = 0;
  int line_ = 1;
};

Result<std::vector<SopsNode>> read_json(std::string_view text, const std::string& file) {
  const auto checked = parse_json(text, file, true, max_sops_file_bytes);
  if (!checked.ok()) {
    const Location where = checked.error().where();
    return Error(checked.error().code(), "the encrypted file cannot be read: it is no JSON")
        .at({file, where.line, where.column});
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  GITOPSCTL_TRY(SopsNode root, JsonTree(text, file).read());
  std::vector<SopsNode> documents;
  documents.push_back(std::move(root));
  return documents;
}

// ---------------------------------------------------------------------------------------------------------------- dotenv

Result<std::vector<SopsNode>> read_dotenv(std::string_view text, const std::string& file) {
  Bounds bounds(file);
  SopsNode root;
  root.kind = SopsNode::Kind::map;
  std::set<std::string, std::less<>> keys;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const auto line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (line.empty()) continue;
    GITOPSCTL_CHECK(bounds.count(1, number));
    SopsNode value;
    value.line = number;
    if (line.starts_with('#')) {
      value.kind = SopsNode::Kind::comment;
      value.text = SecretBytes(std::string(line.substr(1)));
      root.members.push_back({"", std::move(value)});
      continue;
    }
    const std::size_t sign = line.find('=');
    if (sign == std::string_view::npos) return bounds.bad("a line has no '='", number);
    std::string content;
    for (std::size_t i = sign + 1; i < line.size(); ++i) {
      const bool escaped = line[i] == '\\' && i + 1 < line.size() && line[i + 1] == 'n';
      content += escaped ? '\n' : line[i];
      if (escaped) ++i;
    }
    value.kind = SopsNode::Kind::text;
    value.text = SecretBytes(std::move(content));
    GITOPSCTL_CHECK(add_member(root, keys, std::string(line.substr(0, sign)), std::move(value), bounds));
  }
  std::vector<SopsNode> documents;
  documents.push_back(std::move(root));
  return documents;
}

}  // namespace

Result<SopsStore> sops_store_of(std::string_view file_name) {
  if (file_name.ends_with(".yaml") || file_name.ends_with(".yml")) return SopsStore::yaml;
  if (file_name.ends_with(".json")) return SopsStore::json;
  if (file_name.ends_with(".env")) return SopsStore::dotenv;
  if (file_name.ends_with(".ini")) {
    return Error(ErrorCode::unsupported, "encrypted INI files are not supported")
        .with_hint("store it as YAML, JSON, dotenv or binary");
  }
  return SopsStore::binary;
}

std::string_view sops_store_name(SopsStore store) noexcept {
  switch (store) {
    case SopsStore::yaml: return "yaml";
    case SopsStore::json: return "json";
    case SopsStore::dotenv: return "dotenv";
    case SopsStore::binary: return "binary";
  }
  return "binary";
}

Result<std::vector<SopsNode>> read_sops_tree(std::string_view text, SopsStore store, const std::string& file) {
  if (text.size() > max_sops_file_bytes) {
    return Error(ErrorCode::too_large, "the encrypted file has more than " + std::to_string(max_sops_file_bytes) + " bytes")
        .at({file, 0, 0});
  }
  switch (store) {
    case SopsStore::yaml: return read_yaml(text, file);
    case SopsStore::dotenv: return read_dotenv(text, file);
    case SopsStore::json:
    case SopsStore::binary: break;
  }
  return read_json(text, file);
}

Result<Value> sops_value(const SopsNode& node) {  // NOLINT(misc-no-recursion)
  switch (node.kind) {
    case SopsNode::Kind::null:
    case SopsNode::Kind::comment: return Value();
    case SopsNode::Kind::boolean: return Value::boolean(node.boolean);
    case SopsNode::Kind::integer: return Value::int64(node.integer);
    case SopsNode::Kind::floating: return Value::float64(node.floating);
    case SopsNode::Kind::text:
      if (!valid_utf8(node.text.view())) return Error(ErrorCode::invalid_input, "a decrypted value is no UTF-8");
      return Value::string(node.text.view());
    case SopsNode::Kind::list: {
      Value out = Value::list();
      for (const auto& item : node.items) {
        if (item.kind == SopsNode::Kind::comment) continue;
        GITOPSCTL_TRY(Value value, sops_value(item));
        out.push_back(std::move(value));
      }
      return out;
    }
    case SopsNode::Kind::map: break;
  }
  Value::Members members;
  for (const auto& member : node.members) {
    if (member.value.kind == SopsNode::Kind::comment) continue;
    GITOPSCTL_TRY(Value value, sops_value(member.value));
    members.push_back({SharedString(member.key), std::move(value)});
  }
  return Value::map(std::move(members));
}

}  // namespace gitopsctl::channels::secrets
