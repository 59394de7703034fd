#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/config/reader.hpp"
#include "channels/model/channel.hpp"
#include "channels/model/env_form.hpp"

namespace gitopsctl::channels::detail {

/// A path that a channel file names, and what must be there for it to be of use.
struct PathUse {
  enum class Kind : std::uint8_t { chart, file, directory, candidate };
  Kind kind = Kind::file;
  TreePath path;
  Location where;
  std::string release;  ///< empty: of the channel
};

/// A channel file as far as it could be read. With `mistakes` it must not be followed; the rest is there so that all that is
/// wrong can be told at once.
struct ChannelReading {
  Channel channel;
  std::vector<PathUse> paths;
  std::vector<Error> mistakes;  ///< of the file as a whole
};

/// What the readers of both forms share while they walk a file.
struct ReadingContext {
  ChannelReading& reading;
  ConfigMistakes& mistakes;
  std::string_view expected_name;
};

/// Reads `text` to its end. Problems of releases are in the releases.
[[nodiscard]] ChannelReading read_channel(std::string_view text, const TreePath& file, std::string_view expected_name);

/// The same for the files of one channel in the oldest form.
[[nodiscard]] ChannelReading read_channel_set(const std::vector<EnvFile>& files, const TreePath& directory,
                                              std::string_view channel);

void read_own_form(const ConfigNode& root, const ReadingContext& context);
void read_calitp_form(const ConfigNode& root, const ReadingContext& context);

/// Our form, from which both the check and the JSON Schema come.
[[nodiscard]] const ConfigShape& channel_shape();

/// Reads the `freeze:` list (checked against the shape before).
[[nodiscard]] std::vector<FreezeWindow> read_freeze(const ConfigNode& list);

/// Notes `node`'s text as a path of the release and gives it normalised; empty (and a mistake) when it leaves the tree.
[[nodiscard]] std::string read_path(const ConfigNode& node, PathUse::Kind kind, const ReadingContext& context);
/// A chart of the historic forms: a path; `oci://…`, `https://…`, `http://…` are noted as a mistake.
[[nodiscard]] std::string read_chart(const ConfigNode& node, const ReadingContext& context);
/// `chart`, `version` and `digest` of `section` as our form has them: a path, a chart in a registry, or in a repository.
void read_chart_source(const ConfigNode& section, Release& release, const ReadingContext& context);
/// Reads the list `helm.valuesFrom` of `release`.
void read_values_from(const ConfigNode& list, Release& release);
/// Notes that the paths from `first` on belong to `release`.
void claim_paths(ChannelReading& reading, std::size_t first, const std::string& release);
/// Checks a Helm release name and a namespace as Helm and the API server do.
void check_helm_name(const ConfigNode& node, std::string_view name);
void check_namespace(const ConfigNode& node, std::string_view name);
/// What this version cannot do for a release, said at the place where it is asked for.
void note_unsupported_driver(const ConfigNode& node, Driver driver);
void note_secrets(const ConfigNode& secret_values, Release& release);
/// Notes unknown and cyclic `dependsOn`, and `renamedFrom` that names a living release.
void check_relations(const ConfigNode& releases, const ReadingContext& context);

}  // namespace gitopsctl::channels::detail
