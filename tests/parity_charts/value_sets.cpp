#include "tests/parity_charts/value_sets.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "base/json/json.hpp"
#include "base/yaml/yaml.hpp"
#include "tests/parity_charts/charts.hpp"

namespace gitopsctl::tests {

namespace fs = std::filesystem;

namespace {

constexpr int max_depth = 12;

bool has_yaml_name(const fs::path& file) { return file.extension() == ".yaml" || file.extension() == ".yml"; }

/// Words of the Kubernetes API of which exactly one is chosen.
constexpr std::array<std::array<std::string_view, 4>, 9> word_groups = {{
    {"ClusterIP", "NodePort", "LoadBalancer", ""},
    {"IfNotPresent", "Always", "Never", ""},
    {"RollingUpdate", "Recreate", "OnDelete", ""},
    {"Deployment", "StatefulSet", "DaemonSet", ""},
    {"ReadWriteOnce", "ReadWriteMany", "ReadOnlyMany", "ReadWriteOncePod"},
    {"Exact", "Prefix", "ImplementationSpecific", ""},
    {"OrderedReady", "Parallel", "", ""},
    {"soft", "hard", "", ""},
    {"HTTP", "HTTPS", "", ""},
}};

std::vector<Value> other_words(std::string_view word) {
  std::vector<Value> out;
  for (const auto& group : word_groups) {
    if (word.empty() || std::find(group.begin(), group.end(), word) == group.end()) continue;
    for (const auto other : group) {
      if (!other.empty() && other != word) out.push_back(Value::string(other));
    }
  }
  return out;
}

/// Walks values and schema at once.
class ToggleFinder {
 public:
  void walk(const Value* values, const Value* schema, const Value* root_schema, std::vector<std::string>& path) {
    if (path.size() > max_depth) return;
    schema = resolve(schema, root_schema);
    if (!path.empty()) look(values, schema, path);
    std::map<std::string, std::pair<const Value*, const Value*>> members;
    if (values != nullptr && values->is_map()) {
      for (const auto& member : values->as_map()) members[std::string(member.key.view())].first = &member.value;
    }
    const auto* properties = schema == nullptr ? nullptr : schema->find("properties");
    if (properties != nullptr) {
      for (const auto& member : properties->as_map()) members[std::string(member.key.view())].second = &member.value;
    }
    for (const auto& [key, both] : members) {
      path.push_back(key);
      walk(both.first, both.second, root_schema, path);
      path.pop_back();
    }
  }

  std::vector<Toggle> take() {
    std::vector<Toggle> out;
    for (auto& [path, choices] : found_) out.push_back({path, std::move(choices)});
    return out;
  }

 private:
  static const Value* resolve(const Value* schema, const Value* root) {
    if (schema == nullptr || !schema->is_map()) return nullptr;
    const auto reference = schema->string_at({"$ref"});
    if (!reference.starts_with("#/")) return schema;
    const Value* at = root;
    for (std::size_t begin = 2; at != nullptr && begin <= reference.size();) {
      const auto end = std::min(reference.find('/', begin), reference.size());
      at = at->find(reference.substr(begin, end - begin));
      begin = end + 1;
    }
    return at != nullptr && at->is_map() ? at : nullptr;
  }

  void look(const Value* value, const Value* schema, const std::vector<std::string>& path) {
    std::vector<Value> choices;
    const auto* words = schema == nullptr ? nullptr : schema->find("enum");
    if (words != nullptr && words->is_list()) {
      for (const auto& word : words->as_list()) {
        if (value == nullptr || canonical_json(word) != canonical_json(*value)) choices.push_back(word);
      }
    } else if (value != nullptr && value->is_bool()) {
      choices.push_back(Value::boolean(!value->as_bool()));
    } else if (value != nullptr && value->is_string()) {
      choices = other_words(value->as_string());
    } else if ((value == nullptr || value->is_null()) && schema != nullptr && schema->string_at({"type"}) == "boolean") {
      choices = {Value::boolean(true), Value::boolean(false)};
    }
    if (!choices.empty()) found_.try_emplace(path, std::move(choices));
  }

