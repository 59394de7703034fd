#include "render/helm/dependencies.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text/go_format.hpp"
#include "base/text/semver.hpp"
#include "render/helm/coalesce.hpp"
#include "render/helm/helm_log.hpp"
#include "render/helm/whitespace.hpp"

namespace gitopsctl::render::helm {

namespace {

bool in_range(const std::string& range, const std::string& version) {
  const auto parsed = parse_semver(version);
  if (!parsed.ok()) return false;
  const auto constraint = SemVerConstraint::parse(range);
  return constraint.ok() && constraint->matches(*parsed);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

// The table at a dotted path, or nullopt.
std::optional<Value> table_at(const Value& values, std::string_view path) {
  Value at = values;
  for (const auto part : split(path, '.')) {
    const auto* next = at.find(part);
    if (next == nullptr || !next->is_map()) return std::nullopt;
    at = *next;
  }
  return at;
}

// The part of a dotted path at which table_at() finds none.
std::string first_that_is_no_table(const Value& values, std::string_view path) {
  Value at = values;
  for (const auto part : split(path, '.')) {
    const auto* next = at.find(part);
    if (next == nullptr || !next->is_map()) return std::string(part);
    at = *next;
  }
  return {};
}

// The value that is no table at a dotted path, or nullopt.
std::optional<Value> leaf_at(const Value& values, std::string_view path) {
  const auto dot = path.rfind('.');
  std::optional<Value> table = values;
  if (dot != std::string_view::npos) {
    table = table_at(values, path.substr(0, dot));
    path.remove_prefix(dot + 1);
  }
  if (!table) return std::nullopt;
  const auto* value = table->find(path);
  if (value == nullptr || value->is_map()) return std::nullopt;
  return *value;
}

class Enabling {
 public:
  explicit Enabling(ChartSet& set) : set_(set) {}

  Result<void> run(Chart& chart, const Value& values, const std::string& path) {
    if (!chart.metadata->has_dependencies) return {};
    choose_children(chart);
    auto& entries = chart.metadata->dependencies;
    for (const auto& entry : entries) entry->enabled = true;
    GITOPSCTL_TRY(const auto merged, coalesce_values(chart, values, set_.coalescing(Nulls::remove), quiet_));
    apply_tags(entries, merged);
    apply_conditions(entries, merged, path);
    remove_disabled(chart);
    // The recursion may add to the set, but never changes this list.
    for (auto* child : chart.dependencies) {
      GITOPSCTL_CHECK(run(*child, merged, path + child->name() + '.'));
    }
    return {};
  }

 private:
  static bool fits(const ChartDependency& entry, const Chart& chart) {
    return entry.name == chart.name() && in_range(entry.version, chart.metadata->version);
  }

  // Unlisted children stay; each entry takes the first child that fits it, under its alias.
  void choose_children(Chart& chart) {
    auto& entries = chart.metadata->dependencies;
    std::vector<Chart*> chosen;
    for (auto* child : chart.dependencies) {
      const bool listed =
          std::any_of(entries.begin(), entries.end(), [&](const auto& entry) { return fits(*entry, *child); });
      if (!listed) chosen.push_back(child);
    }
    for (const auto& entry : entries) {
      const auto found = std::find_if(chart.dependencies.begin(), chart.dependencies.end(),
                                      [&](const Chart* child) { return fits(*entry, *child); });
      if (found != chart.dependencies.end()) chosen.push_back(renamed(**found, entry->alias));
      if (!entry->alias.empty()) entry->name = entry->alias;
    }
    chart.set_dependencies(std::move(chosen));
  }

  // A copy with its own metadata, in Helm 4 also with own copies of its children, which share the rest.
  Chart* renamed(const Chart& original, const std::string& alias) {
    Chart& copy = set_.add(original);
    copy.metadata = std::make_shared<Metadata>(*original.metadata);
    if (set_.profile.aliases_have_own_children) {
      std::vector<Chart*> children;
      children.reserve(original.dependencies.size());
      for (const auto* child : original.dependencies) children.push_back(&set_.add(*child));
      copy.set_dependencies(std::move(children));
      for (auto& entry : copy.metadata->dependencies) entry = std::make_shared<ChartDependency>(*entry);
    }
    if (!alias.empty()) copy.metadata->name = alias;
    return &copy;
  }

  void apply_tags(const DependencyList& entries, const Value& values) {
    const auto tags = table_at(values, "tags");
    if (!tags) return;
    for (const auto& entry : entries) {
      bool any_true = false;
      bool any_false = false;
      for (const auto& name : entry->tags) {
        const auto* tag = tags->find(name);
        if (tag == nullptr) continue;
        if (tag->is_bool()) {
          (tag->as_bool() ? any_true : any_false) = true;
        } else {
          warn("tag '" + name + "' of dependency " + entry->name + " is not true or false");
          if (set_.log != nullptr) {
            set_.log->write("dependencies.go:95",
                            "Warning: Tag '" + name + "' for chart " + entry->name + " returned non-bool value", "WARN",
                            "returned non-bool value", {{"tag", name}, {"chart", entry->name}});
          }
        }
      }
      entry->enabled = any_true || !any_false;
    }
  }

  void apply_conditions(const DependencyList& entries, const Value& values, const std::string& path) {
    for (const auto& entry : entries) {
      for (const auto condition : split(trim_space(entry->condition), ',')) {
        if (condition.empty()) continue;
        const auto value = leaf_at(values, path + std::string(condition));
        if (!value) continue;
        if (value->is_bool()) {
          entry->enabled = value->as_bool();
          break;
        }
        const std::string name(condition);
        warn("condition '" + name + "' of dependency " + entry->name + " is not true or false");
        if (set_.log != nullptr) {
          set_.log->write("dependencies.go:64",
                          "Warning: Condition path '" + name + "' for chart " + entry->name + " returned non-bool value",
                          "WARN", "returned non-bool value", {{"path", name}, {"chart", entry->name}});
        }
      }
    }
  }

  static void remove_disabled(Chart& chart) {
    auto& entries = chart.metadata->dependencies;
    const auto disabled = [&](const std::string& name) {
      return std::any_of(entries.begin(), entries.end(),
                         [&](const auto& entry) { return !entry->enabled && entry->name == name; });
    };
    auto children = chart.dependencies;
    std::erase_if(children, [&](const Chart* child) { return disabled(child->name()); });
    DependencyList kept;
    for (const auto& entry : entries) {
      if (!disabled(entry->name)) kept.push_back(entry);
    }
    entries = std::move(kept);
    chart.metadata->has_dependencies = !entries.empty();
    chart.set_dependencies(std::move(children));
  }

  void warn(std::string text) { set_.warnings.push_back(std::move(text)); }

  ChartSet& set_;
  std::vector<std::string> quiet_;  // the same oddities are met again, and told, when values are made for rendering
};

// `a.b` and a table give `{a: {b: table}}`.
Value at_path(std::string_view path, Value table) {
  if (path == ".") return table;
  const auto parts = split(path, '.');
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) table = make_map({{*part, std::move(table)}});
  return table;
}

class Importing {
 public:
  explicit Importing(ChartSet& set) : set_(set), keep_(set.coalescing(Nulls::keep)) {}

