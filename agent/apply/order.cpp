#include "agent/apply/order.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/text/escape.hpp"

namespace gitopsctl::agent {
namespace {

using render::Object;
using render::ObjectId;

constexpr std::string_view wave_annotation = "gitopsctl.dev/wave";
constexpr std::string_view argo_wave_annotation = "argocd.argoproj.io/sync-wave";
constexpr std::string_view depends_annotation = "config.kubernetes.io/depends-on";
constexpr std::string_view mutation_annotation = "config.kubernetes.io/apply-time-mutation";
// Before the defaults of anybody's tooling; a number in that range is kept exactly by all of them.
constexpr int max_wave = 1'000'000;
constexpr std::size_t max_references = 200;

/// Webhook configurations come after everything that they could stop (specs: cluster-apply §5 rule 1).
int kind_rank(const ObjectId& id) {
  const int rank = render::install_order(id.kind);
  const bool webhook = id.group == "admissionregistration.k8s.io" && id.kind.ends_with("WebhookConfiguration");
  return webhook ? rank + 1'000 : rank;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n") + 1 - first);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  for (;;) {
    const auto end = text.find(separator);
    out.push_back(trim(text.substr(0, end)));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

/// `GROUP/KIND/NAME` or `GROUP/namespaces/NAMESPACE/KIND/NAME`.
std::optional<ObjectId> read_reference(std::string_view text) {
  const auto parts = split(text, '/');
  if (parts.size() == 3 && !parts[1].empty() && !parts[2].empty()) {
    return ObjectId{std::string(parts[0]), std::string(parts[1]), "", std::string(parts[2])};
  }
  const bool namespaced = parts.size() == 5 && parts[1] == "namespaces" && !parts[2].empty() && !parts[3].empty();
  if (!namespaced || parts[4].empty()) return std::nullopt;
  return ObjectId{std::string(parts[0]), std::string(parts[3]), std::string(parts[2]), std::string(parts[4])};
}

class OrderReader {
 public:
  OrderReader(const std::vector<Object>& objects, std::vector<Error>* errors) : objects_(objects), errors_(errors) {}

  ApplyOrder run() {
    for (const auto& object : objects_) {
      out_.steps[object.id] = {read_wave(object), 0, kind_rank(object.id)};
      if (annotation(object, mutation_annotation) != nullptr) {
        fail(object, "the annotation " + std::string(mutation_annotation) + " is not supported",
             "write the value into the manifest, or let the program read it when it starts");
      }
    }
    for (const auto& object : objects_) read_needs(object);
    // Nearly always.
    if (out_.needs.empty()) return std::move(out_);
    for (const auto& object : objects_) by_id_[object.id] = &object;
    drop_rings();
    for (const auto& object : objects_) depth_of(object.id);
    return std::move(out_);
  }

 private:
  static const Value* annotation(const Object& object, std::string_view key) {
    return object.body.find_path({"metadata", "annotations", key});
  }

  void fail(const Object& object, const std::string& what, std::string hint) {
    if (errors_ == nullptr) return;
    errors_->push_back(Error(ErrorCode::invalid_input, object.id.to_string() + ": " + what)
                           .at({object.source, object.line, 0})
                           .with_hint(std::move(hint)));
  }

  int read_wave(const Object& object) {
    std::string_view key = wave_annotation;
    const Value* value = annotation(object, key);
    if (value == nullptr) value = annotation(object, key = argo_wave_annotation);
    if (value == nullptr) return 0;
    const auto text = trim(value->as_string());
    int wave = 0;
    const auto read = std::from_chars(text.begin(), text.end(), wave);
    if (read.ec == std::errc() && read.ptr == text.end() && wave >= -max_wave && wave <= max_wave) return wave;
    fail(object,
         "the annotation " + std::string(key) + " is no whole number: '" +
             terminal_safe(truncate_utf8(std::string(text), 40)) + "'",
         "write a number in quotes, such as \"-1\"");
    return 0;
  }

  void read_needs(const Object& object) {
    const Value* value = annotation(object, depends_annotation);
    if (value == nullptr || trim(value->as_string()).empty()) return;
    const auto references = split(value->as_string(), ',');
    if (references.size() > max_references) {
      fail(object, "it depends on more than " + std::to_string(max_references) + " objects", "use waves instead");
      return;
    }
    std::set<ObjectId> needs;
    for (const auto text : references) {
      const auto id = read_reference(text);
      const std::string shown = "'" + terminal_safe(truncate_utf8(std::string(text), 200)) + "'";
      if (!id) {
        fail(object, shown + " in " + std::string(depends_annotation) + " names no object",
             "write GROUP/KIND/NAME or GROUP/namespaces/NAMESPACE/KIND/NAME, with nothing before the first slash for core");
      } else if (!out_.steps.contains(*id)) {
        fail(object, "it depends on " + shown + ", which is not in the release",
             "an object of another release is waited for by `dependsOn` of the releases");
      } else if (out_.steps.at(*id).wave > out_.steps.at(object.id).wave) {
        fail(object, "it depends on " + shown + ", which is in a later wave", "change one of the two");
      } else {
        needs.insert(*id);
      }
    }
    if (!needs.empty()) out_.needs[object.id].assign(needs.begin(), needs.end());
  }

  /// Takes every ring apart at one place, and says so.
  void drop_rings() {
    std::map<ObjectId, int> marks;  // 1: on the way, 2: done
    for (const auto& object : objects_) {
      // With a stack of our own: a chain may be as long as the set.
      std::vector<std::pair<ObjectId, std::size_t>> way;
      if (marks[object.id] == 0) way.emplace_back(object.id, 0);
      if (!way.empty()) marks[object.id] = 1;
      while (!way.empty()) {
        const ObjectId id = way.back().first;
        const auto found = out_.needs.find(id);
        if (found == out_.needs.end() || way.back().second >= found->second.size()) {
          marks[id] = 2;
          way.pop_back();
          continue;
        }
        const ObjectId next = found->second[way.back().second];
        if (marks[next] == 1) {
          std::string ring;
          for (auto one = std::ranges::find(way, next, [](const auto& step) { return step.first; }); one != way.end();
               ++one) {
            ring += one->first.to_string() + " → ";
          }
          fail(*by_id_.at(id), "objects depend on each other in a ring: " + ring + next.to_string(),
               "take one of the references out");
          found->second.erase(found->second.begin() + static_cast<std::ptrdiff_t>(way.back().second));
          continue;
        }
        ++way.back().second;
        if (marks[next] == 0) {
          marks[next] = 1;
          way.emplace_back(next, 0);
        }
      }
    }
  }

  /// Rings are gone, so this ends.
  void depth_of(const ObjectId& start) {
    std::vector<ObjectId> way{start};
    while (!way.empty()) {
      const ObjectId id = way.back();
      const auto needs = out_.needs.find(id);
      int depth = 0;
      bool ready = true;
      if (!done_.contains(id) && needs != out_.needs.end()) {
        for (const auto& need : needs->second) {
          if (!done_.contains(need)) {
            way.push_back(need);
            ready = false;
          } else if (out_.steps[need].wave == out_.steps[id].wave) {
            depth = std::max(depth, out_.steps[need].depth + 1);
          }
        }
      }
      if (!ready) continue;
      if (done_.insert(id).second) out_.steps[id].depth = depth;
      way.pop_back();
    }
  }

  const std::vector<Object>& objects_;
  std::vector<Error>* errors_;
  std::map<ObjectId, const Object*> by_id_;
  std::set<ObjectId> done_;
  ApplyOrder out_;
};

}  // namespace

ApplyStep ApplyOrder::step_of(const render::ObjectId& id) const {
  const auto found = steps.find(id);
  return found == steps.end() ? ApplyStep{0, 0, kind_rank(id)} : found->second;
}

ApplyOrder read_order(const std::vector<render::Object>& objects, std::vector<Error>* errors) {
  return OrderReader(objects, errors).run();
}

}  // namespace gitopsctl::agent
