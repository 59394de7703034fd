#include <algorithm>
#include <utility>

#include "base/text/escape.hpp"
#include "channels/report/report.hpp"
#include "channels/report/summary.hpp"

namespace gitopsctl::channels {

namespace {

constexpr std::size_t diff_context = 3;
constexpr std::size_t max_cause_lines = 20;  // of one object
constexpr std::size_t max_name = 200;        // longer names and revisions are cut wherever they are shown
constexpr std::size_t max_images = 5;        // per release in the table
constexpr std::size_t max_message = 1'500;   // of one error
constexpr std::size_t smallest_fold = 700;   // below this a fold shows nothing worth its frame
constexpr std::size_t smallest_diff = 200;   // the same for one object's diff
constexpr std::size_t fold_reserve = 160;    // for the note on what was cut and the end of the fold

std::string code(std::string_view text) { return markdown_code(truncate_utf8(text, max_name)); }

/// A code span in a table cell: the one place where a pipe ends a code span.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : code(text)) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

/// Text inside raw HTML, in `<code>` so that forges look for no mentions in it.
std::string html_code(std::string_view text) {
  std::string out = "<code>";
  for (const char c : terminal_safe(truncate_utf8(text, max_name))) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      // Inside a line of HTML these could still begin Markdown.
      case '`': out += "&#96;"; break;
      case '*': out += "&#42;"; break;
      case '_': out += "&#95;"; break;
      case '[': out += "&#91;"; break;
      case '\\': out += "&#92;"; break;
      default: out += c;
    }
  }
  return out + "</code>";
}

std::string cut_text(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string(text);
  return std::string(truncate_utf8(text, max_bytes)) + "…";
}

/// The lines of `diff` that fit into `max_bytes`, and how many did not.
std::pair<std::string_view, std::size_t> whole_lines(std::string_view diff, std::size_t max_bytes) {
  if (diff.size() <= max_bytes) return {diff, 0};
  const auto end = max_bytes == 0 ? std::string_view::npos : diff.rfind('\n', max_bytes - 1);
  const auto kept = end == std::string_view::npos ? std::string_view() : diff.substr(0, end + 1);
  const auto rest = diff.substr(kept.size());
  return {kept, static_cast<std::size_t>(std::count(rest.begin(), rest.end(), '\n'))};
}

/// One object inside a fold.
struct Section {
  std::string head;
  std::string diff;

  [[nodiscard]] std::string text() const { return head + (diff.empty() ? "" : markdown_fence(diff, "diff")) + '\n'; }
};

Section make_section(const Change& change) {
  Section section;
  section.head = "**" + std::string(action_name(change.action)) + "** " + code(change.id.to_string());
  if (!change.source.empty()) section.head += " from " + code(change.source);
  if (change.cause == Cause::drift) section.head += ", drift";
  if (!change.why.empty()) section.head += ": " + code(change.why);
  section.head += '\n';
  for (const auto& line : cause_lines(change, max_cause_lines)) section.head += "- " + code(line) + '\n';
  section.diff = change_diff(change, diff_context);
  const bool shows = change.action != Action::keep && change.action != Action::unchanged;
  if (shows && section.diff.empty()) section.head += "\nno difference that YAML shows\n";
  return section;
}

/// What one release changes, folded.
class Fold {
 public:
  explicit Fold(const ReleaseChanges& release) {
    head_ = "<details><summary>" + html_code(release.release) + ' ' + counts_text(counts_of(release)) + "</summary>\n\n";
    for (const auto& change : release.changes) {
      sections_.push_back(make_section(change));
      sizes_.push_back(sections_.back().text().size());
      size_ += sizes_.back();
    }
    size_ += head_.size() + tail().size();
  }

  /// Bytes of the whole fold.
  [[nodiscard]] std::size_t size() const { return size_; }

  /// The fold in at most `budget` bytes; `cut` counts the objects that are not, or not wholly, shown.
  [[nodiscard]] std::string text(std::size_t budget, std::size_t& cut) const {
    std::string out = head_;
    if (size_ <= budget) {
      for (const auto& section : sections_) out += section.text();
      return out + tail();
    }
    std::size_t shown = 0;
    for (; shown < sections_.size(); ++shown) {
      if (out.size() + sizes_[shown] + fold_reserve > budget) break;
      out += sections_[shown].text();
    }
    if (shown < sections_.size()) {
      cut += sections_.size() - shown;
      if (begin_section(out, sections_[shown], budget)) ++shown;
      const auto left = sections_.size() - shown;
      if (left > 0)
        out += "*" + plural(left, "more object") + " of this release " + (left == 1 ? "is" : "are") + " not shown*\n\n";
    }
    return out + tail();
  }

 private:
  static std::string tail() { return "</details>\n\n"; }

