#include "tests/parity/chart_text.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "base/crypto/digest.hpp"

namespace gitopsctl::tests {

namespace {

constexpr std::string_view plain_chart = "apiVersion: v2\nname: chart\nversion: 0.1.0\n";
constexpr std::string_view link_form = "link to ";
constexpr std::string_view package_form = "package of ";

bool is_form(std::string_view form) {
  constexpr std::array<std::string_view, 5> plain = {"", "no newline", "crlf", "base64", "none"};
  return std::find(plain.begin(), plain.end(), form) != plain.end() || form.starts_with(link_form) ||
         form.starts_with(package_form);
}

/// What stands between `before` and `after` in a line that has both.
std::optional<std::string_view> between(std::string_view line, std::string_view before, std::string_view after) {
  if (line.size() <= before.size() + after.size() || !line.starts_with(before) || !line.ends_with(after))
    return std::nullopt;
  return line.substr(before.size(), line.size() - before.size() - after.size());
}

/// The words of a command line: blanks separate, single quotes keep them; nullopt when a quote stays open.
std::optional<std::vector<std::string>> split_words(std::string_view line) {
  std::vector<std::string> out;
  bool in_word = false;
  bool in_quotes = false;
  for (const char c : line) {
    if (c == ' ' && !in_quotes) {
      in_word = false;
      continue;
    }
    if (!in_word) out.emplace_back();
    in_word = true;
    if (c == '\'') {
      in_quotes = !in_quotes;
    } else {
      out.back() += c;
    }
  }
  if (in_quotes) return std::nullopt;
  return out;
}

class Reader {
 public:
  Reader(std::string file, std::string_view text) : file_(std::move(file)), text_(text) {}

  Result<std::vector<ChartText>> read() {
    if (!text_.empty() && !text_.ends_with('\n')) return mistake("the last line has no end");
    const bool has_many = text_.starts_with("== ") || text_.find("\n== ") != std::string_view::npos;
    if (!has_many) start(std::filesystem::path(file_).stem().string());
    while (!text_.empty()) {
      const auto line = text_.substr(0, text_.find('\n'));
      text_.remove_prefix(line.size() + 1);
      ++line_;
      if (auto read = read_line(line, has_many); !read.ok()) return read.error();
    }
    if (auto ended = end(); !ended.ok()) return ended.error();
    return std::move(charts_);
  }

 private:
  [[nodiscard]] Error mistake(const std::string& what) const {
    return {ErrorCode::invalid_input, file_ + ":" + std::to_string(line_) + ": " + what};
  }

  void start(std::string name) {
    charts_.push_back({.file = file_, .line = line_, .name = std::move(name), .profiles = {}, .runs = {}, .sections = {}});
    section_ = nullptr;
  }

  std::vector<ChartSection>& sections() { return charts_.empty() ? common_ : charts_.back().sections; }

  Result<void> read_line(std::string_view line, bool has_many) {
    if (has_many && line.starts_with("== ")) {
      const auto name = between(line, "== ", " ==");
      if (!name) return mistake("a chart begins with '== NAME =='");
      const auto has_name = [&](const ChartText& chart) { return chart.name == *name; };
      if (std::any_of(charts_.begin(), charts_.end(), has_name)) {
        return mistake("there is a chart '" + std::string(*name) + "' already");
      }
      if (auto ended = end(); !ended.ok()) return ended;
      start(std::string(*name));
      return {};
    }
    if (const auto mark = between(line, "-- ", " --")) return start_section(*mark);
    if (section_ != nullptr) {
      section_->text.append(line).push_back('\n');
      return {};
    }
    return read_head(line);
  }

  Result<void> read_head(std::string_view line) {
    const auto colon = line.find(": ");
    const auto key = colon == std::string_view::npos ? std::string_view{} : line.substr(0, colon);
    if (key != "run" && key != "profiles") {
      // A sentence has blanks or capitals in front of its colon.
      if (!key.empty() && key.find_first_not_of("abcdefghijklmnopqrstuvwxyz") == std::string_view::npos) {
        return mistake("'" + std::string(key) + ":' is neither 'run:' nor 'profiles:'");
      }
      return {};
    }
    if (charts_.empty()) return mistake("'" + std::string(key) + ":' belongs to a chart");
    auto words = split_words(line.substr(colon + 2));
    if (!words) return mistake("a quote stays open");
    if (key == "run") {
      charts_.back().runs.push_back(*std::move(words));
    } else {
      charts_.back().profiles = *std::move(words);
    }
    return {};
  }

