#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/config/shape.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "base/yaml/yaml.hpp"

namespace gitopsctl {

/// One mistake in a configuration file: what is wrong, and which node (a pointer as YamlMarks has them) it belongs to.
struct ConfigMistake {
  std::string pointer;
  Error error;
};

/// Collects the mistakes of one file so that all of them are told at once. Not thread-safe.
class ConfigMistakes {
 public:
  /// Keeps at most this many, and one of the file as a whole that says that there are more: a hostile file must not fill
  /// the memory.
  static constexpr std::size_t max_kept = 200;

  void add(std::string pointer, Error error);
  [[nodiscard]] bool empty() const noexcept { return mistakes_.empty(); }
  [[nodiscard]] const std::vector<ConfigMistake>& all() const noexcept { return mistakes_; }
  /// Takes out those at or below `pointer`, in the order of their places.
  [[nodiscard]] std::vector<Error> take_below(std::string_view pointer);
  /// Takes out all, in the order of their places.
  [[nodiscard]] std::vector<Error> take_all();

 private:
  std::vector<ConfigMistake> mistakes_;
};

/// Sorts by line and column; errors without a place come first.
void sort_by_place(std::vector<Error>& errors);

/// One node of a located file with typed getters. A getter of a key that is missing, or that has a wrong type (which
/// check_config has told already), gives its fallback; so reading always goes on to the end of the file.
/// Cheap to copy. `mistakes` must outlive every node.
class ConfigNode {
 public:
  ConfigNode(const LocatedYaml& document, ConfigMistakes& mistakes);

  [[nodiscard]] const Value& value() const noexcept { return value_; }
  [[nodiscard]] const std::string& pointer() const noexcept { return pointer_; }
  /// How a message names this node: `'prune'`, `item 3 of 'paths'`, `the file`.
  [[nodiscard]] std::string name() const;
  /// There is something other than null here.
  [[nodiscard]] bool present() const noexcept { return !value_.is_nothing(); }
  [[nodiscard]] bool has(std::string_view key) const noexcept;

  /// The value of `key`; a node that is not present() when there is none.
  [[nodiscard]] ConfigNode at(std::string_view key) const;
  [[nodiscard]] ConfigNode item(std::size_t index) const;
  /// The items of a list; empty for anything else.
  [[nodiscard]] std::vector<ConfigNode> items() const;

  [[nodiscard]] std::string text(std::string_view key, std::string_view fallback = {}) const;
  [[nodiscard]] bool boolean(std::string_view key, bool fallback) const;
  [[nodiscard]] std::optional<bool> boolean(std::string_view key) const;
  [[nodiscard]] std::int64_t integer(std::string_view key, std::int64_t fallback) const;
  [[nodiscard]] double number(std::string_view key, double fallback) const;
  [[nodiscard]] std::optional<Millis> duration(std::string_view key) const;
  /// The texts of a list; items of other types are left out.
  [[nodiscard]] std::vector<std::string> texts(std::string_view key) const;

  /// Where the value stands; for a missing one, the nearest node above.
  [[nodiscard]] Location where() const;
  /// Where the key of this node stands.
  [[nodiscard]] Location key_where() const;

  /// Notes a mistake of this value, or of its key.
  void fail(const Error& error) const;
  void fail_key(const Error& error) const;

  [[nodiscard]] ConfigMistakes& mistakes() const noexcept { return *mistakes_; }

 private:
  ConfigNode(Value value, std::string pointer, std::shared_ptr<const YamlMarks> marks, ConfigMistakes* mistakes);

  Value value_;
  std::string pointer_;
  std::shared_ptr<const YamlMarks> marks_;
  ConfigMistakes* mistakes_;
};

/// Compares `node` with `shape`, noting every unknown key (with the nearest known one), missing key and wrong type.
void check_config(const ConfigNode& node, const ConfigShape& shape);

/// The name of a value's type as people say it: `a list`, `a number`, `nothing`.
[[nodiscard]] std::string_view type_words(const Value& value) noexcept;

/// `did you mean 'near'?` for the nearest of `known`, else `known keys: a, b` (what = "keys").
[[nodiscard]] std::string suggest(std::string_view word, const std::vector<std::string>& known, std::string_view what);

}  // namespace gitopsctl
