#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "base/yaml/yaml.hpp"
#include "invoke-compat/config/config_file.hpp"
#include "invoke-compat/config/environment.hpp"
#include "invoke-compat/config/host_files.hpp"

namespace gitopsctl::invoke {

/// Where configuration comes from; a later level counts more.
enum class ConfigLevel : std::uint8_t {
  defaults,
  collection,    ///< what the task file says, see collection_data()
  system,        ///< /etc/invoke.*
  user,          ///< ~/.invoke.*
  project,       ///< <project directory>/invoke.*
  environment,   ///< INVOKE_*
  runtime,       ///< the file of `-f`, else of INVOKE_RUNTIME_CONFIG
  command_line,  ///< flags
  changes,       ///< made by tasks; they stay for the rest of the invocation
};

/// What everybody can rely on being there: `run`, `runners`, `sudo`, `tasks`, `timeouts`. `runners.local`, a class in
/// pyinvoke, is the text `local`. Pure.
[[nodiscard]] Value default_configuration();

/// All levels of configuration. A value: a copy shares nothing that changes. Const calls are safe from several threads.
class Configuration {
 public:
  /// The defaults alone.
  Configuration();

  /// Replaces the data of a level. `data` must be a map or null and is copied. `origin` names it in messages: a path, or
  /// words such as `the command line`; empty: the name of the level.
  void set(ConfigLevel level, const Value& data, std::string origin = {}, std::shared_ptr<const YamlMarks> marks = nullptr);
  void set(ConfigLevel level, const ConfigFile& file);
  [[nodiscard]] const Value& data(ConfigLevel level) const noexcept;

  /// Notes a change by a task: the value at a path of keys, whatever lower levels say. `path` must not be empty.
  void change(std::span<const std::string> path, const Value& value);

  /// All levels as one map of the caller's own: maps are merged key by key, everything else, lists too, is replaced whole.
  /// `invalid_input` (`Can't cleanly merge …`) where one level has a map and another has none; with the place when a file
  /// has it. Values are never told.
  [[nodiscard]] Result<Value> merged() const;

  /// Sets the level `environment` from the variables that name a leaf of all the other levels (see environment_level()).
  /// Returns the warnings.
  [[nodiscard]] Result<std::vector<std::string>> read_environment(const Environment& environment);

 private:
  struct Source {
    Value data;
    std::string origin;
    std::shared_ptr<const YamlMarks> marks;
  };
  static constexpr std::size_t level_count = 9;

  [[nodiscard]] const Source& at(ConfigLevel level) const noexcept { return levels_[static_cast<std::size_t>(level)]; }
  [[nodiscard]] Source& at(ConfigLevel level) noexcept { return levels_[static_cast<std::size_t>(level)]; }
  [[nodiscard]] Error conflict(std::size_t level, const std::vector<std::string>& path) const;

  std::array<Source, level_count> levels_;
};

/// The data of a task file for one task: that of the root and of every namespace on the way to the task, outermost first.
/// They are merged deeply, and the outer one counts more. Same errors as Configuration::merged(), without a place.
[[nodiscard]] Result<Value> collection_data(std::span<const Value> outermost_first);

/// Flags of the command line that are configuration. What is not given changes nothing.
struct CommandLineConfig {
  bool warn = false;                           ///< `-w`
  bool pty = false;                            ///< `-p`
  bool echo = false;                           ///< `-e`
  bool dry = false;                            ///< `-R`
  bool no_dedupe = false;                      ///< `--no-dedupe`
  std::string hide;                            ///< `--hide`
  std::int64_t command_timeout = 0;            ///< `-T` in seconds; 0 leaves what is configured
  std::optional<std::string> sudo_password{};  ///< typed after `--prompt-for-sudo-password`
};
[[nodiscard]] Value command_line_data(const CommandLineConfig& flags);

/// Where the files of the levels are.
struct ConfigPlaces {
  std::string system_prefix = "/etc/invoke";  ///< `.yaml` and so on are put behind it
  std::string home;                           ///< the user's; empty: no level `user`, and `~` means nothing
  std::string working_directory;              ///< absolute; a relative runtime file is looked for there
};

/// Reads the levels `system` and `user`, where there are such files.
[[nodiscard]] Result<void> load_base_files(Configuration& configuration, const HostFiles& files, const ConfigPlaces& places,
                                           const PythonConfig& python);
/// Reads the level `project` from `project_directory`, where there is such a file.
[[nodiscard]] Result<void> load_project_file(Configuration& configuration, const HostFiles& files,
                                             std::string_view project_directory, const PythonConfig& python);
/// Reads the level `runtime` from `path`, which somebody asked for: `Config file 'x' does not exist` (`not_found`) when it
/// is not there. An empty path asks for nothing. `~/` is the home directory.
[[nodiscard]] Result<void> load_runtime_file(Configuration& configuration, const HostFiles& files,
                                             const ConfigPlaces& places, std::string_view path, const PythonConfig& python);

}  // namespace gitopsctl::invoke
