#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/cli/invocation.hpp"
#include "agent/cli/words.hpp"
#include "base/text/escape.hpp"

namespace gitopsctl::agent::cli {
namespace {

Error usage_error(const Verb* verb, std::string message, const std::string& hint = {}) {
  std::string see = verb == nullptr ? "see gitopsctl --help" : "see gitopsctl " + std::string(verb->name) + " --help";
  if (!hint.empty()) see = hint + "; " + see;
  return Error(ErrorCode::invalid_input, std::move(message)).with_hint(std::move(see));
}

std::string nearest(std::string_view word, const std::vector<std::string_view>& known) {
  const std::string guess = did_you_mean(word, known.data(), known.size());
  return guess.empty() ? std::string{} : "did you mean '" + guess + "'?";
}

Error unknown_verb(std::string_view word, std::string_view group) {
  std::vector<std::string_view> known;
  for (const Verb& verb : verb_table()) {
    if (group.empty()) {
      known.push_back(verb.name.substr(0, verb.name.find(' ')));
    } else if (verb.name.size() > group.size() && verb.name.substr(0, group.size()) == group &&
               verb.name[group.size()] == ' ') {
      known.push_back(verb.name.substr(group.size() + 1));
    }
  }
  std::string hint = nearest(word, known);
  if (!group.empty()) {
    std::string all;
    for (const auto name : known) all += (all.empty() ? "" : ", ") + std::string(group) + " " + std::string(name);
    hint += (hint.empty() ? "" : " ") + ("there are: " + all);
  }
  const std::string asked = group.empty() ? std::string(word) : std::string(group) + " " + std::string(word);
  return usage_error(nullptr, "unknown command '" + terminal_safe(asked) + "'", hint);
}

std::optional<OutputFormat> output_format(std::string_view name) {
  if (name == "text") return OutputFormat::text;
  if (name == "table") return OutputFormat::table;
  if (name == "json") return OutputFormat::json;
  if (name == "yaml") return OutputFormat::yaml;
  if (name == "markdown") return OutputFormat::markdown;
  return std::nullopt;
}

/// What Go's strconv.ParseBool takes as `true` and `false`; anything else stays.
std::string go_boolean(std::string word) {
  constexpr std::array<std::string_view, 6> yes{"1", "t", "T", "TRUE", "true", "True"};
  constexpr std::array<std::string_view, 6> no{"0", "f", "F", "FALSE", "false", "False"};
  if (std::find(yes.begin(), yes.end(), word) != yes.end()) return "true";
  if (std::find(no.begin(), no.end(), word) != no.end()) return "false";
  return word;
}

/// `a|b|c` as `a, b or c`.
std::string spoken(std::string_view choices) {
  const auto words = split_choices(choices);
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += words[i];
  }
  return out;
}

}  // namespace

/// Walks the words once. Which verb it is becomes known on the way; flags before it can only be global ones.
class Parser {
 public:
  Parser(const std::vector<std::string>& words, Terminal& terminal) : words_(words), terminal_(terminal) {}

  Result<ParsedLine> parse() {
    bool flags_ended = false;
    for (; next_ < words_.size(); ++next_) {
      const std::string& word = words_[next_];
      if (flags_ended || word.size() < 2 || word.front() != '-') {
        GITOPSCTL_CHECK(take_word(word));
      } else if (word == "--") {
        flags_ended = true;
      } else {
        GITOPSCTL_CHECK(word[1] == '-' ? take_long(word) : take_short(word));
      }
      if (help_) return help_line();
      // The flags of a reserved verb are not promised yet: its own error says more than one about its flags.
      if (verb_ != nullptr && verb_->reserved) {
        const auto rest = words_.begin() + static_cast<std::ptrdiff_t>(next_);
        if (std::find(rest, words_.end(), "--help") != words_.end() || std::find(rest, words_.end(), "-h") != words_.end()) {
          return help_line();
        }
        break;
      }
    }
    return finish();
  }

 private:
  ParsedLine help_line() const {
    ParsedLine line;
    line.verb = verb_;
    line.group = group_;
    line.kind = verb_ == nullptr && !group_.empty() ? ParsedLine::Kind::group_help : ParsedLine::Kind::help;
    return line;
  }