  Result<void> run(Chart& chart) {
    for (auto* child : chart.dependencies) GITOPSCTL_CHECK(run(*child));
    if (!chart.metadata->has_dependencies) return {};
    std::vector<std::string> quiet;
    GITOPSCTL_TRY(const auto merged, coalesce_values(chart, Value::map(), keep_, quiet));
    Value imported = Value::map();
    for (const auto& entry : chart.metadata->dependencies) {
      Value::List shown;
      for (const auto& item : entry->import_values.as_list()) import(entry->name, item, merged, imported, shown);
      entry->import_values = shown.empty() ? Value::nil_list() : Value::list(std::move(shown));
    }
    // The parent's own values win over what it imports.
    Value own = merged.deep_copy();
    fill_table(own, imported, {}, keep_, quiet);
    chart.values = own;
    return {};
  }

 private:
  void import(const std::string& child, const Value& item, const Value& values, Value& imported, Value::List& shown) {
    std::string from;
    std::string to = ".";
    if (item.is_string()) {
      from = "exports." + std::string(item.as_string());
    } else if (item.is_map() && item.map_type() != MapType::string) {  // what an earlier pass left is of that type
      const auto text = [&](std::string_view key) {
        const auto* value = item.find(key);
        return value == nullptr ? std::string("<nil>") : go_format(*value);
      };
      from = text("child");
      to = text("parent");
    } else {
      return;
    }
    Value row = Value::map(MapType::string);
    row.set("child", Value::string(from));
    row.set("parent", Value::string(to));
    shown.push_back(row);
    const auto table = table_at(values, child + '.' + from);
    if (!table) {
      set_.warnings.push_back("import-values: " + child + " has no table '" + from + "'");
      if (set_.log != nullptr)
        log_missing(child, go_quote(first_that_is_no_table(values, child + '.' + from)), item.is_map());
      return;
    }
    Value under = at_path(to, *table);
    fill_table(imported, under, {}, keep_, set_.warnings);
  }

  void log_missing(const std::string& child, const std::string& name, bool from_chart) {
    const std::string problem = name + " is not a table";
    if (from_chart) {
      set_.log->write("dependencies.go:270", "Warning: ImportValues missing table from chart " + child + ": " + problem,
                      "WARN", "ImportValues missing table from chart", {{"chart", child}, {"error", problem}});
    } else {
      set_.log->write("dependencies.go:287", "Warning: ImportValues missing table: " + problem, "WARN",
                      "ImportValues missing table", {{"error", problem}});
    }
  }

  ChartSet& set_;
  const Coalescing keep_;
};

}  // namespace

Result<void> check_dependencies(const Chart& chart, const HelmProfile& profile) {
  std::string names;
  std::string wanted;
  for (const auto& entry : chart.metadata->dependencies) {
    const bool there = std::any_of(chart.dependencies.begin(), chart.dependencies.end(),
                                   [&](const Chart* child) { return child->name() == entry->name; });
    if (there) continue;
    if (!names.empty()) {
      names += ", ";
      wanted += "; ";
    }
    names += entry->name;
    wanted += entry->name + ' ' + (entry->version.empty() ? "of any version" : entry->version);
    if (!entry->repository.empty()) wanted += " from " + entry->repository;
  }
  if (names.empty()) return {};
  const std::string yaml = chart.metadata->api_version == "v1" ? "requirements.yaml" : "Chart.yaml";
  const std::string advice =
      profile.major == 3
          ? "An error occurred while checking for chart dependencies. You may need to run `helm dependency build` to "
          : "an error occurred while checking for chart dependencies. You may need to run 'helm dependency build' to ";
  return Error(ErrorCode::needs_source,
               advice + "fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: " + names)
      .at({.file = chart.origin.empty() ? yaml : chart.origin + '/' + yaml})
      .with_hint("run 'helm dependency build " + (chart.origin.empty() ? std::string(".") : chart.origin) +
                 "' and commit its charts/ folder; it needs " + wanted);
}

Result<void> process_dependencies(ChartSet& set, const Value& user) {
  GITOPSCTL_CHECK(Enabling(set).run(*set.root, user, {}));
  return Importing(set).run(*set.root);
}

}  // namespace gitopsctl::render::helm
