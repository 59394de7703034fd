#include "tests/parity_charts/report.hpp"

#include <algorithm>
#include <cstdio>
#include <sstream>
#include <string_view>

namespace gitopsctl::tests {

namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

std::string joined(const MaskCounts& masks) {
  std::vector<std::string> words;
  for (const auto& [name, count] : masks) words.push_back(name + " × " + std::to_string(count));
  return joined(words);
}

std::string percent_text(const Totals& totals) {
  char text[16];
  // Never rounded up to what was not reached.
  const double floored = static_cast<double>(static_cast<int>(totals.percent() * 100)) / 100;
  (void)std::snprintf(text, sizeof text, "%.2f %%", floored);
  return text;
}

std::string sums(const Totals& totals) {
  return std::to_string(totals.charts) + " charts; " + std::to_string(totals.rendered) +
         " sets of values render; of these " + std::to_string(totals.equal) + " byte for byte equal, " +
         std::to_string(totals.masked) + " equal but for what is random, " + std::to_string(totals.differing) +
         " differing: " + percent_text(totals) + " equal. Besides, both refuse " + std::to_string(totals.refused) +
         " sets with the same text.";
}

std::string on_one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  std::replace(text.begin(), text.end(), '|', '/');
  std::replace(text.begin(), text.end(), '`', '\'');
  constexpr std::size_t longest = 300;
  if (text.size() > longest) text = text.substr(0, longest) + "…";
  return text;
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text + ' ';
}

}  // namespace

double Totals::percent() const {
  const int all = equal + masked + differing;
  return all == 0 ? 100 : 100.0 * (equal + masked) / all;
}

Totals totals_of(const std::vector<ChartOutcome>& outcomes) {
  Totals out;
  for (const auto& one : outcomes) {
    if (!one.missing.empty()) continue;
    const auto differing = static_cast<int>(one.differences.size());
    ++out.charts;
    out.equal += one.equal;
    out.masked += one.masked;
    out.refused += one.refused;
    out.differing += differing;
    out.rendered += one.equal + one.masked + differing;
  }
  return out;
}

std::string text_report(const ReportHead& head, const std::vector<ChartOutcome>& outcomes) {
  std::size_t width = 8;
  for (const auto& one : outcomes) width = std::max(width, one.name.size() + 1 + one.version.size());
  std::ostringstream out;
  out << "profile " << head.profile << " against helm " << head.helm_version << "\n"
      << padded("chart", width) << "   sets  equal masked refused differing\n";
  for (const auto& one : outcomes) {
    out << padded(one.name + ' ' + one.version, width);
    if (!one.missing.empty()) {
      out << "NOT COMPARED: nobody has " << joined(one.missing) << "\n";
      continue;
    }
    char line[80];
    (void)std::snprintf(line, sizeof line, "%3d+%-3d %5d %6d %7d %9zu", one.brought, one.generated, one.equal, one.masked,
                        one.refused, one.differences.size());
    out << line << (one.masks.empty() ? "" : "  " + joined(one.masks)) << (one.skipped_schema ? "  (schema left out)" : "")
        << '\n';
  }
  for (const auto& one : outcomes) {
    for (const auto& difference : one.differences)
      out << "DIFFERS: " << one.name << ", " << difference.set << ": " << difference.what << '\n';
  }
  for (const auto& name : head.absent) out << "NOT COMPARED: " << name << " is in no given folder\n";
  out << sums(totals_of(outcomes)) << '\n';
  return out.str();
}

