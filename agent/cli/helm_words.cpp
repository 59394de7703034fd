#include "agent/cli/helm_words.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "agent/cli/helm_flags.hpp"
#include "base/text/go_format.hpp"
#include "base/text/go_number.hpp"
#include "render/functions/go_time.hpp"

namespace gitopsctl::agent::cli {
namespace {

namespace fs = std::filesystem;

/// How many arguments a command takes, as helm says it.
struct HelmCommandForm {
  std::string_view name;   ///< `template`, `show chart`
  std::uint8_t commands;   ///< which flags it has
  std::string_view usage;  ///< behind `helm NAME`
  bool exactly_one;        ///< else at least one
};

constexpr std::array command_forms{
    HelmCommandForm{"template", helm_command::template_, "[NAME] [CHART] [flags]", false},
    HelmCommandForm{"lint", helm_command::lint, "PATH [flags]", false},
    HelmCommandForm{"show all", helm_command::show, "[CHART] [flags]", true},
    HelmCommandForm{"show chart", helm_command::show, "[CHART] [flags]", true},
    HelmCommandForm{"show crds", helm_command::show, "[CHART] [flags]", true},
    HelmCommandForm{"show readme", helm_command::show, "[CHART] [flags]", true},
    HelmCommandForm{"show values", helm_command::show | helm_command::show_values, "[CHART] [flags]", true},
};

/// Flags of ours that helm does not have.
constexpr std::array own_flags{
    HelmFlag{"helm-compat", '\0', HelmType::boolean, helm_command::every},
    HelmFlag{"helm-profile", '\0', HelmType::text, helm_command::every},
    HelmFlag{"isolate", '\0', HelmType::boolean, helm_command::every},
    HelmFlag{"render-limit", '\0', HelmType::array, helm_command::every},
    HelmFlag{"no-color", '\0', HelmType::boolean, helm_command::every},
};

/// The value of `--helm-profile`, of which the major version decides what flags there are.
bool is_helm_three(const std::vector<std::string>& words) {
  constexpr std::string_view name = "--helm-profile";
  std::string_view profile;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == name && i + 1 < words.size()) profile = words[i + 1];
    if (word.starts_with(name) && word.substr(name.size()).starts_with('=')) profile = word.substr(name.size() + 1);
  }
  return profile.starts_with("helm-3");
}

std::optional<bool> parse_bool(std::string_view text) {
  for (const std::string_view word : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (text == word) return true;
  }
  for (const std::string_view word : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (text == word) return false;
  }
  return std::nullopt;
}

/// What Go's strconv says of a text that is no number, or a number that is too large; empty when it is one.
std::string number_mistake(std::string_view function, std::string_view text, GoNumberStatus status) {
  if (status == GoNumberStatus::ok) return {};
  return "strconv." + std::string(function) + ": parsing " + go_quote(text) +
         (status == GoNumberStatus::range ? ": value out of range" : ": invalid syntax");
}

std::string wait_mistake(std::string_view value, std::string& said) {
  if (value == "watcher" || value == "legacy" || value == "hookOnly") return {};
  if (value == "true" || value == "false") {
    const std::string word(value);
    said += "level=WARN msg=\"--wait=" + word +
            " is deprecated (boolean value) and can be replaced with --wait=" + (value == "true" ? "watcher" : "hookOnly") +
            "\"\n";
    return {};
  }
  return "invalid wait input " + go_quote(value) + ". Valid inputs are watcher, hookOnly, and legacy";
}

class Reader {
 public:
  explicit Reader(const std::vector<std::string>& words) : words_(words), three_(is_helm_three(words)) {}