  std::map<std::vector<std::string>, std::vector<Value>> found_;
};

Value read_values(const fs::path& file) {
  if (!fs::is_regular_file(file)) return {};
  auto parsed = parse_yaml(read_text(file), {.numbers = YamlNumbers::float64});
  return parsed.ok() ? *parsed : Value();
}

/// Names below which the values of the chart in `folder` stand in its parent's: its aliases, or its name.
std::vector<std::string> names_in(const Value& parent_metadata, const std::string& name) {
  std::vector<std::string> out;
  const auto* list = parent_metadata.find("dependencies");
  if (list != nullptr) {
    for (const auto& item : list->as_list()) {
      if (item.string_at({"name"}) != name) continue;
      const auto alias = item.string_at({"alias"});
      out.emplace_back(alias.empty() ? name : alias);
    }
  }
  if (out.empty()) out.push_back(name);
  return out;
}

void find_toggles(const fs::path& chart, std::vector<std::string>& path, ToggleFinder& finder) {
  const auto values = read_values(chart / "values.yaml");
  Value schema;
  if (fs::is_regular_file(chart / "values.schema.json")) {
    auto parsed = parse_json(read_text(chart / "values.schema.json"));
    if (parsed.ok()) schema = *parsed;
  }
  finder.walk(&values, &schema, &schema, path);
  if (!fs::is_directory(chart / "charts")) return;
  const auto metadata = read_values(chart / "Chart.yaml");
  std::vector<fs::path> children;
  for (const auto& entry : fs::directory_iterator(chart / "charts")) {
    if (entry.is_directory()) children.push_back(entry.path());
  }
  std::sort(children.begin(), children.end());
  for (const auto& child : children) {
    const auto child_metadata = read_values(child / "Chart.yaml");
    for (const auto& name : names_in(metadata, std::string(child_metadata.string_at({"name"})))) {
      path.push_back(name);
      find_toggles(child, path, finder);
      path.pop_back();
    }
  }
}

}  // namespace

std::vector<ValueSet> sets_of_chart(const fs::path& chart) {
  std::vector<ValueSet> out;
  const auto take = [&](const fs::directory_entry& entry) {
    if (entry.is_regular_file() && has_yaml_name(entry.path()))
      out.push_back({fs::relative(entry.path(), chart).string(), {read_text(entry.path())}});
  };
  const auto take_values = [&](const fs::directory_entry& entry, bool beside) {
    const auto stem = entry.path().stem().string();
    const bool plain = stem == "values" && !beside;
    if (plain || stem.starts_with("values-") || stem.ends_with("-values")) take(entry);
  };
  if (fs::is_directory(chart / "ci")) {
    for (const auto& entry : fs::directory_iterator(chart / "ci")) take(entry);
  }
  for (const auto& entry : fs::directory_iterator(chart)) take_values(entry, true);
  for (const auto* folder : {"test", "tests", "examples"}) {
    if (!fs::is_directory(chart / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(chart / folder)) take_values(entry, false);
  }
  std::sort(out.begin(), out.end(), [](const ValueSet& a, const ValueSet& b) { return a.name < b.name; });
  return out;
}

std::vector<Toggle> toggles_of(const fs::path& chart) {
  ToggleFinder finder;
  std::vector<std::string> path;
  find_toggles(chart, path, finder);
  return finder.take();
}

SetGenerator::SetGenerator(std::string_view name) {
  for (const char c : name) state_ = state_ * 1099511628211ULL + static_cast<unsigned char>(c);
}

// splitmix64: small, and the same everywhere.
std::uint64_t SetGenerator::next() {
  state_ += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31U);
}

std::string SetGenerator::generate(const std::vector<Toggle>& toggles, double probability) {
  constexpr std::uint64_t scale = 1'000'000;
  auto values = Value::map();
  for (const auto& toggle : toggles) {
    const bool chosen = next() % scale < static_cast<std::uint64_t>(probability * static_cast<double>(scale));
    const auto& choice = toggle.choices[next() % toggle.choices.size()];
    if (!chosen) continue;
    Value at = values;
    bool fits = true;
    for (std::size_t i = 0; i + 1 < toggle.path.size() && fits; ++i) {
      // A choice can be a table's place: what was chosen first stays.
      const auto* there = at.find(toggle.path[i]);
      fits = there == nullptr || there->is_map();
      if (fits) at = at.child_map(toggle.path[i]);
    }
    if (fits && at.find(toggle.path.back()) == nullptr) at.set(toggle.path.back(), choice);
  }
  auto text = to_yaml(values);
  if (!text.ok()) throw std::runtime_error(text.error().to_string());
  return *text;
}

}  // namespace gitopsctl::tests