  Result<void> take_word(const std::string& word) {
    if (verb_ != nullptr) {
      arguments_.push_back(word);
      return {};
    }
    const std::string name = group_.empty() ? word : group_ + " " + word;
    verb_ = find_verb(name);
    if (verb_ != nullptr) return {};
    if (group_.empty() && is_verb_group(word)) {
      group_ = word;
      return {};
    }
    return unknown_verb(word, group_);
  }

  [[nodiscard]] const Flag* lookup(std::string_view name, char letter) const {
    std::span<const Flag> own;
    if (verb_ != nullptr) {
      own = verb_->flags;
    } else if (group_ == "helm") {
      // Helm's global flags may stand in front of the command.
      own = find_verb("helm template")->flags;
    }
    for (const auto flags : {own, global_flags()}) {
      for (const Flag& flag : flags) {
        if (letter == '\0' ? flag.name == name : flag.short_name == letter) return &flag;
      }
    }
    return nullptr;
  }

  [[nodiscard]] Error unknown_flag(std::string_view shown, std::string_view name) const {
    std::vector<std::string_view> known;
    if (verb_ != nullptr) {
      for (const Flag& flag : verb_->flags) {
        if (!flag.hidden) known.push_back(flag.name);
      }
    }
    for (const Flag& flag : global_flags()) known.push_back(flag.name);
    const std::string guess = did_you_mean(name, known.data(), known.size());
    std::string hint = guess.empty() ? std::string{} : "did you mean '--" + guess + "'?";
    if (guess.empty() && verb_ == nullptr) hint = "flags of a command stand after its name";
    const std::string who = verb_ == nullptr ? "gitopsctl" : "'" + std::string(verb_->name) + "'";
    return usage_error(verb_, who + " has no flag '" + terminal_safe(shown) + "'", hint);
  }

  Result<void> take_long(const std::string& word) {
    const std::string_view text = std::string_view(word).substr(2);
    const std::size_t equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    if (name == "version" && verb_ == nullptr && equals == std::string_view::npos) {
      version_ = true;
      return {};
    }
    const Flag* flag = lookup(name, '\0');
    if (flag == nullptr) return unknown_flag("--" + std::string(name), name);
    std::optional<std::string> value;
    if (equals != std::string_view::npos) value = std::string(text.substr(equals + 1));
    return take_flag(*flag, std::move(value), "--" + std::string(name));
  }

  Result<void> take_short(const std::string& word) {
    // -h -o json -ojson -o=json; several boolean letters in one word are allowed.
    for (std::size_t i = 1; i < word.size(); ++i) {
      const std::string shown = std::string("-") + word[i];
      const Flag* flag = lookup({}, word[i]);
      if (flag == nullptr) return unknown_flag(shown, std::string_view(word).substr(i));
      if (flag->type == FlagType::boolean) {
        GITOPSCTL_CHECK(take_flag(*flag, std::nullopt, shown));
        continue;
      }
      std::optional<std::string> value;
      if (i + 1 < word.size()) value = word.substr(word[i + 1] == '=' ? i + 2 : i + 1);
      return take_flag(*flag, std::move(value), shown);
    }
    return {};
  }

  Result<void> take_flag(const Flag& flag, std::optional<std::string> value, const std::string& shown) {
    if (flag.name == "help") {
      help_ = true;
      return {};
    }
    if (flag.type == FlagType::boolean) {
      if (!value) value = "true";
      if (verb_ != nullptr && verb_->like_helm) value = go_boolean(*std::move(value));
      if (*value != "true" && *value != "false") {
        return usage_error(verb_, shown + " takes no value, or =true or =false, not '" + terminal_safe(*value) + "'");
      }
    } else if (!value && !flag.alone.empty()) {
      value = std::string(flag.alone);
    } else if (!value) {
      if (next_ + 1 >= words_.size()) {
        return usage_error(verb_, shown + " needs a value: " + shown + " " + std::string(flag.placeholder));
      }
      value = words_[++next_];
    }
    GITOPSCTL_CHECK(check_value(flag, *value, shown));
    values_[flag.name].push_back(std::move(*value));
    return {};
  }

