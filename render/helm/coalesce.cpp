#include "render/helm/coalesce.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/text/go_format.hpp"
#include "render/helm/helm_log.hpp"

namespace gitopsctl::render::helm {

namespace {

constexpr std::string_view global_key = "global";

std::string joined(const std::string& prefix, std::string_view key) {
  return prefix.empty() ? std::string(key) : prefix + '.' + std::string(key);
}

std::vector<SharedString> keys_of(const Value& map) {
  std::vector<SharedString> keys;
  keys.reserve(map.size());
  for (const auto& member : map.as_map()) keys.push_back(member.key);
  return keys;
}

// A table whose nulls are removed, deeply.
void drop_nulls(Value& table) {
  for (const auto& key : keys_of(table)) {
    Value value = *table.find(key.view());
    if (value.is_null()) {
      table.erase(key.view());
    } else if (value.is_map() && !value.is_nil_container()) {
      drop_nulls(value);
    }
  }
}

bool cleans_defaults(const Coalescing& how) { return how.nulls == Nulls::remove && how.rule == NullRule::clean_defaults; }

/// `place`: where Helm 3 says it.
void log(const Coalescing& how, std::string_view place, const std::string& text) {
  if (how.log != nullptr) how.log->print(place, text);
}

class Coalescer {
 public:
  Coalescer(const Coalescing& how, std::vector<std::string>& warnings) : how_(how), warnings_(warnings) {}

  Result<void> chart(const Chart& chart, Value& values, const std::string& prefix) {
    own_defaults(chart, values, prefix);
    for (const auto* child : chart.dependencies) {
      const auto& name = child->name();
      const auto* there = values.find(name);
      if (there == nullptr) {
        values.set(name, Value::map());
      } else if (!there->is_map()) {
        return Error(ErrorCode::invalid_input,
                     "type mismatch on " + name + ": " +
                         (how_.quote_content ? go_sprintf("%t", std::span(there, 1)) : std::string("it is not a table")))
            .with_hint("'" + name + "' is a subchart of " + chart.full_path() + ", so its values are a table");
      }
      Value table = *values.find(name);
      if (table.is_nil_container()) table = Value::map();
      const auto child_prefix = joined(prefix, chart.name());
      globals(table, values, child_prefix);
      GITOPSCTL_CHECK(this->chart(*child, table, child_prefix));
      values.set(name, table);
    }
    return {};
  }

 private:
  void own_defaults(const Chart& chart, Value& values, const std::string& prefix) {
    const auto name = joined(prefix, chart.name());
    // Filling in changes both sides, so the chart's own defaults are copied first.
    Value defaults = chart.values.deep_copy();
    for (const auto& key : keys_of(defaults)) {
      Value fallback = *defaults.find(key.view());
      const auto* given = values.find(key.view());
      if (given == nullptr) {
        if (cleans_defaults(how_)) {
          if (fallback.is_null()) continue;
          if (fallback.is_map()) drop_nulls(fallback);
        }
        values.set(key, fallback);
      } else if (given->is_null() && how_.nulls == Nulls::remove) {
        values.erase(key.view());
      } else if (given->is_map()) {
        Value table = *given;
        merge_default(chart, table, fallback, joined(name, key.view()), key.view());
        if (table.identity() != given->identity()) values.set(key, table);
      }
    }
  }

  void merge_default(const Chart& chart, Value& table, Value& fallback, const std::string& path, std::string_view key) {
    if (!fallback.is_map()) {
      if (!fallback.is_null()) {
        warnings_.push_back("skipped value for " + path + ": Not a table.");
        log(how_, "coalesce.go:237", "warning: " + warnings_.back());
      }
      return;
    }
    // The child's own pass still has to see the nulls in its table.
    const bool is_child = std::any_of(chart.dependencies.begin(), chart.dependencies.end(),
                                      [&](const Chart* child) { return child->name() == key; });
    auto how = how_;
    if (is_child) how.nulls = Nulls::keep;
    if (cleans_defaults(how)) drop_nulls(fallback);
    fill_table(table, fallback, path, how, warnings_);
  }