  /// Adds the first lines of a section that does not fit; false when that would show nothing.
  static bool begin_section(std::string& out, const Section& section, std::size_t budget) {
    const auto used = out.size() + section.head.size() + fold_reserve + smallest_diff;
    if (section.diff.empty() || used > budget) return false;
    // Escaping makes some lines longer and the fence may have to be longer too: shrink until it fits.
    for (auto room = budget - out.size() - section.head.size() - fold_reserve; room >= smallest_diff / 2; room -= room / 8) {
      const auto [lines, left] = whole_lines(section.diff, room);
      if (lines.empty()) return false;
      std::string text =
          section.head + markdown_fence(lines, "diff") + "\n*" + plural(left, "more line") + " of this object*\n\n";
      if (out.size() + text.size() + fold_reserve > budget) continue;
      out += text;
      return true;
    }
    return false;
  }

  std::string head_;
  std::vector<Section> sections_;
  std::vector<std::size_t> sizes_;
  std::size_t size_ = 0;
};

/// Divides `budget` among folds: those smaller than an equal share stay whole, the others share what these leave.
std::vector<std::size_t> share_out(const std::vector<Fold>& folds, std::size_t budget) {
  std::vector<std::size_t> order(folds.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return folds[a].size() < folds[b].size(); });
  std::vector<std::size_t> shares(folds.size(), 0);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto share = budget / (order.size() - i);
    shares[order[i]] = std::min(share, folds[order[i]].size());
    budget -= shares[order[i]];
  }
  return shares;
}

class Comment {
 public:
  Comment(const ChangeSet& changes, const MarkdownOptions& options) : changes_(changes), options_(options) {}

