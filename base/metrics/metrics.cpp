#include "base/metrics/metrics.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "base/text/escape.hpp"

namespace gitopsctl::metrics {
namespace {

/// In help text a backslash and a line end mean something, in a label value the quote as well.
std::string escaped(std::string_view text, bool quotes) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || (quotes && c == '"')) out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 64> buffer{};
  if (value == std::floor(value) && std::abs(value) < 1e15) {
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), static_cast<std::int64_t>(value)).ptr;
    return {buffer.data(), end};
  }
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), end};
}

/// `{a="x",b="y"}`; nothing without labels. `extra` is a further label such as le.
std::string label_text(const Labels& labels, const Labels& extra = {}) {
  std::string out;
  for (const auto* list : {&labels, &extra}) {
    for (const auto& [name, value] : *list) {
      const std::string clean = valid_utf8(value) ? value : terminal_safe(value);
      out += (out.empty() ? "{" : ",") + name + "=\"" + escaped(clean, true) + "\"";
    }
  }
  return out.empty() ? out : out + "}";
}

}  // namespace

Histogram::Histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)), counts_(std::make_unique<std::atomic<std::uint64_t>[]>(bounds_.size() + 1)) {}

void Histogram::observe(double value) noexcept {
  if (std::isnan(value)) return;
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  counts_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::vector<std::uint64_t> Histogram::counts() const {
  std::vector<std::uint64_t> out(bounds_.size() + 1);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = counts_[i].load(std::memory_order_relaxed);
  return out;
}

std::vector<double> duration_bounds() {
  return {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600};
}

struct Registry::Series {
  std::shared_ptr<Counter> counter;
  std::shared_ptr<Gauge> gauge;
  std::shared_ptr<Histogram> histogram;
};

struct Registry::Family {
  Type type;
  std::string help;
  std::vector<double> bounds;
  std::map<Labels, Series> series;
};

Registry::Registry() = default;
Registry::~Registry() = default;

Registry::Series& Registry::series(std::string_view name, std::string_view help, Type type, const Labels& labels) {
  auto at = families_.find(name);
  if (at == families_.end()) {
    at = families_.emplace(name, std::make_unique<Family>()).first;
    at->second->type = type;
    at->second->help = help;
  }
  Family& family = *at->second;
  if (family.type != type) std::abort();
  if (const auto known = family.series.find(labels); known != family.series.end()) return known->second;
  if (family.series.size() < max_series) return family.series[labels];
  Labels other = labels;
  for (auto& [label, value] : other) value = "other";
  return family.series[other];
}

std::shared_ptr<Counter> Registry::counter(std::string_view name, std::string_view help, const Labels& labels) {
  const std::lock_guard lock(mutex_);
  Series& one = series(name, help, Type::counter, labels);
  if (!one.counter) one.counter = std::make_shared<Counter>();
  return one.counter;
}

std::shared_ptr<Gauge> Registry::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  const std::lock_guard lock(mutex_);
  Series& one = series(name, help, Type::gauge, labels);
  if (!one.gauge) one.gauge = std::make_shared<Gauge>();
  return one.gauge;
}

std::shared_ptr<Histogram> Registry::histogram(std::string_view name, std::string_view help,
                                               const std::vector<double>& bounds, const Labels& labels) {
  const std::lock_guard lock(mutex_);
  Series& one = series(name, help, Type::histogram, labels);
  Family& family = *families_.find(name)->second;
  if (family.bounds.empty()) family.bounds = bounds;
  if (!one.histogram) one.histogram = std::make_shared<Histogram>(family.bounds);
  return one.histogram;
}

void Registry::remove(const Labels& labels) {
  const auto has_all = [&labels](const Labels& of) {
    return std::all_of(labels.begin(), labels.end(),
                       [&of](const auto& label) { return std::find(of.begin(), of.end(), label) != of.end(); });
  };
  const std::lock_guard lock(mutex_);
  for (auto& [name, family] : families_) {
    std::erase_if(family->series, [&has_all](const auto& entry) { return has_all(entry.first); });
  }
}

std::string Registry::exposition() const {
  static constexpr std::array<std::string_view, 3> type_names{"counter", "gauge", "histogram"};
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const auto& [name, family] : families_) {
    if (family->series.empty()) continue;
    out += "# HELP " + name + " " + escaped(family->help, false) + "\n# TYPE " + name + " ";
    out += type_names[static_cast<std::size_t>(family->type)];
    out += '\n';
    for (const auto& [labels, one] : family->series) {
      if (one.counter) out += name + label_text(labels) + " " + number(one.counter->value()) + "\n";
      if (one.gauge) out += name + label_text(labels) + " " + number(one.gauge->value()) + "\n";
      if (!one.histogram) continue;
      const auto counts = one.histogram->counts();
      std::uint64_t total = 0;
      for (std::size_t i = 0; i < counts.size(); ++i) {
        total += counts[i];
        const std::string bound = i < family->bounds.size() ? number(family->bounds[i]) : "+Inf";
        out += name + "_bucket" + label_text(labels, {{"le", bound}}) + " " + std::to_string(total) + "\n";
      }
      out += name + "_sum" + label_text(labels) + " " + number(one.histogram->sum()) + "\n";
      out += name + "_count" + label_text(labels) + " " + std::to_string(total) + "\n";
    }
  }
  return out;
}

Registry& registry() {
  static auto* one = new Registry;  // never destroyed: threads may count until the very end
  return *one;
}

}  // namespace gitopsctl::metrics
