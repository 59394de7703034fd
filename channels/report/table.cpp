#include <algorithm>
#include <array>

#include "base/text/escape.hpp"
#include "channels/report/report.hpp"
#include "channels/report/summary.hpp"

namespace gitopsctl::channels {

namespace {

// Of one object; `-o json` has them all.
constexpr std::size_t max_cause_lines = 100;
constexpr std::string_view red = "\x1b[31m";
constexpr std::string_view green = "\x1b[32m";
constexpr std::string_view cyan = "\x1b[36m";
constexpr std::string_view bold = "\x1b[1m";
constexpr std::string_view reset = "\x1b[0m";

/// Characters, not bytes; near enough to columns for the names that occur.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

class Table {
 public:
  explicit Table(const TableOptions& options) : options_(options) {}

  std::string write(const ChangeSet& changes) {
    paint(bold, "channel " + terminal_safe(changes.channel) + ": " + verdict_text(changes));
    out_ += '\n';
    const std::string from = changes.from.empty() ? "nothing" : terminal_safe(changes.from);
    const std::string to = changes.to.empty() ? "nothing" : terminal_safe(changes.to);
    out_ += from + " → " + to + (changes.live ? ", compared with the environment\n" : ", rendered manifests compared\n");
    for (const auto& warning : changes.warnings) out_ += "warning: " + terminal_safe(warning) + '\n';
    write_verdicts();
    write_policy(changes);
    write_rows(changes);
    write_unchanged(changes);
    for (const auto& release : changes.releases) write_messages(release);
    if (changes.has_errors() && changes.counts().removed > 0) out_ += "\nnothing is removed while a release fails\n";
    if (options_.diffs) {
      for (const auto& release : changes.releases) write_diffs(release);
    }
    return std::move(out_);
  }

 private:
  void paint(std::string_view colour, std::string_view text) {
    if (options_.colour) out_ += colour;
    out_ += text;
    if (options_.colour) out_ += reset;
  }

  void write_verdicts() {
    for (const auto& verdict : options_.verdicts) {
      if (verdict.decision == Decision::pass) continue;
      out_ += verdict.decision == Decision::wait ? "waits for " : "denied by ";
      out_ += terminal_safe(verdict.guard) + ": " + terminal_safe(verdict.message) + '\n';
      if (!verdict.command.empty()) out_ += "  " + terminal_safe(verdict.command) + '\n';
    }
  }

  void write_policy(const ChangeSet& changes) {
    if (changes.policy_changes.empty()) return;
    out_ += "\npolicy changes, from the next deployment on:\n";
    for (const auto& change : changes.policy_changes) out_ += "  " + terminal_safe(policy_change_text(change)) + '\n';
  }

  void write_rows(const ChangeSet& changes) {
    std::vector<std::array<std::string, 3>> rows{{"RELEASE", "CHANGE", "IMAGES"}};
    for (const auto& release : changes.releases) {
      if (!worth_showing(release)) continue;
      const auto counts = counts_of(release);
      std::string change = counts_text(counts);
      if (!release.errors.empty()) {
        change = "fails";
      } else if (release.no_longer_listed) {
        change += ", no longer listed";
      }
      std::string images;
      for (const auto& image : image_changes(release)) images += (images.empty() ? "" : ", ") + image_text(image);
      rows.push_back({terminal_safe(release.release), change, terminal_safe(images)});
    }
    if (rows.size() == 1) return;
    std::array<std::size_t, 2> widths{};
    for (const auto& row : rows) {
      for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
    }
    out_ += '\n';
    for (const auto& row : rows) {
      std::string line;
      for (std::size_t i = 0; i < widths.size(); ++i) line += row[i] + std::string(widths[i] - width(row[i]) + 2, ' ');
      line += row[2];
      line.erase(line.find_last_not_of(' ') + 1);
      out_ += line + '\n';
    }
  }

  void write_unchanged(const ChangeSet& changes) {
    std::size_t releases = 0;
    for (const auto& release : changes.releases) releases += worth_showing(release) ? 0U : 1U;
    const auto objects = changes.counts().unchanged;
    if (objects == 0 && releases == 0) return;
    out_ += "\nunchanged: " + plural(objects, "object");
    if (releases > 0) out_ += ", " + plural(releases, "whole release");
    out_ += '\n';
  }

  void write_messages(const ReleaseChanges& release) {
    for (const auto& error : release.errors) {
      for (const auto& one : error.flatten()) {
        out_ += '\n' + terminal_safe(release.release) + ": ";
        paint(red, "error: ");
        out_ += terminal_safe(one.to_string(), true) + '\n';
        if (!one.hint().empty()) out_ += "  " + terminal_safe(one.hint(), true) + '\n';
      }
    }
    for (const auto& warning : release.warnings) {
      out_ += '\n' + terminal_safe(release.release) + ": warning: " + terminal_safe(warning, true) + '\n';
    }
  }

  void write_diffs(const ReleaseChanges& release) {
    for (const auto& change : release.changes) {
      out_ += '\n';
      std::string head = terminal_safe(release.release) + ": " + std::string(action_name(change.action)) + ' ' +
                         terminal_safe(change.id.to_string());
      if (!change.source.empty()) head += " (" + terminal_safe(change.source) + ')';
      if (change.cause == Cause::drift) head += ", drift";
      paint(bold, head);
      if (!change.why.empty()) out_ += ": " + terminal_safe(change.why);
      out_ += '\n';
      for (const auto& line : cause_lines(change, max_cause_lines)) out_ += "  " + terminal_safe(line) + '\n';
      write_diff(terminal_safe(change_diff(change, options_.context), true));
    }
  }

  void write_diff(std::string_view diff) {
    while (!diff.empty()) {
      const auto end = std::min(diff.find('\n'), diff.size() - 1);
      const auto line = diff.substr(0, end);
      const std::string_view colour = line.starts_with('+')   ? green
                                      : line.starts_with('-') ? red
                                      : line.starts_with('@') ? cyan
                                                              : std::string_view();
      if (colour.empty()) {
        out_ += line;
      } else {
        paint(colour, line);
      }
      out_ += '\n';
      diff.remove_prefix(end + 1);
    }
  }

  const TableOptions& options_;
  std::string out_;
};

}  // namespace

std::string report_table(const ChangeSet& changes, const TableOptions& options) { return Table(options).write(changes); }

}  // namespace gitopsctl::channels