  HelmWords read() {
    if (!find_command()) return as_they_are();
    for (std::size_t i = 0; i < rest_.size(); ++i) {
      const std::string& word = rest_[i];
      if (word == "--") {
        arguments_.insert(arguments_.end(), rest_.begin() + static_cast<std::ptrdiff_t>(i) + 1, rest_.end());
        break;
      }
      if (word.size() < 2 || word[0] != '-') {
        arguments_.push_back(word);
      } else if (!(word[1] == '-' ? take_long(word, i) : take_short(word, i))) {
        return refused();
      }
    }
    if (help_) return {.words = {"helm", std::string(form_->name.substr(0, form_->name.find(' '))), "--help"}, .said = {}};
    if (!check_arguments() || !check_groups() || !check_meaning()) return refused();
    return accepted();
  }

 private:
  /// Takes the command's words out of the others. Flags in front of it are the global ones.
  bool find_command() {
    std::string name;
    std::size_t taken = 0;
    for (std::size_t i = 1; i < words_.size(); ++i) {
      const std::string& word = words_[i];
      const bool is_flag = word.size() > 1 && word[0] == '-';
      const bool wants_more = taken == 0 || (taken == 1 && name == "show");
      if (is_flag || !wants_more) {
        rest_.push_back(word);
        if (word == "--") {
          rest_.insert(rest_.end(), words_.begin() + static_cast<std::ptrdiff_t>(i) + 1, words_.end());
          break;
        }
        if (is_flag && wants_more && needs_value(word) && i + 1 < words_.size()) rest_.push_back(words_[++i]);
        continue;
      }
      name += (name.empty() ? "" : " ") + word;
      ++taken;
    }
    for (const auto& form : command_forms) {
      if (form.name == name) form_ = &form;
    }
    return form_ != nullptr;
  }

  /// Whether the next word is the value of the global flag in this one.
  [[nodiscard]] bool needs_value(const std::string& word) const {
    if (word.find('=') != std::string::npos) return false;
    const HelmFlag* flag = word[1] == '-' ? find(std::string_view(word).substr(2), '\0', helm_command::every)
                                          : (word.size() == 2 ? find({}, word[1], helm_command::every) : nullptr);
    return flag != nullptr && flag->type != HelmType::boolean;
  }

  [[nodiscard]] const HelmFlag* find(std::string_view name, char letter, std::uint8_t commands) const {
    const auto matches = [&](const HelmFlag& flag) {
      if ((flag.commands & commands) == 0 || (letter == '\0' ? flag.name != name : flag.short_name != letter)) return false;
      return flag.line == HelmLine::both || (flag.line == HelmLine::three) == three_;
    };
    for (const auto& flag : helm_flags) {
      if (matches(flag)) return &flag;
    }
    for (const auto& flag : own_flags) {
      if (matches(flag)) return &flag;
    }
    return nullptr;
  }

  /// What a flag means without a value; nullptr: it needs one.
  [[nodiscard]] const char* without_value(const HelmFlag& flag) const {
    if (flag.type == HelmType::boolean) return "true";
    if (flag.type == HelmType::wait) return three_ ? "true" : "watcher";
    if (flag.name == "dry-run") return three_ ? "client" : "unset";
    return nullptr;
  }

  bool fail(const std::string& message) {
    said_ += "Error: " + message + '\n';
    return false;
  }

  bool take_long(const std::string& word, std::size_t& at) {
    const std::string_view text = std::string_view(word).substr(2);
    if (text.front() == '-' || text.front() == '=') return fail("bad flag syntax: " + word);
    const auto equals = text.find('=');
    const auto name = text.substr(0, equals);
    const HelmFlag* flag = find(name, '\0', form_->commands);
    if (flag == nullptr) return fail("unknown flag: --" + std::string(name));
    if (equals != std::string_view::npos) return set(*flag, std::string(text.substr(equals + 1)));
    if (const char* value = without_value(*flag)) return set(*flag, value);
    if (at + 1 >= rest_.size()) return fail("flag needs an argument: --" + std::string(name));
    return set(*flag, rest_[++at]);
  }

