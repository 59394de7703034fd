#include "invoke-compat/listing/listing.hpp"

#include <algorithm>
#include <vector>

#include "invoke-compat/listing/docstring.hpp"
#include "invoke-compat/listing/python_json.hpp"
#include "invoke-compat/python_text/python_text.hpp"

namespace gitopsctl::invoke {
namespace {

constexpr std::size_t nested_indent = 4;

Error wrong(ErrorCode code, std::string line) { return {code, std::move(line)}; }

/// The namespace of a dotted name, every part spelled as it is typed.
const Collection* exact_namespace(const Collection& root, std::string_view dotted) {
  const Collection* at = &root;
  while (at != nullptr) {
    const auto dot = dotted.find('.');
    at = at->find_collection(dotted.substr(0, dot));
    if (dot == std::string_view::npos) break;
    dotted.remove_prefix(dot + 1);
  }
  return at;
}

template <class Member>
std::vector<const Member*> by_name(const Collection& collection, const std::vector<Member>& members) {
  std::vector<const Member*> out;
  out.reserve(members.size());
  for (const auto& member : members) out.push_back(&member);
  std::sort(out.begin(), out.end(),
            [&](const Member* a, const Member* b) { return collection.typed(a->name) < collection.typed(b->name); });
  return out;
}

/// How many tasks and namespaces a namespace has that is not opened.
std::string counts(const Collection& collection) {
  std::string out;
  if (!collection.tasks.empty()) out += std::to_string(collection.tasks.size()) + " tasks";
  if (!collection.collections.empty()) {
    out.append(out.empty() ? "" : ", ").append(std::to_string(collection.collections.size())).append(" collections");
  }
  return " [" + out + "]";
}

std::string in_parentheses(const std::vector<std::string>& aliases) {
  std::string out;
  for (const auto& alias : aliases) out.append(out.empty() ? " (" : ", ").append(alias);
  return out.empty() ? out : out + ')';
}

/// Makes the rows of the two formats that people read.
class Lister {
 public:
  explicit Lister(const ListingOptions& options) : options_(options), nested_(options.format == "nested") {}

  std::vector<Row> rows(const Collection& shown) {
    add(shown, options_.root.empty() ? "" : ".", 1);
    return std::move(rows_);
  }

 private:
  /// `prefix` stands before the names of this collection's members.
  void add(const Collection& collection, const std::string& prefix, std::int64_t level) {
    const std::string indent(nested_ ? (static_cast<std::size_t>(level) - 1) * nested_indent : 0, ' ');
    const auto own_default = collection.typed(collection.default_name);
    for (const auto* task : by_name(collection, collection.tasks)) {
      const auto name = collection.typed(task->name);
      const bool is_default = !collection.default_name.empty() && name == own_default;
      std::vector<std::string> aliases;
      aliases.reserve(task->aliases.size() + 1);
      for (const auto& alias : task->aliases) aliases.push_back(prefix + collection.typed(alias));
      // A namespace's own name is one more name of its default task.
      if (!nested_ && is_default && level > 1) aliases.push_back(prefix.substr(0, prefix.size() - 1));
      std::sort(aliases.begin(), aliases.end());
      rows_.push_back({indent + prefix + name + (nested_ && is_default ? "*" : "") + in_parentheses(aliases),
                       first_line(task->docstring)});
    }
    for (const auto* inner : by_name(collection, collection.collections)) {
      const auto name = collection.typed(inner->name);
      if (options_.depth != 0 && level >= options_.depth) {
        // Here the reference forgets the dot that stands for the shown namespace, but for its own members.
        const bool dotless = !nested_ && level > 1 && prefix.starts_with('.');
        rows_.push_back({indent + prefix.substr(dotless ? 1 : 0) + name + counts(*inner), first_line(inner->docstring)});
      } else if (nested_) {
        rows_.push_back({indent + prefix + name, first_line(inner->docstring)});
        add(*inner, ".", level + 1);
      } else {
        add(*inner, prefix + name + '.', level + 1);
      }
    }
  }

  const ListingOptions& options_;
  bool nested_;
  std::vector<Row> rows_;
};

std::string header(const ListingOptions& options) {
  std::string out = "Available ";
  if (!options.root.empty()) out += "'" + options.root + "' ";
  out += "tasks";
  std::string notes;
  if (options.depth != 0) notes = "depth=" + std::to_string(options.depth);
  if (options.format == "nested") notes.append(notes.empty() ? "" : "; ").append("'*' denotes collection defaults");
  if (!notes.empty()) out += " (" + notes + ")";
  return out + ":\n\n";
}

std::string footer(const Collection& shown, const ListingOptions& options) {
  if (shown.default_name.empty()) return {};
  const auto name = shown.typed(shown.default_name);
  if (options.root.empty()) return "Default task: " + name + "\n\n";
  return "Default '" + options.root + "' task: ." + name + "\n\n";
}

std::string text_or_null(std::string_view text) { return text.empty() ? "null" : python_json_string(text); }

/// A namespace spells its own name here, also where the one that it is in spells it otherwise.
void append_json(const Collection& collection, std::string& out) {
  out += "{\"name\": " + text_or_null(collection.typed(collection.name)) +
         ", \"help\": " + text_or_null(first_line(collection.docstring)) +
         ", \"default\": " + text_or_null(collection.typed(collection.default_name)) + ", \"tasks\": [";
  std::string_view comma;
  for (const auto* task : by_name(collection, collection.tasks)) {
    out.append(comma).append("{\"name\": ").append(python_json_string(collection.typed(task->name)));
    out.append(", \"help\": ").append(text_or_null(first_line(task->docstring))).append(", \"aliases\": [");
    std::string_view inner_comma;
    for (const auto& alias : task->aliases) {
      out.append(inner_comma).append(python_json_string(collection.typed(alias)));
      inner_comma = ", ";
    }
    out += "]}";
    comma = ", ";
  }
  out += "], \"collections\": [";
  comma = {};
  for (const auto* inner : by_name(collection, collection.collections)) {
    out.append(comma);
    append_json(*inner, out);
    comma = ", ";
  }
  out += "]}";
}

}  // namespace

bool has_tasks(const Collection& collection) {
  return !collection.tasks.empty() || std::any_of(collection.collections.begin(), collection.collections.end(), has_tasks);
}

Result<std::string> list_tasks(const Collection& collection, const ListingOptions& options) {
  const Collection* shown = options.root.empty() ? &collection : exact_namespace(collection, options.root);
  if (shown == nullptr) return wrong(ErrorCode::not_found, "Sub-collection '" + options.root + "' not found!");
  if (!has_tasks(*shown)) {
    return wrong(ErrorCode::not_found, "No tasks found in collection '" + shown->typed(shown->name) + "'!");
  }
  if (options.format == "json") {
    if (options.depth != 0) {
      return wrong(ErrorCode::invalid_input, "The --list-depth option is not supported with JSON format!");
    }
    std::string out;
    append_json(*shown, out);
    return out + '\n';
  }
  if (options.format != "flat" && options.format != "nested") {
    return wrong(ErrorCode::invalid_input,
                 "error: --list-format needs one of flat, nested, json, not " + python_repr(options.format));
  }
  return header(options) + print_columns(Lister(options).rows(*shown), options.width) + footer(*shown, options);
}

}  // namespace gitopsctl::invoke
