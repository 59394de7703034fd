#include "channels/report/summary.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "render/diff/diff.hpp"

namespace gitopsctl::channels {

namespace {

using Images = std::map<std::string, std::string>;  // list and name of a container → image

void collect_images(const Value& value, const std::string& path, Images& images) {
  if (!value.is_map()) {
    for (const auto& item : value.as_list()) collect_images(item, path, images);
    return;
  }
  static constexpr std::array<std::string_view, 3> lists = {"containers", "initContainers", "ephemeralContainers"};
  for (const auto& member : value.as_map()) {
    const auto key = member.key.view();
    const std::string here = path + '.' + std::string(key);
    if (std::find(lists.begin(), lists.end(), key) == lists.end() || !member.value.is_list()) {
      collect_images(member.value, here, images);
      continue;
    }
    std::size_t position = 0;
    for (const auto& container : member.value.as_list()) {
      const auto name = container.string_at({"name"});
      const auto image = container.string_at({"image"});
      const std::string label = name.empty() ? std::to_string(position) : std::string(name);
      if (!image.empty()) images.emplace(here + '[' + label + ']', image);
      ++position;
    }
  }
}

struct ImageParts {
  std::string_view repository;
  std::string_view version;  ///< tag or digest, without its separator
};

ImageParts split_image(std::string_view image) {
  const auto at = image.find('@');
  if (at != std::string_view::npos) return {image.substr(0, at), image.substr(at + 1)};
  const auto slash = image.rfind('/');
  const auto colon = image.rfind(':');
  if (colon == std::string_view::npos || (slash != std::string_view::npos && colon < slash)) return {image, {}};
  return {image.substr(0, colon), image.substr(colon + 1)};
}

}  // namespace

std::string plural(std::size_t count, std::string_view noun) {
  return std::to_string(count) + ' ' + std::string(noun) + (count == 1 ? "" : "s");
}

std::string counts_text(const Counts& counts) {
  std::string out =
      '+' + std::to_string(counts.created) + " ~" + std::to_string(counts.updated) + " -" + std::to_string(counts.removed);
  if (counts.recreated > 0) out += ", " + std::to_string(counts.recreated) + " made anew";
  if (counts.adopted > 0) out += ", " + std::to_string(counts.adopted) + " adopted";
  if (counts.kept > 0) out += ", " + std::to_string(counts.kept) + " kept";
  return out;
}

Counts counts_of(const ReleaseChanges& release) noexcept { return Counts{}.add(release); }

bool worth_showing(const ReleaseChanges& release) noexcept {
  return !release.changes.empty() || !release.errors.empty() || !release.warnings.empty() || release.no_longer_listed;
}

std::string verdict_text(const ChangeSet& changes) {
  const auto counts = changes.counts();
  const auto changing =
      static_cast<std::size_t>(std::count_if(changes.releases.begin(), changes.releases.end(),
                                             [](const ReleaseChanges& release) { return counts_of(release).any_change(); }));
  std::string out;
  if (counts.failed_releases > 0) {
    out = plural(counts.failed_releases, "release") + (counts.failed_releases == 1 ? " fails" : " fail");
    out += changing == 0 ? ", no other changes" : ", " + std::to_string(changing) + (changing == 1 ? " changes" : " change");
  } else if (changing == 0) {
    out = "no changes";
  } else {
    out = plural(changing, "release") + (changing == 1 ? " changes" : " change");
  }
  if (changing > 0 || counts.kept > 0) out += " (" + counts_text(counts) + ')';
  if (!changes.policy_changes.empty())
    out += out == "no changes" ? " of objects; the policy changes" : "; the policy changes";
  return out;
}

std::vector<ImageChange> image_changes(const ReleaseChanges& release) {
  std::set<ImageChange> found;
  for (const auto& change : release.changes) {
    if (change.action == Action::keep || change.action == Action::unchanged) continue;
    Images before;
    Images after;
    collect_images(change.before, {}, before);
    collect_images(change.after, {}, after);
    for (const auto& [place, image] : before) {
      const auto it = after.find(place);
      if (it == after.end()) {
        found.insert({image, {}});
      } else if (it->second != image) {
        found.insert({image, it->second});
      }
    }
    for (const auto& [place, image] : after) {
      if (!before.contains(place)) found.insert({{}, image});
    }
  }
  return {found.begin(), found.end()};
}

std::string image_text(const ImageChange& image) {
  if (image.before.empty()) return "new image " + image.after;
  if (image.after.empty()) return "no longer " + image.before;
  const auto before = split_image(image.before);
  const auto after = split_image(image.after);
  if (before.repository == after.repository && !before.version.empty() && !after.version.empty()) {
    return std::string(before.repository) + ' ' + std::string(before.version) + " → " + std::string(after.version);
  }
  return image.before + " → " + image.after;
}

namespace {

/// The lines of one field: what it comes from, and the parts of it that come from elsewhere. What somebody decided is said
/// before what a server adds to it.
void add_lines(const std::string& path, const std::vector<const FieldCause*>& causes, std::vector<std::string>& out) {
  std::vector<std::pair<std::string, std::vector<const FieldCause*>>> by_text;
  for (const auto* cause : causes) {
    const auto text = cause->text();
    auto known = std::ranges::find(by_text, text, &std::pair<std::string, std::vector<const FieldCause*>>::first);
    if (known == by_text.end()) known = by_text.insert(known, {text, {}});
    known->second.push_back(cause);
  }
  std::ranges::stable_sort(by_text, [](const auto& a, const auto& b) {
    return is_reason_to_write(a.second.front()->origin) > is_reason_to_write(b.second.front()->origin);
  });
  for (std::size_t i = 0; i < by_text.size(); ++i) {
    std::string line = path + ": " + by_text[i].first;
    if (i > 0) {
      std::string parts;
      for (const auto* cause : by_text[i].second) {
        std::string_view part = cause->path;
        if (part.starts_with(path)) part.remove_prefix(path.size());
        if (part.starts_with('.')) part.remove_prefix(1);
        parts += (parts.empty() ? "" : ", ") + std::string(part);
      }
      line += ": " + parts;
    }
    out.push_back(std::move(line));
  }
}

}  // namespace

std::vector<std::string> cause_lines(const Change& change, std::size_t max) {
  std::vector<std::string> out;
  if (change.causes.empty() || (change.action != Action::update && change.action != Action::adopt)) return out;
  std::set<const FieldCause*> told;
  for (const auto& field : render::diff_values(change.before, change.after)) {
    const auto causes = causes_at(change.causes, field.path);
    told.insert(causes.begin(), causes.end());
    if (causes.empty()) continue;
    add_lines(field.path, causes, out);
  }
  for (const auto& cause : change.causes) {
    if (!told.contains(&cause) && cause.origin != Origin::converged) out.push_back(cause.path + ": " + cause.text());
  }
  if (out.size() > max) {
    const auto rest = out.size() - max;
    out.resize(max);
    out.push_back("and " + std::to_string(rest) + " more");
  }
  return out;
}

std::string change_diff(const Change& change, std::size_t context) {
  if (change.action == Action::keep || change.action == Action::unchanged) return {};
  render::TextDiffOptions options;
  options.context = static_cast<std::uint32_t>(std::min<std::size_t>(context, 1'000'000));
  return render::diff_text(change.before, change.after, options);
}

std::string shell_word(std::string_view word) {
  const bool harmless = !word.empty() && word.front() != '-' && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_./:@+=").find(c) != std::string_view::npos;
  });
  if (harmless) return std::string(word);
  std::string out = "'";
  for (const char c : word) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + '\'';
}

std::string diff_command(const ChangeSet& changes) {
  std::string out = "gitopsctl diff " + shell_word(changes.channel);
  if (changes.live) return out + " --live";
  if (!changes.from.empty()) out += " --from " + shell_word(changes.from);
  if (!changes.to.empty()) out += " --to " + shell_word(changes.to);
  return out;
}

}  // namespace gitopsctl::channels
