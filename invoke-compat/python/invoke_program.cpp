#include "invoke-compat/python/invoke_program.hpp"

#include <filesystem>
#include <optional>
#include <string_view>

namespace gitopsctl::invoke {
namespace {

constexpr Millis patience{10'000};
constexpr std::uint64_t max_pyproject_bytes = 1ULL << 20U;

/// The program of that name in PATH that is not this one.
std::optional<std::string> in_path(std::string_view name, const PythonSetting& setting, const HostFiles& files) {
  const auto path = setting.environment.find("PATH");
  if (path == setting.environment.end()) return std::nullopt;
  std::string_view rest = path->second;
  while (!rest.empty()) {
    const auto end = rest.find(':');
    const auto directory = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    // What an empty entry or a relative one means depends on where somebody stands.
    if (!directory.starts_with('/')) continue;
    auto candidate = std::string(directory) + '/' + std::string(name);
    const auto kind = files.look(candidate);
    if (!kind.ok() || *kind != PathKind::file) continue;
    std::error_code unknown;
    const auto real = std::filesystem::canonical(candidate, unknown);
    if (unknown || real == setting.own_program) continue;
    return candidate;
  }
  return std::nullopt;
}

/// Whether a pyproject.toml has a table that begins so: a line `[tool.poetry]` or `[tool.poetry.…]`.
bool is_poetry_project(const PythonSetting& setting, const HostFiles& files) {
  const auto text = files.read(setting.project_directory + "/pyproject.toml", max_pyproject_bytes);
  if (!text.ok()) return false;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    auto line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.starts_with("[tool.poetry]") || line.starts_with("[tool.poetry.")) return true;
  }
  return false;
}

bool has_module(const std::string& python, const PythonSetting& setting, const RunProgram& run) {
  const auto said = run({python, "-m", "invoke", "--version"}, setting.project_directory, patience);
  return said.ok() && said->status.exit_code == 0;
}

}  // namespace

Result<std::vector<std::string>> find_invoke(const PythonSetting& setting, const HostFiles& files, const RunProgram& run) {
  if (!setting.configured.empty()) return setting.configured;
  std::string tried;
  if (is_poetry_project(setting, files)) {
    if (const auto poetry = in_path("poetry", setting, files)) return std::vector<std::string>{*poetry, "run", "invoke"};
    tried = "poetry run invoke, ";
  }
  if (const auto invoke = in_path("invoke", setting, files)) return std::vector<std::string>{*invoke};
  if (const auto python = in_path("python3", setting, files); python && has_module(*python, setting, run)) {
    return std::vector<std::string>{*python, "-m", "invoke"};
  }
  return Error(ErrorCode::not_found, "there is no Python invoke for the tasks of " + setting.project_directory + " (tried " +
                                         tried + "invoke, python3 -m invoke)")
      .with_hint("install it, or name its command in tasks.python of invoke.yaml: [poetry, run, invoke]");
}

}  // namespace gitopsctl::invoke