  Result<void> check_value(const Flag& flag, const std::string& value, const std::string& shown) const {
    const std::string quoted = "'" + terminal_safe(value) + "'";
    if (!flag.choices.empty() && !is_choice(flag.choices, value)) {
      return usage_error(verb_, shown + " cannot be " + quoted + ": use " + spoken(flag.choices),
                         nearest(value, split_choices(flag.choices)));
    }
    if (flag.type == FlagType::integer) {
      std::int64_t number = -1;
      const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), number);
      if (failure != std::errc{} || end != value.data() + value.size() || number < 0 || number > 1'000'000'000) {
        return usage_error(verb_, shown + " needs a whole number from 0 to 1000000000, not " + quoted);
      }
    }
    if (flag.type == FlagType::duration) {
      if (auto span = parse_duration(value); !span.ok()) {
        return usage_error(verb_, shown + " needs a duration such as 90s or 10m, not " + quoted);
      }
    }
    const bool may_be_empty = verb_ != nullptr && verb_->like_helm;
    if (flag.type == FlagType::text && value.empty() && !may_be_empty)
      return usage_error(verb_, shown + " has an empty value");
    return {};
  }

  Result<ParsedLine> finish() {
    if (verb_ == nullptr) {
      ParsedLine line = help_line();
      if (version_) line.kind = ParsedLine::Kind::version;
      return line;
    }
    Invocation invocation(*verb_, terminal_);
    GITOPSCTL_CHECK(set_output(invocation));
    GITOPSCTL_CHECK(check_arguments());
    invocation.values_ = std::move(values_);
    invocation.arguments_ = std::move(arguments_);
    ParsedLine line;
    line.kind = ParsedLine::Kind::run;
    line.verb = verb_;
    line.invocation.emplace(std::move(invocation));
    return line;
  }

  Result<void> set_output(Invocation& invocation) const {
    const auto given = values_.find("output");
    if (verb_->outputs.empty()) {
      if (given == values_.end()) return {};
      return usage_error(verb_, "'" + std::string(verb_->name) + "' has no other output format: leave -o out");
    }
    const std::string_view fallback = split_choices(verb_->outputs).front();
    const std::string_view name = given == values_.end() ? fallback : std::string_view(given->second.back());
    if (!is_choice(verb_->outputs, name)) {
      return usage_error(
          verb_,
          "-o of '" + std::string(verb_->name) + "' is " + spoken(verb_->outputs) + ", not '" + terminal_safe(name) + "'",
          nearest(name, split_choices(verb_->outputs)));
    }
    invocation.output_ = output_format(name).value_or(OutputFormat::text);
    return {};
  }

  [[nodiscard]] Result<void> check_arguments() const {
    const auto specs = verb_->arguments;
    std::size_t index = 0;
    for (const Argument& spec : specs) {
      if (index >= arguments_.size()) {
        if (!spec.required) return {};
        return usage_error(
            verb_, "'" + std::string(verb_->name) + "' needs " + std::string(spec.name) + ": " + std::string(spec.help));
      }
      const std::size_t end = spec.repeated ? arguments_.size() : index + 1;
      for (; index < end; ++index) {
        if (!spec.choices.empty() && !is_choice(spec.choices, arguments_[index])) {
          return usage_error(
              verb_,
              std::string(spec.name) + " cannot be '" + terminal_safe(arguments_[index]) + "': use " + spoken(spec.choices),
              nearest(arguments_[index], split_choices(spec.choices)));
        }
      }
    }
    if (index < arguments_.size()) {
      const std::string limit = specs.empty()       ? "no arguments"
                                : specs.size() == 1 ? "at most 1 argument"
                                                    : "at most " + std::to_string(specs.size()) + " arguments";
      return usage_error(verb_, "'" + std::string(verb_->name) + "' takes " + limit + ", and '" +
                                    terminal_safe(arguments_[index]) + "' is one too many");
    }
    return {};
  }

  const std::vector<std::string>& words_;
  Terminal& terminal_;
  std::size_t next_ = 0;
  const Verb* verb_ = nullptr;
  std::string group_;
  bool help_ = false;
  bool version_ = false;
  std::map<std::string_view, std::vector<std::string>> values_;
  std::vector<std::string> arguments_;
};

Result<ParsedLine> parse_line(const std::vector<std::string>& words, Terminal& terminal) {
  return Parser(words, terminal).parse();
}

}  // namespace gitopsctl::agent::cli