namespace {

constexpr std::string_view what_is_compared =
    "Each chart is rendered with its default values (with `--include-crds`), with every values file that it brings "
    "(`ci/*.yaml`, `values-*.yaml`, those of its tests and examples), and with generated sets that flip booleans and "
    "enumerated words of its values and its schema, those of its dependencies too. A generated set that helm refuses "
    "is compared as well, and more are generated until helm renders 60 % of them. Dependencies come from the other "
    "repositories in whatever version these have, with the requirement relaxed.\n\n"
    "A mask covers a span that differs between two runs of helm itself, and has the named shape in both and in ours.\n\n";

constexpr std::string_view known_differences =
    "\n## Where ours is known to differ\n"
    "No chart above meets the first three.\n"
    "- `fromToml`: the texts of errors are those of another library, tables in a list are a `[]interface {}`, and what "
    "only TOML 1.1 has (`\\e`, `\\x`, a comma at the end of an inline table) is an error.\n"
    "- Text that is no UTF-8 in regular expressions, where invalid bytes match nothing, and in `snakecase` and "
    "`kebabcase`, which lose them, and in `toYamlPretty`, which gives nothing.\n"
    "- `printf` of times and versions with verbs that write their fields.\n"
    "- A `$ref` of a schema to a file or a host is never followed: the render fails, unless schemas are left out with "
    "`--skip-schema-validation`.\n";

constexpr std::string_view where_the_charts_are = R"(
## The charts
`tests/parity_charts/public_charts.txt` names the repositories. To have them in `../public-charts`:

```sh
sed -n 's/^\([a-zA-Z][^ ]*\).*/\1/p' tests/parity_charts/public_charts.txt | while read -r name; do
  repository=${name%@*} branch=HEAD
  case $name in *@*) branch=${name#*@} ;; esac
  folder=../public-charts/$(echo "$repository" | tr / +)
  git init -q "$folder"
  git -C "$folder" pull -q --depth 1 "https://github.com/$repository" "$branch"
done
```
)";

std::string markdown_row(const ChartOutcome& one) {
  std::ostringstream out;
  out << "| " << one.name << ' ' << one.version << " | " << one.source << " | ";
  if (!one.missing.empty()) {
    out << "**not compared**: no folder has " << joined(one.missing) << " | | | | | |\n";
    return out.str();
  }
  out << one.brought << " + " << one.generated << " (" << one.generated_rendered << ") | " << one.equal << " | "
      << one.masked << " | " << one.refused << " | " << one.differences.size() << " | " << joined(one.masks) << " |\n";
  return out.str();
}

}  // namespace

std::string markdown_report(const ReportHead& head, const std::vector<ChartOutcome>& outcomes) {
  std::ostringstream out;
  out << "# Parity with helm on public charts\n"
      << "`helm template` of helm " << head.helm_version << " and our engine with the profile `" << head.profile
      << "` on the same prepared folders, compared byte by byte. Made by `" << head.command
      << "`; none of the charts' files are kept here. " << sums(totals_of(outcomes)) << "\n\n"
      << what_is_compared
      << "| chart | from | sets: own + generated (rendered) | equal | masked | refused by both | differing | masks |\n"
      << "|---|---|---|---|---|---|---|---|\n";
  std::vector<std::string> without_schema;
  for (const auto& one : outcomes) {
    out << markdown_row(one);
    if (one.skipped_schema) without_schema.push_back(one.name);
  }
  if (!without_schema.empty()) {
    out << "\nRendered by both with `--skip-schema-validation`, because their schemas refer to a file or a host, which helm "
           "would fetch and our engine never does: "
        << joined(without_schema) << ".\n";
  }
  if (!head.absent.empty()) out << "\n**Not compared**, because no given folder has them: " << joined(head.absent) << ".\n";
  bool headed = false;
  for (const auto& one : outcomes) {
    for (const auto& difference : one.differences) {
      if (!headed) out << "\n## What differs\n";
      headed = true;
      out << "- " << one.name << ", " << difference.set << ": `" << on_one_line(difference.what) << "`\n";
    }
  }
  out << known_differences << "\n## With which dependencies\n";
  for (const auto& one : outcomes) {
    if (!one.copied.empty()) out << "- " << one.name << ": " << joined(one.copied) << '\n';
  }
  out << where_the_charts_are;
  return out.str();
}

}  // namespace gitopsctl::tests