  Result<void> start_section(std::string_view mark) {
    ChartSection section{.path = std::string(mark.substr(0, mark.find(' '))), .form = {}, .text = {}, .line = line_};
    if (const auto rest = mark.substr(section.path.size()); !rest.empty()) {
      const auto form = between(rest, " (", ")");
      if (!form || !is_form(*form)) return mistake("no file has the form '" + std::string(rest) + "'");
      section.form = *form;
    }
    auto& all = sections();
    const auto same = [&](const ChartSection& one) { return one.path == section.path; };
    if (std::any_of(all.begin(), all.end(), same)) return mistake("'" + section.path + "' is there twice");
    section_ = &all.emplace_back(std::move(section));
    return {};
  }

  // What all charts of the file have, and what a chart has when it says nothing.
  Result<void> end() {
    if (charts_.empty()) return {};
    auto& chart = charts_.back();
    if (chart.runs.empty()) chart.runs.push_back({"rel", "chart"});
    const auto has = [&](const std::string& path) {
      return std::any_of(chart.sections.begin(), chart.sections.end(),
                         [&](const ChartSection& one) { return one.path == path; });
    };
    for (const auto& section : common_) {
      if (!has(section.path)) chart.sections.push_back(section);
    }
    if (!has("chart/Chart.yaml")) {
      chart.sections.push_back(
          {.path = "chart/Chart.yaml", .form = {}, .text = std::string(plain_chart), .line = chart.line});
    }
    for (const auto& section : chart.sections) {
      if (section.form != "base64" || base64_decode(without_newlines(section.text)).ok()) continue;
      line_ = section.line;
      return mistake("'" + section.path + "' is no base64");
    }
    return {};
  }

 public:
  static std::string without_newlines(std::string text) {
    std::erase(text, '\n');
    return text;
  }

 private:
  std::string file_;
  std::string_view text_;
  int line_ = 0;
  std::vector<ChartSection> common_;
  std::vector<ChartText> charts_;
  ChartSection* section_ = nullptr;  ///< the one that lines belong to
};

std::string with_crlf(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE_MESSAGE(in.good(), path.string());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write_package(const ChartSection& section, const WorkDirectory& directory, const HelmPeer& packer) {
  const auto source = section.form.substr(package_form.size());
  packer.package(directory, source, ".packages");
  const auto packages = directory.path() / ".packages";
  const auto target = directory.path() / section.path;
  std::filesystem::create_directories(target.parent_path());
  std::filesystem::rename(std::filesystem::directory_iterator(packages)->path(), target);
  std::filesystem::remove_all(packages);
  std::filesystem::remove_all(directory.path() / source);
}

}  // namespace

bool ChartText::is_for(std::string_view profile) const {
  return profiles.empty() || std::find(profiles.begin(), profiles.end(), profile) != profiles.end();
}

Result<std::vector<ChartText>> read_chart_texts(const std::string& file, std::string_view text) {
  return Reader(file, text).read();
}

Result<std::vector<ChartText>> read_chart_texts(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return read_chart_texts(path.filename().string(), read_file(path));
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<ChartText> out;
  for (const auto& file : files) {
    auto charts = read_chart_texts(file);
    if (!charts.ok()) return charts.error();
    out.insert(out.end(), charts->begin(), charts->end());
  }
  return out;
}

void unpack_chart_text(const ChartText& chart, const WorkDirectory& directory, const HelmPeer& packer) {
  // Packages last: their directories are made of other sections.
  for (const auto& section : chart.sections) {
    const auto target = directory.path() / section.path;
    if (section.form == "none" || section.form.starts_with(package_form)) continue;
    if (section.form == "no newline") {
      directory.write(section.path, std::string_view(section.text).substr(0, section.text.size() - 1));
    } else if (section.form == "crlf") {
      directory.write(section.path, with_crlf(section.text));
    } else if (section.form == "base64") {
      directory.write(section.path, base64_decode(Reader::without_newlines(section.text)).value());
    } else if (section.form.starts_with(link_form)) {
      std::filesystem::create_directories(target.parent_path());
      std::filesystem::create_symlink(section.form.substr(link_form.size()), target);
    } else {
      directory.write(section.path, section.text);
    }
  }
  for (const auto& section : chart.sections) {
    if (section.form.starts_with(package_form)) write_package(section, directory, packer);
  }
}

}  // namespace gitopsctl::tests
