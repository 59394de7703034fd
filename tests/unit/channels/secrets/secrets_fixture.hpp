#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml/yaml.hpp"
#include "channels/secrets/config.hpp"
#include "channels/secrets/secrets.hpp"

namespace gitopsctl::tests {

template <class T>
std::string why(const Result<T>& result) {
  return result.ok() ? "ok" : result.error().to_string() + " [" + result.error().hint() + "]";
}

inline bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// A configuration and what was wrong with it, one line each.
struct ReadConfig {
  channels::secrets::SecretsConfig config;
  std::vector<std::string> mistakes;
};

inline ReadConfig read_config(const std::string& yaml) {
  ReadConfig out;
  const auto document = parse_located_yaml(yaml, "agent.yaml");
  if (!document.ok()) return {{}, {document.error().to_string()}};
  ConfigMistakes mistakes;
  out.config = channels::secrets::read_secrets(ConfigNode(*document, mistakes));
  for (const auto& error : mistakes.take_all()) out.mistakes.push_back(error.to_string() + " [" + error.hint() + "]");
  return out;
}

/// What providers are given: no clock but this, no environment but this; notes what is hidden.
struct SecretsFixture {
  ManualClock clock{system_clock().now()};
  channels::secrets::SecretContext context;
  std::vector<std::string> hidden;
  std::vector<std::string> shown;

  SecretsFixture() {
    context.clock = &clock;
    context.hide = [this](std::string_view value) { hidden.emplace_back(value); };
    context.show = [this](std::string_view value) { shown.emplace_back(value); };
  }
  SecretsFixture(const SecretsFixture&) = delete;
  SecretsFixture& operator=(const SecretsFixture&) = delete;

  /// The secrets of a configuration without mistakes.
  std::unique_ptr<channels::secrets::Secrets> secrets(const std::string& yaml) {
    auto read = read_config(yaml);
    if (!read.mistakes.empty()) throw std::runtime_error(read.mistakes.front());
    return std::make_unique<channels::secrets::Secrets>(std::move(read.config), context);
  }
};

/// The bytes of a secret, or the error as people see it with its code in front.
inline std::string fetched(channels::secrets::Secrets& secrets, const std::string& ref) {
  const auto parsed = channels::secrets::parse_secret_ref(ref);
  if (!parsed.ok()) return "reference: " + why(parsed);
  const auto secret = secrets.resolve(*parsed, {});
  if (!secret.ok()) return std::string(code_name(secret.error().code())) + ": " + why(secret);
  return std::string(secret->bytes.view());
}

}  // namespace gitopsctl::tests
