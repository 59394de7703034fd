#include "channels/model/env_form.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/config/reader.hpp"
#include "base/text/json_pointer.hpp"

namespace gitopsctl::channels::detail {

namespace {

constexpr std::string_view suffix = ".env";
constexpr std::uint64_t max_file_bytes = 1 << 20;
constexpr std::size_t max_lines = 10'000;

/// The places of a document that was put together from several files.
class EnvMarks final : public YamlMarks {
 public:
  void add(std::string pointer, Location where) { places_.insert_or_assign(std::move(pointer), std::move(where)); }

  [[nodiscard]] Location value(std::string_view pointer) const override {
    while (true) {
      if (const auto found = places_.find(pointer); found != places_.end()) return found->second;
      const auto slash = pointer.rfind('/');
      if (slash == std::string_view::npos) return {};
      pointer = pointer.substr(0, slash);
    }
  }
  [[nodiscard]] Location key(std::string_view pointer) const override {
    Location where = value(pointer);
    if (where.line > 0) where.column = 1;
    return where;
  }

 private:
  std::map<std::string, Location, std::less<>> places_;
};

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::string_view stem(const TreePath& path) {
  std::string_view name = path.name();
  name.remove_suffix(suffix.size());
  return name;
}

/// The release that a file is for, by its name; nullopt when it is of another channel.
std::optional<std::string> release_of(std::string_view stem, std::string_view channel, bool channel_first) {
  const std::string mark = channel_first ? std::string(channel) + "-" : "-" + std::string(channel);
  if (stem.size() <= mark.size()) return std::nullopt;
  if (channel_first ? !stem.starts_with(mark) : !stem.ends_with(mark)) return std::nullopt;
  return std::string(channel_first ? stem.substr(mark.size()) : stem.substr(0, stem.size() - mark.size()));
}

std::optional<std::string> release_of(std::string_view stem, std::string_view channel) {
  auto name = release_of(stem, channel, true);
  return name ? name : release_of(stem, channel, false);
}

/// One file as a map of the `release_…` keys that the first YAML files had too.
Result<Value> read_file(const EnvFile& file, const std::string& pointer, EnvMarks& marks) {
  Value out = Value::map();
  std::vector<Error> errors;
  std::string_view rest = file.text;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const auto end = rest.find('\n');
    std::string_view line = trim(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    const Location where{file.path.str(), static_cast<int>(number), 1};
    if (number > max_lines) return Error(ErrorCode::too_large, "the file has too many lines").at(where);
    if (line.empty() || line.front() == '#') continue;
    if (line.starts_with("export ")) line = trim(line.substr(7));
    const auto equals = line.find('=');
    if (equals == 0 || equals == std::string_view::npos) {
      errors.push_back(Error(ErrorCode::invalid_input, "this line is no NAME=value").at(where));
      continue;
    }
    const auto name = trim(line.substr(0, equals));
    std::string_view value = trim(line.substr(equals + 1));
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front()) {
      value = value.substr(1, value.size() - 2);
    }
    if (!name.starts_with("RELEASE_")) continue;
    const std::string key = lower(name);
    out.set(key, Value::string(value));
    marks.add(pointer + "/" + pointer_step(key), {where.file, where.line, static_cast<int>(equals) + 2});
  }
  if (!errors.empty()) return combine(std::move(errors));
  if (out.find("release_driver") == nullptr) {
    return Error(ErrorCode::invalid_input, "this is no release: RELEASE_DRIVER is not there").at({file.path.str(), 1, 1});
  }
  return out;
}

}  // namespace

bool is_env_file(const TreePath& path) noexcept {
  return path.name().size() > suffix.size() && path.name().ends_with(suffix);
}

Result<std::vector<EnvFile>> list_env_files(const FileTree& tree, const TreePath& directory, std::string_view channel,
                                            bool read) {
  GITOPSCTL_TRY(const auto entries, tree.list(directory));
  // Release → file; the later way of naming wins where both are there.
  std::map<std::string, TreePath> by_release;
  for (const bool channel_first : {false, true}) {
    for (const auto& entry : entries) {
      const TreePath path = directory.child(entry.name);
      if (entry.type == FileType::directory || !is_env_file(path)) continue;
      if (auto release = release_of(stem(path), channel, channel_first)) by_release[*release] = path;
    }
  }
  std::vector<EnvFile> out;
  for (const auto& [release, path] : by_release) {
    EnvFile file{path, {}};
    if (read) {
      GITOPSCTL_TRY(file.text, tree.read(path, max_file_bytes));
    }
    out.push_back(std::move(file));
  }
  return out;
}

Result<LocatedYaml> env_document(const std::vector<EnvFile>& files, std::string_view channel) {
  auto marks = std::make_shared<EnvMarks>();
  Value releases = Value::list();
  std::vector<Error> errors;
  std::string name(channel);
  for (const auto& file : files) {
    const std::string_view file_stem = stem(file.path);
    if (name.empty()) name = file_stem.substr(0, file_stem.find('-'));
    const std::string pointer = "/calitp/releases/" + std::to_string(releases.size());
    auto release = read_file(file, pointer, *marks);
    if (!release.ok()) {
      for (auto& error : release.error().flatten()) errors.push_back(std::move(error));
      continue;
    }
    marks->add(pointer, {file.path.str(), 1, 1});
    auto release_name = release_of(file_stem, name);
    if (!release_name && !channel.empty()) {
      errors.push_back(Error(ErrorCode::invalid_input, "by its name this file is not of channel '" + name + "'")
                           .at({file.path.str(), 0, 0}));
      continue;
    }
    release->set("name", Value::string(release_name.value_or(std::string(file_stem))));
    releases.push_back(std::move(release).value());
  }
  if (!errors.empty()) return combine(std::move(errors));
  if (!files.empty()) marks->add("", {files.front().path.str(), 1, 1});
  LocatedYaml out;
  out.value = make_map({{"calitp", make_map({{"channel", Value::string(name)}, {"releases", std::move(releases)}})}});
  out.marks = std::move(marks);
  return out;
}

}  // namespace gitopsctl::channels::detail
