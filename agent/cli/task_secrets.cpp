#include "agent/cli/task_secrets.hpp"

#include <algorithm>
#include <utility>

#include "base/config/reader.hpp"
#include "base/json/json.hpp"
#include "base/text/escape.hpp"

namespace gitopsctl::agent::cli {
namespace {

using channels::secrets::Secrets;
using channels::secrets::SecretsConfig;

/// Merged from several files and variables, so mistakes have names and no places.
SecretsConfig read_section(const Value& section, ConfigMistakes& mistakes) {
  const LocatedYaml whole{make_map({{"secrets", section}}), nullptr};
  return channels::secrets::read_secrets(ConfigNode(whole, mistakes).at("secrets"));
}

/// All of them, each with its way through the keys in place of a line.
Error told(const ConfigMistakes& mistakes) {
  std::vector<Error> out;
  for (const auto& mistake : mistakes.all()) {
    std::string way = mistake.pointer.substr(1);
    std::ranges::replace(way, '/', '.');
    out.push_back(mistake.error.in("configuration " + terminal_safe(way)));
  }
  return combine(std::move(out));
}

}  // namespace

Result<Secrets*> TaskSecrets::secrets_of(const invoke::SecretQuestion& question) {
  const std::string key = question.directory + '\n' + canonical_json(question.section);
  const std::lock_guard lock(mutex_);
  if (const auto known = made_.find(key); known != made_.end()) return known->second.get();
  ConfigMistakes mistakes;
  auto config = read_section(question.section, mistakes);
  if (!mistakes.empty()) return told(mistakes);
  auto context = context_;
  context.directory = question.directory;
  auto made = std::make_unique<Secrets>(std::move(config), std::move(context), make_);
  return made_.emplace(key, std::move(made)).first->second.get();
}

Result<std::string> TaskSecrets::resolve(const invoke::SecretQuestion& question, const Interrupt& interrupt) {
  GITOPSCTL_TRY(const auto ref, channels::secrets::parse_secret_ref(question.name));
  GITOPSCTL_TRY(Secrets * secrets, secrets_of(question));
  GITOPSCTL_TRY(const auto secret, secrets->resolve(ref, interrupt));
  return std::string(secret.bytes.view());
}

bool names_network_provider(const std::vector<Value>& sections) {
  return std::ranges::any_of(sections, [](const Value& section) {
    ConfigMistakes told_later;
    const auto config = read_section(section, told_later);
    return std::ranges::any_of(config.providers,
                               [](const auto& provider) { return channels::secrets::asks_a_server(provider.second); });
  });
}

}  // namespace gitopsctl::agent::cli
