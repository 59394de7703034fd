#include "agent/cli/print_value.hpp"

#include "base/json/json.hpp"
#include "base/yaml/yaml.hpp"

namespace gitopsctl::agent::cli {

Result<void> print_value(Terminal& terminal, const Value& value, OutputFormat format) {
  if (format == OutputFormat::yaml) {
    GITOPSCTL_TRY(const std::string text, to_yaml(value));
    terminal.out(text);
    return {};
  }
  JsonOptions options;
  options.escape_html = false;
  options.pretty = true;
  GITOPSCTL_TRY(const std::string text, to_json(value, options));
  terminal.out(text);
  if (!text.ends_with('\n')) terminal.out("\n");
  return {};
}

}  // namespace gitopsctl::agent::cli
