#include "agent/cli/invocation.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/text/escape.hpp"
#include "channels/model/remote_chart.hpp"

namespace gitopsctl::agent::cli {

const std::vector<std::string>* Invocation::find(std::string_view flag, FlagType type) const {
  for (const auto flags : {verb_->flags, global_flags()}) {
    for (const Flag& known : flags) {
      if (known.name != flag) continue;
      if (known.type != type) std::abort();
      const auto at = values_.find(flag);
      return at == values_.end() ? nullptr : &at->second;
    }
  }
  std::abort();
}

bool Invocation::given(std::string_view flag) const { return values_.contains(flag); }

bool Invocation::is_set(std::string_view flag) const {
  const auto* values = find(flag, FlagType::boolean);
  return values != nullptr && values->back() == "true";
}

std::string Invocation::text(std::string_view flag, std::string_view fallback) const {
  const auto* values = find(flag, FlagType::text);
  return values == nullptr ? std::string(fallback) : values->back();
}

std::vector<std::string> Invocation::list(std::string_view flag) const {
  const auto* values = find(flag, FlagType::list);
  return values == nullptr ? std::vector<std::string>{} : *values;
}

std::int64_t Invocation::integer(std::string_view flag, std::int64_t fallback) const {
  const auto* values = find(flag, FlagType::integer);
  if (values == nullptr) return fallback;
  const std::string& text = values->back();
  std::int64_t number = fallback;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::optional<Millis> Invocation::duration(std::string_view flag) const {
  const auto* values = find(flag, FlagType::duration);
  if (values == nullptr) return std::nullopt;
  auto span = parse_duration(values->back());
  return span.ok() ? std::optional<Millis>(*span) : std::nullopt;
}

std::string_view Invocation::argument(std::size_t index) const noexcept {
  return index < arguments_.size() ? std::string_view(arguments_[index]) : std::string_view{};
}

Result<Target> Invocation::target(std::size_t index) const {
  const std::string_view word = argument(index);
  const std::size_t slash = word.find('/');
  Target target{std::string(word.substr(0, slash)),
                slash == std::string_view::npos ? std::string{} : std::string(word.substr(slash + 1))};
  if (slash != std::string_view::npos && (target.channel.empty() || target.release.empty())) {
    return Error(ErrorCode::invalid_input, "'" + terminal_safe(word) + "' is not CHANNEL or CHANNEL/RELEASE")
        .with_hint("write the channel's name as in releases/<channel>, for example prod or prod/web");
  }
  return target;
}

std::string Invocation::config_path() const {
  if (given("config")) return text("config");
  const char* from_environment = std::getenv("GITOPSCTL_CONFIG");
  if (from_environment != nullptr && *from_environment != '\0') return from_environment;
  return "/etc/gitopsctl/agent.yaml";
}

bool Invocation::needs_network() const {
  if (verb_->network != Network::by_flag) return verb_->network == Network::always;
  for (const Flag& flag : verb_->flags) {
    if (flag.network && given(flag.name)) return true;
  }
  const auto takes_address = [](const Argument& argument) { return argument.remote; };
  if (std::none_of(verb_->arguments.begin(), verb_->arguments.end(), takes_address)) return false;
  return given("repo") || std::any_of(arguments_.begin(), arguments_.end(),
                                      [](const std::string& word) { return channels::is_remote_chart(word); });
}

}  // namespace gitopsctl::agent::cli
