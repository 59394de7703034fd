#include "invoke-compat/collection/flags.hpp"

#include <algorithm>
#include <set>

#include "base/text/utf8.hpp"
#include "invoke-compat/collection/names.hpp"
#include "invoke-compat/python_text/python_text.hpp"

namespace gitopsctl::invoke {
namespace {

using Names = std::set<std::string, std::less<>>;

bool one_character(std::string_view text) { return !text.empty() && decode_utf8(text).length == text.size(); }

bool plain(std::string_view character) {
  const char c = character[0];
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// The first character of the flag's name that nobody has.
std::string automatic_short(std::string_view name, const Names& taken, const Names& main_names, const Rules& rules) {
  if (one_character(name)) return {};
  for (std::size_t at = 0; at < name.size();) {
    const std::string_view character = name.substr(at, decode_utf8(name.substr(at)).length);
    at += character.size();
    if (taken.contains(character)) continue;
    if (rules.plain_short_flags && !plain(character)) continue;
    if (rules.keep_h_for_help && character == "h") continue;
    if (rules.plain_short_flags && main_names.contains(character)) return {};
    return std::string(character);
  }
  return {};
}

Error wrong(const Task& task, const std::string& what) {
  return Error(ErrorCode::invalid_input, what).in("task " + python_repr(task.name));
}

Value starting_value(const Argument& argument) {
  if (argument.kind == ArgumentKind::list && !argument.default_value.is_list()) return Value::list({}, ListType::any);
  if (argument.kind == ArgumentKind::count && argument.default_value.is_nothing()) return Value::int64(0);
  return argument.default_value;
}

bool is_positional(const Task& task, const Argument& argument) {
  if (task.positional) {
    return std::find(task.positional->begin(), task.positional->end(), argument.name) != task.positional->end();
  }
  return argument.positional.value_or(!argument.has_default);
}

Result<void> check_names(const Task& task, const std::vector<Flag>& flags) {
  Names seen;
  for (const auto& flag : flags) {
    for (const auto* name : {&flag.main_name, &flag.short_name}) {
      if (!name->empty() && !seen.insert(*name).second) {
        return wrong(task, "two arguments have the flag " + python_repr(flag_spelling(*name)))
            .with_hint("rename one of them, or give it another short flag");
      }
    }
  }
  return {};
}

/// Positional flags to the front, in the order of the list.
void order_positionals(const Task& task, std::vector<Flag>& flags) {
  if (!task.positional) {
    std::stable_partition(flags.begin(), flags.end(), [](const Flag& flag) { return flag.positional; });
    return;
  }
  const auto rank = [&](const Flag& flag) {
    return std::find(task.positional->begin(), task.positional->end(), flag.attribute) - task.positional->begin();
  };
  std::stable_sort(flags.begin(), flags.end(), [&](const Flag& a, const Flag& b) { return rank(a) < rank(b); });
}

}  // namespace

bool Flag::has_inverse() const noexcept {
  return kind == ArgumentKind::boolean && default_value.is_bool() && default_value.as_bool();
}

std::string Flag::main_flag() const { return flag_spelling(main_name); }

std::string Flag::short_flag() const { return short_name.empty() ? std::string() : flag_spelling(short_name); }

std::string Flag::inverse_flag() const { return has_inverse() ? "--no-" + main_name : std::string(); }

std::string Flag::to_string() const {
  std::string out = "<Argument: " + attribute;
  if (!short_name.empty()) out += " (" + short_name + ")";
  switch (kind) {
    case ArgumentKind::str: break;
    case ArgumentKind::boolean: out += " [bool]"; break;
    case ArgumentKind::integer:
    case ArgumentKind::count: out += " [int]"; break;
    case ArgumentKind::floating: out += " [float]"; break;
    case ArgumentKind::list: out += " [list]"; break;
  }
  if (positional || value_optional) out += ' ';
  if (positional) out += '*';
  if (value_optional) out += '?';
  return out + '>';
}

std::optional<std::size_t> Flags::find(std::string_view spelling) const {
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].main_flag() == spelling || (!all[i].short_name.empty() && all[i].short_flag() == spelling)) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> Flags::find_inverse(std::string_view spelling) const {
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].has_inverse() && all[i].inverse_flag() == spelling) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> Flags::find_attribute(std::string_view attribute) const {
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].attribute == attribute) return i;
  }
  return std::nullopt;
}

Result<Flags> flags_of(const Task& task, const Rules& rules) {
  Names taken;
  Names main_names;
  for (const auto& argument : task.arguments) {
    taken.insert(argument.name);
    main_names.insert(argument_name(argument.name));
    if (argument.short_flag) taken.insert(*argument.short_flag);
  }
  Flags out;
  for (const auto& argument : task.arguments) {
    Flag flag{.attribute = argument.name,
              .main_name = argument_name(argument.name),
              .short_name = argument.short_flag.value_or(""),
              .kind = argument.kind,
              .default_value = starting_value(argument),
              .value_optional = argument.value_optional,
              .positional = is_positional(task, argument),
              .help = argument.help,
              .choices = argument.choices};
    if (!can_be_typed(flag.main_name)) {
      return wrong(task, python_repr(argument.name) + " cannot be an argument's name: use letters, digits and underscores");
    }
    // A flag that may be left without a value is no toggle.
    if (flag.value_optional && flag.kind == ArgumentKind::boolean) flag.kind = ArgumentKind::str;
    if (!flag.short_name.empty() && (!one_character(flag.short_name) || !can_be_typed(flag.short_name))) {
      return wrong(task, "the short flag " + python_repr(flag.short_name) + " of " + python_repr(argument.name) +
                             " is not one character that can be typed");
    }
    if (!argument.short_flag && task.automatic_short_flags) {
      flag.short_name = automatic_short(flag.main_name, taken, main_names, rules);
    }
    taken.insert(flag.main_name);
    taken.insert(flag.short_name);
    out.all.push_back(std::move(flag));
  }
  if (task.positional) {
    for (const auto& name : *task.positional) {
      if (!out.find_attribute(name)) return wrong(task, "there is no argument " + python_repr(name) + " to be positional");
    }
  }
  GITOPSCTL_CHECK(check_names(task, out.all));
  order_positionals(task, out.all);
  return out;
}

}  // namespace gitopsctl::invoke
