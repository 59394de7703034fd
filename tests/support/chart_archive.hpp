#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/files/archive_writer.hpp"

namespace gitopsctl::support {

/// A packed chart of one ConfigMap that says its version; `more` are further files by their path in the chart.
[[nodiscard]] inline std::string chart_archive(const std::string& name, const std::string& version,
                                               const std::map<std::string, std::string>& more = {}) {
  std::map<std::string, std::string> files{
      {"Chart.yaml", "apiVersion: v2\nname: " + name + "\nversion: " + version + "\n"},
      {"templates/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name +
                                 "}\ndata: {version: \"{{ .Chart.Version }}\", value: \"{{ .Values.value }}\"}\n"},
      {"values.yaml", "value: \"0\"\n"},
  };
  for (const auto& [path, content] : more) files[path] = content;
  std::vector<ArchiveEntry> entries;
  entries.reserve(files.size());
  for (const auto& [path, content] : files) entries.push_back({name + '/' + path, content});
  return pack_tgz(entries).value_or("");
}

}  // namespace gitopsctl::support
