#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "tests/parity/helm_peer.hpp"

namespace gitopsctl::tests {

/// One file of a chart that is kept as text.
struct ChartSection {
  std::string path;  ///< relative to the work directory, as `chart/templates/x.yaml`
  std::string form;  ///< how the text becomes the file, see `read_chart_texts`
  std::string text;
  int line = 0;  ///< of its mark
};

/// A whole chart, with what lies beside it, and the command lines to render it with.
struct ChartText {
  std::string file;
  int line = 0;
  std::string name;
  std::vector<std::string> profiles;           ///< the helms it is for; all when empty
  std::vector<std::vector<std::string>> runs;  ///< what stands behind `helm template`; never empty
  std::vector<ChartSection> sections;

  /// Whether the helm of this profile has what the chart uses.
  [[nodiscard]] bool is_for(std::string_view profile) const;
};

/// Reads charts that are kept as text. A file is one chart, called like the file, or many that begin with `== NAME ==`; then
/// what stands before the first of them belongs to all, and a chart's own files replace those.
///
/// A chart is: lines that say what it is about; `run: WORDS`, each one more command line (`rel chart` without any; single
/// quotes keep blanks); `profiles: NAMES`, when not all helms have what it uses; then its files, each below `-- PATH --`.
/// `-- PATH (FORM) --` makes another file of the text: `no newline` drops the last one, `crlf` ends lines so, `base64`
/// decodes, `link to TARGET` is a symbolic link, `package of DIRECTORY` is what `helm package` makes of a directory that is
/// then removed, `none` leaves the file out. A chart whose text has no `chart/Chart.yaml` gets a plain one.
///
/// Errors: `invalid_input` naming file and line, for unknown marks, words and forms, and for files given twice.
[[nodiscard]] Result<std::vector<ChartText>> read_chart_texts(const std::string& file, std::string_view text);

/// The charts of one file, or of all `.txt` files of a directory in the order of their names.
[[nodiscard]] Result<std::vector<ChartText>> read_chart_texts(const std::filesystem::path& path);

/// Writes the chart's files. `packer` makes packages.
void unpack_chart_text(const ChartText& chart, const WorkDirectory& directory, const HelmPeer& packer);

}  // namespace gitopsctl::tests