  // Passes the parent's globals to a child; the parent's win.
  void globals(Value& child, const Value& parent, const std::string& prefix) {
    Value own = Value::map();
    if (const auto* there = child.find(global_key)) {
      if (!there->is_map()) {
        warnings_.push_back("skipping globals because destination global is not a table.");
        log(how_, "coalesce.go:138", "warning: " + warnings_.back());
        return;
      }
      own = there->is_nil_container() ? Value::map() : *there;
    }
    const auto* from = parent.find(global_key);
    if (from != nullptr && !from->is_map()) {
      warnings_.push_back("skipping globals because source global is not a table.");
      log(how_, "coalesce.go:145", "warning: " + warnings_.back());
      return;
    }
    if (from != nullptr) {
      for (const auto& member : from->as_map()) global(own, member, prefix);
    }
    child.set(global_key, own);
  }

  void global(Value& own, const Value::Member& member, const std::string& prefix) {
    const auto key = member.key.view();
    const auto* there = own.find(key);
    if (!member.value.is_map()) {
      if (there != nullptr && there->is_map()) {
        warnings_.push_back("key " + std::string(key) + " is table. Skipping");
        log(how_, "coalesce.go:175", warnings_.back());
      } else {
        own.set(member.key, member.value);
      }
      return;
    }
    // The child gets the table, but shares what is below it.
    Value copy = member.value.is_nil_container() ? Value::map() : member.value.shallow_copy();
    if (there != nullptr) {
      if (!there->is_map()) {
        warnings_.push_back("Conflict: cannot merge map onto non-map for " + go_quote(key) + ". Skipping.");
        log(how_, "coalesce.go:161", warnings_.back());
        return;
      }
      Value under = *there;
      auto how = how_;
      how.nulls = Nulls::keep;
      fill_table(copy, under, joined(prefix, key), how, warnings_);
    }
    own.set(member.key, copy);
  }

  const Coalescing& how_;
  std::vector<std::string>& warnings_;
};

}  // namespace

// Helm's warnings end in the value; ours do not, because values can be secrets.
void fill_table(Value& over, Value& under, const std::string& prefix, const Coalescing& how,
                std::vector<std::string>& warnings) {
  if (under.is_nil_container()) return;
  if (over.is_nil_container()) {
    over = under;
    return;
  }
  std::vector<SharedString> had_value;
  for (const auto& member : under.as_map()) {
    if (!member.value.is_null()) had_value.push_back(member.key);
  }
  // Whether a null over `key` removes it.
  const auto removes = [&](const SharedString& key) {
    if (how.nulls == Nulls::keep) return false;
    if (how.rule == NullRule::defaulted_keys || how.rule == NullRule::all_keys) return true;
    return std::binary_search(had_value.begin(), had_value.end(), key,
                              [](const SharedString& a, const SharedString& b) { return a.view() < b.view(); });
  };
  if (how.rule != NullRule::defaulted_keys) {
    for (const auto& member : over.as_map()) {
      if (member.value.is_null()) under.set(member.key, Value::null());
    }
  }
  for (const auto& key : keys_of(under)) {
    Value fallback = *under.find(key.view());
    const auto* given = over.find(key.view());
    if (given == nullptr) {
      over.set(key, fallback);
    } else if (given->is_null() && removes(key)) {
      over.erase(key.view());
    } else if (fallback.is_map()) {
      if (given->is_map()) {
        Value table = *given;
        fill_table(table, fallback, joined(prefix, key.view()), how, warnings);
        if (table.identity() != given->identity()) over.set(key, table);
      } else {
        warnings.push_back("cannot overwrite table with non table for " + joined(prefix, key.view()));
        if (how.log != nullptr) {
          log(how, "coalesce.go:316", "warning: " + warnings.back() + " (" + go_format(fallback) + ')');
        }
      }
    } else if (given->is_map() && !fallback.is_null()) {
      warnings.push_back("destination for " + joined(prefix, key.view()) + " is a table. Ignoring non-table value");
      if (how.log != nullptr) {
        log(how, "coalesce.go:319", "warning: " + warnings.back() + " (" + go_format(fallback) + ')');
      }
    }
  }
}

Result<Value> coalesce_values(const Chart& chart, const Value& user, const Coalescing& how,
                              std::vector<std::string>& warnings) {
  Value values = user.is_map() && !user.is_nil_container() ? user.deep_copy() : Value::map();
  GITOPSCTL_CHECK(Coalescer(how, warnings).chart(chart, values, {}));
  return values;
}

}  // namespace gitopsctl::render::helm
