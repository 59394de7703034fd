#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/value/value.hpp"

namespace gitopsctl {

struct ConfigField;

/// What one node of a configuration file may be. A tree of these describes a whole file kind; the same tree checks files
/// (check_config) and is printed as JSON Schema (json_schema). Build it with the functions in namespace `shape`.
struct ConfigShape {
  enum class Kind : std::uint8_t {
    any,  ///< not looked into
    text,
    boolean,
    integer,
    number,
    duration,  ///< text in Go's syntax: `10m0s`
    choice,    ///< one of `choices`
    list,
    object,  ///< a map of exactly `fields`
    map,     ///< a map with free keys
    either,  ///< a text, or an object: `items` has both, in this order
  };

  Kind kind = Kind::any;
  std::string about;                 ///< one sentence for people, goes into the schema
  std::vector<std::string> choices;  ///< choice
  std::vector<ConfigField> fields;   ///< object
  std::vector<ConfigShape> items;    ///< list and map: one shape for every item; either: both
  std::optional<double> minimum;     ///< integer and number
  std::optional<double> maximum;
  bool filled = false;  ///< a text or list must not be empty
};

/// One key of an object.
struct ConfigField {
  std::string name;
  ConfigShape shape;
  bool required = false;
  Value fallback;  ///< the default, for the schema; null when there is none
};

namespace shape {

[[nodiscard]] ConfigShape any(std::string about);
/// Any text; `filled` refuses the empty one.
[[nodiscard]] ConfigShape text(std::string about, bool filled = true);
[[nodiscard]] ConfigShape boolean(std::string about);
[[nodiscard]] ConfigShape integer(std::string about, double minimum, double maximum);
[[nodiscard]] ConfigShape number(std::string about, double minimum, double maximum);
[[nodiscard]] ConfigShape duration(std::string about);
[[nodiscard]] ConfigShape choice(std::string about, std::vector<std::string> choices);
[[nodiscard]] ConfigShape list(std::string about, ConfigShape item, bool filled = false);
[[nodiscard]] ConfigShape map(std::string about, ConfigShape item);
/// What can be written as a text or, with more said, as an object.
[[nodiscard]] ConfigShape either(std::string about, ConfigShape as_text, ConfigShape as_object);
[[nodiscard]] ConfigShape object(std::string about, std::vector<ConfigField> fields);

[[nodiscard]] ConfigField required(std::string name, ConfigShape shape);
[[nodiscard]] ConfigField optional(std::string name, ConfigShape shape, Value fallback = {});

}  // namespace shape

/// `shape` as a JSON Schema (draft 2020-12), two blanks per level, ending with a newline. `id` becomes `$id`.
[[nodiscard]] std::string json_schema(const ConfigShape& shape, const std::string& id, const std::string& title);

}  // namespace gitopsctl