  bool take_short(const std::string& word, std::size_t& at) {
    for (auto left = std::string_view(word).substr(1); !left.empty();) {
      const HelmFlag* flag = find({}, left[0], form_->commands);
      const std::string letter = "'" + std::string(1, left[0]) + "' in -" + std::string(left);
      if (flag == nullptr) return fail("unknown shorthand flag: " + letter);
      if (left.size() > 2 && left[1] == '=') return set(*flag, std::string(left.substr(2)));
      if (const char* value = without_value(*flag)) {
        if (!set(*flag, value)) return false;
        left.remove_prefix(1);
        continue;
      }
      if (left.size() > 1) return set(*flag, std::string(left.substr(1)));
      if (at + 1 >= rest_.size()) return fail("flag needs an argument: " + letter);
      return set(*flag, rest_[++at]);
    }
    return true;
  }

  bool set(const HelmFlag& flag, std::string value) {
    if (const auto mistake = mistake_in(flag, value); !mistake.empty()) {
      const std::string shown =
          (flag.short_name == '\0' ? "" : std::string{'-', flag.short_name} + ", ") + "--" + std::string(flag.name);
      return fail("invalid argument " + go_quote(value) + " for \"" + shown + "\" flag: " + mistake);
    }
    if (!flag.deprecated.empty() && !three_) {
      said_ += "Flag --" + std::string(flag.name) + " has been deprecated, " + std::string(flag.deprecated) + '\n';
    }
    given_.insert(flag.name);
    last_[flag.name] = value;
    if (flag.type == HelmType::boolean) {
      const bool on = *parse_bool(value);
      if (flag.name == "help") help_ = on;
      value = on ? "true" : "false";
    }
    // The other words for it mean the same to a render.
    if (flag.name == "dry-run" && value != "server") value = "client";
    if (flag.name != "help") flags_.push_back("--" + std::string(flag.name) + '=' + value);
    return true;
  }

  /// What is wrong with a value; empty when nothing is.
  std::string mistake_in(const HelmFlag& flag, const std::string& value) {
    switch (flag.type) {
      case HelmType::text:
      case HelmType::array: return {};
      case HelmType::boolean: return parse_bool(value) ? "" : number_mistake("ParseBool", value, GoNumberStatus::syntax);
      case HelmType::wait:
        if (!three_) return wait_mistake(value, said_);
        return parse_bool(value) ? "" : number_mistake("ParseBool", value, GoNumberStatus::syntax);
      case HelmType::integer: return number_mistake("ParseInt", value, parse_go_int(value, 0).status);
      case HelmType::number: return number_mistake("ParseFloat", value, float_status(value));
      case HelmType::duration: {
        const auto span = render::parse_go_duration(value);
        return span.ok() ? std::string() : span.error().message();
      }
      case HelmType::slice: {
        const auto parts = split_helm_list(value);
        return parts.ok() ? std::string() : parts.error().message();
      }
      case HelmType::map: return labels_mistake(value);
      case HelmType::post_renderer: return post_renderer_mistake(value);
    }
    return {};
  }

  static GoNumberStatus float_status(const std::string& value) {
    const auto number = parse_go_float(value);
    const bool too_large = number.status == GoNumberStatus::ok && number.value > std::numeric_limits<float>::max() &&
                           number.value <= std::numeric_limits<double>::max();
    return too_large ? GoNumberStatus::range : number.status;
  }

  /// `a=1,b=2`; with one `=` in all of it commas belong to the value.
  static std::string labels_mistake(const std::string& value) {
    const auto equals = std::count(value.begin(), value.end(), '=');
    if (equals == 0) return value + " must be formatted as key=value";
    if (equals == 1) return {};
    const auto parts = split_helm_list(value);
    if (!parts.ok()) return parts.error().message();
    for (const auto& part : *parts) {
      if (part.find('=') == std::string::npos) return part + " must be formatted as key=value";
    }
    return {};
  }

  std::string post_renderer_mistake(const std::string& value) const {
    if (value.empty()) return {};
    if (!three_) return "plugin: {Name:" + value + " Type:postrenderer/v1} not found";
    const auto found = find_post_renderer(value);
    return found.ok() ? std::string() : found.error().message();
  }

