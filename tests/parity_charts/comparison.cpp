#include "tests/parity_charts/comparison.hpp"

#include <algorithm>
#include <optional>

#include "tests/support/scratch.hpp"

namespace gitopsctl::tests {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view order_mask = "helm's own order differs from run to run";
/// Runs of helm to learn from what is random.
constexpr int max_runs = 8;

}  // namespace

std::string first_difference(std::string_view ours, std::string_view theirs) {
  std::size_t at = 0;
  int line = 1;
  while (at < ours.size() && at < theirs.size() && ours[at] == theirs[at]) line += ours[at++] == '\n' ? 1 : 0;
  const auto line_at = [&](std::string_view text) {
    const auto start = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
    return std::string(text.substr(start, std::min<std::size_t>(text.find('\n', at) - start, 400)));
  };
  return "line " + std::to_string(line) + "\n  ours: " + line_at(ours) + "\n  helm: " + line_at(theirs);
}

namespace {

/// One chart while it is compared.
class Comparison {
 public:
  Comparison(const FoundChart& chart, const CachedHelm& helm, const ComparisonOptions& options)
      : chart_(chart), helm_(helm), options_(options) {
    out_.name = chart.name;
    out_.version = chart.version;
    out_.source = chart.root.filename().string();
  }

  ChartOutcome run(const std::vector<FoundChart>& pool) {
    const auto folder = fs::path(directory_.path()) / "chart";
    auto prepared = prepare_chart(chart_, pool, folder);
    out_.copied = std::move(prepared.copied);
    out_.missing = std::move(prepared.missing);
    out_.skipped_schema = prepared.foreign_schema;
    digest_ = prepared.digest;
    if (!out_.missing.empty()) return std::move(out_);
    if (!options_.prepared.empty()) {
      fs::create_directories(options_.prepared);
      fs::remove_all(options_.prepared / chart_.name);
      fs::copy(folder, options_.prepared / chart_.name, fs::copy_options::recursive);
    }
    std::vector<ValueSet> brought = {{"default", {}}};
    for (auto& set : sets_of_chart(chart_.path)) brought.push_back(std::move(set));
    std::vector<ValueSet> bases;
    for (const auto& set : brought) {
      if (compare(set)) bases.push_back(set);
    }
    out_.brought = static_cast<int>(brought.size());
    generate(toggles_of(folder), bases);
    return std::move(out_);
  }

 private:
  // Sets begin bold and get milder where helm refuses them, because a wrong flip hides all the others.
  void generate(const std::vector<Toggle>& toggles, const std::vector<ValueSet>& bases) {
    constexpr double bold = 0.3;
    constexpr double mild = 0.01;
    constexpr int bound = 4;
    SetGenerator generator(chart_.name);
    double probability = 0.1;
    if (toggles.empty() || bases.empty()) return;
    const auto enough = [&] { return out_.generated_rendered * 10 >= out_.generated * 6; };
    while (out_.generated < options_.generated_sets || (!enough() && out_.generated < bound * options_.generated_sets)) {
      ValueSet set{.name = "generated " + std::to_string(++out_.generated), .texts = {}};
      // Where default values do not render, all stand on what does.
      const auto& base =
          bases.front().name == "default" ? bases.front() : bases[static_cast<std::size_t>(out_.generated) % bases.size()];
      set.texts = base.texts;
      set.texts.push_back(generator.generate(toggles, probability));
      const bool rendered = compare(set);
      if (rendered) ++out_.generated_rendered;
      probability = std::clamp(rendered ? probability * 1.3 : probability / 2.5, mild, bold);
    }
  }

  /// Whether helm renders it.
  bool compare(const ValueSet& set) {
    if (options_.progress) options_.progress(chart_.name + ": " + set.name);
    const RenderOrder order{.work = directory_.path(),
                            .chart_digest = digest_,
                            .values = &set,
                            .include_crds = set.name == "default",
                            .skip_schema = out_.skipped_schema};
    const auto theirs = helm_.render(order, 0);
    const auto ours = render_ours(order, options_.profile);
    if (ours.ok == theirs.ok && ours.text == theirs.text) {
      ++(theirs.ok ? out_.equal : out_.refused);
      return theirs.ok;
    }
    if (ours.ok == theirs.ok) {
      if (auto masks = explain(order, ours, theirs)) {
        if (theirs.ok) {
          ++out_.masked;
          for (const auto& [name, count] : *masks) out_.masks[name] += count;
        } else {
          ++out_.refused;
        }
        return theirs.ok;
      }
    }
    differ(set, ours, theirs);
    return theirs.ok;
  }

  /// Whether other runs of helm say that all that differs is random.
  std::optional<MaskCounts> explain(const RenderOrder& order, const Rendered& ours, const Rendered& theirs) {
    std::vector<Rendered> runs = {theirs};
    for (int run = 1; run < max_runs; ++run) {
      runs.push_back(helm_.render(order, run));
      const auto& latest = runs.back();
      if (latest.ok != theirs.ok) continue;
      if (latest.text == ours.text) return MaskCounts{{std::string(order_mask), 1}};
      for (std::size_t i = 0; i + 1 < runs.size(); ++i) {
        auto masks = equal_but_random(ours.text, runs[i].text, latest.text);
        if (!masks) continue;
        if (run > 1) ++(*masks)[std::string(order_mask)];
        return masks;
      }
      // The same bytes twice: nothing is random.
      if (run == 1 && latest.text == theirs.text) return std::nullopt;
    }
    return std::nullopt;
  }

  void differ(const ValueSet& set, const Rendered& ours, const Rendered& theirs) {
    std::string what;
    if (ours.ok && !theirs.ok) what = "only helm refuses: " + theirs.text;
    if (!ours.ok && theirs.ok) what = "only ours refuses: " + ours.text;
    if (what.empty()) what = (ours.ok ? "" : "the errors differ: ") + first_difference(ours.text, theirs.text);
    out_.differences.push_back({set.name, what});
    if (options_.details.empty()) return;
    std::string name = set.name;
    std::replace_if(name.begin(), name.end(), [](char c) { return c == '/' || c == ' '; }, '-');
    const auto folder = options_.details / chart_.name / name;
    write_text(folder / "ours", ours.text);
    write_text(folder / "helm", theirs.text);
    for (std::size_t i = 0; i < set.texts.size(); ++i) write_text(folder / (std::to_string(i) + ".yaml"), set.texts[i]);
    if (!fs::exists(options_.details / chart_.name / "chart"))
      fs::copy(fs::path(directory_.path()) / "chart", options_.details / chart_.name / "chart", fs::copy_options::recursive);
  }

  const FoundChart& chart_;
  const CachedHelm& helm_;
  const ComparisonOptions& options_;
  support::ScratchDir directory_;
  std::string digest_;
  ChartOutcome out_;
};

}  // namespace

ChartOutcome compare_chart(const FoundChart& chart, const std::vector<FoundChart>& pool, const CachedHelm& helm,
                           const ComparisonOptions& options) {
  return Comparison(chart, helm, options).run(pool);
}

}  // namespace gitopsctl::tests
