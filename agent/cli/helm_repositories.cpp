#include "agent/cli/helm_repositories.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "agent/cli/environment_variable.hpp"
#include "agent/config/credential_file.hpp"
#include "base/log/redaction.hpp"
#include "base/text/escape.hpp"
#include "base/value/value.hpp"
#include "base/yaml/yaml.hpp"
#include "channels/model/remote_chart.hpp"

namespace gitopsctl::agent::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_file_bytes = 4U << 20U;

std::string list_file(const Invocation& invocation) {
  if (invocation.given("repository-config")) return invocation.text("repository-config");
  if (const auto file = environment_variable("HELM_REPOSITORY_CONFIG"); !file.empty()) return file;
  if (const auto config = environment_variable("HELM_CONFIG_HOME"); !config.empty()) return config + "/repositories.yaml";
  if (const auto xdg = environment_variable("XDG_CONFIG_HOME"); !xdg.empty()) return xdg + "/helm/repositories.yaml";
  const auto home = environment_variable("HOME");
  return home.empty() ? std::string() : home + "/.config/helm/repositories.yaml";
}

std::string text_of(const Value& map, std::string_view key) {
  const Value* value = map.find(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

bool flag_of(const Value& map, std::string_view key) {
  const Value* value = map.find(key);
  return value != nullptr && value->is_bool() && value->as_bool();
}

Result<NamedRepository> read_entry(const Value& entry, std::string_view chart) {
  if (!text_of(entry, "certFile").empty() || !text_of(entry, "keyFile").empty()) {
    return Error(ErrorCode::unsupported, "the repository '" + terminal_safe(text_of(entry, "name")) +
                                             "' wants a client certificate, which this version does not have")
        .with_hint("fetch the chart by other means and name the archive");
  }
  NamedRepository out;
  out.url = text_of(entry, "url");
  out.chart = chart;
  out.username = text_of(entry, "username");
  out.password = text_of(entry, "password");
  out.ca_file = text_of(entry, "caFile");
  out.insecure_skip_tls_verify = flag_of(entry, "insecure_skip_tls_verify");
  out.pass_credentials = flag_of(entry, "pass_credentials_all");
  if (!out.password.empty()) log::register_secret(out.password);
  return out;
}

}  // namespace

Result<std::optional<NamedRepository>> named_repository(const Invocation& invocation, std::string_view word) {
  const std::optional<NamedRepository> nothing;
  const auto slash = word.find('/');
  const bool other = !invocation.verb().like_helm || invocation.given("repo") || word.starts_with('.') || slash == 0 ||
                     slash == std::string_view::npos || channels::is_remote_chart(word);
  std::error_code failed;
  if (other || fs::exists(word, failed)) return nothing;
  const auto file = list_file(invocation);
  if (file.empty() || !fs::exists(file, failed)) return nothing;
  GITOPSCTL_TRY(const auto text, detail::read_small_file(file, max_file_bytes));
  YamlOptions options;
  options.max_depth = 20;
  options.max_nodes = 1'000'000;
  options.quote_content = false;  // there are passwords in it
  const auto document = parse_yaml(text, options, file);
  if (!document.ok()) return document.error().in("helm's list of repositories");
  const Value* list = document->is_map() ? document->find("repositories") : nullptr;
  if (list == nullptr || !list->is_list()) return nothing;
  const auto name = word.substr(0, slash);
  for (const auto& entry : list->as_list()) {
    if (!entry.is_map() || text_of(entry, "name") != name) continue;
    GITOPSCTL_TRY(auto found, read_entry(entry, word.substr(slash + 1)));
    return std::optional(std::move(found));
  }
  return nothing;
}

bool names_repository(const Invocation& invocation) {
  const auto& words = invocation.arguments();
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    const auto found = named_repository(invocation, word);
    return !found.ok() || found->has_value();
  });
}

}  // namespace gitopsctl::agent::cli