  bool check_arguments() {
    const std::string name = "helm " + std::string(form_->name);
    // Helm 3 lints the directory that it is started in.
    if (form_->commands == helm_command::lint && three_ && arguments_.empty()) arguments_.emplace_back(".");
    const bool right = form_->exactly_one ? arguments_.size() == 1 : !arguments_.empty();
    if (right) return true;
    return fail('"' + name + "\" requires " + (form_->exactly_one ? "" : "at least ") + "1 argument\n\nUsage:  " + name +
                ' ' + std::string(form_->usage));
  }

  bool check_groups() {
    if (three_ || form_->commands != helm_command::template_) return true;
    constexpr std::array<std::pair<std::string_view, std::string_view>, 3> groups{
        {{"force-replace", "force-conflicts"}, {"force", "force-conflicts"}, {"validate", "dry-run"}}};
    // In the order of their names.
    std::map<std::string, std::pair<std::string_view, std::string_view>> sorted;
    for (const auto& group : groups) sorted[std::string(group.first) + ' ' + std::string(group.second)] = group;
    for (const auto& [names, group] : sorted) {
      if (!given_.contains(group.first) || !given_.contains(group.second)) continue;
      const auto [low, high] = std::minmax(group.first, group.second);
      return fail("if any flags in the group [" + names + "] are set none of the others can be; [" + std::string(low) + ' ' +
                  std::string(high) + "] were all set");
    }
    return true;
  }

  /// What helm finds out once it runs the command, and before it looks at the chart.
  bool check_meaning() {
    if (!three_) {
      for (const std::string_view name : {"color", "colour"}) {
        const auto mode = last_.find(name);
        if (mode == last_.end() || mode->second == "never" || mode->second == "auto" || mode->second == "always") continue;
        const std::string message = "invalid color mode " + go_quote(mode->second) + ": must be one of: never, auto, always";
        said_ = "level=WARN msg=\"command failed\" error=" + go_quote(message) + '\n';
        return false;
      }
    }
    if (form_->commands != helm_command::template_) return true;
    if (!check_dry_run()) return false;
    if (arguments_.size() <= 2) return true;
    std::string more;
    for (std::size_t i = 2; i < arguments_.size(); ++i) more += (more.empty() ? "" : ", ") + arguments_[i];
    return fail("expected at most two arguments, unexpected arguments: " + more);
  }

  bool check_dry_run() {
    const auto given = last_.find("dry-run");
    if (given == last_.end()) return true;
    const auto& value = given->second;
    if (three_) {
      for (const std::string_view word : {"", "false", "true", "none", "client", "server"}) {
        if (value == word) return true;
      }
      return fail("Invalid dry-run flag. Flag must one of the following: false, true, none, client, server");
    }
    if (value == "client" || value == "server") return true;
    if (value == "unset") {
      said_ += "level=WARN msg=\"--dry-run is deprecated and should be replaced with '--dry-run=client'\"\n";
      return true;
    }
    const auto on = parse_bool(value);
    if (on == true) {
      said_ += "level=WARN msg=\"boolean '--dry-run=" + value +
               "' flag is deprecated and must be replaced with '--dry-run=client'\"\n";
      return true;
    }
    return fail("invalid dry-run value (" + go_quote(value) + "). Must be " +
                (on || value == "none" ? R"("server" or "client")" : R"("none", "server", or "client")"));
  }

  HelmWords refused() { return {.words = {}, .said = std::move(said_), .refused = true}; }
  HelmWords as_they_are() { return {.words = words_, .said = {}}; }

  HelmWords accepted() {
    HelmWords out{.words = {"helm"}, .said = std::move(said_)};
    const auto blank = form_->name.find(' ');
    out.words.emplace_back(form_->name.substr(0, blank));
    out.words.insert(out.words.end(), flags_.begin(), flags_.end());
    out.words.emplace_back("--");
    if (blank != std::string_view::npos) out.words.emplace_back(form_->name.substr(blank + 1));
    out.words.insert(out.words.end(), arguments_.begin(), arguments_.end());
    return out;
  }