  std::string write() {
    const auto limit = options_.max_bytes;
    const std::string title = "### " + code(changes_.channel) + ": " + verdict_text(changes_) + "\n\n";
    const std::string foot = write_foot();
    const std::string cut_note = write_cut_note(changes_.releases.size(), 1'000'000'000);
    std::string out = title + write_sides() + write_verdicts(limit / 8) + write_policy(limit / 8);
    out += write_errors(limit / 4);
    out += write_table(limit / 4);
    if (out.size() + foot.size() + cut_note.size() > limit) return shortest(title);
    out += write_folds(limit - out.size() - foot.size() - cut_note.size());
    out += foot;
    return out.size() <= limit ? out : shortest(title);
  }

 private:
  [[nodiscard]] std::string shortest(const std::string& title) const {
    const std::string note = "There is too much to show here; all of it: " + markdown_code(diff_command(changes_)) + '\n';
    if (title.size() + note.size() <= options_.max_bytes) return title + note;
    return std::string(truncate_utf8(title, options_.max_bytes));
  }

  [[nodiscard]] std::string revision(std::string_view revision) const {
    if (revision.empty()) return "nothing";
    const bool commit = revision.size() == 40 && revision.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    if (!commit) return code(revision);
    const std::string shown = code(revision.substr(0, 12));
    const auto& url = options_.repository_url;
    const bool usable =
        url.starts_with("https://") && url.size() <= 300 &&
        url.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/") == std::string::npos;
    return usable ? '[' + shown + "](" + url + "/commit/" + std::string(revision) + ')' : shown;
  }

  [[nodiscard]] std::string write_sides() const {
    if (changes_.live) return revision(changes_.to) + " compared with the environment.\n\n";
    return revision(changes_.from) + " → " + revision(changes_.to) + ", rendered manifests compared.\n\n";
  }

  /// Lines in a fence, as many as fit.
  static std::string fenced(std::string_view title, const std::vector<std::string>& entries, std::size_t budget) {
    if (entries.empty()) return {};
    std::string text;
    std::size_t shown = 0;
    for (const auto& entry : entries) {
      const auto next = terminal_safe(entry, true);
      if (text.size() + next.size() + title.size() + 60 > budget) break;
      text += next;
      ++shown;
    }
    if (shown < entries.size()) text += "and " + std::to_string(entries.size() - shown) + " more\n";
    return std::string(title) + "\n" + markdown_fence(text, "text") + '\n';
  }

  [[nodiscard]] std::string write_verdicts(std::size_t budget) const {
    std::vector<std::string> entries;
    for (const auto& verdict : options_.verdicts) {
      if (verdict.decision == Decision::pass) continue;
      std::string entry = (verdict.decision == Decision::wait ? "waits for " : "denied by ") + verdict.guard + ": " +
                          cut_text(verdict.message, max_message) + '\n';
      if (!verdict.command.empty()) entry += "  " + verdict.command + '\n';
      entries.push_back(std::move(entry));
    }
    return fenced("**Not yet**", entries, budget);
  }

  [[nodiscard]] std::string write_policy(std::size_t budget) const {
    std::vector<std::string> entries;
    entries.reserve(changes_.policy_changes.size());
    for (const auto& change : changes_.policy_changes) {
      entries.push_back(cut_text(terminal_safe(policy_change_text(change)), max_message) + '\n');  // each is one line
    }
    return fenced("**Policy changes**: they hold from the next deployment on", entries, budget);
  }

  [[nodiscard]] std::string write_errors(std::size_t budget) const {
    std::vector<std::string> entries;
    for (const auto& release : changes_.releases) {
      for (const auto& error : release.errors) {
        for (const auto& one : error.flatten()) {
          std::string entry = release.release + ": " + cut_text(one.to_string(), max_message) + '\n';
          if (!one.hint().empty()) entry += "  hint: " + cut_text(one.hint(), max_message) + '\n';
          entries.push_back(std::move(entry));
        }
      }
    }
    std::string out = fenced("**Errors**: nothing of these releases is changed", entries, budget);
    if (changes_.has_errors() && changes_.counts().removed > 0) out += "Nothing is removed while a release fails.\n\n";
    entries.clear();
    for (const auto& warning : changes_.warnings) entries.push_back(cut_text(warning, max_message) + '\n');
    for (const auto& release : changes_.releases) {
      for (const auto& warning : release.warnings) {
        entries.push_back(release.release + ": " + cut_text(warning, max_message) + '\n');
      }
    }
    return out + fenced("**Warnings**", entries, budget / 2);
  }

  static std::string images_cell(const ReleaseChanges& release) {
    const auto images = image_changes(release);
    std::string out;
    for (std::size_t i = 0; i < images.size() && i < max_images; ++i)
      out += (i == 0 ? "" : "<br>") + cell(image_text(images[i]));
    if (images.size() > max_images) out += "<br>and " + std::to_string(images.size() - max_images) + " more";
    return out;
  }

  [[nodiscard]] std::string write_table(std::size_t budget) const {
    std::string rows;
    std::size_t shown = 0;
    std::size_t changing = 0;
    std::size_t same = 0;
    for (const auto& release : changes_.releases) {
      if (!worth_showing(release)) {
        ++same;
        continue;
      }
      ++changing;
      std::string change = counts_text(counts_of(release));
      if (!release.errors.empty()) {
        change = "**fails**";
      } else if (release.no_longer_listed) {
        change += ", no longer listed";
      }
      const std::string row = "| " + cell(release.release) + " | " + change + " | " + images_cell(release) + " |\n";
      if (rows.size() + row.size() + 200 > budget) continue;
      rows += row;
      ++shown;
    }
    std::string out;
    if (!rows.empty()) out = "| release | change | images |\n|---|---|---|\n" + rows + '\n';
    if (shown < changing) out += plural(changing - shown, "more release") + " not listed.\n\n";
    const auto objects = changes_.counts().unchanged;
    if (objects > 0 || same > 0) {
      out += "Unchanged: " + plural(objects, "object") + (same > 0 ? ", " + plural(same, "whole release") : "") + ".\n\n";
    }
    return out;
  }

  std::string write_folds(std::size_t budget) {
    std::vector<Fold> folds;
    for (const auto& release : changes_.releases) {
      if (!release.changes.empty()) folds.emplace_back(release);
    }
    const std::size_t total = folds.size();
    // When an equal share is too small to show anything, the first releases get one that does.
    while (!folds.empty() && budget / folds.size() < smallest_fold) {
      std::size_t sum = 0;
      for (const auto& fold : folds) sum += fold.size();
      if (sum <= budget) break;
      folds.pop_back();
    }
    const auto shares = share_out(folds, budget);
    std::string out;
    std::size_t cut = 0;
    for (std::size_t i = 0; i < folds.size(); ++i) out += folds[i].text(shares[i], cut);
    if (cut > 0 || folds.size() < total) out += write_cut_note(total - folds.size(), cut);
    return out;
  }

  [[nodiscard]] std::string write_cut_note(std::size_t releases, std::size_t objects) const {
    std::string what;
    if (objects > 0) what = plural(objects, "object");
    if (releases > 0) what += (what.empty() ? "" : " and ") + plural(releases, "whole release");
    return "**Cut to fit:** " + what + " not, or not wholly, shown. All of it: " + markdown_code(diff_command(changes_)) +
           "\n\n";
  }

  [[nodiscard]] std::string write_foot() const {
    std::string out = "---\n";
    const auto line = [&out](std::string_view name, const std::string& value) {
      if (!value.empty()) out += "- " + std::string(name) + " " + code(value) + '\n';
    };
    line("render digest", changes_.render_digest);
    line("approval digest", changes_.approval_digest);
    line("plan digest", changes_.plan_digest);
    line("delete digest", changes_.delete_digest());
    line("see it on a terminal:", diff_command(changes_));
    if (!changes_.live) {
      line("compare with the environment:", "gitopsctl diff " + shell_word(changes_.channel) + " --live");
    }
    return out;
  }

  const ChangeSet& changes_;
  const MarkdownOptions& options_;
};

}  // namespace

std::string report_markdown(const ChangeSet& changes, const MarkdownOptions& options) {
  return Comment(changes, options).write();
}

}  // namespace gitopsctl::channels