  const std::vector<std::string>& words_;
  const bool three_;
  const HelmCommandForm* form_ = nullptr;
  std::vector<std::string> rest_;  ///< without the command
  std::vector<std::string> arguments_;
  std::vector<std::string> flags_;  ///< in the form `--name=value`
  std::set<std::string_view> given_;
  std::map<std::string_view, std::string> last_;
  std::string said_;
  bool help_ = false;
};

std::string system_reason(int number) {
  auto text = std::generic_category().message(number);
  if (!text.empty()) text.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(text.front())));
  return text;
}

/// What keeps a file from being run; empty when nothing does.
std::string not_runnable(const std::string& path) {
  struct stat about{};
  if (::stat(path.c_str(), &about) != 0) return "stat " + path + ": " + system_reason(errno);
  if (S_ISDIR(about.st_mode)) return system_reason(EISDIR);
  return ::access(path.c_str(), X_OK) == 0 ? std::string() : system_reason(errno);
}

}  // namespace

bool asks_for_helm(const std::vector<std::string>& words) {
  if (words.empty() || words.front() != "helm") return false;
  for (const auto& word : words) {
    if (word == "--") return false;
    constexpr std::string_view name = "--helm-compat";
    if (word == name) return true;
    if (word.starts_with(name) && word.size() > name.size() && word[name.size()] == '=') {
      return parse_bool(std::string_view(word).substr(name.size() + 1)).value_or(true);
    }
  }
  return false;
}

HelmWords read_as_helm(const std::vector<std::string>& words) { return Reader(words).read(); }

Result<std::vector<std::string>> split_helm_list(std::string_view text) {
  std::vector<std::string> out;
  if (text.empty()) return out;
  const auto mistake = [](std::size_t column, const std::string& what) {
    return Error(ErrorCode::invalid_input, "parse error on line 1, column " + std::to_string(column) + ": " + what);
  };
  constexpr const char* in_quoted = R"(extraneous or missing " in quoted-field)";
  for (std::size_t at = 0;; ++at) {
    std::string part;
    if (at < text.size() && text[at] == '"') {
      for (++at;; ++at) {
        const auto quote = text.find('"', at);
        if (quote == std::string_view::npos) return mistake(text.size() + 1, in_quoted);
        part += text.substr(at, quote - at);
        at = quote + 1;
        if (at == text.size() || text[at] == ',') break;
        if (text[at] != '"') return mistake(quote + 1, in_quoted);
        part += '"';
      }
    } else {
      const auto end = std::min(text.find(',', at), text.size());
      part = text.substr(at, end - at);
      if (const auto quote = part.find('"'); quote != std::string::npos) {
        return mistake(at + quote + 1, R"(bare " in non-quoted-field)");
      }
      at = end;
    }
    out.push_back(std::move(part));
    if (at >= text.size()) return out;
  }
}

Result<std::string> find_post_renderer(const std::string& name) {
  const auto cannot = [&](const std::string& why) {
    return Error(ErrorCode::not_found, "unable to find binary at " + name + ": exec: " + go_quote(name) + ": " + why);
  };
  std::error_code failed;
  if (name.find('/') != std::string::npos) {
    if (const auto why = not_runnable(name); !why.empty()) return cannot(why);
    return fs::absolute(name, failed).lexically_normal().string();
  }
  const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): nothing changes it
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const auto end = std::min(rest.find(':'), rest.size());
    const std::string candidate = std::string(rest.substr(0, end)) + '/' + name;
    rest.remove_prefix(std::min(end + 1, rest.size()));
    // A relative directory of PATH is none that Go looks into.
    if (candidate.starts_with('/') && not_runnable(candidate).empty()) return candidate;
  }
  return cannot("executable file not found in $PATH");
}

}  // namespace gitopsctl::agent::cli
